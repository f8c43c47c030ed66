"""``equivariance --layers``: its table, files and figure; options that do not fit."""

import csv
import json

import pytest
import torch

from deepsphere_pyg.commands.command_line import main, options_from
from deepsphere_pyg.commands.equivariance.command import run
from deepsphere_pyg.commands.equivariance_layers.cases import compared_layers
from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.metrics import layer_equivariance_error
from deepsphere_pyg.plot.layer_equivariance import LayerBar, layer_bars
from tests.round_off import round_off

FILES = {f"layer_equivariance.{ending}" for ending in ("csv", "json", "md", "png")}


def command(*arguments):
    given = ["--layers", *(str(a) for a in arguments)]
    return run(options_from("equivariance", given))


def rows_of(folder):
    with (folder / "layer_equivariance.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of the bandlimit of the published comparison."""
    folder = tmp_path_factory.mktemp("layers")
    assert command("--samples", 20, "--out", folder) == 0
    return folder


@pytest.fixture(scope="module")
def published(folder):
    """Rows of that table."""
    return rows_of(folder)


def test_table_files_and_figure_tell_the_same(tmp_path, capsys):
    assert command("--bandlimit", 4, "--samples", 3, "--out", tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES
    rows = rows_of(tmp_path)
    content = json.loads((tmp_path / "layer_equivariance.json").read_text())
    assert content["settings"]["bandlimit"] == 4
    assert content["settings"]["azimuthal_bandlimit"] == 3
    assert [e["mean"] for e in content["errors"]] == [float(r["mean"]) for r in rows]
    assert {row["dtype"] for row in rows} == {"float32", "float64"}
    assert len(rows) == 2 * len(compared_layers(4, 3))
    table = (tmp_path / "layer_equivariance.md").read_text().strip()
    printed = capsys.readouterr().out
    assert table.partition("\n\n")[2] in printed
    relu = next(row for row in rows if row["grid"] == "mcewenwiaux-4")
    assert f" {float(relu['mean']):.3f} |" in table
    *lines, _, note = table.splitlines()[2:]
    assert note == (
        "published: no errors at this bandlimit (see arXiv:2010.11661, L = 10)"
    )
    assert {row["published"] for row in rows} == {""}
    assert len(lines) == 2 + len(compared_layers(4, 3))
    assert len({line.count("|") for line in lines}) == 1
    picture = (tmp_path / "layer_equivariance.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


# On these grids, or on none.
def error_of(rows, layer, grid="", dtype="float32"):
    (row,) = (
        row
        for row in rows
        if (row["layer"], row["grid"], row["dtype"]) == (layer, grid, dtype)
    )
    return float(row["mean"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("layer", "grid", "expected"),
    [
        ("ReLU on the sphere", "mcewenwiaux-10", 0.30),
        ("ReLU on the sphere", "gausslegendre-10x19", 0.26),
        ("ReLU on the sphere", "equiangular-driscoll-healy-20x20", 0.145),
        ("ReLU on the sphere", "mcewenwiaux-20", 0.027),
        ("ReLU on rotations", "so3-mcewen-wiaux-10-3", 0.37),
        ("ReLU on rotations", "so3-mcewen-wiaux-20-6", 0.021),
    ],
)
def test_relu_on_grids_has_the_known_errors(published, layer, grid, expected, dtype):
    # Of 20 signals that err by a seventh more or less each: within 10 %.
    error = error_of(published, layer, grid, dtype)
    assert error == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("L", "N"), [(2, 1), (2, 2), (5, 3)])
def test_grids_named_are_those_of_the_layers(L, N):
    for case in compared_layers(L, N):
        layer = case.build()
        grid = getattr(layer, "grid", None) or getattr(layer, "synthesis", None)
        if isinstance(grid, ISHT):
            grid = grid.sampling
        if grid is not None:
            assert grid.config == case.grid.config
        assert getattr(layer, "layout", case.layout) == case.layout
        assert getattr(layer, "layout_out", case.layout_out) == case.layout_out


def test_published_errors_stand_beside_those_of_their_bandlimit(published, folder):
    known = {row["published"] for row in published} - {""}
    assert known == {"5e-07", "0.34", "0.37"}
    note = (folder / "layer_equivariance.md").read_text().splitlines()[-1]
    assert note == (
        "published: arXiv:2010.11661, L = 10, single precision, its own grids and "
        "signals"
    )
    for L in (9, 11):
        assert all(case.published is None for case in compared_layers(L, 2))


def test_layers_that_make_no_degrees_beyond_the_grid_are_exact(published):
    # Pairs of fragments in the channels of a layer.
    bounds = {dtype: round_off(dtype, 1000) for dtype in ("float32", "float64")}
    exact = [row for row in published if not row["grid"]]
    # Its grid integrates squares exactly.
    exact += [row for row in published if row["layer"] == "product of values"]
    assert len({row["layer"] for row in exact}) >= 11
    for row in exact:
        assert float(row["mean"]) <= bounds[row["dtype"]], row["layer"]


def test_graph_convolutions_err_by_their_laplacian_not_by_round_off(published):
    graph = error_of(published, "Chebyshev convolution, K = 4", "healpix-8")
    assert 1e-4 < graph < 1e-2
    assert graph < error_of(published, "Chebyshev convolution and ReLU", "healpix-8")


def test_rows_are_the_errors_of_the_library(published):
    (case,) = (
        one for one in compared_layers(10, 3) if one.layer == "zonal convolution"
    )
    torch.manual_seed(0)
    error = layer_equivariance_error(
        case.build(),
        case.layout,
        case.layout_out,
        in_channels=case.channels,
        n_samples=20,
    )
    assert error_of(published, "zonal convolution") == error.mean


@pytest.mark.usefixtures("coarse_pictures")
def test_same_seed_gives_the_same_numbers_and_leaves_the_generator_alone(tmp_path):
    means = []
    state = torch.get_rng_state()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command(
            *("--bandlimit", 2, "--samples", 2, "--seed", seed),
            *("--out", tmp_path / name),
        )
        means.append([row["mean"] for row in rows_of(tmp_path / name)])
    assert means[0] == means[1] != means[2]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--k", 8), "--layers measures layers, not graphs: --k does not apply; leave"),
        (
            ("--nside", 16, "--n-phi", 4, "--optimise-width"),
            "--optimise-width and --nside and --n-phi do not apply",
        ),
        (("--sampling", "healpix:4"), "--sampling does not apply"),
        (("--protocol", "exact"), "--protocol does not apply"),
        (("--degrees", 3), "--degrees does not apply"),
        (("--bandlimit", 1), "--bandlimit must be at least 2, got 1"),
        (("--bandlimit", 33), "--bandlimit must be at most 32 with --layers, got 33"),
        (("--azimuthal-bandlimit", 0), "--azimuthal-bandlimit must be at least 1, got"),
        (
            ("--bandlimit", 4, "--azimuthal-bandlimit", 5),
            "--azimuthal-bandlimit must be at most the bandlimit 4, got 5",
        ),
        (("--samples", 1), "--samples must be at least 2, got 1"),
        (("--seed", -1), "--seed must be at least 0, got -1"),
        (("--seed", 2**63), r"--seed must be at most 2\*\*63 - 1"),
    ],
)
def test_bad_options_are_told_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        command(*options, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_options_of_layers_are_refused_for_graphs(capsys):
    assert main(["equivariance", "--azimuthal-bandlimit", "2"]) == 2
    assert "--azimuthal-bandlimit belongs to --layers" in capsys.readouterr().err


def test_folders_that_cannot_be_are_told_first(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="a file is in its way"):
        command("--out", tmp_path / "file")


def test_figure_has_a_bar_an_error_and_published_values():
    bars = [
        LayerBar("ReLU", "grid", {"float32": 0.3, "float64": 0.3}, 0.34),
        LayerBar("norm", "", {"float32": 1e-8, "float64": 0.0}),
    ]
    figure = layer_bars(bars, "title")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    assert len(axes.patches) == 4
    (published,) = axes.lines
    assert list(published.get_xdata()) == [0.34]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["ReLU  (grid)", "norm"]
    figure.draw_without_rendering()


def test_figure_needs_a_layer():
    with pytest.raises(ValueError, match="at least one layer to draw, got none"):
        layer_bars([])
