"""Image maps: photos on a plane, like beside like; their picture, page and file."""
