"""The study of networks for forecasts, on a small sampling."""

import csv

import pytest

from benchmarks.studies import forecast_networks


@pytest.mark.slow
def test_each_network_has_a_row(tmp_path, capsys):
    words = ["--out", str(tmp_path), "--nside", "4", "--k", "8", "--batch", "1"]
    names = ["weather, width 1/4", "mesh, sfno"]
    forecast_networks.main([*words, "--rounds", "1", "--networks", *names])
    with (tmp_path / "forecast_networks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["network"] for row in rows] == names
    assert all(float(row["step_ms"]) >= float(row["forward_ms"]) > 0 for row in rows)
    assert "| weather, width 1/4 | 112056 |" in capsys.readouterr().out


def test_bad_options_are_refused(capsys):
    with pytest.raises(SystemExit):
        forecast_networks.arguments(["--batch", "0"])
    assert "--batch must be at least 1, got 0" in capsys.readouterr().err
