"""The command and its figure, through its options."""

import argparse
import csv
import json

import numpy as np
import pytest

from deepsphere_pyg.plot.equivariance import ErrorCurve, equivariance_curves
from deepsphere_pyg.training.equivariance_command import (
    add_arguments,
    default_degrees,
    run,
)


def command(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(a) for a in arguments]))


def rows_of(folder):
    with (folder / "equivariance.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_files_and_figure_tell_the_same(tmp_path, capsys):
    arguments = ["--nside", 8, 4, "--k", 8, 20, "--degrees", 3, 5, "--samples", 2]
    assert command(*arguments, "--out", tmp_path) == 0
    rows = rows_of(tmp_path)
    keys = [(row["sampling"], row["k"], row["degree"]) for row in rows]
    assert keys == [
        (sampling, k, degree)
        for sampling in ("healpix-4", "healpix-8")
        for k in ("8", "20")
        for degree in ("3", "5")
    ]
    content = json.loads((tmp_path / "equivariance.json").read_text())
    assert content["settings"]["protocol"] == "published"
    assert [e["mean"] for e in content["errors"]] == [float(r["mean"]) for r in rows]
    assert (tmp_path / "equivariance.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert f"{1e4 * float(rows[0]['mean']):.0f}" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "equivariance.csv",
        "equivariance.json",
        "equivariance.png",
    ]


def test_same_seed_gives_the_same_numbers(tmp_path):
    arguments = ["--nside", 4, "--k", 8, "--degrees", 3, "--samples", 2]
    means = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command(*arguments, "--seed", seed, "--out", tmp_path / name)
        means.append(rows_of(tmp_path / name)[0]["mean"])
    assert means[0] == means[1] != means[2]


def test_published_values_stand_beside_ours(tmp_path, capsys):
    command("--nside", 32, "--k", 8, "--degrees", 10, "--samples", 2, "--out", tmp_path)
    assert float(rows_of(tmp_path)[0]["published"]) == pytest.approx(0.1764)
    printed = capsys.readouterr().out
    assert "published" in printed
    assert "rms" in printed


@pytest.mark.parametrize(
    "options",
    [
        ("--sampling", "equiangular", "--n-theta", 12),
        ("--sampling", "icosahedral", "--level", 2, "--kind", "normalized"),
        ("--nside", 6, "--protocol", "exact", "--distance", "geodesic"),
    ],
)
def test_other_samplings_and_laplacians(tmp_path, options):
    command(*options, "--k", 20, "--samples", 2, "--degrees", 2, "--out", tmp_path)
    (row,) = rows_of(tmp_path)
    assert 0 < float(row["mean"]) < 1
    assert row["published"] == ""
    assert float(row["unresolved"]) < float(row["mean"])


def test_points_of_a_file(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(200, 3))
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    np.save(tmp_path / "points.npy", xyz)
    command(
        "--sampling", "points", "--points", tmp_path / "points.npy",
        "--k", 20, "--samples", 2, "--degrees", 1, "--out", tmp_path / "out",
    )  # fmt: skip
    assert float(rows_of(tmp_path / "out")[0]["mean"]) > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--nside", 2, "--k", 48), r"--k must be smaller than the 48 .* got 48"),
        (("--k", 0, "--nside", 2), "--k must be at least 1, got 0"),
        (("--nside", 0), "nside must be at least 1, got 0"),
        (("--nside", 4, "--degrees", 12), r"--degrees must be from 1 to 11 .* got 12"),
        (("--nside", 4, "--degrees", 0), r"--degrees must be from 1 to 11 .* got 0"),
        (
            ("--nside", 4, "--protocol", "exact", "--degrees", 9),
            "--degrees must be from 1 to 8 for the exact protocol on healpix-4, got 9",
        ),
        (("--samples", 1), "--samples must be at least 2, got 1"),
        (("--seed", -1), "--seed must be at least 0, got -1"),
        (("--nside", 4, "--bandlimit", 4), "bandlimit belongs to protocol='exact'"),
        (
            ("--sampling", "icosahedral", "--level", 2, "--protocol", "published"),
            "needs a whole HEALPix sampling, got icosahedral-2",
        ),
        (("--sampling", "points"), "--sampling points needs --points FILE"),
    ],
)
def test_bad_options_are_told_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        command(*options, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_default_degrees_share_columns_between_resolutions():
    coarse, fine = default_degrees(95), default_degrees(191)
    assert coarse == [5, *range(10, 100, 10)]
    assert fine == [*coarse, 120, 150, 180]
    assert default_degrees(383) == [*fine, 240, 300, 360]
    assert default_degrees(3) == [1, 2, 3]


def test_figure_is_log_log_with_every_curve_and_published_values():
    curves = [
        ErrorCurve(name, k, [10, 20], [0.1 / k, 0.05 / k], [0.0, 0.1], {10: 0.2})
        for name in ("healpix-32", "healpix-64")
        for k in (8, 20)
    ]
    figure = equivariance_curves(curves, "title")
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert len(axes.lines) == 8
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.1 / 8, 0.05 / 8])
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"k = 8", "k = 20", "healpix-32", "healpix-64"} <= set(texts)
    figure.draw_without_rendering()


def test_figure_needs_a_curve():
    with pytest.raises(ValueError, match="at least one curve"):
        equivariance_curves([])
