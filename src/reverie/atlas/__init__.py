"""Units laid out to be looked up: what feeds them, and what they feed."""
