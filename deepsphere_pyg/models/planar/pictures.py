"""Signals as flat pictures: their checks, and the layout of patches of HEALPix."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.signals import checked_signal, known_signal
from samplings import HEALPix, Sampling
from samplings.arguments import counted, sampling_argument
from samplings.arrays import IntArray
from samplings.base import whole_sampling


class Picture(FixedTensors):
    """Lay signals on vertices out as pictures.

    Parameters
    ----------
    vertices
        The vertex at each row and column, shape ``(row, column)``; every vertex of the
        sampling is in it at least once.
    in_channels
        Number of channels of the signals.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (n, in_channels, row, column)``, where the
    axes of the batch are one.
    """

    vertices: Tensor

    def __init__(self, vertices: IntArray, in_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.n_vertices = int(vertices.max()) + 1
        self.keep("vertices", vertices)

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """Return pictures of signals of the dtype and on the device of ``like``.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor of that dtype.
        ValueError
            If its shape or device differs, or it has codes of missing values.
        """
        x = checked_signal(x, self.n_vertices, like)
        x = known_signal(x, nan=True)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"x must have {counted(self.in_channels, 'channel')}, got "
                f"{x.shape[-1]}; x is of shape (*batch, vertex, channel)"
            )
        flat = x.reshape(-1, *x.shape[-2:])
        return flat[:, self.vertices].movedim(-1, 1)


def patch_picture(sampling: Sampling) -> IntArray:
    """Return the vertex at each row and column of a square patch of HEALPix.

    Row y and column x are those of :func:`healpy.pix2xyf` within the patch: they are
    the odd and the even bits of the vertex.

    Parameters
    ----------
    sampling
        One base pixel of HEALPix in nested order, or a cell of a coarser HEALPix.

    Raises
    ------
    TypeError
        If it is not a part of HEALPix.
    ValueError
        If its order is not nested, or the part is not such a square.

    Examples
    --------
    >>> patch_picture(HEALPix(4, nest=True)[range(16)])
    array([[ 0,  1,  4,  5],
           [ 2,  3,  6,  7],
           [ 8,  9, 12, 13],
           [10, 11, 14, 15]])
    """
    whole, index = whole_sampling(sampling_argument("sampling", sampling))
    remedy = (
        "take HEALPix(nside, nest=True)[range(n)] with n = (nside // order)**2 for a "
        "base pixel (order 1), a quarter of it (2), a sixteenth (4), ..."
    )
    if not isinstance(whole, HEALPix):
        raise TypeError(
            f"sampling must be a patch of HEALPix, got {whole.name}; {remedy}"
        )
    if not whole.nest:
        raise ValueError(
            f"sampling must be a patch in nested order, got nest=False; {remedy}"
        )
    n, first = len(index), int(index[0])
    side = math.isqrt(n)
    square = side**2 == n and side & (side - 1) == 0 and side <= whole.nside
    if not square or first % n or not np.array_equal(index, first + np.arange(n)):
        raise ValueError(
            "sampling must be a square of HEALPix pixels in nested order, 4**j pixels "
            "in one base pixel from a multiple of 4**j on, in ascending order, got "
            f"{n} pixels from {first} on; {remedy}"
        )
    steps = np.arange(side)
    bits = range(side.bit_length())
    spread = sum(((steps >> bit & 1) << (2 * bit) for bit in bits), 0 * steps)
    return np.asarray(2 * spread[:, None] + spread)
