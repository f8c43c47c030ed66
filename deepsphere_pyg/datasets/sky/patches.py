"""Patches of whole-sky HEALPix maps, all on the sampling of the first patch."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Literal, SupportsIndex

import healpy
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from deepsphere_pyg.datasets.maps import MapDataset
from samplings import HEALPix, Masked
from samplings.arguments import choice_argument, integer_argument, kind_of
from samplings.arrays import IntArray

BoolArray = npt.NDArray[np.bool_]

# What training asks of a data set besides its samples, where the data set has it.
_DESCRIPTIONS = (
    "channel_names",
    "class_names",
    "n_classes",
    "target_names",
    "target_units",
)


class NestedPatches(MapDataset[Any]):
    r"""Patches of whole-sky maps, each with the target of its map.

    A map of :math:`12 n^2` pixels has :math:`12 o^2` patches of :math:`(n / o)^2`
    pixels: the pixels of resolution o. Sample ``i`` is patch ``i % m`` of map
    ``i // m``, for m patches a map. All patches are returned on the sampling of the
    first one, pixel by pixel in nested order, so that one graph serves for all.

    The geometry of a patch depends on its place. With ``patches="all"`` those that are
    not alike are distorted on the sampling of the first one, and reflected ones are
    mirror images. With ``patches="alike"`` pixels are permuted so that their positions
    are exactly those of the first patch after a rotation or a reflection of the sphere.

    Use patches where the position and the orientation of a map do not matter: for maps
    of scalar fields that are statistically isotropic and symmetric by reflection, such
    as of the convergence of gravitational lensing. Components of vectors, and fields
    that depend on latitude, are wrong on the first patch.

    Parameters
    ----------
    dataset
        Maps with one target each, a class or numbers, whose ``sampling`` is HEALPix
        with ``nside`` a power of two, in any ordering.
    order
        o, a power of two that divides ``nside``.
    patches
        ``"all"``, :math:`12 o^2` of each map; or ``"alike"``, the :math:`8 o` that are
        carried to the first patch by turns about the axis and the mirror of latitude.
    maps_in_memory
        Number of maps that are kept. Each map is made once if its patches are read one
        after another, or shuffled among those of so many maps, as by
        :class:`~deepsphere_pyg.training.SphereDataModule`. A float32 map takes
        :math:`48 n^2` bytes a channel.

    Attributes
    ----------
    sampling
        The first patch: ``HEALPix(nside, nest=True)[first pixels]``.
    patch_numbers
        Patches of each map in the order of the samples: pixels of the nested ordering
        at resolution o, shape ``(m,)``.
    blocks
        Map of each sample, shape ``(N,)``; data modules read block by block.
    blocks_in_memory
        ``maps_in_memory``.

    Raises
    ------
    TypeError
        If ``dataset`` is not a data set on whole HEALPix; from ``patches[i]``, if its
        samples have targets at vertices.
    ValueError
        If ``nside`` is not a power of two, ``order`` is not a power of two that divides
        it, or ``patches`` is unknown; from ``patches[i]``, if a map does not fit its
        sampling.
    IndexError
        From ``patches[i]``, if there is no such sample.

    Notes
    -----
    Source: Perraudin, Defferrard, Kacprzak and Sgier 2019, arXiv:1810.12186, section 4:
    orders 1, 2 and 4 at nside 1024, all patches on the graph of the first. Alike are,
    besides the symmetries of HEALPix (quarter turns about the axis, mirrors of latitude
    and of longitude), the turns by :math:`90° / o` within the belt
    :math:`|z| \le 2/3`, in which the first patch lies for ``order > 1``.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import GaussianFields
    >>> maps = GaussianFields(HEALPix(8), [[0, 1, 1], [0, 2, 0]], n_maps=2)
    >>> patches = NestedPatches(maps, order=2, patches="alike")
    >>> len(patches), patches[16].x.shape, patches[16].y
    (32, torch.Size([16, 1]), 1)
    """

    item = "patch"
    sampling: Masked

    def __init__(
        self,
        dataset: Dataset[Any],
        order: SupportsIndex,
        patches: Literal["all", "alike"] = "all",
        *,
        maps_in_memory: SupportsIndex = 1,
    ) -> None:
        whole = _whole_sky(dataset)
        self.dataset: Any = dataset
        self.nside = whole.nside
        self.order = _checked_order(order, self.nside)
        self.patches = choice_argument("patches", patches, ("all", "alike"))
        self.blocks_in_memory = integer_argument("maps_in_memory", maps_in_memory, 1)
        side = self.nside // self.order
        nested = whole if whole.nest else HEALPix(self.nside, nest=True)
        self.sampling = nested[np.arange(side * side)]
        self._nested = None if whole.nest else _nested_order(self.nside)
        self.patch_numbers, mirrored = _all_or_alike(self.order, self.patches)
        self._mirrored = torch.from_numpy(mirrored)
        self._mirror = torch.from_numpy(_mirror_of_latitude(side))
        for name in _DESCRIPTIONS:
            if hasattr(dataset, name):
                setattr(self, name, getattr(dataset, name))
        self._kept: OrderedDict[int, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self.dataset) * len(self.patch_numbers)

    @property
    def blocks(self) -> IntArray:
        """Map of each sample."""
        return np.repeat(np.arange(len(self.dataset)), len(self.patch_numbers))

    def __getitem__(self, index: int) -> Any:
        """Return a patch of map ``index // m`` with the target of the map."""
        number, place = divmod(self._check_index(index), len(self.patch_numbers))
        sample = self._whole_map(number)
        size = len(self.sampling)
        start = int(self.patch_numbers[place]) * size
        x = sample.x[start : start + size]
        # A copy, since a view would keep the whole map in memory.
        return sample._replace(
            x=x[self._mirror] if self._mirrored[place] else x.clone()
        )

    def _whole_map(self, number: int) -> Any:
        """Return a map in nested order, kept or made."""
        if number not in self._kept:
            sample = self._checked_sample(number)
            if self._nested is not None:
                sample = sample._replace(x=sample.x[self._nested])
            while len(self._kept) >= self.blocks_in_memory:
                self._kept.popitem(last=False)
            self._kept[number] = sample
        self._kept.move_to_end(number)
        return self._kept[number]

    def _checked_sample(self, number: int) -> Any:
        sample = self.dataset[number]
        if not hasattr(sample, "_replace") or not isinstance(
            getattr(sample, "x", None), Tensor
        ):
            raise TypeError(
                "samples of the data set must be named tuples with a tensor x, such as "
                f"ClassificationSample or GlobalSample, got {kind_of(sample)}; return "
                "one of these"
            )
        if hasattr(sample, "mask"):
            raise TypeError(
                "maps must have one target each, a class or numbers, got targets at "
                "vertices; train on these with the whole sampling or a masked one"
            )
        n_vertices = 12 * self.nside**2
        if sample.x.ndim != 2 or len(sample.x) != n_vertices:
            raise ValueError(
                f"map {number} must have shape ({n_vertices}, channels), as its "
                f"sampling has, got {tuple(sample.x.shape)}; correct the data set"
            )
        return sample


def _whole_sky(dataset: Any) -> HEALPix:
    """Return the sampling of whole-sky maps that have a nested ordering."""
    sampling = getattr(dataset, "sampling", None)
    if not isinstance(dataset, Dataset) or sampling is None:
        raise TypeError(
            "dataset must be a data set with a sampling, such as GaussianFields, got "
            f"{kind_of(dataset)}; wrap arrays in a Dataset with an attribute sampling"
        )
    if not isinstance(sampling, HEALPix):
        raise TypeError(
            "patches are of maps of the whole sky on HEALPix, got a data set on "
            f"{sampling!r}; pass maps on HEALPix(nside)"
        )
    nside = sampling.nside
    if nside & (nside - 1):
        raise ValueError(
            f"nside must be a power of two for patches in nested order, got {nside}; "
            f"use maps of nside {1 << (nside.bit_length() - 1)}"
        )
    return sampling


def _checked_order(order: SupportsIndex, nside: int) -> int:
    """Return the order if patches of it are pixels of the nested ordering."""
    number = integer_argument("order", order, 1)
    if number & (number - 1) or nside % number:
        listed = ", ".join(str(1 << i) for i in range(nside.bit_length()))
        raise ValueError(
            f"order must be a power of two that divides nside = {nside}, got {number}; "
            f"use one of {listed}"
        )
    return number


def _nested_order(nside: int) -> Tensor:
    """Return the pixel in RING ordering of each pixel in nested ordering."""
    ring = healpy.nest2ring(nside, np.arange(12 * nside**2))
    # Half the memory: 50 MB at nside 1024, 0.8 GB at nside 4096.
    return torch.from_numpy(ring.astype(np.int32 if nside <= 8192 else np.int64))


def _all_or_alike(order: int, patches: str) -> tuple[IntArray, BoolArray]:
    """Return patches, and whether each is a mirror image of the first in latitude.

    Alike are the patches of the ring of the first patch, and of the opposite one.
    """
    z = HEALPix(order, nest=True).xyz[:, 2]
    # Rings are at least 1 / (3 order^2) apart.
    near = 0.1 / order**2
    mirrored = np.abs(z + z[0]) < near
    alike = mirrored | (np.abs(z - z[0]) < near)
    if patches == "all":
        return np.arange(len(z)), np.zeros(len(z), dtype=bool)
    return np.flatnonzero(alike), mirrored[alike]


def _mirror_of_latitude(side: int) -> IntArray:
    """Return the pixel of a mirrored patch that stands for each pixel of the first.

    Along the two diagonals of a patch, x grows to the north-east and y to the
    north-west: the mirror of latitude turns x into ``side - 1 - y``, and y into
    ``side - 1 - x``.
    """
    x, y, face = healpy.pix2xyf(side, np.arange(side * side), nest=True)
    mirrored = healpy.xyf2pix(side, side - 1 - y, side - 1 - x, face, nest=True)
    return np.asarray(mirrored, dtype=np.int64)
