"""Convolutions onto and on SO(3) as modules: dtypes, devices, bad input."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.layers import LocalGrid, SO3Conv, SphereToSO3Conv
from tests.helpers import random
from tests.layers.rotation_group.convolutions import (
    BOTH,
    CONV,
    FILTERS,
    LIFT,
    LOCAL,
    conv,
    turns,
)


@BOTH
def test_local_filters_have_a_weight_for_each_point_and_no_more(kind, sizes):
    layer = conv(kind, 3, 2, **sizes, local=LOCAL)
    assert layer.weight.shape == (6 if kind is SphereToSO3Conv else 12, 3, 2)
    assert set(layer.state_dict()) == {"weight", "bias"}
    x = random(layer.layout.n_rows, 3)
    layer(x).sum().backward()
    assert layer.weight.grad.all()


def test_kernels_have_gradients():
    lift, layer = conv(*LIFT[:1], 1, 1, L=4), conv(*CONV[:1], 1, 1, L=4)
    lift.kernel([0.1, 0.5], [0.3, 1.0]).sum().backward()
    layer.kernel(turns(2, 3)).sum().backward()
    assert lift.weight.grad.all() and layer.weight.grad.all()
    assert layer.kernel(turns(2, 3)).shape == (2, 3, 1, 1)


@BOTH
def test_float64_after_float32_is_exact(kind, sizes):
    layer = conv(kind, 1, 1, dtype=torch.float32, **sizes, local=LOCAL)
    exact = conv(kind, 1, 1, **sizes, local=LOCAL)
    assert torch.equal(layer.double().table, exact.table)


@BOTH
@FILTERS
def test_are_made_on_the_device_in_force(kind, sizes, local):
    with torch.device("meta"):
        layer = kind(2, 3, **sizes, local=local)
    parts = list(tensors_of(layer))
    assert {part.device.type for part in parts} == {"meta"}


def test_printed_forms():
    assert repr(SO3Conv(2, 3, 8, 4, L_out=6, bias=False)) == (
        "SO3Conv(2, 3, L=8, N=4, L_out=6, N_out=4, bias=False)"
    )
    grid = LocalGrid(2, 3, max_beta=0.5)
    assert repr(SphereToSO3Conv(2, 3, 8, 4, local=grid)) == (
        "SphereToSO3Conv(2, 3, L=8, N=4, L_out=8, local=LocalGrid(rings=2, angles=3, "
        "max_beta=0.5, turns=3, max_turn=3.141592653589793), bias=True)"
    )


# -- bad input ------------------------------------------------------------------------
BAD_ARGUMENTS = [
    ({"L": 0}, ValueError, "L must be at least 1, got 0"),
    ({"L": 4, "N": 5}, ValueError, r"N must be at most .*4, got 5"),
    ({"L": 4, "N": 0}, ValueError, "N must be at least 1, got 0"),
    ({"L": 4, "L_out": 5}, ValueError, r"L_out must be at most L = 4.* Unpool|got 5"),
    ({"L": 4, "L_out": 0}, ValueError, "L_out must be at least 1, got 0"),
    ({"L": 4, "L_out": 2.0}, TypeError, r"L_out must be an integer, got 2\.0"),
    ({"L": 4, "local": 3}, TypeError, r"local must be a LocalGrid or None, got int; "),
]


@pytest.mark.parametrize("kind", [SphereToSO3Conv, SO3Conv])
@pytest.mark.parametrize(("options", "error", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(1, 1, **options)


def test_bad_azimuthal_bandlimits_and_channels_are_refused():
    with pytest.raises(ValueError, match=r"N must be at most the band.* 3, got 4: deg"):
        SphereToSO3Conv(1, 1, 5, 4, L_out=3)
    with pytest.raises(ValueError, match=r"N_out must be at most the.* 3, got 4: deg"):
        SO3Conv(1, 1, 5, 2, L_out=3, N_out=4)
    with pytest.raises(ValueError, match="in_channels must be at least 1, got 0"):
        SO3Conv(0, 1, 5)
    with pytest.raises(TypeError, match="out_channels must be an integer, got '3'"):
        SphereToSO3Conv(1, "3", 5)
    with pytest.raises(ValueError, match="L must be at most 900, got 901"):
        SphereToSO3Conv(1, 1, 901, local=LOCAL)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(16, 2), ValueError, r"have 16 rows, HarmonicLayout\(L=4, tau=\("),
        (torch.ones(46, 3), ValueError, "expected 2 input channels, got 3; coeff"),
        (torch.ones(46), ValueError, r"got \(46,\); add a channel"),
        (torch.ones(46, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(46, 2).half(), TypeError, "float32 or float64, got torch.float16"),
        (np.ones((46, 2)), TypeError, "must be a tensor .* got ndarray"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        SO3Conv(2, 1, 4, 2)(x)


def test_signals_on_the_sphere_are_asked_for_as_such():
    with pytest.raises(ValueError, match=r"have 46 rows, HarmonicLayout\(L=4, tau=1\)"):
        SphereToSO3Conv(2, 1, 4, 2)(torch.ones(46, 2))


@BOTH
def test_half_precision_and_what_is_no_rotation_are_refused(kind, sizes):
    with pytest.raises(TypeError, match=r"got torch\.float16: its 8 to 11 bits"):
        kind(2, 1, **sizes, local=LOCAL).half()
    if kind is SO3Conv:
        with pytest.raises(TypeError, match="rotation must be a Rotation, got ndarray"):
            kind(2, 1, **sizes).kernel(np.eye(3))
