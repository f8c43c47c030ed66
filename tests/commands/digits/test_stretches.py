"""Stretched digits: what the matrices do to signals."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.commands.digits import stretches as digit_stretches
from deepsphere_pyg.commands.digits.stretches import stretch_matrices, stretched
from deepsphere_pyg.harmonics import ISHT, Rotation, rotate
from samplings import GaussLegendre


def test_stretched_signals_are_signals_at_stretched_points(monkeypatch):
    """Of degree 1 a signal is linear in the point: all of it can be written down."""
    shapes = []
    monkeypatch.setattr(
        digit_stretches,
        "expm",
        lambda a: shapes.append(np.diag([2.0, 1, 1])) or shapes[0],
    )
    (matrix,) = stretch_matrices(12, 0.1, seed=0, count=1)
    sampling = GaussLegendre(24)
    c = torch.zeros(144, 1)
    c[3] = (4 * np.pi / 3) ** 0.5  # x
    found = ISHT(sampling, 12)(matrix @ c)[:, 0]
    x, y, z = torch.tensor(sampling.xyz.T, dtype=torch.float32)
    expected = 2 * x / (4 * x**2 + y**2 + z**2).sqrt()
    # What degrees 12 and above hold.
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-3)


def test_means_over_stretches_favour_no_direction():
    matrices = stretch_matrices(3, 0.2, seed=2, count=400)
    turn = Rotation.random((), torch.Generator().manual_seed(0))
    c = torch.randn(9, 1, generator=torch.Generator().manual_seed(1))
    there, back = matrices @ rotate(c, turn, 3), rotate(matrices @ c, turn, 3)
    each = (there - back).square().sum((1, 2)).mean().sqrt()
    # Means of 400 independent ones are 20 times smaller.
    assert (there - back).mean(0).norm() < each / 10


def test_no_stretch_is_the_identity():
    matrices = stretch_matrices(4, 0.0, seed=0, count=2)
    torch.testing.assert_close(matrices, torch.eye(16).expand(2, 16, 16))


@pytest.mark.parametrize("n", [1, 8, 19])
def test_a_few_digits_are_stretched_alike(n):
    matrices = stretch_matrices(3, 0.3, seed=0, count=5)
    x = torch.randn(n, 9, 1, generator=torch.Generator().manual_seed(2))
    found = stretched(x, matrices, np.random.default_rng(4))
    drawn = np.random.default_rng(4).integers(5, size=-(-n // 8))
    for i in range(n):
        torch.testing.assert_close(found[i], matrices[drawn[i // 8]] @ x[i])
    assert torch.equal(found, stretched(x, matrices, np.random.default_rng(4)))
