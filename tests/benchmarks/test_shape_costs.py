"""The study of the costs of a run on SHREC'17, on a few shapes."""

import re

import pytest

from benchmarks.studies import shape_costs


@pytest.mark.slow
def test_costs_are_extrapolated(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--share", "0.0002", "--nside", "8", "--copies", "1", "--steps", "1"]
    shape_costs.main(words)
    text = capsys.readouterr().out
    rate, hours = map(
        float, re.search(r"([\d.]+) shapes a second, ([\d.]+) h", text).groups()
    )
    assert hours == pytest.approx(51_162 / rate / 3600, rel=0.1, abs=0.05)
    step = float(re.search(r"([\d.]+) ms a copy", text)[1])
    of_row = float(re.search(r"published-row.*: ([\d.]+) h", text)[1])
    assert of_row == pytest.approx(35_764 * 300 * step / 3.6e6, rel=0.02)
