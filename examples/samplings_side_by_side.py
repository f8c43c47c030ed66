"""
Samplings side by side
======================

At the end you will have seen six samplings of about 800 points from above a latitude of
30 degrees, with the area that each point stands for. Points of a grid of latitudes and
longitudes crowd at the poles; those of the others are spread evenly, in different ways.
"""

import matplotlib.pyplot as plt
import numpy as np

from deepsphere_pyg.plot import STYLE_FILE
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
)

samplings = [
    HEALPix(nside=8),
    Icosahedral(level=3),
    Fibonacci(n=800),
    CubedSphere(n=12),
    Equiangular(n_theta=20),
    GaussLegendre(L=20),
]

# %%
# Axes of the picture: towards the eye, to the right, and upwards.

lon, lat = np.deg2rad([20, 30])
eye = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
right = np.array([-np.sin(lon), np.cos(lon), 0])
up = np.cross(eye, right)

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 3, figsize=(10, 7), layout="constrained")
for panel, sampling in zip(axes.flat, samplings, strict=True):
    seen = sampling.xyz @ eye > 0
    x, y = (sampling.xyz[seen] @ axis for axis in (right, up))
    mean = 4 * np.pi / len(sampling)
    areas = sampling.weights[seen] / mean
    panel.add_patch(plt.Circle((0, 0), 1, color="0.95", zorder=0))
    shown = panel.scatter(x, y, s=14, c=areas, vmin=0, vmax=2, cmap="viridis")
    panel.set(aspect="equal", title=f"{sampling.name}, {len(sampling)} points")
    panel.axis("off")
    extremes = sampling.weights.min() / mean, sampling.weights.max() / mean
    print(
        f"{sampling.name:24} areas {extremes[0]:.2f} to {extremes[1]:.2f} of the mean"
    )
bar = figure.colorbar(shown, ax=axes, shrink=0.6, orientation="horizontal", aspect=40)
bar.set_label("area of a point over the mean")
plt.show()
