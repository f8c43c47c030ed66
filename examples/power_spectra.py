"""
Power spectra of maps
=====================

At the end you will have measured the angular power spectrum of maps by the spherical
harmonic transform, and compared it with the spectrum that the maps were drawn from. One
map has 2 l + 1 coefficients of degree l, so that its spectrum scatters around the truth
by the factor sqrt(2 / (2 l + 1)), however well it is measured.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg.datasets import GaussianFields
from deepsphere_pyg.harmonics import SHT, power_spectrum
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import HEALPix

sampling, L = HEALPix(nside=16), 33
degrees = np.arange(L)
truth = {
    "steep": np.where(degrees > 0, (degrees + 1.0) ** -3, 0),
    "a bump": np.where(degrees > 0, 0.004 * np.exp(-(((degrees - 18) / 4) ** 2)), 0),
}

# %%
# On HEALPix the transform is iterated, since pixels have no exact quadrature. Its error
# is known beforehand.

maps = GaussianFields(sampling, list(truth.values()), n_maps=20, seed=0)
to_coefficients = SHT(sampling, L, dtype=torch.float64)
print(f"relative error of coefficients at most {to_coefficients.error_bound:.1e}")
signals = torch.stack([sample.x.double() for sample in maps])
powers = power_spectrum(to_coefficients(signals), L)[..., 0].numpy()

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.6), layout="constrained")
for number, (name, spectrum) in enumerate(truth.items()):
    first = signals[number, :, 0].numpy()
    draw_map(axes[0, number], sampling, first, title=name, cmap="RdBu_r")
    panel, shown = axes[1, number], degrees[1:]
    scatter = np.sqrt(2 / (2 * shown + 1))
    panel.plot(shown, powers[number, 1:], ".", label="this map")
    panel.plot(shown, powers[number::2, 1:].mean(0), label="mean of 10 maps")
    panel.plot(shown, spectrum[1:], "k--", label="truth")
    low = np.maximum(1 - scatter, 1e-9) * spectrum[1:]
    high = (1 + scatter) * spectrum[1:]
    panel.fill_between(shown, low, high, color="0.85", label="scatter of one map")
    panel.set(yscale="log", xlabel="degree", ylabel="power per coefficient")
    panel.set_ylim(spectrum[1:].max() * 2e-5, spectrum[1:].max() * 4)
    panel.legend()
plt.show()
