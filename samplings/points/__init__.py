"""Scattered points: reading, checking, merging, and their neighbours."""

from samplings.points.lonlat import RadiansWarning

__all__ = ["RadiansWarning"]
