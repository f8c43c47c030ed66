"""A training goes on as it was, or as its new options say; nothing is lost."""

import csv
import json
import shutil

import pytest
import torch

from deepsphere_pyg.models import load_model, read_header
from deepsphere_pyg.training.tasks import SegmentationTask
from deepsphere_pyg.training.tasks.steps import rate_at


def epochs_of(folder):
    with (folder / "history.csv").open(newline="") as file:
        return [float(row["epoch"]) for row in csv.DictReader(file)]


def weights_of(path):
    return load_model(path).state_dict()


@pytest.fixture
def rates(monkeypatch):
    """Learning rate of every step that is taken."""
    found = []
    step = SegmentationTask.training_step

    def record(self, batch, index):
        found.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return step(self, batch, index)

    monkeypatch.setattr(SegmentationTask, "training_step", record)
    return found


def test_rate_rises_and_falls_to_zero():
    rates = [rate_at(step, 200) for step in range(200)]
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:])[::-1]
    assert rates[0] == pytest.approx(0.1) and rates[-1] < 1e-4
    assert rate_at(0, 1) == 1


def test_rate_of_a_step_is_that_of_its_place_in_training(segment, rates):
    assert segment("--epochs", "3") == 0
    assert rates == [0.01 * rate_at(step, 9) for step in range(9)]


def test_more_epochs_follow_the_schedule_of_the_longer_training(
    segment, rates, tmp_path
):
    out = tmp_path / "run"
    assert segment("--epochs", "1", out=out) == 0
    rates.clear()
    assert segment("--epochs", "3", "--resume", out=out) == 0
    assert rates == [0.01 * rate_at(step, 9) for step in range(3, 9)]
    assert epochs_of(out) == [1, 2, 3]


def test_fewer_epochs_than_done_only_report_again(trained, segment, tmp_path, capsys):
    out = tmp_path / "run"
    shutil.copytree(trained, out)
    before = (out / "last.ckpt").read_bytes()
    assert segment("--epochs", "1", "--resume", out=out) == 0
    assert (out / "last.ckpt").read_bytes() == before
    assert epochs_of(out) == [1, 2]


def test_rate_and_batch_size_may_change(segment, rates, tmp_path, capsys):
    out = tmp_path / "run"
    assert segment("--epochs", "1", out=out) == 0
    rates.clear()
    options = ["--epochs", "2", "--lr", "0.002", "--batch-size", "3"]
    assert segment(*options, "--resume", out=out) == 0
    # Six maps in batches of three: the second epoch is the second half.
    assert rates == [0.002 * rate_at(step, 4) for step in range(2, 4)]
    assert "resuming   after epoch 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", "5"], "was trained with --seed 0, got 5"),
        (["--n-train", "5"], "was trained with --n-train 6, got 5"),
        (["--loss-weights", "1,2,3"], "--loss-weights none, got 1,2,3"),
        (["--rotate", "all"], "was trained with --rotate none, got all"),
    ],
)
def test_another_training_is_refused(trained, segment, capsys, options, message):
    before = (trained / "last.ckpt").read_bytes()
    assert segment("--epochs", "3", "--resume", *options, out=trained) == 2
    assert message in capsys.readouterr().err
    assert (trained / "last.ckpt").read_bytes() == before


def test_settings_are_kept_in_the_checkpoint(trained):
    kept = read_header(trained / "best.ckpt")["notes"]["settings"]
    assert (kept["n_train"], kept["epochs"], kept["sampling"]) == (6, 2, "healpix")


def test_diverged_training_stops_and_keeps_the_last_good_checkpoint(
    segment, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "run"
    assert segment("--epochs", "1", out=out) == 0
    before = weights_of(out / "last.ckpt"), weights_of(out / "best.ckpt")
    assert segment("--epochs", "3", "--lr", "1e30", "--resume", out=out) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "training has diverged; last.ckpt holds the last complete epoch" in error
    after = weights_of(out / "last.ckpt"), weights_of(out / "best.ckpt")
    for old, new in zip(before, after, strict=True):
        assert all(torch.equal(old[key], new[key]) for key in old)
    # The advice works: the optimiser's rate is not kept in the checkpoint.
    assert segment("--epochs", "3", "--lr", "1e-3", "--resume", out=out) == 0
    assert epochs_of(out) == [1, 2, 3]


def test_without_a_foreground_to_validate_on_the_loss_chooses(
    segment, tmp_path, monkeypatch, capsys
):
    background = SegmentationTask.validation_step

    def unlabelled(self, batch, index):
        background(self, batch._replace(y=torch.zeros_like(batch.y)), index)

    monkeypatch.setattr(SegmentationTask, "validation_step", unlabelled)
    out = tmp_path / "run"
    with pytest.warns(UserWarning, match="best weights are those of the lowest val"):
        assert segment("--epochs", "3", out=out) == 0
    with (out / "history.csv").open(newline="") as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file)]
    best = json.loads((out / "metrics.json").read_text())["networks"]["small"]
    assert best["best_epoch"] == losses.index(min(losses))


def test_first_of_equal_scores_is_the_best(segment, tmp_path, monkeypatch):
    from deepsphere_pyg.training.tasks import segmentation

    scores = segmentation.segmentation_scores

    def tied(*args):
        from dataclasses import replace

        return replace(scores(*args), mean_average_precision=0.5)

    monkeypatch.setattr(segmentation, "segmentation_scores", tied)
    out = tmp_path / "run"
    assert segment("--epochs", "2", out=out) == 0
    best = json.loads((out / "metrics.json").read_text())["networks"]["small"]
    assert best["best_epoch"] == 0


# -- damage ------------------------------------------------------------------------
def copied(trained, out):
    """A finished training to be damaged, without its pictures."""
    out.mkdir()
    for name in ("last.ckpt", "best.ckpt", "history.csv"):
        (out / name).write_bytes((trained / name).read_bytes())
    return out


def test_a_flipped_bit_in_any_part_of_a_checkpoint_is_told(
    trained, segment, tmp_path, capsys
):
    out = copied(trained, tmp_path / "run")
    path = out / "last.ckpt"
    state = torch.load(path, weights_only=True)
    moments = state["optimizer_states"][0]["state"][0]["exp_avg_sq"]
    whole = path.read_bytes()
    for part in (moments, state["state_dict"]["network.head.weight"]):
        damaged = bytearray(whole)
        damaged[whole.index(part.contiguous().numpy().tobytes()) + 1] ^= 4
        path.write_bytes(damaged)
        assert segment("--epochs", "3", "--resume", out=out) == 2
        told = capsys.readouterr().err
        assert f"{path} is damaged" in told
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    assert segment("--epochs", "3", "--resume", out=out) == 0
    assert epochs_of(out) == [1, 2, 3]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"epoch,train/loss\n1,0.5\n", b"epoch\n1,2,3\nx\n"]
)
def test_a_damaged_history_is_told(trained, segment, tmp_path, capsys, content):
    out = copied(trained, tmp_path / "run")
    (out / "history.csv").write_bytes(content)
    assert segment("--epochs", "3", "--resume", out=out) == 2
    told = capsys.readouterr().err
    assert f"{out / 'history.csv'} cannot be read as the history of a" in told
    assert "without the rows of earlier epochs" in told
