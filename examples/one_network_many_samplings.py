"""
One network on many samplings
=============================

Train on one sampling and run on others, since weights act on channels, not pixels.

A small U-Net learns on HEALPix; the same weights then segment the same weather on an
icosahedral and an equiangular grid and on points scattered at random. The picture shows
one map on all four. Weights move well between even samplings of similar resolution.
Where the density of points varies, the Laplacian of nearest neighbours differs, and the
weights need training there. With ``--small`` the script runs in seconds and the network
learns next to nothing.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import trange

from deepsphere_pyg.datasets import CachedMaps, ClimateEvents, input_statistics
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.plot import draw_classes
from deepsphere_pyg.training.evaluation import predict
from samplings import Equiangular, HEALPix, Icosahedral, Irregular

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, level, n_theta, n_maps, epochs = (
    (8, 3, 16, 4, 1) if args.small else (32, 5, 64, 160, 12)
)

# %%
# Four samplings of about the same number of points.
healpix = HEALPix(nside)
points = np.random.default_rng(0).normal(size=(len(healpix), 3))
points /= np.linalg.norm(points, axis=1, keepdims=True)
others = [Icosahedral(level), Equiangular(n_theta), Irregular(points)]

torch.manual_seed(0)
train = CachedMaps(ClimateEvents(healpix, n_maps, seed=0))
network = SphericalUNet(16, 3, healpix, configuration=SMALL)
network.standardize.fit_(*input_statistics(train))
optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
loader = DataLoader(train, batch_size=4, shuffle=True)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=4e-3, total_steps=epochs * len(loader)
)
for _ in trange(epochs, desc="epochs"):
    network.train()
    for x, y, _mask in loader:
        loss = torch.nn.functional.cross_entropy(network(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

# %%
# The seed fixes the weather; each sampling evaluates the same continuous fields.
figure, axes = plt.subplots(
    2, 2, figsize=(11, 6.6), layout="constrained", squeeze=False
)
for panel, sampling in zip(axes.ravel(), [healpix, *others], strict=True):
    moved = network.with_sampling(sampling)
    test = ClimateEvents(sampling, max(1, n_maps // 10), seed=1)
    prediction = predict(moved, test, progress=False)
    scores = prediction.scores(test.class_names, sampling.weights)
    score = f"mAP {100 * scores.mean_average_precision:.1f} %"
    print(f"{sampling.name:24} {len(sampling):6} vertices  {score}")
    draw_classes(
        panel,
        sampling,
        prediction.probability[0].argmax(axis=1),
        test.class_names,
        title=f"{sampling.name}: {score}",
    )
if args.picture:
    figure.savefig(args.picture, dpi=110)
plt.show()
