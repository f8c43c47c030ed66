"""Nodes near the poles, where spin functions are taken as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from deepsphere_pyg.harmonics.sht.tables import Interpolation
from deepsphere_pyg.harmonics.spin.wigner_functions import spin_functions
from samplings.arrays import FloatArray, IntArray

# Sums of Legendre functions cancel down to sin(theta)**s near poles. Where it is larger
# than this, errors stay below 1e-6 of the largest value in float32, 1e-13 in float64.
_SMALLEST_POWER = {torch.float32: 0.03, torch.float64: 3e-3}
# Functions reach 1 and more elsewhere.
_NEGLIGIBLE = 1e-18


class PolarNodes(NamedTuple):
    """Rings near the poles, or such nodes of an interpolation.

    Attributes
    ----------
    matrices
        From the first northern rings to nodes, by part and order, ``(parts, orders,
        nodes, rings)``: of the first orders, since functions of others are negligible.
    functions
        Functions A and C there, ``(2, orders, L, nodes)``, zero below their order;
        times the weights of the rule that an interpolation is for.
    """

    matrices: FloatArray
    functions: FloatArray


def near_poles(
    theta: FloatArray, spin: int, dtype: torch.dtype
) -> npt.NDArray[np.bool_]:
    """Tell which colatitudes in radian are too near a pole for Legendre functions."""
    return np.asarray(np.sin(theta) ** spin < _SMALLEST_POWER[dtype])


def polar_nodes(
    theta: FloatArray,
    L: int,
    spin: int,
    parts: int,
    orders: IntArray,
    interpolation: Interpolation | None,
    dtype: torch.dtype,
) -> PolarNodes:
    """Return the nodes near the poles.

    Parameters
    ----------
    theta
        Colatitudes of the northern rings in radian.
    L, spin
        Bandlimit and spin.
    parts
        2 if rings are folded at the equator, else 1.
    orders
        Some orders below L, ascending.
    interpolation
        That of the analysis, if it needs one.
    dtype
        That of the transform.
    """
    points = theta if interpolation is None else interpolation.theta
    some = near_poles(points, spin, dtype)
    if interpolation is not None and parts == 2:
        # The others are their mirror images.
        some &= points < np.pi / 2
    nodes = np.flatnonzero(some)
    found = []
    for m, a, c in spin_functions(points[nodes], L, spin, orders.tolist()):
        both = np.zeros((2, L, len(nodes)))
        both[:, m:] = a, c
        both[np.abs(both) < _NEGLIGIBLE] = 0
        if m > spin and not both.any():
            break
        found.append(both)
    functions = np.array(found).reshape(len(found), 2, L, len(nodes)).swapaxes(0, 1)
    if interpolation is None:
        rows = np.eye(len(theta), nodes.max(initial=-1) + 1)[nodes]
        matrices = np.tile(rows, (parts, len(found), 1, 1))
        return PolarNodes(matrices, functions)
    functions = functions * interpolation.weights[nodes]
    turned = spin % 2 == 1
    by_parity = []
    for odd in (False, True):
        matrix = interpolation.matrix(odd, len(theta))
        here, mirrored = matrix[nodes], matrix[::-1][nodes]
        both_parts = [here + mirrored, here - mirrored] if parts == 2 else [here]
        by_parity.append(both_parts)
    parities = (orders[: len(found)] + turned) % 2
    return PolarNodes(np.array(by_parity)[parities].swapaxes(0, 1), functions)
