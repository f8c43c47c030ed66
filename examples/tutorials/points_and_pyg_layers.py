"""
From points to a graph network with PyTorch Geometric's layers
==============================================================

At the end you will have linked scattered stations into a graph, put layers of PyTorch
Geometric and ours into one kind of network, trained them to tell the temperature at
stations that do not report, and compared them with the best linear estimate, which is
known here.
"""

# %%
# Points to a graph
# -----------------
#
# All that is needed are longitudes and latitudes. Each point stands for the area of its
# Voronoi cell; each is linked with its 8 nearest neighbours, and the weights of the
# links are fitted so that the Laplacian treats directions as alike as it can.

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GATv2Conv, GCNConv

from deepsphere_pyg import to_data
from deepsphere_pyg.datasets import TravellingAnomalies
from deepsphere_pyg.layers.graph.pyg import ChebConv
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import Irregular, knn_graph

random = np.random.default_rng(0)
n_stations, n_days = 300, 130
lon = random.uniform(-180, 180, n_stations)
lat = np.rad2deg(np.arcsin(random.uniform(-0.85, 0.95, n_stations)))
stations = Irregular.from_lonlat(lon, lat)
graph = knn_graph(stations, k=8)
print(graph)

# %%
# Reports
# -------
#
# Deviations of the temperature from normal travel east, decay and are renewed; each
# report has an error of 1 K. On each day three stations in ten do not report. The
# network sees the reports, zero where there is none, and which stations have reported.

weather = TravellingAnomalies(spread=4.0, length=10.0, noise=1.0)
reports = weather.sample(stations.xyz, n_days, seed=0)
reported = random.random(reports.shape) > 0.3
print(f"reports {reports.shape}, {100 * reported.mean():.0f} % of them known")

# %%
# :func:`~deepsphere_pyg.to_data` makes a ``Data`` object of PyTorch Geometric with the
# edges, their weights, the areas and the positions. Each day is one such graph. The
# offsets from source to target, as seen in space, are features of the edges.

shared = to_data(graph)
offsets = shared.pos[shared.edge_index[1]] - shared.pos[shared.edge_index[0]]
days = [
    Data(
        x=torch.tensor(np.stack([day * known, known], axis=1), dtype=torch.float32),
        y=torch.tensor(day, dtype=torch.float32),
        hidden=torch.tensor(~known),
        edge_index=shared.edge_index,
        edge_weight=shared.edge_weight,
        edge_attr=offsets / offsets.norm(dim=1).mean(),
    )
    for day, known in zip(reports, reported, strict=True)
]
train, test = days[:100], days[100:]

# %%
# Networks
# --------
#
# ``GCNConv`` and ``GATv2Conv`` are PyTorch Geometric's; ``ChebConv`` is ours, which is
# constructed and called like PyTorch Geometric's of that name, but builds the Laplacian
# once and is faster. All three normalise the weights of the edges. Layers that do not,
# such as ``GraphConv``, need weights of order one, whereas fitted weights grow with the
# resolution.


class Network(nn.Module):
    """Three layers of one kind; ``arguments`` of a graph go into each."""

    def __init__(
        self,
        layer: Callable[[int, int], nn.Module],
        arguments: Callable[[Data], dict[str, Tensor]],
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([layer(2, 16), layer(16, 16), layer(16, 1)])
        self.arguments = arguments

    def forward(self, data: Data) -> Tensor:
        """Return the estimate at each station."""
        x = data.x
        for layer in self.layers[:-1]:
            x = layer(x, data.edge_index, **self.arguments(data)).relu()
        return self.layers[-1](x, data.edge_index, **self.arguments(data)).squeeze(-1)


def edge_weight(data: Data) -> dict[str, Tensor]:
    """Return the fitted weights, by the name that layers give them."""
    return {"edge_weight": data.edge_weight}


torch.manual_seed(0)
networks = {
    "GCNConv": Network(GCNConv, edge_weight),
    "GATv2Conv": Network(
        lambda before, after: GATv2Conv(before, after, edge_dim=3),
        lambda data: {"edge_attr": data.edge_attr},
    ),
    "ChebConv (ours)": Network(
        lambda before, after: ChebConv(before, after, K=3), edge_weight
    ),
}

# %%
# The loader joins days to batches, as disjoint graphs. Only stations that did not
# report count in the loss, since they are what is asked for.


def estimates(network: Network, days: list[Data]) -> np.ndarray:
    """Return the estimates on each day, ``(day, station)``."""
    with torch.no_grad():
        return np.stack([network(day).numpy() for day in days])


for name, network in networks.items():
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-2)
    for _ in range(9):
        for batch in DataLoader(train, batch_size=8, shuffle=True):
            missed = (network(batch) - batch.y)[batch.hidden]
            optimizer.zero_grad()
            missed.square().mean().backward()
            optimizer.step()
    weights = sum(weight.numel() for weight in network.parameters())
    print(f"{name:16} {weights:5} weights, last loss {missed.square().mean():.2f} K²")

# %%
# How good can it be?
# -------------------
#
# The anomalies are Gaussian with a known covariance, so that the best estimate is
# known, too: it is linear in the reports (kriging). The error that all estimates share
# is that of the report itself, 1 K.

truth, unseen = reports[100:], ~reported[100:]
covariance = weather.covariance(stations.xyz, stations.xyz)
best = np.zeros_like(truth)
for estimate, day, known in zip(best, truth, ~unseen, strict=True):
    noisy = covariance[np.ix_(known, known)] + np.eye(known.sum())
    estimate[:] = covariance[:, known] @ np.linalg.solve(noisy, day[known])

found = {name: estimates(network, test) for name, network in networks.items()}
found = {"normal": np.zeros_like(truth), **found, "best linear": best}
errors = {
    name: float(np.sqrt(np.mean((estimate - truth)[unseen] ** 2)))
    for name, estimate in found.items()
}
print({name: round(error, 2) for name, error in errors.items()})

# %%
# The picture
# -----------

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.6), layout="constrained")
links = graph.adjacency.tocoo()
filled = np.where(unseen[0], found["ChebConv (ours)"][0], truth[0])
for panel, values, title in (
    (axes[0, 0], np.where(unseen[0], np.nan, truth[0]), "reports of one day"),
    (axes[0, 1], filled, "gaps filled by ChebConv"),
):
    draw_map(
        panel,
        stations,
        values,
        title=title,
        label="anomaly (K)",
        cmap="RdBu_r",
        limits=(-8, 8),
    )
around = np.where(stations.lon > 180, stations.lon - 360, stations.lon)
near = np.abs(around[links.row] - around[links.col]) < 180
axes[1, 0].plot(
    around[np.stack([links.row, links.col])][:, near],
    stations.lat[np.stack([links.row, links.col])][:, near],
    color="0.6",
    linewidth=0.4,
)
axes[1, 0].scatter(around, stations.lat, s=5, color="#0077bb", zorder=3)
axes[1, 0].set(
    xlabel="longitude (degree)", ylabel="latitude (degree)", title="the graph"
)
bars = axes[1, 1].barh(list(errors), list(errors.values()), height=0.6)
axes[1, 1].bar_label(bars, fmt="%.2f", padding=2)
axes[1, 1].axvline(1.0, color="0.3", linestyle=":", label="error of a report")
axes[1, 1].invert_yaxis()
axes[1, 1].set_xlabel("error at stations that did not report (K)")
axes[1, 1].legend()
plt.show()
