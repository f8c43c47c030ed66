"""The benchmark of the kernels: its measurements, its comparison, its options."""

import csv
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import run
from benchmarks.kernels import cases, worker
from benchmarks.kernels.contests import open_contest
from benchmarks.kernels.reference import compare, read_reference
from benchmarks.kernels.report import COLUMNS
from benchmarks.kernels.roofline import Roofline
from benchmarks.measuring import timing
from benchmarks.measuring.memory import PeakMemory
from benchmarks.measuring.settings import Setting
from benchmarks.pictures.redrawing import DRAWINGS
from benchmarks.studies import scaling

CPU = torch.device("cpu")
SCRIPTS = [
    "benchmarks.run",
    *(
        f"benchmarks.studies.{path.stem}"
        for path in sorted(Path(scaling.__file__).parent.glob("*.py"))
        if path.stem not in ("__init__", "coulomb_network")
    ),
]

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")


# -- scripts ---------------------------------------------------------------------
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_names_the_command(name, capsys) -> None:
    with pytest.raises(SystemExit) as status:
        importlib.import_module(name).main(["--help"])
    assert status.value.code == 0
    assert f"python -m {name}" in capsys.readouterr().out


def opened(name: str, folder: Path):
    case = cases.QUICK[name]
    dtype = getattr(torch, getattr(case, "dtype", "float32"))
    torch.set_default_dtype(dtype)
    cases.store([case], folder)
    return open_contest(case, folder, CPU)


# -- peers -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("quick-layer", 5e-6),
        pytest.param("quick-fewer-outputs", 5e-6, marks=pytest.mark.slow),
        pytest.param("quick-float64", 1e-14, marks=pytest.mark.slow),
        # bfloat16 keeps 8 bits.
        pytest.param("quick-bf16", 2e-2, marks=pytest.mark.slow),
        pytest.param("quick-pool", 1e-6, marks=pytest.mark.slow),
        pytest.param("quick-unpool", 1e-6, marks=pytest.mark.slow),
    ],
)
def test_peers_and_their_gradients_agree_with_float64(
    name, tolerance, tmp_path
) -> None:
    contest = opened(name, tmp_path)
    for peer in contest.case.peers:
        contestant = contest.contestant(peer)
        modes = [mode for mode in contest.case.modes if mode in contestant.runs]
        assert modes == list(contest.case.modes) or peer == "scipy"
        for mode in modes:
            assert contestant.error(mode) < tolerance, (peer, mode)


@pytest.mark.slow
def test_the_reference_is_that_of_a_dense_eigendecomposition(tmp_path) -> None:
    contest = opened("quick-float64", tmp_path)
    values, vectors = np.linalg.eigh(contest.matrix.toarray())
    y = contest.bias
    for k, part in enumerate(contest.weight):
        polynomial = np.cos(k * np.arccos(np.clip(values, -1, 1)))
        operator = (vectors * polynomial) @ vectors.T
        y = y + operator @ contest.x @ part
    expected = contest.expected(cases.FORWARD)[0]
    np.testing.assert_allclose(expected, y, atol=1e-12)


@pytest.mark.parametrize("name", ["quick-classifier", "quick-unet"])
@pytest.mark.slow
def test_networks_with_the_convolutions_of_peers_are_the_same(name, tmp_path) -> None:
    contest = opened(name, tmp_path)
    for peer in contest.case.peers:
        contestant = contest.contestant(peer)
        assert contestant.error(cases.FORWARD) < 1e-5, peer
        contestant.runs[cases.TRAINING]()
        # A step of Adam changes what comes out.
        assert contestant.error(cases.FORWARD) > 1e-5, peer


@pytest.mark.slow
def test_what_a_peer_cannot_do_is_a_note_and_ours_an_error(
    tmp_path, monkeypatch
) -> None:
    contest = opened("quick-layer", tmp_path)
    setting = Setting("cpu", 1, "default")
    usual = contest.contestant

    def failing(peer: str):
        def run():
            raise RuntimeError("no kernel\nfor this")

        contestant = usual(peer)
        runs = dict.fromkeys(contestant.runs, run) if peer == bad else contestant.runs
        return replace(contestant, runs=runs)

    monkeypatch.setattr(contest, "contestant", failing)
    job = worker.Job("quick-layer", True, ("ours", "coo"), setting, "", 3, 0.01)
    bad = "coo"
    rows = [row for row in worker.times(contest, job) if "peer" in row]
    noted = [row for row in rows if row["peer"] == "coo"]
    assert [row["note"] for row in noted] == ["no kernel"] * 2
    assert all("median_ms" not in row for row in noted)
    bad = "ours"
    with pytest.raises(RuntimeError, match="no kernel"):
        list(worker.times(contest, job))


# -- times and bounds ------------------------------------------------------------
def test_every_run_gets_its_turns_spread_over_all_rounds(monkeypatch) -> None:
    calls: list[str] = []
    lasts = {"slow": 2.0, "middle": 0.2, "fast": 0.001}

    def seconds(run, device, clock):
        run()
        return lasts[calls[-1]]

    monkeypatch.setattr(timing, "seconds", seconds)
    runs = {name: (lambda name=name: calls.append(name)) for name in lasts}
    found = timing.interleaved(runs, CPU, rounds=10, budget=1.0)
    assert {name: len(times) for name, times in found.items()} == {
        "slow": 2,
        "middle": 5,
        "fast": 10,
    }
    turns = calls[6:]
    places = [i for i, name in enumerate(turns) if name == "slow"]
    between = turns[places[0] : places[1]].count("fast")
    assert between == 5


def test_the_bound_counts_products_and_bytes_once(tmp_path) -> None:
    contest = opened("quick-layer", tmp_path)
    roofline = Roofline(contest, 0.01)
    rate = 1e9
    times = {
        "roofline: x W": [1.0],
        "roofline: x' g": [10.0],
        "roofline: g W'": [100.0],
        "roofline: triad": [roofline.triad_bytes / rate],
    }
    V, batch, inputs, outputs, K = 192, 2, 3, 4, 5
    x, y = 4 * V * batch * inputs, 4 * V * batch * outputs
    edges = 8 * contest.matrix.nnz + 4 * (V + 1)
    forward = cases.FORWARD, K + (x + y + edges) / rate
    both = cases.BACKWARD, 111 * K + (3 * x + 2 * y + 2 * edges) / rate
    for mode, expected in (forward, both):
        assert set(roofline.runs(mode)) <= set(times)
        assert roofline.seconds(mode, times) == pytest.approx(expected)


@pytest.mark.skipif(sys.platform != "linux", reason="the mark is Linux's")
@pytest.mark.slow
def test_the_peak_of_memory_is_that_of_what_is_alive_together() -> None:
    memory = PeakMemory(CPU)

    def run():
        a, b = (torch.ones(2**23) for _ in range(2))
        del a, b
        torch.ones(2**23)

    # Two tensors of 32 MiB, not one and not three; what the heap of the tests keeps
    # may hide some, and the system give more than was asked for.
    assert 40 < memory.of(run) < 88


def test_settings_spare_what_takes_long() -> None:
    def chosen(settings):
        case = replace(cases.QUICK["quick-layer"], settings=settings)
        found = cases.settings_of(case, "cpu", [1, 2], ["default", "neutral"])
        return [(s.threads, s.allocator) for s in found]

    assert chosen("all") == [(1, "neutral"), (2, "default"), (2, "neutral")]
    assert chosen("neutral") == [(1, "neutral"), (2, "neutral")]
    assert chosen("one") == [(2, "neutral")]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_environments_of_allocators_replace_those_at_hand(monkeypatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    for allocator in ("default", "neutral", "memory"):
        found = Setting("cpu", 2, allocator).environment()
        assert "MALLOC_ARENA_MAX" not in found
        assert found["OMP_NUM_THREADS"] == "2"
        assert ("MALLOC_MMAP_MAX_" in found) == (allocator == "neutral")


# -- the command -----------------------------------------------------------------
QUICK_RUN = ["--quick", "--cases", "quick-layer", "quick-unpool", "--repeat", "3"]


@pytest.mark.slow
def test_a_quick_run_writes_all_and_meets_its_own_reference(tmp_path, capsys) -> None:
    reference = tmp_path / "reference.csv"
    out = ["--out", str(tmp_path / "out"), "--write-reference", str(reference)]
    assert run.main([*QUICK_RUN, *out]) == 0, capsys.readouterr().err
    with (tmp_path / "out" / "kernels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    # Five peers forward and four with gradients; three and three.
    assert len(rows) == 15
    for row in rows:
        assert float(row["error"]) < 5e-6
        assert float(row["min_ms"]) <= float(row["median_ms"])
        assert float(row["roofline"]) > 0
        assert row["note"] == ""
        assert row["peak_mib"] != "" or sys.platform != "linux"
        assert float(row["ratio"]) == 1 or row["peer"] != "ours"
    about = json.loads((tmp_path / "out" / "kernels.json").read_text())
    assert about["machine"]["torch"] == torch.__version__
    assert about["rooflines"]
    table = (tmp_path / "out" / "kernels.md").read_text()
    assert table in capsys.readouterr().out
    stored = read_reference(reference)
    assert len(stored) == 11
    typed = [
        {**row, "ratio": float(row["ratio"]) if row["ratio"] else None} for row in rows
    ]
    assert compare(typed, stored, 0.9) == ([], 11)


def made_up(monkeypatch, ratio: float) -> None:
    """Let a run measure one peer that is ``ratio`` times slower."""

    def work(jobs):
        for job in jobs:
            for peer, median in (("ours", 1.0), ("coo", ratio)):
                yield (
                    job,
                    {
                        "peer": peer,
                        "mode": "forward",
                        "note": None,
                        "runs": 3,
                        "median_ms": median,
                        "min_ms": median,
                        "error": 1e-7,
                        "roofline": 0.5,
                        "instance_ms": median,
                    },
                )

    monkeypatch.setattr(run, "work", work)


@pytest.mark.slow
def test_a_ratio_that_has_fallen_fails_the_run(tmp_path, monkeypatch, capsys) -> None:
    reference = str(tmp_path / "reference.csv")
    base = ["--quick", "--cases", "quick-layer", "--no-memory", "--out", str(tmp_path)]
    made_up(monkeypatch, 10.0)
    assert run.main([*base, "--write-reference", reference]) == 0
    assert run.main([*base, "--reference", reference]) == 0
    made_up(monkeypatch, 7.1)
    assert run.main([*base, "--reference", reference]) == 0
    assert "1 ratios compared" in capsys.readouterr().out
    made_up(monkeypatch, 6.9)
    assert run.main([*base, "--reference", reference]) == 1
    said = capsys.readouterr().err
    assert "slower than before: quick-layer, cpu, 1, default, forward, coo" in said
    assert "6.9 times faster, 10 in the reference; at least 7 is required" in said
    # Another tolerance, another verdict.
    assert run.main([*base, "--reference", reference, "--tolerance", "0.6"]) == 0


@pytest.mark.slow
def test_references_without_anything_to_compare_are_refused(
    tmp_path, monkeypatch, capsys
) -> None:
    made_up(monkeypatch, 10.0)
    reference = tmp_path / "reference.csv"
    base = ["--quick", "--no-memory", "--out", str(tmp_path), "--cases"]
    compared = ["--reference", str(reference)]
    assert run.main([*base, "quick-layer", *compared]) == 2
    assert "holds no ratios to compare with" in capsys.readouterr().err
    for text in ("", "a,b\n1,2\n", "# machine\n"):
        reference.write_text(text)
        assert run.main([*base, "quick-layer", *compared]) == 2
        assert "write it with --write-reference" in capsys.readouterr().err
    stored = ["--write-reference", str(reference)]
    assert run.main([*base, "quick-layer", *stored]) == 0
    assert run.main([*base, "quick-float64", *compared]) == 2
    assert "the reference holds no measured ratio" in capsys.readouterr().err


@pytest.mark.slow
def test_a_worker_that_fails_is_named_and_the_rest_is_kept(
    tmp_path, monkeypatch, capsys
) -> None:
    made_up(monkeypatch, 2.0)
    usual = run.work

    def work(jobs):
        yield from usual(jobs)
        if jobs[0].setting.allocator == "memory":
            raise RuntimeError("quick-layer, memory: the process ended with -9")

    monkeypatch.setattr(run, "work", work)
    out = ["--out", str(tmp_path), "--write-reference", str(tmp_path / "r.csv")]
    assert run.main(["--quick", "--cases", "quick-layer", *out]) == 1
    assert "the process ended with -9" in capsys.readouterr().err
    assert (tmp_path / "kernels.csv").exists()
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.slow
def test_an_interrupt_leaves_what_was_measured(tmp_path, monkeypatch, capsys) -> None:
    made_up(monkeypatch, 2.0)
    usual = run.work

    def work(jobs):
        if jobs[0].setting.allocator == "memory":
            raise KeyboardInterrupt
        yield from usual(jobs)

    monkeypatch.setattr(run, "work", work)
    words = ["--quick", "--cases", "quick-layer", "--out", str(tmp_path)]
    assert run.main(words) == 130
    assert "interrupted" in capsys.readouterr().err
    with (tmp_path / "kernels.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--repeat", "0"], "--repeat must be at least 1, got 0"),
        (["--budget", "0"], "--budget must be more than 0 seconds, got 0"),
        (["--tolerance", "1.5"], "--tolerance must be in (0, 1], got 1.5"),
        (
            ["--cases", "nside64"],
            "unknown case 'nside64'; choose from nside64",
        ),
        (
            ["--quick", "--cases", "unet"],
            "unknown case 'unet'; choose from quick",
        ),
        (["--peers", "jax"], "invalid choice: 'jax'"),
    ],
)
def test_bad_options_are_refused(words, message, capsys) -> None:
    with pytest.raises(SystemExit):
        run.arguments(words)
    # argparse breaks no lines of its errors.
    assert message in capsys.readouterr().err


def test_a_device_that_is_not_there_is_refused(monkeypatch, capsys) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        run.arguments(["--device", "cuda"])
    assert "PyTorch finds no CUDA device; use cpu" in capsys.readouterr().err


def test_without_glibc_only_the_default_allocator_is_at_hand(
    monkeypatch, capsys
) -> None:
    monkeypatch.setattr(run, "on_glibc", lambda: False)
    assert run.arguments([]).allocators == ["default"]
    assert "without glibc" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run.arguments(["--allocators", "neutral"])
    assert "needs glibc's malloc; use default" in capsys.readouterr().err


# -- cost against size -----------------------------------------------------------
@pytest.mark.skipif(sys.platform != "linux", reason="the mark of memory is Linux's")
@pytest.mark.slow
def test_cost_against_size_is_measured_and_drawn(tmp_path, monkeypatch, capsys) -> None:
    def here(name, nside, matrix, args):
        if name == "graph":
            return scaling.build(nside, matrix)
        return scaling.forward(matrix, args.threads, args.repeat)

    monkeypatch.setattr(scaling, "stage", here)
    sizes = ["--min-nside", "4", "--max-nside", "8", "--threads", "1"]
    words = [*sizes, "--repeat", "3", "--out", str(tmp_path)]
    assert scaling.main(words) == 0, capsys.readouterr().err
    with (tmp_path / "cost_against_size.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["vertices"] for row in rows] == ["192", "768"]
    assert (tmp_path / "cost_against_size.png").stat().st_size > 10_000
    assert rows[0]["threads"] == "1" and "torch" in rows[0]["machine"]
    kept = DRAWINGS["cost_against_size.csv"](rows, "")["cost_against_size"]
    (forward,) = (line for line in kept.axes[1].lines if line.get_label() == "forward")
    assert list(forward.get_ydata()) == [float(row["forward_gb"]) for row in rows]
    assert "vertices 768" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the mark of memory is Linux's")
def test_each_size_has_processes_of_its_own(tmp_path) -> None:
    words = ["--min-nside", "8", "--max-nside", "8", "--threads", "1"]
    args = scaling.arguments(words)
    matrix = tmp_path / "laplacian.npz"
    built = scaling.stage("graph", 8, matrix, args)
    assert 0 < built["graph_gb"] < 2
    assert scaling.stage("forward", 8, matrix, args)["vertices"] == 768
    with pytest.raises(RuntimeError, match=r"--stage forward .* ended with 1: "):
        scaling.stage("forward", 8, tmp_path / "missing.npz", args)


def test_the_slope_is_the_exponent() -> None:
    rows = [{"vertices": n, "forward_s": 1e-6 * n**1.5} for n in (10, 100, 1000)]
    assert timing.slope(rows, "vertices", "forward_s") == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max-nside", "100"], "--max-nside must be a power of two, got 100"),
        (["--min-nside", "64", "--max-nside", "32"], "64 is above --max-nside 32"),
        (["--threads", "0"], "--threads must be at least 1, got 0"),
    ],
)
def test_bad_sizes_are_refused(words, message, capsys) -> None:
    with pytest.raises(SystemExit):
        scaling.arguments(words)
    assert message in capsys.readouterr().err
