"""Flows without divergence on the rotating sphere."""

from __future__ import annotations

from typing import SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows.spectral_model import SpectralModel
from deepsphere_pyg.datasets.flows.standard_cases import EARTH_RADIUS, EARTH_ROTATION


class BarotropicVorticity(SpectralModel):
    r"""The barotropic vorticity equation: winds without divergence in one layer.

    .. math::
        \partial_t \zeta = -\nabla \cdot \left( (\zeta + f)\, v \right), \quad
        v = k \times \nabla \nabla^{-2} \zeta, \quad f = 2 \Omega \sin\varphi

    with the vorticity :math:`\zeta` in degrees below L, steps of the classical
    Runge-Kutta method, and hyperdiffusion of the highest degrees. It is the model of
    the first numerical weather forecasts.

    Parameters
    ----------
    L
        Bandlimit: a truncation T42 has L = 43.
    step
        Seconds. At T42, 1,800 are stable for winds of 100 m/s.
    damping_hours
        Time in which degree L - 1 loses a factor e; None for no damping.
    damping_order
        Power of the Laplacian in the damping.
    radius
        Of the planet, in metres.
    rotation
        Of the planet, in radian per second.

    Attributes
    ----------
    sampling
        The Gauss-Legendre grid on which products are computed.

    Shapes
    ------
    State, the vorticity in 1/s: ``(L * L, runs)``, float64.

    Raises
    ------
    TypeError, ValueError
        If a number is not of its kind.

    Notes
    -----
    Without damping, the truncated equations conserve energy, enstrophy and angular
    momentum; what is lost is the error of the steps. Source: Charney, Fjørtoft and von
    Neumann 1950, Tellus 2, 237; the transform method of Orszag 1970, J. Atmos. Sci. 27,
    890.

    Equivariance: exact for rotations about the axis; for all rotations if
    ``rotation=0``.

    Examples
    --------
    >>> from deepsphere_pyg.datasets.flows import random_vorticity
    >>> model = BarotropicVorticity(L=16)
    >>> start = random_vorticity(16, runs=2, seed=0)
    >>> end = model.advanced(start, hours=24)
    >>> bool((model.enstrophy(end) < model.enstrophy(start)).all())
    True
    """

    def __init__(
        self,
        L: SupportsIndex = 43,
        *,
        step: SupportsFloat = 1800.0,
        damping_hours: SupportsFloat | None = 24.0,
        damping_order: SupportsIndex = 2,
        radius: SupportsFloat = EARTH_RADIUS,
        rotation: SupportsFloat = EARTH_ROTATION,
    ) -> None:
        super().__init__(L, step, damping_hours, damping_order, radius, rotation)

    def tendency(self, state: Tensor) -> Tensor:
        """Return the derivative in time of the vorticity, in 1/s^2."""
        absolute = self._synthesis(state) + self._coriolis
        _, divergence = self.curl_and_divergence(absolute[:, None] * self.winds(state))
        return -divergence

    def winds(self, state: Tensor) -> Tensor:
        """Return winds on the grid in m/s, ``(vertex, 2, runs)``, south and east."""
        return self.wind_of(state, torch.zeros_like(state))

    def energy(self, state: Tensor) -> Tensor:
        """Return the mean kinetic energy per unit mass of each run, in m^2/s^2."""
        inverse = torch.where(self._laplacian < 0, -1 / self._laplacian, 0.0)
        return (inverse * state**2).sum(dim=0) / (8 * torch.pi)

    def enstrophy(self, state: Tensor) -> Tensor:
        """Return half the mean squared vorticity of each run, in 1/s^2."""
        return (state**2).sum(dim=0) / (8 * torch.pi)
