"""Atmospheric rivers, and moist air masses that look like them at single points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.weather.air import DENSITY, Air
from deepsphere_pyg.datasets.weather.sphere import (
    Curve,
    FloatArray,
    carried,
    coriolis,
    distance,
    within,
)

# Moisture, wind and front end at this distance from the centre line, in widths.
BAND_REACH = 3.5


@dataclass(frozen=True)
class MoistAir:
    """The moist air of a river or a blob."""

    width: float  # km to where the moisture is halved: half the labelled width
    moisture: float  # water vapour above the surroundings on the centre line, kg/m2
    speed: float  # of the low-level jet, m/s
    cooling: float  # behind the cold front at 500 hPa, K

    def add_to(
        self,
        air: Air,
        at: npt.NDArray[np.int64],
        across: FloatArray,
        cold: FloatArray,
        strength: FloatArray,
        direction: FloatArray,
    ) -> None:
        """Add the flow to the air at the points of the indices ``at``.

        ``across`` is their distance from the centre line and ``cold`` their offset to
        its cold side, in widths; ``strength`` multiplies all anomalies and is 1 in the
        middle of a river; the flow has the unit vectors ``direction``, ``(n, 3)``.
        """
        edge = strength * np.maximum(1 - (across / BAND_REACH) ** 2, 0) ** 2
        moist = edge * np.exp2(-(across**2))
        jet = edge * np.exp2(-((across / 1.1) ** 2))
        behind = edge * np.exp(-0.5 * ((cold - 1.6) / 0.7) ** 2)
        air.water[at] *= 1 - 0.25 * behind
        air.water[at] += self.moisture * moist
        air.humidity[at] += 0.1 * moist - 0.08 * behind
        air.rain[at] *= np.exp(1.2 * moist)
        air.rain[at] += 3e-9 * self.moisture * moist**2
        air.add_wind(at, (self.speed * jet)[:, None] * direction)
        f = np.abs(coriolis(air.sin_lat[at]))
        slope = DENSITY * f * self.speed * 1e3 * self.width
        air.pressure[at] -= slope * edge * np.tanh(cold)
        air.t500[at] -= self.cooling * behind - 0.4 * self.cooling * moist
        air.t_surface[at] -= 1.3 * self.cooling * behind - 0.5 * self.cooling * moist
        air.z200[at] += 12 * self.cooling * edge * np.tanh(-cold)


@dataclass(frozen=True, eq=False)
class River:
    """A long, narrow band of moist air that flows along its centre line."""

    curve: Curve  # centre line, in the direction of the flow
    air: MoistAir
    labelled: bool  # False if it is too short to be an atmospheric river

    def _width(self, position: FloatArray) -> FloatArray:
        """Width in km, a fifth narrower towards the ends."""
        return self.air.width * (0.8 + 0.8 * position * (1 - position))

    def add_to(self, air: Air, xyz: FloatArray) -> None:
        """Add the river to the air at points ``(V, 3)``."""
        at = self.curve.near(xyz, BAND_REACH * self.air.width)
        if not len(at):
            return
        nearest = self.curve.nearest(xyz[at])
        width = self._width(nearest.position)
        # Cold air lies to the left of a poleward flow in the north.
        cold = np.sign(self.curve.middle[2]) * nearest.left / width
        # Weaker towards the pole, where the water has rained out.
        strength = 1.1 - 0.35 * nearest.position
        self.air.add_to(
            air, at, nearest.distance / width, cold, strength, nearest.direction
        )

    def inside(self, xyz: FloatArray) -> npt.NDArray[np.bool_]:
        """True at the points ``(V, 3)`` of the labelled band."""
        inside = np.zeros(len(xyz), dtype=bool)
        at = self.curve.near(xyz, 1.05 * self.air.width)
        if self.labelled and len(at):
            nearest = self.curve.nearest(xyz[at])
            inside[at] = nearest.distance <= self._width(nearest.position)
        return inside


@dataclass(frozen=True, eq=False)
class Blob:
    """A broad, round mass of moist air with the values of a river, but not its shape.

    The squared distance from the centre plays the role of a river's distance from its
    centre line, so that each value covers the same share of the area in both.
    """

    centre: FloatArray  # unit vector
    radius: float  # where the moisture is halved, km
    air: MoistAir
    direction: FloatArray  # of the flow: tangent at the centre
    strength: float  # factor of all anomalies

    def add_to(self, air: Air, xyz: FloatArray) -> None:
        """Add the blob to the air at points ``(V, 3)``."""
        at = within(xyz, self.centre, self.radius * np.sqrt(BAND_REACH))
        if not len(at):
            return
        points = xyz[at]
        across = (distance(points, self.centre) / self.radius) ** 2
        side = np.sign(self.centre[2]) * np.cross(self.centre, self.direction)
        azimuth = carried(-self.centre, points) @ -side
        cold = across * np.tanh(3 * azimuth)
        strength = np.full(len(at), self.strength)
        flow = carried(self.direction, points)
        self.air.add_to(air, at, across, cold, strength, flow)
