"""Edge weights whose Laplacian commutes with rotations as nearly as any can."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arguments import (
    array_argument,
    choice_argument,
    function_argument,
    sampling_argument,
)
from samplings.arrays import FloatArray, freeze, read_only
from samplings.base import Sampling, whole_sampling
from samplings.fitting.core_solver import CoreSolver, core_links
from samplings.fitting.fit_cache import FitProblem, kept_fit
from samplings.fitting.fitted_weights import FittedWeights
from samplings.fitting.objective import FitObjective
from samplings.fitting.pattern import checked_pattern, fit_pattern, on_border
from samplings.fitting.recipe import RECIPES
from samplings.fitting.rounds import FitPoint, fit, start_weights
from samplings.fitting.uneven import core, is_uneven
from samplings.resolution import nominal_bandlimit

# Version of the algorithm. Raise it when fitted values change: fits of other versions
# that are kept on disk are not used.
VERSION = 1
# Weight of rows on the border of the points: no weights make their one-sided stencils
# good, and with full weight they spoil the rows next to them.
BORDER_WEIGHT = 0.01


def fit_weights(
    sampling: Sampling,
    pattern: sp.csr_array,
    weighting: str = "fitted",
    *,
    mass: npt.ArrayLike | None = None,
    row_weights: npt.ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FittedWeights:
    r"""Fit edge weights so that the Laplacian commutes with rotations.

    .. math::
        \min_{S \geq 0} \sum_l \frac{p_l}{\mu_l^2} E\|Lf_l - \mu_l f_l\|^2, \qquad
        L = M^{-1} (\operatorname{diag}(S 1) - S),

    over symmetric S on the links given and masses M near the areas, for random signals
    :math:`f_l` of degree l. The symbol :math:`\mu_l` is not fixed to :math:`l (l + 1)`
    but taken from the weights at hand, as are the weights :math:`p_l` of the degrees,
    and renewed a few times.

    Parameters
    ----------
    sampling
        The vertices.
    pattern
        Chords from each vertex to its neighbours, shape ``(V, V)``; a link in either
        direction counts for both.
    weighting
        Rule for the weights p. ``"fitted"``: all degrees gain, and on HEALPix no degree
        becomes worse than with the best heat kernel; ``"fitted-irls"``: low degrees
        gain more, at the cost of the highest; ``"fitted-single"``: one fast round.
    mass
        Fixed masses of the vertices, shape ``(V,)``, positive, scaled to mean one. By
        default they are fitted, between half and twice the areas of the cells.
    row_weights
        Weight of each row, not negative, shape ``(V,)``. By default 1, and 0.01
        where neighbours and their neighbours leave a gap of more than 150 degrees: the
        border of a masked sky or of a region, but not of points that cover the sphere
        and are dense in places.
    progress
        Called as ``progress(done, total)`` after each of at most ``total`` steps; once,
        at the end, if the fit is read from the cache.

    Returns
    -------
    FittedWeights
        ``.adjacency`` and ``.mass``, scaled so that signals of degree 1 have the
        eigenvalue 2, as on the sphere.

    Raises
    ------
    TypeError
        If an argument has another type than these.
    ValueError
        If the pattern has another shape, no link, a diagonal, or a chord that is not
        positive and finite; if masses or row weights have another shape or sign; if
        ``weighting`` is not one of these.

    Warns
    -----
    RuntimeWarning
        If a fit that was kept on disk is damaged, and therefore computed again, or if
        none can be kept.

    Notes
    -----
    Fits on 1024 vertices and more are kept on disk: see :func:`samplings.use_cache`.

    Weights are positive, hence L positive semi-definite. They have the symmetries of
    the sampling exactly: edges that a symmetry exchanges are one unknown. The symbol
    bends away from :math:`l (l + 1)` towards high degrees; see
    :func:`samplings.equivariance_spectrum`.

    Geometric mean of :math:`e_l` over l = 10 ... 3 nside - 1 of the best heat kernel,
    over that of the default: 2.1 and 2.2 (k = 8), 4.9 and 5.7 (k = 20), 3.5 and 3.1
    (k = 40) at nside 32 and 64. A symmetric S with k = 8 has four numbers for each
    vertex, where a consistent Laplacian meets five conditions; the mass is the fifth.
    On HEALPix masses differ from areas by up to 17 %.

    Scattered points may have all nearest neighbours on one side: Delaunay links added
    to the pattern lower the error by a third at k = 8.

    On scattered points that are dense in places and cover the sphere, such as weather
    stations, a fit begins with finite volumes, where the pattern has their links. Only
    links of the core, the fewest vertices that cover 95 % of the area, are fitted.
    Links without weight are left out: 7.4 per vertex remain at k = 8, 8.6 at k = 20.
    The error over the degrees resolved is 3.2 times below that of area-corrected heat
    kernels.

    Source: this library.

    Examples
    --------
    >>> from samplings import HEALPix, equivariance_spectrum, knn_graph
    >>> from samplings.points.neighbours import nearest_neighbours
    >>> sphere = HEALPix(8)
    >>> fit = fit_weights(sphere, nearest_neighbours(sphere.xyz, 8))
    >>> fitted = equivariance_spectrum(fit.matrix(), sampling=sphere)
    >>> heat = equivariance_spectrum(knn_graph(sphere, 8, weighting="heat"))
    >>> bool(fitted.error.mean() < 0.7 * heat.error.mean())
    True
    """
    choice_argument("weighting", weighting, tuple(RECIPES))
    n = len(sampling_argument("sampling", sampling))
    function_argument("progress", progress, "progress(done, total)")
    pattern = checked_pattern(pattern, n)
    loops = np.count_nonzero(pattern.diagonal())
    if loops:
        raise ValueError(
            f"the pattern must have no diagonal, got {loops} vertices linked to "
            "themselves; set it to zero"
        )
    if mass is not None:
        mass = _per_vertex("mass", mass, n)
        if not (mass > 0).all():
            raise ValueError(
                f"masses must be positive, got {mass.min()}; pass areas of cells"
            )
        mass /= mass.mean()
    if row_weights is not None:
        row_weights = _per_vertex("row_weights", row_weights, n)
        if not ((row_weights >= 0).all() and row_weights.any()):
            raise ValueError(
                "row weights must not be negative, and some must be positive, got "
                f"{row_weights.min()} to {row_weights.max()}; pass 1 for rows that "
                "count"
            )
    problem = FitProblem(sampling, pattern, weighting, mass, row_weights)
    found = kept_fit(problem, VERSION, partial(_fit, *problem, progress))
    if progress is not None:
        total = RECIPES[weighting].total
        progress(total, total)
    return found


def _fit(
    sampling: Sampling,
    pattern: sp.csr_array,
    weighting: str,
    mass: FloatArray | None,
    counts: FloatArray | None,
    progress: Callable[[int, int], None] | None,
) -> FittedWeights:
    """Fit edge weights, for the arguments of a :class:`FitProblem`."""
    areas = sampling.weights
    masses = areas / areas.mean() if mass is None else mass
    uneven = is_uneven(sampling)
    if counts is None:
        classes = fit_pattern(sampling, pattern, masses)
        border = on_border(sampling.xyz, classes)
        if uneven and whole_sampling(sampling)[0] is sampling:
            # Points that cover the sphere have no border, however wide some gaps are.
            border[:] = False
        counts = np.where(border, BORDER_WEIGHT, 1.0)[classes.vertices.label]
    else:
        classes = fit_pattern(sampling, pattern, masses, counts)
    bandlimit = nominal_bandlimit(sampling)
    of_core = core(counts * areas)
    kept = core_links(sampling, classes.pattern, of_core) if uneven else None
    if kept is not None:
        classes = fit_pattern(sampling, kept[0], masses, counts)
    objective = FitObjective(sampling, classes, counts * areas, bandlimit)
    start, solver, heat = start_weights(sampling, objective), None, None
    if kept is not None:
        heat = FitPoint(start, masses, *objective.moments(start, masses)).residual
        start, solver = kept[1], CoreSolver(of_core)
    point = fit(
        objective,
        start,
        masses[classes.vertices.first],
        RECIPES[weighting],
        mass is None,
        progress,
        solver,
        heat,
    )
    masses = point.mass[classes.vertices.label]
    # L stays the same when weights and masses are divided by the same number.
    average = float(masses.mean())
    return FittedWeights(
        freeze(classes.assemble(point.weights / average)),
        read_only(masses / average),
        read_only(counts),
        weighting,
        bandlimit,
    )


def _per_vertex(name: str, values: npt.ArrayLike, n: int) -> FloatArray:
    """Return a copy of one finite number per vertex."""
    array = array_argument(name, values)
    if array.shape != (n,):
        raise ValueError(
            f"{name} must have shape ({n},), one number per vertex, got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity; fill the gaps")
    return array
