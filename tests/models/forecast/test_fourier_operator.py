"""The spherical Fourier neural operator: exact rotations, grids, refusals."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import ISHT, SHT, Rotation, rotate
from deepsphere_pyg.layers import ZonalConv
from deepsphere_pyg.models import SphericalFourierOperator
from deepsphere_pyg.models.forecast.spectral_block import CoefficientNorm
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
)
from tests.helpers import random
from tests.round_off import assert_near

L, RINGS = 8, 24
TERMS = 20 * 1000


def equivariance_error(model, L_in=L, L_out=L):
    """Relative error of outputs below a degree, over random signals and rotations."""
    grid = model.sampling
    synthesis = ISHT(grid, L_in, dtype=torch.float64)
    analysis = SHT(grid, L_out, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    error = size = 0.0
    for turn in range(3):
        c = random(L_in**2, model.in_channels, seed=turn)
        rotation = Rotation.random((), generator)
        with torch.no_grad():
            after = rotate(analysis(model(synthesis(c))), rotation, L_out)
            before = analysis(model(synthesis(rotate(c, rotation, L_in))))
        # Constants do not turn.
        error += float((after - before)[1:].square().sum())
        size += float(after[1:].square().sum())
    return (error / size) ** 0.5


def network(grid=None, **options):
    torch.manual_seed(0)
    sizes = {"L": L, "channels": 8, "blocks": 2, **options}
    place = GaussLegendre(RINGS) if grid is None else grid
    return SphericalFourierOperator(2, 3, place, **sizes).double().eval()


@pytest.mark.parametrize("normalization", ["instance", "layer", "none"])
def test_errors_under_rotations_fall_with_the_rings_of_the_grid(normalization):
    one, two, three = (
        equivariance_error(network(oversampling=n, normalization=normalization))
        for n in (1, 2, 3)
    )
    assert three < two < one
    assert two < 0.02 and three < 0.01


class Square(nn.Module):
    def forward(self, x):
        return 0.1 * x * x


def test_what_grids_resolve_is_exactly_equivariant():
    """With squares, degrees double: 2 in, 4 encoded, 8 and 16 in a block, 8 out."""
    model = network(GaussLegendre(24), L=5, blocks=1, oversampling=5.0)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.GELU):
                setattr(module, name, Square())
    error = equivariance_error(model, L_in=3, L_out=9)
    assert error < 1e-11


def test_a_field_of_position_breaks_the_symmetry():
    model = network(position=4, oversampling=2)
    assert equivariance_error(model) > 0.1
    assert equivariance_error(network(oversampling=2)) < 0.02


def test_filters_are_matrices_of_degrees():
    model = network(blocks=1, normalization="none")
    block, grid = model.blocks[0], model.synthesis.sampling
    assert isinstance(block.filter, ZonalConv)
    assert block.filter.weight.shape == (L, 8, 8)
    x = random(len(grid), 8)
    c = model.analysis(x)
    degrees = np.sqrt(np.arange(L * L)).astype(int)
    filtered = torch.einsum("ri,rio->ro", c, block.filter.weight[degrees])
    y = nn.functional.gelu(model.synthesis(filtered) + block.points(x))
    found = block(x, model.analysis, model.synthesis)
    assert_near(found, x + block.mix(y), TERMS)


def test_signals_are_normalised_over_the_sphere():
    grid = GaussLegendre(16)
    synthesis = ISHT(grid, L, dtype=torch.float64)
    norm = CoefficientNorm(2, eps=0.0).double()
    nn.init.constant_(norm.bias, 3.0)
    nn.init.constant_(norm.weight, 2.0)
    y = synthesis(norm(random(5, L * L, 2)))
    area = torch.from_numpy(grid.quadrature / (4 * np.pi))[:, None]
    mean = (area * y).sum(-2)
    assert_near(mean, torch.full((5, 2), 3.0).double(), TERMS)
    variance = (area * (y - 3) ** 2).sum(-2)
    assert_near(variance, torch.full((5, 2), 4.0).double(), TERMS)
    # A single coefficient is the mean.
    constant = torch.full((5, 1, 2), 3 * (4 * np.pi) ** 0.5, dtype=torch.float64)
    assert_near(norm(random(5, 1, 2)), constant)


@pytest.mark.parametrize(
    ("sampling", "bandlimit"),
    [
        (HEALPix(4), 8),
        (GaussLegendre(9), 9),
        (Equiangular(12), 12),
        (Icosahedral(2), None),
        (CubedSphere(6), None),
        (Fibonacci(200), None),
    ],
)
def test_every_whole_sampling_has_a_bandlimit(sampling, bandlimit):
    model = SphericalFourierOperator(2, 3, sampling, channels=4, blocks=1)
    assert bandlimit is None or model.L == bandlimit
    assert model.L**2 <= len(sampling)
    # The fit of coefficients is well conditioned.
    assert model.to_rows.condition is None or model.to_rows.condition < 2
    assert model(torch.randn(2, len(sampling), 2)).shape == (2, len(sampling), 3)


def test_weights_move_to_samplings_that_resolve_the_degrees():
    model = network(HEALPix(4), position=3)
    moved = model.with_sampling(GaussLegendre(8))
    assert moved.L == 8 and moved(random(128, 2)).shape == (128, 3)
    with pytest.raises(ValueError, match="exact up to L = 6, got L = 8"):
        model.with_sampling(GaussLegendre(6))


def test_missing_values_by_a_code_are_refused():
    x = torch.zeros(192, 2)
    x[3] = -1.6375e30
    model = SphericalFourierOperator(2, 3, HEALPix(4), channels=4, blocks=1)
    with pytest.raises(ValueError, match="missing at 1 of 192 pixels"):
        model(x)


def test_what_does_not_fit_is_refused():
    sky = HEALPix(4)
    with pytest.raises(ValueError, match="whole sphere, got a sampling of 5"):
        SphericalFourierOperator(2, 3, sky[sky.lat > -5])
    with pytest.raises(ValueError, match="position must be at most L = 8, got 9"):
        SphericalFourierOperator(2, 3, sky, position=9)
    with pytest.raises(ValueError, match=r"oversampling must be at least 1, got 0\.5"):
        SphericalFourierOperator(2, 3, sky, oversampling=0.5)
    with pytest.raises(ValueError, match="normalization must be 'instance' or"):
        SphericalFourierOperator(2, 3, sky, normalization="batch")
    with pytest.raises(ValueError, match="resolves degrees below 3 nside"):
        SphericalFourierOperator(2, 3, sky, L=13)
