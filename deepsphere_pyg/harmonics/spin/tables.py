"""Latitudinal parts of spin harmonics on rings, as tables of a matrix product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepsphere_pyg.harmonics.sht.tables import (
    Interpolation,
    LegendreTables,
    kept_tables,
    padded_tables,
)
from deepsphere_pyg.harmonics.spin.wigner_functions import spin_functions
from samplings.arrays import FloatArray, IntArray


def spin_tables(
    theta: FloatArray,
    L: int,
    spin: int,
    pairs: int,
    interpolation: Interpolation | None = None,
    orders: IntArray | None = None,
) -> LegendreTables:
    """Return tables of both functions of :func:`spin_functions`, side by side.

    The first A, then C, at all northern rings. Their parities at the equator are
    opposite; those of A are (-1)**(l + m + spin). Otherwise as
    :func:`.legendre_tables`.
    """
    n_rings = len(theta) - pairs
    some = np.arange(L) if orders is None else orders
    exact = interpolation is not None

    def build() -> LegendreTables:
        functions = _functions(theta[:n_rings], L, spin, some, interpolation)
        return padded_tables(
            functions, L, some, 2 if pairs else 1, 2 * n_rings, swapped=spin % 2 == 1
        )

    return kept_tables((spin, theta, L, pairs, exact, some), build)


def _functions(
    theta: FloatArray,
    L: int,
    spin: int,
    orders: IntArray,
    interpolation: Interpolation | None,
) -> Iterator[tuple[int, FloatArray]]:
    """Yield some orders and both of its functions, ``(L - m, 2 * rings)``."""
    n_rings = len(theta)
    nodes = theta if interpolation is None else interpolation.theta
    for m, a, c in spin_functions(nodes, L, spin, orders.tolist()):
        both = np.stack([a, c], axis=1)
        if interpolation is not None:
            # Beyond a pole the frame is turned by half a turn, too.
            odd = (m + spin) % 2
            matrix = interpolation.odd if odd else interpolation.even
            both = (both * interpolation.weights) @ matrix[:, :n_rings]
        yield m, both.reshape(len(both), 2 * n_rings)
