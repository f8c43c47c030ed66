"""The command and its figure, through its options."""

import csv
import json

import numpy as np
import pytest

from deepsphere_pyg.commands.command_line import options_from
from deepsphere_pyg.commands.equivariance.command import (
    default_degrees,
    run,
)
from deepsphere_pyg.commands.options.sampling import SCHEMES
from deepsphere_pyg.plot.equivariance import ErrorCurve, equivariance_curves
from samplings import (
    WEIGHTINGS,
    HEALPix,
    connection_laplacian,
    equivariance_spectrum,
    knn_graph,
    optimal_width,
)

# All tests but the one of the files that a run writes.
coarse = pytest.mark.usefixtures("coarse_pictures")


def command(*arguments):
    options = options_from("equivariance", [str(a) for a in arguments])
    return run(options)


def rows_of(folder):
    with (folder / "equivariance.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_files_and_figures_tell_the_same(tmp_path, capsys):
    arguments = ["--nside", 8, 4, "--k", 8, 20, "--degrees", 3, 5]
    assert command(*arguments, "--out", tmp_path) == 0
    rows = rows_of(tmp_path)
    keys = [(r["sampling"], r["weighting"], r["k"], r["degree"]) for r in rows]
    assert keys == [
        (sampling, weighting, k, degree)
        for sampling in ("healpix-4", "healpix-8")
        for weighting in ("heat", "fitted")
        for k in ("8", "20")
        for degree in ("3", "5")
    ]
    content = json.loads((tmp_path / "equivariance.json").read_text())
    assert content["settings"]["protocol"] == "rotation-free"
    assert [e["mean"] for e in content["errors"]] == [float(r["mean"]) for r in rows]
    printed = capsys.readouterr().out
    assert f"{1e4 * float(rows[0]['mean']):.0f}" in printed
    names = ("equivariance", "error_against_cost", "symbol", "kernel_widths")
    for name in names:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {f"{name}.png" for name in names} | {
        "equivariance.csv",
        "equivariance.json",
    }


@coarse
def test_rows_are_the_errors_of_the_library(tmp_path):
    command("--nside", 4, "--k", 8, "--degrees", 3, 7, "--out", tmp_path)
    for row in rows_of(tmp_path):
        graph = knn_graph(HEALPix(4, nest=False), 8, weighting=row["weighting"])
        spectrum = equivariance_spectrum(graph, [int(row["degree"])])
        assert float(row["mean"]) == pytest.approx(spectrum.error[0], rel=1e-9)
        assert float(row["symbol"]) == pytest.approx(spectrum.symbol[0], rel=1e-9)
        assert float(row["links"]) == pytest.approx(2 * graph.n_edges / 192)


@coarse
def test_same_seed_gives_the_same_numbers(tmp_path):
    arguments = ["--nside", 4, "--k", 8, "--degrees", 3, "--samples", 2]
    arguments += ["--protocol", "published", "--weighting", "heat"]
    means = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command(*arguments, "--seed", seed, "--out", tmp_path / name)
        means.append(rows_of(tmp_path / name)[0]["mean"])
    assert means[0] == means[1] != means[2]


@coarse
def test_published_values_stand_beside_ours(tmp_path, capsys):
    command(
        *("--nside", 32, "--k", 8, "--degrees", 10, "--samples", 2),
        *("--protocol", "published", "--out", tmp_path),
    )
    heat, fitted = rows_of(tmp_path)
    assert float(heat["published"]) == pytest.approx(0.1764)
    # They are those of the heat kernel.
    assert (fitted["weighting"], fitted["published"]) == ("fitted", "")
    printed = capsys.readouterr().out
    assert "published" in printed
    assert "rms" in printed


@coarse
@pytest.mark.parametrize(
    "options",
    [
        ("--sampling", "equiangular", "--n-theta", 12),
        ("--sampling", "icosahedral:2", "--kind", "normalized"),
        ("--nside", 6, "--distance", "geodesic"),
    ],
)
def test_random_rotations_of_other_samplings_and_laplacians(tmp_path, options):
    command(
        *options, "--k", 20, "--samples", 2, "--degrees", 2, "--protocol", "exact",
        "--weighting", "heat", "--out", tmp_path,
    )  # fmt: skip
    (row,) = rows_of(tmp_path)
    assert 0 < float(row["mean"]) < 1
    assert row["published"] == row["symbol"] == ""
    assert float(row["unresolved"]) < float(row["mean"])


SMALL = (
    "healpix:4 equiangular:10 clenshaw-curtis:11 driscoll-healy:10 gauss-legendre:10 "
    "octahedral:4 mcewen-wiaux:10 icosahedral:2 icosahedral-triangles:1 "
    "cubed-sphere:5 fibonacci:150"
).split()


@pytest.mark.slow
@coarse
def test_every_sampling_and_weighting_by_one_command(tmp_path):
    assert {spec.partition(":")[0] for spec in SMALL} == set(SCHEMES)
    command(
        "--sampling", *SMALL, "--weighting", *WEIGHTINGS, "--k", 8, "--out", tmp_path
    )
    content = json.loads((tmp_path / "equivariance.json").read_text())
    made = {(graph["sampling"], graph["weighting"]) for graph in content["graphs"]}
    assert len(made) == len(SMALL) * len(WEIGHTINGS)
    assert all(graph["components"] == 1 for graph in content["graphs"])
    assert all(0 < row["mean"] < 2 for row in content["errors"])


@coarse
def test_fields_of_spin_are_measured_beside_scalars(tmp_path, capsys):
    arguments = ["--nside", 4, "--k", 8, "--weighting", "heat", "--spin", 0, 2, 2]
    assert command(*arguments, "--out", tmp_path) == 0
    rows = rows_of(tmp_path)
    # Spin 2 has no degree 1; both are measured at the same degrees.
    degrees = [str(degree) for degree in (5, 10)]
    assert [(r["spin"], r["degree"]) for r in rows] == [
        (spin, degree) for spin in "02" for degree in degrees
    ]
    graph = knn_graph(HEALPix(4), 8, weighting="heat")
    exact = equivariance_spectrum(connection_laplacian(graph, 2), [5, 10])
    found = [float(r["mean"]) for r in rows[2:]]
    np.testing.assert_allclose(found, exact.error, rtol=1e-9)
    symbol = [float(r["symbol"]) for r in rows[2:]]
    np.testing.assert_allclose(symbol, exact.symbol, rtol=1e-9)
    assert "healpix-4 heat, spin 2 k=8" in capsys.readouterr().out
    content = json.loads((tmp_path / "equivariance.json").read_text())
    assert content["settings"]["spin"] == [0, 2]
    assert [graph["spin"] for graph in content["graphs"]] == [0, 2]


@coarse
def test_width_search_is_measured_beside_the_default(tmp_path):
    command(
        *("--nside", 4, "--k", 8, "--weighting", "heat", "--optimise-width"),
        *("--out", tmp_path),
    )
    heat, optimal = json.loads((tmp_path / "equivariance.json").read_text())["graphs"]
    assert (heat["weighting"], optimal["weighting"]) == ("heat", "heat-optimal")
    assert optimal["t"] == optimal_width(HEALPix(4, nest=False), 8)
    assert optimal["error"] <= heat["error"]


@coarse
def test_points_of_a_file(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(200, 3))
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    np.save(tmp_path / "points.npy", xyz)
    command(
        "--sampling", "points", "--points", tmp_path / "points.npy",
        "--k", 20, "--degrees", 1, "--out", tmp_path / "out",
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
        (("--sampling", "healpix:0"), "nside must be at least 1, got 0"),
        (
            ("--nside", 4, "--protocol", "exact", "--degrees", 9),
            "--degrees must be from 1 to 8 for the exact protocol on healpix-4, got 9",
        ),
        (("--spin", -1), "--spin must be at least 0, got -1"),
        (
            ("--nside", 4, "--spin", 2, "--degrees", 1),
            "--degrees must be from 2 to 11 .* got 1",
        ),
        (
            ("--nside", 1, "--k", 4, "--spin", 3),
            "--spin must be at most 2 on healpix-1",
        ),
        (
            ("--nside", 4, "--spin", 1, "--protocol", "exact"),
            "--spin 1 is measured with --protocol rotation-free only, got exact",
        ),
        (("--samples", 1), "--samples must be at least 2, got 1"),
        (("--seed", -1), "--seed must be at least 0, got -1"),
        (("--nside", 4, "--bandlimit", 4), "--bandlimit belongs to --protocol exact"),
        (
            ("--nside", 4, "--bandlimit", 4, "--protocol", "published"),
            "--bandlimit belongs to --protocol exact",
        ),
        (
            ("--sampling", "icosahedral", "--level", 2, "--protocol", "published"),
            "needs a whole HEALPix sampling, got icosahedral-2",
        ),
        (("--sampling", "points"), "--sampling points needs --points FILE"),
        (("--points", "some.csv"), "--points some.csv needs --sampling points"),
    ],
)
def test_bad_options_are_told_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        command(*options, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("healpx", "unknown sampling 'healpx'; choose from healpix, equiangular"),
        ("healpix:", "expected an integer .nside. after healpix:, got ''"),
        ("fibonacci:many", "pass fibonacci:10000, for example"),
        ("points:3", "unknown sampling 'points'"),
    ],
)
def test_unknown_samplings_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        command("--sampling", spec)


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
    series = {"healpix-32, heat", "healpix-64, heat"}
    assert {"k = 8", "k = 20"} | series <= set(texts)
    figure.draw_without_rendering()


def test_figure_needs_a_curve():
    with pytest.raises(ValueError, match="at least one curve"):
        equivariance_curves([])
