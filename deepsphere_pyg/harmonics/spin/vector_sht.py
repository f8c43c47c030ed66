"""Transforms of vector fields to divergence and vorticity, and back."""

from __future__ import annotations

from typing import SupportsIndex, cast

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.spin.base import SpinTransform
from deepsphere_pyg.harmonics.spin.degree_factors import (
    DegreeFactors,
    inverse_root,
    laplacian_root,
    radius_argument,
)
from deepsphere_pyg.harmonics.spin.spin_sht import SpinISHT, SpinSHT
from samplings import Sampling


class _Scaled(SpinTransform):
    """Multiply coefficients by a factor of each row, after or before a transform."""

    factors: DegreeFactors

    def _transformed(self, x: Tensor, synthesis: bool) -> Tensor:
        """Transform, with the factors."""
        if synthesis:
            x = self.factors(x)
        y = super()._transformed(x, synthesis)
        if synthesis:
            return y
        return cast(Tensor, self.factors(y.flatten(-2))).view(y.shape)


class VectorSHT(_Scaled, SpinSHT):
    r"""Coefficients of the divergence and vorticity of vector fields.

    .. math::
        (\nabla \cdot V)_{lm} = -\frac{\sqrt{l(l+1)}}{a} E_{lm}, \quad
        (\hat r \cdot \nabla \times V)_{lm} = -\frac{\sqrt{l(l+1)}}{a} B_{lm}

    with the spin-1 coefficients E and B of :class:`SpinSHT`. No derivative is
    approximated: it is as exact as the transform.

    Parameters
    ----------
    sampling, L, method, iterations, ridge, dtype
        As for :class:`SpinSHT`.
    radius
        Radius a of the sphere in metres, 6,371,229 for the Earth; the default 1 gives
        derivatives on the unit sphere.

    Shapes
    ------
    ``x : (*batch, vertex, 2, channel) -> (*batch, L * L, 2, channel)``: components
    towards south and east, as :func:`wind_components` makes them of u and v, to
    divergence and vorticity

    Raises
    ------
    TypeError, ValueError
        As for :class:`SpinSHT`; if the radius is not positive, or L is below 2.

    Notes
    -----
    Equivariance: exact, as of :class:`SpinSHT`.

    Source: Machenhauer 1979, The spectral method, GARP Publications 17, volume 2.

    Examples
    --------
    Solid-body rotation has the vorticity 2 cos(theta):

    >>> from deepsphere_pyg.harmonics import ISHT, wind_components
    >>> from samplings import GaussLegendre
    >>> sampling = GaussLegendre(4)
    >>> u = torch.tensor(sampling.theta).sin()[:, None]
    >>> to_rows = VectorSHT(sampling, 4, dtype=torch.float64)
    >>> _, vorticity = to_rows(wind_components(u, 0 * u)).unbind(-2)
    >>> z = ISHT(sampling, 4, dtype=torch.float64)(vorticity) / 2
    >>> torch.allclose(z[:, 0], torch.tensor(sampling.xyz[:, 2]))
    True
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        radius: float = 1.0,
        method: str = "auto",
        iterations: int | None = None,
        ridge: float = 0.0,
        dtype: torch.dtype | None = None,
    ) -> None:
        a = radius_argument(radius)
        super().__init__(
            sampling,
            L,
            1,
            method=method,
            iterations=iterations,
            ridge=ridge,
            dtype=dtype,
        )
        self.radius = a
        factors = -laplacian_root(self.L) / a
        self.factors = DegreeFactors(factors, self.dtype)


class VectorISHT(_Scaled, SpinISHT):
    r"""Vector fields from coefficients of their divergence and vorticity.

    .. math::
        E_{lm} = -\frac{a}{\sqrt{l(l+1)}} (\nabla \cdot V)_{lm}, \quad
        B_{lm} = -\frac{a}{\sqrt{l(l+1)}} (\hat r \cdot \nabla \times V)_{lm}

    The inverse of :class:`VectorSHT`: no equation is solved. Degree 0, which no
    divergence and no vorticity has, counts as zero.

    Parameters
    ----------
    sampling, L, method, dtype
        As for :class:`SpinISHT`.
    radius
        As for :class:`VectorSHT`.

    Shapes
    ------
    ``c : (*batch, L * L, 2, channel) -> (*batch, vertex, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`VectorSHT`.

    Examples
    --------
    >>> from deepsphere_pyg.harmonics import wind_of_components
    >>> from samplings import GaussLegendre
    >>> to_field = VectorISHT(GaussLegendre(4), 4, radius=6_371_229.0)
    >>> u, v = wind_of_components(to_field(torch.ones(16, 2, 1)))
    >>> u.shape
    torch.Size([32, 1])
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        radius: float = 1.0,
        method: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        a = radius_argument(radius)
        super().__init__(sampling, L, 1, method=method, dtype=dtype)
        self.radius = a
        factors = -inverse_root(self.L) * a
        self.factors = DegreeFactors(factors, self.dtype)
