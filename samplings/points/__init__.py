"""Scattered points: reading, checking, merging, and their areas."""
