"""Winds as vectors against winds as two scalars, in networks of one size."""
