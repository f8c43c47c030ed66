"""Linear support vector machines, against their definition and scikit-learn."""

import sys

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from deepsphere_pyg.commands.cosmology.baselines import COSTS, TOLERANCE, fit_svm
from deepsphere_pyg.commands.cosmology.patch_features import (
    PixelHistogram,
    PseudoSpectrum,
)
from deepsphere_pyg.datasets import LognormalFields
from samplings import HEALPix


def samples(n, classes=2, seed=0):
    """Overlapping classes in three features, of different units."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    centres = np.random.default_rng(9).normal(size=(classes, 3))
    return (centres[y] + rng.normal(size=(n, 3))) * [1.0, 1e3, 1e-3] + 5.0, y


def test_costs_are_nine_from_a_hundredth_to_a_hundred():
    np.testing.assert_allclose(COSTS, np.logspace(-2, 2, 9))


def test_the_fit_minimises_squared_hinges():
    x, y = samples(60)
    fitted = fit_svm(x, y, x, y, costs=[0.5])
    inputs = (x - x.mean(axis=0)) / x.std(axis=0)
    signs = 2 * y - 1

    def objective(w):
        hinges = np.maximum(0, 1 - signs * (inputs @ w[:3] + w[3]))
        return 0.5 * w @ w + 0.5 * (hinges**2).sum()

    least = minimize(objective, np.zeros(4), tol=1e-12)
    svm = fitted.classifier[-1]
    found = np.append(svm.coef_[0], svm.intercept_)
    # The norm of the gradient is at most this share of that at zero; the minimum is
    # off by its square over twice the least curvature, which is 1 or more.
    gradient = np.append(inputs.T @ signs, signs.sum())
    bound = (TOLERANCE * np.linalg.norm(gradient)) ** 2 / 2
    assert objective(found) - least.fun < bound
    np.testing.assert_allclose(found, least.x, atol=(2 * bound) ** 0.5)


@pytest.mark.parametrize("classes", [2, 3])
def test_validation_chooses_the_cost(classes):
    train, held, test = (samples(n, classes, n) for n in (40, 45, 50))
    fitted = fit_svm(*train, *held)
    scale = StandardScaler().fit(train[0])
    fits = [
        LinearSVC(C=C, dual=False, tol=TOLERANCE).fit(
            scale.transform(train[0]), train[1]
        )
        for C in COSTS
    ]
    errors = [1 - fit.score(scale.transform(held[0]), held[1]) for fit in fits]
    np.testing.assert_allclose(fitted.validation_errors, errors, atol=1e-12)
    # The smallest of those that are alike.
    assert fitted.C == COSTS[int(np.argmin(np.round(errors, 9)))]
    best = fits[COSTS.index(fitted.C)]
    expected = best.predict(scale.transform(test[0]))
    np.testing.assert_array_equal(fitted.predict(test[0]), expected)
    assert fitted.error(*test) == (expected != test[1]).mean()
    shuffled = fit_svm(*train, *held, costs=COSTS[::-1])
    assert shuffled.C == fitted.C


def test_classes_apart_are_told_without_error_and_random_ones_by_half():
    x = np.repeat([[0.0, 1.0], [10.0, 1.0]], 20, axis=0)
    y = np.repeat([3, 7], 20)
    fitted = fit_svm(x, y, x, y)
    assert fitted.C == COSTS[0] and fitted.error(x, y) == 0
    assert fitted.error(x, 10 - y) == 1
    noise, labels = np.random.default_rng(0).normal(size=(2000, 2)), np.arange(2000) % 2
    half = fit_svm(noise[:1000], labels[:1000], noise[:1000], labels[:1000])
    # Five times the spread of the share of heads in a thousand throws.
    assert abs(half.error(noise[1000:], labels[1000:]) - 0.5) < 5 * 0.5 / 1000**0.5


@pytest.mark.slow
def test_histograms_tell_what_spectra_cannot():
    """Lognormal maps of equal spectra and different skewness, as patches."""
    sphere = HEALPix(32, nest=True)
    spectrum = 1e-4 / (np.arange(64) + 10.0) ** 2
    fields = LognormalFields(sphere, [spectrum] * 2, [0.012, 0.05], n_maps=60)
    skies = np.stack([fields[i].x[:, 0].numpy() for i in range(60)])
    maps, y = skies.reshape(720, 1024) / skies.std(), np.repeat(np.arange(60) % 2, 12)
    (a, b, c), (y_a, y_b, y_c) = (np.split(part, [360, 480]) for part in (maps, y))
    errors = []
    for features in (PixelHistogram.of(a), PseudoSpectrum(sphere[range(1024)])):
        train = features(a, noise=0.5, repeats=3, seed=0)
        held = features(b, noise=0.5, seed=1)
        fitted = fit_svm(train, np.tile(y_a, 3), held, y_b)
        errors.append(fitted.error(features(c, noise=0.5, seed=2), y_c))
    # Five times the spread of the share of heads in as many throws as test patches.
    assert errors[0] < 0.05 and abs(errors[1] - 0.5) < 5 * 0.5 / len(y_c) ** 0.5


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y": [0, 1]}, ValueError, r"y must have shape \(8,\), .*numpy.tile"),
        ({"y": [0] * 8}, ValueError, "two classes or more, got only 0"),
        ({"y": [0.0, 1.0] * 4}, TypeError, "y must be classes 0, 1, ..., got float64"),
        ({"features": [1.0] * 8}, ValueError, r"features must have shape \(n, feat"),
        ({"features": [[np.nan] * 3] * 8}, ValueError, "finite, got others in row 0"),
        ({"validation_features": [[1.0]] * 8}, ValueError, r"shape \(n, 3\), got"),
        ({"validation_y": [0]}, ValueError, r"validation_y must have shape \(8,\)"),
        (
            {"costs": []},
            ValueError,
            r"costs must be a list of positive numbers, got \[",
        ),
        ({"costs": [0.0]}, ValueError, "costs must be a list of positive numbers"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message):
    x, y = samples(8)
    given = {"features": x, "y": y, "validation_features": x, "validation_y": y}
    with pytest.raises(error, match=message):
        fit_svm(**{**given, **change})


def test_features_of_another_kind_are_refused():
    x, y = samples(8)
    fitted = fit_svm(x, y, x, y)
    with pytest.raises(ValueError, match=r"features must have shape \(n, 3\), got"):
        fitted.predict(x[:, :2])
    with pytest.raises(ValueError, match=r"y must have shape \(8,\)"):
        fitted.error(x, y[:4])


def test_a_missing_package_is_named(monkeypatch):
    x, y = samples(8)
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[sky\]'"):
        fit_svm(x, y, x, y)
