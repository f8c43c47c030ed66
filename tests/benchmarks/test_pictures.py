"""Pictures of the documentation: each has a source, and kept numbers redraw them."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pictures.__main__ import NUMBERS, is_kept, keep, redraw, remaining
from benchmarks.pictures.redrawing import (
    DRAWINGS,
    classifier_picture,
    equivariance_pictures,
    rows_of,
)
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


@pytest.mark.parametrize(
    "source", [source for source in SOURCES if is_kept(source)], ids=lambda s: s.numbers
)
def test_kept_numbers_are_drawn_in_all_pictures_of_their_source(source):
    figures = DRAWINGS[source.numbers](rows_of(NUMBERS / source.numbers), source.title)
    assert set(source.pictures) <= set(figures)
    assert all(axes.has_data() for axes in figures[source.pictures[0]].axes)


def test_errors_of_classifiers_are_those_of_the_table_of_the_sky():
    rows = rows_of(NUMBERS / "cosmology_graphs.csv")
    text = (IMAGES.parent / "results" / "sky.md").read_text()
    for row in rows:
        spread = "" if row["spread"] == "nan" else f" ± {row['spread']}"
        error = f"{row['equivariance']} | " if row["k"] != "0" else "| "
        assert f"{error}{row['mean']}{spread} |" in text
    axes = classifier_picture(rows).axes[0]
    (heat,) = (one for one in axes.containers if one.get_label() == "heat weights")
    of_heat = sorted(
        (float(r["equivariance"]), float(r["mean"]), float(r["spread"]))
        for r in rows
        if r["name"] == "heat weights"
    )
    errors, means, spreads = zip(*of_heat, strict=True)
    line, _, (bars,) = heat.lines
    assert (tuple(line.get_xdata()), tuple(line.get_ydata())) == (errors, means)
    ends = [segment[:, 1] for segment in bars.get_segments()]
    np.testing.assert_allclose([(b - a) / 2 for a, b in ends], spreads)


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
