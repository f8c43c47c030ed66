"""Places that cannot be written to, logs without a terminal, interrupts anywhere."""

import csv
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import torch

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.equivariance import command as equivariance_command
from deepsphere_pyg.commands.segment import command as segment_command
from deepsphere_pyg.datasets import ClimateEvents
from deepsphere_pyg.models import load_model

SEGMENT = [
    *(sys.executable, "-m", "deepsphere_pyg", "segment", "--nside", "8"),
    *("--K", "2", "--n-train", "6", "--n-validation", "2", "--n-test", "2"),
    *("--epochs", "2", "--threads", "1"),
]


@pytest.mark.parametrize("place", ["file", "file/below"])
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_file_in_the_way_is_told_before_any_work(
    segment, trained, tmp_path, capsys, monkeypatch, place, command
):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(segment_command, "samplings_of", None)
    options = ["--checkpoint", str(trained / "best.ckpt")]
    out = tmp_path / place
    assert segment(*(options if command == "evaluate" else []), out=out) == 2
    assert "a file is in its way; choose another place" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_equivariance_tells_of_a_file_in_the_way_at_once(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(equivariance_command, "samplings_of", None)
    assert main(["equivariance", "--out", str(tmp_path / "file")]) == 2
    assert "a file is in its way; choose another place" in capsys.readouterr().err


def test_resolutions_and_neighbours_given_twice_count_once(tmp_path):
    options = "--sampling equiangular --n-theta 8 6 8 --n-phi 14 --k 20 20 --degrees 1"
    out = ["--weighting", "heat", "heat", "--out", str(tmp_path)]
    assert main(["equivariance", *options.split(), *out]) == 0
    with (tmp_path / "equivariance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sampling"] for row in rows] == [
        "equiangular-6x14",
        "equiangular-8x14",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_told(segment, tmp_path, capsys):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert segment(out=tmp_path / "locked" / "run") == 2
    assert "choose another --out" in capsys.readouterr().err


def test_a_full_disk_names_the_file_and_leaves_no_part(segment, tmp_path, capsys):
    out = tmp_path / "run"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        status = segment("--epochs", "1", out=out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == 2
    assert "last.ckpt" in capsys.readouterr().err.strip().splitlines()[-1]
    assert [path.name for path in out.iterdir()] == ["config.yaml"]


def test_evaluating_does_not_write_over_the_scores_of_the_training(
    trained, coarse_pictures, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    options = "--nside 8 --n-train 1 --n-validation 1 --n-test 1".split()
    checkpoint = ["--checkpoint", str(trained / "best.ckpt")]
    assert main(["segment", *options, *checkpoint]) == 0
    assert (tmp_path / "runs/evaluation/metrics.json").exists()


def test_tensorboard_that_is_missing_is_told_at_once(segment, monkeypatch, capsys):
    from deepsphere_pyg.commands.segment import command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert segment("--tensorboard") == 2
    assert "pip install 'deepsphere-pyg[train]'" in capsys.readouterr().err


def test_exhausted_device_memory_is_an_error_on_one_line(segment, monkeypatch, capsys):
    def exhaust(*args):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried\nto allocate")

    monkeypatch.setattr(segment_command, "splits_of", exhaust)
    assert segment() == 2
    expected = "segment: error: not enough memory: CUDA out of memory. Tried\n"
    assert capsys.readouterr().err.endswith(expected)


def test_other_failures_keep_their_traceback(segment, monkeypatch):
    def fail(*args):
        raise RuntimeError("a bug")

    monkeypatch.setattr(segment_command, "splits_of", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        segment()


def test_a_log_has_a_line_an_epoch_and_no_progress_bars(segment, capfd):
    assert segment("--epochs", "2") == 0
    out, err = capfd.readouterr()
    epochs = [line for line in out.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1/2", "2/2"]
    assert "\r" not in out + err
    assert "\x1b" not in out + err


def test_an_interrupt_while_libraries_load_is_no_traceback(monkeypatch, capsys):
    from deepsphere_pyg.commands import command_line

    def interrupt(*asked):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "parser_of", interrupt)
    assert command_line.main(["segment"]) == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_an_interrupt_while_maps_are_made_is_no_traceback(
    segment, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "run"

    def interrupt(*args):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ClimateEvents, "__getitem__", interrupt)
    # Shells start programs in the background deaf to interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert segment(out=out) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.strip() == "interrupted"
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.05])
def test_two_interrupts_leave_whole_files_and_no_traceback(tmp_path, pause):
    out = tmp_path / "run"
    process = subprocess.Popen(
        [*SEGMENT, "--epochs", "500", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # Shells start what runs in the background deaf to interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stdout:
        if line.startswith("epoch"):
            break
    process.send_signal(signal.SIGINT)
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert {path.name for path in out.iterdir()} == {
        *("best.ckpt", "last.ckpt", "history.csv", "config.yaml")
    }
    load_model(out / "last.ckpt")
