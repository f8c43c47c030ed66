"""Tropical cyclones, and disturbances that look like them at single points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.weather.air import DENSITY, Air
from deepsphere_pyg.datasets.weather.sphere import (
    FloatArray,
    carried,
    coriolis,
    distance,
    unit,
    window,
    within,
)

VORTEX_REACH = 950.0  # km, where a vortex ends

VortexKind = Literal["cyclone", "streak", "displaced"]


@dataclass(frozen=True, eq=False)
class Vortex:
    r"""A warm-core low with the pressure and wind of Holland's profile.

    .. math:: p(r) = -\Delta p \left(1 - e^{-x}\right), \quad x = (r_m / r)^B, \quad
        V(r) = \sqrt{\frac{B \Delta p}{\rho} x e^{-x} + \frac{r^2 f^2}{4}}
        - \frac{r \|f\|}{2}

    both times a smooth window that ends at 950 km. The wind turns anticlockwise in the
    north and clockwise in the south. The window reduces balance: centrifugal and
    Coriolis forces carry 0.89 of the pressure gradient at the radius of maximum wind,
    0.71 at twice, and 0.52 at three times that radius (means of 89 cyclones).

    Attributes
    ----------
    centre
        Unit vector.
    depth
        Pressure deficit of the centre in Pa, before the window and the background.
    radius
        Radius of maximum wind r_m in km.
    shape
        Holland's B.
    size
        Radius of the labelled disk in km.
    warmth
        Warm anomaly of the centre at 500 hPa in K.
    moisture
        Water vapour above the surroundings in kg/m2.
    kind
        ``cyclone`` is a tropical cyclone. The others are not labelled: ``streak`` has
        the pressure, warmth, rain and wind *speed* of a cyclone, but its wind blows
        one way; ``displaced`` has its whirl beside its low, as if sheared apart.
    direction
        Tangent at the centre: direction of the wind of a streak, or of the whirl of a
        displaced one.

    Source
    ------
    Holland (1980), An analytic model of the wind and pressure profiles in hurricanes,
    Monthly Weather Review 108, equations 2 and 5.
    """

    centre: FloatArray
    depth: float
    radius: float
    shape: float
    size: float
    warmth: float
    moisture: float
    kind: VortexKind
    direction: FloatArray

    def _profile(self, r: FloatArray) -> FloatArray:
        """Holland's x at a distance in km; large but finite at the centre."""
        x: FloatArray = (self.radius / np.maximum(r, 1.0)) ** self.shape
        return x

    def speed(self, r: FloatArray) -> FloatArray:
        """Gradient wind in m/s at distances in km."""
        x = self._profile(r)
        turning = 0.5e3 * r * abs(float(coriolis(self.centre[2])))
        square = self.shape * self.depth / DENSITY * x * np.exp(-x) + turning**2
        return (np.sqrt(square) - turning) * window(r / VORTEX_REACH)

    def wind(self, xyz: FloatArray) -> FloatArray:
        """Wind vectors in m/s, shape ``(V, 3)``."""
        centre = self.centre
        if self.kind == "displaced":
            centre = unit(centre + 0.09 * self.direction)
        speed = self.speed(distance(xyz, centre))[:, None]
        if self.kind == "streak":
            return speed * carried(self.direction, xyz)
        around = np.cross(np.sign(self.centre[2]) * centre, xyz)
        return speed * unit(around)

    def add_to(self, air: Air, xyz: FloatArray) -> None:
        """Add the disturbance to the air at points ``(V, 3)``."""
        # A displaced whirl is 0.09 rad = 573 km away from the centre.
        at = within(xyz, self.centre, VORTEX_REACH + 600)
        if not len(at):
            return
        points = xyz[at]
        air.add_wind(at, self.wind(points))
        r = distance(points, self.centre)
        edge = window(r / VORTEX_REACH)
        # 1 - exp(-x) falls from 1 at the centre to 0 far away.
        air.pressure[at] += self.depth * np.expm1(-self._profile(r)) * edge
        core = np.exp(-0.5 * (r / (1.4 * self.radius)) ** 2) * edge
        wide = np.exp(-0.5 * (r / (2.2 * self.radius)) ** 2) * edge
        air.t500[at] += self.warmth * core
        air.t200[at] += 0.8 * self.warmth * core
        air.z200[at] += 18 * self.warmth * wide
        air.water[at] += self.moisture * wide
        air.humidity[at] += 0.12 * wide
        air.rain[at] *= np.exp(2.6 * wide)
        air.rain[at] += 3e-8 * self.warmth * core

    def inside(self, xyz: FloatArray) -> npt.NDArray[np.bool_]:
        """True at the points ``(V, 3)`` of a cyclone's labelled disk."""
        inside = np.zeros(len(xyz), dtype=bool)
        at = within(xyz, self.centre, 1.05 * self.size)
        if self.kind == "cyclone":
            inside[at] = distance(xyz[at], self.centre) <= self.size
        return inside
