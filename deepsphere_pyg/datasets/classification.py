"""Base of data sets whose maps have one class each."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from deepsphere_pyg.datasets.maps import MapDataset


class ClassificationSample(NamedTuple):
    """One map and its class.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    y
        Class of the whole map; a ``DataLoader`` makes an int64 tensor of them.
    """

    x: Tensor
    y: int


class ClassificationDataset(MapDataset[ClassificationSample]):
    """Maps on one sampling, each with a class of its own.

    Its attributes are those of :class:`SegmentationDataset`, without ``labelled``.
    """
