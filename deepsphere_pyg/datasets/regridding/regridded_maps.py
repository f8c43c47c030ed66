"""Base of data sets whose maps are carried from the grid of their files."""

from __future__ import annotations

import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    segmentation_sample,
)
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from samplings import Sampling
from samplings.interpolation.weights import Method


class RegriddedMaps(SegmentationDataset):
    """Maps that a :class:`Regridder` carries to the sampling."""

    def __init__(
        self, places: Sampling | XarraySampling, sampling: Sampling, regrid: Method
    ) -> None:
        self.sampling = sampling
        self._regridder = Regridder(places, sampling, regrid)

    @property
    def regridding(self) -> str:
        """Method in use: ``"conservative"``, ``"bilinear"`` or ``"linear"``."""
        return self._regridder.used

    def _carried(
        self, fields: npt.ArrayLike, labels: npt.ArrayLike
    ) -> SegmentationSample:
        """Make a sample of fields ``(C, *grid)`` and classes ``(*grid)`` of a file."""
        x = self._regridder.fields(fields)
        y, inside = self._regridder.labels(labels)
        return segmentation_sample(x.T, y, len(self.class_names), inside)
