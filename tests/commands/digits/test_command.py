"""``deepsphere-pyg digits``: the whole command on a few made-up digits."""

import csv
import functools
import json

import numpy as np
import pytest
import torch

from deepsphere_pyg import load_model
from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.digits import batches as digit_batches
from deepsphere_pyg.commands.digits.batches import DigitBatches
from deepsphere_pyg.commands.digits.networks import (
    DIGIT_NETWORKS,
    MOST_PARAMETERS,
    ON_COEFFICIENTS,
)
from deepsphere_pyg.commands.prepared_batches import (
    finished,
    prepared,
    reads_coefficients,
)
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.models.checkpoint_file import read_checkpoint, write_checkpoint
from tests.round_off import assert_near

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = (
    "--n-train 24 --n-validation 6 --n-test 8 --epochs 3 --batch-size 8 --lr 1e-2"
).split()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Bars whose length is the digit: 40 to train on, 10 to test on."""
    rng = np.random.default_rng(0)
    content = {}
    for split, n in (("train", 40), ("test", 10)):
        labels = rng.integers(0, 10, n)
        images = np.zeros((n, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[10:18, 4 : 8 + 2 * label] = 255
        content |= {f"x_{split}": images, f"y_{split}": labels}
    folder = tmp_path_factory.mktemp("mnist")
    np.savez(folder / "mnist.npz", **content)
    return folder


def run(data, out, *options):
    return main(["digits", "--root", str(data), "--out", str(out), *SMALL, *options])


@pytest.fixture(scope="module", autouse=True)
def _few_stretches():
    """Make 4 stretches instead of 256."""
    few = functools.partial(digit_batches.stretch_matrices, count=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digit_batches, "stretch_matrices", few)
        yield


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "trained"
    assert run(data, out, "--stretch", "0.1") == 0
    return out


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_all_that_is_promised_is_written(data, trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    rows = rows_of(trained / "predictions.csv")
    with np.load(data / "mnist.npz") as content:
        assert [int(row["truth"]) for row in rows] == content["y_test"][:8].tolist()
    for name in ("NR", "R"):
        right = np.mean([row[name] == row["truth"] for row in rows])
        assert metrics["accuracy"][f"NR/{name}"] == pytest.approx(100 * right)
        assert (trained / f"confusion_{name}.png").stat().st_size > 5000
    assert (trained / "learning_curves.png").stat().st_size > 5000
    assert metrics["settings"]["stretch"] == 0.1
    assert metrics["network"]["lift_bandlimits"] == [16, 10]
    history = rows_of(trained / "history.csv")
    assert [float(row["epoch"]) for row in history] == [1, 2, 3]
    best = max(float(row["val/accuracy"]) for row in history)
    assert metrics["validation"]["accuracy"] == pytest.approx(best)
    model = load_model(trained / "best.ckpt")
    assert metrics["parameters"] == sum(p.numel() for p in model.parameters())


def test_the_saved_network_gives_the_answers_written(data, trained):
    model = load_model(trained / "best.ckpt")
    digits = SphericalMNIST(data, model.sampling, split="test", rotate=True, n_images=8)
    with torch.no_grad():
        answers = model(digits.batch(range(8))[0]).argmax(-1)
    rows = rows_of(trained / "predictions.csv")
    assert [int(row["R"]) for row in rows] == answers.tolist()


def test_an_interrupted_training_goes_on_to_the_same_weights(
    data, trained, tmp_path, stopped_after
):
    with stopped_after(1):
        run(data, tmp_path, "--stretch", "0.1")
    assert run(data, tmp_path, "--stretch", "0.1", "--resume") == 0
    whole = load_model(trained / "last.ckpt").state_dict()
    for name, weight in load_model(tmp_path / "last.ckpt").state_dict().items():
        assert torch.equal(weight, whole[name]), name
    answers = [
        (folder / "predictions.csv").read_text() for folder in (trained, tmp_path)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "name", [name for name in DIGIT_NETWORKS if name != "generalized"]
)
def test_every_network_is_trained_on_turned_digits(data, tmp_path, name):
    options = ["--network", name, "--train", "R", "--epochs", "1"]
    cache = ["--cache", str(tmp_path / "cache")]
    assert run(data, tmp_path / "run", *options, *cache) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert set(metrics["accuracy"]) == {"R/NR", "R/R"}
    assert metrics["parameters"] <= MOST_PARAMETERS
    assert len(list((tmp_path / "cache").iterdir())) == 3
    assert load_model(tmp_path / "run" / "best.ckpt").config == metrics["network"]


@pytest.mark.parametrize("name", DIGIT_NETWORKS)
def test_networks_are_of_like_size_and_told_what_is_prepared(data, name):
    sampling_of, build = DIGIT_NETWORKS[name]
    torch.manual_seed(0)
    network = build(sampling_of()).eval()
    parameters = sum(p.numel() for p in network.parameters())
    assert MOST_PARAMETERS / 2 < parameters <= MOST_PARAMETERS
    digits = SphericalMNIST(data, network.sampling, n_images=3)
    x, y = digits.batch([2, 0])
    (batch,) = DigitBatches(digits, network, np.array([2, 0]), 5)
    assert torch.equal(batch.y, y)
    with torch.no_grad():
        # Rings of some hundred numbers, and layers of a thousand.
        assert_near(batch.x, prepared(network, x), 1000)
        assert_near(finished(network, batch.x), network(x), 3000)
    assert reads_coefficients(network) == (batch.x.shape != x.shape)
    assert reads_coefficients(network) == (name in ON_COEFFICIENTS)


def test_batches_are_shuffled_by_epoch_and_keep_their_labels(data):
    sampling_of, build = DIGIT_NETWORKS["planar"]
    digits = SphericalMNIST(data, sampling_of())
    batches = DigitBatches(digits, build(digits.sampling), np.arange(5, 40), 8, seed=3)
    orders = []
    for epoch in (0, 1, 0):
        batches.sampler.set_epoch(epoch)
        found = list(batches)
        assert [len(batch.y) for batch in found] == [8] * 4 == [8] * len(batches)
        orders.append(torch.cat([batch.x.sum((1, 2)) for batch in found]))
        # Bars are the longer the higher the digit.
        highest = torch.cat([batch.y for batch in found]).argmax()
        assert orders[-1][highest] == orders[-1].max()
    assert torch.equal(orders[0], orders[2])
    assert not torch.equal(orders[0], orders[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["--n-test", "0"], "--n-test must be at least 1, got 0"),
        (["--lr", "nan"], "--lr must be positive and finite"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--stretch", "1"], "--stretch must be from 0 to below 1, got 1.0"),
        (
            ["--stretch", "0.1", "--network", "planar"],
            "--stretch is for networks on coefficients, 'planar' reads signals",
        ),
        (["--device", "tpu"], "--device must be auto, cpu, cuda"),
        (
            ["--n-train", "35"],
            "--n-train and --n-validation ask for 41 digits, the split 'train' has 40",
        ),
        (["--n-test", "11"], "--n-test ask for 11 digits, the split 'test' has 10"),
        (["--root", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    data, tmp_path, capsys, options, message
):
    assert run(data, tmp_path / "out", *options) == 2
    told = capsys.readouterr().err
    assert told.startswith("deepsphere-pyg digits: error: ")
    assert message in told
    assert not (tmp_path / "out").exists()


def test_a_finished_training_is_not_overwritten(data, trained, capsys):
    assert run(data, trained) == 2
    assert "pass --resume" in capsys.readouterr().err
    assert run(data, trained, "--stretch", "0.2", "--resume") == 2
    assert "was trained with --stretch 0.1, got 0.2" in capsys.readouterr().err
    assert run(data, trained, "--stretch", "0.1", "--resume", "--train", "R") == 2
    assert "was trained with --train NR, got R" in capsys.readouterr().err


def test_digits_as_published_go_to_a_folder_of_their_own(
    data, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    words = ["digits", "--root", str(data), *SMALL, "--interpolation", "published"]
    assert main([*words, "--network", "planar", "--epochs", "1"]) == 0
    out = tmp_path / "runs" / "digits-planar-NR-published"
    settings = json.loads((out / "metrics.json").read_text())["settings"]
    assert settings["interpolation"] == "published"
    # The answers are to digits projected so too.
    model = load_model(out / "best.ckpt")
    digits = SphericalMNIST(
        data, model.sampling, split="test", n_images=8, interpolation="published"
    )
    with torch.no_grad():
        answers = model(digits.batch(range(8))[0]).argmax(-1)
    told = [int(row["NR"]) for row in rows_of(out / "predictions.csv")]
    assert told == answers.tolist()
    capsys.readouterr()
    assert run(data, out, "--network", "planar", "--resume") == 2
    told = capsys.readouterr().err
    assert "was trained with --interpolation published, got bilinear" in told


def test_a_checkpoint_older_than_an_option_of_the_network_is_gone_on_from(
    data, tmp_path, stopped_after
):
    with stopped_after(1):
        run(data, tmp_path)
    path = tmp_path / "last.ckpt"
    checkpoint = read_checkpoint(path)
    del checkpoint["deepsphere_pyg"]["model_config"]["activation"]
    write_checkpoint(checkpoint, path)
    assert run(data, tmp_path, "--resume") == 0
    assert len(rows_of(tmp_path / "history.csv")) == 3
