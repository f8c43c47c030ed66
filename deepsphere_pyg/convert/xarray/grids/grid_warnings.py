"""What is said of files that state less, or other things, than their values need."""

from __future__ import annotations


class DistantNeighboursWarning(UserWarning):
    """Neighbours in the array of a grid are far from each other on the globe."""


class UnusableAreasWarning(UserWarning):
    """Areas that a file states cannot be those of its cells and are not used."""
