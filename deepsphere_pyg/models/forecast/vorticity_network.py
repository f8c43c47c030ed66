"""Network that steps vorticity: a learned flux, integrated in time."""

from __future__ import annotations

from typing import SupportsFloat, SupportsIndex

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout, VectorISHT, VectorSHT
from deepsphere_pyg.models.forecast.field_network import FieldNetwork, refuse_parts
from samplings import GaussLegendre, Sampling
from samplings.arguments import flag_argument, integer_argument, positive_argument


class VorticityNetwork(FieldNetwork):
    r"""Step the vorticity of a flow without divergence by a learned flux.

    .. math::
        \zeta(t + h) = K\Bigl(\zeta(t) - \int_t^{t+h} P G\, \nabla \cdot
        (\alpha v + \beta\, k \times v)\, dt\Bigr), \quad
        v = k \times \nabla \nabla^{-2} \zeta

    with the wind v, which vorticity alone determines; factors :math:`\alpha` and
    :math:`\beta` that are learned functions, sums of products of two linear maps, of
    the vorticity and of known fields at a point, such as the sine of the latitude; and
    factors G and K of each degree, which are learned too. The integral is by steps of
    the classical Runge-Kutta method. Winds and divergences are computed by harmonics,
    and products on a Gaussian grid of the network's own, on which those of three fields
    are not aliased: fields are analysed on their sampling only at first, and evaluated
    there at last. With ``conserve``, P takes away what would change the energy or the
    enstrophy of the flow; K damps.

    Vorticity is carried from place to place, and so its change is the divergence of a
    flux. This keeps the large scales, in which small errors of vorticity are large
    errors of the wind.

    Isotropic filters of vorticity alone cannot learn how a flow carries it: under a
    reflection of the sphere, an answer of theirs is reflected, whereas the tendency is
    reflected and changes its sign. Winds tell the two apart.

    Parameters
    ----------
    in_channels
        Channels of the input: the vorticity, then the known fields, whose degrees from
        L on are left out.
    sampling
        Sampling of the input and the output, of the whole sphere.
    L
        Bandlimit of the vorticity: degrees 0 ... L - 1.
    products
        Number of products in each factor.
    substeps
        Steps of the integral. The duration of each, times the fastest wind, times L
        over the radius, must be below 2.8; below 1, the shortest waves are accurate.
    degree
        About that of most vorticity: winds are multiplied by it, and fluxes divided, so
        that both are of order one.
    conserve
        Whether the tendency keeps energy and enstrophy, as that of a flow without
        friction does. It has no part then along the vorticity and the stream function.
    method
        Of the analysis of the input, as for :class:`~deepsphere_pyg.harmonics.SHT`.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, 1)``, the next vorticity in
    standard deviations, as :class:`~deepsphere_pyg.training.ForecastTask` takes it with
    ``residual=False``

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or range, or the sampling does not resolve L;
        in ``forward``, if ``x`` does not fit.

    Notes
    -----
    The mean of the vorticity is left as it is. A new network damps the highest degree
    by a fifth, others by the square of their eigenvalues less, and changes nothing
    else.

    Source: Chen et al. 2018, arXiv:1806.07366 (learned tendencies); Shazeer 2020,
    arXiv:2002.05202, section 2 (products of two linear maps); Orszag 1970, J.
    Atmos. Sci. 27, 890 (products on a grid of fields that are known by harmonics).

    Equivariance: to the accuracy of the transforms of the sampling, for rotations of
    the vorticity and the known fields together.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> model = VorticityNetwork(2, GaussLegendre(8), L=8, products=4)
    >>> model(torch.zeros(5, 128, 2)).shape
    torch.Size([5, 128, 1])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        sampling: Sampling,
        *,
        L: SupportsIndex,
        products: SupportsIndex = 16,
        substeps: SupportsIndex = 2,
        degree: SupportsFloat = 10.0,
        conserve: bool = True,
        method: str = "auto",
    ) -> None:
        super().__init__(in_channels, 1, sampling)
        refuse_parts(sampling)
        self.L = integer_argument("L", L, 2)
        self.substeps = integer_argument("substeps", substeps, 1)
        peak = positive_argument("degree", degree, "pass a degree, such as 10")
        count = integer_argument("products", products, 1)
        self.conserve = flag_argument("conserve", conserve)
        self._config = {
            "in_channels": self.in_channels,
            "L": self.L,
            "products": count,
            "substeps": self.substeps,
            "degree": peak,
            "conserve": self.conserve,
            "method": method,
        }
        self.to_rows = SHT(sampling, self.L, method=method)
        self.to_vertices = ISHT(sampling, self.L)
        # Exact for products of three fields with a fourth, which analyses them.
        grid = GaussLegendre(2 * self.L)
        self.to_grid = ISHT(grid, self.L)
        self.to_winds = VectorISHT(grid, self.L)
        self.to_divergence = VectorSHT(grid, self.L)
        self.factors = _Factors(self.L)
        self.degree = peak
        # Along the wind, and across it.
        self.flux: nn.Module = _Products(self.in_channels, count, 2)
        self.gain = nn.Parameter(torch.ones(self.L))
        degrees = torch.arange(self.L).clamp(min=1)
        share = degrees * (degrees + 1) / (self.L * (self.L - 1))
        self.log_decay = nn.Parameter(torch.log(_DECAY * share**2))

    def forward(self, x: Tensor) -> Tensor:
        """Return the next vorticity, ``(*batch, vertex, 1)``."""
        x = self.checked_input(x)
        rows = self.to_rows(x)
        state, known = rows[..., :1], self.to_grid(rows[..., 1:])
        # The mean over the sphere does not change.
        free = (self.factors.degree > 0).to(x.dtype)
        gain, decay = (
            (factor[self.factors.degree] * free)[:, None]
            for factor in (self.gain, torch.exp(self.log_decay))
        )
        h = 1 / self.substeps
        for _ in range(self.substeps):
            one = self.change(state, known, gain)
            two = self.change(state + 0.5 * h * one, known, gain)
            three = self.change(state + 0.5 * h * two, known, gain)
            four = self.change(state + h * three, known, gain)
            state = state + h / 6 * (one + 2 * two + 2 * three + four)
            state = state * torch.exp(-h * decay)
        y: Tensor = self.to_vertices(state)
        return y

    def change(self, state: Tensor, known: Tensor, gain: Tensor) -> Tensor:
        """Return coefficients of the tendency at a moment.

        Parameters
        ----------
        state
            Coefficients of the vorticity, ``(*batch, L * L, 1)``.
        known
            Known fields on the grid, ``(*batch, vertex, channel)``.
        gain
            Factor of each row.
        """
        pair = torch.stack([torch.zeros_like(state), state * self.degree], dim=-2)
        wind = self.to_winds(pair)
        seen = torch.cat([self.to_grid(state), known], dim=-1)
        along, across = self.flux(seen)[..., None].split(1, dim=-2)
        south, east = wind.split(1, dim=-2)
        flux = along * wind + across * torch.cat([-east, south], dim=-2)
        divergence, _ = self.to_divergence(flux).unbind(-2)
        c: Tensor = -gain / self.degree * divergence
        return self.conserving(c, state) if self.conserve else c

    def conserving(self, change: Tensor, state: Tensor) -> Tensor:
        """Return a tendency without what changes energy or enstrophy of a state."""
        # Energy is minus half the product of vorticity and stream function.
        stream = state * self.factors.inverse
        first = _unit(state)
        second = _unit(stream - _product(stream, first) * first)
        change = change - _product(change, first) * first
        return change - _product(change, second) * second


# Rate at which a new network damps the highest degree, in a step.
_DECAY = 0.25


def _product(one: Tensor, other: Tensor) -> Tensor:
    """Return the inner product of coefficients ``(*batch, row, 1)``."""
    return (one * other).sum(dim=-2, keepdim=True)


def _unit(c: Tensor) -> Tensor:
    """Return coefficients of norm one, or zero where they are zero."""
    tiny = torch.finfo(c.dtype).tiny
    return c * torch.rsqrt(_product(c, c).clamp(min=tiny))


class _Products(nn.Module):
    """Sums of products of two linear maps of the channels of a vertex."""

    def __init__(self, channels: int, products: int, out_channels: int) -> None:
        super().__init__()
        self.first = nn.Linear(channels, products)
        self.second = nn.Linear(channels, products)
        self.last = nn.Linear(products, out_channels)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(*batch, vertex, out_channels)``."""
        y: Tensor = self.last(self.first(x) * self.second(x))
        return y


class _Factors(Float64Tensors):
    """Degree of each row, and inverse eigenvalues of the Laplacian, zero for 0."""

    degree: Tensor
    inverse: Tensor

    def __init__(self, L: int) -> None:
        super().__init__(None)
        degrees = HarmonicLayout(L).degrees
        laplacian = -(degrees * (degrees + 1.0))[:, None]
        self.keep("inverse", 1 / np.where(laplacian < 0, laplacian, -np.inf))
        self.register_buffer("degree", torch.from_numpy(np.array(degrees)), False)
