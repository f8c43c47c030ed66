"""Laws of pooling and unpooling, on every sampling that coarsens."""

import numpy as np
import pytest
import torch

from deepsphere_pyg import (
    GlobalMeanPool,
    MaxPool,
    MeanPool,
    Standardize,
    Unpool,
    pooling_operator,
    unpooling_operator,
)
from samplings import Equiangular, HEALPix, Icosahedral, Irregular
from tests.round_off import assert_near

DTYPES = (torch.float32, torch.float64)


def irregular():
    xyz = np.random.default_rng(0).standard_normal((90, 3))
    return Irregular(xyz / np.linalg.norm(xyz, axis=1)[:, None])


FINE = {
    "healpix": lambda: HEALPix(4),
    "healpix-ring": lambda: HEALPix(4, nest=False),
    "equiangular": lambda: Equiangular(8, 16),
    "icosahedral": lambda: Icosahedral(2),
    "irregular": irregular,
    "masked": lambda: HEALPix(4)[HEALPix(4).lat > 20],
}


@pytest.fixture(scope="module", params=FINE)
def coarsening(request):
    return FINE[request.param]().coarsen()


def fine_signal(coarsening, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, len(coarsening.fine), 3, generator=generator).to(dtype)


def areas(sampling, dtype=torch.float64):
    return torch.tensor(sampling.weights, dtype=dtype)[:, None]


@pytest.mark.parametrize("dtype", DTYPES)
def test_constants_stay_what_they_are(coarsening, dtype):
    pool, unpool = pooling_operator(coarsening), unpooling_operator(coarsening)
    x = torch.ones(2, len(coarsening.fine), 3, dtype=dtype)
    for layer in (MeanPool(), MaxPool()):
        y = layer(x, pool.to(dtype))
        assert y.shape == (2, len(coarsening.coarse), 3)
        # A cell has some ten children.
        assert_near(y, torch.ones_like(y), 10)
        back = Unpool()(y, unpool.to(dtype))
        assert_near(back, x, 20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mean_pooling_conserves_the_integral(coarsening, dtype):
    x = fine_signal(coarsening, dtype)
    y = MeanPool()(x, pooling_operator(coarsening).to(dtype))
    before = (areas(coarsening.fine, dtype) * x).sum(dim=1)
    after = (areas(coarsening.coarse, dtype) * y).sum(dim=1)
    terms = len(coarsening.fine)
    assert_near(after, before, terms, areas(coarsening.coarse) * x.abs().max())


def test_unpooling_is_the_adjoint_of_pooling_by_area(coarsening):
    x = fine_signal(coarsening)
    y = torch.randn(2, len(coarsening.coarse), 3, dtype=torch.float64)
    pooled = MeanPool()(x, pooling_operator(coarsening).double())
    unpooled = Unpool()(y, unpooling_operator(coarsening).double())
    coarse = (areas(coarsening.coarse) * pooled * y).sum()
    fine = (areas(coarsening.fine) * x * unpooled).sum()
    torch.testing.assert_close(coarse, fine, atol=1e-12, rtol=0)


def test_max_pooling_takes_cells_with_any_share(coarsening):
    x = fine_signal(coarsening)
    y = MaxPool()(x, pooling_operator(coarsening).double())
    assign = coarsening.assign
    for coarse in range(0, len(coarsening.coarse), 5):
        children = assign[[coarse]].indices
        assert torch.equal(y[:, coarse], x[:, children].amax(dim=1))


def test_mean_lies_below_the_maximum(coarsening):
    x = fine_signal(coarsening)
    operator = pooling_operator(coarsening).double()
    assert (MeanPool()(x, operator) <= MaxPool()(x, operator) + 1e-13).all()


def test_global_mean_weighs_by_area(coarsening):
    x = fine_signal(coarsening)
    area = areas(coarsening.fine)[:, 0]
    expected = (area[:, None] * x).sum(dim=1) / area.sum()
    mean = GlobalMeanPool()
    assert_near(mean(x, area), expected, len(area), x)
    pooled = MeanPool()(x, pooling_operator(coarsening).double())
    coarse = areas(coarsening.coarse)[:, 0]
    assert_near(mean(pooled, coarse), expected, len(area), x)
    assert_near(mean(x[0], area), expected[0], len(area), x)
    assert torch.autograd.gradcheck(lambda x: mean(x, area), x.requires_grad_())


def test_global_mean_of_a_sampling_needs_no_areas(coarsening):
    x = fine_signal(coarsening)
    area = areas(coarsening.fine)[:, 0]
    layer = GlobalMeanPool(coarsening.fine)
    assert not layer.state_dict()
    # To half precision and back: areas start from float64.
    there = layer.half().double()
    assert_near(there(x), GlobalMeanPool()(x, area), len(area), x)
    # Areas of a call come first.
    even = torch.ones_like(area)
    assert_near(there(x, even), x.mean(dim=1), len(area), x)


def test_global_mean_without_areas_is_refused():
    with pytest.raises(TypeError, match=r"area must be .* GlobalMeanPool\(sampling\)"):
        GlobalMeanPool()(torch.zeros(2, 12, 3))
    with pytest.raises(TypeError, match=r"must be a sampling, .* got int; make one"):
        GlobalMeanPool(12)


def test_global_mean_refuses_other_areas():
    with pytest.raises(ValueError, match=r"area must have shape \(12,\).*got \(3,\)"):
        GlobalMeanPool()(torch.zeros(2, 12, 3), torch.ones(3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_standardised_channels_have_mean_zero_and_spread_one(dtype):
    torch.manual_seed(0)
    x = (torch.randn(2, 500, 3) * torch.tensor([1.0, 50.0, 1e-3]) + 7).to(dtype)
    flat = x.flatten(0, 1).double()
    layer = Standardize(3).to(dtype).fit_(flat.mean(0), flat.std(0))
    y = layer(x).flatten(0, 1).double()
    # The third channel is 7 +- 0.001: subtracting loses four digits.
    torch.testing.assert_close(y.mean(0), torch.zeros(3).double(), atol=2e-3, rtol=0)
    torch.testing.assert_close(y.std(0), torch.ones(3).double(), atol=2e-3, rtol=0)


def test_statistics_may_be_arrays():
    mean, std = np.array([1.0, 2.0]), np.array([3.0, 0.0])
    layer = Standardize(2).fit_(mean, std)
    assert layer.mean.tolist() == [1, 2]
    assert layer.std.tolist() == [3, 1]
    assert torch.equal(Standardize(2).fit_([1, 2], [3, 0]).std, layer.std)


def test_statistics_are_part_of_the_state():
    fitted = Standardize(2).fit_(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    other = Standardize(2)
    other.load_state_dict(fitted.state_dict())
    assert torch.equal(other.mean, fitted.mean) and torch.equal(other.std, fitted.std)
    assert not list(fitted.parameters())


def test_a_constant_channel_is_only_centred():
    layer = Standardize(1).fit_(torch.tensor([5.0]), torch.tensor([0.0]))
    assert layer(torch.tensor([[5.0], [6.0]])).tolist() == [[0.0], [1.0]]


def test_wrong_statistics_are_refused():
    layer, good = Standardize(2), torch.ones(2)
    with pytest.raises(ValueError, match=r"mean must have shape \(2,\).*got \(3,\)"):
        layer.fit_(torch.ones(3), good)
    with pytest.raises(ValueError, match="std must be finite, got nan for channel 1"):
        layer.fit_(good, torch.tensor([1.0, torch.nan]))
    with pytest.raises(ValueError, match="std must not be negative, got -1"):
        layer.fit_(good, -good)
    with pytest.raises(ValueError, match="expected 2 input channels, got 5"):
        layer(torch.zeros(4, 5))
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        Standardize(0)


@pytest.mark.parametrize("layer", [MeanPool, MaxPool, Unpool])
def test_pooling_asks_for_an_operator(layer):
    for wrong in (None, HEALPix(2).coarsen()):
        with pytest.raises(TypeError, match=r"operator must be an EdgeOperator, got"):
            layer()(torch.ones(48, 2), wrong)


def test_what_is_no_signal_is_refused():
    for layer in (Standardize(2), GlobalMeanPool(HEALPix(1))):
        with pytest.raises(TypeError, match=r"x must be a tensor .*got NoneType"):
            layer(None)
    with pytest.raises(TypeError, match="mean must be real numbers, got None"):
        Standardize(2).fit_(None, torch.ones(2))
