"""Splits of the vertices of a data set into blocks to train and validate on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets.base import SegmentationDataset, dataset_argument
from deepsphere_pyg.datasets.wrapped import MaskedMaps
from samplings import Sampling
from samplings.arguments import integer_argument, number_argument


def spatial_blocks(
    sampling: Sampling, block_degrees: float, seed: int = 0
) -> npt.NDArray[np.int64]:
    r"""Return the number of the block of each vertex, shape ``(V,)``.

    Blocks are the Voronoi cells of a randomly rotated spherical Fibonacci lattice,
    :math:`z_i = 1 - (2i+1)/n,\ \varphi_i = 2\pi i/\phi` for :math:`n = 4\pi / b^2`
    points and the golden ratio :math:`\phi`: almost round and of almost equal area.

    Parameters
    ----------
    sampling
        Where the vertices are.
    block_degrees
        Width *b* of a block in degree, from 0.1 (4 million blocks) to 90.
    seed
        Seed of the rotation.

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
    width = number_argument("block_degrees", block_degrees, "pass a width in degree")
    if not 0.1 <= width <= 90:
        raise ValueError(f"block_degrees must be from 0.1 to 90, got {block_degrees}")
    n = round(4 * np.pi / np.deg2rad(width) ** 2)
    i = np.arange(n)
    z = 1 - (2 * i + 1) / n
    longitude = 2 * np.pi * i / ((1 + 5**0.5) / 2)
    ring = np.sqrt(1 - z**2)
    centres = np.stack([ring * np.cos(longitude), ring * np.sin(longitude), z], axis=1)
    seed = integer_argument("seed", seed, 0)
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
    """Split the vertices of all maps into a part for training and one for validation.

    Whole blocks (:func:`spatial_blocks`) are held out, in random order, until they
    cover ``fraction`` of the area; single pixels would be too easy, since neighbours
    have similar classes. The two data sets differ only in the labels that count: a
    network sees the inputs of all vertices, and labels across the border of a block are
    one vertex away. The same seed gives the same split.

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
        Seed of the blocks and their order.

    Returns
    -------
    tuple of MaskedMaps
        For training and for validation.

    Raises
    ------
    ValueError
        If the fraction is not between 0 and 1, or a part would be empty.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> train, held_out = hold_out_pixels(ClimateEvents(HEALPix(8), 1), 0.25)
    >>> bool((train[0].mask ^ held_out[0].mask).all())
    True
    """
    sampling = dataset_argument(dataset).sampling
    held_out = held_out_vertices(sampling, fraction, block_degrees, seed)
    return MaskedMaps(dataset, ~held_out), MaskedMaps(dataset, held_out)


def held_out_vertices(
    sampling: Sampling, fraction: float, block_degrees: float = 15.0, seed: int = 0
) -> npt.NDArray[np.bool_]:
    """Return where vertices are held out, in whole blocks, shape ``(V,)``.

    Parameters and errors are those of :func:`hold_out_pixels`.
    """
    share = number_argument("fraction", fraction, "pass a number between 0 and 1")
    if not 0 < share < 1:
        raise ValueError(f"fraction must be between 0 and 1, got {share}")
    seed = integer_argument("seed", seed, 0)
    block = spatial_blocks(sampling, block_degrees, seed)
    area = np.bincount(block, sampling.weights)
    order = np.random.default_rng(seed).permutation(len(area))
    # Take a block if that brings the area closer to the goal.
    reached = np.cumsum(area[order]) - area[order] / 2
    held_out = np.isin(block, order[reached < share * sampling.area])
    if held_out.all() or not held_out.any():
        raise ValueError(
            f"no split with fraction {fraction} and blocks of {block_degrees:g} "
            "degrees leaves vertices on both sides; use smaller blocks"
        )
    return held_out
