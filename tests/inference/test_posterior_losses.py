"""Losses of densities: values, exact posteriors of linear models, bad input."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import nn

from deepsphere_pyg.inference import (
    GaussianLikelihoodLoss,
    MutualInformationLoss,
    PosteriorLoss,
)
from deepsphere_pyg.inference.triangles import lower_triangle, n_entries
from tests.helpers import random
from tests.round_off import assert_near

N = 6
LOSSES = {
    "Gaussian": GaussianLikelihoodLoss(2),
    "regularised": GaussianLikelihoodLoss(2, tikhonov=3.0, decay_steps=10),
    "mutual information": MutualInformationLoss(2, 3, components=3, hidden=(5,)),
}
all_losses = pytest.mark.parametrize("name", LOSSES)


def case(name, dtype=torch.float64):
    """A loss, with summaries and parameters of some maps."""
    loss = copy.deepcopy(LOSSES[name]).to(dtype)
    summary = random(N, loss.n_summaries, seed=3).to(dtype)
    return loss, summary, random(N, 2, seed=4).to(dtype)


def test_gaussian_likelihood_is_that_of_scipy():
    loss, outputs, theta = case("Gaussian")
    wanted = 0.0
    for row, point in zip(outputs.numpy(), theta.numpy(), strict=True):
        lower = np.array([[np.exp(row[2]), 0], [row[4], np.exp(row[3])]])
        covariance = np.linalg.inv(lower @ lower.T)
        wanted -= multivariate_normal(row[:2], covariance).logpdf(point) / N
    assert loss(outputs, theta).item() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_triangles_hold_their_entries_row_by_row(size):
    entries = random(3, n_entries(size))
    found = lower_triangle(entries, size)
    wanted = np.zeros((3, size, size))
    given = entries.numpy()
    wanted[:, *np.diag_indices(size)] = np.exp(given[:, :size])
    wanted[:, *np.tril_indices(size, -1)] = given[:, size:]
    assert_near(found.numpy(), wanted)


@all_losses
def test_loss_is_the_mean_of_the_logarithm_of_the_density(name):
    loss, summary, theta = case(name)
    loss.eval()
    each = [-loss.posterior(s).log_prob(t) for s, t in zip(summary, theta, strict=True)]
    assert_near(loss(summary, theta), torch.stack(each).mean(), N, scale=100)


@all_losses
def test_order_and_axes_of_the_batch_do_not_matter(name):
    loss, summary, theta = case(name)
    loss.eval()
    wanted = loss(summary, theta)
    assert_near(loss(summary.flip(0), theta.flip(0)), wanted, N, scale=100)
    found = loss(summary.reshape(2, 3, -1), theta.reshape(2, 3, -1))
    assert_near(found, wanted, N, scale=100)


@all_losses
def test_gradients_are_those_of_differences(name):
    loss, summary, theta = case(name)
    before = copy.deepcopy(loss)
    parameters = dict(loss.named_parameters())

    def value(summaries, *given):
        # The number of steps that are done changes with each call.
        again = copy.deepcopy(before)
        named = dict(zip(parameters, given, strict=True))
        return torch.func.functional_call(again, named, (summaries, theta))

    arguments = (summary.requires_grad_(), *parameters.values())
    assert torch.autograd.gradcheck(value, arguments)


@all_losses
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_has_the_precision_of_the_summary(name, dtype):
    loss, summary, theta = case(name, dtype)
    found = loss.eval()(summary, theta)
    assert found.dtype == dtype
    exact, *arguments = case(name)
    # Terms, and derivatives by the rounded arguments, are up to some hundreds.
    wanted = exact.eval()(*arguments).to(dtype)
    assert_near(found, wanted, N, scale=300)


@all_losses
def test_half_precision_is_computed_in_float32(name):
    loss, summary, theta = case(name, torch.float32)
    rounded = summary.bfloat16()
    wanted = loss.eval()(rounded.float(), theta)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(rounded, theta)
    assert found.dtype == torch.float32
    assert_near(found, wanted, N, scale=100)


@all_losses
def test_values_are_not_read_on_accelerators(name):
    loss, summary, theta = case(name)
    assert loss.to("meta")(summary.to("meta"), theta.to("meta")).shape == ()


@pytest.mark.slow
@all_losses
def test_compiles_without_graph_breaks(name):
    loss, summary, theta = case(name)
    compiled = torch.compile(loss.eval(), fullgraph=True, backend="aot_eager")
    assert_near(compiled(summary, theta), loss(summary, theta), N, scale=100)


@all_losses
def test_a_description_rebuilds_the_loss(name):
    loss, summary, theta = case(name)
    again = PosteriorLoss.from_description(loss.description).double()
    assert repr(again) == repr(loss)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again(summary, theta), loss(summary, theta))


def test_regularisation_rewards_large_factors_and_decays():
    loss, outputs, theta = case("regularised")
    plain = LOSSES["Gaussian"](outputs, theta)
    size = torch.linalg.matrix_norm(loss.posterior(outputs).precision_cholesky).mean()
    for step in range(13):
        share = min(step / 10, 1)
        strength = 3 * (1 + math.cos(math.pi * share)) / 2
        found = loss(outputs, theta)
        assert_near(found, plain - strength / 2 * size, N, scale=100)
    assert_near(loss.eval()(outputs, theta), plain, N, scale=100)
    assert loss.state_dict()["step"] == 13


# -- a linear Gaussian model, whose posterior is known --------------------------------
SIGNAL = random(2, 4, seed=5)
COVARIANCE = torch.linalg.inv(torch.eye(2) + SIGNAL @ SIGNAL.T)


def linear_data(count):
    """Parameters of unit variance, and four numbers with unit noise that show them."""
    theta = random(count, 2, seed=6)
    return theta, theta @ SIGNAL + random(count, 4, seed=7)


def minimized(module, loss, x, theta):
    """Minimize by the method of Broyden, Fletcher, Goldfarb and Shanno."""
    parameters = [*module.parameters(), *loss.parameters()]
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=150,
        tolerance_grad=1e-9,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        value = loss(module(x), theta)
        value.backward()
        return value

    optimizer.step(closure)
    return loss.posterior(module(x))


class LinearMean(nn.Module):
    """A mean linear in the input, and one covariance for all."""

    def __init__(self):
        super().__init__()
        self.mean = nn.Linear(4, 2).double()
        self.factor = nn.Parameter(torch.zeros(3, dtype=torch.float64))

    def forward(self, x):
        return torch.cat([self.mean(x), self.factor.expand(len(x), 3)], dim=1)


def test_gaussian_likelihood_of_a_linear_network_is_least_squares():
    theta, x = linear_data(400)
    found = minimized(LinearMean(), GaussianLikelihoodLoss(2), x, theta)
    # The maximum likelihood is the regression and the covariance of its residuals.
    design = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    mean = design @ torch.linalg.lstsq(design, theta).solution
    covariance = (theta - mean).T @ (theta - mean) / len(x)
    # L-BFGS ends at gradients of 1e-9, of a loss whose curvature is above a hundredth.
    torch.testing.assert_close(found.mean, mean, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.covariance[0], covariance, rtol=0, atol=1e-6)
    # Six standard errors from the posterior itself.
    assert (found.covariance[0] - COVARIANCE).abs().max() < 6 * (2 / 400) ** 0.5


def test_mutual_information_finds_the_posterior_of_a_linear_model():
    theta, x = linear_data(2000)
    torch.manual_seed(0)
    loss = MutualInformationLoss(2, 2, components=1, hidden=()).double()
    module = nn.Linear(4, 2).double()
    found = minimized(module, loss, x, theta)
    exact = torch.distributions.MultivariateNormal(
        x @ SIGNAL.T @ COVARIANCE, COVARIANCE
    )
    peer = torch.distributions.MultivariateNormal(found.mean, found.covariance)
    # A fit of p parameters is off by p / 2 n on average: 25 here.
    divergence = torch.distributions.kl_divergence(exact, peer).mean()
    assert divergence < 3 * 25 / (2 * 2000)
    # The entropy of the parameters minus the loss, of a standard error near 1 / sqrt n.
    information = math.log(2 * math.pi * math.e) - loss(module(x), theta)
    assert abs(information + torch.logdet(COVARIANCE) / 2) < 5 / 2000**0.5


@pytest.mark.slow
def test_mixtures_find_posteriors_of_two_humps():
    theta = random(4000, 1, seed=8)
    torch.manual_seed(0)
    loss = MutualInformationLoss(1, 1, components=2, hidden=(32, 32)).double()
    found = minimized(nn.Identity(), loss, theta**2, theta)
    many = (theta[:, 0].abs() > 0.5) & (theta[:, 0].abs() < 1.5)
    # Each of the two signs of a root has half the probability, and the mean is zero.
    assert found.mean[many].abs().median() < 0.1
    spread = found.std[many, 0] / theta[many, 0].abs()
    assert (spread - 1).abs().median() < 0.02
    # Better than the best Gaussian by far, whose loss is E log|theta| + 1.42.
    gaussian = theta.abs().log().mean() + (1 + math.log(2 * math.pi)) / 2
    assert loss(theta**2, theta) < gaussian - 1


# -- bad input ------------------------------------------------------------------------
@all_losses
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_unknown_parameters_are_refused(name, value):
    loss, summary, theta = case(name)
    theta[2, 1] = value
    message = rf"target must be finite, got {value} at index \(2, 1\), and 1 .*leave"
    with pytest.raises(ValueError, match=message):
        loss(summary, theta)


@all_losses
def test_a_diverged_network_gives_nan(name):
    loss, summary, theta = case(name)
    summary[0, 0] = torch.nan
    assert loss(summary, theta).isnan()


@all_losses
def test_shapes_are_checked(name):
    loss, summary, theta = case(name)
    n = loss.n_summaries
    for wrong, message in [
        (summary[:, 1:], rf"prediction .*\(\*batch, {n}\).*; build .*out_channels={n}"),
        (summary[:3], rf"same maps, got shapes \(3, {n}\) and \(6, 2\)"),
        (torch.zeros(()), r"got \(\); build the network"),
    ]:
        with pytest.raises(ValueError, match=message):
            loss(wrong, theta)
    with pytest.raises(ValueError, match=r"target .*got \(6, 1\); build it for 1 tar"):
        loss(summary, theta[:, :1])
    with pytest.raises(TypeError, match="int64; convert it with"):
        loss(summary, theta.long())
    with pytest.raises(TypeError, match="list; convert it with"):
        loss(summary.tolist(), theta)


def test_unknown_descriptions_are_refused():
    message = "one of .*MutualInformationLoss.*, got 'Flow'; import the module"
    with pytest.raises(ValueError, match=message):
        PosteriorLoss.from_description({"type": "Flow", "config": {}})


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: GaussianLikelihoodLoss(0), ValueError, "n_targets must be at least 1"),
        (lambda: GaussianLikelihoodLoss(2, tikhonov=-1), ValueError, "tikhonov must"),
        (lambda: GaussianLikelihoodLoss(2, decay_steps=0), ValueError, "decay_steps"),
        (lambda: MutualInformationLoss(2, components=0), ValueError, "components must"),
        (lambda: MutualInformationLoss(2, hidden=8), TypeError, "hidden must be a seq"),
        (lambda: MutualInformationLoss(2.5), TypeError, "n_targets must be an integer"),
    ],
)
def test_options_are_checked(build, error, message):
    with pytest.raises(error, match=message):
        build()
