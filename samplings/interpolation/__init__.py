"""Weights that carry signals from one sampling to another, by areas or between points.

They are rows of sparse matrices, without rules for missing values.
"""
