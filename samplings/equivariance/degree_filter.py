"""Polynomials of a Laplacian that act on each degree as a given filter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from numpy.polynomial.chebyshev import chebval, chebvander
from scipy.interpolate import PchipInterpolator

from samplings.arguments import (
    instance_argument,
    integer_argument,
    number_argument,
    shown,
)
from samplings.arrays import FloatArray
from samplings.graphs.laplacian import Laplacian
from samplings.resolution import nominal_bandlimit
from samplings.stencils.legendre_sums import LegendreTable
from samplings.stencils.stencils import longest_chord, offsets, stencils
from samplings.vertex_arrays import kept_vertices

# Errors at eigenvalues above that of the highest degree count less by this factor:
# signals there are above the degrees that the vertices resolve.
BEYOND = 0.01
# The most terms that are tried. Beams as wide as 200 vertices need fewer.
MOST = 1024


def degree_filter(
    laplacian: Laplacian,
    response: Callable[[FloatArray], Any],
    *,
    top: SupportsIndex | None = None,
    tolerance: SupportsFloat = 1e-4,
    vertices: npt.ArrayLike | None = None,
) -> FloatArray:
    r"""Return Chebyshev coefficients of a filter that is given degree by degree.

    .. math::
        p(L) = \sum_{k<K} c_k \, T_k(2 L / \lambda_\max - I), \qquad
        |p(\mu_l) - b(l)| \leq \epsilon \text{ for } l \leq l_\text{top}

    where :math:`\mu_l` is the symbol of the Laplacian, its mean eigenvalue at degree l,
    and b the response. The polynomial is exact to round-off at degree 0, so that it
    multiplies constants by :math:`b(0)`.

    Parameters
    ----------
    laplacian
        A Laplacian of V vertices, unrescaled, as :func:`samplings.laplacian` makes it.
    response
        Called with degrees, a float array of any shape, also fractional ones; returns
        :math:`b`, finite, of the same shape, or with one more axis, a filter a channel.
    top
        Highest degree at which the response must be met; by default two thirds of the
        nominal bandlimit, ``2 nside`` on HEALPix. It is lowered to where the symbol
        still grows: higher degrees look alike to the graph.
    tolerance
        :math:`\epsilon`, relative to the largest response; above 1e-12.
    vertices
        Boolean mask ``(V,)`` or indices of the rows over which the symbol is averaged,
        such as those far from the edge of a masked sky; by default all.

    Returns
    -------
    ndarray
        :math:`c`, shape ``(K,)``, or ``(K, channels)``, with the least K found.

    Raises
    ------
    TypeError
        If ``laplacian`` is not a Laplacian or ``response`` not a function.
    ValueError
        If ``tolerance`` or ``top`` is out of range, the response is not finite or of a
        wrong shape, or over 1024 terms are needed.

    Notes
    -----
    The error on a signal is larger than the tolerance by the equivariance error of the
    Laplacian: signals of one degree are not exactly eigenvectors.

    Equivariance: that of the Laplacian, approximate.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> L = laplacian(knn_graph(HEALPix(8), k=20))
    >>> c = degree_filter(L, lambda l: np.exp(-l * (l + 1) * 0.01))
    >>> c.shape, round(float(c @ (-1.0) ** np.arange(len(c))), 12)
    ((5,), 1.0)
    """
    remedy = "make one with samplings.laplacian(samplings.knn_graph(sampling, k))"
    instance_argument("laplacian", laplacian, Laplacian, remedy)
    if not callable(response):
        raise TypeError(
            f"response must be a function of the degree, got {shown(response)}; pass "
            "one, such as lambda l: numpy.exp(-l * (l + 1) * sigma**2 / 2)"
        )
    remedy = "pass 1e-4, or more for fewer terms"
    epsilon = number_argument("tolerance", tolerance, remedy)
    if not 1e-12 < epsilon < 1:
        raise ValueError(f"tolerance must be in (1e-12, 1), got {epsilon}; {remedy}")
    highest = max(2, 2 * nominal_bandlimit(laplacian.graph.sampling) // 3)
    if top is not None:
        highest = integer_argument("top", top, 1)
    # Beyond the highest degree too, so that the response goes on smoothly.
    symbol = degree_symbol(laplacian, 3 * highest // 2 + 1, vertices)
    falls = np.flatnonzero(np.diff(symbol) <= 0)
    symbol = symbol[: int(falls[0]) + 1] if len(falls) else symbol
    highest = min(highest, len(symbol) - 1)
    if highest == 0:
        raise ValueError(
            f"the Laplacian of {laplacian.graph.name} does not act on degree 1, so "
            "that no filter can be a polynomial of it; link more vertices"
        )
    return _least_polynomial(laplacian, symbol, highest, response, epsilon)


def degree_symbol(
    laplacian: Laplacian, top: int, vertices: npt.ArrayLike | None = None
) -> FloatArray:
    r"""Return the mean eigenvalue of a Laplacian at degrees 0 ... ``top``.

    As ``symbol`` of :func:`samplings.equivariance_spectrum`, but without the sums over
    pairs of neighbours, so that the cost is that of a few products with the matrix.
    """
    matrix, sampling = laplacian.matrix, laplacian.graph.sampling
    rows = np.arange(len(sampling))
    if vertices is not None:
        rows = kept_vertices(vertices, len(sampling), "vertices")
        matrix = sp.csr_array(matrix[rows])
    areas = sampling.weights[rows]
    share = areas / areas.sum()
    table = LegendreTable(longest_chord(matrix, sampling.xyz, rows), top + 1)
    own = np.zeros_like(table.nodes)
    constant = 0.0
    for batch in stencils(matrix):
        columns = matrix.indices[batch.entries]
        squared = offsets(sampling.xyz, rows[batch.rows], columns)[1]
        weighted = share[batch.rows] * matrix.data[batch.entries]
        constant += float(weighted.sum())
        own += table.spread(squared, weighted)
    return np.asarray(constant - table.sums(own))


def _least_polynomial(
    laplacian: Laplacian,
    symbol: FloatArray,
    top: int,
    response: Callable[[FloatArray], Any],
    epsilon: float,
) -> FloatArray:
    """Return the coefficients of the shortest polynomial within the tolerance."""
    degrees = np.arange(len(symbol))
    # l (l + 1) is nearly linear in the eigenvalue, so that few nodes fix it.
    squares = PchipInterpolator(symbol, degrees * (degrees + 1.0))
    scale = laplacian.lambda_max

    def wanted(rescaled: FloatArray) -> FloatArray:
        eigenvalue = np.clip((rescaled + 1) * scale / 2, symbol[0], symbol[-1])
        square = np.maximum(squares(eigenvalue), 0)
        return _responses(response, (np.sqrt(1 + 4 * square) - 1) / 2)

    size = float(np.abs(_responses(response, degrees.astype(float))).max())
    if size == 0:
        return np.zeros_like(wanted(np.full(1, -1.0)))
    # Between the eigenvalues of the degrees too: those of the graph are spread there.
    bounds = np.cos(np.linspace(np.pi, 0, 16 * MOST + 1))
    last = float(2 * symbol[top] / scale - 1)
    known = bounds <= last
    edge = np.append(bounds[known], 2 * symbol[: top + 1] / scale - 1)
    goal, far = wanted(edge), bounds[~known]

    def attempt(terms: int) -> tuple[FloatArray, float]:
        """Fit, and return the error, infinite if parts beyond would be amplified."""
        fitted = _fitted(wanted, last, terms)
        beyond = np.abs(chebval(far, fitted)).max() if len(far) else 0.0
        error = float(np.abs(chebval(edge, fitted).T - goal).max())
        return fitted, error if beyond <= (1 + epsilon) * size else math.inf

    failed, terms = 1, 2
    best, error = attempt(terms)
    while error > epsilon * size:
        if terms >= MOST:
            raise ValueError(
                f"the filter needs over {MOST} terms for a tolerance of {epsilon:.3g}, "
                f"its error is {error / size:.3g}; pass a larger tolerance, or filter "
                "on a coarser sampling or in harmonic space"
            )
        failed, terms = terms, 2 * terms
        best, error = attempt(terms)
    while terms - failed > max(1, failed // 16):
        middle = (failed + terms) // 2
        fitted, error = attempt(middle)
        if error <= epsilon * size:
            best, terms = fitted, middle
        else:
            failed = middle
    return best


def _fitted(
    wanted: Callable[[FloatArray], FloatArray], last: float, terms: int
) -> FloatArray:
    """Return the least-squares fit at Chebyshev nodes, exact at the eigenvalue 0."""
    count = max(4 * terms, 64)
    nodes = np.cos((np.arange(count) + 0.5) * np.pi / count)
    weight = np.where(nodes <= last, 1.0, BEYOND)
    # Without the value at -1, where every polynomial below is zero.
    start = wanted(np.full(1, -1.0))[0]
    basis = chebvander(nodes, terms - 1)
    signs = (-1.0) ** np.arange(terms)
    reduced = basis[:, 1:] - signs[1:]
    goal = wanted(nodes) - start
    shape = weight.reshape(-1, *[1] * (goal.ndim - 1))
    tail = np.linalg.lstsq(reduced * weight[:, None], goal * shape)[0]
    return np.concatenate([(start - signs[1:] @ tail)[None], tail])


def _responses(
    response: Callable[[FloatArray], Any], degrees: FloatArray
) -> FloatArray:
    """Return the values of a response, checked."""
    try:
        values = np.asarray(response(degrees))
        if values.dtype.kind not in "biuf":
            raise TypeError
    except TypeError:
        raise TypeError(
            "response must return real numbers for an array of degrees, and failed; "
            "pass a function such as lambda l: numpy.exp(-l * (l + 1) * sigma**2 / 2)"
        ) from None
    if values.ndim not in (1, 2) or len(values) != len(degrees):
        raise ValueError(
            f"response must have one number, or one a channel, for each of "
            f"{len(degrees)} degrees, got shape {values.shape}; use functions of arrays"
        )
    if not np.isfinite(values).all():
        bad = float(degrees[np.argwhere(~np.isfinite(values))[0][0]])
        raise ValueError(
            f"response must be finite, got {values[~np.isfinite(values)][0]} at degree "
            f"{bad:.3g}; define it for degrees from 0 on"
        )
    return values.astype(np.float64)


def gaussian_beam(fwhm: FloatArray) -> Callable[[FloatArray], FloatArray]:
    r"""Return the response of Gaussian beams, one a channel, to degrees.

    .. math:: b(l) = e^{-l (l + 1) \sigma^2 / 2}, \quad
        \sigma = \text{FWHM} / \sqrt{8 \ln 2}
    """
    variance = np.asarray(fwhm) ** 2 / (8 * math.log(2))
    return lambda degrees: np.exp(
        np.multiply.outer(-degrees * (degrees + 1), variance / 2)
    )
