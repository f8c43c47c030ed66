"""
Where a vertex looks: weights of attention
==========================================

At the end you will have trained attention to neighbours on a wind that carries a field
eastwards, and drawn which neighbours a vertex looks at: those to the west, where its
next value comes from. Attention that is isotropic could not learn this.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import NeighbourAttention, Neighbourhoods
from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.plot import STYLE_FILE
from samplings import HEALPix, knn_graph

sampling, L = HEALPix(nside=8), 12
neighbours = Neighbourhoods(knn_graph(sampling, k=20))

# %%
# Fields, and the same six degrees further to the east. Orders m and -m turn into each
# other under a rotation about the axis.

random = torch.Generator().manual_seed(0)
coefficients = torch.randn(8, L**2, 1, generator=random)
degrees = np.repeat(np.arange(L), 2 * np.arange(L) + 1)
orders = torch.tensor(np.arange(L**2) - degrees**2 - degrees)
mirrored = torch.tensor(degrees**2 + degrees) - orders
angle = torch.deg2rad(torch.tensor(6.0)) * orders[:, None]
ahead = coefficients * angle.cos() - coefficients[:, mirrored] * angle.sin()
before, after = (ISHT(sampling, L)(part) for part in (coefficients, ahead))

torch.manual_seed(0)
layer = NeighbourAttention(1, 4, heads=1)
readout = torch.nn.Linear(4, 1)
parameters = [*layer.parameters(), *readout.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.03)
for _ in range(80):
    loss = (readout(layer(before, neighbours)) - after).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
staying = (before - after).square().mean()
print(f"mean square error {loss.detach():.3f}, of no change {staying:.3f}")

# %%
# Shares of attention: the softmax of scores by content, by position and by area.

vertex = int(np.argmax(sampling.xyz[:, 0]))
with torch.no_grad():
    query, key = layer.query(before[0, vertex]), layer.key(before[0])
    index = neighbours.index[vertex]
    scores = (key[index] @ query) / query.numel() ** 0.5
    scores += layer.position(neighbours.position[vertex])[:, 0]
    shares = (scores + neighbours.log_area[vertex]).softmax(0).numpy()
    moved = readout(layer(before[:1], neighbours))[0, :, 0]
east, north = neighbours.position[vertex].numpy().T * np.rad2deg(neighbours.radius)

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
shown = axes[0].scatter(east, north, s=3000 * shares + 10, c=shares, cmap="viridis_r")
axes[0].plot(0, 0, "r+", markersize=14)
axes[0].set(
    aspect="equal",
    xlabel="degrees east",
    ylabel="degrees north",
    title="attention of the vertex at the cross",
)
axes[0].margins(0.2)
figure.colorbar(shown, ax=axes[0], label="share of the attention")
order = np.argsort(sampling.lon)
ring = order[np.abs(sampling.lat[order]) < 1e-9]
for values, style, name in (
    (before[0, :, 0], "0.6", "field"),
    (after[0, :, 0], "k", "after the step"),
    (moved, "C1", "by attention"),
):
    axes[1].plot(sampling.lon[ring], values[ring], color=style, label=name)
axes[1].set(xlabel="longitude on the equator (degree)", ylabel="value", title="a step")
axes[1].legend()
plt.show()
