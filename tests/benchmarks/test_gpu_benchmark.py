"""The benchmark of a GPU: on the CPU its parts run, in tiny sizes, and say so."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.gpu import __main__ as gpu
from benchmarks.gpu.networks import _error, network, products, transforms
from benchmarks.gpu.rows import WITHOUT_TRITON, Sizes, row, table
from benchmarks.gpu.sums import correctness, errors_of, kernels, matrices
from benchmarks.kernels.cases import FORWARD, QUICK
from benchmarks.measuring.contestant import Contestant
from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.propagation import available_executions

CPU = torch.device("cpu")
EXECUTIONS = available_executions(CPU)


@pytest.fixture
def sizes(tmp_path) -> Sizes:
    return Sizes(CPU, True, tmp_path)


def test_sums_of_every_execution_are_within_round_off(sizes) -> None:
    found = list(correctness(sizes))
    errors = {r["contestant"]: r["value"] for r in found if "float32" in r["case"]}
    assert set(errors) == set(EXECUTIONS)
    assert all(0 < error < 1 for error in errors.values())
    assert not any(r["failed"] for r in found)
    reasons = [r["note"] for r in found if r["value"] is None]
    assert any("'csr' has no kernel for torch.bfloat16" in text for text in reasons)
    assert (WITHOUT_TRITON in reasons) == ("triton" not in EXECUTIONS)


def test_sums_of_other_edges_are_found_out() -> None:
    class Wrong(EdgeOperator):
        def _both_ways(self):
            rows, _ = super()._both_ways()
            return rows, rows

    matrix = matrices()["square"]
    shape = (2, matrix.shape[1], 3)
    value, gradient = errors_of(Wrong(matrix, execution="csr"), shape)
    assert value < 1 < gradient


def test_kernels_are_timed(sizes) -> None:
    found = [r for r in kernels(sizes) if r["value"] is not None]
    names = [name for name in ("csr", "triton", "auto") if name in EXECUTIONS]
    for quantity in ("weighted sum", "Chebyshev step"):
        rows = [
            r for r in found if r["quantity"] == quantity and "float32" in r["case"]
        ]
        assert [r["contestant"] for r in rows] == names
        assert all(r["value"] > 0 for r in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shrec17", "unet"])
def test_networks_are_compared_and_timed(sizes, name) -> None:
    found = list(network(sizes, name))
    peers = {"ours", "ours_csr", "ours_bf16", "pyg"}
    for quantity in ("relative error", "forward, an instance"):
        rows = [r for r in found if r["quantity"] == quantity]
        assert peers <= {r["contestant"] for r in rows}
        assert all(r["value"] > 0 for r in rows)
    assert not any(r["failed"] for r in found)
    assert any("memory is counted on a CUDA device" in r["note"] for r in found)


def test_a_contestant_that_lacks_memory_is_told_and_ours_fails() -> None:
    def run():
        raise torch.OutOfMemoryError("CUDA out of memory\nmore")

    case = QUICK["quick-classifier"]
    for peer in ("pyg", "ours"):
        found = _error(case, Contestant(peer, {FORWARD: run}, lambda mode: []))
        assert found["value"] is None and found["note"] == "failed: CUDA out of memory"
        assert found["failed"] == (peer == "ours")


def test_outputs_beyond_round_off_fail() -> None:
    case, exact = QUICK["quick-classifier"], np.ones(3)
    for peer, error in (("ours", 1e-3), ("ours_bf16", 1e-3)):
        run = {FORWARD: lambda error=error: [torch.ones(3) * (1 + error)]}
        found = _error(case, Contestant(peer, run, lambda mode: [exact]))
        assert found["value"] == pytest.approx(error, rel=1e-3)
        assert found["failed"] == (peer == "ours")


@pytest.mark.slow
def test_transforms_and_products_are_timed_beside_those_that_are_here(sizes) -> None:
    found = list(transforms(sizes))
    assert {r["contestant"] for r in found} >= {"ours", "torch-harmonics"}
    found = list(products(sizes))
    assert {r["quantity"] for r in found} == {"forward", "forward+backward"}
    assert {r["contestant"] for r in found} == {"ours", "e3nn"}


def test_a_part_that_takes_too_long_is_stopped_and_said_so(tmp_path) -> None:
    args = gpu.arguments(["--device", "cpu", "--quick"])
    found, reason = gpu.measured("kernels", args, tmp_path, 0.2)
    assert found == []
    assert reason == "stopped after 0 s, its share of --minutes"


def test_time_that_is_over_leaves_parts_out(tmp_path, capsys) -> None:
    words = ["--device", "cpu", "--quick", "--minutes", "0.01", "--out", str(tmp_path)]
    assert gpu.main([*words, "--parts", "sht", "products"]) == 0
    wanted = "Not run:\n\n- sht: the 0.01 minutes were over\n- products: the 0.01"
    assert wanted in capsys.readouterr().out
    assert json.loads((tmp_path / "gpu.json").read_text())["rows"] == []


@pytest.mark.slow
def test_parts_run_in_processes_and_a_failure_is_the_status(
    tmp_path, monkeypatch, capsys
) -> None:
    words = ["--device", "cpu", "--quick", "--out", str(tmp_path)]
    assert gpu.main([*words, "--parts", "correctness", "tests"]) == 0
    told = capsys.readouterr().out
    assert "TINY SIZES" in told and "| correctness | sums, float32 | csr |" in told
    if not torch.cuda.is_available():
        assert "- tests, gpu, ours: there is no CUDA device (0 passed" in told
    usual = gpu.measured

    def failing(part, *others):
        found, reason = usual(part, *others)
        return [{**r, "failed": True} for r in found], reason

    monkeypatch.setattr(gpu, "measured", failing)
    assert gpu.main([*words, "--parts", "correctness"]) == 1
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["quick"] and found["rows"][0]["part"] == "correctness"


def test_tables_list_what_was_not_run_with_the_reason(sizes) -> None:
    rows = [
        {"part": "sht", **row("L = 8", "ours", "analysis", 1.23456, "ms", "batch 2")},
        {"part": "sht", **row("L = 8", "other", "all", None, note="it is missing")},
    ]
    told = table("a machine", rows, {"unet": "stopped"})
    assert "| sht | L = 8 | ours | analysis | 1.235 | ms | batch 2 |" in told
    assert told.endswith(
        "Not run:\n\n- unet: stopped\n- sht, L = 8, other: it is missing\n"
    )
    assert table("a machine", rows[:1], {}).endswith("Everything was run.\n")
    assert replace(sizes, quick=False).rounds > sizes.rounds


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--minutes", "0", "--device", "cpu"], "--minutes must be more than 0, got 0"),
        (["--parts", "fft"], "invalid choice: 'fft'"),
        ([], "--device cuda: PyTorch finds no CUDA device; --device cpu --quick tests"),
    ],
)
def test_bad_options_are_refused(words, message, monkeypatch, capsys) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.arguments(words)
    assert message in capsys.readouterr().err
