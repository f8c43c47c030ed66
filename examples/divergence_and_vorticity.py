"""
Divergence and vorticity of winds
=================================

At the end you will have split a wind into a part without rotation and a part without
divergence, and drawn both derivatives. Winds are no scalars: their components turn with
the directions south and east at each point. Transforms of vectors take care of this,
also at the poles, and approximate no derivative.
"""

import matplotlib.pyplot as plt
import torch

from deepsphere_pyg.harmonics import (
    ISHT,
    SpinISHT,
    SpinSHT,
    VectorSHT,
    helmholtz_parts,
)
from deepsphere_pyg.plot import draw_map, draw_vectors
from samplings import GaussLegendre

L, grid = 12, GaussLegendre(L=36)
random = torch.Generator().manual_seed(0)

# %%
# A random wind of degrees 1 to 11: coefficients E of its potential and B of its stream
# function, of which the second is the stronger, as in the atmosphere.

degrees = torch.arange(L).repeat_interleave(2 * torch.arange(L) + 1)
size = torch.exp(-(((degrees - 4) / 3) ** 2)) * (degrees > 0)
coefficients = torch.randn(L**2, 2, 1, generator=random, dtype=torch.float64)
coefficients *= size[:, None, None] * torch.tensor([0.5, 1.0])[:, None]
wind = SpinISHT(grid, L, spin=1, dtype=torch.float64)(coefficients)

# %%
# From the wind alone: derivatives, and the two parts.

derivatives = VectorSHT(grid, L, dtype=torch.float64)(wind)
to_map = ISHT(grid, L, dtype=torch.float64)
divergence, vorticity = (to_map(part) for part in derivatives.unbind(-2))
measured = SpinSHT(grid, L, spin=1, dtype=torch.float64)(wind)
to_wind = SpinISHT(grid, L, spin=1, dtype=torch.float64)
parts = [to_wind(part) for part in helmholtz_parts(measured, L)]
print(f"parts add up to the wind within {(sum(parts) - wind).abs().max():.1e}")
print(f"integral of the divergence {grid.quadrature @ divergence[:, 0].numpy():.1e}")

# %%
# Arrows show each part over its source: flow out of divergence, and around vorticity.

figure, axes = plt.subplots(1, 2, figsize=(12, 3.9), layout="constrained")
for panel, name, values, part, other in (
    (axes[0], "divergence", divergence, parts[0], "rotation"),
    (axes[1], "vorticity", vorticity, parts[1], "divergence"),
):
    style = {"cmap": "RdBu_r", "label": f"{name} (winds over the radius)"}
    title = f"{name}, and the part without {other}"
    draw_map(panel, grid, values[:, 0].numpy(), title=title, **style)
    draw_vectors(panel, grid, part[..., 0].numpy(), spacing=12)
plt.show()
