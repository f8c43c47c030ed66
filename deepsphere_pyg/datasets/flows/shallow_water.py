"""The shallow-water equations on the rotating sphere."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows.spectral_model import SpectralModel
from deepsphere_pyg.datasets.flows.standard_cases import (
    EARTH_RADIUS,
    EARTH_ROTATION,
    GRAVITY,
    FlowState,
)
from deepsphere_pyg.harmonics import wind_components
from samplings import Sampling
from samplings.arguments import (
    array_argument,
    function_argument,
    instance_argument,
    positive_argument,
)


class ShallowWater(SpectralModel):
    r"""The shallow-water equations: winds and the depth of one layer of fluid.

    .. math::
        \partial_t \zeta &= -\nabla \cdot \left( (\zeta + f)\, v \right), \\
        \partial_t \delta &= k \cdot \nabla \times \left( (\zeta + f)\, v \right)
            - \nabla^2 \left( \tfrac12 |v|^2 + g (h + b) \right), \\
        \partial_t h &= -\nabla \cdot (h v)

    with vorticity :math:`\zeta`, divergence :math:`\delta`, depth h and ground b in
    degrees below L, steps of the classical Runge-Kutta method, and hyperdiffusion.

    Parameters
    ----------
    L
        Bandlimit: a truncation T42 has L = 43.
    step
        Seconds. Gravity waves of a depth of 10 km move 313 m in a second: at T42, 600
        are stable.
    damping_hours
        Time in which degree L - 1 loses a factor e; None for no damping.
    damping_order
        Power of the Laplacian in the damping.
    radius
        Of the planet, in metres.
    rotation
        Of the planet, in radian per second.
    gravity
        Metres per second squared.
    mountain
        Function from a sampling to the height of the ground at its vertices in metres,
        shape ``(V,)``; by default it is flat.

    Attributes
    ----------
    sampling
        The Gauss-Legendre grid on which products are computed.

    Shapes
    ------
    State, vorticity and divergence in 1/s and depth in m: ``(3, L * L, runs)``,
    float64.

    Raises
    ------
    TypeError, ValueError
        If a number is not of its kind.

    Notes
    -----
    The mass is conserved to round-off; energy and potential enstrophy are not, but by
    damping and steps. Source: the vorticity-divergence form and test cases of
    Williamson et al. 1992, J. Comput. Phys. 102, 211.

    Equivariance: exact for rotations about the axis; for all rotations if
    ``rotation=0``.

    Examples
    --------
    >>> from deepsphere_pyg.datasets.flows import steady_zonal_flow
    >>> model = ShallowWater(L=16, step=1200, damping_hours=None)
    >>> start = model.start(steady_zonal_flow(model.sampling))
    >>> change = model.advanced(start, hours=24) - start
    >>> bool(change[2].abs().max() < 1e-6)
    True
    """

    def __init__(
        self,
        L: SupportsIndex = 43,
        *,
        step: SupportsFloat = 600.0,
        damping_hours: SupportsFloat | None = 24.0,
        damping_order: SupportsIndex = 2,
        radius: SupportsFloat = EARTH_RADIUS,
        rotation: SupportsFloat = EARTH_ROTATION,
        gravity: SupportsFloat = GRAVITY,
        mountain: Callable[[Sampling], npt.ArrayLike] | None = None,
    ) -> None:
        super().__init__(L, step, damping_hours, damping_order, radius, rotation)
        self.gravity = positive_argument("gravity", gravity, "pass m/s^2")
        heights = np.zeros(len(self.sampling))
        if mountain is not None:
            function_argument("mountain", mountain, "mountain(sampling)")
            heights = array_argument("mountain", mountain(self.sampling))
        if heights.shape != (len(self.sampling),) or not np.isfinite(heights).all():
            raise ValueError(
                f"mountain must return {len(self.sampling)} finite heights, one for "
                f"each vertex, got shape {heights.shape}; compute them at the vertices "
                "of the sampling that it is given"
            )
        self._ground = self._analysis(torch.tensor(heights)[:, None])

    def start(self, flow: FlowState) -> Tensor:
        """Return the state of a flow that is given at the vertices of the grid.

        Parameters
        ----------
        flow
            Winds and heights on :attr:`sampling`; its ground is that of the model.

        Returns
        -------
        Tensor
            Shape ``(3, L * L, 1)``.

        Raises
        ------
        TypeError, ValueError
            If it is no flow, lies on other vertices, or over another ground.
        """
        instance_argument("flow", flow, FlowState, "pass one of the standard cases")
        if len(flow.u) != len(self.sampling):
            raise ValueError(
                f"the flow must be given at the {len(self.sampling)} vertices of the "
                f"model's grid, got {len(flow.u)}; pass model.sampling to the case"
            )
        ground = self._analysis(torch.tensor(flow.mountain)[:, None])
        if not torch.allclose(ground, self._ground, rtol=0, atol=1e-6):
            raise ValueError(
                "the ground of the flow must be that of the model; pass mountain= to "
                "the model, as lambda sampling: flow_over_mountain(sampling).mountain"
            )
        u, v = (torch.tensor(part)[:, None] for part in (flow.u, flow.v))
        vorticity, divergence = self.curl_and_divergence(wind_components(u, v))
        depth = self._analysis(torch.tensor(flow.height)[:, None]) - ground
        return torch.stack([vorticity, divergence, depth])

    def balanced(self, vorticity: Tensor, depth: SupportsFloat = 1e4) -> Tensor:
        """Return states without divergence, whose divergence does not change at first.

        The depth is in nonlinear balance with the wind, so that a flow starts without
        large gravity waves.

        Parameters
        ----------
        vorticity
            Coefficients in 1/s, ``(L * L, runs)``.
        depth
            Mean depth in m.

        Returns
        -------
        Tensor
            Shape ``(3, L * L, runs)``.

        Raises
        ------
        ValueError
            If the depth would not be positive everywhere.
        """
        mean = positive_argument("depth", depth, "pass metres")
        nothing = torch.zeros_like(vorticity)
        wind = self.wind_of(vorticity, nothing)
        absolute = self._synthesis(vorticity) + self._coriolis
        curl, _ = self.curl_and_divergence(absolute[:, None] * wind)
        inverse = torch.where(self._laplacian < 0, 1 / self._laplacian, 0.0)
        head = inverse * curl - self._analysis((wind**2).sum(dim=1) / 2)
        layer = head / self.gravity - self._ground
        layer[0] = mean * (4 * torch.pi) ** 0.5
        least = float(self._synthesis(layer).min())
        if least <= 0:
            raise ValueError(
                f"the depth must be positive everywhere, got {least:.0f} m where it is "
                "least; pass a larger mean depth, or slower winds"
            )
        return torch.stack([vorticity, nothing, layer])

    def tendency(self, state: Tensor) -> Tensor:
        """Return the derivative in time of vorticity, divergence and depth."""
        vorticity, divergence, depth = state
        wind = self.wind_of(vorticity, divergence)
        absolute = self._synthesis(vorticity) + self._coriolis
        layer = self._synthesis(depth)
        runs = state.shape[-1]
        # One transform of both products.
        curl, spread = self.curl_and_divergence(
            torch.cat([absolute[:, None] * wind, layer[:, None] * wind], dim=-1)
        )
        bernoulli = self._analysis((wind**2).sum(dim=1) / 2)
        bernoulli = bernoulli + self.gravity * (depth + self._ground)
        return torch.stack(
            [
                -spread[:, :runs],
                curl[:, :runs] - self._laplacian * bernoulli,
                -spread[:, runs:],
            ]
        )

    def winds(self, state: Tensor) -> Tensor:
        """Return winds on the grid in m/s, ``(vertex, 2, runs)``, south and east."""
        vorticity, divergence, _ = state
        return self.wind_of(vorticity, divergence)

    def mass(self, state: Tensor) -> Tensor:
        """Return the mean depth of each run, in m."""
        # The harmonic of degree 0 is 1 / sqrt(4 pi).
        mean: Tensor = state[2, 0] / (4 * torch.pi) ** 0.5
        return mean

    def energy(self, state: Tensor) -> Tensor:
        """Return the mean energy of each run over that of a column, in m^3/s^2."""
        depth, ground = self._synthesis(state[2]), self._synthesis(self._ground)
        kinetic = depth * (self.winds(state) ** 2).sum(dim=1) / 2
        potential = self.gravity * ((depth + ground) ** 2 - ground**2) / 2
        return self._mean(kinetic + potential)

    def potential_enstrophy(self, state: Tensor) -> Tensor:
        """Return the mean of half the squared absolute vorticity over the depth."""
        absolute = self._synthesis(state[0]) + self._coriolis
        return self._mean(absolute**2 / (2 * self._synthesis(state[2])))

    def _mean(self, signal: Tensor) -> Tensor:
        """Return means over the sphere of products of three fields, nearly exact."""
        weights = torch.tensor(self.sampling.quadrature)[:, None]
        return (weights * signal).sum(dim=0) / (4 * torch.pi)
