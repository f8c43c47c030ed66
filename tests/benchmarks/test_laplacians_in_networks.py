"""The benchmark that trains networks on several graphs: runs, tables, comparisons."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from samplings import HEALPix

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The modules of the benchmark, which is a script and no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import laplacians_in_networks as main
    import network_classification as classification
    import network_report as report
    import network_segmentation as segmentation
    import network_tasks as tasks

    threads = torch.get_num_threads()
    yield SimpleNamespace(
        main=main,
        classification=classification,
        report=report,
        segmentation=segmentation,
        tasks=tasks,
    )
    torch.set_num_threads(threads)


@pytest.fixture
def counted(bench, monkeypatch: pytest.MonkeyPatch):
    """A task that trains nothing, in place of all others; ``calls`` are its runs."""

    @dataclass(frozen=True)
    class Counted(bench.tasks.Task):
        name: str = "counted"
        title: str = "counting runs"
        nside: int = 4
        size: int = 1
        calls = []  # noqa: RUF012
        scores = (
            bench.tasks.Score("score", "score"),
            bench.tasks.Score("bound", "bound", percent=False),
        )
        drawn = (("score", "bound"), ("bound", None))

        def run(self, graph, seed, folder):
            if len(self.calls) == 5:
                self.calls.append("interrupt")
                raise KeyboardInterrupt
            self.calls.append((graph, seed))
            score = 0.1 * graph.k + 0.01 * seed
            return {"score": score, "bound": float("nan")}

    task = Counted()
    monkeypatch.setattr(bench.main, "TASKS", (task,))
    return task


# -- runs ------------------------------------------------------------------------
def test_an_interrupted_benchmark_goes_on_where_it_was(
    bench, counted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path), "--seeds", "2"]
    assert bench.main.main(out) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert bench.main.main(out) == 0
    done = [call for call in counted.calls if call != "interrupt"]
    assert len(done) == len(set(done)) == 2 * len(bench.main.GRAPHS)
    assert "8 runs to do" not in capsys.readouterr().out
    assert bench.main.main(out) == 0
    assert "0 runs to do" in capsys.readouterr().out
    assert len(counted.calls) == 9
    with (tmp_path / "networks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["value"] for row in rows if row["score"] == "bound"} == {""}
    assert len([row for row in rows if row["score"] == "score"]) == 8
    assert (tmp_path / "networks.png").stat().st_size > 10_000
    table = (tmp_path / "networks.md").read_text()
    assert "| heat k=8 |" in table and "| 80.5 ± 0.7 | - | 2 |" in table


def test_runs_of_other_settings_are_not_mixed(
    bench, counted, tmp_path: Path, monkeypatch, capsys
) -> None:
    store = bench.main.Store(tmp_path, counted)
    store.add(bench.main.GRAPHS[0], 0, {"score": 0.5})
    again = bench.main.Store(tmp_path, replace(counted, title="another title"))
    assert again.runs == {(bench.main.GRAPHS[0], 0): {"score": 0.5}}
    monkeypatch.setattr(bench.main, "TASKS", (replace(counted, size=2),))
    assert bench.main.main(["--out", str(tmp_path)]) == 2
    assert "is of other settings (size); choose another" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"settings": {}, "runs": [1]}'])
def test_files_that_hold_no_runs_are_refused(bench, counted, tmp_path, text) -> None:
    (tmp_path / "counted.json").write_text(text)
    with pytest.raises(ValueError, match=r"holds no runs of this benchmark .* move it"):
        bench.main.Store(tmp_path, counted)


@pytest.mark.parametrize("option", ["--seeds", "--threads"])
def test_numbers_below_one_are_refused(bench, option, capsys) -> None:
    with pytest.raises(SystemExit):
        bench.main.arguments([option, "0"])
    assert f"{option} must be at least 1, got 0" in capsys.readouterr().err


# -- the trainings ---------------------------------------------------------------
def test_the_classification_runs_and_keeps_to_its_seed(bench, tmp_path: Path) -> None:
    task = bench.classification.Classification(
        nside=4, n_train=16, n_test=8, epochs=1, widths=(4, 4), slope=3.0
    )
    graph = bench.tasks.Graph("fitted", 8)
    for chosen in (task, replace(task, differentiate=True)):
        first, second = (chosen.run(graph, 3, tmp_path) for _ in range(2))
        assert set(first) == {score.key for score in task.scores}
        assert first == second
        assert np.isfinite(list(first.values())).all()


def test_the_segmentation_goes_on_from_its_checkpoint(
    bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = bench.segmentation.Segmentation(
        nside=8, n_train=2, n_validation=1, n_test=1, epochs=1
    )
    graph = bench.tasks.Graph("fitted", 8)
    first, second = (task.run(graph, 0, tmp_path) for _ in range(2))
    assert capsys.readouterr().out.count("epoch") == 1
    assert set(first) == {score.key for score in task.scores}
    np.testing.assert_equal(first, second)


def test_the_likelier_spectrum_is_the_true_one_where_they_differ_much(bench) -> None:
    task = bench.classification.Classification(nside=16, contrast=0.9)
    assert bench.classification.likelihood_accuracy(task.fields(20, 0)) == 1
    close = replace(task, contrast=1e-6)
    assert bench.classification.likelihood_accuracy(close.fields(200, 0)) < 0.7


def test_a_labelling_turned_by_a_symmetry_does_not_change(bench) -> None:
    nside = 8
    sampling = HEALPix(nside)
    labels = (sampling.xyz @ [1.0, 0.3, 0.2] > 0.8).astype(int)
    turn = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    turned = (sampling.xyz @ turn @ [1.0, 0.3, 0.2] > 0.8).astype(int)
    changed = bench.segmentation.changed_by_turning
    assert changed(labels[None], turned[None], [turn]) == 0
    assert changed(labels[None], labels[None], [np.eye(3)]) == 0
    # Disjoint events: all of them change.
    assert changed(labels[None], labels[None], [turn @ turn]) == 1
    none = np.zeros_like(labels)[None]
    assert np.isnan(changed(none, none, [turn]))


def test_a_labelling_evaluated_elsewhere_changes_by_less_than_a_pixel(bench) -> None:
    sampling = HEALPix(16)
    axis = np.array([0.6, 0.0, 0.8])
    rotation = Rotation.random(rng=np.random.default_rng(2)).as_matrix()
    labels = (sampling.xyz @ axis > 0.9).astype(int)
    turned = (sampling.xyz @ rotation @ axis > 0.9).astype(int)
    changed = bench.segmentation.changed_by_turning
    assert changed(labels[None], turned[None], [rotation]) < 0.02
    wider = (sampling.xyz @ rotation @ axis > 0.8).astype(int)
    # Caps cover 1 - cos of their radius: half of the wider one is new, but for a rim.
    assert 0.3 < changed(labels[None], wider[None], [rotation]) < 0.5


# -- the report ------------------------------------------------------------------
def test_cells_are_mean_and_spread_between_seeds(bench) -> None:
    percent, ratio = (bench.tasks.Score("a", "A", p) for p in (True, False))
    cell = bench.report.cell
    assert cell(percent, [0.5, 0.7]) == "60.0 ± 14.1"
    assert cell(percent, [0.5]) == "50.0"
    assert cell(ratio, [0.5, 0.7]) == "0.600 ± 0.141"
    assert cell(ratio, []) == "-"


def test_the_error_of_fitted_graphs_is_below_that_of_heat(bench) -> None:
    heat, fitted = (bench.tasks.Graph(w, 8).error(16) for w in ("heat", "fitted"))
    assert fitted < 0.7 * heat


def test_quick_settings_are_of_the_same_tasks(bench) -> None:
    names = [task.name for task in bench.main.TASKS]
    assert [task.name for task in bench.main.QUICK] == names
    for task in bench.main.TASKS:
        json.dumps(task.settings, allow_nan=False)
        known = {score.key for score in task.scores}
        assert {key for pair in task.drawn for key in pair if key} <= known
