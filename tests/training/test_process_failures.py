"""A failure of one of two processes ends both, and is told once."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from deepsphere_pyg.training import load_task

pytestmark = pytest.mark.slow

PROLOGUE = """
import os, sys
import torch
from pytorch_lightning.callbacks import Callback
from tests.training.trainings import run
torch.set_num_threads(1)
folder = sys.argv[1]


class At(Callback):
    # Do something in one of the processes at the start of the third epoch.
    def __init__(self, rank, action):
        self.rank, self.action = rank, action

    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2 and trainer.global_rank == self.rank:
            self.action()

def fail():
    raise RuntimeError("a file cannot be read")

def train(rank=0, action=lambda: None, strategy="ddp", **options):
    trainer = {"callbacks": At(rank, action)}
    return run("regression", 2, folder, strategy, trainer=trainer, **options)
"""


def start(tmp_path, code):
    """Start a script in a group of processes of its own."""
    script = tmp_path / "script.py"
    script.write_text(PROLOGUE + textwrap.dedent(code))
    command = [sys.executable, str(script), str(tmp_path / "run")]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )


def finish(process, tmp_path):
    """Return status, output and errors, once no process of the group is left."""
    try:
        out, err = process.communicate(timeout=90)
    finally:
        try:
            os.killpg(process.pid, 0)
            alive = True
        except ProcessLookupError:
            alive = False
        if alive:
            time.sleep(5)
            try:
                os.killpg(process.pid, signal.SIGKILL)
                pytest.fail("a process was left")
            except ProcessLookupError:
                pass
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left >= {"last.ckpt", "best.ckpt", "history.csv"}
    load_task(tmp_path / "run" / "last.ckpt")
    return process.returncode, out, err


def test_divergence_is_told_once(tmp_path):
    process = start(tmp_path, "train(epochs=4000, learning_rate=1e9)")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.count("training has diverged") == 1, err
    assert err.count("Traceback") == 1


def test_divergence_can_be_caught_in_all_processes(tmp_path):
    code = """
    try:
        train(epochs=4000, learning_rate=1e9)
    except ValueError:
        pass
    print("again")
    folder = folder + "2"
    trained = train(epochs=1)
    print("done")
    """
    process = start(tmp_path, code)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert out.count("done") == 2


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("how", ["fail", "lambda: os.kill(os.getpid(), 9)"])
@pytest.mark.parametrize("strategy", ["ddp", "space"])
def test_neither_process_waits_for_one_that_has_ended(tmp_path, rank, how, strategy):
    began = time.monotonic()
    process = start(tmp_path, f"train({rank}, {how}, {strategy!r}, epochs=50)")
    code, out, err = finish(process, tmp_path)
    assert code != 0
    assert "epoch      2/50" in out
    assert "epoch      3/50" not in out
    if how == "fail":
        assert "a file cannot be read" in err
    assert time.monotonic() - began < 60


def test_ctrl_c_ends_both_processes_and_is_told_once(tmp_path):
    process = start(tmp_path, "train(epochs=100000)")
    for line in process.stdout:
        if "epoch      3/" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    code, out, err = finish(process, tmp_path)
    assert code != 0
    assert out.count("interrupted; ") == 1
    assert err.count("raise KeyboardInterrupt") == err.count("Traceback") == 1, err
