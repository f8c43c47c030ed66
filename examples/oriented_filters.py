"""
Oriented filters on discs
=========================

At the end you will have seen the functions of which DISCO convolutions (Ocampo, Price
and McEwen 2023, arXiv:2209.13603) learn their filters, and a filter made of them that
finds edges between east and west. A Chebyshev convolution has no such filters, since it
treats all directions alike.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import DiscoConv, PiecewiseLinearBasis, disco_operator
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import HEALPix

basis = PiecewiseLinearBasis(3, 4)
east, north = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101))
radius = np.hypot(east, north)
# Azimuths count from the south to the east.
azimuth = np.arctan2(east, -north)
values = basis.values(np.minimum(radius, 1).ravel(), azimuth.ravel())

# %%
# Which function lies in the east is told by its values, and the filter is the
# difference of the one in the east and the one in the west.

places = [np.sum(function * east.ravel()) for function in values]
layer = DiscoConv(1, 1, basis, bias=False)
with torch.no_grad():
    layer.weight.zero_()
    layer.weight[int(np.argmax(places))] = 1.0
    layer.weight[int(np.argmin(places))] = -1.0

sampling = HEALPix(nside=32)
operator = disco_operator(sampling, basis=basis)
blob = np.exp(-((np.degrees(np.arccos(sampling.xyz @ [1, 0, 0])) / 40) ** 8))
ring = np.exp(-(((sampling.lat - 55) / 8) ** 2))
signal = torch.tensor(blob + ring, dtype=torch.float32)[:, None]
with torch.no_grad():
    edges = layer(signal, operator)[:, 0].numpy()

plt.style.use(STYLE_FILE)
figure = plt.figure(figsize=(13, 5.4), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=(1, 1.3))
panels = above.subplots(1, 5, sharey=True)
for number, (panel, function) in enumerate(zip(panels, values, strict=True)):
    disc = np.where(radius <= 1, function.reshape(radius.shape), np.nan)
    shown = panel.imshow(disc, origin="lower", extent=(-1, 1, -1, 1), vmin=0, vmax=1)
    panel.set(title=f"function {number}", xlabel="east", xticks=(-1, 0, 1))
    panel.grid(visible=False)
panels[0].set(ylabel="north", yticks=(-1, 0, 1))
above.colorbar(shown, ax=panels, label="value", aspect=12)
left, right = below.subplots(1, 2)
draw_map(left, sampling, signal[:, 0].numpy(), title="signal")
title = "east minus west: a parallel has no edge"
draw_map(right, sampling, edges, title=title, cmap="RdBu_r", limits=(-0.6, 0.6))
plt.show()
