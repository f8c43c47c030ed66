"""
What a convolution has learned
==============================

At the end you will have taught a Chebyshev convolution to sharpen blurred maps, and
will have read from its weights which filter it has found: its gain at each degree,
beside the best gain there is, Wiener's, which amplifies degrees up to where noise takes
over.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg import ChebConv, laplacian_operator
from deepsphere_pyg.datasets import GaussianFields
from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout
from deepsphere_pyg.plot import STYLE_FILE, draw_map, filter_gains, impulse_responses
from samplings import HEALPix

sampling, L, noise = HEALPix(nside=8), 17, 0.1
degrees = np.arange(L)
power = np.where(degrees > 0, (3.0 + degrees) ** -2, 0)
beam = np.exp(-degrees * (degrees + 1) * 0.008)

# %%
# Maps, and what an instrument sees of them: blurred, with noise.

maps = GaussianFields(sampling, [power, power], n_maps=64, seed=0)
truth = torch.stack([sample.x for sample in maps]) / 0.6
to_coefficients, to_map = SHT(sampling, L), ISHT(sampling, L)
rows = torch.tensor(beam[HarmonicLayout(L).degrees], dtype=torch.float32)[:, None]
generator = torch.Generator().manual_seed(0)
seen = to_map(rows * to_coefficients(truth))
seen = seen + noise * torch.randn(seen.shape, generator=generator)

torch.manual_seed(0)
operator = laplacian_operator(sampling, k=20)
layer = ChebConv(1, 1, K=6)
optimizer = torch.optim.Adam(layer.parameters(), lr=0.03)
for _ in range(150):
    loss = (layer(seen, operator) - truth).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
before = (seen - truth).square().mean()
print(f"mean square error {before:.3f} as seen, {loss.detach():.3f} restored")

# %%
# The response to an impulse has the gain at each degree as its coefficients.

vertex = int(np.argmax(sampling.xyz[:, 0]))
response = impulse_responses(layer, sampling, operator, [(0, 0)], vertex)
gains = filter_gains(response, sampling, vertex, L)[0]
signal = power / 0.6**2
pixel = noise**2 * 4 * np.pi / len(sampling)
wiener = signal * beam / (signal * beam**2 + pixel)

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
with torch.no_grad():
    restored = layer(seen[0], operator)[:, 0].numpy()
style = {"cmap": "RdBu_r", "limits": (-2, 2)}
draw_map(axes[0, 0], sampling, truth[0, :, 0].numpy(), title="truth", **style)
draw_map(axes[0, 1], sampling, seen[0, :, 0].numpy(), title="as seen", **style)
draw_map(axes[1, 0], sampling, restored, title="restored", **style)
axes[1, 1].plot(degrees[1:], wiener[1:], "k--", label="Wiener's filter")
axes[1, 1].plot(degrees[1:], gains[1:], "o-", label="learned")
axes[1, 1].plot(degrees[1:], beam[1:], ":", label="the blur")
axes[1, 1].set(xlabel="degree", ylabel="gain", ylim=(0, None))
axes[1, 1].legend()
plt.show()
