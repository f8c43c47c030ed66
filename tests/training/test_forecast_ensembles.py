"""Ensembles of forecasts whose members obey laws that are known."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.layers import DropPath, FragmentDropout
from deepsphere_pyg.metrics.forecast import Verification
from deepsphere_pyg.training import ForecastEnsemble, ForecastTask
from deepsphere_pyg.training.forecasts.dropping import dropouts_of
from samplings import Equiangular
from tests.round_off import round_off
from tests.training.test_forecast import DAMPING, GRID, STEP, Pass, V, exact_task

NOISE = 0.1


def task_and_states(**options):
    """A task whose step is known, and some of the states that it steps on."""
    task, fields, _ = exact_task(True, **options)
    return task, fields


def spread_of(task):
    """Standard deviation of the noise of each channel."""
    return NOISE * task.targets.std.numpy()


def test_one_member_is_the_rollout_of_the_task():
    task, fields = task_and_states()
    alone = task.rollout(fields[:3], 4, progress=False)
    found = ForecastEnsemble(task).rollout(fields[:3], 4, batch_size=2, progress=False)
    assert found.shape == (3, 4, 1, V, 2)
    # The batches differ, and so do sums of two products in them.
    scale = np.abs(alone).max()
    assert np.abs(found[:, :, 0] - alone).max() <= round_off(torch.float64, 8, scale)


def test_differences_of_members_obey_the_law_of_the_step():
    """By the linearity of the step, x_m - x_0 at a step is that before it, turned."""
    task, fields = task_and_states()
    ensemble = ForecastEnsemble(task, 3, noise=NOISE, seed=1)
    found = ensemble.rollout(fields[5], 6, progress=False)
    difference = found[:, 1:] - found[:, :1]
    assert np.abs(difference[0]).mean() > 0.01
    # The statistics of a task, and so its step, are rounded to float32.
    size = round_off(torch.float32, 4, np.abs(found).max())
    assert np.abs(difference[1:] - difference[:-1] @ STEP.T).max() <= size


def test_truth_that_is_a_member_makes_a_calibrated_ensemble():
    """The fair CRPS of a Gaussian of the right spread is sigma / sqrt(pi)."""
    task, fields = task_and_states()
    members, starts, steps = 9, 12, 3
    x0 = np.repeat(fields[4:5], starts, axis=0)
    found = ForecastEnsemble(task, members, noise=NOISE).rollout(
        x0, steps, batch_size=64, progress=False
    )
    draw = np.random.default_rng(0)
    true = x0 + spread_of(task) * draw.normal(size=x0.shape)
    truth = task.rollout(true, steps, batch_size=64, progress=False)
    scores = Verification(GRID, 2, steps, members=members, definition="pooled")
    scores.update(torch.from_numpy(found), torch.from_numpy(truth))
    got = scores.compute()
    # The step turns two channels into each other: the noise of both is the same here.
    sigma = np.array([spread_of(task) * DAMPING ** (k + 1) for k in range(steps)])
    # Relative error of means over as many vertices; areas make fewer of them count.
    error = 4 / np.sqrt(starts * V / 2)
    np.testing.assert_allclose(got.crps_fair[0], sigma / np.sqrt(np.pi), rtol=error)
    np.testing.assert_allclose(got.spread[0], sigma, rtol=error)
    np.testing.assert_allclose(got.spread_skill[0], 1, rtol=error)
    flat = 1 / (members + 1)
    spread = 4 * np.sqrt(flat * (1 - flat) / (starts * V / 2))
    np.testing.assert_allclose(got.rank_histogram, flat, rtol=0, atol=spread)


def test_noise_depends_on_seed_and_draw_and_not_on_the_batches():
    task, fields = task_and_states()

    def rollout(seed=0, **options):
        ensemble = ForecastEnsemble(task, 4, noise=NOISE, seed=seed)
        return ensemble.rollout(fields[:2], 2, progress=False, **options)

    one = rollout(batch_size=3)
    scale = round_off(torch.float64, 16, np.abs(one).max())
    assert np.abs(rollout(batch_size=5) - one).max() <= scale
    for other in (rollout(draw=1), rollout(seed=1)):
        assert np.abs(other - one).min(axis=(0, 1, 3)).max() > scale
    # Starts have noise of their own.
    apart = one - one.mean(axis=2, keepdims=True)
    assert np.abs(np.corrcoef(apart[0, 0, 0].ravel(), apart[1, 0, 0].ravel())[0, 1]) < (
        4 / np.sqrt(2 * V)
    )


class Dropping(nn.Module):
    """The state, of which a share is left out; a norm that must stay as it is."""

    def __init__(self, share):
        super().__init__()
        self.dropout, self.norm = nn.Dropout(share), nn.BatchNorm1d(1)

    def forward(self, x):
        return self.dropout(x) + 0 * self.norm(x.flatten()[:, None]).sum()


def dropping(share=0.3):
    task = ForecastTask(
        Dropping(share), GRID, residual=False, out_channels=1, history=1
    )
    nothing = (np.zeros(1), np.ones(1))
    return task.fit_(nothing, nothing, np.zeros((V, 1))).double()


def test_dropout_leaves_out_its_share_anew_in_each_step():
    task = dropping(0.3)
    steps, members = 3, 60
    torch.manual_seed(5)
    state, mode = torch.get_rng_state(), task.network.dropout.training
    ensemble = ForecastEnsemble(task, members, by="dropout")
    found = ensemble.rollout(np.ones((V, 1)), steps, batch_size=members, progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    assert task.network.dropout.training is mode and task.training is mode
    left = found != 0
    for step in range(steps):
        share = 0.7 ** (step + 1)
        error = 4 * np.sqrt(share * (1 - share) / (members * V))
        assert left[step].mean() == pytest.approx(share, abs=error)
        np.testing.assert_allclose(found[step][left[step]], 0.7 ** -(step + 1))
    same = ensemble.rollout(np.ones((V, 1)), steps, batch_size=members, progress=False)
    assert np.array_equal(found, same)
    assert not task.network.norm.num_batches_tracked


def test_all_kinds_of_dropout_are_found():
    kinds = [nn.Dropout(0.1), nn.AlphaDropout(0.2), DropPath(0.3)]
    kinds += [FragmentDropout(2, p=0.4)]
    without = [nn.Dropout(0.0), DropPath(0.0), nn.ReLU(), nn.Linear(2, 2)]
    assert dropouts_of(nn.Sequential(*kinds, *without)) == kinds


def test_members_of_several_networks_stand_task_by_task():
    one, fields = task_and_states()
    other, *_ = exact_task(True, matrix=1.01 * STEP)
    both = ForecastEnsemble([one, other], 2, noise=NOISE)
    found = both.rollout(fields[3], 3, progress=False)
    assert both.size == 4 and found.shape == (3, 4, V, 2)
    plain = ForecastEnsemble([one, other]).rollout(fields[3], 3, progress=False)
    for i, task in enumerate((one, other)):
        wanted = task.rollout(fields[3], 3, progress=False)
        scale = round_off(torch.float64, 8, np.abs(wanted).max())
        assert np.abs(plain[:, i] - wanted).max() <= scale
        # Noise of a tenth of the spread of the states, and not more.
        near = np.abs(found[:, 2 * i : 2 * i + 2] - wanted[:, None]).max()
        assert 0 < near < 6 * spread_of(task).max()


def test_states_are_made_when_they_are_asked_for():
    """Neither states nor forcing of later steps are needed before."""
    task = ForecastTask(Pass([1]), GRID, residual=False, n_forcing=1, out_channels=1)
    nothing = (np.zeros(1), np.ones(1))
    task.fit_(nothing, nothing, np.zeros((V, 1)))
    read = []

    def forcing():
        for step in range(100_000):
            read.append(step)
            yield np.full((V, 1), float(step))

    found = ForecastEnsemble(task).stream(np.zeros((V, 1)), 100_000, forcing())
    for step in range(3):
        assert read == [*range(step)]
        assert (next(found) == step).all()


def stream(task, *arguments, **options):
    return next(ForecastEnsemble(task, **options).stream(*arguments))


def test_forcing_by_step_or_by_start_is_the_same():
    task = ForecastTask(Pass([1]), GRID, residual=False, n_forcing=1, out_channels=1)
    nothing = (np.zeros(1), np.ones(1))
    ensemble = ForecastEnsemble(task.fit_(nothing, nothing, np.zeros((V, 1))))
    sun = np.random.default_rng(0).normal(size=(2, 3, V, 1)).astype(np.float32)
    x0 = np.zeros((2, V, 1))
    found = ensemble.rollout(x0, 3, sun, progress=False)
    np.testing.assert_array_equal(found[:, :, 0], sun)
    np.testing.assert_array_equal(
        ensemble.rollout(x0, 3, sun[0], progress=False)[1], found[0]
    )
    with pytest.raises(ValueError, match=r"forcing must have shape \(4, 72, 1\) or"):
        ensemble.rollout(x0, 4, sun, progress=False)
    with pytest.raises(TypeError, match="one for each step, got"):
        ensemble.stream(x0, 4, 3.0)
    with pytest.raises(ValueError, match="forcing must be given for 4 steps, got 3"):
        list(ensemble.stream(x0, 4, sun.swapaxes(0, 1)))
    with pytest.raises(ValueError, match="forcing must be given for the 1 state to"):
        next(ensemble.stream(x0, 4))


def test_what_is_no_ensemble_is_refused():
    task, _ = task_and_states()
    with pytest.raises(ValueError, match=r"got noise 0; pass noise= such as 0\.05"):
        ForecastEnsemble(task, 2)
    with pytest.raises(ValueError, match="the network has none; train one with"):
        ForecastEnsemble(task, 2, by="dropout")
    with pytest.raises(ValueError, match="by must be"):
        ForecastEnsemble(task, 2, by="luck")
    with pytest.raises(ValueError, match="noise must be finite and not negative"):
        ForecastEnsemble(task, 2, noise=-1)
    with pytest.raises(TypeError, match="tasks must be a ForecastTask or several"):
        ForecastEnsemble([])
    for wrong, named in (([task, 3], "ForecastTask, int"), (3, "int")):
        with pytest.raises(TypeError, match=f"got {named}"):
            ForecastEnsemble(wrong)
    with pytest.raises(ValueError, match="members must be at least 1"):
        ForecastEnsemble(task, 0)
    elsewhere = ForecastTask(Pass([0, 1]), Equiangular(4, 8), out_channels=2)
    with pytest.raises(ValueError, match="tasks must have one sampling"):
        ForecastEnsemble([task, elsewhere])
    longer = ForecastTask(Pass([0, 1]), GRID, out_channels=2, history=2)
    with pytest.raises(ValueError, match="same states of history, got 1 and 2"):
        ForecastEnsemble([task, longer])


def test_a_forecast_that_grows_without_end_is_refused():
    task, fields, _ = exact_task(True, matrix=1e60 * np.eye(2))
    with pytest.raises(ValueError, match=r"not finite after \d+ steps.*forecast fewer"):
        ForecastEnsemble(task).rollout(fields[0], 10, progress=False)
