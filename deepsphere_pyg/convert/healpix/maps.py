"""A HEALPix map: values and their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.grids.healpix import pixel_sampling
from deepsphere_pyg.convert.xarray.grids.pixels import Pixels
from samplings import Sampling
from samplings.arrays import IntArray
from samplings.schemes.healpix import nside_argument

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class HEALPixMap:
    """A map on HEALPix pixels, as :func:`read_healpix` returns it.

    Attributes
    ----------
    values
        Signal on the vertices of :attr:`sampling`, shape ``(V, C)``, float32 or
        float64; NaN where missing.
    mask
        True where a value is known, same shape.
    nside
        Resolution of the pixels.
    nest
        True if pixels are in NESTED order, False for RING.
    pixels
        Index of each pixel in that order, ascending, shape ``(V,)``.
    names
        One name per channel.
    units
        One unit per channel, empty where it is not stated.
    coordsys
        The coordinate system as the header states it, such as ``"G"`` or
        ``"GALACTIC"``; empty where it is not stated.
    header
        Further cards of the header, by keyword; comments are lines of one text.
    """

    values: npt.NDArray[Any]
    mask: BoolArray
    nside: int
    nest: bool
    pixels: IntArray
    names: tuple[str, ...]
    units: tuple[str, ...]
    coordsys: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def sampling(self) -> Sampling:
        """The sampling of the pixels, built on first use.

        It is :class:`samplings.HEALPix` or a part of it. For a small part of more than
        13 million pixels it is :class:`samplings.Irregular`, with the centres and areas
        of the pixels.
        """
        return pixel_sampling(Pixels("PIXEL", self.pixels, self.nside, self.nest))[0]

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        return (
            f"HEALPixMap({', '.join(self.names)}; nside={self.nside}, "
            f"nest={self.nest}) with {len(self)} pixels"
        )


def signal_type(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the type of signals that holds all numbers of a type: float32 or float64.

    Integers of 64 bits and wider floats are rounded to float64.
    """
    common = np.result_type(np.float32, dtype)
    return np.dtype(np.float32 if common == np.float32 else np.float64)


def arranged(sky: HEALPixMap, to_nest: bool | None, drop_missing: bool) -> HEALPixMap:
    """Return a map with ascending pixels, in another order or without missing ones."""
    import healpy

    pixels, nest = sky.pixels, sky.nest
    if to_nest is not None and to_nest != nest:
        nside_argument(sky.nside, to_nest)
        convert = healpy.ring2nest if to_nest else healpy.nest2ring
        pixels, nest = convert(sky.nside, pixels).astype(np.int64), to_nest
    values, mask = sky.values, sky.mask
    if drop_missing:
        known = mask.all(axis=1)
        if not known.any():
            raise ValueError(
                "drop_missing must leave a pixel, but each is missing in some channel; "
                "read fewer columns, or leave it out"
            )
        pixels, values, mask = pixels[known], values[known], mask[known]
    if (np.diff(pixels) < 0).any():
        rows = np.argsort(pixels)
        pixels, values, mask = pixels[rows], values[rows], mask[rows]
    pixels.setflags(write=False)
    return replace(sky, values=values, mask=mask, nest=nest, pixels=pixels)
