"""The flat classifier of patches of HEALPix, against convolutions of explicit pictures.

Rows and columns come from healpy, convolutions from PyTorch.
"""

import re

import healpy
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from deepsphere_pyg.models import PlanarPatchClassifier
from deepsphere_pyg.models.planar.pictures import patch_picture
from samplings import GaussLegendre, HEALPix
from tests.round_off import assert_near

NSIDE = 16
HEADS = ("mean", "dense", "normalized", "normalized-dense")
# Products in an output: filters of 5 by 5, channels, and two levels.
TERMS = 25 * 8 * 2


def patch(side=8, first=0, nside=NSIDE):
    return HEALPix(nside, nest=True)[first + np.arange(side**2)]


def network(head="mean", dtype=torch.float64, sampling=None, **options):
    torch.manual_seed(0)
    sizes = {"channels": (4, 8), "head": head}
    place = patch() if sampling is None else sampling
    return PlanarPatchClassifier(2, 3, place, **{**sizes, **options}).to(dtype)


def signals(*shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def laid_out(x, sampling):
    """Pictures with the rows and columns of healpy, pixel by pixel."""
    column, row, _ = healpy.pix2xyf(NSIDE, sampling.index, nest=True)
    side = round(len(sampling) ** 0.5)
    picture = torch.zeros(len(x), x.shape[-1], side, side, dtype=x.dtype)
    picture[:, :, row - row.min(), column - column.min()] = x.transpose(1, 2)
    return picture


@pytest.mark.parametrize(("side", "first"), [(16, 0), (8, 64), (4, 512 + 48), (1, 7)])
def test_rows_and_columns_are_those_of_healpy(side, first):
    column, row, _ = healpy.pix2xyf(NSIDE, first + np.arange(side**2), nest=True)
    expected = np.full((side, side), -1)
    expected[row - row.min(), column - column.min()] = np.arange(side**2)
    np.testing.assert_array_equal(patch_picture(patch(side, first)), expected)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_are_those_of_convolutions_of_the_picture(head, dtype):
    sampling = patch(first=128)
    model = network(head, dtype, sampling)
    x = signals(5, 64, 2, dtype=dtype)
    model(x)  # So that running statistics differ from those at first.
    model.eval()
    picture = laid_out(x, sampling)
    for conv, norm, _ in model.convs:
        picture = F.conv2d(picture, conv.weight, stride=2, padding=2)
        mean, var = (s[:, None, None] for s in (norm.running_mean, norm.running_var))
        picture = F.relu((picture - mean) / (var + norm.eps).sqrt())
    assert picture.shape == (5, 8, 2, 2)
    last = model.head[-1] if head.startswith("normalized") else model.head
    weight, bias = last.weight, last.bias
    if head == "mean":
        expected = F.conv2d(picture, weight, bias, padding=2).mean((2, 3))
    else:
        flat = picture.reshape(5, 32) if "dense" in head else picture.mean((2, 3))
        if last is not model.head:
            norm = model.head[0]
            flat = (flat - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        expected = flat @ weight.T + bias
    with torch.no_grad():
        assert_near(model(x), expected, TERMS)


def test_patches_that_quarter_turns_map_onto_each_other_have_one_picture():
    one, next_one = (patch(NSIDE, first) for first in (0, NSIDE**2))
    x, y, z = one.xyz.T
    np.testing.assert_array_equal(next_one.xyz, np.stack([-y, x, z], axis=1))
    model = network(sampling=one).eval()
    signal = signals(3, NSIDE**2, 2)
    assert torch.equal(model.with_sampling(next_one)(signal), model(signal))


def test_weights_of_the_mean_move_between_sizes():
    small = network().eval()
    large = small.with_sampling(patch(16))
    again = network(sampling=patch(16)).eval()
    again.load_state_dict(small.state_dict())
    x = signals(2, 256, 2)
    assert torch.equal(large(x), again(x))


@pytest.mark.parametrize("head", ["dense", "normalized-dense"])
def test_weights_of_the_dense_head_move_to_patches_of_one_size(head):
    model = network(head).eval()
    moved = model.with_sampling(patch(8, first=64))
    x = signals(2, 64, 2)
    assert torch.equal(moved(x), model(x))
    with pytest.raises(ValueError, match=r"patches of 64 pixels, got 256; .*'mean'"):
        model.with_sampling(patch(16))


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_the_network_compiles_and_is_exported(head):
    model = network(head).eval()
    x = signals(2, 64, 2)
    expected = model(x).detach()
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(model, (x,), dynamic_shapes=batch).module()
    with torch.no_grad():
        assert_near(compiled(x), expected, TERMS)
        assert_near(program(x[:1]), expected[:1], TERMS)


SPHERE = HEALPix(4, nest=True)
SQUARE = re.escape("a square of HEALPix pixels in nested order")


@pytest.mark.parametrize(
    ("sampling", "error", "message"),
    [
        (GaussLegendre(4), TypeError, "must be a patch of HEALPix, got gausslegendre"),
        (4, TypeError, "sampling must be a sampling"),
        (HEALPix(4, nest=False)[range(16)], ValueError, "got nest=False; take HEALPix"),
        (SPHERE, ValueError, f"{SQUARE}.* got 192 pixels from 0 on"),
        (SPHERE[range(8)], ValueError, f"{SQUARE}.* got 8 pixels"),
        (SPHERE[range(9)], ValueError, f"{SQUARE}.* got 9 pixels"),
        (SPHERE[range(4, 20)], ValueError, f"{SQUARE}.* got 16 pixels from 4 on"),
        (SPHERE[range(15, -1, -1)], ValueError, f"{SQUARE}.*from 15 on"),
        (SPHERE[[0, 1, 2, 3, *range(5, 17)]], ValueError, SQUARE),
        # Four base pixels are no square.
        (HEALPix(2, nest=True)[range(16)], ValueError, SQUARE),
        (SPHERE[range(4)], ValueError, "2 by 2 pixels is too small for 2 levels"),
    ],
)
def test_parts_that_are_no_square_are_refused(sampling, error, message):
    with pytest.raises(error, match=message):
        network(sampling=sampling)


def test_unknown_heads_are_refused():
    with pytest.raises(ValueError, match=r"head must be .mean. or .*, got .max."):
        network("max")
    with pytest.raises(ValueError, match=r"channels\[1\] must be at least 1, got 0"):
        network(channels=(4, 0))


def test_a_part_of_a_part_is_a_patch():
    part = HEALPix(NSIDE, nest=True)[range(512)][range(64, 128)]
    np.testing.assert_array_equal(patch_picture(part), patch_picture(patch()))
