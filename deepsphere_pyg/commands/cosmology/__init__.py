"""``cosmology``: classes of patches of the sky, by networks and simple methods."""
