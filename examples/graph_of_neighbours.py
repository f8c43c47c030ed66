"""
The graph of nearest neighbours
===============================

At the end you will have drawn the links of two graphs and their weights. With ``k=8``
every vertex is linked with the 8 nearest others, and with all that are as near as the
eighth, so that the graph has every symmetry of the sampling. The fitted weights of
links make the Laplacian treat directions as alike as these links allow.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

from deepsphere_pyg.plot import STYLE_FILE
from samplings import HEALPix, Icosahedral, knn_graph

# %%
# The view is from above the equator; links at the back are left out.

eye, right, up = np.eye(3)
plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(1, 2, figsize=(11, 5.4), layout="constrained")
for panel, sampling in zip(
    axes, (HEALPix(6, nest=False), Icosahedral(level=2)), strict=True
):
    graph = knn_graph(sampling, k=8)
    links = graph.adjacency.tocoo()
    ends = np.stack([sampling.xyz[links.row], sampling.xyz[links.col]], axis=1)
    seen = (ends @ eye > 0).all(axis=1)
    weights = links.data[seen] / links.data.mean()
    lines = LineCollection(
        np.stack([ends[seen] @ right, ends[seen] @ up], axis=-1),
        array=weights,
        cmap="viridis_r",
        linewidths=0.4 + 1.2 * weights,
    )
    panel.add_collection(lines)
    points = sampling.xyz[sampling.xyz @ eye > 0]
    panel.scatter(points @ right, points @ up, s=9, color="black", zorder=3)
    panel.set(aspect="equal", xlim=(-1.03, 1.03), ylim=(-1.03, 1.03))
    panel.axis("off")
    counts = np.diff(graph.adjacency.tocsr().indptr)
    panel.set_title(f"{sampling.name}: {counts.min()} to {counts.max()} neighbours")
    print(graph, "has", graph.n_components, "component")
    figure.colorbar(lines, ax=panel, shrink=0.6, label="weight over the mean")
plt.show()
