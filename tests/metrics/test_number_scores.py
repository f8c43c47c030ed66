"""Scores of regressions: scikit-learn, plain NumPy, known values, and laws."""

import json
import math
import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)
from torch import nn
from torchmetrics import MetricCollection

from deepsphere_pyg.metrics import (
    MAE,
    R2,
    RMSE,
    AnomalyCorrelation,
    Bias,
    area_metric,
    regression_scores,
)
from tests.round_off import assert_near, round_off

N, V, C = 6, 9, 2
TERMS = 2 * N * V
POOLED = {"rmse": RMSE, "mae": MAE, "bias": Bias, "r2": R2}
NAMES = (*POOLED, "anomaly_correlation")
all_metrics = pytest.mark.parametrize("name", NAMES)


def climatology():
    return torch.linspace(-1, 1, V * C, dtype=torch.float64).reshape(V, C)


def metric(name, **options):
    if name == "anomaly_correlation":
        return AnomalyCorrelation(climatology(), **options)
    return POOLED[name](C, **options)


def maps(seed=0, dtype=torch.float64):
    """Prediction, target, areas and mask, valid somewhere in each map and channel."""
    draw = torch.Generator().manual_seed(seed)
    target = torch.randn(N, V, C, generator=draw, dtype=torch.float64)
    error = torch.randn(N, V, C, generator=draw, dtype=torch.float64)
    weights = 10 ** torch.rand(V, generator=draw, dtype=torch.float64)
    mask = torch.rand(N, V, C, generator=draw) < 0.7
    mask[:, 0] = True
    return (target + 0.5 * error).to(dtype), target.to(dtype), weights, mask


def value(name, prediction, target, weights=None, mask=None):
    one = metric(name)
    one.update(prediction, target, weights, mask)
    return one.compute()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("rmse", root_mean_squared_error),
        ("mae", mean_absolute_error),
        ("r2", r2_score),
    ],
)
def test_areas_are_the_sample_weights_of_scikit_learn(name, oracle, masked, weighted):
    prediction, target, weights, mask = maps()
    area = weights if weighted else torch.ones(V, dtype=torch.float64)
    valid = mask if masked else torch.ones_like(mask)
    share = (area[:, None] * valid).flatten(0, 1).numpy()
    y, p = (x.flatten(0, 1).numpy() for x in (target, prediction))
    wanted = [oracle(y[:, c], p[:, c], sample_weight=share[:, c]) for c in range(C)]
    found = value(
        name,
        prediction,
        target,
        weights if weighted else None,
        mask if masked else None,
    )
    # The variance of the truth, by which R2 divides, is about one.
    assert_near(found.numpy(), np.array(wanted), TERMS, scale=10)


def test_bias_is_predicted_minus_true():
    prediction, target, weights, mask = maps()
    share = (weights[:, None] * mask).numpy()
    error = (prediction - target).numpy()
    wanted = (share * error).sum((0, 1)) / share.sum((0, 1))
    found = value("bias", prediction, target, weights, mask)
    assert_near(found.numpy(), wanted, TERMS, scale=10)
    assert_near(
        value("bias", target + 2.0, target), torch.full((C,), 2.0).double(), TERMS
    )


def test_anomaly_correlation_is_the_mean_over_maps():
    prediction, target, weights, mask = (x.numpy() for x in maps())
    normal = climatology().numpy()
    wanted = np.zeros(C)
    for c in range(C):
        for n in range(N):
            area = weights * mask[n, :, c]
            p, y = (x[n, :, c] - normal[:, c] for x in (prediction, target))
            size = math.sqrt((area * p * p).sum() * (area * y * y).sum())
            wanted[c] += (area * p * y).sum() / size / N
    found = value("anomaly_correlation", *maps())
    assert_near(found.numpy(), wanted, TERMS, scale=10)


def test_anomaly_correlation_leaves_out_maps_without_anomalies():
    prediction, target, weights, mask = maps()
    mask[0] = False
    prediction[1] = climatology()
    found = value("anomaly_correlation", prediction, target, weights, mask)
    rest = [x[2:] for x in (prediction, target)]
    wanted = value("anomaly_correlation", *rest, weights, mask[2:])
    assert_near(found, wanted, TERMS, scale=1)
    nothing = value("anomaly_correlation", prediction[:2], target[:2], None, mask[:2])
    assert nothing.isnan().all()


@pytest.mark.parametrize("name", POOLED)
def test_pressures_are_scored_to_round_off(name):
    """Means of 1e5 and a spread of 1e2 do not cancel; exact sums are the oracle."""
    draw = np.random.default_rng(0)
    target = (1e5 + 1e2 * draw.standard_normal((40, V))).astype(np.float32)
    prediction = (target + 10 * draw.standard_normal((40, V))).astype(np.float32)
    weights = draw.integers(1, 9, V)
    one = POOLED[name](1)
    for p, y in zip(prediction, target, strict=True):
        p, y = (torch.from_numpy(x)[:, None] for x in (p, y))
        one.update(p, y, torch.from_numpy(weights).float())

    area = [Fraction(int(w)) for w in np.tile(weights, 40)]
    y = [Fraction(float(x)) for x in target.ravel()]
    e = [Fraction(float(x)) - t for x, t in zip(prediction.ravel(), y, strict=True)]

    def mean(values):
        pairs = zip(area, values, strict=True)
        return sum(a * value for a, value in pairs) / sum(area)

    square = mean([x * x for x in e])
    centre = mean(y)
    wanted = {
        "rmse": math.sqrt(square),
        "mae": float(mean([abs(x) for x in e])),
        "bias": float(mean(e)),
        "r2": float(1 - square / mean([(t - centre) ** 2 for t in y])),
    }[name]
    bound = round_off(np.float64, len(y), scale=1 if name == "r2" else 40)
    assert abs(float(one.compute()) - wanted) <= bound


@all_metrics
@given(seed=st.integers(0, 2**32 - 1), cuts=st.sets(st.integers(1, N - 1)))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_splitting_into_batches_does_not_matter(name, seed, cuts):
    prediction, target, weights, mask = maps(seed)
    one = metric(name)
    bounds = [0, *sorted(cuts), N]
    for start, end in pairwise(bounds):
        part = slice(start, end)
        one.update(prediction[part], target[part], weights, mask[part])
    whole = value(name, prediction, target, weights, mask)
    # Of few values the spread may be small: R2 then has larger terms.
    assert_near(one.compute(), whole, TERMS, scale=100 * (1 + whole.abs()))


@all_metrics
@given(seed=st.integers(0, 2**32 - 1), exponent=st.integers(-9, 9))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_scale_of_areas_and_order_of_vertices_do_not_matter(name, seed, exponent):
    prediction, target, weights, mask = maps(seed)
    order = torch.randperm(V, generator=torch.Generator().manual_seed(seed))
    one = metric(name)
    if name == "anomaly_correlation":
        one = AnomalyCorrelation(climatology()[order])
    turned = (x[:, order] for x in (prediction, target))
    one.update(*turned, weights[order] * 10.0**exponent, mask[:, order])
    wanted = value(name, prediction, target, weights, mask)
    assert_near(one.compute(), wanted, TERMS, scale=100 * (1 + wanted.abs()))


@all_metrics
@pytest.mark.parametrize("filling", [torch.nan, torch.inf, 1e300])
def test_masked_values_have_no_influence(name, filling):
    prediction, target, weights, mask = maps()
    wanted = value(name, prediction, target, weights, mask)
    changed = (torch.where(mask, x, filling) for x in (prediction, target))
    assert torch.equal(value(name, *changed, weights, mask), wanted)


@all_metrics
def test_masks_may_be_of_vertices(name):
    prediction, target, weights, mask = maps()
    mask = mask[..., 0]
    found = value(name, prediction, target, weights, mask)
    wanted = mask[..., None].expand(N, V, C)
    assert torch.equal(found, value(name, prediction, target, weights, wanted))


def both_ranks(name):
    """Two metrics as two processes have them, and all maps at once."""
    prediction, target, weights, mask = maps()
    halves = [metric(name), metric(name)]
    for half, part in zip(halves, (slice(0, 2), slice(2, N)), strict=True):
        half.update(prediction[part], target[part], weights, mask[part])
    return *halves, value(name, prediction, target, weights, mask)


@all_metrics
def test_processes_get_the_score_of_all_maps(name):
    first, second, wanted = both_ranks(name)
    states = iter(first.metric_state)

    def gathered(state, group=None):
        return [state, getattr(second, next(states))]

    first.dist_sync_fn = gathered
    first.distributed_available_fn = lambda: True
    assert_near(first.compute(), wanted, TERMS, scale=10)


@all_metrics
def test_states_are_merged(name):
    first, second, wanted = both_ranks(name)
    first.merge_state(pickle.loads(pickle.dumps(second)))
    assert_near(first.compute(), wanted, TERMS, scale=10)


@all_metrics
def test_a_process_without_maps_changes_nothing(name):
    first, _, _ = both_ranks(name)
    wanted = first.compute()
    first.merge_state(metric(name))
    first.update(*(x[:0] for x in maps()[:2]))
    assert torch.equal(first.compute(), wanted)


@all_metrics
def test_forward_returns_the_score_of_the_batch(name):
    prediction, target, weights, mask = maps()
    one = metric(name)
    for part in (slice(0, 2), slice(2, N)):
        batch = (prediction[part], target[part], weights, mask[part])
        assert torch.equal(one(*batch), value(name, *batch))
    whole = value(name, prediction, target, weights, mask)
    assert_near(one.compute(), whole, TERMS, scale=10)
    one.reset()
    one.update(*batch)
    assert torch.equal(one.compute(), value(name, *batch))


def test_a_collection_shares_the_sums():
    collection = MetricCollection({name: metric(name) for name in NAMES})
    for _ in range(2):
        collection.update(*maps())
    assert len(collection.compute_groups) == 2
    for name, found in collection.compute().items():
        assert_near(found, value(name, *maps()), TERMS, scale=10)


@pytest.mark.parametrize("name", POOLED)
def test_channels_without_valid_vertices_are_nan(name):
    prediction, target, weights, mask = maps()
    mask[..., 1] = False
    found = value(name, prediction, target, weights, mask)
    assert found.isnan().tolist() == [False, True]


@given(
    constant=st.floats(-1e6, 1e6, width=32),
    cuts=st.sets(st.integers(1, N - 1)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_constant_truth_has_no_r2(constant, cuts, seed):
    prediction, target, weights, mask = maps(seed)
    one = metric("r2")
    bounds = [0, *sorted(cuts), N]
    for start, end in pairwise(bounds):
        part = slice(start, end)
        truth = torch.full_like(target[part], constant)
        one.update(prediction[part], truth, weights, mask[part])
    assert one.compute().isnan().all()


def test_global_targets_need_no_vertices():
    prediction, target, _, _ = maps()
    found = value("rmse", prediction[:, 0], target[:, 0])
    wanted = mean_squared_error(
        target[:, 0].numpy(), prediction[:, 0].numpy(), multioutput="raw_values"
    )
    assert_near(found.numpy() ** 2, wanted, TERMS, scale=10)


@all_metrics
def test_sums_keep_their_precision_in_converted_networks(name):
    prediction, target, weights, mask = maps(dtype=torch.float32)
    network = nn.ModuleDict({"metric": metric(name)})
    for convert in (network.half, network.bfloat16, lambda: network.to(torch.half)):
        convert()
        network["metric"].update(prediction, target, weights, mask)
    assert network["metric"].compute().dtype == torch.float64
    single = metric(name).set_dtype(torch.float32)
    single.update(prediction, target, weights, mask)
    found = single.compute()
    assert found.dtype == torch.float32
    assert_near(found, value(name, *maps()).float(), TERMS, scale=10)


@all_metrics
def test_sums_are_single_on_devices_without_double(name, monkeypatch):
    monkeypatch.setattr(area_metric, "_has_float64", lambda device: False)
    moved = nn.ModuleDict({"metric": metric(name)}).cpu()["metric"]
    moved.update(*maps(dtype=torch.float32))
    found = moved.compute()
    assert found.dtype == torch.float32
    assert_near(found, value(name, *maps()).float(), TERMS, scale=10)


@all_metrics
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"weights": -torch.ones(V)}, ValueError, "got -1 at vertex 0; mask"),
        ({"weights": torch.ones(3)}, ValueError, r"\(9,\), got \(3,\); pass"),
        ({"mask": torch.ones(N, V)}, TypeError, "float32; compare it"),
        ({"target": torch.zeros(N, V)}, ValueError, r"\(6, 9\), .*\[\.\.\., None\]"),
        ({"target": torch.full((N, V, C), torch.nan)}, ValueError, "pass a mask"),
    ],
)
def test_bad_maps_are_refused(name, changed, error, message):
    given = dict(
        zip(("prediction", "target", "weights", "mask"), maps(), strict=True), **changed
    )
    with pytest.raises(error, match=message):
        metric(name).update(**given)


def test_other_channels_and_climatologies_are_refused():
    with pytest.raises(ValueError, match=r"3 channels.* got 2; build RMSE\(2\)"):
        RMSE(3).update(*maps())
    with pytest.raises(TypeError, match=r"channels must be an integer, got 1\.5"):
        MAE(1.5)
    with pytest.raises(ValueError, match=r"\(4, 2\), got \(6, 9, 2\); pass one"):
        AnomalyCorrelation(torch.zeros(4, 2)).update(*maps())
    with pytest.raises(ValueError, match=r"got \(4,\); for one that changes"):
        AnomalyCorrelation(torch.zeros(4))
    with pytest.raises(TypeError, match=r"climatology .* got list; convert"):
        AnomalyCorrelation([[0.0]])


def test_climatology_may_be_missing_where_the_truth_is():
    prediction, target, weights, mask = maps()
    mask[:, 3] = False
    normal = climatology()
    wanted = value("anomaly_correlation", prediction, target, weights, mask)
    normal[3] = torch.nan
    one = AnomalyCorrelation(normal)
    one.update(prediction, target, weights, mask)
    assert torch.equal(one.compute(), wanted)
    with pytest.raises(ValueError, match=r"the climatology must be finite .* got nan"):
        one.update(prediction, target, weights)


def test_scores_of_arrays_are_those_of_the_metrics():
    prediction, target, weights, mask = maps()
    scores = regression_scores(
        target.numpy(),
        prediction.numpy(),
        weights.numpy(),
        mask.numpy(),
        climatology=climatology().numpy(),
        channel_names=["z", "t"],
    )
    for name in NAMES:
        found = np.array(getattr(scores, name))
        wanted = value(name, prediction, target, weights, mask).numpy()
        assert_near(found, wanted, TERMS, scale=10)
    assert scores.as_dict()["t"]["r2"] == scores.r2[1]


def test_scores_of_arrays_can_be_written_as_json():
    scores = regression_scores([[1.0], [1.0]], [[1.0], [2.0]])
    read = json.loads(json.dumps(scores.as_dict()))
    assert list(read) == ["0"]
    assert read["0"].pop("rmse") == pytest.approx(math.sqrt(0.5))
    assert read["0"] == {"mae": 0.5, "bias": 0.5, "r2": None}


def test_arguments_of_scores_are_checked():
    with pytest.raises(TypeError, match="truth must be real numbers, got \\['a'\\]"):
        regression_scores(["a"], [[1.0]])
    with pytest.raises(TypeError, match=r"mask .*float64; compare"):
        regression_scores([[1.0]], [[1.0]], mask=[1.0])
    with pytest.raises(ValueError, match=r"must be 1 .* got \['a', 'b'\]; pass"):
        regression_scores([[1.0]], [[1.0]], channel_names=["a", "b"])
    with pytest.raises(ValueError, match=r"must be 2 .* got \['z', 'z'\]; pass"):
        regression_scores([[1.0, 2]], [[1.0, 2]], channel_names=["z", "z"])
    with pytest.raises(TypeError, match="got 'z'; pass one"):
        regression_scores([[1.0]], [[1.0]], channel_names="z")
