"""Fisher information: analytic matrices, invariances, differences, bad input."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import power_spectrum
from deepsphere_pyg.inference import FisherInformationLoss, fisher_forecast
from tests.helpers import random
from tests.round_off import assert_near

# Seeds of the simulations, whose covariances have relative errors of sqrt(2 / SEEDS).
SEEDS = 4000
BOUND = 6 * math.sqrt(2 / SEEDS)
PENALTIES = pytest.mark.parametrize("penalty", ["jacobian", "covariance"])


def test_noise_of_unknown_mean_and_variance_has_its_fisher_matrix():
    pixels, variance = 20, 4.0
    noise = np.random.default_rng(0).normal(size=(SEEDS, pixels))

    def summaries(mean, square):
        maps = mean + math.sqrt(square) * noise
        return np.stack([maps.mean(axis=1), maps.var(axis=1)], axis=1)

    steps = [0.1, 0.3]
    sides = [
        np.stack(
            [
                summaries(sign * steps[0], variance),
                summaries(0, variance + sign * steps[1]),
            ],
            axis=1,
        )
        for sign in (1, -1)
    ]
    found = fisher_forecast(summaries(0, variance), *sides, steps)
    # The two summaries are sufficient; the variance loses a degree of freedom.
    wanted = [pixels / variance, (pixels - 1) / (2 * variance**2)]
    np.testing.assert_allclose(found.fisher.diagonal(), wanted, rtol=BOUND)
    correlation = found.fisher[0, 1] / math.sqrt(wanted[0] * wanted[1])
    assert abs(correlation) < BOUND
    np.testing.assert_allclose(found.errors, np.power(wanted, -0.5), rtol=BOUND)


def spectra_of_maps(amplitude, tilt, normal, degrees):
    """Spectra measured on Gaussian maps of a power law of the degree."""
    spectrum = amplitude * (np.maximum(degrees, 1) / 5.0) ** tilt
    each = np.sqrt(np.repeat(spectrum, 2 * degrees + 1))
    coefficients = torch.from_numpy(each[:, None] * normal)
    return power_spectrum(coefficients, len(degrees))[..., 2:, 0].numpy()


def test_amplitude_and_tilt_of_a_spectrum_have_their_fisher_matrix():
    degrees = np.arange(8)
    normal = np.random.default_rng(1).normal(size=(SEEDS, len(degrees) ** 2, 1))
    theta, steps = np.array([2.0, -1.0]), np.array([0.1, 0.1])

    def side(sign):
        shifts = sign * np.diag(steps)
        found = [spectra_of_maps(*(theta + s), normal, degrees) for s in shifts]
        return np.stack(found, axis=1)

    middle = spectra_of_maps(*theta, normal, degrees)
    found = fisher_forecast(middle, side(1), side(-1), steps, hartlap=True)
    l = degrees[2:]  # noqa: E741
    slopes = np.stack([np.full(len(l), 1 / theta[0]), np.log(l / 5)])
    wanted = (slopes * (2 * l + 1) / 2) @ slopes.T
    scale = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
    # Differences over steps are off by a sixth of the square of the largest exponent.
    curvature = (0.1 * math.log(5 / 2)) ** 2 / 6 * 2
    assert (np.abs(found.fisher - wanted) / scale).max() < BOUND + curvature
    # Estimates scatter as the forecast says.
    estimates = found.estimates(middle, theta)
    np.testing.assert_allclose(estimates.mean(axis=0), theta, rtol=1e-12)
    np.testing.assert_allclose(
        np.cov(estimates.T), found.parameter_covariance, rtol=0.01
    )


def test_factor_of_hartlap_unbiases_the_inverse_covariance():
    draw = np.random.default_rng(2)
    inverses = []
    for _ in range(400):
        few = draw.normal(size=(12, 3))
        sides = np.eye(3)[None] + few[:, None]
        forecast = fisher_forecast(
            few, sides, sides - 2 * np.eye(3), np.ones(3), hartlap=True
        )
        inverses.append(forecast.inverse_covariance)
        plain = fisher_forecast(few, sides, sides - 2 * np.eye(3), np.ones(3))
        np.testing.assert_allclose(
            forecast.fisher, plain.fisher * (12 - 3 - 2) / 11, rtol=1e-10
        )
    mean = np.mean(inverses, axis=0)
    error = np.std(inverses, axis=0) / math.sqrt(400)
    assert (np.abs(mean - np.eye(3)) < 5 * error).all()
    # Without it the inverse would be larger by more than the errors.
    assert (11 / 7 - 1) > 5 * error.max()


# -- the loss -------------------------------------------------------------------------
STEPS = [0.5, 2.0]


def groups(count=9, summaries=2, dtype=torch.float64, seed=3):
    """Summaries of seeds at two parameters and on both sides."""
    noise = random(count, 1, summaries, seed=seed)
    slopes = random(2, summaries, seed=seed + 1) + 2 * torch.eye(2, summaries)
    shifts = torch.cat([torch.zeros(1, summaries), slopes, -slopes]).double()
    return (noise + shifts + 0.1 * random(count, 5, summaries, seed=5)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("penalty", "size"), [("jacobian", 2), ("covariance", 3)])
def test_loss_is_the_determinant_of_the_forecast_and_a_penalty(penalty, size, dtype):
    x = groups(summaries=size, dtype=dtype)
    loss = FisherInformationLoss(STEPS, size, penalty=penalty, weight=7)
    forecast = fisher_forecast(x[:, 0], x[:, 1:3], x[:, 3:], STEPS)
    one = np.eye(size)
    if penalty == "jacobian":
        # Of positive diagonal and determinant, and so without other signs.
        off = [np.array(STEPS)[:, None] * forecast.derivatives - one]
        assert (np.linalg.det(off[0] + one) > 0) and (np.diag(off[0]) > -1).all()
    else:
        off = [forecast.covariance - one, np.linalg.inv(forecast.covariance) - one]
    wanted = -np.linalg.slogdet(forecast.fisher)[1] + 7 * np.mean(np.square(off))
    # Both take the rounded summaries, and compute in float64.
    assert loss(x).item() == pytest.approx(wanted, rel=1e-9)


def test_linear_transformations_and_the_order_of_seeds_do_not_matter():
    loss, x = FisherInformationLoss(STEPS, weight=0), groups()
    wanted = loss(x)
    turned = x @ random(2, 2, seed=6) + 5
    assert_near(loss(turned), wanted, 100, scale=100)
    assert_near(loss(x.flip(0)), wanted, 100, scale=10)
    # Another unit of the parameters adds the logarithms of its size.
    other = FisherInformationLoss([10 * s for s in STEPS], weight=0)
    assert_near(other(x), wanted + 4 * math.log(10), 100, scale=10)


@PENALTIES
def test_sums_over_parts_of_the_seeds_add_up(penalty):
    loss, x = FisherInformationLoss(STEPS, penalty=penalty), groups()
    sums = []
    loss.of_sums, of_sums = lambda s: sums.append(s) or s.sum(), loss.of_sums
    for part in (x, x[:2], x[2:]):
        loss(part) if len(part) > 2 else loss.eval()(part)
    assert_near(of_sums(sums[1] + sums[2]), of_sums(sums[0]), 100, scale=1e4)


@PENALTIES
def test_gradients_are_those_of_differences(penalty):
    loss = FisherInformationLoss(STEPS, penalty=penalty)
    assert torch.autograd.gradcheck(loss, groups().requires_grad_())


@PENALTIES
def test_values_are_not_read_on_accelerators(penalty):
    loss = FisherInformationLoss(STEPS, penalty=penalty)
    assert loss(groups().to("meta")).shape == ()


# Of either sign of the determinant, which small steps do not take through zero.
STARTS = [[[-1, 0], [0, 1]], [[0.1, -1], [-1, 0.1]]]


@pytest.mark.parametrize("start", STARTS)
def test_descent_finds_the_summaries_with_all_information(start):
    # Four numbers, two of which are noise that the others share.
    draw = random(500, 1, 4, seed=8)
    mixing = torch.eye(4, dtype=torch.float64)
    mixing[2, 0] = mixing[3, 1] = 2.0
    shifts = torch.zeros(5, 4, dtype=torch.float64)
    shifts[1, 0], shifts[2, 1], shifts[3, 0], shifts[4, 1] = 0.3, 0.3, -0.3, -0.3
    x = draw @ mixing + shifts
    best = fisher_forecast(x[:, 0], x[:, 1:3], x[:, 3:], [0.3, 0.3])
    loss = FisherInformationLoss([0.3, 0.3])
    weights = torch.zeros(4, 2, dtype=torch.float64)
    weights[:2] = torch.tensor(start)
    weights.requires_grad_()
    optimizer = torch.optim.Adam([weights], lr=0.1)
    losses = []
    for _ in range(250):
        optimizer.zero_grad()
        value = loss(x @ weights)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    wanted = -np.linalg.slogdet(best.fisher)[1]
    assert losses[0] > wanted + 1
    # The two summaries of Fisher's linear discriminant lose nothing, and the penalty
    # vanishes.
    assert losses[-1] == pytest.approx(wanted, abs=0.01)


# -- bad input ------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 2])
def test_batches_need_more_seeds_than_summaries(count):
    loss, x = FisherInformationLoss(STEPS), groups()[:count]
    with pytest.raises(
        ValueError, match=f"more seeds than the 2 .* got {count}; use a"
    ):
        loss(x)
    # In validation only the sum over all batches counts.
    assert loss.eval()(x).isnan()


def test_singular_covariances_are_refused_in_training():
    loss, x = FisherInformationLoss(STEPS), groups()
    # Not a multiple of a power of two: round-off hides that they are proportional.
    x[..., 1] = math.pi * x[..., 0] + 1e3
    with pytest.raises(ValueError, match=r"2 summaries must have an inverse.*9 seeds"):
        loss(x)
    x[..., 1] = 3.0
    with pytest.raises(ValueError, match="summaries that are constant or depend"):
        loss(x)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((9, 5, 3), r"\(batch, 5, 2\): .* got \(9, 5, 3\); .*out_channels=2"),
        ((9, 4, 2), r"both sides for each of 2 parameters, got \(9, 4, 2\)"),
        ((5, 2), r"got \(5, 2\)"),
    ],
)
def test_shapes_of_summaries_are_checked(shape, message):
    with pytest.raises(ValueError, match=message):
        FisherInformationLoss(STEPS)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(steps=[1.0, 0.0]), "positive and finite, got 0 for parameter 1"),
        (dict(steps=[np.nan]), "positive and finite, got nan"),
        (dict(steps=[]), r"one for each parameter, got shape \(0,\)"),
        (dict(steps=[1, 1], n_summaries=1), "at least the number of parameters, 2"),
        (dict(steps=[1, 1], n_summaries=3), "got 3 and 2; pass penalty='covariance'"),
        (dict(steps=[1], penalty="none"), "penalty must be 'jacobian' or 'covariance'"),
        (dict(steps=[1], weight=-1), "weight must be finite and not negative"),
    ],
)
def test_options_of_the_loss_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        FisherInformationLoss(**arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(fiducial=np.ones((3, 3))), "at least 4 simulations for 3 .* got 3"),
        (dict(fiducial=np.ones((5, 3)), hartlap=True), "at least 6 simulations"),
        (dict(fiducial=np.ones((9, 3))), "got summary 0 the same in all"),
        (dict(fiducial=np.ones(9)), r"shape \(N, S\).* got \(9,\); add an axis"),
        (dict(fiducial=np.full((9, 3), np.nan)), "fiducial must be finite, got nan"),
        (dict(plus=np.ones((9, 1, 3))), r"plus must have shape \(M, 2, 3\)"),
        (dict(minus=np.ones((8, 2, 3))), r"minus must have the shape of plus, \(9, 2"),
        (dict(steps=[1.0]), r"plus must have shape \(M, 1, 3\)"),
        (dict(minus="plus"), "the summaries do not change with a parameter"),
    ],
)
def test_arguments_of_the_forecast_are_checked(change, message):
    draw = np.random.default_rng(5)
    given = {
        "fiducial": draw.normal(size=(9, 3)),
        "plus": draw.normal(size=(9, 2, 3)),
        "minus": draw.normal(size=(9, 2, 3)),
        "steps": [1.0, 2.0],
        **change,
    }
    if isinstance(given["minus"], str):
        given["minus"] = given["plus"]
    with pytest.raises(ValueError, match=message):
        fisher_forecast(**given)


def test_dependent_summaries_are_refused():
    draw = np.random.default_rng(6).normal(size=(50, 2))
    both = np.concatenate([draw, draw.sum(axis=1, keepdims=True)], axis=1)
    sides = both[:, None] + np.ones(3)
    with pytest.raises(ValueError, match="must have an inverse, got correlations"):
        fisher_forecast(both, sides, sides - 2, [1.0])


def test_estimates_are_checked():
    draw = np.random.default_rng(7).normal(size=(50, 2))
    forecast = fisher_forecast(draw, draw[:, None] + 1, draw[:, None] - 1, [1.0])
    assert forecast.estimates(draw[0], [3.0]).shape == (1,)
    with pytest.raises(ValueError, match=r"shape \(\*batch, 2\), got \(50, 3\)"):
        forecast.estimates(np.ones((50, 3)), [3.0])
    with pytest.raises(ValueError, match=r"theta_0 must be 1 numbers.*got shape \(2,"):
        forecast.estimates(draw, [3.0, 1.0])
