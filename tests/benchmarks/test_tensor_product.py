"""The benchmark of products of fragments: it runs, compares, and draws."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.round_off import round_off

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.oracle


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("e3nn")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import tensor_product

    threads = torch.get_num_threads()
    yield tensor_product
    torch.set_num_threads(threads)


@pytest.fixture
def scaling(bench):
    import tensor_product_scaling

    return tensor_product_scaling


def test_peers_agree_and_are_timed(bench, tmp_path, capsys):
    words = ["--bandlimits", "4", "--batch", "2", "--rounds", "2"]
    words += ["--no-memory", "--budget", "0.1"]
    assert bench.main([*words, "--out", str(tmp_path)]) == 0
    with (tmp_path / "tensor_product.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["full"] * 3 + ["mst"] * 3 + ["rmst"] * 3
    for row in rows:
        assert float(row["error"]) < round_off("float32", 8**2)
        assert float(row["forward_ms"]) > 0 and float(row["both_ms"]) > 0
        if row["peer"] == "e3nn":
            assert row["forward_ratio"] == row["both_ratio"] == "1.0"
    assert json.loads((tmp_path / "machine.json").read_text())["channels"] == 16
    assert "difference" in capsys.readouterr().out


@pytest.mark.parametrize("peer", ["ours", "e3nn"])
def test_memory_is_what_a_run_needs(bench, peer):
    if not bench.memory_is_measurable(bench.CPU):
        pytest.skip("the peak of a process cannot be set back here")
    # The result of forward and its gradient, at least.
    assert bench.memory(4, "full", 64, peer) >= 2 * 76 * 64 * 16 * 4 / 2**20


def test_memory_holds_the_result(scaling):
    if not scaling.memory_is_measurable(scaling.CPU):
        pytest.skip("the peak of a process cannot be set back here")
    rows = scaling.times(12, "full", budget=0.1)["rows_out"]
    least = rows * scaling.SIGNALS * scaling.CHANNELS * 4 / 2**20
    assert least <= scaling.peak(12, "full")["peak_mb"] <= 10 * least


def test_stages_that_fail_are_told_of(bench, monkeypatch):
    def failing(*_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(returncode=3, stderr="some\nlines", stdout="")

    monkeypatch.setattr(bench.subprocess, "run", failing)
    with pytest.raises(RuntimeError, match="--stage memory ended with 3: lines"):
        bench.in_a_process(["--stage", "memory"], 1, bench.MEMORY)


def test_cost_is_measured_counted_and_drawn(scaling, tmp_path):
    rows = [
        scaling.counted(L, kind) | scaling.times(L, kind, budget=0.1)
        for kind in ("full", "mst")
        for L in (4, 6, 8)
    ]
    assert rows[0]["multiply_adds"] == 325 and rows[0]["rows_out"] == 76
    assert 4 < scaling.slope(rows[:3], "multiply_adds") < 5
    scaling.figure(rows, "a machine").savefig(tmp_path / "cost.png")
    assert (tmp_path / "cost.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--batch", "0"], "--batch must be at least 1, got 0"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["--bandlimits", "1"], "--bandlimits must be at least 2, got 1"),
        (["--max-bandlimit", "4"], "--max-bandlimit must be at least 8, got 4"),
    ],
)
def test_options_are_checked(bench, words, message, capsys):
    with pytest.raises(SystemExit):
        bench.arguments(words)
    assert message in capsys.readouterr().err
