"""Network that steps vorticity: a learned tendency, integrated in time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsFloat, SupportsIndex

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout, VectorISHT
from deepsphere_pyg.models.forecast.field_network import FieldNetwork, refuse_parts
from samplings import Sampling
from samplings.arguments import integer_argument, integers_argument, positive_argument


class VorticityNetwork(FieldNetwork):
    r"""Step the vorticity of a flow without divergence by a learned tendency.

    .. math::
        \zeta(t + h) = K\Bigl(\zeta(t) + \int_t^{t+h} G\, F\bigl(\zeta, v, \nabla\zeta,
        g, \nabla g\bigr)\, dt\Bigr), \quad v = k \times \nabla \nabla^{-2} \zeta

    with a network F of single vertices, the wind v, which vorticity alone determines,
    known fields g, such as the sine of the latitude, and factors G and K of each
    degree, which are learned too. The integral is by steps of the classical Runge-Kutta
    method, so that F sees the winds and gradients of each moment. They are computed by
    harmonics, as is all that a vertex knows of others.

    Isotropic filters of vorticity alone cannot learn how a flow carries it: under a
    reflection of the sphere, an answer of theirs is reflected, whereas the tendency is
    reflected and changes its sign. Winds and gradients tell the two apart.

    Parameters
    ----------
    in_channels
        Channels of the input: the vorticity, then the known fields.
    sampling
        Sampling of the input and the output, of the whole sphere.
    L
        Bandlimit of the vorticity: degrees 0 ... L - 1.
    hidden
        Channels of the hidden layers of F, with GELU after each.
    substeps
        Steps of the integral.
    degree
        About that of most vorticity: winds are multiplied by it, and gradients divided,
        so that all inputs of F are of order one.
    method
        Of the analysis, as for :class:`~deepsphere_pyg.harmonics.SHT`.

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
    The mean of the vorticity is left as it is. A new network forecasts that nothing
    changes.

    Source: Chen et al. 2018, arXiv:1806.07366 (learned tendencies); Orszag 1970, J.
    Atmos. Sci. 27, 890 (products on a grid of fields that are known by harmonics).

    Equivariance: approximate, for rotations of the vorticity and the known fields
    together: F sees components of vectors towards south and east. It is exact, to the
    accuracy of the transforms, for rotations about the axis of the sampling that are
    symmetries of it.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> model = VorticityNetwork(2, GaussLegendre(8), L=8, hidden=(16,))
    >>> model(torch.zeros(5, 128, 2)).shape
    torch.Size([5, 128, 1])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        sampling: Sampling,
        *,
        L: SupportsIndex,
        hidden: Sequence[SupportsIndex] = (32, 32),
        substeps: SupportsIndex = 2,
        degree: SupportsFloat = 10.0,
        method: str = "auto",
    ) -> None:
        super().__init__(in_channels, 1, sampling)
        refuse_parts(sampling)
        self.L = integer_argument("L", L, 2)
        self.substeps = integer_argument("substeps", substeps, 1)
        peak = positive_argument("degree", degree, "pass a degree, such as 10")
        widths = integers_argument("hidden", hidden, 1)
        self._config = {
            "in_channels": self.in_channels,
            "L": self.L,
            "hidden": [*widths],
            "substeps": self.substeps,
            "degree": peak,
            "method": method,
        }
        self.to_rows = SHT(sampling, self.L, method=method)
        self.to_vertices = ISHT(sampling, self.L)
        self.to_vectors = VectorISHT(sampling, self.L)
        self.factors = _Factors(self.L, peak)
        # Itself, the wind, its gradient, and each known field with its gradient.
        sizes = (5 + 3 * (self.in_channels - 1), *widths)
        layers: list[nn.Module] = []
        for before, width in pairwise(sizes):
            layers += [nn.Linear(before, width), nn.GELU()]
        last = nn.Linear(sizes[-1], 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.tendency = nn.Sequential(*layers, last)
        self.gain = nn.Parameter(torch.ones(self.L))
        self.decay = nn.Parameter(torch.zeros(self.L))

    def forward(self, x: Tensor) -> Tensor:
        """Return the next vorticity, ``(*batch, vertex, 1)``."""
        x = self.checked_input(x)
        rows = self.to_rows(x)
        known = torch.cat([x[..., 1:], self.gradients(rows[..., 1:])], dim=-1)
        state = rows[..., :1]
        # The mean over the sphere does not change.
        free = (self.factors.degree > 0).to(x.dtype)
        gain, decay = (
            (factor[self.factors.degree] * free)[:, None]
            for factor in (self.gain, self.decay)
        )
        h = 1 / self.substeps
        for _ in range(self.substeps):
            one = gain * self.change(state, known)
            two = gain * self.change(state + 0.5 * h * one, known)
            three = gain * self.change(state + 0.5 * h * two, known)
            four = gain * self.change(state + h * three, known)
            state = state + h / 6 * (one + 2 * two + 2 * three + four)
            state = state * torch.exp(-h * decay)
        y: Tensor = self.to_vertices(state)
        return y

    def gradients(self, c: Tensor) -> Tensor:
        """Return gradients ``(*batch, vertex, 2 channels)`` of coefficients."""
        divergence = c * self.factors.laplacian / self.factors.peak
        pair = torch.stack([divergence, torch.zeros_like(c)], dim=-2)
        y: Tensor = self.to_vectors(pair)
        return y.flatten(-2)

    def change(self, state: Tensor, known: Tensor) -> Tensor:
        """Return coefficients of what the network makes of a moment.

        Parameters
        ----------
        state
            Coefficients of the vorticity, ``(*batch, L * L, 1)``.
        known
            Known fields and their gradients, ``(*batch, vertex, channel)``.
        """
        # Divergence and vorticity of two vector fields: the gradient, and the wind.
        divergence = state * self.factors.laplacian / self.factors.peak
        nothing = torch.zeros_like(state)
        both = torch.stack(
            [
                torch.cat([divergence, nothing], dim=-1),
                torch.cat([nothing, state * self.factors.peak], dim=-1),
            ],
            dim=-2,
        )
        vectors = self.to_vectors(both).flatten(-2)
        seen = torch.cat([self.to_vertices(state), vectors, known], dim=-1)
        c: Tensor = self.to_rows(self.tendency(seen))
        return c


class _Factors(Float64Tensors):
    """Degree of each row, and eigenvalues of the Laplacian."""

    degree: Tensor
    laplacian: Tensor

    def __init__(self, L: int, peak: float) -> None:
        super().__init__(None)
        degrees = HarmonicLayout(L).degrees
        self.peak = peak
        self.keep("laplacian", -(degrees * (degrees + 1.0))[:, None])
        self.register_buffer("degree", torch.from_numpy(np.array(degrees)), False)
