"""
Posteriors of two parameters from maps
======================================

Posteriors of an amplitude and a tilt from maps, and how much of them is lost.

Gaussian maps on HEALPix have the power spectrum A (l / 6)^n and white noise. A graph
network reduces each map to four numbers, and is trained together with a Gaussian
mixture to predict the posterior of A and n from them. That posterior is known here: the
likelihood of a Gaussian map is a function of its power spectrum. So the script tells
what the network loses: the ratio of the two standard deviations, and the logarithm of
the density at the true parameters, both over maps that it was not trained with.

Trained for a minute on one core, the network's standard deviations are 1.07 (A) and
1.12 (n) times the exact ones (medians over 400 maps), and the density at the true
parameters is lower by a factor of exp(0.15) on average. The picture shows the posterior
of one map with the ellipses of the Fisher forecast at the true parameters, by the
formula F_ab = sum_l (2 l + 1) / 2 dlnC/da dlnC/db. With ``--small`` the script runs in
seconds and the network learns nothing. The picture needs corner: pip install
'deepsphere-pyg[inference]'.
"""

import argparse

import healpy
import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import SphericalClassifier
from deepsphere_pyg.inference import MutualInformationLoss
from deepsphere_pyg.plot import posterior_corner
from deepsphere_pyg.training import fit
from samplings import HEALPix

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_maps, n_test, epochs = (4, 48, 16, 1) if args.small else (8, 6000, 400, 16)

# %%
# Priors of A and n are uniform in a box.
LOW, HIGH, NAMES = np.array([0.5, -3.0]), np.array([2.0, 0.0]), ["A", "n"]
PIVOT, NOISE = 6, 0.3
degrees = np.arange(2, 2 * nside)
draw = np.random.default_rng(0)


def spectrum(theta):
    """Power of signal and noise at each degree from 2, parameters ``(..., 2)``."""
    amplitude, tilt = theta[..., :1], theta[..., 1:]
    return amplitude * (degrees / PIVOT) ** tilt + NOISE


def simulate(theta):
    """Draw a map in nested order, and measure its power spectrum."""
    power = np.concatenate([[0, 0], spectrum(theta)])
    orders = healpy.Alm.getlm(len(power) - 1)[1]
    size = healpy.Alm.getsize(len(power) - 1)
    normal = draw.normal(size=(2, size)) * np.where(orders > 0, 0.5**0.5, [[1], [0]])
    alm = healpy.almxfl(normal[0] + 1j * normal[1], np.sqrt(power))
    values = healpy.alm2map(alm, nside, lmax=len(power) - 1)
    return healpy.reorder(values, r2n=True), healpy.alm2cl(alm)[2:]


theta = draw.uniform(LOW, HIGH, size=(n_maps, 2))
maps, measured = (np.array(part) for part in zip(*map(simulate, theta), strict=True))
torch.manual_seed(0)
network = SphericalClassifier(1, 4, HEALPix(nside), widths=(16, 32), K=5)
trained = fit(
    network,
    maps[..., None],
    theta,
    loss=MutualInformationLoss(2),
    validation=n_test / n_maps,
    epochs=epochs,
    batch_size=32,
    learning_rate=3e-3,
)

# %%
# The exact posterior, on a grid in the box of the prior.
axes = np.linspace(LOW, HIGH, 151).T
grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
powers = spectrum(grid)
exact_std, exact_log = [], []
for truth, power in zip(theta[-n_test:], measured[-n_test:], strict=True):
    terms = (2 * degrees + 1) / 2 * (power / powers + np.log(powers))
    density = np.exp(terms.sum(-1).min() - terms.sum(-1))
    density /= density.sum()
    mean = np.einsum("ij,ijk->k", density, grid)
    exact_std.append(np.sqrt(np.einsum("ij,ijk->k", density, (grid - mean) ** 2)))
    cell = np.prod((HIGH - LOW) / 150)
    place = tuple(np.rint((truth - LOW) / (HIGH - LOW) * 150).astype(int))
    exact_log.append(np.log(density[place] / cell))

posterior = trained.task.posterior(maps[-n_test:, :, None], batch_size=50)
ratio = np.median(posterior.std.numpy() / np.array(exact_std), axis=0)
right = torch.tensor(theta[-n_test:], dtype=torch.float32)
lost = posterior.log_prob(right).mean().item() - np.mean(exact_log)
print(f"standard deviations over the exact ones: {ratio.round(3)}")
print(f"logarithm of the density at the truth, less the exact one: {lost:.3f}")

# %%
# Fisher matrix at the true parameters of one map, away from the edges of the prior.
offset = np.abs((theta[-n_test:] - (LOW + HIGH) / 2) / (HIGH - LOW)).max(axis=1)
chosen = int(offset.argmin())
truth = theta[-n_test:][chosen]
slopes = np.stack(
    [(degrees / PIVOT) ** truth[1], (spectrum(truth) - NOISE) * np.log(degrees / PIVOT)]
)
slopes /= spectrum(truth)
fisher = (slopes * (2 * degrees + 1) / 2) @ slopes.T
samples = posterior[chosen].sample(20_000, torch.Generator().manual_seed(0))
figure = plt.figure(figsize=(5.4, 5.4))
posterior_corner(
    samples, NAMES, truth=truth, covariance=np.linalg.inv(fisher), figure=figure
)
if args.picture:
    figure.savefig(args.picture, dpi=150)
plt.show()
