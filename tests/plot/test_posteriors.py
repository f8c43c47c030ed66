"""Corner plots: panels, ellipses at the right place, bad input."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from deepsphere_pyg.plot import posterior_corner

NAMES = ["amplitude", "tilt"]
COVARIANCE = np.array([[4.0, 0.3], [0.3, 0.04]])
SAMPLES = np.random.default_rng(0).multivariate_normal([1, 0], COVARIANCE, size=2000)


@pytest.fixture
def corner():
    """The library, which is an extra."""
    return pytest.importorskip("corner")


def test_ellipses_hold_their_share_of_a_gaussian(corner):
    figure = posterior_corner(SAMPLES, NAMES, covariance=COVARIANCE, centre=[1, 0])
    panel = figure.axes[2]
    assert panel.get_xlabel() == "amplitude" and panel.get_ylabel() == "tilt"
    ellipses = [patch for patch in panel.patches if isinstance(patch, Ellipse)]
    shares = []
    for ellipse in ellipses:
        path = ellipse.get_path().transformed(ellipse.get_patch_transform())
        shares.append(path.contains_points(SAMPLES).mean())
    # Six standard errors of a share of 2000 samples.
    np.testing.assert_allclose(sorted(shares), [0.683, 0.954], atol=6 * 0.0104)
    drawn = [text.get_text() for text in figure.legends[0].get_texts()]
    assert drawn == ["posterior", "Fisher forecast"]


def test_the_truth_is_in_sight_and_the_gaussian_about_it(corner):
    figure = posterior_corner(
        SAMPLES, NAMES, truth=[30.0, 0.2], covariance=COVARIANCE, covariance_name="F"
    )
    panel = figure.axes[2]
    low, high = panel.get_xlim()
    assert low < SAMPLES[:, 0].mean() < 30 < high
    assert {line.get_xdata()[0] for line in panel.lines} >= {30.0}
    ellipse = next(p for p in panel.patches if isinstance(p, Ellipse))
    assert ellipse.center == (30.0, 0.2)
    drawn = [text.get_text() for text in figure.legends[0].get_texts()]
    assert drawn == ["posterior", "truth", "F"]


def test_one_parameter_has_one_panel(corner):
    figure = posterior_corner(SAMPLES[:, :1], ["amplitude"], truth=[1.0])
    assert len(figure.axes) == 1


def test_a_given_figure_is_drawn_in_and_must_be_empty(corner):
    figure = Figure(figsize=(5, 5))
    assert posterior_corner(SAMPLES, NAMES, figure=figure) is figure
    assert len(figure.axes) == 4
    with pytest.raises(ValueError, match="figure must be empty, got one with 4 axes"):
        posterior_corner(SAMPLES, NAMES, figure=figure)
    with pytest.raises(TypeError, match="figure must be a Figure, got str"):
        posterior_corner(SAMPLES, NAMES, figure="new")


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "corner", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[inference\]'"):
        posterior_corner(SAMPLES, NAMES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(samples=SAMPLES[:99]), r"at least a hundred .* got \(99, 2\); draw more"),
        (dict(samples=SAMPLES[:, 0]), r"shape \(n, d\)"),
        (dict(samples=SAMPLES * [1, np.nan]), "samples must be finite, got nan"),
        (dict(samples=SAMPLES * [1, 0]), "got parameter 1 the same in all; leave"),
        (dict(names=["a"]), "one for each of 2 parameters, got 1"),
        (dict(truth=[1.0]), r"truth must be finite numbers of shape \(2,\)"),
        (dict(centre=[1.0, np.nan]), "centre must be finite numbers"),
        (dict(covariance=np.eye(3)), r"covariance must be .* shape \(2, 2\)"),
        (dict(covariance=np.ones((2, 2)) - 0.1 * np.eye(2)), "positive definite, got"),
        (dict(covariance=[[1, 0.5], [0.2, 1]]), "symmetric and positive definite"),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        posterior_corner(**{"samples": SAMPLES, "names": NAMES, **change})
