"""``segment``: segmentation of climate maps and of a user's own maps."""
