"""
Exact harmonics and strict equivariance
=======================================

At the end you will have transformed signals to coefficients without an error, rotated
them exactly, measured which layers commute with rotations to round-off and which do
not, and trained a network on upright spheres that classifies turned ones as well.
"""

# %%
# Transforms without an error
# ---------------------------
#
# On grids with a sampling theorem, the spherical harmonic transform is exact: a signal
# of degrees below L comes back from its coefficients to round-off. HEALPix has no such
# theorem; iterations come close there.

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import ISHT, SHT, Rotation, power_spectrum, rotate
from deepsphere_pyg.layers import (
    GridActivation,
    TensorProductActivation,
    ZonalConv,
)
from deepsphere_pyg.metrics import layer_equivariance_error
from deepsphere_pyg.models import GeneralizedSphericalCNN
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from samplings import GaussLegendre, HEALPix

L = 8
random = torch.Generator().manual_seed(0)
coefficients = torch.randn(L**2, 1, generator=random, dtype=torch.float64)
for sampling in (GaussLegendre(L), HEALPix(nside=4)):
    to_signal = ISHT(sampling, L, dtype=torch.float64)
    to_coefficients = SHT(sampling, L, dtype=torch.float64)
    error = (to_coefficients(to_signal(coefficients)) - coefficients).norm()
    print(f"{sampling.name:24} error {float(error / coefficients.norm()):.1e}")

# %%
# Rotations without an error
# --------------------------
#
# A rotation mixes the coefficients of each degree by a Wigner matrix. To rotate twice
# is to rotate by the product, and the power of each degree stays.

first, second = Rotation.random((2,), random).angles
first, second = Rotation(first), Rotation(second)
twice = rotate(rotate(coefficients, first, L), second, L)
once = rotate(coefficients, second @ first, L)
print(f"two rotations and their product differ by {(twice - once).abs().max():.1e}")
powers = power_spectrum(once, L) - power_spectrum(coefficients, L)
print(f"powers of degrees differ by {powers.abs().max():.1e}")

# %%
# Which layers commute with rotations?
# ------------------------------------
#
# A zonal convolution multiplies each degree by learned numbers. A tensor product
# multiplies degrees with one another by Clebsch-Gordan coefficients and is the
# nonlinearity of generalized spherical CNNs (Cobb et al. 2021, arXiv:2010.11661). Both
# are exact, in whatever precision. A ReLU of the values on a grid makes high degrees
# that the grid confuses with low ones; twice as many rings help, but not to the end.

product = TensorProductActivation(L)
layers = {
    "zonal convolution": (ZonalConv(1, 4, L), L),
    "tensor product": (product, product.layout_out),
    f"ReLU on {L} rings": (GridActivation(GaussLegendre(L), L), L),
    f"ReLU on {2 * L} rings": (GridActivation(GaussLegendre(2 * L), L), L),
}
errors = {}
for name, (layer, layout_out) in layers.items():
    error = layer_equivariance_error(layer.float(), L, layout_out, n_samples=20)
    errors[name] = error.mean
    print(f"{name:18} relative error {error.mean:.1e}")

# %%
# A task that power spectra cannot solve
# --------------------------------------
#
# Four patterns have the same power at each degree, so that only the arrangement of
# their coefficients tells them apart. We train on noisy patterns that all stand
# upright, and test on upright and on turned ones.

patterns = torch.randn(4, L**2, 1, generator=random)
for degree in range(L):
    rows = slice(degree**2, (degree + 1) ** 2)
    patterns[:, rows] /= patterns[:, rows].norm(dim=1, keepdim=True)


def draw(n: int, turned: bool) -> tuple[Tensor, Tensor]:
    """Return noisy patterns ``(n, L * L, 1)`` and their numbers."""
    labels = torch.randint(4, (n,), generator=random)
    clean = patterns[labels]
    if turned:
        clean = rotate(clean, Rotation.random((n,), random), L)
    return clean + 0.12 * torch.randn(clean.shape, generator=random), labels


def train(network: nn.Module, x: Tensor, labels: Tensor) -> None:
    """Train for some steps on batches of 32."""
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(15):
        for part in torch.randperm(len(x), generator=random).split(32):
            loss = nn.functional.cross_entropy(network(x[part]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()


torch.manual_seed(0)
networks = {
    "dense network": nn.Sequential(
        nn.Flatten(), nn.Linear(L**2, 64), nn.ReLU(), nn.Linear(64, 4)
    ),
    "generalized spherical CNN": GeneralizedSphericalCNN(
        1, 4, bandlimits=(L, 5, 3), channels=(6, 8, 8), tau_max=3, hidden=(32,)
    ),
}
x, labels = draw(256, turned=False)
tests = {"upright": draw(500, turned=False), "turned": draw(500, turned=True)}
accuracy = {}
for name, network in networks.items():
    train(network, x, labels)
    for kind, (x_test, y_test) in tests.items():
        right = (network(x_test).argmax(1) == y_test).float().mean()
        accuracy[name, kind] = 100 * float(right)
        print(f"{name:26} {kind:8} {accuracy[name, kind]:.1f} %")

# %%
# The network on coefficients gives the same answer for a sphere and the turned sphere,
# whatever its weights are, because it reads only what rotations leave unchanged.

network, turn = networks["generalized spherical CNN"], Rotation.random((), random)
with torch.no_grad():
    change = (network(rotate(x, turn, L)) - network(x)).abs().max()
print(f"largest change of its output under a rotation: {change:.1e}")

# %%
# The picture
# -----------

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.6), layout="constrained")
fine = HEALPix(nside=32)
shown = torch.stack([patterns[0], rotate(patterns[0], turn, L)])
for panel, values, title in zip(
    axes[0],
    ISHT(fine, L)(shown)[..., 0],
    ("a pattern", "the pattern turned"),
    strict=True,
):
    draw_map(panel, fine, values.numpy(), title=title, cmap="RdBu_r", limits=(-2, 2))
left, right = axes[1]
left.barh(list(errors), list(errors.values()), height=0.6)
left.set(xscale="log", xlabel="equivariance error, float32", xlim=(1e-8, 1))
left.grid(visible=False, which="minor")
left.invert_yaxis()
place = np.arange(len(networks))
for shift, kind in ((-0.18, "upright"), (0.18, "turned")):
    heights = [accuracy[name, kind] for name in networks]
    bars = right.bar(place + shift, heights, width=0.34, label=f"tested {kind}")
    right.bar_label(bars, fmt="%.0f %%")
right.axhline(25, color="0.4", linestyle=":", label="chance")
right.set(ylabel="accuracy (%)", ylim=(0, 120))
right.set_xticks(place, list(networks))
right.legend(ncols=3, loc="upper center")
plt.show()
