"""Activations on grids of rotations against those of e3nn."""

import math

import pytest
import torch

from deepsphere_pyg.harmonics import ISO3Transform, so3_layout
from deepsphere_pyg.layers import SO3GridActivation
from samplings import SO3Grid

o3 = pytest.importorskip("e3nn.o3")
L = 4


def to_e3nn(coefficients, layout):
    """Rows by order m, in it by order n, scaled to functions of mean square one."""
    parts = []
    for degree in range(layout.L):
        rows = coefficients[..., layout.rows(degree), :]
        size = 2 * degree + 1
        by_order = rows.view(*rows.shape[:-2], size, size, -1).transpose(-3, -2)
        parts.append(by_order.flatten(-3, -2))
    scale = math.sqrt(layout.n_rows / (8 * math.pi**2))
    return scale * torch.cat(parts, -2)


@pytest.fixture
def _double_by_default():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.oracle
@pytest.mark.usefixtures("_double_by_default")  # e3nn's tables are of this dtype
def test_values_and_activations_are_those_of_e3nn():
    layout = so3_layout(L)
    grid = o3.SO3Grid(L - 1, L, aspect_ratio=1)
    c = torch.randn(2, layout.n_rows, 3, generator=torch.Generator().manual_seed(0))
    theirs = grid.to_grid(to_e3nn(c, layout).mT)
    ours = ISO3Transform(SO3Grid(L, L, "kostelec-rockmore"))(c)
    ours = ours.view(2, 2 * L, 2 * L, 2 * L, 3)
    # alpha, beta, gamma after channels; ours beta, alpha, gamma before.
    torch.testing.assert_close(ours, theirs.permute(0, 3, 2, 4, 1), atol=1e-12, rtol=0)
    layer = SO3GridActivation(L, scheme="kostelec-rockmore")
    back = grid.from_grid(theirs.relu()).mT
    torch.testing.assert_close(to_e3nn(layer(c), layout), back, atol=1e-12, rtol=0)
