"""Width of the heat kernel with the lowest equivariance error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import SupportsIndex, cast

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from samplings.arguments import integer_argument, sampling_argument
from samplings.base import Sampling
from samplings.equivariance.equivariance_spectrum import equivariance_spectrum
from samplings.graphs.edge_weights import weigh
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.kernel_width import kernel_width
from samplings.graphs.pieces import connect
from samplings.graphs.weightings import (
    WEIGHTINGS,
    Weighting,
    WidthKernel,
    weighting_argument,
)
from samplings.points.neighbours import nearest_neighbours
from samplings.resolution import nominal_bandlimit

# The search goes from an eighth of the rule's width to eight times it: beyond, kernels
# are cut off by the number of neighbours, or do not reach the nearest one.
REACH = 8.0
# Of log t. The minimum is flat: a width off by a percent raises the error by 1e-4.
TOLERANCE = 1e-3
# Lower degrees are few and behave unlike the others; the paper starts here too.
FIRST_DEGREE = 10
# Enough to follow the error, which varies slowly with the degree.
MOST_DEGREES = 40


class NoOptimalWidthError(ValueError):
    """The least error lies at an end of the widths searched: there is no best width."""


def optimal_width(
    sampling: Sampling,
    k: int,
    weighting: str | Weighting = "heat",
    *,
    degrees: Sequence[SupportsIndex] | npt.NDArray[np.integer] | None = None,
) -> float:
    r"""Return the ``t`` of the kernel :math:`e^{-d^2 / 4t}` with the lowest error.

    .. math:: t^* = \arg\min_t \sum_l \log e_l(t),

    with :math:`e_l` the rotation-free error of :func:`equivariance_spectrum`, by
    Brent's method in :math:`\log t` around the width of :func:`kernel_width`.

    Parameters
    ----------
    sampling, k
        The vertices, and the number of neighbours.
    weighting
        :class:`samplings.Heat`, :class:`samplings.AreaCorrected`, or the name of one;
        its ``t`` is ignored.
    degrees
        Degrees l to sum over; by default some 40 from 10 up to the nominal bandlimit.

    Returns
    -------
    float
        Width in squared radian, to some 0.1 %.

    Raises
    ------
    ValueError
        If ``k < 1``, ``k >= V``, or the weighting has no width.
    NoOptimalWidthError
        If the least error lies beyond widths eight times narrower or wider than the
        rule's, as on grids crowded at the poles.

    Notes
    -----
    On HEALPix at nside 32 and 64 it meets the half-maximum widths :math:`s \propto
    \sqrt t` published as optimal (Defferrard et al. 2020, arXiv:2012.15000), found by
    random rotations, within 1 % for k = 8 and 20, and 9 % for 40 and 60. Sums over low
    degrees alone prefer narrower kernels, sums weighted by 2l + 1 wider ones.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> t = optimal_width(HEALPix(8), k=8)
    >>> bool(0.5 < t / kernel_width(HEALPix(8), k=8) < 2)
    True
    """
    sampling_argument("sampling", sampling)
    k = integer_argument("k", k, 1)
    names = tuple(n for n, kind in WEIGHTINGS.items() if issubclass(kind, WidthKernel))
    remedy = "choose one of them: no other has a width to search for"
    kind = cast(WidthKernel, weighting_argument(weighting, names, remedy))
    pattern, _ = connect(sampling, nearest_neighbours(sampling.xyz, k))
    if degrees is None:
        last = nominal_bandlimit(sampling) - 1
        first = FIRST_DEGREE if last > 2 * FIRST_DEGREE else 1
        count = min(MOST_DEGREES, last - first + 1)
        degrees = np.unique(np.linspace(first, last, count).astype(np.int64))

    def error(log_t: float) -> float:
        weights = weigh(sampling, pattern, replace(kind, t=math.exp(log_t)), k=k)
        graph = SphericalGraph(
            sampling,
            weights.adjacency,
            k,
            weights.t,
            weighting=kind.name,
            mass=weights.mass,
            note="on trial",
        )
        errors = equivariance_spectrum(graph, degrees).error
        if not errors.all():
            raise NoOptimalWidthError(
                f"{sampling.name} with k={k} has no error at degree "
                f"{degrees[int(errors.argmin())]} at any width; use a finer sampling, "
                "or leave that degree out of `degrees`"
            )
        return float(np.log(errors).mean())

    centre = math.log(kernel_width(sampling, k))
    ends = (centre - math.log(REACH), centre + math.log(REACH))
    found = minimize_scalar(
        error, bounds=ends, method="bounded", options={"xatol": TOLERANCE}
    )
    if min(abs(found.x - end) for end in ends) < 10 * TOLERANCE:
        raise NoOptimalWidthError(
            f"no width from {math.exp(ends[0]):.3g} to {math.exp(ends[1]):.3g} squared "
            f"radian has the least error on {sampling.name} with k={k}; pass `degrees` "
            "that the sampling resolves, or use fitted weights, which have no width"
        )
    return math.exp(found.x)
