"""Two processes do what one does with the batch of both."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import distributed
from torch.utils.data import DataLoader, Subset

from deepsphere_pyg.datasets import ClimateEvents
from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.datasets.sample_parts import SamplePart, take_vertices
from deepsphere_pyg.processes import n_sharing, tell
from deepsphere_pyg.training import (
    EpochShuffle,
    ForecastTask,
    GlobalRegressionTask,
    InOrder,
    RegressionTask,
    SpaceStrategy,
    forecast_windows,
    load_task,
)
from tests.round_off import round_off
from tests.training.trainings import (
    CASES,
    CLASSES,
    HELD,
    MAPS,
    MASK,
    SAMPLING,
    SERIES,
    SHARED,
    TASKS,
    YEARS,
    N,
    OwnLoss,
    V,
    X,
    kept,
    run,
)

SCRIPT = Path(__file__).with_name("trainings.py")


def launch(folder, processes, strategy, *cases):
    """Train cases in several processes; return what they print."""
    words = [folder, str(processes), strategy, *cases]
    command = [sys.executable, "-W", "error", SCRIPT, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def assert_near(found, expected, case):
    """Compare two results that differ by the order of sums alone."""
    # Sums over vertices of a few steps, amplified by standardization and steps.
    tolerance = 100 * round_off(torch.float64, N * V)
    assert found["state"].keys() == expected["state"].keys()
    for name, tensor in expected["state"].items():
        torch.testing.assert_close(
            found["state"][name], tensor, rtol=tolerance, atol=tolerance, msg=name
        )
    assert len(found["history"]) == len(expected["history"])
    for row, wanted in zip(found["history"], expected["history"], strict=True):
        if case == "doubled":
            # A changed loss is validated as a mean over samples, of which masked ones
            # weigh less.
            row, wanted = ({**r, "val/loss": 0} for r in (row, wanted))
        assert row == pytest.approx(wanted, rel=tolerance)
    assert found["best"] == pytest.approx(expected["best"], rel=tolerance)


def check_cases(folder, cases, strategy="ddp"):
    processes = 4 if strategy == "space-2" else 2
    printed = launch(folder, processes, strategy, *cases)
    # One line for each epoch, and one for each network, from the first process.
    assert printed.count("epoch      2/2") == len(cases)
    assert printed.count("network ") == 2 * len(cases)
    assert printed.count("resuming   after epoch 1") == len(cases)
    for case in cases:
        alone = run(case, 1)
        whole = kept(alone)
        for rank in range(processes):
            found = torch.load(folder / f"{case}-{rank}.pt", weights_only=True)
            assert_near(found, whole, case)
        resumed = run(case, 1, folder / f"{case} after an epoch", resume=True)
        assert_near(kept(resumed), whole, case)
        names = {path.name for path in (folder / case).iterdir()}
        assert names == {"best.ckpt", "last.ckpt", "history.csv"}
        rows = (folder / case / "history.csv").read_text().splitlines()
        assert len(rows) == 3
        if case in ("segmentation", "regression", "rollout", "ensemble"):
            task = load_task(folder / case / "best.ckpt")
            # With the fields of all vertices.
            assert task.config == alone.task.config
            for name, tensor in task.state_dict().items():
                assert torch.equal(tensor, found["state"][name].to(tensor.dtype)), name


def test_two_processes_train_as_one_with_the_batch_of_both(tmp_path):
    check_cases(tmp_path, TASKS[:2])


def test_two_processes_that_share_each_map_train_as_one(tmp_path):
    check_cases(tmp_path, (*TASKS[:3], *SHARED), "space")


@pytest.mark.slow
def test_four_processes_of_which_two_share_each_map_train_as_one(tmp_path):
    check_cases(tmp_path, (*TASKS, "forecast"), "space-2")


SERIES_OF_MAPS = forecast_windows(SERIES, 2, 1, forcing=SERIES[..., :1])


@pytest.mark.parametrize(
    "data",
    [
        ArrayMaps(X, MAPS, MASK),
        ArrayMaps(np.where(X > 3, np.nan, X), CLASSES),
        ArrayMaps(X, YEARS),
        SERIES_OF_MAPS,
        SamplePart(ArrayMaps(X, MAPS), np.arange(N)[::-1], MASK[0]),
        # Generated maps come whole, and with them the mask.
        SamplePart(ClimateEvents(SAMPLING, 3), np.arange(3), MASK[0]),
    ],
    ids=["numbers", "classes", "whole maps", "series", "area", "generated"],
)
@pytest.mark.parametrize("vertices", [[0, 3, 7], range(10, 30), []], ids=len)
def test_each_process_reads_its_vertices(data, vertices):
    """Of what data sets read, and of what the strategy takes, it is the same part."""
    mine = np.array(vertices, dtype=np.int64)
    loader = DataLoader(Subset(data, [2, 0]), 2)
    (whole,) = loader
    kind: Any = next(
        kind
        for kind in (ForecastTask, RegressionTask, GlobalRegressionTask)
        if set(kind.vertex_axes) <= set(whole._fields)
    )
    wanted = kind.part_of(kind, whole, torch.from_numpy(mine))
    take_vertices(loader.dataset, mine)
    (read,) = loader
    axis = kind.vertex_axes["x"]
    generated = isinstance(getattr(data, "dataset", None), ClimateEvents)
    assert read.x.shape[axis] == (V if generated else len(mine))
    found = kind.part_of(kind, read, torch.from_numpy(mine))
    for name, part in zip(whole._fields, wanted, strict=True):
        assert torch.equal(getattr(found, name), part), name
    take_vertices(loader.dataset, None)
    (again,) = loader
    for name, part in zip(whole._fields, whole, strict=True):
        assert torch.equal(getattr(again, name), part), name


class Turned(ArrayMaps):
    """Maps that are changed as a whole."""

    def __getitem__(self, index):
        """Return a map whose vertices are in another order."""
        return type(super().__getitem__(index))(
            *(one.flip(0) for one in super().__getitem__(index))
        )


def test_data_sets_that_may_need_whole_maps_read_them():
    data = Turned(X, MAPS)
    take_vertices(Subset(data, [0]), np.arange(3))
    assert data[0].x.shape == (V, 2)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_strategy_tells_data_sets_what_to_read(workers):
    strategy = SpaceStrategy()
    strategy._vertices = torch.arange(5)
    # Workers that stay would give parts of maps after the training, too.
    kept = {"num_workers": workers, "persistent_workers": workers > 0}
    loader = DataLoader(Subset(ArrayMaps(X, MAPS), [0, 1]), 2, **kept)
    assert strategy.process_dataloader(loader) is loader
    (batch,) = loader
    assert batch.x.shape == (2, V if workers else 5, 2)


@pytest.mark.parametrize(
    ("launched", "told"),
    [
        ({}, True),
        ({"LOCAL_RANK": "0"}, True),
        ({"LOCAL_RANK": "1"}, False),
        # The number among all processes counts, and SLURM's where there is no other.
        ({"RANK": "2", "LOCAL_RANK": "0"}, False),
        ({"LOCAL_RANK": "0", "SLURM_PROCID": "3"}, True),
        ({"SLURM_PROCID": "3"}, False),
    ],
)
def test_only_the_first_process_tells(monkeypatch, capsys, launched, told):
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in launched.items():
        monkeypatch.setenv(name, value)
    tell("sampling")
    assert capsys.readouterr().out == "sampling\n" * told


@pytest.fixture
def without_group():
    """Leave no group of processes behind, nor what tells later ones of it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    if distributed.is_initialized():
        distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("case", "options", "error", "message"),
    [
        ("Fourier", {}, ValueError, "a SphericalFourierOperator has no pyramid"),
        ("regression", {"loss": OwnLoss()}, ValueError, "the loss OwnLoss may not be"),
        ("regression", {"compile": True}, ValueError, "leave out compile"),
        ("regression", {"strategy": SpaceStrategy(per_sphere=2)}, ValueError, "divide"),
    ],
)
def test_what_cannot_be_shared_is_refused(without_group, case, options, error, message):
    options = {"strategy": "space", **options}
    with pytest.raises(error, match=message):
        run(case, 1, trainer={"strategy": options.pop("strategy")}, **options)
    # Later trainings deal out samples again.
    assert n_sharing() == 1


@pytest.mark.slow
def test_two_processes_train_every_task_as_one(tmp_path):
    check_cases(tmp_path, TASKS)


@pytest.mark.slow
def test_losses_of_two_processes_are_those_of_the_whole_batch(tmp_path):
    check_cases(tmp_path, [case for case in CASES if case not in TASKS])


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 2, 9, 10, 12])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_batches_of_a_step_are_together_that_of_one_process(
    monkeypatch, processes, length, size
):
    whole = EpochShuffle(length, 3)
    whole.set_epoch(4)
    order = list(whole)
    assert sorted(order) == list(range(length))
    parts, counts = [], []
    for rank in range(processes):
        monkeypatch.setattr(
            "deepsphere_pyg.training.samplers.sample_part", lambda r=rank: r
        )
        monkeypatch.setattr(
            "deepsphere_pyg.training.samplers.n_sample_parts", lambda: processes
        )
        mine = EpochShuffle(length, 3, size)
        mine.set_epoch(4)
        indices = list(mine)
        assert len(mine) == len(indices)
        counts.append(-(-len(indices) // size))
        parts.append(indices[:-1] if mine.repeats else indices)
        cut = EpochShuffle(length, 3)
        cut.set_epoch(4)
        assert len(list(cut)) == len(cut) == length // processes
        assert set(cut) <= set(indices)
    # No process waits for another one in the last step.
    assert len(set(counts)) == 1
    for step in range(counts[0]):
        together = [i for part in parts for i in part[step * size : (step + 1) * size]]
        start = step * size * processes
        assert sorted(together) == sorted(order[start : start + size * processes])


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 2, 7, HELD])
def test_each_validation_sample_counts_equally(monkeypatch, processes, length):
    found = []
    for rank in range(processes):
        monkeypatch.setattr(
            "deepsphere_pyg.training.samplers.sample_part", lambda r=rank: r
        )
        monkeypatch.setattr(
            "deepsphere_pyg.training.samplers.n_sample_parts", lambda: processes
        )
        found += InOrder(length)
    times = 1 if length >= processes else processes
    assert sorted(found) == sorted([*range(length)] * times)
