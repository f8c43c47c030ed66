"""
A shape as a map on the sphere
==============================

At the end you will have turned a mesh into maps: from each point of a sphere around it,
a ray goes to the centre, and the maps tell where and at which angle it meets the
surface. They see a shape from all sides at once, which is how spherical networks
classify shapes. It needs the extra: ``pip install 'deepsphere-pyg[shapes]'``.
"""

import matplotlib.pyplot as plt
import numpy as np

from deepsphere_pyg.convert import mesh_maps, normalized_mesh
from deepsphere_pyg.datasets import GeneratedShapes
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from deepsphere_pyg.plot.shapes import draw_mesh
from samplings import Equiangular

shapes = GeneratedShapes(20, seed=1)
sampling = Equiangular(n_theta=60)

# %%
# Three of the twenty kinds of generated shapes; files are read by ``read_mesh``.

chosen = ("mug", "octopus", "chair")
plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(3, 3, figsize=(12, 8.4), layout="constrained")
for row, kind in zip(axes, chosen, strict=True):
    index = next(i for i, name in enumerate(shapes.ids) if name.startswith(kind))
    mesh = normalized_mesh(shapes.load(index))
    distance, cosine, _ = mesh_maps(mesh, sampling, hull=False).T
    draw_mesh(row[0], mesh)
    row[0].set_title(f"{kind}: {len(mesh.faces)} faces")
    draw_map(row[1], sampling, distance, title="distance from the sphere (radii)")
    title = "cosine of the angle to the surface"
    draw_map(row[2], sampling, cosine, title=title, limits=(0, 1))
    beyond = np.average(distance > 1, weights=sampling.weights)
    print(f"{kind}: {100 * beyond:.0f} % of the rays meet nothing before the centre")
plt.show()
