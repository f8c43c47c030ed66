"""Transforms by ducc0, as operations of PyTorch with derivatives."""

import importlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.compilers import in_plain_mode
from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.sht.base import batched
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.transformable import linear_in_signals
from samplings.arrays import FloatArray


def ducc_is_installed() -> bool:
    """Whether ducc0 can be imported."""
    return importlib.util.find_spec("ducc0") is not None


class DuccTransform(Float64Tensors):
    """Sums of signals on rings against harmonics by ducc0, and their adjoint.

    Signals are in the order of the rings; of a spin above 0 they have two components,
    next to each other, and coefficients likewise. ``weights`` are those of the vertices
    of each ring, shape ``(T,)``; 1 if None. The scheme is ``"MW"``, ``"CC"`` or
    ``"F1"`` for the analysis by the sampling theorem of these rings, whose adjoint is
    no synthesis; it is empty for sums.
    """

    table_bytes = 0

    def __init__(
        self,
        rings: RingGeometry,
        L: int,
        weights: FloatArray | None,
        scheme: str,
        dtype: torch.dtype | None,
        spin: int = 0,
    ) -> None:
        super().__init__(dtype)
        components = 2 if spin else 1
        self.n_rows = components * L * L
        counts = [int(n) for n in rings.n_phi]
        self.n_vertices = components * sum(max(n, 1) for n in counts)
        weights = np.ones(len(rings)) if weights is None else weights
        # A plain tensor, always float64 and on the CPU.
        geometry = plain_tensor(np.stack([rings.theta, rings.first_phi, weights]))
        self._constants = geometry, counts, L, scheme, spin
        self.keep("probe_", np.zeros(1))

    @property
    def probe(self) -> Tensor:
        """A tensor of the signals' dtype, on their device, which must be the CPU."""
        probe = cast(Tensor, self.probe_)
        if probe.device.type != "cpu":
            raise ValueError(
                f"ducc0 computes on the CPU, but the transform is on {probe.device}; "
                "build it with method='rings', or keep it on the CPU"
            )
        return probe

    def analyze(self, x: Tensor) -> Tensor:
        """Return sums against harmonics, ``(*batch, vertex, channel)`` to rows."""
        return batched(_ducc_analysis, x, *self._constants)

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint."""
        return batched(_ducc_synthesis, c, *self._constants)


@torch.library.custom_op("deepsphere_pyg::ducc_analysis", mutates_args=())
@in_given_precision
def _analysis_operation(
    x: Tensor,
    geometry: Tensor,
    rings: Sequence[int],
    L: int,
    scheme: str,
    spin: int,
) -> Tensor:
    """Sum signals against the harmonics, or analyse them by a sampling theorem.

    Parameters
    ----------
    x
        Signals, shape ``(batch, vertex, channel)``, vertices ring by ring.
    geometry
        Colatitude, first longitude and weight of each ring, shape ``(3, T)``, float64.
    rings
        Longitudes of each ring, 0 for a pole.
    L
        Bandlimit.
    scheme, spin
        As for :class:`DuccTransform`.
    """
    batch, _, channels = x.shape
    components = 2 if spin else 1
    if x.numel() == 0:
        return x.new_zeros(batch, components * L * L, channels)
    maps = _apart(x, components).numpy()
    if scheme:
        index, n_phi = _grid(rings)
        grids = maps[:, :, index].reshape(*maps.shape[:2], len(rings), n_phi)
        _turn_poles(grids, geometry, rings, spin)
        options = _plane(geometry, scheme, L, spin)
        alm = np.stack([_sht().analysis_2d(map=g, **options) for g in grids])
    else:
        options = _ring_options(geometry, rings, L, spin)
        alm = _sht().adjoint_synthesis(map=maps, **options)
    rows = _rows_of_alm(torch.from_numpy(alm).flatten(0, 1), L)
    return _together(rows, batch, components)


@torch.library.custom_op("deepsphere_pyg::ducc_synthesis", mutates_args=())
@in_given_precision
def _synthesis_operation(
    c: Tensor,
    geometry: Tensor,
    rings: Sequence[int],
    L: int,
    scheme: str,
    spin: int,
) -> Tensor:
    """Apply the adjoint of :func:`_ducc_analysis`; parameters as there."""
    batch, _, channels = c.shape
    components = 2 if spin else 1
    n_vertices = sum(max(n, 1) for n in rings)
    if c.numel() == 0:
        return c.new_zeros(batch, components * n_vertices, channels)
    rows = _apart(c, components)
    alm = _alm_of_rows(rows.flatten(0, 1), L).unflatten(0, rows.shape[:2]).numpy()
    if scheme:
        index, n_phi = _grid(rings)
        options = {
            "ntheta": len(rings),
            "nphi": n_phi,
            **_plane(geometry, scheme, L, spin),
        }
        grids = np.stack([_sht().adjoint_analysis_2d(alm=a, **options) for a in alm])
        _turn_poles(grids, geometry, rings, -spin)
        values = torch.from_numpy(grids).reshape(len(rows) * components, -1)
        maps = values.new_zeros(len(values), n_vertices)
        # A pole fills a whole row of the grid: the adjoint sums the row.
        maps.index_add_(1, torch.from_numpy(index), values)
    else:
        options = _ring_options(geometry, rings, L, spin)
        maps = torch.from_numpy(_sht().synthesis(alm=alm, **options)).flatten(0, 1)
    return _together(maps, batch, components)


def _apart(x: Tensor, components: int) -> Tensor:
    """Return signals one by one, ``(batch * channel, component, n)``."""
    parts = x.unflatten(1, (-1, components)).permute(0, 3, 2, 1)
    return parts.flatten(0, 1).contiguous()


def _together(parts: Tensor, batch: int, components: int) -> Tensor:
    """Apply the inverse of :func:`_apart` to ``(batch * channel * component, n)``."""
    apart = parts.view(batch, -1, components, parts.shape[1])
    return apart.permute(0, 3, 2, 1).flatten(1, 2).contiguous()


def _turn_poles(
    grids: np.ndarray, geometry: Tensor, rings: Sequence[int], spin: int
) -> None:
    """Turn fields at poles, repeated along a row, into the frame of each meridian."""
    theta, first_phi, _ = geometry.numpy()
    if spin == 0:
        return
    n_phi = grids.shape[-1]
    angles = spin * (first_phi.max() + 2 * np.pi / n_phi * np.arange(n_phi))
    for ring in np.flatnonzero(np.array(rings) == 0).tolist():
        turn = np.exp((-1j if theta[ring] == 0 else 1j) * angles)
        row = turn * (grids[:, 0, ring] + 1j * grids[:, 1, ring])
        grids[:, 0, ring], grids[:, 1, ring] = row.real, row.imag


def _sht() -> Any:
    return importlib.import_module("ducc0").sht


def _ring_options(
    geometry: Tensor, rings: Sequence[int], L: int, spin: int
) -> dict[str, Any]:
    """Return ducc0's arguments for rings."""
    theta, phi0, weights = geometry.numpy()
    counts = np.maximum(np.array(rings), 1).astype(np.uint64)
    return {
        "theta": theta,
        "phi0": phi0,
        "ringfactor": weights,
        "nphi": counts,
        "ringstart": np.cumsum(counts, dtype=np.uint64) - counts,
        **_common(L, spin),
    }


def _plane(geometry: Tensor, scheme: str, L: int, spin: int) -> dict[str, Any]:
    """Return ducc0's arguments for an equiangular grid."""
    return {"geometry": scheme, "phi0": float(geometry[1].max()), **_common(L, spin)}


def _common(L: int, spin: int) -> dict[str, Any]:
    return {"lmax": L - 1, "spin": spin, "nthreads": torch.get_num_threads()}


def _grid(rings: Sequence[int]) -> tuple[np.ndarray, int]:
    """Return the vertex of each entry of the grid, and its number of longitudes."""
    n_phi = max(rings)
    counts = np.maximum(np.array(rings), 1)
    columns = np.arange(n_phi) * (counts > 1)[:, None]
    return ((np.cumsum(counts) - counts)[:, None] + columns).ravel(), max(n_phi, 1)


class _Conversion(NamedTuple):
    r"""Rows of the real and imaginary parts of complex coefficients, and factors.

    ``to_real`` is :math:`\sqrt2 (-1)^m`, including the Condon-Shortley phase, and
    ``to_complex`` half of it; both are 1 for order 0.
    """

    cosine: Tensor
    sine: Tensor
    to_real: Tensor
    to_complex: Tensor
    above_zero: Tensor


@lru_cache(maxsize=16)
def _conversion(L: int, dtype: torch.dtype) -> _Conversion:
    # Cached: made neither in the inference mode nor on the device of the first caller.
    return in_plain_mode(lambda: _computed_conversion(L, dtype))


def _computed_conversion(L: int, dtype: torch.dtype) -> _Conversion:
    m, l = torch.triu_indices(L, L)  # noqa: E741
    signs = 1 - 2 * (m % 2).double()
    above = (m > 0).double()
    to_real = torch.where(m > 0, signs * 2**0.5, 1.0)
    to_complex = torch.where(m > 0, to_real / 2, 1.0)
    middle = l * l + l
    factors = (a.to(dtype) for a in (to_real, to_complex, above))
    return _Conversion(middle + m, middle - m, *factors)


def _rows_of_alm(alm: Tensor, L: int) -> Tensor:
    """Return real rows of complex coefficients."""
    by = _conversion(L, alm.real.dtype)
    rows = alm.real.new_empty(len(alm), L * L)
    # Sines first: those of order 0 do not exist and are overwritten.
    rows[:, by.sine] = alm.imag * -by.to_real
    rows[:, by.cosine] = alm.real * by.to_real
    return rows


def _alm_of_rows(rows: Tensor, L: int) -> Tensor:
    """Return complex coefficients of real rows."""
    by = _conversion(L, rows.dtype)
    alm = rows.new_empty(len(rows), len(by.sine), 2)
    torch.mul(rows.index_select(1, by.cosine), by.to_complex, out=alm[..., 0])
    sines = rows.index_select(1, by.sine)
    torch.mul(sines, -by.to_complex * by.above_zero, out=alm[..., 1])
    return torch.view_as_complex(alm)


@_analysis_operation.register_fake
def _analysis_shape(
    x: Tensor,
    geometry: Tensor,
    rings: Sequence[int],
    L: int,
    scheme: str,
    spin: int,
) -> Tensor:
    return x.new_empty(x.shape[0], (2 if spin else 1) * L * L, x.shape[2])


@_synthesis_operation.register_fake
def _synthesis_shape(
    c: Tensor,
    geometry: Tensor,
    rings: Sequence[int],
    L: int,
    scheme: str,
    spin: int,
) -> Tensor:
    n_vertices = sum(max(n, 1) for n in rings)
    return c.new_empty(c.shape[0], (2 if spin else 1) * n_vertices, c.shape[2])


def _analysis_adjoint(c: Tensor, *constants: Any) -> Tensor:
    x: Tensor = _ducc_synthesis(c, *constants)
    return x


def _synthesis_adjoint(x: Tensor, *constants: Any) -> Tensor:
    c: Tensor = _ducc_analysis(x, *constants)
    return c


_ducc_analysis = linear_in_signals(_analysis_operation, _analysis_adjoint)
_ducc_synthesis = linear_in_signals(_synthesis_operation, _synthesis_adjoint)
