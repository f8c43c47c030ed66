"""
Rotating a map without a loss
=============================

At the end you will have rotated a map twelve times, back to where it was, by its
coefficients and by taking the nearest pixel. Coefficients of a degree are mixed by a
Wigner matrix, so that nothing is lost. Pixels that are moved lose detail each time.
"""

import healpy
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.spatial import cKDTree

from deepsphere_pyg.harmonics import ISHT, Rotation, from_healpy, rotate
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import HEALPix

L, sampling = 25, HEALPix(nside=16)
np.random.seed(1)  # noqa: NPY002 (healpy draws with NumPy's global generator)
spectrum = np.where(np.arange(L) > 0, (1.0 + np.arange(L)) ** -2, 0)
alm = torch.from_numpy(healpy.synalm(spectrum, lmax=L - 1))
coefficients = from_healpy(alm[None])
to_map = ISHT(sampling, L, dtype=torch.float64)
start = to_map(coefficients)[:, 0].numpy()

# %%
# Twelve times 30 degrees about a tilted axis.


def turn(degrees):
    """Return the rotation by an angle about the axis."""
    half = np.deg2rad(degrees) / 2
    quaternion = [np.cos(half), 0.6 * np.sin(half), 0.0, 0.8 * np.sin(half)]
    return Rotation.from_quaternion(torch.tensor(quaternion, dtype=torch.float64))


# (R f)(x) = f(R^-1 x): each pixel takes the value at its place before the rotation.
step = turn(30)
before = cKDTree(sampling.xyz).query(sampling.xyz @ step.matrix().numpy())[1]

turned, pixels, errors = coefficients, start, []
for count in range(1, 13):
    turned, pixels = rotate(turned, step, L), pixels[before]
    by_coefficients = to_map(turned)[:, 0].numpy()
    truth = to_map(rotate(coefficients, turn(30 * count), L))[:, 0].numpy()
    errors.append([np.std(by_coefficients - truth), np.std(pixels - truth)])
    if count == 4:
        shown = by_coefficients, pixels
errors = np.array(errors) / start.std()
print(
    f"after a full turn: coefficients {errors[-1, 0]:.0e}, pixels {errors[-1, 1]:.2f}"
)

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
for panel, values, title in (
    (axes[0, 0], start, "map"),
    (axes[0, 1], shown[0], "turned by 120 degrees, by coefficients"),
    (axes[1, 0], shown[1], "the same, by nearest pixels"),
):
    draw_map(panel, sampling, values, title=title, cmap="RdBu_r", limits=(-2, 2))
steps = np.arange(1, 13)
axes[1, 1].semilogy(steps, errors[:, 1], "o-", label="nearest pixels")
axes[1, 1].semilogy(steps, errors[:, 0], "s-", label="coefficients")
axes[1, 1].set(xlabel="rotations by 30 degrees", ylabel="error over the spread")
axes[1, 1].legend()
plt.show()
