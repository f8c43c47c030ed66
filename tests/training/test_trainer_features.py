"""Arguments of Lightning's trainer take effect."""

import csv
import math

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.logger import DummyLogger
from torch import nn
from torch.utils.data import DataLoader

from deepsphere_pyg import PixelNetwork, SphericalClassifier
from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.models.checkpoint_file import read_checkpoint
from deepsphere_pyg.training import (
    RegressionTask,
    TrainingOptions,
    fit,
    load_task,
    train,
)
from deepsphere_pyg.training.tasks.steps import rate_at
from samplings import HEALPix, build_pyramid

SAMPLING = HEALPix(1)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, len(SAMPLING), 2))
Y = X @ [[2.0], [1.0]]
# Eight maps to train on, in four batches, and two to validate on.
PLAIN = {"batch_size": 2, "optimizer": "sgd", "schedule": "constant"}


def network():
    torch.manual_seed(0)
    return PixelNetwork(2, 1, SAMPLING)


def run(
    build=network, *, callbacks=(), folder=None, resume=False, trainer=None, **more
):
    given = {"callbacks": [*callbacks], **(trainer or {})}
    options = {**PLAIN, "epochs": 2, **more}
    return fit(build(), X, Y, folder=folder, resume=resume, trainer=given, **options)


class Steps(Callback):
    """Record the trainer, the learning rate and the weights of each step."""

    def __init__(self):
        self.rates, self.weights, self.seen = [], [], []

    def on_train_batch_start(self, trainer, module, batch, index):
        self.trainer = trainer
        self.deterministic = torch.are_deterministic_algorithms_enabled()
        self.autocast = None

        def look(*_):
            self.autocast = torch.is_autocast_enabled("cpu")

        self.hook = module.network.register_forward_pre_hook(look)
        self.seen.append(batch.x.clone())

    def on_before_optimizer_step(self, trainer, module, optimizer):
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(self, trainer, module, *args):
        self.hook.remove()
        self.weights.append([p.detach().clone() for p in module.parameters()])


def test_gradients_are_clipped():
    start = [p.detach() for p in network().parameters()]
    seen = Steps()
    run(callbacks=[seen], trainer={"gradient_clip_val": 1e-3}, learning_rate=1.0)
    for before, after in zip([start, *seen.weights], seen.weights, strict=False):
        step = math.sqrt(
            sum(
                float((a - b).square().sum())
                for a, b in zip(before, after, strict=True)
            )
        )
        # To the rounding of the weights.
        assert 0 < step < 1.01e-3


def test_accumulated_batches_are_one_batch_of_their_size():
    def linear():
        torch.manual_seed(0)
        return nn.Linear(2, 1)

    double = {"precision": "64-true"}
    seen = Steps()
    two = run(
        linear,
        sampling=SAMPLING,
        callbacks=[seen],
        trainer={"accumulate_grad_batches": 2, **double},
        schedule="cosine",
    )
    options = {"sampling": SAMPLING, "batch_size": 4, "schedule": "cosine"}
    one = run(linear, trainer=double, **options)
    for a, b in zip(two.network.parameters(), one.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)
    assert seen.rates == [1e-3 * rate_at(step, 4) for step in range(4)]


def test_odd_batches_are_accumulated_to_the_end_of_the_epoch():
    seen = Steps()
    run(callbacks=[seen], trainer={"accumulate_grad_batches": 3}, schedule="cosine")
    assert seen.rates == [1e-3 * rate_at(step, 4) for step in range(4)]


def test_rate_falls_by_ten_after_each_milestone():
    seen = Steps()
    run(callbacks=[seen], epochs=4, schedule="steps", milestones=(1, 3))
    per_epoch = len(seen.rates) // 4
    expected = np.repeat([1e-3, 1e-4, 1e-4, 1e-5], per_epoch)
    np.testing.assert_allclose(seen.rates, expected, rtol=1e-12)


def test_optimizers_take_their_constants():
    parameters = [nn.Parameter(torch.tensor([1.0]))]
    adam = TrainingOptions(learning_rate=0.5, epsilon=0.1).build_optimizer(parameters)
    parameters[0].grad = torch.tensor([0.3])
    adam.step()
    # The first step of Adam is the gradient over its absolute value plus epsilon.
    expected = torch.tensor([1 - 0.5 * 0.3 / (0.3 + 0.1)])
    torch.testing.assert_close(parameters[0].data, expected)
    sgd = TrainingOptions(optimizer="sgd", momentum=0.9).build_optimizer(parameters)
    assert sgd.defaults["momentum"] == 0.9


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"epsilon": 0.0}, "epsilon must be"),
        ({"epsilon": 0.1, "optimizer": "sgd"}, "epsilon is of the optimizers adam"),
        ({"momentum": 0.9}, "momentum is of the optimizer sgd"),
        ({"momentum": 1.0, "optimizer": "sgd"}, "less than 1"),
        ({"schedule": "steps"}, "required there"),
        ({"milestones": (3,)}, "milestones are those of schedule='steps'"),
        ({"schedule": "steps", "milestones": (3, 2)}, "must rise"),
        ({"schedule": "steps", "milestones": (0, 2)}, "at least 1"),
    ],
)
def test_options_without_effect_are_refused(given, match):
    with pytest.raises(ValueError, match=match):
        TrainingOptions(**given)


@pytest.mark.parametrize(
    ("given", "steps", "epochs"),
    [
        ({"max_steps": 5}, 5, 2),
        ({"max_steps": 3}, 3, 1),
        ({"limit_train_batches": 1}, 2, 2),
        ({"overfit_batches": 1}, 2, 2),
        ({"fast_dev_run": True}, 1, 1),
    ],
)
@pytest.mark.filterwarnings("ignore:You requested to overfit")
@pytest.mark.filterwarnings("ignore:.*max_steps.*")
def test_limits_shorten_training_and_its_schedule(given, steps, epochs, tmp_path):
    seen = Steps()
    trained = run(callbacks=[seen], trainer=given, schedule="cosine", folder=tmp_path)
    assert len(seen.weights) == steps
    assert seen.rates == [1e-3 * rate_at(step, steps) for step in range(steps)]
    assert len(trained.history) == epochs
    assert trained.predict(X, progress=False).shape == Y.shape
    if "overfit_batches" in given:
        assert torch.equal(seen.seen[0], seen.seen[1])
    # The last steps of a training that ends within an epoch are not validated.
    unscored = [math.isnan(row["val/rmse"]) for row in trained.history]
    assert unscored == [False] * (steps // 4 if "max_steps" in given else epochs) + (
        [True] if "max_steps" in given else []
    )
    if given == {"max_steps": 3}:
        assert (trained.best, trained.checkpoint) == (None, tmp_path / "last.ckpt")


def test_epochs_without_validation_have_no_scores(tmp_path):
    trained = run(trainer={"check_val_every_n_epoch": 2}, epochs=4, folder=tmp_path)
    missing = [math.isnan(row["val/loss"]) for row in trained.history]
    assert missing == [True, False, True, False]
    assert trained.best_epoch in (1, 3)
    again = run(folder=tmp_path, epochs=4, resume=True)
    assert again.best == trained.best
    assert len(again.history) == 4


def test_training_stops_early():
    stop = EarlyStopping("val/loss", min_delta=10.0, patience=2)
    trained = run(callbacks=[stop], epochs=20)
    assert len(trained.history) == 3


def test_callbacks_of_lightning_keep_further_checkpoints(tmp_path):
    more = ModelCheckpoint(tmp_path / "more", "{epoch}", save_top_k=-1)
    run(callbacks=[more], folder=tmp_path, epochs=3)
    assert len(list((tmp_path / "more").iterdir())) == 3
    assert (tmp_path / "best.ckpt").exists()


def averages(weights, decay):
    """Weights of each step, averaged by the definition."""
    mean = [w.clone() for w in weights[0]]
    found = [mean]
    for later in weights[1:]:
        mean = [decay * m + (1 - decay) * w for m, w in zip(mean, later, strict=True)]
        found.append(mean)
    return found


def test_averaged_weights_are_kept_scored_and_resumed(tmp_path):
    seen = Steps()
    trainer = {"precision": "64-true"}

    def average():
        return EMAWeightAveraging(decay=0.8)

    options = {"learning_rate": 0.05, "epochs": 3, "trainer": trainer}
    trained = run(callbacks=[seen, average()], folder=tmp_path / "whole", **options)
    mean = averages(seen.weights, 0.8)[4 * (trained.best_epoch + 1) - 1]
    for a, b in zip(trained.task.parameters(), mean, strict=True):
        torch.testing.assert_close(a, b)
    error = trained.predict(X[8:], progress=False) - Y[8:]
    assert np.sqrt((error**2).mean()) == pytest.approx(trained.best, rel=1e-6)
    task = load_task(tmp_path / "whole" / "best.ckpt")
    np.testing.assert_allclose(
        task.predict(X, progress=False), trained.predict(X, progress=False), rtol=1e-5
    )
    place = tmp_path / "parts"
    run(callbacks=[average()], folder=place, **{**options, "epochs": 1})
    resumed = run(callbacks=[average()], folder=place, resume=True, **options)
    assert resumed.history == trained.history
    for a, b in zip(resumed.task.parameters(), trained.task.parameters(), strict=True):
        assert torch.equal(a, b)


class Memory(DummyLogger):
    """A logger that remembers, as those of services do."""

    def __init__(self):
        super().__init__()
        self.values, self.options = [], {}

    def log_metrics(self, metrics, step=None):
        self.values.append(metrics)

    def log_hyperparams(self, params, *args, **kwargs):
        self.options |= params


def test_loggers_get_values_and_options(tmp_path):
    memory, file = Memory(), CSVLogger(tmp_path, name="", version="log")
    trained = run(trainer={"logger": [memory, file]}, folder=tmp_path / "run")
    assert memory.options["learning_rate"] == 1e-3
    for name in ("train/loss", "val/loss", "val/rmse"):
        logged = [values[name] for values in memory.values if name in values]
        assert logged == [row[name] for row in trained.history]
    with (tmp_path / "log" / "metrics.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    scores = [float(row["val/rmse"]) for row in rows if row["val/rmse"]]
    assert scores == [row["val/rmse"] for row in trained.history]
    assert (tmp_path / "run" / "history.csv").exists()


def test_curves_go_to_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    logger = pl.loggers.TensorBoardLogger(tmp_path, name="", version="log")
    run(trainer={"logger": logger})
    assert [p.name for p in (tmp_path / "log").glob("events*")]


def test_half_precision_computes_in_it_and_keeps_weights_whole(tmp_path):
    seen = Steps()
    trained = run(
        callbacks=[seen], trainer={"precision": "bf16-mixed"}, folder=tmp_path
    )
    assert seen.autocast
    kept = read_checkpoint(trained.checkpoint)["state_dict"]
    assert {v.dtype for v in kept.values() if v.is_floating_point()} == {torch.float32}
    plain = run()
    assert trained.history[-1]["train/loss"] == pytest.approx(
        plain.history[-1]["train/loss"], rel=2**-6
    )
    assert trained.history != plain.history


def test_double_precision_trains_a_network_of_single_precision():
    trained = run(trainer={"precision": "64-true"})
    assert trained.predict(X, progress=False).dtype == np.float64
    assert trained.network.standardize.mean.dtype == torch.float64


def test_the_accelerator_may_be_chosen_by_lightning():
    seen = Steps()
    run(callbacks=[seen], trainer={"accelerator": "auto"})
    found = "cuda" if torch.cuda.is_available() else "cpu"
    assert seen.trainer.strategy.root_device.type in (found, "mps")


def test_deterministic_algorithms_are_used():
    seen = Steps()
    try:
        run(callbacks=[seen], trainer={"deterministic": True})
    finally:
        torch.use_deterministic_algorithms(False)
    assert seen.deterministic


@pytest.mark.filterwarnings("ignore:Found 1 module.*in eval mode")
def test_a_trained_network_is_trained_further_in_training_mode():
    class Mode(Callback):
        def on_train_batch_start(self, trainer, module, *args):
            self.modes = {m.training for m in module.modules()}

    def build():
        torch.manual_seed(0)
        return SphericalClassifier(
            2, 1, build_pyramid(SAMPLING, 1, k=4), widths=(2,), K=2
        )

    def go(network, frozen=None):
        mode = Mode()
        y = Y.mean(1)
        fit(network, X, y, epochs=1, trainer={"callbacks": mode}, **PLAIN)
        return mode.modes

    net = build()
    go(net)
    assert not net.training
    assert go(net) == {True}
    net.train()
    next(net.children()).eval()
    assert go(net) == {True, False}


class Module(pl.LightningDataModule):
    """Data of the user."""

    def __init__(self):
        super().__init__()
        self.maps = ArrayMaps(X, Y)

    def setup(self, stage):
        self.stage = stage

    def train_dataloader(self):
        return DataLoader(self.maps, 2)

    def val_dataloader(self):
        return DataLoader(self.maps, 5)


def test_batches_may_come_from_a_data_module(tmp_path):
    def task():
        return RegressionTask(network(), options=TrainingOptions(**PLAIN, epochs=2))

    data = Module()
    loaders = data.train_dataloader(), data.val_dataloader()
    results = [
        train(task(), *loaders, tmp_path),
        train(task(), Module(), folder=tmp_path / "a"),
        train(task(), datamodule=data),
    ]
    assert data.stage == "fit"
    assert results[0].history == results[1].history == results[2].history
    assert results[1].checkpoint == tmp_path / "a" / "best.ckpt"
    assert results[2].checkpoint is None
    for wrong in ((), loaders[:1]):
        with pytest.raises(TypeError, match="got neither; pass train"):
            train(task(), *wrong)
    for wrong in ((loaders[0],), (data,)):
        with pytest.raises(TypeError, match="got both; pass train"):
            train(task(), *wrong, datamodule=data)


@pytest.mark.slow
def test_workers_read_the_same_maps():
    assert run(n_workers=2).history == run().history


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")
def test_a_compiled_training_leaves_no_trace_in_checkpoints(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    seen = Steps()
    trained = run(
        callbacks=[seen],
        compile=True,
        folder=tmp_path,
        trainer={"precision": "64-true"},
    )
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    plain = run(trainer={"precision": "64-true"})
    assert [row["val/loss"] for row in trained.history] == pytest.approx(
        [row["val/loss"] for row in plain.history]
    )
    kept = read_checkpoint(trained.checkpoint)["state_dict"]
    assert kept.keys() == plain.task.state_dict().keys()
    assert trained.network._compiled_call_impl is None
    np.testing.assert_allclose(
        load_task(trained.checkpoint).predict(X, progress=False),
        plain.predict(X, progress=False),
        rtol=1e-5,
    )
