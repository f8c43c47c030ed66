"""
Smoothing a part of the sky
===========================

At the end you will have smoothed a map that is known on a part of the sphere, in three
ways. If unknown pixels count as zero, the map darkens towards the border; the mean over
the known pixels under the beam does not. Unknown pixels inside are left out alike.
"""

import healpy
import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import GaussianSmoothing
from deepsphere_pyg.plot import draw_map
from samplings import HEALPix

sphere = HEALPix(nside=16)
random = np.random.default_rng(0)
np.random.seed(0)  # noqa: NPY002 (healpy draws with NumPy's global generator)
spectrum = 1 / (1 + np.arange(33)) ** 2
ring = healpy.synfast(spectrum, 16, lmax=32)
sky = 3 + healpy.reorder(ring / ring.std(), r2n=True)

# %%
# The survey covers a cap without the band of the galaxy, and bright sources are cut
# out.

galaxy = np.abs(sphere.lat - 10 * np.sin(np.deg2rad(sphere.lon))) < 12
survey = sphere[(sphere.lat > -40) & ~galaxy]
x = sky[(sphere.lat > -40) & ~galaxy].copy()
x[random.random(len(x)) < 0.03] = np.nan

fwhm = np.deg2rad(20)
signal = torch.tensor(x, dtype=torch.float32)[:, None]
smoothed = {
    boundary: GaussianSmoothing(survey, fwhm, boundary=boundary)(signal)[:, 0].numpy()
    for boundary in ("zero", "normalized", "reflecting")
}

# %%
# The truth is the whole sky smoothed, which a survey does not know.

whole = torch.tensor(sky, dtype=torch.float32)[:, None]
truth = GaussianSmoothing(sphere, fwhm)(whole)[:, 0].numpy()
truth = truth[(sphere.lat > -40) & ~galaxy]
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
draw_map(axes[0, 0], survey, x, title="map", limits=(0, 6))
for panel, (name, values) in zip(axes.flat[1:], smoothed.items(), strict=True):
    error = np.sqrt(np.nanmean((values - truth) ** 2))
    title = f"{name}: error {error:.2f}"
    draw_map(panel, survey, values, title=title, limits=(0, 6))
    print(title)
plt.show()
