"""Parts of a data set: held-out pixels and held-out maps."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    boolean_mask,
)
from samplings import Sampling


class MaskedMaps(SegmentationDataset):
    """The maps of a data set, of which only some vertices count.

    Inputs stay as they are everywhere; outside, labels become 0 and the mask False.

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
        If ``keep`` has another shape or keeps nothing.

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
        mask = boolean_mask("keep", keep, len(dataset.sampling))
        if not mask.any():
            raise ValueError("keep must be True somewhere: no vertex would count")
        self.dataset = dataset
        self.sampling = dataset.sampling
        self.channel_names = dataset.channel_names
        self.class_names = dataset.class_names
        self.keep = torch.from_numpy(mask.copy())

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Map ``index`` with the smaller mask."""
        x, y, mask = self.dataset[index]
        mask = mask & self.keep
        return SegmentationSample(x, torch.where(mask, y, 0), mask)


class SelectedMaps(SegmentationDataset):
    """Some of the maps of a data set.

    Parameters
    ----------
    dataset
        The maps.
    indices
        Which of them, in the wanted order.

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
        given = list(indices)
        if any(isinstance(i, bool | np.bool_) for i in given):
            raise TypeError(
                "indices must be integers, got booleans; pass numpy.flatnonzero(...) "
                "of them"
            )
        chosen = tuple(operator.index(i) for i in given)
        if not chosen:
            raise ValueError("indices must name at least one map, got none")
        wrong = [i for i in chosen if not 0 <= i < len(dataset)]
        if wrong:
            raise ValueError(
                f"indices must be from 0 to {len(dataset) - 1}, got {wrong[0]}"
            )
        self.dataset = dataset
        self.indices = chosen
        self.sampling = dataset.sampling
        self.channel_names = dataset.channel_names
        self.class_names = dataset.class_names

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Map ``indices[index]`` of the data set."""
        return self.dataset[self.indices[self._check_index(index)]]


def spatial_blocks(
    sampling: Sampling, block_degrees: float, seed: int = 0
) -> npt.NDArray[np.int64]:
    r"""Number of the block that each vertex is in, shape ``(V,)``.

    Blocks are the cells nearest to the points of a spherical Fibonacci lattice, turned
    by a random rotation: about round, of nearly equal area, ``block_degrees`` wide.
    The lattice has :math:`n = 4\pi / b^2` points
    :math:`z_i = 1 - (2i+1)/n,\ \varphi_i = 2\pi i/\phi` with the golden ratio
    :math:`\phi`.

    Parameters
    ----------
    sampling
        Where the vertices are.
    block_degrees
        Width *b* of a block in degree, from 0.1 (4 million blocks) to 90.
    seed
        Of the rotation.

    Raises
    ------
    ValueError
        If the width is out of range.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> int(spatial_blocks(HEALPix(8), 30).max()) + 1
    46
    """
    if not 0.1 <= block_degrees <= 90:
        raise ValueError(f"block_degrees must be from 0.1 to 90, got {block_degrees}")
    n = round(4 * np.pi / np.deg2rad(block_degrees) ** 2)
    i = np.arange(n)
    z = 1 - (2 * i + 1) / n
    longitude = 2 * np.pi * i / ((1 + 5**0.5) / 2)
    ring = np.sqrt(1 - z**2)
    centres = np.stack([ring * np.cos(longitude), ring * np.sin(longitude), z], axis=1)
    turn = Rotation.random(random_state=np.random.default_rng(seed))
    _, block = cKDTree(turn.apply(centres)).query(sampling.xyz)
    return np.asarray(block, dtype=np.int64)


def hold_out_pixels(
    dataset: SegmentationDataset,
    fraction: float = 0.2,
    *,
    block_degrees: float = 15.0,
    seed: int = 0,
) -> tuple[MaskedMaps, MaskedMaps]:
    """Split the vertices of all maps into a part to train on and one to validate on.

    Whole blocks (:func:`spatial_blocks`) are held out, in random order, until they
    cover ``fraction`` of the area: neighbours tell each other's class, so that single
    held-out pixels would be too easy. The two data sets differ only in which labels
    count: a network sees the inputs of all vertices, and labels across the border of a
    block are one vertex away. Use the same seed to get the same split.

    Parameters
    ----------
    dataset
        The maps.
    fraction
        Share of the sampling's area to hold out, between 0 and 1; met up to half a
        block.
    block_degrees
        Width of the blocks in degree.
    seed
        Of the blocks and their order.

    Returns
    -------
    tuple of MaskedMaps
        For training and for validation.

    Raises
    ------
    ValueError
        If the fraction is not between 0 and 1, or so that a part would be empty.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> train, held_out = hold_out_pixels(ClimateEvents(HEALPix(8), 1), 0.25)
    >>> bool((train[0].mask ^ held_out[0].mask).all())
    True
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be between 0 and 1, got {fraction}")
    sampling = dataset.sampling
    block = spatial_blocks(sampling, block_degrees, seed)
    area = np.bincount(block, sampling.weights)
    order = np.random.default_rng(seed).permutation(len(area))
    # Take a block if that brings the area nearer to the wanted one.
    reached = np.cumsum(area[order]) - area[order] / 2
    held_out = np.isin(block, order[reached < fraction * sampling.area])
    if held_out.all() or not held_out.any():
        raise ValueError(
            f"no split with fraction {fraction} and blocks of {block_degrees:g} "
            "degrees leaves vertices on both sides; use smaller blocks"
        )
    return MaskedMaps(dataset, ~held_out), MaskedMaps(dataset, held_out)
