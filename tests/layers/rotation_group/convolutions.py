"""Convolutions onto and on SO(3), which several files test."""

import math

import pytest
import torch

from deepsphere_pyg.harmonics import Rotation, wigner_matrices
from deepsphere_pyg.layers import LocalGrid, SO3Conv, SphereToSO3Conv

LOCAL = LocalGrid(rings=2, angles=3, max_beta=0.9, turns=2, max_turn=1.0)
FILTERS = pytest.mark.parametrize("local", [None, LOCAL], ids=["spectral", "local"])
LIFT = (SphereToSO3Conv, {"L": 6, "N": 3, "L_out": 4})
CONV = (SO3Conv, {"L": 5, "N": 3, "L_out": 4, "N_out": 2})
BOTH = pytest.mark.parametrize(("kind", "sizes"), [LIFT, CONV], ids=["lift", "conv"])


def turns(*shape):
    return Rotation.random(shape, torch.Generator().manual_seed(0))


def conv(kind, *channels, dtype=torch.float64, **options):
    torch.manual_seed(0)
    layer = kind(*channels, **options).to(dtype)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def values(coefficients, rotation, layout):
    """Functions on SO(3) at rotations, by Wigner's matrices."""
    total = 0
    for degree, matrices in enumerate(wigner_matrices(rotation, layout.L)):
        k = layout.tau[degree] // 2
        inner = matrices[..., degree - k : degree + k + 1]
        norm = math.sqrt((2 * degree + 1) / (8 * math.pi**2))
        rows = coefficients[layout.rows(degree)]
        total = total + norm * inner.mT.flatten(-2) @ rows
    return total
