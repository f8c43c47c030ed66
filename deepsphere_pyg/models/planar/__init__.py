"""Baselines that classify signals on the sphere as flat pictures."""

from deepsphere_pyg.models.planar.patch_classifier import PlanarPatchClassifier
from deepsphere_pyg.models.planar.planar_classifier import PlanarClassifier

__all__ = ["PlanarClassifier", "PlanarPatchClassifier"]
