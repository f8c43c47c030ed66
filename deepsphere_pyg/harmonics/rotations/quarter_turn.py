"""The turn by 90 degrees about y, as independent blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.wigner_recursion import (
    real_part,
    refuse_beyond_recursion,
    wedges,
)
from samplings.arrays import FloatArray, IntArray


class _DegreeRun(NamedTuple):
    """Consecutive degrees with equal ``fragments``, blocks padded to one ``width``."""

    degrees: range
    fragments: int
    width: int

    @property
    def size(self) -> int:
        """Number of cosines with padding: parities, degrees, orders and fragments."""
        return 2 * len(self.degrees) * self.width * self.fragments


class _QuarterTurn(NamedTuple):
    """Places of sorted rows, and the blocks of the quarter turn between them.

    The mirrors of x, y and z commute with the quarter turn about y or change places, so
    that a quarter of the :math:`(2l + 1)^2` numbers of a degree are not zero: four
    blocks, for cosines and sines of even and of odd orders. Rows are sorted accordingly
    and padded: cosine or sine, run, parity of the order, degree, order, fragment.
    Cosines of order parity a become those of parity l + a, and sines those of
    l + a + 1.

    Parameters
    ----------
    runs
        Degrees whose blocks have one size.
    source
        Row of each sorted one, shape ``(2, Q)``. Padding (sines of order 0, orders
        above the degree) has another row of the fragment, which blocks ignore.
    target
        Sorted row of each row, numbered through both halves, shape ``(rows,)``.
    orders
        Orders :math:`|m|` of the sorted rows, shape ``(Q,)``.
    turned_orders
        Orders after the quarter turn, which exchanges the parities of odd degrees. The
        results of both parities of sines are exchanged, to match the cosines there.
    blocks
        For each run, ``(2, 2 * degrees, width, width)``, by parity before the turn.
    """

    runs: tuple[_DegreeRun, ...]
    source: IntArray
    target: IntArray
    orders: IntArray
    turned_orders: IntArray
    blocks: tuple[FloatArray, ...]


def quarter_turn(layout: HarmonicLayout) -> _QuarterTurn:
    """Return the rows and blocks of a layout."""
    refuse_beyond_recursion(layout.L)
    runs = _degree_runs(layout)
    kinds = [_rows(layout, run) for run in runs]
    source = np.concatenate([np.reshape(rows, (2, -1)) for rows, _, _ in kinds], axis=1)
    exists = np.concatenate([np.reshape(real, (2, -1)) for _, real, _ in kinds], axis=1)
    target = np.empty(layout.n_rows, dtype=np.int64)
    target[source[exists]] = np.flatnonzero(exists)
    orders = np.concatenate([m.ravel() for _, _, m in kinds])
    turned = np.concatenate(
        [_turned(m, run).ravel() for (_, _, m), run in zip(kinds, runs, strict=True)]
    )
    return _QuarterTurn(runs, source, target, orders, turned, _blocks(runs, layout.L))


def _degree_runs(layout: HarmonicLayout) -> tuple[_DegreeRun, ...]:
    """Cut degrees into runs of equal numbers of fragments and nearly equal size.

    Padding costs products with zero but saves calls: blocks of a run grow by at most
    an eighth, or by three.
    """
    runs: list[_DegreeRun] = []
    for degree, fragments in enumerate(layout.tau):
        if not fragments:
            continue
        width = degree // 2 + 1
        if runs:
            degrees, alike, _ = runs[-1]
            first = degrees.start // 2 + 1
            near = width <= first + max(3, first // 8)
            if degree == degrees.stop and fragments == alike and near:
                joined = range(degrees.start, degree + 1)
                runs[-1] = _DegreeRun(joined, fragments, width)
                continue
        runs.append(_DegreeRun(range(degree, degree + 1), fragments, width))
    return tuple(runs)


def _rows(
    layout: HarmonicLayout, run: _DegreeRun
) -> tuple[IntArray, npt.NDArray[np.bool_], IntArray]:
    """Return rows of a run, whether they exist, and the orders of its cosines.

    The axes are (cosine or sine,) parity, degree, order, fragment.
    """
    degree = np.array(run.degrees)[:, None, None]
    parity = np.arange(2)[:, None, None, None]
    m = np.broadcast_to(
        2 * np.arange(run.width)[:, None] + parity,
        (2, len(run.degrees), run.width, run.fragments),
    )
    first = np.array([layout.rows(one).start for one in run.degrees])[:, None, None]
    centre = first + np.arange(run.fragments) * (2 * degree + 1) + degree
    exists = np.stack([m <= degree, (m <= degree) & (m > 0)])
    rows = np.stack([centre + m, centre - m])
    return np.where(exists, rows, centre), exists, m


def _turned(m: IntArray, run: _DegreeRun) -> IntArray:
    """Orders after the quarter turn, on the same axes."""
    odd = np.array(run.degrees)[:, None, None] % 2 == 1
    return np.asarray(np.where(odd, m[::-1], m))


def _blocks(runs: tuple[_DegreeRun, ...], L: int) -> tuple[FloatArray, ...]:
    r"""Return the blocks of each run, padded with zeros.

    At a right angle :math:`\delta^-_{mn} = \pm \delta^+_{mn}`, so that their sum and
    difference, see :func:`real_wigner_d`, are twice the one or zero.
    """
    run_of = {degree: run for run in runs for degree in run.degrees}
    blocks = {
        run: np.zeros((2, 2, len(run.degrees), run.width, run.width)) for run in runs
    }
    for degree, values in wedges(np.array([np.pi / 2]), L, L):
        if degree not in run_of:
            continue
        run = run_of[degree]
        place = degree - run.degrees.start
        m = np.arange(degree + 1)
        scale = np.where(m > 0, np.sqrt(2), 1.0)
        whole = real_part(values, m[:, None], m, L)[..., 0] * scale[:, None] * scale
        for kind in range(2):
            for parity in range(2):
                block = whole[(degree + parity + kind) % 2 :: 2, parity::2]
                rows, columns = block.shape
                blocks[run][kind, parity, place, :rows, :columns] = block
            whole[0] = whole[:, 0] = 0  # There are no sines of order 0.
    return tuple(blocks[run].reshape(2, -1, run.width, run.width) for run in runs)
