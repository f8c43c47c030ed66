"""Training on arrays: the task that targets ask for, their units, areas and masks."""

import csv

import numpy as np
import pytest
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from deepsphere_pyg.datasets import FillValueWarning
from deepsphere_pyg.losses import L2Loss, QuantileLoss
from deepsphere_pyg.models import PixelNetwork, SphericalClassifier, load_model
from deepsphere_pyg.training import (
    ClassificationTask,
    GlobalRegressionTask,
    RegressionTask,
    SegmentationTask,
    TrainingOptions,
    fit,
    load_task,
)
from samplings import Equiangular, HEALPix

SAMPLING = HEALPix(2)
V = len(SAMPLING)
RNG = np.random.default_rng(0)
X = RNG.normal(280, 10, size=(12, V, 2))
MAPS = X @ [[2.0], [1.0]] + 1e5
CLASSES = (X[..., 0] > 280).astype(np.int64)
YEARS = X.mean(axis=(1, 2))[:, None]


def pixels(outputs=1):
    torch.manual_seed(0)
    return PixelNetwork(2, outputs, SAMPLING)


class Mean(nn.Module):
    """A network of one's own: a linear function of the mean over the vertices."""

    def __init__(self, outputs=1):
        super().__init__()
        self.linear = nn.Linear(2, outputs)

    def forward(self, x):
        return self.linear(x.mean(dim=1))


CASES = {
    "maps": (pixels, MAPS, RegressionTask, (12, V, 1)),
    "classes": (lambda: pixels(2), CLASSES, SegmentationTask, (12, V, 2)),
    "numbers": (Mean, YEARS, GlobalRegressionTask, (12, 1)),
    "labels": (lambda: Mean(3), np.arange(12) % 3, ClassificationTask, (12, 3)),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_targets_decide_the_task_and_predictions_are_in_their_units(case, tmp_path):
    build, y, kind, shape = case
    trained = fit(build(), X, y, epochs=2, folder=tmp_path)
    assert type(trained.task) is kind
    found = trained.predict(X, progress=False)
    assert found.shape == shape
    assert len(trained.history) == 2
    if y.dtype.kind == "f":
        assert abs(found.mean() - y.mean()) < 3 * y.std()
    else:
        np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val/loss"]) for row in rows] == [
        row["val/loss"] for row in trained.history
    ]


def test_a_task_is_rebuilt_from_its_checkpoint(case, tmp_path):
    build, y, kind, _ = case
    trained = fit(build(), X, y, epochs=1, folder=tmp_path)
    network = trained.network
    own = build() if isinstance(network, Mean) else None
    task = load_task(trained.checkpoint, own)
    assert type(task) is kind
    assert task.config == trained.task.config
    np.testing.assert_array_equal(
        task.predict(X, progress=False), trained.predict(X, progress=False)
    )
    if own is None:
        assert type(load_model(trained.checkpoint)) is type(network)
    else:
        with pytest.raises(ValueError, match="pass it as network="):
            load_task(trained.checkpoint)


def test_a_linear_map_is_learned_to_a_small_share_of_its_spread():
    trained = fit(pixels(), X, MAPS, epochs=60, learning_rate=1e-2)
    assert trained.best < 0.2 * MAPS.std()
    error = trained.predict(X, progress=False) - MAPS
    assert np.sqrt((error**2).mean()) < 0.2 * MAPS.std()


def test_the_best_weights_are_returned():
    rates = {"learning_rate": 0.1, "optimizer": "sgd", "schedule": "constant"}
    trained = fit(pixels(), X, MAPS, epochs=6, **rates)
    scores = [row["val/rmse"] for row in trained.history]
    assert trained.best == min(scores)
    assert trained.best_epoch == scores.index(min(scores))
    held = slice(10, None)
    error = trained.predict(X[held], progress=False) - MAPS[held]
    assert np.sqrt((error**2).mean()) == pytest.approx(trained.best, rel=1e-3)


def test_inputs_and_targets_are_standardized_by_area_over_the_training_maps():
    sampling = Equiangular(4, 8)
    x = RNG.normal(size=(10, len(sampling), 1)) * sampling.theta[:, None]
    network = PixelNetwork(1, 1, sampling)
    trained = fit(network, x, 5 * x + 2, epochs=1, validation=0.5)
    weights = np.broadcast_to(sampling.weights, x.shape[:2])[:5]
    mean = np.average(x[:5, :, 0], weights=weights)
    std = np.sqrt(np.average((x[:5, :, 0] - mean) ** 2, weights=weights))
    for layer, m, s in (
        (network.standardize, mean, std),
        (trained.task.targets, 5 * mean + 2, 5 * std),
    ):
        np.testing.assert_allclose(layer.mean.item(), m, rtol=1e-5)
        np.testing.assert_allclose(layer.std.item(), s, rtol=1e-5)


def test_targets_that_are_masked_or_missing_have_no_influence():
    hidden = RNG.random(MAPS.shape[:2]) < 0.3
    spoiled = np.where(hidden[..., None], 1e9, MAPS)
    missing = np.where(hidden[..., None], np.nan, MAPS)
    results = [
        fit(pixels(), X, spoiled, mask=~hidden, epochs=2),
        fit(pixels(), X, missing, epochs=2),
    ]
    found = [trained.predict(X, progress=False) for trained in results]
    np.testing.assert_array_equal(found[0], found[1])
    assert results[0].history == results[1].history


def test_missing_inputs_become_the_mean_of_their_channel():
    hidden = RNG.random(X.shape) < 0.1
    missing = np.where(hidden, np.nan, X)
    filled = np.where(hidden, np.nanmean(missing, axis=(0, 1)), X)
    found = [fit(pixels(), x, MAPS, epochs=1).best for x in (missing, filled)]
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_a_stopped_training_resumes_to_the_same_weights(tmp_path):
    class Stop(Callback):
        def on_train_epoch_start(self, trainer, module):
            if trainer.current_epoch == 2:
                raise RuntimeError("stopped")

    whole = fit(pixels(), X, MAPS, epochs=4)
    with pytest.raises(RuntimeError, match="stopped"):
        options = {"trainer": {"callbacks": Stop()}, "folder": tmp_path}
        fit(pixels(), X, MAPS, epochs=4, **options)
    with pytest.raises(ValueError, match="pass resume=True to continue"):
        fit(pixels(), X, MAPS, epochs=4, folder=tmp_path)
    resumed = fit(pixels(), X, MAPS, epochs=4, folder=tmp_path, resume=True)
    assert resumed.history == whole.history
    for a, b in zip(
        whole.network.state_dict().values(),
        resumed.network.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="holds another network"):
        fit(pixels(2), X, CLASSES, folder=tmp_path, resume=True)


def test_other_maps_validate_and_options_reach_the_trainer():
    seen = []

    class Count(Callback):
        def on_train_batch_end(self, trainer, *args):
            seen.append(trainer.gradient_clip_val)

    held = (X[:3], MAPS[:3])
    trainer = {"callbacks": [Count()], "gradient_clip_val": 0.5, "precision": "64-true"}
    options = TrainingOptions(epochs=1, batch_size=5)
    trained = fit(
        pixels().double(), X, MAPS, validation=held, options=options, trainer=trainer
    )
    assert seen == [0.5] * 3
    assert trained.predict(X, progress=False).dtype == np.float64


def test_a_loss_of_ones_own_is_used():
    class Twice(L2Loss):
        def forward(self, *args):
            return 2 * super().forward(*args)

    once, twice = (
        fit(pixels(), X, MAPS, epochs=1, loss=loss).history[0]["train/loss"]
        for loss in (None, Twice())
    )
    assert twice > 1.5 * once


def test_a_classifier_on_a_pyramid_tells_classes_of_maps():
    y = np.arange(12) % 2
    x = X + 20 * y[:, None, None]
    torch.manual_seed(0)
    network = SphericalClassifier(2, 2, HEALPix(2), widths=(4,))
    trained = fit(network, x, y, epochs=30, learning_rate=2e-2, validation=(x, y))
    assert trained.best == 100


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"X": X[0]}, ValueError, r"X must have shape \(N, V, C\)"),
        ({"X": X.astype(complex)}, TypeError, "X must be real numbers"),
        ({"y": MAPS[:5]}, ValueError, "one target per map of X, 12, got 5"),
        ({"y": MAPS[:, :5]}, ValueError, r"y must have shape \(N, V, C\)"),
        ({"y": MAPS[..., 0]}, ValueError, r"pass y\[\.\.\., None\]"),
        ({"y": CLASSES - 1}, ValueError, "classes from 0 .* got -1"),
        ({"y": CLASSES + 2020}, ValueError, r"got 2021; .*astype\(float\)"),
        ({"mask": np.ones(V)}, TypeError, "mask must be boolean"),
        ({"mask": np.ones(3, bool)}, ValueError, "one value per vertex"),
        ({"y": YEARS, "mask": np.ones(V, bool)}, ValueError, "leave it out"),
        ({"y": np.full((12, 1), np.nan)}, ValueError, "leave out the maps without"),
        ({"validation": 1.5}, ValueError, "share between 0 and 1"),
        ({"validation": (X, CLASSES)}, ValueError, "validation must be like y"),
        ({"epoch": 3}, TypeError, "there is no option 'epoch'"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be positive"),
        ({"optimizer": "lion"}, ValueError, "optimizer must be 'adam'"),
        ({"trainer": {"max_epochs": 2}}, ValueError, "max_epochs cannot be given"),
        ({"network": len}, TypeError, "network must be a Module"),
        ({"network": Mean()}, TypeError, "pass sampling="),
        (
            {"X": X.swapaxes(1, 2)},
            ValueError,
            r"X has shape \(12, 2, 48\) .* pass X.swapaxes\(1, 2\)",
        ),
        (
            {"X": X.swapaxes(1, 2), "y": CLASSES},
            ValueError,
            r"X seems to have axes \(N, C, V\)",
        ),
        (
            {"X": X.swapaxes(1, 2), "y": MAPS.swapaxes(1, 2)},
            ValueError,
            r"X and y seem .* pass X.swapaxes\(1, 2\) and y.swapaxes\(1, 2\)",
        ),
        ({"y": MAPS.swapaxes(1, 2)}, ValueError, r"pass y.swapaxes\(1, 2\)"),
        ({"X": X.swapaxes(0, 1)}, ValueError, r"pass X.swapaxes\(0, 1\) or y"),
        (
            {"X": X * [1, np.nan]},
            ValueError,
            r"X has no value in channel 1: .*np.delete",
        ),
        (
            {"network": pixels(2), "y": X * [1, np.nan]},
            ValueError,
            r"y has no value in channel 1: .* np.delete\(y, 1, axis=-1\)",
        ),
        (
            {"sampling": HEALPix(1)},
            ValueError,
            "X must have the 12 vertices of healpix-1, got 48",
        ),
        (
            {"y": CLASSES, "class_names": ["a"]},
            ValueError,
            "class_names must be one per class",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused(arguments, error, words):
    given = {"network": pixels(), "X": X, "y": MAPS, "epochs": 1, **arguments}
    with pytest.raises(error, match=words):
        fit(**given)


@pytest.mark.parametrize(
    ("channels", "words"),
    [(1, "X has 1 channel, .* takes 3; build"), (2, "X has 2 channels, .* takes 3; ")],
)
def test_maps_of_other_channels_than_the_network_takes_are_refused(channels, words):
    network = PixelNetwork(3, 1, SAMPLING)
    with pytest.raises(ValueError, match=f"{words}.* in_channels={channels}"):
        fit(network, X[..., :channels], MAPS, epochs=1)


@pytest.mark.parametrize(
    ("network", "y", "words"),
    [
        (pixels(1), CLASSES, "PixelNetwork has 1 output, but needs 2, one for each cl"),
        (pixels(3), CLASSES, "3 outputs, but needs 2, .* with out_channels=2"),
        (pixels(2), MAPS, "2 outputs, but needs 1, one for each channel of the targ"),
        (
            SphericalClassifier(2, 1, SAMPLING, widths=(4,)),
            np.arange(12) % 3,
            "SphericalClassifier has 1 output, but needs 3, one for each class",
        ),
        (
            SphericalClassifier(2, 2, SAMPLING, widths=(4,)),
            YEARS,
            "2 outputs, but needs 1, one for each channel of the targets",
        ),
    ],
)
def test_networks_with_other_outputs_are_refused_before_training(network, y, words):
    class Started(Callback):
        def on_fit_start(self, trainer, task):
            raise AssertionError("training has started")

    with pytest.raises(ValueError, match=words):
        fit(network, X, y, epochs=1, trainer={"callbacks": [Started()]})


@pytest.mark.parametrize("outputs", [2, 4])
def test_logits_of_a_network_of_ones_own_are_one_for_each_class(outputs):
    words = f"the network has {outputs} outputs, but needs 3, one for each class"
    with pytest.raises(ValueError, match=words):
        fit(Mean(outputs), X, np.arange(12) % 3, epochs=1)


def test_several_outputs_for_each_target_are_as_many_as_the_loss_takes():
    shares = [0.1, 0.5, 0.9]
    task = RegressionTask(pixels(3), out_channels=1, loss=QuantileLoss(shares))
    assert task.targets.channels == 1
    with pytest.raises(ValueError, match=r"has 1 output, but needs 3, .*, 3 times"):
        RegressionTask(pixels(1), out_channels=1, loss=QuantileLoss(shares))


@pytest.mark.parametrize("name", ["X", "y"])
def test_fill_values_are_told_by_channel_value_and_number_of_vertices(name):
    maps = X.copy()
    # Two of 48 vertices in each of 10 maps to train on, of which none count in the
    # two maps to validate on.
    maps[:, 3:5, 1] = -9999
    given = {"X": X, "y": X, name: maps}
    words = (
        f"{name} may hold .* channel 1 is -9999 at 20 of 480 vertices; set them to NaN"
    )
    with pytest.warns(FillValueWarning, match=words):
        fit(pixels(2), **given, epochs=1)


def test_fill_values_of_whole_maps_are_told():
    years = np.where(np.arange(12)[:, None] == 4, -999.0, YEARS)
    with pytest.warns(FillValueWarning, match="y may hold .* -999 at 1 of 10 maps"):
        fit(Mean(), X, years, epochs=1)
