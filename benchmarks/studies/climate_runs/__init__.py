"""Years and forcings from maps of the runs of a climate model."""
