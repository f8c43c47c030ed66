"""The benchmark of networks on SO(3): it runs, times every part, and checks options."""

import csv
import json
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALL = "--rings 8 --channels 2 3 --bandlimits 3 2 --batch 2 --rounds 2 --threads 1"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import so3_network

    threads = torch.get_num_threads()
    yield so3_network
    torch.set_num_threads(threads)


@pytest.mark.parametrize("filters", ["local", "spectral"])
def test_every_part_is_timed(bench, tmp_path, capsys, filters) -> None:
    bench.main([*SMALL.split(), "--filters", filters, "--out", str(tmp_path)])
    with (tmp_path / "so3_network.csv").open() as file:
        rows = list(csv.DictReader(file))
    parts = ["transform", "lift", "ReLU 0, on 216 points", "ReLU 0 by e3nn"]
    parts += ["convolution 1", "ReLU 1, on 64 points", "ReLU 1 by e3nn"]
    parts += ["mean and linear map"]
    works = ["forward", "forward and backward"]
    expected = [("training step", "with Adam")]
    expected += [(part, work) for part in parts for work in works]
    assert [(row["part"], row["work"]) for row in rows] == expected
    assert all(0 < float(r["shortest_ms"]) <= float(r["median_ms"]) for r in rows)
    facts = json.loads((tmp_path / "machine.json").read_text())
    # Filters and biases of both convolutions, and the linear map.
    filters_of = {"local": 24 * 2 + 192 * 6, "spectral": 9 * 2 + 10 * 6}
    assert facts["parameters"] == filters_of[filters] + 2 + 3 + 40
    assert facts["batch"] == 2 and facts["torch"] == torch.__version__
    assert f"{facts['parameters']} parameters" in capsys.readouterr().out


def test_peers_that_are_missing_are_told(bench, monkeypatch, capsys) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'e3nn'")

    monkeypatch.setattr(bench.importlib, "import_module", missing)
    model = bench.network(bench.arguments(SMALL.split()))
    x = torch.randn(1, len(model.sampling), 1)
    assert all("e3nn" not in name for name, _, _ in bench.parts(model, x))
    assert "e3nn left out: No module named 'e3nn'" in capsys.readouterr().out
    other = bench.network(bench.arguments([*SMALL.split(), "--scheme", "mcewen-wiaux"]))
    assert bench.e3nn_activation(other.blocks[0][2]) is None


def test_steps_learn(bench) -> None:
    args = bench.arguments(SMALL.split())
    model = bench.network(args)
    x = torch.randn(2, len(model.sampling), 1)
    labels = torch.tensor([0, 1])
    step = bench.training_step(model, x, labels)

    def loss():
        return float(torch.nn.functional.cross_entropy(model(x), labels).detach())

    before = loss()
    for _ in range(5):
        step()
    assert loss() < before


@pytest.mark.parametrize("option", ["--batch", "--threads", "--rounds"])
def test_options_are_checked(bench, option, capsys) -> None:
    with pytest.raises(SystemExit):
        bench.arguments([option, "0"])
    assert f"{option} must be at least 1, got 0" in capsys.readouterr().err
