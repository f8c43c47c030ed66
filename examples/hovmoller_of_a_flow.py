"""
Waves that travel west: a Hovmöller diagram
===========================================

At the end you will have run the barotropic vorticity equation, the model of the first
numerical weather forecasts, for eight days, and will have seen in a diagram of
longitude and time that a long wave goes west, at the speed that Rossby found.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg.datasets import BarotropicVorticity
from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import GaussLegendre

L, hours, days = 16, 6, 8
model = BarotropicVorticity(L=L, step=7200.0)
grid = GaussLegendre(L=32)
to_map = ISHT(grid, L, dtype=torch.float64)

# %%
# A wave of degree 4 and order 3, and weak noise. Row l² + l + m has the coefficient of
# degree l and order m.

state = 1e-7 * torch.randn(
    L**2, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
state[0] = 0
state[4**2 + 4 + 3] = 2e-5
states = [state]
for _ in range(24 * days // hours):
    states.append(model.advanced(states[-1], hours=hours))
vorticity = 1e5 * to_map(torch.stack(states))[..., 0].numpy()

# %%
# The mean from 30 to 60 degrees north against longitude and time. A line shows the
# speed of a wave on a planet at rest, -2 Omega / (l (l + 1)) of an angle a second.

rings = vorticity.reshape(len(states), 32, -1)
lat = grid.lat.reshape(32, -1)[:, 0]
band = (lat > 30) & (lat < 60)
diagram = np.average(rings[:, band], axis=1, weights=np.cos(np.deg2rad(lat[band])))
lon = grid.lon.reshape(32, -1)[0]
time = np.arange(len(states)) * hours / 24
speed = -np.rad2deg(2 * 7.292e-5 / (4 * 5)) * 86400
print(f"Rossby's speed: {speed:.1f} degrees of longitude a day")

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
label = "vorticity ($10^{-5}$ s$^{-1}$)"
title = f"vorticity after {days} days"
draw_map(axes[0], grid, vorticity[-1], title=title, label=label, cmap="RdBu_r")
largest = np.abs(diagram).max()
shown = axes[1].pcolormesh(
    lon, time, diagram, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="nearest"
)
crest = lon[diagram[0].argmax()]
for turn in range(-3, 4):
    axes[1].plot(crest + 120 * turn + speed * time, time, "k--", linewidth=2)
axes[1].set(
    xlim=(0, 357), xlabel="longitude (degree)", ylabel="time (day)", title="30 to 60° N"
)
axes[1].invert_yaxis()
figure.colorbar(shown, ax=axes[1], label=label)
plt.show()
