"""
A PyTorch Geometric network with one import changed
===================================================

Train a network written for PyTorch Geometric, with one import changed.

The network below, its graphs and its training use only PyTorch Geometric: ``Data``,
``DataLoader``, and ``ChebConv`` called with ``edge_index`` and ``edge_weight``. It is
trained to find cyclones and atmospheric rivers in generated weather, once with
``torch_geometric.nn.ChebConv`` and once with the ``ChebConv`` of
``deepsphere_pyg.layers.graph.pyg``, from the same weights on the same batches, in
alternation. The picture shows that the losses are equal, and the time of a training
step with each. With ``--small`` the script runs in seconds.
"""

import argparse
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import ChebConv as TheirChebConv
from tqdm import tqdm

from deepsphere_pyg import to_data
from deepsphere_pyg.datasets import ClimateEvents
from deepsphere_pyg.layers.graph.pyg import ChebConv as OurChebConv
from deepsphere_pyg.plot import STYLE_FILE
from samplings import HEALPix, knn_graph

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_maps, epochs = (8, 6, 1) if args.small else (32, 16, 4)


class Network(nn.Module):
    """Classify vertices; ``ChebConv`` is the only name with a changed import."""

    def __init__(self, ChebConv: type[nn.Module]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [ChebConv(16, 32, K=4), ChebConv(32, 32, K=4), ChebConv(32, 3, K=4)]
        )

    def forward(self, data: Data) -> torch.Tensor:
        """Return the logits of each vertex."""
        x = data.x
        for conv in self.convs[:-1]:
            x = conv(x, data.edge_index, data.edge_weight).relu()
        return self.convs[-1](x, data.edge_index, data.edge_weight)


# %%
# Each map becomes a graph of PyTorch Geometric; its loader joins them to batches.
maps = ClimateEvents(HEALPix(nside), n_maps, seed=0)
graph = to_data(knn_graph(maps.sampling, k=8))
fields = torch.stack([maps[i][0] for i in range(n_maps)])
mean, std = fields.mean(dim=(0, 1)), fields.std(dim=(0, 1))
weights = {"edge_index": graph.edge_index, "edge_weight": graph.edge_weight}
dataset = [
    Data((maps[i][0] - mean) / std, y=maps[i][1], **weights) for i in range(n_maps)
]

torch.manual_seed(0)
networks = {
    "torch_geometric.nn.ChebConv": Network(TheirChebConv),
    "deepsphere_pyg ChebConv": Network(OurChebConv),
}
theirs, ours = networks.values()
ours.load_state_dict(theirs.state_dict())
optimizers = {
    name: torch.optim.Adam(network.parameters(), lr=5e-3)
    for name, network in networks.items()
}
losses: dict[str, list[float]] = {name: [] for name in networks}
seconds: dict[str, list[float]] = {name: [] for name in networks}
for _ in range(epochs):
    for batch in tqdm(DataLoader(dataset, batch_size=2, shuffle=True), desc="batches"):
        for name, network in networks.items():
            start = time.perf_counter()
            loss = nn.functional.cross_entropy(network(batch), batch.y)
            optimizers[name].zero_grad()
            loss.backward()
            optimizers[name].step()
            losses[name].append(loss.item())
            seconds[name].append(time.perf_counter() - start)

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(
    1, 2, figsize=(10, 3.8), layout="constrained", squeeze=False
)
loss_panel, time_panel = axes[0]
for name, colour, style in zip(
    networks, ("#cc3311", "#0077bb"), ("-", "--"), strict=True
):
    milliseconds = 1e3 * np.array(seconds[name])
    first, median = milliseconds[0], np.median(milliseconds[1:])
    print(f"{name:28} {median:8.1f} ms per step, {first:.1f} ms for the first")
    label = f"{name}, median {median:.0f} ms"
    loss_panel.plot(losses[name], style, color=colour, label=name)
    time_panel.plot(milliseconds, style, color=colour, label=label)
loss_panel.set(xlabel="step", ylabel="cross-entropy")
time_panel.set(xlabel="step", ylabel="time of a training step in ms", yscale="log")
for panel in (loss_panel, time_panel):
    panel.legend()
ratios = np.divide(*(np.array(values)[1:] for values in seconds.values()))
print(f"steps are {np.median(ratios):.1f} times as fast, median over pairs of steps")
their_losses, our_losses = (np.array(values) for values in losses.values())
difference = np.abs(our_losses / their_losses - 1).max()
print(f"largest relative difference of losses {difference:.1e}")
# Sums in a different order in float32, and tens of steps of Adam, make a difference.
if difference > 1e-2:
    raise SystemExit("the losses should be the same")
if args.picture:
    figure.savefig(args.picture, dpi=120)
plt.show()
