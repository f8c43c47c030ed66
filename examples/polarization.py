"""
Polarization: E and B modes
===========================

At the end you will have drawn two patterns of polarization. Rods of E modes lie along
or across the slope of a potential; those of B modes are turned by 45 degrees. Both have
the same strength, so that only the orientation tells them apart, and the harmonic
transform of spin 2 does so to round-off.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg.harmonics import ISHT, SpinISHT, SpinSHT
from deepsphere_pyg.plot import draw_map, draw_vectors
from samplings import GaussLegendre

L, grid = 9, GaussLegendre(L=45)
random = torch.Generator().manual_seed(3)
modes = torch.randn(L**2, 1, generator=random, dtype=torch.float64)
# The spin-2 field has no degrees 0 and 1, and steep powers make it smooth.
modes *= torch.repeat_interleave(torch.arange(L) ** -1.5, 2 * torch.arange(L) + 1)[
    :, None
]
modes[:4] = 0
potential = ISHT(grid, L, dtype=torch.float64)(modes)[:, 0].numpy()

to_field = SpinISHT(grid, L, spin=2, dtype=torch.float64)
to_modes = SpinSHT(grid, L, spin=2, dtype=torch.float64)
figure, axes = plt.subplots(1, 2, figsize=(12, 3.9), layout="constrained")
for panel, name, part in zip(axes, ("E modes", "B modes"), (0, 1), strict=True):
    coefficients = torch.zeros(L**2, 2, 1, dtype=torch.float64)
    coefficients[:, part] = modes
    field = to_field(coefficients)
    leak = to_modes(field)[:, 1 - part].abs().max()
    print(f"{name}: largest coefficient of the other kind {leak:.0e}")

    # Stokes Q and U: rods have half the angle of the vector (Q, U), from the south.
    style = {"cmap": "RdBu_r", "label": "potential (arbitrary unit)"}
    draw_map(panel, grid, potential, title=name, **style)
    q, u = field[..., 0].numpy().T
    strength, angle = np.hypot(q, u), np.arctan2(u, q) / 2
    rods = strength[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    draw_vectors(panel, grid, rods, heads=False)
plt.show()
