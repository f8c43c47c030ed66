"""The benchmark of transforms: it runs, compares, and tells what is missing."""

import csv
import json

import pytest
import torch

from benchmarks.studies import sht
from samplings import GaussLegendre

pytestmark = pytest.mark.slow


def test_all_peers_agree_and_are_timed(tmp_path, capsys) -> None:
    words = ["--bandlimits", "8", "--nside", "4", "--batch", "2", "--rounds", "2"]
    sht.main([*words, "--threads", "1", "--out", str(tmp_path)])
    with (tmp_path / "sht.csv").open() as file:
        rows = list(csv.DictReader(file))
    peers = {(row["sampling"], row["peer"]) for row in rows}
    rings = {"ours", "ours by ducc0"}
    assert {("gausslegendre-8x16", name) for name in rings} <= peers
    assert ("healpix-4", "healpy") in peers
    for row in rows:
        bound = 2e-6 if row["sampling"].startswith("gauss") else 1e-2
        assert float(row["error"]) < bound
        assert 0 < float(row["shortest_ms"]) <= float(row["median_ms"])
    assert json.loads((tmp_path / "machine.json").read_text())["batch"] == 2
    assert "round trip" in capsys.readouterr().out


def test_peers_that_are_missing_are_told(monkeypatch, capsys) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'torch_harmonics'")

    monkeypatch.setattr(sht, "torch_harmonics", missing)
    sampling = GaussLegendre(4)
    names = dict(sht.peers_on(sampling, torch.randn(1, 16, 1)))
    assert "torch-harmonics" not in names
    assert "torch-harmonics left out: ModuleNotFou" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--batch", "--threads", "--rounds", "--bandlimits"])
def test_options_are_checked(option, capsys) -> None:
    with pytest.raises(SystemExit):
        sht.arguments([option, "0"])
    assert f"{option} must be at least 1, got 0" in capsys.readouterr().err
