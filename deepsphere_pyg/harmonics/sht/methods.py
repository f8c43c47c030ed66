"""Choice of the method of a transform on a sampling, and checks of its arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from deepsphere_pyg.fixed_tensors.shared_tables import SharedTable
from deepsphere_pyg.harmonics.sht.conjugate_gradients import (
    BlockTransform,
    ConjugateGradients,
)
from deepsphere_pyg.harmonics.sht.dense import (
    DenseTransform,
    fits_in_memory,
    harmonic_sums,
    least_squares,
)
from deepsphere_pyg.harmonics.sht.ducc import ducc_is_installed
from deepsphere_pyg.harmonics.sht.geometry import (
    RingGeometry,
    exact_bandlimit,
    interpolation,
    ring_geometry,
)
from deepsphere_pyg.harmonics.sht.iterated import (
    IteratedTransform,
    ring_weights,
    spectrum_of,
)
from deepsphere_pyg.harmonics.sht.placed import Placed
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.harmonics.sht.tables import Interpolation
from samplings import Equiangular, HEALPix, Masked, McEwenWiaux, Sampling
from samplings.arguments import choice_argument, integer_argument, nonnegative_argument
from samplings.arrays import FloatArray
from samplings.schemes.regular_grid import RegularGrid

_ANALYSES = ("auto", "rings", "ducc", "least-squares", "conjugate-gradients")
_SYNTHESES = ("auto", "rings", "ducc", "dense", "blocks")
_FITS = ("least-squares", "conjugate-gradients")
_OTHER = "method='least-squares'"
# healpy's default; an iteration costs the same here.
HEALPIX_ITERATIONS = 3
# The largest bandlimit at which tables are faster than ducc0. Reading tables of
# functions, L**3 numbers, takes as long as ducc0 takes to compute them. Measured on one
# thread: for 16 signals at once, tables are faster up to L = 256 and even at 384; for
# one, ducc0 is twice as fast at 256. For 16 fields of spin 1, tables are 1.1 to 1.4
# times as fast up to 256 in float64, and 1.6 to 2.2 times in float32.
DUCC_BEYOND = 256


class _Analysis(NamedTuple):
    """A transform, its method and its accuracy."""

    transform: Any
    method: str
    condition: float | None
    error_bound: float | None


def analysis_of(
    sampling: Sampling,
    harmonics: ScalarHarmonics,
    method: str,
    iterations: int | None,
    ridge: float,
    dtype: torch.dtype | None,
) -> _Analysis:
    """Return the transform from signals to coefficients; as for :class:`SHT`."""
    choice_argument("method", method, _ANALYSES)
    transform: Any
    rings = ring_geometry(sampling)
    if method == "auto":
        lacking = rings is None
        method = "least-squares" if lacking else _rings_or_ducc(sampling, harmonics.L)
    if iterations is not None:
        integer_argument("iterations", iterations, 0)
        if not isinstance(sampling, HEALPix) or method in _FITS:
            raise ValueError(
                f"only quadrature on HEALPix is iterated, got iterations={iterations} "
                f"for {sampling!r} and method={method!r}; leave iterations out"
            )
    if method == "least-squares":
        matrix, condition = least_squares(sampling, harmonics, ridge)
        transform = DenseTransform(SharedTable(matrix), dtype)
        return _Analysis(transform, method, condition, None)
    if nonnegative_argument("ridge", ridge, "leave it out"):
        raise ValueError(
            f"only least squares have a ridge, got ridge={ridge} for "
            f"method={method!r}; leave it out, or pass method='least-squares'"
        )
    if method == "conjugate-gradients":
        plain, _ = synthesis_of(sampling, harmonics, "auto", dtype)
        transform = _fit(plain, sampling.weights, harmonics, dtype)
        return _Analysis(transform, method, None, None)
    checked = _checked_rings(sampling, rings, method)
    if isinstance(sampling, HEALPix):
        return _on_healpix(sampling, checked, harmonics, method, iterations, dtype)
    weights, theorem = exact_rule(sampling, checked, harmonics.L)
    if method == "rings":
        tables = harmonics.tables(checked, theorem, dtype=dtype)
        transform = harmonics.ring_sums(checked, weights, tables, dtype)
    else:
        scheme = "" if theorem is None else _ducc_scheme(sampling)
        transform = harmonics.ducc_sums(checked, weights, scheme, dtype)
    return _Analysis(transform, method, None, None)


def synthesis_of(
    sampling: Sampling,
    harmonics: ScalarHarmonics,
    method: str,
    dtype: torch.dtype | None,
) -> tuple[Any, str]:
    """Return a transform whose adjoint takes coefficients to signals."""
    choice_argument("method", method, _SYNTHESES)
    # A part of rings is summed with the whole, which is much faster than a matrix.
    part = np.arange(len(sampling))
    whole = sampling
    while isinstance(whole, Masked):
        part, whole = whole.index[part], whole.parent
    rings = ring_geometry(whole)
    if method == "auto":
        if rings is not None:
            method = _rings_or_ducc(whole, harmonics.L)
        else:
            method = "dense" if fits_in_memory(sampling, harmonics) else "blocks"
    if method == "dense":
        return harmonic_sums(sampling, harmonics, dtype), method
    if method == "blocks":
        return BlockTransform(sampling, harmonics, dtype), method
    checked = _checked_rings(sampling, rings, method)
    transform = _sums(checked, harmonics, None, method, dtype)
    if checked.order is not None:
        part = np.argsort(checked.order)[part]
    if whole is sampling and checked.order is None:
        return transform, method
    return Placed(transform, part, harmonics.components), method


def _rings_or_ducc(sampling: Sampling, L: int) -> str:
    """Choose by measured times; ducc0 computes on the CPU only."""
    if torch.get_default_device().type != "cpu":
        return "rings"
    # On rings of different lengths ducc0 is 1.2 to 2 times as fast throughout.
    faster = DUCC_BEYOND < L or not isinstance(sampling, RegularGrid)
    return "ducc" if faster and ducc_is_installed() else "rings"


def _checked_rings(
    sampling: Sampling, rings: RingGeometry | None, method: str
) -> RingGeometry:
    """Refuse samplings without rings, and ducc0 if it is not installed."""
    if method == "ducc" and not ducc_is_installed():
        raise ValueError(
            "method='ducc' needs the package ducc0, which is not installed; install "
            "deepsphere-pyg[ducc], or use method='rings'"
        )
    if rings is None:
        raise ValueError(
            f"{sampling!r} does not consist of whole rings of equally spaced "
            f"longitudes, which method={method!r} needs; use method='auto'"
        )
    return rings


def exact_rule(
    sampling: Sampling, rings: RingGeometry, L: int, other: str = _OTHER
) -> tuple[FloatArray, Interpolation | None]:
    """Return the weights of the vertices of each ring, and the interpolation, if any.

    Bandlimits beyond the sampling's theorem are refused; the message names another
    method.
    """
    _check_exactness(sampling, L, other)
    theorem = interpolation(sampling, L)
    if theorem is None:
        return rings.quadrature, None
    return 2 * np.pi / np.maximum(rings.n_phi, 1), theorem


def _check_exactness(sampling: Sampling, L: int, other: str) -> None:
    """Refuse bandlimits beyond the sampling's theorem."""
    exact = exact_bandlimit(sampling)
    if exact is None:
        raise ValueError(
            f"no quadrature is known to be exact on {sampling!r}; use {other}"
        )
    if exact >= L:
        return
    n_phi = getattr(sampling, "n_phi", None)
    reason = ""
    if n_phi is not None and n_phi < 2 * L - 1:
        reason = f"; L = {L} needs at least {2 * L - 1} longitudes, not {n_phi}"
    raise ValueError(
        f"the transform of {sampling!r} is exact up to L = {exact}, got L = {L}"
        f"{reason}; use L <= {exact}, a finer sampling, or {other}"
    )


def _ducc_scheme(sampling: Sampling) -> str:
    """Return ducc0's name of the rings."""
    if isinstance(sampling, McEwenWiaux):
        return "MW"
    clenshaw = isinstance(sampling, Equiangular) and sampling.scheme != "fejer"
    return "CC" if clenshaw else "F1"


def _sums(
    rings: RingGeometry,
    harmonics: ScalarHarmonics,
    weights: FloatArray | None,
    method: str,
    dtype: torch.dtype | None,
) -> Any:
    """Return weighted sums over rings, by tables or by ducc0."""
    if method == "rings":
        tables = harmonics.tables(rings, dtype=dtype)
        return harmonics.ring_sums(rings, weights, tables, dtype)
    return harmonics.ducc_sums(rings, weights, "", dtype)


def _fit(
    plain: Any,
    areas: FloatArray,
    harmonics: ScalarHarmonics,
    dtype: torch.dtype | None,
) -> Any:
    """Return the fit by conjugate gradients, which run in the order of the sums."""
    areas = np.repeat(areas, harmonics.components)
    if not isinstance(plain, Placed):
        return ConjugateGradients(plain, areas, harmonics.L, dtype)
    places = plain.places.numpy()
    placed = np.zeros(plain.transform.n_vertices)
    placed[places] = areas
    fit = ConjugateGradients(plain.transform, placed, harmonics.L, dtype)
    return Placed(fit, places)


def healpix_weights(sampling: HEALPix, rings: RingGeometry, L: int) -> FloatArray:
    """Return the weights of the vertices of each ring, for bandlimits it resolves."""
    largest = 3 * sampling.nside
    if largest < L:
        raise ValueError(
            f"the transform of {sampling!r} resolves degrees below 3 nside = "
            f"{largest}, got L = {L}; use L <= {largest} (L <= {2 * sampling.nside} "
            "for coefficients to round-off), or a finer sampling"
        )
    return ring_weights(rings, L, sampling.nside)


def _on_healpix(
    sampling: HEALPix,
    rings: RingGeometry,
    harmonics: ScalarHarmonics,
    method: str,
    iterations: int | None,
    dtype: torch.dtype | None,
) -> _Analysis:
    """Return quadrature with ring weights, iterated."""
    weights = healpix_weights(sampling, rings, harmonics.L)
    iterations = HEALPIX_ITERATIONS if iterations is None else iterations
    # On the CPU: other devices may lack float64 or memory.
    with torch.device("cpu"):
        first, second = (
            _sums(rings, harmonics, w, method, torch.float64) for w in (weights, None)
        )
        spectrum = spectrum_of(first, second, harmonics.n_zeros)
    weighted, plain = (
        _sums(rings, harmonics, w, method, dtype) for w in (weights, None)
    )
    transform = IteratedTransform(weighted, plain, iterations, spectrum)
    condition = float(np.sqrt(spectrum[1] / max(spectrum[0], 1e-300)))
    placed: Any = transform
    if rings.order is not None:
        placed = Placed(transform, np.argsort(rings.order), harmonics.components)
    return _Analysis(placed, method, condition, transform.error_bound)
