"""
From one sampling to another
============================

At the end you will have carried a field from a fine grid to three coarser samplings, by
the areas that cells share and by taking the nearest value. Shared areas conserve the
integral and do not alias detail that the target cannot hold; single values do neither.
"""

import matplotlib.pyplot as plt
import numpy as np

from deepsphere_pyg.plot import draw_map
from samplings import Equiangular, Fibonacci, HEALPix, Icosahedral, Transfer

grid = Equiangular(n_theta=90)
x, y, z = grid.xyz.T
# A smooth field with waves that the coarse samplings do not resolve.
field = 2 + z + 0.8 * np.sin(30 * np.arctan2(y, x)) * (1 - z**2) ** 2
mean = np.average(field, weights=grid.weights)

figure, axes = plt.subplots(2, 4, figsize=(13, 4.6), layout="constrained")
style = {"limits": (0.5, 3.5), "width": 500}
draw_map(axes[0, 0], grid, field, title=f"{grid.name}: mean {mean:.4f}", **style)
axes[1, 0].axis("off")
for column, target in enumerate(
    (HEALPix(nside=8), Icosahedral(level=3), Fibonacci(n=700)), start=1
):
    for row, (name, transfer) in enumerate(
        {
            "areas": Transfer.conservative(grid, target).pooling(),
            "nearest": None,
        }.items()
    ):
        if transfer is not None:
            values = transfer @ field
        else:
            values = field[np.argmax(target.xyz @ grid.xyz.T, axis=1)]
        carried = np.average(values, weights=target.weights)
        title = f"{target.name}, {name}: mean {carried:.4f}"
        draw_map(axes[row, column], target, values, title=title, **style)
        print(title)
plt.show()
