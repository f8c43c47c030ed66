"""
From stations to a grid
=======================

At the end you will have spread values at scattered stations over a grid in three ways:
the nearest station, means over the areas that cells share, and a fit of harmonics.
Which is best depends on how smooth the field is, and how far apart stations are.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.plot import draw_map
from samplings import Equiangular, Irregular, Transfer

random = np.random.default_rng(0)
lon = random.uniform(-180, 180, 400)
lat = np.rad2deg(np.arcsin(random.uniform(-1, 1, 400)))
stations, grid = Irregular.from_lonlat(lon, lat), Equiangular(n_theta=36)


def field(sampling):
    """Return a temperature that falls to the poles, with waves along the parallels."""
    x, y, z = sampling.xyz.T
    return 28 - 45 * z**2 + 6 * x * y * (1 + z) + 8 * (x**3 - 3 * x * y**2)


# %%
# Values at the stations have errors of one degree.

values = field(stations) + random.normal(size=len(stations))
nearest = np.argmax(grid.xyz @ stations.xyz.T, axis=1)
L = 8
to_coefficients = SHT(stations, L, method="least-squares", dtype=torch.float64)
coefficients = to_coefficients(torch.tensor(values)[:, None])
guesses = {
    "nearest station": values[nearest],
    "shared areas": Transfer.conservative(stations, grid).pooling() @ values,
    f"harmonics of degrees below {L}": ISHT(grid, L, dtype=torch.float64)(coefficients)
    .squeeze(-1)
    .numpy(),
}

figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
style = {"label": "temperature (°C)", "limits": (-20, 35), "cmap": "RdYlBu_r"}
draw_map(axes[0, 0], stations, values, title="cells of the stations", **style)
for panel, (name, guess) in zip(axes.flat[1:], guesses.items(), strict=True):
    squares = np.average((guess - field(grid)) ** 2, weights=grid.weights)
    title = f"{name}: error {np.sqrt(squares):.2f} °C"
    draw_map(panel, grid, guess, title=title, **style)
    print(title)
plt.show()
