"""Pictures of the documentation: each has a source, and kept numbers redraw them."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pictures.__main__ import NUMBERS, is_kept, keep, redraw, remaining
from benchmarks.pictures.redrawing import equivariance_pictures, rows_of
from benchmarks.pictures.table import SOURCES
from deepsphere_pyg.models import pretrained_path

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def test_each_picture_has_one_source():
    named = [name for source in SOURCES for name in source.pictures]
    assert sorted(named) == sorted(path.stem for path in IMAGES.glob("*.png"))


def test_kept_numbers_are_small_and_those_of_a_source():
    known = {source.numbers for source in SOURCES if source.numbers}
    files = list(NUMBERS.iterdir())
    assert files and {path.name for path in files} <= known
    assert max(path.stat().st_size for path in files) < 50_000


def test_curves_are_those_of_the_table():
    rows = rows_of(NUMBERS / "equivariance.csv")
    figures = equivariance_pictures(rows, "a title")
    axes = figures["equivariance"].axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    of_heat = [r for r in rows if r["weighting"] == "heat" and r["k"] == "8"]
    line = lines["healpix-32, heat, k = 8"]
    np.testing.assert_array_equal(line.get_xdata(), [int(r["degree"]) for r in of_heat])
    np.testing.assert_array_equal(line.get_ydata(), [float(r["mean"]) for r in of_heat])
    # The README has these numbers, in units of 1e-4.
    assert f"{1e4 * line.get_ydata()[1]:.0f}" == "1100"
    links = figures["error_against_cost"].axes[0].lines[0].get_xdata()
    assert sorted(
        {float(r["links"]) for r in rows if r["weighting"] == "heat"}
    ) == list(links)


def test_what_is_kept_is_redrawn_and_the_rest_is_listed(tmp_path):
    numbers, run = tmp_path / "numbers", tmp_path / "run"
    run.mkdir()
    rows = rows_of(NUMBERS / "equivariance.csv")
    few = [row for row in rows if row["k"] == "8"]
    with (run / "equivariance.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(few[0]))
        writer.writeheader()
        writer.writerows(few)
    assert keep(run, numbers).read_text() == (run / "equivariance.csv").read_text()
    written = redraw(tmp_path / "images", numbers)
    (source,) = (one for one in SOURCES if one.numbers == "equivariance.csv")
    assert {path.stem for path in written} == set(source.pictures)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    listed = remaining(numbers)
    assert is_kept(source, numbers) and "--optimise-width" not in listed
    assert (
        "qm7 (ten minutes; DIR has qm7.mat)" in listed
        and "benchmarks.studies.scaling" in listed
    )


def test_evaluations_name_networks_of_the_package():
    words = [source.evaluation for source in SOURCES if source.evaluation]
    assert words == ["segment --demo"]
    for source in SOURCES:
        assert bool(source.evaluation) == bool(source.network)
        if source.network:
            assert pretrained_path(source.network).is_file()


def test_runs_without_their_table_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must have equivariance\.csv or"):
        keep(tmp_path)
    large = tmp_path / "equivariance.csv"
    shutil.copy(NUMBERS / "equivariance.csv", large)
    large.write_text(large.read_text() * 5)
    with pytest.raises(ValueError, match="at most 50000 bytes"):
        keep(tmp_path, tmp_path / "numbers")
