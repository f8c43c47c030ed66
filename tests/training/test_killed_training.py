"""A training that is killed at any time loses at most one epoch."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch

from deepsphere_pyg.training import load_task
from samplings.atomic_files import remove_abandoned
from tests.training.test_trainer_features import run

TRIALS = int(os.environ.get("DEEPSPHERE_KILLS", "50"))
EPOCHS = 20

# One interpreter is started, and each trial is a copy of it, so that kills meet the
# training and its files, not imports.
SCRIPT = """
import os, signal, sys, time
import torch
from tests.training.test_trainer_features import run
torch.set_num_threads(1)
for line in sys.stdin:
    folder, resume, epochs, delay, writing = line.split()
    pid = os.fork()
    if pid == 0:
        sys.stdout = open(os.devnull, "w")
        run(folder=folder, resume=resume == "True", epochs=int(epochs))
        os._exit(0)
    if delay != "None":
        time.sleep(float(delay))
        while writing == "True" and not any(n[0] == "." for n in os.listdir(folder)):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
        os.kill(pid, signal.SIGKILL)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


@pytest.fixture
def server():
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    yield process
    process.stdin.close()
    process.stdout.close()
    process.wait(timeout=30)


def attempt(server, folder, resume, delay=None, writing=False):
    """Train in a process of its own, killed after a delay; return its status.

    With ``writing`` it is killed while the next file is written.
    """
    server.stdin.write(f"{folder} {resume} {EPOCHS} {delay} {writing}\n")
    server.stdin.flush()
    return int(server.stdout.readline())


def epochs_in(folder):
    """Complete epochs that the last checkpoint holds; -1 without one."""
    path = folder / "last.ckpt"
    if not path.exists():
        return -1
    load_task(path)  # its checksum is right
    return torch.load(path, weights_only=True)["epoch"]


@pytest.mark.slow
def test_a_killed_training_loses_at_most_one_epoch(server, tmp_path):
    draw = random.Random(0)
    whole = run(epochs=EPOCHS, folder=tmp_path / "whole")
    # The first one waits for the interpreter.
    assert attempt(server, tmp_path / "first", False) == 0
    began = time.monotonic()
    assert attempt(server, tmp_path / "timed", False) == 0
    duration = time.monotonic() - began
    kills, during_writing, finished = 0, 0, 0
    trial = 0
    while kills < TRIALS:
        folder = tmp_path / f"trial{trial}"
        folder.mkdir()
        trial += 1
        resume = False
        while True:
            before = rows_in(folder)
            delay = draw.uniform(0, 0.8 * duration)
            status = attempt(server, folder, resume, delay, kills % 2 == 1)
            if status == 0:
                finished += 1
                break
            assert status == signal.SIGKILL
            kills += 1
            temporary = [p for p in folder.iterdir() if p.name.startswith(".")]
            during_writing += bool(temporary)
            after = epochs_in(folder)
            rows = rows_in(folder)
            # The history may be one epoch ahead of the checkpoint, never behind.
            assert rows >= before
            assert after >= 0 or rows == 0
            if after >= 0:
                assert 0 <= rows - (after + 1 if rows else 0) <= 1
            resume = True
            if kills % 3 == 0:
                # To the end, so that later trials begin anew.
                assert attempt(server, folder, True) == 0
                break
        task = load_task(folder / "last.ckpt")
        for name, value in load_task(tmp_path / "whole/last.ckpt").state_dict().items():
            assert torch.equal(task.state_dict()[name], value)
        histories = [
            (p / "history.csv").read_text() for p in (folder, tmp_path / "whole")
        ]
        assert histories[0] == histories[1]
        remove_abandoned(folder)
        names = {path.name for path in folder.iterdir()}
        assert names == {"best.ckpt", "last.ckpt", "history.csv"}
    assert len(whole.history) == EPOCHS
    print(
        f"{kills} kills, {during_writing} while writing, {finished} trials ended first"
    )


def rows_in(folder):
    """Epochs of the history."""
    path = folder / "history.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0
