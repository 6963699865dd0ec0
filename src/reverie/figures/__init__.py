"""Arrays made into pictures."""
