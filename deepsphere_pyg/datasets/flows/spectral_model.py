"""Base of spectral models of flows on the rotating sphere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows.stepping import damping_rates, runge_kutta_step
from deepsphere_pyg.harmonics import ISHT, SHT, VectorISHT, VectorSHT
from samplings import GaussLegendre
from samplings.arguments import (
    integer_argument,
    nonnegative_argument,
    positive_argument,
)


class SpectralModel(ABC):
    """Base of :class:`BarotropicVorticity` and :class:`ShallowWater`.

    States are coefficients in real harmonics, ``(..., L * L, runs)``. Products are
    computed on a Gauss-Legendre grid of 3 L / 2 rings, on which those of two fields
    are analysed without aliasing.
    """

    def __init__(
        self,
        L: SupportsIndex,
        step: SupportsFloat,
        damping_hours: SupportsFloat | None,
        damping_order: SupportsIndex,
        radius: SupportsFloat,
        rotation: SupportsFloat,
    ) -> None:
        self.L = integer_argument("L", L, 3)
        self.step = positive_argument("step", step, "pass seconds, such as 1800")
        self.radius = positive_argument("radius", radius, "pass metres")
        self.rotation = nonnegative_argument(
            "rotation", rotation, "pass radian per second"
        )
        order = integer_argument("damping_order", damping_order, 1)
        hours = None
        if damping_hours is not None:
            remedy = "pass hours, or None for no damping"
            hours = positive_argument("damping_hours", damping_hours, remedy)
        self.sampling = GaussLegendre((3 * self.L + 1) // 2)
        self._analysis = SHT(self.sampling, self.L, dtype=torch.float64)
        self._synthesis = ISHT(self.sampling, self.L, dtype=torch.float64)
        self._vectors = VectorSHT(
            self.sampling, self.L, radius=self.radius, dtype=torch.float64
        )
        self._fields = VectorISHT(
            self.sampling, self.L, radius=self.radius, dtype=torch.float64
        )
        degree = torch.arange(self.L, dtype=torch.float64)
        degrees = degree.repeat_interleave((2 * degree + 1).long())[:, None]
        self._laplacian = -degrees * (degrees + 1) / self.radius**2
        # A factor for each step, exact for this linear part.
        rates = (
            torch.zeros(1, 1) if hours is None else damping_rates(self.L, hours, order)
        )
        self._damping = torch.exp(-self.step * rates)
        self._coriolis = 2 * self.rotation * torch.tensor(self.sampling.xyz[:, 2:])

    def curl_and_divergence(self, wind: Tensor) -> tuple[Tensor, Tensor]:
        """Return coefficients of the vorticity and divergence of winds on the grid."""
        self._refuse_broken(wind)
        divergence, vorticity = self._vectors(wind).unbind(-2)
        return vorticity, divergence

    def wind_of(self, vorticity: Tensor, divergence: Tensor) -> Tensor:
        """Return winds on the grid, ``(vertex, 2, runs)``, south and east."""
        wind: Tensor = self._fields(torch.stack([divergence, vorticity], dim=-2))
        return wind

    @abstractmethod
    def tendency(self, state: Tensor) -> Tensor:
        """Return the derivative in time of a state, without damping."""

    def stepped(self, state: Tensor) -> Tensor:
        """Return the state a step later.

        Raises
        ------
        ValueError
            If it is no longer finite, since the step is too long.
        """
        later = runge_kutta_step(self.tendency, state, self.step) * self._damping
        self._refuse_broken(later)
        return later

    def advanced(self, state: Tensor, hours: SupportsFloat) -> Tensor:
        """Return the state some hours later.

        Parameters
        ----------
        state
            Coefficients.
        hours
            A multiple of the step.

        Raises
        ------
        ValueError
            If the hours are not a multiple of the step; as :meth:`stepped`.
        """
        for _ in range(self.steps_of(hours)):
            state = self.stepped(state)
        return state

    def steps_of(self, hours: SupportsFloat) -> int:
        """Return the number of steps in some hours."""
        seconds = 3600 * nonnegative_argument("hours", hours, "pass a number of hours")
        steps = round(seconds / self.step)
        if abs(steps * self.step - seconds) > 1e-6 * self.step:
            raise ValueError(
                f"hours must be a multiple of the step of {self.step:g} s, got "
                f"{seconds / 3600:g}; choose a step that divides them"
            )
        return steps

    def _refuse_broken(self, values: Tensor) -> None:
        if not torch.isfinite(values).all():
            raise ValueError(
                f"the flow is no longer finite with steps of {self.step:g} s; pass a "
                "shorter step, or slower winds"
            )
