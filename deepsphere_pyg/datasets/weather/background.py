"""The weather without cyclones and rivers: climate, waves, fronts and lows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsphere_pyg.datasets.weather.air import DENSITY, Air
from deepsphere_pyg.datasets.weather.plane_waves import PlaneWaves
from deepsphere_pyg.datasets.weather.sphere import (
    EARTH_RADIUS,
    FloatArray,
    coriolis,
    distance,
    dot,
    east_north,
    unit,
    within,
)

GRAVITY = 9.81  # m/s2
STREAMFUNCTION = 1.05e7  # m2/s, standard deviation in the storm tracks
# Distance in radii from the centre where a low ends, at 7e-10 of its depth.
LOW_REACH = 6.5
# Random fields: their peak wave number, and the slopes of their spectra below and
# above it.
SPECTRA = {
    "streamfunction": (9, 1.0, 4.5),
    "displacement": (7, 0.8, 4.0),
    "moisture": (12, 0.3, 1.8),
    "humidity": (12, 0.0, 1.5),
    "convection": (25, 0.3, 1.5),
    "surface": (10, 0.0, 2.0),
    "skin": (10, 0.0, 2.0),
    "t500": (10, 0.0, 2.0),
    "t200": (10, 0.0, 2.0),
    "z200": (8, 0.0, 3.0),
    "tropics": (10, 0.0, 2.0),
    "orography": (6, 0.0, 2.5),
    "gust_u": (25, 0.0, 1.5),
    "gust_v": (25, 0.0, 1.5),
    "lowest": (10, 0.0, 2.0),
}
NOISE = tuple(SPECTRA)


def bell(x: FloatArray, centre: float, width: float) -> FloatArray:
    """Gaussian of unit height."""
    return np.exp(-0.5 * ((x - centre) / width) ** 2)


@dataclass(frozen=True, eq=False)
class Low:
    """An extratropical cyclone: a cold-core whirl that bends the front.

    Attributes
    ----------
    centre
        Unit vector.
    depth
        Pressure below the surroundings in Pa.
    radius
        Distance of the strongest wind in km.
    """

    centre: FloatArray
    depth: float
    radius: float


class Background:
    """Climate, planetary and synoptic waves, fronts, and noise of one map.

    Parameters
    ----------
    rng
        Source of randomness.
    season
        From -1 (northern winter) to 1 (northern summer).
    lows
        Extratropical cyclones.
    """

    def __init__(
        self, rng: np.random.Generator, season: float, lows: tuple[Low, ...]
    ) -> None:
        self.season = season
        self.lows = lows
        self.equator = 8.0 * season  # latitude of the thermal equator
        self.front = 43.0 + 5 * rng.uniform(-1, 1, 2)  # south, north
        self.jet = rng.uniform(7, 12, 2)
        self.warmth = rng.normal(0, 1)
        self.waves = PlaneWaves(rng, 220, 1.5, 64.0)
        columns = [self.waves.amplitudes(*SPECTRA[name]) for name in NOISE]
        self._amplitudes = np.concatenate(
            [*columns, self.waves.gradient(columns[0])], axis=1
        )

    def evaluate(self, xyz: FloatArray) -> Air:
        """Return the air at points ``(V, 3)``."""
        values = self.waves.evaluate(xyz, self._amplitudes)
        noise = dict(zip(NOISE, values, strict=False))
        east, north = east_north(xyz)
        z = xyz[:, 2]
        lat = np.rad2deg(np.arctan2(z, np.hypot(xyz[:, 0], xyz[:, 1])))
        away = np.abs(lat)
        storms = bell(away, 47, 17)

        # -- waves: a streamfunction, its rotational wind and balanced pressure -----
        strength = STREAMFUNCTION * (0.30 + 0.70 * storms)  # m2/s
        slope = -STREAMFUNCTION * 0.70 * storms * (away - 47) / 17**2 * np.sign(lat)
        psi = strength * noise["streamfunction"]
        gradient = values[len(NOISE) :].T
        metres = 1e3 * EARTH_RADIUS
        u = -(strength / metres) * dot(gradient, north)
        u -= np.rad2deg(slope * noise["streamfunction"]) / metres
        v = (strength / metres) * dot(gradient, east)
        f = coriolis(z)

        # -- climate: trades, westerlies and the pressure belts ---------------------
        hemisphere = np.where(lat > 0, self.jet[1], self.jet[0])
        u += hemisphere * bell(away, 44, 12) - 6 * bell(away, 14, 9)
        u -= 2.5 * bell(away, 74, 8)
        v -= 2.0 * np.tanh((lat - self.equator) / 6) * bell(lat, self.equator, 12)
        pressure = (
            101150.0
            + 850 * bell(away, 31, 11)
            - np.where(lat > 0, 700, 1600) * bell(away, 62, 12)
            - 350 * bell(lat, self.equator, 9)
            + DENSITY * f * psi
            + 70 * noise["tropics"]
        )

        # -- extratropical cyclones -------------------------------------------------
        displacement = (2.2 + 6.5 * storms) * noise["displacement"]  # degrees north
        for low in self.lows:
            at = within(xyz, low.centre, LOW_REACH * low.radius)
            points = xyz[at]
            r = distance(points, low.centre) / low.radius
            shape = low.depth * np.exp(-0.5 * r**2)
            pressure[at] -= shape
            speed = shape / (
                DENSITY * coriolis(low.centre[2]) * 1e3 * low.radius
            )  # signed: anticlockwise in the north
            # To first order, the accuracy of a balanced whirl of this size, centre x
            # point is r times the unit vector around the centre.
            scale = EARTH_RADIUS / low.radius
            around = np.cross(low.centre, points) * scale
            u[at] += speed * dot(around, east[at])
            v[at] += speed * dot(around, north[at])
            ahead = unit(np.array([-low.centre[1], low.centre[0], 0.0]))
            displacement[at] += (
                np.sign(low.centre[2]) * 5.5 * (shape / 3000) * scale * (points @ ahead)
            )

        # -- temperature and moisture at the origin of the air ----------------------
        origin = lat - displacement
        warm = np.sin(np.deg2rad(np.clip(origin - 0.5 * self.equator, -90, 90))) ** 2
        front = np.where(lat > 0, self.front[1], self.front[0])
        step = np.tanh((np.abs(origin) - front) / 2.5)
        winter = np.maximum(0, -self.season * z) * warm
        t_surface = 300.0 + self.warmth - 34 * warm - 4.5 * step - 14 * winter
        t_surface += 1.6 * noise["surface"]
        t500 = 267.0 + 0.7 * self.warmth - 24 * warm - 3.5 * step - 6 * winter
        t500 += 1.3 * noise["t500"]
        t200 = 219.0 + 2 * warm - 4 * winter + (1 + 2 * warm) * noise["t200"]
        z200 = 12400.0 - 1000 * warm - 120 * step - 200 * winter
        z200 += (20 + 100 * storms) * noise["z200"] + 1.3 * f * psi / GRAVITY

        itcz = self.equator + 3 * noise["displacement"]
        water = 4.0 + 40 * bell(origin - 0.7 * self.equator, 0, 23)
        water -= 8 * bell(np.abs(lat - self.equator), 21, 7)
        water += 11 * bell(lat - itcz, 0, 5) * (1 + 0.4 * noise["convection"])
        water -= (1.0 + 2.5 * storms) * step
        water *= np.exp(0.24 * noise["moisture"])
        rain = 1.6e-8 * (np.maximum(water, 1) / 28) ** 1.5
        rain = rain * np.exp(1.1 * noise["convection"] + 0.5 * noise["moisture"])
        lifted = np.maximum(noise["orography"] - 0.7, 0)
        return Air(
            sin_lat=z,
            east=east,
            north=north,
            u=u,
            v=v,
            water=water,
            humidity=0.76 + 0.08 * noise["humidity"] + 0.06 * noise["moisture"],
            pressure=pressure,
            t_surface=t_surface,
            t500=t500,
            t200=t200,
            rain=rain,
            z200=z200,
            orography=700 * lifted**2 / (0.5 + lifted),
            gusts=1.3 * np.stack([noise["gust_u"], noise["gust_v"]]),
            skin=0.8 + 1.4 * noise["skin"],
            lowest=0.6 * noise["lowest"],
        )
