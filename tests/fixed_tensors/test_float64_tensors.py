"""Buffers that stay out of state_dict: devices, memory left as it is, inference."""

from functools import partial

import pytest
import torch
from torch import nn

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    HarmonicRotation,
    ISO3Transform,
    Rotation,
    SO3Transform,
    rotate,
)
from deepsphere_pyg.layers import FragmentDropout, SO3GridActivation, ZonalConv
from samplings import Fibonacci, GaussLegendre, HEALPix, SO3Grid
from tests.helpers import random

TURN = Rotation.from_euler(0.1, 0.2, 0.3)
# Each with the rows that it is given.
CASES = {
    "rings": (lambda: SHT(GaussLegendre(4), 4, method="rings"), 32),
    "iterated": (lambda: SHT(HEALPix(2, nest=True), 4, method="rings"), 48),
    "back": (lambda: ISHT(HEALPix(2, nest=True), 4, method="rings"), 16),
    "matrix": (lambda: SHT(Fibonacci(40), 3), 40),
    "group": (lambda: SO3Transform(SO3Grid(4, 2)), len(SO3Grid(4, 2))),
    "group, back": (lambda: ISO3Transform(SO3Grid(4, 2)), 46),
    "points of the group": (lambda: SO3GridActivation(4, 2), 46),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


signal = partial(random, dtype=torch.float32)


def test_are_made_on_the_device_in_force(case):
    build, _ = case
    with torch.device("meta"):
        module = build()
    assert {part.device.type for part in tensors_of(module)} == {"meta"}
    assert {part.device.type for part in tensors_of(build())} == {"cpu"}


def test_memory_left_as_it_is_is_filled_again(case):
    build, n = case
    expected = build()(signal(n, 2))
    with torch.device("meta"):
        module = build()
    assert torch.equal(module.to_empty(device="cpu")(signal(n, 2)), expected)
    # Not only what comes from meta is left empty.
    assert torch.equal(module.to_empty(device="cpu")(signal(n, 2)), expected)


def test_float64_from_meta_is_exact(case):
    build, n = case
    expected = build().double()(signal(n, 2).double())
    with torch.device("meta"):
        module = build()
    again = module.to_empty(device="cpu").double()
    assert torch.equal(again(signal(n, 2).double()), expected)


def test_rotations_are_filled_again():
    with torch.device("meta"):
        turn = HarmonicRotation(4)
        assert {part.device.type for part in tensors_of(turn)} == {"meta"}
        # Functions are where their coefficients are.
        rotated = rotate(torch.ones(16, 1, device="cpu"), TURN, 4)
    turn.to_empty(device="cpu")
    assert torch.equal(turn(torch.ones(16, 1), TURN), rotated)


def test_what_is_moved_to_where_it_is_stays_the_same():
    module = SHT(GaussLegendre(4), 4, method="rings")
    before = list(tensors_of(module))
    moved = list(tensors_of(module.to("cpu").float()))
    assert all(a is b for a, b in zip(before, moved, strict=True))


def test_transforms_choose_what_the_device_in_force_can():
    with torch.device("meta"):
        assert SHT(HEALPix(2), 4).method == "rings"


def test_transforms_made_in_inference_can_be_trained_with(case):
    build, n = case
    with torch.inference_mode():
        module = build()
        module(signal(n, 1))
    # The one made in inference, and another one that shares its tables.
    for one in (module, build(), module.double().float()):
        x = signal(n, 1).requires_grad_()
        one(x).square().sum().backward()
        assert x.grad.any()


@pytest.mark.parametrize("L", [5, 6])
def test_rotations_in_inference_leave_nothing_behind(L):
    with torch.inference_mode():
        rotate(torch.ones(L * L, 1), TURN, L)
        rotate(torch.ones(L * L, 1).double(), TURN, L)
    for dtype in (torch.float32, torch.float64):
        x = torch.ones(L * L, 1, dtype=dtype, requires_grad=True)
        rotate(x, TURN, L).sum().backward()
        assert x.grad.any()


def test_half_precision_tells_what_is_left_and_the_way_back():
    model = nn.Sequential(
        nn.Linear(2, 2), ZonalConv(2, 2, 4, anchors=2), FragmentDropout(4)
    )
    message = (
        r"got torch\.float16: .* ZonalConv was not converted, but modules before it .*"
        r"are torch\.float16 already; call \.float\(\) or \.double\(\) on the whole"
    )
    with pytest.raises(TypeError, match=message):
        model.half()
    assert model[0].weight.dtype == torch.float16
    assert model[1].weight.dtype == torch.float32
    assert model.float()(torch.ones(16, 2)).dtype == torch.float32
