"""
A filter given degree by degree
===============================

At the end you will have a band-pass filter on a graph that meets a response given for
each degree of spherical harmonics, and will have seen what it makes of an impulse and
of noise. A filter of K terms costs K - 1 sums over edges, with no transform.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import DepthwiseChebConv, laplacian_operator
from deepsphere_pyg.plot import STYLE_FILE, draw_map, filter_gains
from samplings import HEALPix, degree_filter, knn_graph, laplacian

sampling = HEALPix(nside=16)
matrix = laplacian(knn_graph(sampling, k=20))


def band(degree):
    """Let pass degrees around 10."""
    return np.exp(-(((degree - 10) / 3) ** 2)) - np.exp(-((10 / 3) ** 2)) * (
        degree == 0
    )


# %%
# :func:`~samplings.degree_filter` returns the Chebyshev coefficients of the filter,
# which are the weights of a convolution without learning.

coefficients = degree_filter(matrix, band, tolerance=1e-3)
operator = laplacian_operator(matrix)
layer = DepthwiseChebConv(1, K=len(coefficients), bias=False)
with torch.no_grad():
    layer.weight.copy_(torch.from_numpy(coefficients[:, None]))
print(f"{len(coefficients)} terms")

noise = np.random.default_rng(0).normal(size=(len(sampling), 1))
impulse = np.zeros((len(sampling), 1))
vertex = int(np.argmax(sampling.xyz[:, 0]))
impulse[vertex] = 1 / sampling.weights[vertex]
signals = torch.tensor(np.stack([noise, impulse]), dtype=torch.float32)
with torch.no_grad():
    filtered_noise, response = layer(signals, operator)[..., 0].double().numpy()

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
colours = {"cmap": "RdBu_r", "limits": (-10, 10)}
draw_map(axes[0, 0], sampling, noise[:, 0], title="noise", cmap="RdBu_r")
draw_map(axes[0, 1], sampling, filtered_noise, title="filtered noise", cmap="RdBu_r")
draw_map(axes[1, 0], sampling, response, title="filtered impulse", **colours)
degrees = np.arange(32)
gains = filter_gains(response[None], sampling, vertex, L=32)[0]
axes[1, 1].plot(degrees, band(degrees), "k--", label="asked for")
axes[1, 1].plot(degrees, gains, "o", markersize=4, label="of the filter")
axes[1, 1].set(xlabel="degree", ylabel="gain")
axes[1, 1].legend()
plt.show()
