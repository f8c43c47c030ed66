"""Squares of functions on SO(3), and the norm before them."""

import math

import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISO3Transform,
    SO3Transform,
    so3_layout,
)
from deepsphere_pyg.layers.rotation_group.group_square import (
    VOLUME,
    GroupSquare,
    RotationGroupNorm,
)
from samplings import SO3Grid
from tests.round_off import assert_near

SIZES = [
    (4, 3, 3, 2),
    (5, 2, 5, 2),
    (4, 4, 4, 4),
    (3, 1, 1, 1),
    (1, 1, 1, 1),
    (6, 3, 2, 1),
    (3, 2, 5, 3),
]


def coefficients(L, N, *batch, dtype=torch.float64):
    generator = torch.Generator().manual_seed(L)
    rows = so3_layout(L, N).n_rows
    return torch.randn(*batch, rows, 2, generator=generator, dtype=dtype)


@pytest.mark.parametrize(("L", "N", "L_out", "N_out"), SIZES)
def test_squares_are_those_of_a_grid_fine_enough_for_all_their_degrees(
    L, N, L_out, N_out
):
    square = GroupSquare(L, N, L_out=L_out, N_out=N_out).double()
    c = coefficients(L, N, 3)
    fine = SO3Grid(2 * L, 2 * N, "gauss-legendre")
    values = ISO3Transform(fine, L, N, dtype=torch.float64)(c)
    analysis = SO3Transform(fine, 2 * L, 2 * N, dtype=torch.float64)
    full = analysis(values + values.square() / 2)
    wide, narrow = so3_layout(2 * L, 2 * N), so3_layout(L_out, N_out)
    expected = [
        full[:, wide.rows(l)]
        .unflatten(1, (wide.tau[l], 2 * l + 1))[
            :, (wide.tau[l] - narrow.tau[l]) // 2 :
        ][:, : narrow.tau[l]]
        .flatten(1, 2)
        for l in range(L_out)  # noqa: E741 (the degree's own letter)
    ]
    # Coefficients are integrals of squares over the grid.
    scale = VOLUME**0.5 * (values.abs() + values.square() / 2).max()
    assert_near(square(c), torch.cat(expected, dim=1), len(fine), scale)
    assert square.layout_out == narrow


def test_gradients_are_those_of_finite_differences():
    square = GroupSquare(3, 2, L_out=2, N_out=2).double()
    c = coefficients(3, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(square, (c,))
    assert torch.autograd.gradgradcheck(square, (c,))


@pytest.mark.parametrize(
    "size", [(0, 1, 1, 1), (3, 4, 3, 3), (3, 2, 0, 1), (3, 2, 3, 4)]
)
def test_bandlimits_that_cannot_be_are_refused(size):
    L, N, L_out, N_out = size
    with pytest.raises(ValueError, match=r"must be at (least|most)"):
        GroupSquare(L, N, L_out=L_out, N_out=N_out)


def test_the_norm_is_batch_normalisation_of_the_values():
    L, N = 4, 3
    c = coefficients(L, N, 7)
    norm, oracle = RotationGroupNorm(2).double(), torch.nn.BatchNorm1d(2).double()
    with torch.no_grad():
        for module in (norm, oracle):
            module.weight.copy_(torch.tensor([0.5, 2.0]))
            module.bias.copy_(torch.tensor([-1.0, 3.0]))
    # Rotations drawn uniformly would do in the limit; these are a quadrature.
    grid = SO3Grid(2 * L, 2 * N, "gauss-legendre")
    synthesis = ISO3Transform(grid, L, N, dtype=torch.float64)
    values, found = synthesis(c), synthesis(norm(c))
    weights = torch.tensor(grid.weights)[:, None] / VOLUME
    mean = (values * weights).sum(1).mean(0)
    spread = ((values - mean).square() * weights).sum(1).mean(0)
    factor = oracle.weight / (spread + 1e-5).sqrt()
    terms = 7 * len(grid)
    assert_near(found, (values - mean) * factor + oracle.bias, terms)
    assert_near(norm.mean, 0.1 * mean, terms, values.abs().max())
    assert_near(norm.variance, 0.9 + 0.1 * spread, terms, values.square().max())


def test_in_evaluation_the_norm_keeps_what_it_has_seen():
    c = coefficients(3, 2, 50)
    norm = RotationGroupNorm(2).double()
    for _ in range(200):
        trained = norm(c)
    torch.testing.assert_close(norm.eval()(c), trained)
    assert_near(norm(c[:1]), norm(c)[:1])
    assert norm.train()(c[:0]).shape == (0, *c.shape[1:])
    assert norm.mean.isfinite().all()


def test_a_constant_is_a_constant():
    c = torch.zeros(1, so3_layout(3, 2).n_rows, 1, dtype=torch.float64)
    c[:, 0] = 3.0 * math.sqrt(VOLUME)
    y = GroupSquare(3, 2, L_out=2, N_out=1).double()(c)
    expected = torch.zeros_like(y)
    expected[:, 0] = (3 + 4.5) * math.sqrt(VOLUME)
    assert_near(y, expected, c.shape[1])
