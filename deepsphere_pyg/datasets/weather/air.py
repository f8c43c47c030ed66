"""State of the air, to which weather systems are added, and its 16 channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.climate.cam5 import CAM5_CHANNELS
from deepsphere_pyg.datasets.weather.sphere import FloatArray, dot

GAS_CONSTANT_OVER_GRAVITY = 29.27  # m/K, of dry air
DENSITY = 1.15  # kg/m3, near the surface


@dataclass
class Air:
    """Quantities at the points where a map is evaluated, each of shape ``(V,)``.

    Weather systems add to them in place, at the points they reach.

    Attributes
    ----------
    sin_lat
        Sine of the latitude.
    east, north
        Unit vectors, shape ``(V, 3)``.
    u, v
        Wind to the east and north at 850 hPa in m/s.
    water
        Water vapour of the column in kg/m2.
    humidity
        Relative humidity near the surface, from 0 to 1.
    pressure
        Pressure at sea level in Pa.
    t_surface, t500, t200
        Temperature 2 m above the surface, and at 500 and 200 hPa, in K.
    rain
        Rate of precipitation in m/s.
    z200
        Height of the 200 hPa surface in m.
    orography
        Height of the surface in m.
    gusts
        Disturbances of the wind at the lowest level in m/s, shape ``(2, V)``.
    skin
        Surface minus air temperature in K.
    lowest
        Disturbance of the height of the lowest level in m.
    """

    sin_lat: FloatArray
    east: FloatArray
    north: FloatArray
    u: FloatArray
    v: FloatArray
    water: FloatArray
    humidity: FloatArray
    pressure: FloatArray
    t_surface: FloatArray
    t500: FloatArray
    t200: FloatArray
    rain: FloatArray
    z200: FloatArray
    orography: FloatArray
    gusts: FloatArray
    skin: FloatArray
    lowest: FloatArray

    def add_wind(self, at: npt.NDArray[np.int64], wind: FloatArray) -> None:
        """Add tangent vectors ``(len(at), 3)`` in m/s to the wind at some points."""
        self.u[at] += dot(wind, self.east[at])
        self.v[at] += dot(wind, self.north[at])

    def channels(self) -> FloatArray:
        """Return the fields ``(V, 16)`` in the order of ``CAM5_CHANNELS``."""
        # Friction slows the wind and turns it towards low pressure, left in the north.
        turn = np.deg2rad(22.0) * np.tanh(self.sin_lat / 0.15)
        cos, sin = 0.72 * np.cos(turn), 0.72 * np.sin(turn)
        t_surface = self.t_surface - 0.0065 * self.orography
        surface = self.pressure * np.exp(
            -self.orography / (GAS_CONSTANT_OVER_GRAVITY * t_surface)
        )
        vapour_pressure = 610.8 * np.exp(
            17.27 * (t_surface - 273.15) / (t_surface - 35.86)
        )
        humidity = np.clip(self.humidity, 0.15, 1.0)
        # Water is bounded smoothly by 66 kg/m2 (below 50 this changes little), rain by
        # 6e-6 m/s.
        water = np.maximum(self.water, 0.3) * np.exp(-self.orography / 5000)
        fields = {
            "TMQ": water / (1 + (water / 66) ** 8) ** 0.125,
            "U850": self.u,
            "V850": self.v,
            "UBOT": cos * self.u - sin * self.v + self.gusts[0],
            "VBOT": sin * self.u + cos * self.v + self.gusts[1],
            "QREFHT": 0.622 * humidity * vapour_pressure / surface,
            "PS": surface,
            "PSL": self.pressure,
            "T200": self.t200,
            "T500": self.t500,
            "PRECT": self.rain / (1 + self.rain / 6e-6),
            "TS": t_surface + self.skin,
            "TREFHT": t_surface,
            "Z1000": GAS_CONSTANT_OVER_GRAVITY
            * self.t_surface
            * np.log(self.pressure / 1e5),
            "Z200": self.z200,
            "ZBOT": 64.0 * t_surface / 288 + self.lowest,
        }
        return np.stack([fields[name] for name in CAM5_CHANNELS], axis=1)
