"""Normalisation of fragments: sizes, running means, equivariance, bad input."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import HarmonicLayout, power_spectrum
from deepsphere_pyg.layers import FragmentNorm
from tests.helpers import random
from tests.round_off import assert_near

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])


def norm(channels, layout, dtype=torch.float64, **options):
    layer = FragmentNorm(channels, layout, **options).to(dtype)
    with torch.no_grad():
        torch.manual_seed(0)
        layer.weight.uniform_(0.5, 2)
    return layer


def test_batches_get_fragments_of_size_one_in_each_channel():
    x = random(3, 4, LAYOUT.n_rows, 2) * torch.tensor([5.0, 0.1])
    layer = FragmentNorm(2, LAYOUT).double()
    power = power_spectrum(layer(x), LAYOUT).mean((0, 1))
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-5, atol=0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8).filter(any))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_any_layout_gets_fragments_of_size_one(tau):
    layout = HarmonicLayout(len(tau), tau)
    x = random(6, layout.n_rows, 2)
    power = power_spectrum(FragmentNorm(2, layout).double()(x), layout).mean(0)
    # Less by eps over the mean square of six numbers and more, seldom below 1e-2.
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-5, atol=0)


def test_instances_get_fragments_of_size_one_each():
    x = random(3, 4, LAYOUT.n_rows, 2) * torch.arange(1.0, 5)[:, None, None]
    layer = FragmentNorm(2, LAYOUT, statistics="instance").double()
    power = power_spectrum(layer(x), LAYOUT).mean(-1)
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-5, atol=0)


@pytest.mark.parametrize("statistics", ["running", "instance"])
def test_directions_are_kept_and_scales_are_per_fragment_and_channel(statistics):
    layer = norm(2, LAYOUT, statistics=statistics)
    x = random(3, LAYOUT.n_rows, 2)
    ratio = layer(x) / x
    for degree, tau in enumerate(LAYOUT.tau):
        for t in range(tau):
            part = ratio[:, LAYOUT.fragment(degree, t)]
            torch.testing.assert_close(part, part[:, :1].expand_as(part))


def test_running_means_are_those_of_batches_and_used_in_evaluation():
    layer = norm(2, LAYOUT, momentum=0.25)
    batches = [random(4, LAYOUT.n_rows, 2) * size for size in (2, 3, 1, 5, 0.1, 7)]
    expected = torch.ones(LAYOUT.n_fragments, 2, dtype=torch.float64)
    # The mean of all batches, until one more would count for less than a quarter.
    for batch, share in zip(
        batches, (1, 1 / 2, 1 / 3, 1 / 4, 1 / 4, 1 / 4), strict=True
    ):
        layer(batch)
        mean = power_spectrum(batch, LAYOUT).mean(0)
        expected = (1 - share) * expected + share * mean
    torch.testing.assert_close(layer.mean_square, expected)
    layer.eval()
    x = random(1, LAYOUT.n_rows, 2)
    torch.testing.assert_close(
        power_spectrum(layer(x), LAYOUT),
        power_spectrum(x, LAYOUT) * layer.weight**2 / (expected + 1e-8),
    )
    layer.reset_running_statistics()
    assert torch.equal(layer.mean_square, torch.ones_like(expected))
    assert int(layer.n_batches) == 0


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e5])
def test_one_batch_is_enough_for_evaluation(size):
    x = random(64, LAYOUT.n_rows, 2) * size
    layer = FragmentNorm(2, LAYOUT).double()
    trained = layer(x)
    torch.testing.assert_close(layer.eval()(x), trained, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fitted_sizes_stay_whatever_the_batches(dtype):
    # Sizes of many decades, one fragment nothing but round-off, one nothing at all.
    sizes = torch.tensor([1e3, 1.0, 1e-2, 1e-4], dtype=dtype)
    x = random(50, 16, 1, dtype=dtype) * sizes.repeat_interleave(
        torch.tensor([1, 3, 5, 7])
    ).unsqueeze(-1)
    x[:, 4:9], x[:, 9:] = 0, x[:, 9:] * 1e-2
    layer = FragmentNorm(1, 4).to(dtype).fit_(x)
    power = power_spectrum(layer(x), layer.layout).mean(0).flatten()
    torch.testing.assert_close(power[:2], torch.ones(2, dtype=dtype))
    assert power[2] == 0 and 0 < power[3] < 0.2
    before = layer.mean_square.clone()
    layer(100 * x[:3])
    assert torch.equal(layer.mean_square, before)
    torch.testing.assert_close(layer(x[:3]), copy.deepcopy(layer).eval()(x[:3]))
    again = FragmentNorm(1, 4).to(dtype)
    again.load_state_dict(layer.state_dict())
    assert_near(again(x), layer(x))
    layer.reset_running_statistics()
    layer(x)
    assert int(layer.n_batches) == 1


def test_states_without_a_count_are_of_many_batches():
    layer = FragmentNorm(1, 2)
    state = {"weight": torch.ones(2, 1), "mean_square": torch.full((2, 1), 4.0)}
    layer.load_state_dict(state)
    layer(torch.ones(3, 4, 1))
    torch.testing.assert_close(layer.mean_square, torch.full((2, 1), 3.7))


@pytest.mark.parametrize(
    ("layer", "x", "message"),
    [
        (
            FragmentNorm(1, 2, statistics="instance"),
            torch.ones(3, 4, 1),
            "use statistics='runn",
        ),
        (FragmentNorm(1, 2), torch.zeros(3, 4, 1), "not all zero"),
        (FragmentNorm(1, 2), torch.zeros(0, 4, 1), "got 0 signals"),
        (FragmentNorm(1, 2), torch.full((3, 4, 1), torch.nan), "finite"),
        (FragmentNorm(1, 2), torch.ones(3, 5, 1), "rows"),
    ],
)
def test_what_no_sizes_can_be_fitted_to_is_refused(layer, x, message):
    with pytest.raises(ValueError, match=message):
        layer.fit_(x)


def test_state_is_saved_and_read_back():
    layer = norm(2, LAYOUT)
    layer(random(4, LAYOUT.n_rows, 2))
    again = FragmentNorm(2, LAYOUT).double()
    again.load_state_dict(layer.state_dict())
    assert set(layer.state_dict()) == {"weight", "mean_square", "n_batches"}
    assert set(FragmentNorm(2, 4, statistics="instance").state_dict()) == {"weight"}
    x = random(1, LAYOUT.n_rows, 2)
    assert torch.equal(again.eval()(x), layer.eval()(x))


def test_empty_batches_leave_the_running_means():
    layer = FragmentNorm(2, 3)
    assert layer(torch.ones(0, 9, 2)).shape == (0, 9, 2)
    assert torch.equal(layer.mean_square, torch.ones(3, 2))


@pytest.mark.parametrize("statistics", ["running", "instance"])
def test_zeros_stay_zero_with_finite_gradients(statistics):
    layer = FragmentNorm(2, 3, statistics=statistics)
    x = torch.zeros(2, 9, 2, requires_grad=True)
    y = layer(x)
    y.square().sum().backward()
    assert not y.any()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("statistics", ["running", "instance"])
def test_gradients_through_the_statistics(statistics):
    layer = norm(2, LAYOUT, statistics=statistics)
    x = random(3, LAYOUT.n_rows, 2).requires_grad_()
    assert torch.autograd.gradcheck(layer, x, fast_mode=True)
    assert torch.autograd.gradgradcheck(layer, x, fast_mode=True, atol=1e-4)


def test_training_compiles_without_graph_breaks_and_moves_the_means():
    torch.compiler.reset()
    layer = FragmentNorm(2, HarmonicLayout(3, [2, 1, 1]))
    compiled = torch.compile(copy.deepcopy(layer), fullgraph=True, backend="aot_eager")
    x = random(3, 10, 2, dtype=torch.float32)
    torch.testing.assert_close(compiled(x), layer(x))
    torch.testing.assert_close(compiled.mean_square, layer.mean_square)
    assert not torch.equal(layer.mean_square, torch.ones(4, 2))


def test_is_made_on_the_device_in_force():
    with torch.device("meta"):
        layer = FragmentNorm(2, 3)
    parts = list(tensors_of(layer))
    assert [part.device.type for part in parts] == ["meta"] * 4


def test_printed_form():
    layout = "HarmonicLayout(L=3, tau=1)"
    expected = f"FragmentNorm({layout}, 2, 'running', eps=1e-08, momentum=0.1)"
    assert repr(FragmentNorm(2, 3)) == expected
    expected = f"FragmentNorm({layout}, 2, 'instance', eps=1e-08)"
    assert repr(FragmentNorm(2, 3, statistics="instance")) == expected


@pytest.mark.parametrize(
    ("sizes", "options", "error", "message"),
    [
        ((0, 3), {}, ValueError, "channels must be at least 1, got 0"),
        ((1.5, 3), {}, TypeError, "channels must be an integer, got 1.5"),
        ((1, 0), {}, ValueError, "layout must be at least 1, got 0"),
        ((1, 3), {"statistics": "batch"}, ValueError, "'instance', got 'batch'; ch"),
        ((1, 3), {"eps": 0.0}, ValueError, "eps must be .*positive.*; take 1e-8"),
        ((1, 3), {"eps": "no"}, TypeError, "eps must be"),
        ((1, 3), {"momentum": 0.0}, ValueError, "momentum must be .*positive"),
        ((1, 3), {"momentum": 2.0}, ValueError, "at most 1, got 2.0; 1 keeps the last"),
    ],
)
def test_bad_arguments_are_refused(sizes, options, error, message):
    with pytest.raises(error, match=message):
        FragmentNorm(*sizes, **options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9, 3), ValueError, "expected 2 input channels, got 3; coeff"),
        (torch.ones(9, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(9, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        FragmentNorm(2, 3)(x)


def test_sizes_once_fitted_stay_so_in_averages_of_states():
    layer = FragmentNorm(2, 3).fit_(torch.ones(4, 9, 2))
    fitted = layer.mean_square.clone()
    mean = AveragedModel(layer, use_buffers=True, avg_fn=get_ema_avg_fn(0.9))
    for _ in range(20):
        mean.update_parameters(layer)
    assert int(mean.module.n_batches) < 0
    mean.train()(torch.full((4, 9, 2), 5.0))
    torch.testing.assert_close(mean.module.mean_square, fitted)


def test_files_that_told_fitted_sizes_by_minus_one_are_read():
    layer = FragmentNorm(2, 3).fit_(torch.ones(4, 9, 2))
    state = layer.state_dict()
    state["n_batches"] = torch.tensor(-1)
    other = FragmentNorm(2, 3)
    other.load_state_dict(state)
    assert torch.equal(other.n_batches, layer.n_batches)
