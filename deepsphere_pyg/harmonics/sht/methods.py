"""Which way to transform on a sampling, and what to refuse."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
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
from deepsphere_pyg.harmonics.sht.ducc import DuccTransform, ducc_is_installed
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
from deepsphere_pyg.harmonics.sht.rings import RingTransform
from samplings import Equiangular, HEALPix, Masked, McEwenWiaux, Sampling
from samplings.arguments import choice_argument, integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.regular_grid import RegularGrid

_ANALYSES = ("auto", "rings", "ducc", "least-squares", "conjugate-gradients")
_SYNTHESES = ("auto", "rings", "ducc", "dense", "blocks")
_FITS = ("least-squares", "conjugate-gradients")
# Tables of Legendre functions, L**3 numbers, take as long to read as ducc0 to compute
# them as it goes. Measured on one thread: of 16 signals at once, tables are faster up
# to L = 256 and level at 384; of one signal ducc0 is twice as fast at 256 already. On
# rings of different lengths it is 1.2 to 2 times as fast throughout.
DUCC_BEYOND = 256
# healpy's own number, of which each costs the same here.
_HEALPIX_ITERATIONS = 3


class _Analysis(NamedTuple):
    """A transform, how it was made, and how good it is."""

    transform: Any
    method: str
    condition: float | None
    error_bound: float | None


class _Placed(FixedTensors):
    """A transform of vertices in another order, or of more of them.

    Parameters
    ----------
    transform
        Transform and adjoint of signals in an order of its own.
    places
        Place of each vertex of the sampling in that order, shape ``(V,)``. Others are
        zero to the analysis, and left out by its adjoint.
    """

    places: Tensor

    def __init__(self, transform: Any, places: IntArray) -> None:
        super().__init__()
        self.transform: Any = transform
        self.n_vertices, self.n_rows = len(places), transform.n_rows
        self.keep("places", np.array(places, dtype=np.int64))

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables."""
        return int(self.transform.table_bytes)

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the tables."""
        probe: Tensor = self.transform.probe
        return probe

    def analyze(self, x: Tensor) -> Tensor:
        """Put vertices into their places, and apply the transform."""
        placed = x.new_zeros(*x.shape[:-2], self.transform.n_vertices, x.shape[-1])
        c: Tensor = self.transform.analyze(placed.index_copy(-2, self.places, x))
        return c

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint, and take vertices from their places."""
        x: Tensor = self.transform.synthesize(c)
        return x.index_select(-2, self.places)


def analysis_of(
    sampling: Sampling,
    L: int,
    method: str,
    iterations: int | None,
    ridge: float,
    dtype: torch.dtype | None,
) -> _Analysis:
    """Return the transform from signals to coefficients; as for :class:`SHT`."""
    choice_argument("method", method, _ANALYSES)
    transform: Any
    rings = ring_geometry(sampling)
    exact = exact_bandlimit(sampling)
    if method == "auto":
        if rings is None:
            method = "least-squares"
        else:
            method = _rings_or_ducc(sampling, L)
    if iterations is not None:
        integer_argument("iterations", iterations, 0)
        if not isinstance(sampling, HEALPix) or method in _FITS:
            raise ValueError(
                f"only quadrature on HEALPix is iterated, got iterations={iterations} "
                f"for {sampling!r} and method={method!r}; leave iterations out"
            )
    if method == "least-squares":
        matrix, condition = least_squares(sampling, L, ridge)
        transform = DenseTransform(SharedTable(matrix), dtype)
        return _Analysis(transform, method, condition, None)
    if ridge != 0:
        raise ValueError(
            f"only least squares have a ridge, got ridge={ridge} for "
            f"method={method!r}; leave it out, or pass method='least-squares'"
        )
    if method == "conjugate-gradients":
        plain, _ = synthesis_of(sampling, L, "auto", dtype)
        transform = _fit(plain, sampling.weights, dtype)
        return _Analysis(transform, method, None, None)
    checked = _checked_rings(sampling, rings, method)
    if isinstance(sampling, HEALPix):
        return _on_healpix(sampling, checked, L, method, iterations, dtype)
    _check_exactness(sampling, L, exact)
    theorem = interpolation(sampling, L)
    weights = checked.quadrature
    if theorem is not None:
        weights = 2 * np.pi / np.maximum(checked.n_phi, 1)
    if method == "rings":
        transform = RingTransform(checked, L, weights, theorem, dtype)
    else:
        scheme = "" if theorem is None else _ducc_scheme(sampling)
        transform = DuccTransform(checked, L, weights, scheme, dtype)
    return _Analysis(transform, method, None, None)


def synthesis_of(
    sampling: Sampling, L: int, method: str, dtype: torch.dtype | None
) -> tuple[Any, str]:
    """Return a transform whose adjoint takes coefficients to signals."""
    choice_argument("method", method, _SYNTHESES)
    # A part of rings is summed with the whole, by far faster than as a matrix.
    part = np.arange(len(sampling))
    whole = sampling
    while isinstance(whole, Masked):
        part, whole = whole.index[part], whole.parent
    rings = ring_geometry(whole)
    if method == "auto":
        if rings is not None:
            method = _rings_or_ducc(whole, L)
        else:
            method = "dense" if fits_in_memory(sampling, L) else "blocks"
    if method == "dense":
        return harmonic_sums(sampling, L, dtype), method
    if method == "blocks":
        return BlockTransform(sampling, L, dtype), method
    checked = _checked_rings(sampling, rings, method)
    transform = _sums(checked, L, None, method, dtype)
    if checked.order is not None:
        part = np.argsort(checked.order)[part]
    if whole is sampling and checked.order is None:
        return transform, method
    return _Placed(transform, part), method


def _rings_or_ducc(sampling: Sampling, L: int) -> str:
    """Choose by measured times; ducc0 computes on the CPU only."""
    if torch.get_default_device().type != "cpu":
        return "rings"
    faster = DUCC_BEYOND < L or not isinstance(sampling, RegularGrid)
    return "ducc" if faster and ducc_is_installed() else "rings"


def _checked_rings(
    sampling: Sampling, rings: RingGeometry | None, method: str
) -> RingGeometry:
    """Refuse samplings without rings, and ducc0 where it is not."""
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


def _check_exactness(sampling: Sampling, L: int, exact: int | None) -> None:
    """Refuse bandlimits that the sampling does not determine by its theorem."""
    if exact is None:
        raise ValueError(
            f"no quadrature is known to be exact on {sampling!r}; use "
            "method='least-squares'"
        )
    if exact >= L:
        return
    n_phi = getattr(sampling, "n_phi", None)
    reason = ""
    if n_phi is not None and n_phi < 2 * L - 1:
        reason = f"; L = {L} needs at least {2 * L - 1} longitudes, not {n_phi}"
    raise ValueError(
        f"the transform of {sampling!r} is exact up to L = {exact}, got L = {L}"
        f"{reason}; use L <= {exact}, a finer sampling, or method='least-squares'"
    )


def _ducc_scheme(sampling: Sampling) -> str:
    """Name of the rings in ducc0."""
    if isinstance(sampling, McEwenWiaux):
        return "MW"
    clenshaw = isinstance(sampling, Equiangular) and sampling.scheme != "fejer"
    return "CC" if clenshaw else "F1"


def _sums(
    rings: RingGeometry, L: int, weights: Any, method: str, dtype: torch.dtype | None
) -> Any:
    """Return weighted sums over rings, by tables or by ducc0."""
    if method == "rings":
        return RingTransform(rings, L, weights, None, dtype)
    return DuccTransform(rings, L, weights, "", dtype)


def _fit(plain: Any, areas: FloatArray, dtype: torch.dtype | None) -> Any:
    """Return the fit by conjugate gradients, which go on in the order of the sums."""
    if not isinstance(plain, _Placed):
        return ConjugateGradients(plain, areas, dtype)
    places = plain.places.numpy()
    placed = np.zeros(plain.transform.n_vertices)
    placed[places] = areas
    return _Placed(ConjugateGradients(plain.transform, placed, dtype), places)


def _on_healpix(
    sampling: HEALPix,
    rings: RingGeometry,
    L: int,
    method: str,
    iterations: int | None,
    dtype: torch.dtype | None,
) -> _Analysis:
    """Quadrature with weights of rings, iterated."""
    largest = 3 * sampling.nside
    if largest < L:
        raise ValueError(
            f"the transform of {sampling!r} resolves degrees below 3 nside = "
            f"{largest}, got L = {L}; use L <= {largest} (L <= {2 * sampling.nside} "
            "for coefficients to round-off), or a finer sampling"
        )
    iterations = _HEALPIX_ITERATIONS if iterations is None else iterations
    weights = ring_weights(rings, L, sampling.nside)
    # Whatever the device in force: it need not have float64, nor memory.
    with torch.device("cpu"):
        exact = (
            _sums(rings, L, weights, method, torch.float64),
            _sums(rings, L, None, method, torch.float64),
        )
        spectrum = spectrum_of(*exact)
    pair = (
        _sums(rings, L, weights, method, dtype),
        _sums(rings, L, None, method, dtype),
    )
    transform = IteratedTransform(*pair, iterations, spectrum)
    condition = float(np.sqrt(spectrum[1] / max(spectrum[0], 1e-300)))
    placed: Any = transform
    if rings.order is not None:
        placed = _Placed(transform, np.argsort(rings.order))
    return _Analysis(placed, method, condition, transform.error_bound)
