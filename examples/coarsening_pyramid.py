"""
A pyramid of coarser samplings
==============================

At the end you will have pooled a map down three levels, by means over areas and by
maxima, as networks do. Means conserve the integral over the sphere; maxima keep what
stands out, here a cyclone, whose rain is a few pixels wide.
"""

import matplotlib.pyplot as plt
import numpy as np

from deepsphere_pyg import MaxPool, MeanPool, pooling_operator
from deepsphere_pyg.datasets import CAM5_CHANNELS, ClimateEvents
from deepsphere_pyg.plot import draw_map
from samplings import HEALPix, build_pyramid

sampling = HEALPix(nside=32)
# The graphs of coarser levels would serve convolutions; here only poolings are needed.
pyramid = build_pyramid(sampling, depth=4, k=8, first_graph=3)
weather = ClimateEvents(sampling, n_maps=1, seed=3)[0].x
rain = 86400e3 * weather[:, [CAM5_CHANNELS.index("PRECT")]]

figure, axes = plt.subplots(2, 4, figsize=(13, 5.2), layout="constrained")
for row, (name, pool) in enumerate({"mean": MeanPool(), "max": MaxPool()}.items()):
    level, values = sampling, rain
    for column, panel in enumerate(axes[row]):
        if column:
            coarsening = pyramid.coarsenings[column - 1]
            values = pool(values, pooling_operator(coarsening))
            level = coarsening.coarse
        mean = np.average(values[:, 0], weights=level.weights)
        title = f"{name}, nside {level.nside}: {mean:.2f} on average"
        style = {"limits": (0, 40), "label": "rain (mm a day)"}
        draw_map(panel, level, values[:, 0].numpy(), title=title, **style)
        print(title)
plt.show()
