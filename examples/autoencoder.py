"""
Compress maps to an eighth
==========================

Compress maps to an eighth: an autoencoder of residual blocks and learned pooling.

The maps are the rain of generated weather, less the mean map of the training. An
encoder of residual blocks goes down three levels of HEALPix by learned pooling, to
eight channels on one pixel of 64, and a decoder comes back by learned unpooling. The
error is compared with that of spherical harmonics of as many coefficients, a linear
code that treats all places alike. Rain is patchy: of a spread of 8.3 mm a day the
network misses 4.2 and harmonics 4.5 (one run, less than a minute on one core). Of
smooth fields, such as the water vapour, harmonics miss less than this network.

The script ends with a picture of a test map, of both reconstructions and of their
errors. With ``--small`` it runs in seconds and the network learns next to nothing.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from deepsphere_pyg import (
    ChebConv,
    LearnedPool,
    LearnedUnpool,
    ResidualBlock,
    WithOperator,
    child_pooling_operator,
    child_unpooling_operator,
    laplacian_operator,
)
from deepsphere_pyg.datasets import CAM5, ClimateEvents
from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.plot import draw_map
from deepsphere_pyg.training import fit
from samplings import HEALPix, build_pyramid

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_maps, epochs = (8, 8, 1) if args.small else (16, 240, 15)
WIDTHS, CODE = (16, 32, 64, 64), 8
RAIN, MM_A_DAY = CAM5.channel_names.index("PRECT"), 86400e3

sampling = HEALPix(nside)
pyramid = build_pyramid(sampling, depth=len(WIDTHS), k=8)
laplacians = [laplacian_operator(graph) for graph in pyramid.graphs]


def draw(count, seed):
    """Return maps of rain in mm a day, ``(count, V, 1)``."""
    weather = ClimateEvents(sampling, count, seed=seed)
    maps = np.stack([weather[i].x.numpy() for i in range(count)])
    return MM_A_DAY * maps[..., [RAIN]]


def block(level):
    """Return a residual block, which is the identity at first."""
    width = WIDTHS[level]
    layer = ResidualBlock(width, width, K=3, normalization="none", scale=0.0)
    return WithOperator(layer, laplacians[level])


def conv(in_channels, out_channels, level):
    """Return a convolution at a level."""
    return WithOperator(ChebConv(in_channels, out_channels, K=3), laplacians[level])


torch.manual_seed(0)
down, up = [], []
for level, coarsening in enumerate(pyramid.coarsenings):
    fine, coarse = WIDTHS[level : level + 2]
    pooling = child_pooling_operator(coarsening)
    pool = LearnedPool(fine, coarse, pooling.n_terms)
    down += [block(level), WithOperator(pool, pooling)]
    unpooling = child_unpooling_operator(coarsening)
    unpool = LearnedUnpool(coarse, fine, unpooling.n_terms)
    up = [WithOperator(unpool, unpooling), block(level), *up]
last = len(WIDTHS) - 1
encoder = nn.Sequential(conv(1, WIDTHS[0], 0), *down, conv(WIDTHS[last], CODE, last))
decoder = nn.Sequential(conv(CODE, WIDTHS[last], last), *up, conv(WIDTHS[0], 1, 0))
autoencoder = nn.Sequential(encoder, decoder)

train, test = draw(n_maps, seed=0), draw(max(2, n_maps // 10), seed=1)
mean = train.mean(axis=0)
trained = fit(
    autoencoder,
    train - mean,
    train - mean,
    sampling=sampling,
    epochs=epochs,
    batch_size=8,
    learning_rate=4e-3,
)
found = mean + trained.predict(test - mean)

# %%
# The largest bandlimit whose coefficients are not more than the numbers of the code.
numbers = CODE * len(pyramid.graphs[-1].sampling)
L = int(numbers**0.5)
to_code, to_map = SHT(sampling, L), ISHT(sampling, L)
smooth = mean + to_map(to_code(torch.from_numpy(test - mean))).numpy()

results = {f"autoencoder, {numbers} numbers": found, f"harmonics, {L**2}": smooth}
print(f"maps of {len(sampling)} pixels, of which those of the test deviate from the")
print(f"mean of the training by {np.sqrt(np.mean((test - mean) ** 2)):.2f} mm a day")
for name, maps in results.items():
    print(f"{name}: error {np.sqrt(np.mean((maps - test) ** 2)):.2f} mm a day")

figure, panels = plt.subplots(
    2, 3, figsize=(13, 5.2), layout="constrained", squeeze=False
)
truth = test[0, :, 0]
options = {
    "limits": (float(truth.min()), float(np.quantile(truth, 0.995))),
    "label": "rain (mm a day)",
}
draw_map(panels[0, 0], sampling, truth, title="rain", **options)
panels[1, 0].axis("off")
for column, (name, maps) in enumerate(results.items(), start=1):
    draw_map(panels[0, column], sampling, maps[0, :, 0], title=name, **options)
    largest = float(np.quantile(np.abs(smooth[0, :, 0] - truth), 0.995))
    draw_map(
        panels[1, column],
        sampling,
        maps[0, :, 0] - truth,
        title="error",
        label="error (mm a day)",
        cmap="RdBu_r",
        limits=(-largest, largest),
    )
if args.picture:
    figure.savefig(args.picture, dpi=110)
plt.show()
