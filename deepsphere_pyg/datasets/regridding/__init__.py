"""Weights that carry maps from one sampling to another."""
