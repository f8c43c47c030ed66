"""Least squares without a matrix, by conjugate gradients on the normal equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.sht.base import InnerTables
from deepsphere_pyg.harmonics.sht.dense import DenseTransform
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from samplings import Sampling
from samplings.arrays import FloatArray

# Relative residual at which to stop. The error falls tenfold with each iteration at the
# bandlimit that a sampling resolves: float64 takes about 13.
_RESIDUALS = {torch.float32: 1e-6, torch.float64: 1e-13}
MAX_ITERATIONS = 100
# Vertices whose harmonics are computed at once.
BLOCK = 2048


class ConjugateGradients(InnerTables, Float64Tensors):
    r"""Harmonics fitted to the vertices, each weighted by its area.

    .. math:: \min_c \|x - S c\|_W, \quad S^T W S \, c = S^T W x

    The result is linear in x up to the residual; derivatives solve the same equations.

    Parameters
    ----------
    plain
        The synthesis S as the adjoint of plain sums :math:`S^T`.
    areas
        Areas of the vertices, one for each component, shape ``(V,)``.
    L
        Bandlimit, for the message if the fit fails.
    dtype
        As for :class:`Float64Tensors`.
    """

    inner = "plain"
    areas: Tensor
    gram: Tensor

    def __init__(
        self, plain: Any, areas: FloatArray, L: int, dtype: torch.dtype | None
    ) -> None:
        super().__init__(dtype)
        self.plain: Any = plain
        self.L = L
        self.n_vertices, self.n_rows = plain.n_vertices, plain.n_rows
        self.keep("areas", np.array(areas[:, None]))
        gram = np.empty((0, 0))
        if isinstance(plain, DenseTransform):
            # It takes a quarter of the products of S and its transpose.
            harmonics = plain.shared.master.numpy()
            gram = (harmonics * areas) @ harmonics.T
        self.keep("gram", gram)

    def analyze(self, x: Tensor) -> Tensor:
        """Return the coefficients of the fit, if the vertices determine them."""
        return _linear(self.plain.analyze(self.areas * x), self._solve, self._solve)

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint of the analysis."""
        solution = _linear(c, self._solve, self._solve)
        x: Tensor = self.areas * self.plain.synthesize(solution)
        return x

    def _solve(self, b: Tensor) -> Tensor:
        """Return the solution of the normal equations, all columns at once."""
        residual, direction = b.clone(), b.clone()
        solution = torch.zeros_like(b)
        norm = start = _product(b, b)
        bound = start * _RESIDUALS[b.dtype] ** 2
        for _ in range(MAX_ITERATIONS):
            # Columns of NaN compare as false: they count as done.
            if not (norm > bound).any():
                return solution + 0 * start
            image = self._normal(direction)
            curvature = _product(direction, image)
            # Columns that have converged, or are zero, do not change.
            step = torch.where(curvature > 0, norm / curvature, 0)
            solution.addcmul_(step, direction)
            residual.addcmul_(step, image, value=-1)
            previous, norm = norm, _product(residual, residual)
            ratio = torch.where(previous > 0, norm / previous, 0)
            direction.mul_(ratio).add_(residual)
        left = float((norm / start.clamp_min(torch.finfo(b.dtype).tiny)).max().sqrt())
        raise ValueError(
            f"the vertices do not determine harmonics of degrees below L = {self.L}: "
            f"conjugate gradients left a relative residual of {left:.1e} after "
            f"{MAX_ITERATIONS} iterations; pass a smaller L"
        )

    def _normal(self, c: Tensor) -> Tensor:
        """Apply the matrix of the normal equations."""
        if self.gram.numel():
            # One product with all columns, not one for each signal.
            columns = c.movedim(-2, 0)
            image = self.gram @ columns.reshape(self.n_rows, -1)
            return image.view(columns.shape).movedim(0, -2)
        x: Tensor = self.plain.analyze(self.areas * self.plain.synthesize(c))
        return x


class BlockTransform(Float64Tensors):
    """Plain sums against the harmonics at any points, and their adjoint.

    The harmonics are computed at each call, in blocks of vertices, for matrices that
    do not fit in memory.
    """

    table_bytes = 0

    def __init__(
        self,
        sampling: Sampling,
        harmonics: ScalarHarmonics,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(dtype)
        self.harmonics = harmonics
        self.n_vertices = harmonics.components * len(sampling)
        self.n_rows = harmonics.n_rows
        self._theta, self._phi = np.array(sampling.theta), np.array(sampling.phi)
        self.keep("probe", np.zeros(1))

    def analyze(self, x: Tensor) -> Tensor:
        """Return sums against harmonics, ``(*batch, vertex, channel)`` to rows."""
        return _linear(x, self._sums, self._values)

    def synthesize(self, c: Tensor) -> Tensor:
        """Return sums of harmonics, rows to ``(*batch, vertex, channel)``."""
        return _linear(c, self._values, self._sums)

    def _sums(self, x: Tensor) -> Tensor:
        sums = x.new_zeros(*x.shape[:-2], self.n_rows, x.shape[-1])
        for part, harmonics in self._blocks(x):
            sums += harmonics.mT @ x[..., part, :]
        return sums

    def _values(self, c: Tensor) -> Tensor:
        return torch.cat([harmonics @ c for _, harmonics in self._blocks(c)], dim=-2)

    def _blocks(self, like: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Yield parts of the vertices and the harmonics there, ``(vertices, rows)``."""
        n, components = len(self._theta), self.harmonics.components
        for start in range(0, n, BLOCK):
            stop = min(start + BLOCK, n)
            theta, phi = self._theta[start:stop], self._phi[start:stop]
            harmonics = self.harmonics.matrix(theta, phi)
            part = slice(components * start, components * stop)
            yield part, torch.from_numpy(harmonics).to(like)


class _Linear(torch.autograd.Function):
    """A linear map whose derivatives are the map itself, and its adjoint."""

    @staticmethod
    def forward(x: Tensor, apply: Callable[..., Tensor], adjoint: Any) -> Tensor:
        """Apply the map."""
        return apply(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep both maps."""
        _, ctx.apply_map, ctx.adjoint = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        """Apply the adjoint."""
        return _linear(gradients[0], ctx.adjoint, ctx.apply_map), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Apply the map to a tangent."""
        return _linear(tangents[0], ctx.apply_map, ctx.adjoint)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Tensor, *maps: Any) -> Any:
        """Treat the mapped axis as one more batch axis."""
        return _linear(x.movedim(in_dims[0], 0), *maps), 0


def _linear(
    x: Tensor, apply: Callable[[Tensor], Tensor], adjoint: Callable[[Tensor], Tensor]
) -> Tensor:
    """Apply a linear map of ``(*batch, n, channel)`` with derivatives."""
    y: Tensor = _Linear.apply(x, apply, adjoint)  # type: ignore[no-untyped-call]
    return y


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Inner product over rows, kept as an axis of length 1."""
    return (a * b).sum(-2, keepdim=True)
