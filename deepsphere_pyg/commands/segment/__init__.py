"""``segment``: segmentation of climate maps and of one's own."""
