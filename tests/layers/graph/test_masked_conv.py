"""Convolutions at the border of a mask."""

import numpy as np
import pytest
import torch

from deepsphere_pyg import ChebConv, GlobalMeanPool, MaskedConv, laplacian_operator
from samplings import HEALPix, pad_to_parents
from tests.helpers import random
from tests.round_off import assert_near

SPHERE = HEALPix(8)
MASK = (SPHERE.lat > 20) & ~((SPHERE.lat > 60) & (SPHERE.lon < 90))
OPERATOR = laplacian_operator(SPHERE, k=8).double()


def conv(K=4):
    torch.manual_seed(0)
    return ChebConv(1, 2, K).double()


def test_constants_give_what_they_give_on_the_whole_sky():
    ones = torch.ones(len(SPHERE), 1, dtype=torch.float64)
    whole = conv()(ones, OPERATOR)
    hidden = torch.where(torch.tensor(MASK)[:, None], ones, torch.nan)
    found = MaskedConv(conv(), OPERATOR, MASK)(hidden)
    assert_near(found[MASK], whole[MASK], 1e3)
    assert (found[~MASK] == 0).all()
    dark = MaskedConv(conv(), OPERATOR, MASK, boundary="zero")(hidden)
    assert (dark - whole)[MASK].abs().max() > 0.1


def test_far_from_the_border_and_for_full_masks_nothing_changes():
    x = random(3, len(SPHERE), 1)
    whole = conv()(x, OPERATOR)
    everywhere = np.ones(len(SPHERE), dtype=bool)
    for boundary in ("filled", "zero"):
        layer = MaskedConv(conv(), OPERATOR, everywhere, boundary=boundary)
        assert_near(layer(x), whole, 1e3)
        found = MaskedConv(conv(2), OPERATOR, MASK, boundary=boundary)(x)
        links = OPERATOR.to_scipy()
        inner = MASK & (links.astype(bool).astype(int) @ (~MASK).astype(int) == 0)
        assert inner.sum() > 50
        assert_near(found[:, inner], conv(2)(x, OPERATOR)[:, inner], 1e3)


def test_smooth_maps_are_nearer_to_the_whole_sky_than_with_zeros():
    x = torch.tensor(SPHERE.xyz @ [[0.3], [0.5], [0.8]] + 1)
    whole = conv()(x, OPERATOR)
    errors = {
        boundary: (MaskedConv(conv(), OPERATOR, MASK, boundary=boundary)(x) - whole)[
            MASK
        ].norm()
        for boundary in ("filled", "zero")
    }
    assert errors["filled"] < 0.2 * errors["zero"]


def test_footprints_and_gradients():
    footprint = pad_to_parents(SPHERE[MASK], 2)
    operator = laplacian_operator(footprint.sampling, k=8).double()
    layer = MaskedConv(conv(), operator, footprint.mask)
    x = torch.tensor(footprint.pad(np.ones((int(MASK.sum()), 1)), np.nan))
    x.requires_grad_()
    layer(x).sum().backward()
    assert (x.grad[~footprint.mask] == 0).all() and x.grad.isfinite().all()
    assert set(layer.state_dict()) == {"conv.weight", "conv.bias"}


@pytest.mark.parametrize(
    ("mask", "options", "error", "message"),
    [
        (MASK * 1, {}, TypeError, "mask must be boolean, True where maps are known"),
        (MASK[:5], {}, ValueError, r"mask must have shape \(768,\), one a vertex of"),
        (MASK & False, {}, ValueError, "mask must be True at a vertex or more, got"),
        (MASK, {"boundary": "mirror"}, ValueError, "boundary must be 'filled' or 'ze"),
        (MASK, {"hops": -1}, ValueError, "hops must be at least 0, got -1"),
    ],
)
def test_errors(mask, options, error, message):
    with pytest.raises(error, match=message):
        MaskedConv(conv(), OPERATOR, mask, **options)


def test_error_for_layers_without_a_reach():
    with pytest.raises(TypeError, match="hops must be given for a layer without K"):
        MaskedConv(GlobalMeanPool(), OPERATOR, MASK)
