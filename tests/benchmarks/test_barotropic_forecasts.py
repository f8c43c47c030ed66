"""The study of forecasts of the barotropic equation: identities, and a small run."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pictures.redrawing import rows_of
from benchmarks.studies.barotropic_forecasts import __main__ as study
from benchmarks.studies.barotropic_forecasts.networks import Place
from benchmarks.studies.barotropic_forecasts.references import (
    climatology,
    reference,
    regression,
    solver,
)
from benchmarks.studies.barotropic_forecasts.report import _shown, picture
from benchmarks.studies.barotropic_forecasts.rotations import _rotated
from benchmarks.studies.barotropic_forecasts.scores import (
    error_spectra,
    spectrum,
    vorticity_rmse,
    wind_rmse,
)
from benchmarks.studies.barotropic_forecasts.truth import (
    Sizes,
    Truth,
    starts_of,
    truth_of,
)
from deepsphere_pyg.datasets.flows.standard_cases import EARTH_RADIUS
from deepsphere_pyg.harmonics import Rotation

L = 6
SIZES = Sizes(L, (2, 1, 1), days=2, spin_up=0, hours=6, step=10800.0, seed=0)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return truth_of(tmp_path_factory.mktemp("truth"), SIZES)


def test_truth_is_kept_and_divided(tmp_path: Path) -> None:
    first = truth_of(tmp_path, SIZES)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_mtime_ns
    again = truth_of(tmp_path, SIZES)
    assert path.stat().st_mtime_ns == before
    assert np.array_equal(first.runs, again.runs)
    assert first.runs.shape == (4, 9, L * L)
    assert [len(first.part(name)) for name in ("training", "validation", "test")] == [
        2,
        1,
        1,
    ]
    # Units are chosen so that the training states have a mean square of one.
    assert spectrum(first.part("training")).sum(-1).mean() == pytest.approx(1, rel=1e-5)


def test_the_solver_with_all_degrees_repeats_the_truth(truth: Truth) -> None:
    present, later = starts_of(truth.part("test"), 4, 4)
    assert present.shape == (2, L * L) and later.shape == (2, 4, L * L)
    found = solver(truth, L)(present, 4)
    # The truth is kept in float32, from which the solver starts.
    assert np.abs(found - later).max() < 1e-4 * np.abs(later).max()


def test_less_degrees_lose_what_they_do_not_have(truth: Truth) -> None:
    present, later = starts_of(truth.part("test"), 4, 2)
    found = solver(truth, 4)(present, 2)
    assert not found[..., 16:].any() and found[..., :16].any()
    lost = spectrum(later).mean(0)[:, 4:]
    assert np.allclose(error_spectra(found, later)[:, 4:], lost)


def test_regression_is_between_climatology_and_persistence(truth: Truth) -> None:
    present, later = starts_of(truth.part("training"), 1, 3)
    error = {
        name: error_spectra(reference(name, truth)(present, 3), later).sum(-1)
        for name in ("persistence", "climatology", "regression")
    }
    # On the states that it is fitted to, no factor is better than the least squares.
    assert (error["regression"] <= error["climatology"] * (1 + 1e-6)).all()
    assert (error["regression"] <= error["persistence"] * (1 + 1e-6)).all()
    # At a lead of no time it would be persistence, and much later climatology.
    assert np.allclose(
        climatology(truth)(present, 1)[0, 0],
        truth.part("training").mean(axis=(0, 1)),
        atol=1e-6,
    )
    assert regression(truth)(present, 3).shape == later.shape


def test_errors_are_integrals_over_the_sphere() -> None:
    c = np.zeros((1, 1, 9), np.float32)
    c[..., 6] = 2.0
    errors = error_spectra(c, np.zeros_like(c))
    assert vorticity_rmse(errors, 3.0)[0] == pytest.approx(3 * 2 / (4 * np.pi) ** 0.5)
    # Of degree 2, winds are the vorticity times a over the root of 2 * 3.
    ratio = wind_rmse(errors, 1.0)[0] / vorticity_rmse(errors, 1.0)[0]
    assert ratio == pytest.approx(EARTH_RADIUS / 6**0.5)


@pytest.mark.parametrize("name", ["healpix", "gauss-legendre", "icosahedral"])
def test_samplings_keep_all_degrees(name: str) -> None:
    place = Place(name, 7)
    c = np.random.default_rng(0).standard_normal((2, 3, 49)).astype(np.float32)
    fields = place.fields(c)
    assert fields.shape == (2, 3, len(place.sampling), 1)
    # Float32, and the condition of least squares, which is near one at so few degrees.
    assert np.abs(place.coefficients(fields) - c).max() < 1e-4


def test_roll_outs_that_diverge_have_no_number() -> None:
    assert [_shown(text, 100, 1) for text in ("", "0.123", "nan", "3e9")] == [
        "",
        "12.3",
        "diverged",
        "diverged",
    ]


def test_rotations_turn_back() -> None:
    c = np.random.default_rng(0).standard_normal((2, 16)).astype(np.float32)
    turn = Rotation.from_euler(0.3, 1.1, -0.4)
    assert np.allclose(_rotated(_rotated(c, turn), turn.inverse()), c, atol=1e-5)


def test_a_small_run_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--small", "--out", str(tmp_path)]
    study.main(words)
    printed = capsys.readouterr().out
    assert "learned flux, Gauss-Legendre" in printed and "solver, T6" in printed
    assert (tmp_path / "barotropic_forecasts.png").exists()
    points = rows_of(tmp_path / "barotropic_forecasts.csv")
    assert [
        row["value"] for row in points if (row["method"], row["x"]) == ("T6", "10")
    ] == [
        f"{1e6 * float(row['vorticity_10']):.5g}"
        for row in rows_of(tmp_path / "results.csv")
        if row["method"] == "T6"
    ]
    axes = picture(points).axes
    assert len(axes[0].lines) == len({row["method"] for row in points})
    # Networks and the twin, and the line of the truth.
    assert len(axes[1].lines) == 1 + len(
        {row["method"] for row in points if row["curve"] == "ratio"}
    )
    rows = (tmp_path / "results.csv").read_text()
    study.main(words)
    assert (tmp_path / "results.csv").read_text() == rows


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hours", "5"], "--hours must divide a day"),
        (["--days", "10"], "--days must be above 10"),
        (["--rate", "0"], "--rate must be above 0"),
        (["--truncation", "3"], "--truncation must be at least 7"),
        (["--references", "T20"], "T21, T31, twin, got T20"),
    ],
)
def test_options_are_checked(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        study.arguments(words)
    assert message in capsys.readouterr().err
