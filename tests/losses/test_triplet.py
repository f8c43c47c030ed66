"""Triplet loss: known values, loops over triplets, and laws."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.losses import TripletLoss
from tests.round_off import assert_near, round_off

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=30, deadline=None, derandomize=True)


def batch(seed=0, n=9, classes=3, dtype=torch.float64):
    """Random features, and the classes of their samples."""
    draw = torch.Generator().manual_seed(seed)
    features = torch.randn(n, 4, generator=draw, dtype=torch.float64)
    return features.to(dtype), torch.randint(classes, (n,), generator=draw)


def loss_by_loops(features, labels, margin, normalize):
    """The loss, triplet by triplet."""
    x = features.double().numpy()
    if normalize:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    losses = []
    for a in range(len(x)):
        apart = [float(((x[a] - x[j]) ** 2).sum()) for j in range(len(x))]
        negatives = [apart[j] for j in range(len(x)) if labels[j] != labels[a]]
        for p in range(len(x)):
            if p == a or labels[p] != labels[a] or not negatives:
                continue
            beyond = [d for d in negatives if d > apart[p]]
            negative = min(beyond) if beyond else max(negatives)
            losses.append(max(0.0, margin + apart[p] - negative))
    return sum(losses) / len(losses) if losses else 0.0


def test_values_by_hand():
    # On a line: a = 0 and p = 2 of one class, negatives at 1, 3 and -5.
    # From a: d = 4; squared distances of the negatives 1, 9, 25: 9 is the nearest
    # beyond 4. From p: d = 4; 1, 1, 49: 49. With margin 10: 10 + 4 - 9 = 5, and 0.
    features = torch.tensor([[0.0], [2.0], [1.0], [3.0], [-5.0]])
    labels = torch.tensor([0, 0, 1, 2, 3])
    assert TripletLoss(10.0, normalize=False)(features, labels) == 2.5
    # Without the last two there is none beyond, and the furthest is at 1 from either:
    # 10 + 4 - 1 for both.
    assert TripletLoss(10.0, normalize=False)(features[:3], labels[:3]) == 13


def test_negative_at_the_distance_of_the_positive_is_not_beyond():
    # Negatives at 1, the distance of the positive, and at 9: margin + 1 - 9.
    features = torch.tensor([[0.0], [1.0], [-1.0], [-3.0]])
    labels = torch.tensor([0, 0, 1, 1])
    loss = TripletLoss(9.0, normalize=False)
    # (0, 1): 9 + 1 - 9 = 1. (1, 0): 9 + 1 - 4 = 6. (-1, -3): d = 4; 1 and 4 are not
    # beyond: 9 + 4 - 4 = 9. (-3, -1): d = 4; 9 is beyond: 9 + 4 - 9 = 4.
    assert loss(features, labels) == (1 + 6 + 9 + 4) / 4


@pytest.mark.parametrize("normalize", [True, False])
@given(seed=seeds, n=st.integers(1, 16), classes=st.integers(1, 6))
@few
def test_loss_is_that_of_loops(normalize, seed, n, classes):
    features, labels = batch(seed, n, classes)
    wanted = loss_by_loops(features, labels, 0.7, normalize)
    found = TripletLoss(0.7, normalize=normalize)(features, labels)
    # Squared distances are sums of four squares of numbers below some 5.
    assert abs(float(found) - wanted) < round_off(torch.float64, 4 * n, 25)


@given(seed=seeds)
@few
def test_order_of_samples_does_not_matter(seed):
    features, labels = batch(seed)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed))
    loss = TripletLoss()
    assert_near(loss(features[order], labels[order]), loss(features, labels), 81, 4)


def test_names_of_classes_do_not_matter():
    features, labels = batch()
    renamed = torch.tensor([2**40, -3, 0])[labels]
    assert TripletLoss()(features, renamed) == TripletLoss()(features, labels)


def test_turned_features_have_the_same_loss():
    features, labels = batch()
    turn, _ = torch.linalg.qr(batch(1, 4)[0])
    for loss in (TripletLoss(), TripletLoss(5.0, normalize=False)):
        assert_near(loss(features @ turn, labels), loss(features, labels), 81, 25)


def test_normalized_features_have_no_length():
    features, labels = batch()
    scaled = features * torch.linspace(1e-3, 1e3, 9, dtype=torch.float64)[:, None]
    loss = TripletLoss()
    assert_near(loss(scaled, labels), loss(features, labels), 81, 4)


@pytest.mark.parametrize("normalize", [True, False])
def test_gradients_are_those_of_differences(normalize):
    features, labels = batch()
    loss = TripletLoss(normalize=normalize)
    features.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), features)
    assert torch.autograd.gradgradcheck(lambda x: loss(x, labels), features)


@pytest.mark.parametrize(
    "labels", [[], [0], [0, 1, 2], [4, 4, 4]], ids=["none", "one", "alone", "alike"]
)
@pytest.mark.parametrize("normalize", [True, False])
def test_batch_without_triplets_has_loss_zero(labels, normalize):
    features = torch.randn(len(labels), 3, requires_grad=True)
    loss = TripletLoss(normalize=normalize)(
        features, torch.tensor(labels, dtype=torch.int64)
    )
    assert loss == 0
    loss.backward()
    assert torch.equal(features.grad, torch.zeros_like(features))


def test_separated_classes_have_loss_zero():
    features = torch.tensor([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [0.0, 2.0]])
    assert TripletLoss()(features, torch.tensor([0, 0, 1, 1])) == 0


def test_equal_features_have_the_margin_as_loss():
    features = torch.ones(4, 3, requires_grad=True)
    loss = TripletLoss(0.5)(features, torch.tensor([0, 0, 1, 1]))
    assert loss == 0.5
    loss.backward()
    assert features.grad.isfinite().all()


def test_zero_features_have_finite_gradients():
    features = torch.zeros(4, 3, requires_grad=True)
    TripletLoss()(features, torch.tensor([0, 0, 1, 1])).backward()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_features_that_diverged_give_nan(value):
    features, labels = batch()
    for i in range(9):
        changed = features.clone()
        changed[i, 0] = value
        assert TripletLoss()(changed, labels).isnan()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_computed_in_float32(dtype):
    features, labels = batch(dtype=dtype)
    loss = TripletLoss()
    found = loss(features, labels)
    assert found.dtype == torch.float32
    assert found == loss(features.float(), labels)


def test_autocast_does_not_matter():
    features, labels = batch(dtype=torch.float32)
    features.requires_grad_()
    loss = TripletLoss()
    (wanted,) = torch.autograd.grad(loss(features, labels), features)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(features, labels)
    assert found.dtype == torch.float32
    assert found == loss(features, labels)
    assert torch.equal(torch.autograd.grad(found, features)[0], wanted)


def test_both_precisions_agree():
    features, labels = batch()
    loss = TripletLoss()
    assert_near(loss(features.float(), labels), loss(features, labels).float(), 81, 4)


def test_sums_of_batches_may_be_added():
    loss = TripletLoss()
    parts = [batch(0), batch(1)]
    sums = [loss.sums(*one) for one in parts]
    counts = [
        int((y[:, None] == y).sum() - len(y)) for _, y in parts
    ]  # each has all three classes
    assert [int(one[1]) for one in sums] == counts
    mean = sum(c * loss(*one) for c, one in zip(counts, parts, strict=True))
    assert_near(loss.of_sums(sums[0] + sums[1]), mean / sum(counts), 81, 4)


@pytest.mark.slow  # Loading the compiler takes seconds.
def test_compiles_without_graph_breaks():
    features, labels = batch(dtype=torch.float32)
    compiled = torch.compile(TripletLoss(), fullgraph=True, backend="aot_eager")
    assert_near(compiled(features, labels), TripletLoss()(features, labels), 81, 4)


def test_values_are_not_read_on_accelerators():
    features, labels = (one.to("meta") for one in batch())
    assert TripletLoss()(features, labels).shape == ()


def test_copies_and_prints():
    loss = copy.deepcopy(TripletLoss(0.2, normalize=False))
    assert repr(loss) == "TripletLoss(margin=0.2, normalize=False)"
    assert not loss.state_dict()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"features": [[1.0]]}, TypeError, "features must be a tensor"),
        ({"features": torch.ones(4, 2).long()}, TypeError, "floating-point"),
        ({"features": torch.ones(2, 4, 3)}, ValueError, r"\(batch, n_features\)"),
        ({"labels": torch.ones(4)}, TypeError, r"torch\.int64, got torch\.float32"),
        ({"labels": [0, 0, 1, 1]}, TypeError, "labels must be a tensor of classes"),
        ({"labels": torch.ones(3).long()}, ValueError, r"shape \(4,\), got \(3,\)"),
    ],
)
def test_wrong_arguments_are_refused(changed, error, message):
    right = {"features": torch.ones(4, 2), "labels": torch.tensor([0, 0, 1, 1])}
    with pytest.raises(error, match=message):
        TripletLoss()(**{**right, **changed})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"margin": 0}, ValueError, "margin must be positive and finite"),
        ({"margin": "?"}, TypeError, "margin must be a number"),
        ({"normalize": 1}, TypeError, "normalize must be True or False"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        TripletLoss(**options)
