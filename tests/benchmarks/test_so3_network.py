"""The benchmark of networks on SO(3): it runs, times every part, and checks options."""

import csv
import json

import pytest
import torch

from benchmarks.studies import so3_network

SMALL = "--rings 8 --channels 2 3 --bandlimits 3 2 --batch 2 --rounds 2 --threads 1"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("filters", ["local", "spectral"])
def test_every_part_is_timed(tmp_path, capsys, filters) -> None:
    so3_network.main([*SMALL.split(), "--filters", filters, "--out", str(tmp_path)])
    with (tmp_path / "so3_network.csv").open() as file:
        rows = list(csv.DictReader(file))
    parts = ["training step", "transform", "lift", "ReLU 0, on 216 points"]
    parts += ["convolution 1", "ReLU 1, on 64 points", "mean and linear map"]
    assert [row["part"] for row in rows] == parts
    assert all(0 < float(r["shortest_ms"]) <= float(r["median_ms"]) for r in rows)
    facts = json.loads((tmp_path / "machine.json").read_text())
    # Filters and biases of both convolutions, and the linear map.
    filters_of = {"local": 24 * 2 + 192 * 6, "spectral": 9 * 2 + 10 * 6}
    assert facts["parameters"] == filters_of[filters] + 2 + 3 + 40
    assert facts["batch"] == 2 and facts["torch"] == torch.__version__
    assert f"{facts['parameters']} parameters" in capsys.readouterr().out


def test_steps_learn() -> None:
    args = so3_network.arguments(SMALL.split())
    model = so3_network.network(args)
    x = torch.randn(2, len(model.sampling), 1)
    labels = torch.tensor([0, 1])
    step = so3_network.training_step(model, x, labels)

    def loss():
        return float(torch.nn.functional.cross_entropy(model(x), labels).detach())

    before = loss()
    for _ in range(5):
        step()
    assert loss() < before


@pytest.mark.parametrize("option", ["--batch", "--threads", "--rounds"])
def test_options_are_checked(option, capsys) -> None:
    with pytest.raises(SystemExit):
        so3_network.arguments([option, "0"])
    assert f"{option} must be at least 1, got 0" in capsys.readouterr().err
