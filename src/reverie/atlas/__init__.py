"""Units laid out to be looked up: what feeds them, what they feed, and the card of one."""
