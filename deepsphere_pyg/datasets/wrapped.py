"""Data sets with some labels of another one, some of its maps, or its maps cached."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch

from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    boolean_mask,
    dataset_argument,
)
from samplings.arguments import integers_argument


class _MapsOf(SegmentationDataset):
    """The maps of another data set, with its sampling and names."""

    def __init__(self, dataset: SegmentationDataset) -> None:
        self.dataset = dataset_argument(dataset)
        self.sampling = dataset.sampling
        self.channel_names = dataset.channel_names
        self.class_names = dataset.class_names

    def __len__(self) -> int:
        return len(self.dataset)


class MaskedMaps(_MapsOf):
    """The maps of a data set with labels of some vertices only.

    Inputs are unchanged; elsewhere, labels become 0 and the mask False.

    Parameters
    ----------
    dataset
        The maps.
    keep
        True where vertices may count, shape ``(V,)``.

    Raises
    ------
    TypeError
        If ``keep`` is not boolean.
    ValueError
        If ``keep`` has another shape, or is False everywhere.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> maps = ClimateEvents(HEALPix(4), 1)
    >>> north = MaskedMaps(maps, maps.sampling.lat > 0)
    >>> int(north[0].mask.sum()), len(north[0].mask)
    (88, 192)
    """

    def __init__(self, dataset: SegmentationDataset, keep: npt.ArrayLike) -> None:
        mask = boolean_mask("keep", keep, len(dataset_argument(dataset).sampling))
        if not mask.any():
            raise ValueError("keep must be True somewhere: no vertex would count")
        super().__init__(dataset)
        self.keep = torch.from_numpy(mask.copy())

    def __getitem__(self, index: int) -> SegmentationSample:
        """Return map ``index`` with the smaller mask."""
        x, y, mask = self.dataset[index]
        mask = mask & self.keep
        return SegmentationSample(x, torch.where(mask, y, 0), mask)


class SelectedMaps(_MapsOf):
    """Some of the maps of a data set.

    Parameters
    ----------
    dataset
        The maps.
    indices
        Their indices, in the order of the result.

    Raises
    ------
    TypeError
        If an index is not an integer.
    ValueError
        If there is no index, or one is not from 0 to ``len(dataset) - 1``.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> len(SelectedMaps(ClimateEvents(HEALPix(2), 5), [0, 3]))
    2
    """

    def __init__(self, dataset: SegmentationDataset, indices: Iterable[int]) -> None:
        given = np.asarray(indices, dtype=object)
        if given.ndim and any(isinstance(i, bool | np.bool_) for i in given):
            raise TypeError(
                "indices must be integers, got booleans; pass numpy.flatnonzero(...) "
                "of them"
            )
        chosen = integers_argument("indices", indices, 0)
        if not chosen:
            raise ValueError("indices must list at least one map, got an empty list")
        wrong = [i for i in chosen if i >= len(dataset_argument(dataset))]
        if wrong:
            raise ValueError(
                f"indices must be from 0 to {len(dataset) - 1}, got {wrong[0]}"
            )
        super().__init__(dataset)
        self.indices = chosen

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Return map ``indices[index]`` of the data set."""
        return self.dataset[self.indices[self._check_index(index)]]


class CachedMaps(_MapsOf):
    """Keep the maps of a data set in memory after their first use.

    Parameters
    ----------
    dataset
        The maps. Neither they nor their tensors may change.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> maps = CachedMaps(ClimateEvents(HEALPix(2), 3))
    >>> maps[0] is maps[0], maps.n_bytes
    (True, 10512)
    """

    def __init__(self, dataset: SegmentationDataset) -> None:
        super().__init__(dataset)
        self._kept: dict[int, SegmentationSample] = {}

    @property
    def n_bytes(self) -> int:
        """Memory of all maps: float32 inputs, int64 labels, boolean masks."""
        per_vertex = 4 * len(self.channel_names) + 8 + 1
        return len(self.dataset) * len(self.sampling) * per_vertex

    def __getitem__(self, index: int) -> SegmentationSample:
        """Return map ``index``, the same object each time."""
        index = self._check_index(index)
        if index not in self._kept:
            self._kept[index] = self.dataset[index]
        return self._kept[index]
