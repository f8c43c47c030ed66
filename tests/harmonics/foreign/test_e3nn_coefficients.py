"""Coefficients against e3nn: values, order, axes, rotations, bad input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as SciPyRotation

from deepsphere_pyg.harmonics import (
    HarmonicLayout,
    Rotation,
    e3nn_irreps,
    from_e3nn,
    rotate,
    solid_harmonics,
    to_e3nn,
)

TAUS = st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any)


def unit_vectors(n):
    xyz = torch.from_numpy(np.random.default_rng(0).normal(size=(n, 3)))
    return xyz / xyz.norm(dim=1, keepdim=True)


def random_coefficients(layout, *batch, channels=2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    shape = (*batch, layout.n_rows, channels)
    return torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.oracle
def test_both_libraries_make_the_same_function():
    o3 = pytest.importorskip("e3nn.o3")
    layout, xyz = HarmonicLayout(9), unit_vectors(40)
    coefficients = random_coefficients(layout, channels=1)
    theirs = o3.spherical_harmonics(
        list(range(9)), xyz, normalize=False, normalization="integral"
    )
    signal = solid_harmonics(xyz, 9) @ coefficients[:, 0]
    torch.testing.assert_close(
        theirs @ to_e3nn(coefficients, layout), signal, rtol=0, atol=1e-12
    )
    # The same numbers, if the axes are renamed.
    renamed = o3.spherical_harmonics(
        list(range(9)), xyz[:, [1, 2, 0]], normalize=False, normalization="integral"
    )
    torch.testing.assert_close(renamed @ coefficients[:, 0], signal, rtol=0, atol=1e-12)


@pytest.fixture
def default_float64():
    # e3nn computes its matrices in the default dtype, whatever the rotation's.
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.oracle
@pytest.mark.usefixtures("default_float64")
def test_both_libraries_rotate_alike():
    o3 = pytest.importorskip("e3nn.o3")
    layout = HarmonicLayout(5, [2, 1, 0, 3, 1])
    irreps = o3.Irreps(e3nn_irreps(layout, 2))
    assert irreps.dim == 2 * layout.n_rows
    matrix = torch.from_numpy(SciPyRotation.random(rng=1).as_matrix())
    coefficients = random_coefficients(layout, 3)
    turned = rotate(coefficients, Rotation.from_matrix(matrix), layout)
    theirs = to_e3nn(coefficients, layout) @ irreps.D_from_matrix(matrix).T
    torch.testing.assert_close(to_e3nn(turned, layout), theirs, rtol=0, atol=1e-12)


def test_vectors_keep_their_components():
    # f(p) = v . p has the coefficients (v_y, v_z, v_x) here and v there.
    v = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    ours = v[[0, 2, 3, 1]][:, None]
    torch.testing.assert_close(to_e3nn(ours, HarmonicLayout(2)), v)
    torch.testing.assert_close(from_e3nn(v, HarmonicLayout(2), 1), ours)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(deadline=None, derandomize=True, max_examples=30)
@given(TAUS, st.integers(1, 3), st.lists(st.integers(1, 3), max_size=2))
def test_conversions_there_and_back_change_nothing(dtype, tau, channels, batch):
    layout = HarmonicLayout(len(tau), tau)
    coefficients = random_coefficients(layout, *batch, channels=channels, dtype=dtype)
    features = to_e3nn(coefficients, layout)
    assert features.shape == (*batch, layout.n_rows * channels)
    assert features.dtype == dtype
    torch.testing.assert_close(from_e3nn(features, layout, channels), coefficients)
    norm = coefficients.square().sum((-2, -1))
    torch.testing.assert_close(features.square().sum(-1), norm)


def test_conversions_are_differentiable():
    layout = HarmonicLayout(3, [1, 2, 1])
    coefficients = random_coefficients(layout, channels=2).requires_grad_()
    assert torch.autograd.gradcheck(to_e3nn, (coefficients, layout))
    features = to_e3nn(coefficients.detach(), layout).requires_grad_()
    assert torch.autograd.gradcheck(from_e3nn, (features, layout, 2))


@pytest.mark.parametrize(
    ("convert", "arguments", "error", "message"),
    [
        (e3nn_irreps, ("3", 1), TypeError, r"HarmonicLayout or a bandlimit L, got '3'"),
        (
            e3nn_irreps,
            (HarmonicLayout(2), 0),
            ValueError,
            "channels must be at least 1",
        ),
        (
            to_e3nn,
            (torch.zeros(3, 1), HarmonicLayout(2)),
            ValueError,
            r"coefficients have 3 rows, HarmonicLayout\(L=2, tau=1\) has 4",
        ),
        (from_e3nn, (torch.zeros(4), None, 1), TypeError, "or a bandlimit L, got None"),
        (
            from_e3nn,
            ([0.0], HarmonicLayout(1), 1),
            TypeError,
            "features must be a tensor .*, got list; convert",
        ),
        (
            from_e3nn,
            (torch.zeros(4).half(), HarmonicLayout(2), 1),
            TypeError,
            r"features must be float32 or float64, got torch\.float16; convert",
        ),
        (
            from_e3nn,
            (torch.zeros(2, 7), HarmonicLayout(2), 2),
            ValueError,
            r"8 numbers .*, 4 rows of 2 channels, got shape \(2, 7\); e3nn's type",
        ),
        (
            from_e3nn,
            (torch.zeros(4), HarmonicLayout(2), 1.0),
            TypeError,
            r"channels must be an integer, got 1\.0",
        ),
    ],
)
def test_wrong_input_is_refused(convert, arguments, error, message):
    with pytest.raises(error, match=message):
        convert(*arguments)
