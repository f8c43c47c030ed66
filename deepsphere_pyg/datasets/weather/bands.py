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

# Distance in widths from the centre line where moisture, wind and front end.
BAND_REACH = 3.5


@dataclass(frozen=True)
class MoistAir:
    """The moist air of a river or a blob.

    Attributes
    ----------
    width
        Distance in km at which the moisture has fallen to a half: half the labelled
        width.
    moisture
        Water vapour above the surroundings on the centre line, in kg/m2.
    speed
        Speed of the low-level jet in m/s.
    cooling
        Cooling behind the cold front at 500 hPa in K.
    """

    width: float
    moisture: float
    speed: float
    cooling: float

    def add_to(
        self,
        air: Air,
        at: npt.NDArray[np.int64],
        across: FloatArray,
        cold: FloatArray,
        strength: FloatArray,
        direction: FloatArray,
    ) -> None:
        """Add the flow at the points ``at``.

        Parameters
        ----------
        air
            Changed in place.
        at
            Indices of the points.
        across
            Distance from the centre line in widths.
        cold
            Offset to the cold side of the centre line in widths.
        strength
            Factor of all anomalies, 1 in the middle of the river.
        direction
            Unit vectors of the flow, shape ``(len(at), 3)``.
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
    """A long, narrow band of moist air that flows along its centre line.

    Attributes
    ----------
    curve
        Centre line, in the direction of the flow.
    air
        Its moist air.
    labelled
        Whether it is an atmospheric river, or too short to be one.
    """

    curve: Curve
    air: MoistAir
    labelled: bool

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

    Attributes
    ----------
    centre
        Unit vector.
    radius
        Radius in km at which the moisture has fallen to a half.
    air
        Its moist air.
    direction
        Tangent at the centre in the direction of its flow.
    strength
        Factor of all anomalies.
    """

    centre: FloatArray
    radius: float
    air: MoistAir
    direction: FloatArray
    strength: float

    def add_to(self, air: Air, xyz: FloatArray) -> None:
        """Add the blob to the air at points ``(V, 3)``."""
        at = within(xyz, self.centre, self.radius * np.sqrt(BAND_REACH))
        if not len(at):
            return
        points = xyz[at]
        across = (distance(points, self.centre) / self.radius) ** 2
        side = np.sign(self.centre[2]) * np.cross(self.centre, self.direction)
        azimuth = carried(-self.centre, points) @ -side
        self_cold = across * np.tanh(3 * azimuth)
        self.air.add_to(
            air,
            at,
            across,
            self_cold,
            np.full(len(at), self.strength),
            carried(self.direction, points),
        )
