"""
Find cyclones and atmospheric rivers
====================================

Segment generated weather: find its cyclones and atmospheric rivers.

A U-Net on a HEALPix graph learns from 160 maps of 16 channels. The script shows the
steps of the command ``deepsphere-pyg segment`` in plain PyTorch, and ends with a
picture of one test map. With ``--small`` it runs in seconds and the network learns next
to nothing.
"""

import argparse

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader
from tqdm import trange

from deepsphere_pyg.datasets import CachedMaps, ClimateEvents, input_statistics
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.plot import draw_classes, draw_map
from deepsphere_pyg.training.evaluation import predict
from samplings import HEALPix

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_maps, epochs = (8, 4, 1) if args.small else (32, 160, 12)

# %%
# Maps are drawn from continuous fields, so any other sampling would do as well.
sampling = HEALPix(nside)
train = CachedMaps(ClimateEvents(sampling, n_maps, seed=0))
test = ClimateEvents(sampling, max(2, n_maps // 10), seed=1)

# %%
# The network owns graphs of four resolutions, and the coarsenings between them.
torch.manual_seed(0)
network = SphericalUNet(
    len(train.channel_names), len(train.class_names), sampling, configuration=SMALL
)
network.standardize.fit_(*input_statistics(train))

# %%
# With equal areas, the plain mean over vertices is the mean over the sphere.
optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
loader = DataLoader(train, batch_size=4, shuffle=True)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=4e-3, total_steps=epochs * len(loader)
)
for epoch in (bar := trange(epochs, desc="epochs")):
    network.train()
    for x, y, _ in loader:
        loss = torch.nn.functional.cross_entropy(network(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    bar.set_postfix(epoch=epoch, loss=f"{loss.item():.3f}")

prediction = predict(network, test)
scores = prediction.scores(test.class_names, sampling.weights)
print(f"mean average precision {100 * scores.mean_average_precision:.1f} %")

figure, axes = plt.subplots(1, 3, figsize=(15, 3.4), layout="compressed")
vapour = test[0].x[:, test.channel_names.index("TMQ")]
draw_map(axes[0], sampling, vapour, title="water vapour", label="vapour (kg / m²)")
for panel, title, classes in (
    (axes[1], "truth", prediction.truth[0]),
    (axes[2], "found", prediction.probability[0].argmax(axis=1)),
):
    draw_classes(panel, sampling, classes, test.class_names, title=title)
if args.picture:
    figure.savefig(args.picture, dpi=110)
plt.show()
