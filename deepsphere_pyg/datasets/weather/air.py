"""The state of the air, and its 16 channels."""

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

    Weather systems change them in place, at the points they reach.
    """

    sin_lat: FloatArray  # sine of the latitude
    east: FloatArray  # unit vectors, (V, 3)
    north: FloatArray
    u: FloatArray  # wind to the east at 850 hPa, m/s
    v: FloatArray  # wind to the north
    water: FloatArray  # water vapour of the column, kg/m2
    humidity: FloatArray  # relative humidity near the surface, from 0 to 1
    pressure: FloatArray  # at sea level, Pa
    t_surface: FloatArray  # temperature 2 m above the surface, K
    t500: FloatArray  # temperature at 500 hPa
    t200: FloatArray
    rain: FloatArray  # rate of precipitation, m/s
    z200: FloatArray  # height of the 200 hPa surface, m
    orography: FloatArray  # height of the surface, m
    gusts: FloatArray  # disturbances of the wind at the lowest level, m/s, (2, V)
    skin: FloatArray  # surface minus air temperature, K
    lowest: FloatArray  # disturbance of the height of the lowest level, m

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
        scale = GAS_CONSTANT_OVER_GRAVITY
        surface = self.pressure * np.exp(-self.orography / (scale * t_surface))
        vapour = 610.8 * np.exp(
            17.27 * (t_surface - 273.15) / (t_surface - 35.86)
        )  # Pa
        humidity = np.clip(self.humidity, 0.15, 1.0)
        # Smooth bounds: 66 kg/m2 of water (little changes below 50), 6e-6 m/s of rain.
        water = np.maximum(self.water, 0.3) * np.exp(-self.orography / 5000)
        fields = {
            "TMQ": water / (1 + (water / 66) ** 8) ** 0.125,
            "U850": self.u,
            "V850": self.v,
            "UBOT": cos * self.u - sin * self.v + self.gusts[0],
            "VBOT": sin * self.u + cos * self.v + self.gusts[1],
            "QREFHT": 0.622 * humidity * vapour / surface,
            "PS": surface,
            "PSL": self.pressure,
            "T200": self.t200,
            "T500": self.t500,
            "PRECT": self.rain / (1 + self.rain / 6e-6),
            "TS": t_surface + self.skin,
            "TREFHT": t_surface,
            "Z1000": scale * self.t_surface * np.log(self.pressure / 1e5),
            "Z200": self.z200,
            "ZBOT": 64.0 * t_surface / 288 + self.lowest,
        }
        return np.stack([fields[name] for name in CAM5_CHANNELS], axis=1)
