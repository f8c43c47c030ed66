"""Convolutions onto and on SO(3) are the integrals that they stand for."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISHT,
    ISO3Transform,
    Rotation,
    spherical_harmonics,
)
from deepsphere_pyg.layers import SO3Conv, SphereToSO3Conv
from samplings import GaussLegendre, SO3Grid
from tests.helpers import random
from tests.layers.rotation_group.convolutions import (
    FILTERS,
    LOCAL,
    conv,
    turns,
    values,
)


@FILTERS
@pytest.mark.parametrize("N", [1, 2, 4])
def test_lift_is_the_integral_over_the_sphere(local, N):
    layer = conv(SphereToSO3Conv, 3, 2, L=6, N=N, L_out=4, local=local)
    sampling = GaussLegendre(6)
    c = random(36, 3)
    f = ISHT(sampling, 6, dtype=torch.float64)(c)
    rotation = turns(7)
    # x y z of R^-1 x, for all R and x
    x, y, z = np.moveaxis(sampling.xyz @ rotation.matrix().numpy(), -1, 0)
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    psi = layer.kernel(theta.ravel(), phi.ravel()).view(*theta.shape, 3, 2)
    area = torch.tensor(sampling.quadrature)
    expected = torch.einsum("rxio,xi,x->ro", psi, f, area) + layer.bias
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@FILTERS
@pytest.mark.parametrize(("N", "N_out"), [(1, 3), (3, 1), (3, 2), (2, 4)])
def test_convolution_is_the_integral_over_the_group(local, N, N_out):
    layer = conv(SO3Conv, 3, 2, L=5, N=N, L_out=4, N_out=N_out, local=local)
    # Of this scheme the products of two functions are integrated exactly.
    grid = SO3Grid(5, 5, "driscoll-healy")
    c = random(layer.layout.n_rows, 3)
    f = ISO3Transform(grid, 5, N, dtype=torch.float64)(c)
    rotation = turns(4)
    points = Rotation(torch.tensor(grid.angles))
    area = torch.tensor(grid.weights)
    expected = []
    for inverse in rotation.inverse().angles:
        psi = layer.kernel(Rotation(inverse) @ points)
        expected.append(torch.einsum("qio,qi,q->o", psi, f, area) + layer.bias)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-11, rtol=0)


def test_local_lift_sums_values_near_where_the_pole_goes():
    layer = conv(SphereToSO3Conv, 2, 3, L=5, local=LOCAL, bias=False)
    c, rotation = random(25, 2), turns(4)
    points = (rotation.angles[:, None], LOCAL.points().angles)
    there = Rotation(points[0].expand(4, 6, 3)) @ Rotation(points[1].expand(4, 6, 3))
    alpha, beta, _ = there.angles.numpy().reshape(-1, 3).T
    f = torch.from_numpy(spherical_harmonics(beta % (2 * math.pi), alpha, 5)) @ c
    # Degree 0 of a point is one, but for the scale of the layer, and that of the
    # functions on SO(3) that signals on the sphere are.
    scale = layer.table[0, 0] / math.sqrt(2 * math.pi)
    expected = scale * torch.einsum("rpi,pio->ro", f.view(4, 6, 2), layer.weight)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_local_convolution_sums_values_at_rotations_nearby():
    layer = conv(SO3Conv, 2, 3, L=4, local=LOCAL, bias=False)
    c, rotation = random(layer.layout.n_rows, 2), turns(4)
    near = LOCAL.rotations().angles
    there = Rotation(rotation.angles[:, None].expand(4, 12, 3)) @ Rotation(
        near.expand(4, 12, 3)
    )
    f = layer.table[0, 0] * values(c, there, layer.layout)
    expected = torch.einsum("rpi,pio->ro", f, layer.weight)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
