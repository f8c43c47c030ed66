"""Noisy starts, growth and memory of the rollouts that forecasts are trained with."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader

from deepsphere_pyg.losses import CRPSLoss, L1Loss
from deepsphere_pyg.models import PixelNetwork
from deepsphere_pyg.training import (
    ForecastTask,
    fit_forecast,
    forecast_windows,
    load_task,
)
from deepsphere_pyg.training.tasks.rollout_training import grown_weights
from samplings import HEALPix
from tests.round_off import round_off

GRID = HEALPix(2)
FIELDS = np.random.default_rng(0).normal(size=(20, len(GRID), 2)).astype(np.float32)


class Normed(nn.Module):
    """A batch normalisation, and noise of dropout, between linear maps."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 8), nn.Linear(8, 2)
        self.norm, self.dropout = nn.BatchNorm1d(8), nn.Dropout(0.3)

    def forward(self, x):
        hidden = self.norm(self.first(x).flatten(0, 1)).unflatten(0, x.shape[:2])
        return self.last(self.dropout(hidden.tanh()))


def batch_of(task, steps, size=4):
    return task.placed(
        next(iter(DataLoader(forecast_windows(FIELDS, steps=steps), size)))
    )


@given(st.integers(1, 6), st.floats(0, 1))
def test_growing_weights_lie_between_one_step_and_all(steps, done):
    weights = tuple(1.0 + i for i in range(steps))
    found = grown_weights(weights, done)
    assert 1 <= len(found) <= steps
    assert all(0 <= w <= full for w, full in zip(found, weights, strict=False))
    # Their shares sum to the number of steps that the growth has reached.
    shares = [w / full for w, full in zip(found, weights, strict=False)]
    assert sum(shares) == pytest.approx(1 + (steps - 1) * done)
    assert grown_weights(weights, 1.0) == weights


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saving_memory_changes_neither_loss_nor_gradient_nor_statistics(dtype):
    found = []
    for save in (False, True):
        torch.manual_seed(0)
        task = ForecastTask(Normed(), GRID, steps=3, out_channels=2, save_memory=save)
        task.to(dtype).train()
        batch = batch_of(task, 3)
        torch.manual_seed(1)
        loss = task.loss_of(task.outputs(batch), batch)
        loss.backward()
        gradients = [p.grad.clone() for p in task.network.parameters()]
        buffers = [b.clone() for b in task.network.buffers()]
        found.append((loss.detach(), gradients, buffers))
    (loss, gradients, buffers), (again, others, kept) = found
    assert loss == again
    assert int(kept[-1]) == 3
    for one, two in zip(buffers, kept, strict=True):
        assert torch.equal(one, two)
    for one, two in zip(gradients, others, strict=True):
        # The same sums, whose terms may be added in a different order.
        tolerance = round_off(dtype, terms=len(GRID) * 12, scale=float(one.abs().max()))
        assert float((one - two).abs().max()) <= tolerance


def test_what_is_kept_for_the_gradient_does_not_grow_but_by_states():
    kept = {}
    for save in (False, True):
        for steps in (2, 6):
            network = PixelNetwork(2, 2, GRID, widths=(64, 64))
            task = ForecastTask(network, steps=steps, save_memory=save)
            batch, sizes = batch_of(task, steps), []

            def count(tensor, sizes=sizes):
                sizes.append(tensor.numel())
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(count, lambda t: t):
                task.outputs(batch)
            kept[save, steps] = sum(sizes)
    growth = {save: kept[save, 6] - kept[save, 2] for save in (False, True)}
    assert growth[True] < growth[False] / 10


def test_noise_is_that_of_the_channel_and_only_in_training():
    seen = []

    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            seen.append(x.detach())
            return 0 * x + self.unused

    task = ForecastTask(Watch(), GRID, out_channels=2, noise=0.1)
    # The input is not standardized: that is what fit_forecast sets.
    task.fit_(([0, 0], [1, 20]), ([0, 0], [1, 1]), np.zeros((len(GRID), 2)))
    batch = batch_of(task, 1, size=16)
    for mode in (True, False):
        task.train(mode)
        task.outputs(batch)
    noisy, clean = seen
    error = (noisy - clean) / task.targets.std
    # 768 numbers a channel: their spread is known to 2.6 %.
    np.testing.assert_allclose(error.std((0, 1)), [0.1, 0.1], rtol=0.15)
    assert abs(float(error.mean())) < 0.02


def test_a_growing_training_ends_with_all_steps_and_keeps_its_options(tmp_path):
    network = PixelNetwork(2, 2, GRID, widths=(4,))
    trained = fit_forecast(
        network,
        FIELDS,
        steps=3,
        growth=0.5,
        noise=0.1,
        save_memory=True,
        epochs=2,
        batch_size=4,
        folder=tmp_path,
    )
    assert trained.task._grown == (1.0, 1.0, 1.0)
    again = load_task(tmp_path / "last.ckpt")
    assert (again.growth, again.noise, again.save_memory) == (0.5, 0.1, True)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"growth": 1.5}, ValueError, "growth must be a share of the training, at mo"),
        ({"growth": -1}, ValueError, "growth must be finite and not negative"),
        ({"noise": np.nan}, ValueError, "noise must be finite and not negative"),
        ({"save_memory": 1}, TypeError, "save_memory must be True or False"),
    ],
)
def test_options_out_of_range_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        ForecastTask(PixelNetwork(2, 2, GRID), **options)


# -- ensembles -------------------------------------------------------------------------
def test_the_loss_of_an_ensemble_is_the_ranked_score_of_its_members():
    network = PixelNetwork(2, 2, GRID, widths=(4,))
    task = ForecastTask(network, steps=2, noise=0.3, members=3).double()
    task.fit_(([0, 0], [1, 2]), ([0.1, 0], [0.5, 3]), np.zeros((len(GRID), 2)))
    batch = batch_of(task, 2)
    outputs = task.outputs(batch).detach()
    assert outputs.shape == (4, 2, len(GRID), 2 * 3)
    members = task.apart(outputs)
    assert float(members.std(-1).min()) > 0
    # In standard deviations of the increments, of 0.5 and 3.
    scale = torch.tensor([0.5, 3.0], dtype=torch.float64)
    area = torch.tensor(GRID.weights)[:, None]
    expected = []
    for step in range(2):
        error = (members[:, step] - batch.y[:, step, ..., None]) / scale[:, None]
        pairs = (error[..., :, None] - error[..., None, :]).abs().sum((-2, -1)) / 2
        # Almost fair: epsilon = (1 - 0.95) / 3.
        score = error.abs().mean(-1) - (1 - 0.05 / 3) * pairs / (3 * 2)
        expected.append(float((score * area).sum((0, 1)).div(4 * area.sum()).mean()))
    found = float(task.loss_of(outputs, batch))
    assert found == pytest.approx(sum(expected) / 2, rel=1e-10)


def test_members_differ_by_noise_that_the_step_determines():
    task = ForecastTask(PixelNetwork(2, 2, GRID, widths=(4,)), noise=0.3, members=2)
    batch = batch_of(task, 1)
    first = task.outputs(batch)
    assert torch.equal(task.outputs(batch), first)
    task._drawn = (0, 1)
    assert not torch.equal(task.outputs(batch), first)
    task.eval()
    validated = task.outputs(batch)
    assert torch.equal(task.outputs(batch), validated)
    # Scores are those of the mean of the members.
    (sums,) = task.kept(validated, batch)
    single = ForecastTask(task.network)
    (wanted,) = single.kept(task.apart(validated).mean(-1), batch)
    torch.testing.assert_close(sums, wanted)


def test_an_ensemble_is_trained_and_rebuilt(tmp_path):
    trained = fit_forecast(
        PixelNetwork(2, 2, GRID, widths=(4,)),
        FIELDS,
        noise=0.2,
        members=3,
        epochs=1,
        folder=tmp_path,
    )
    again = load_task(tmp_path / "last.ckpt")
    assert (again.members, again.loss.members) == (3, 3)
    assert trained.task.rollout(FIELDS[-1], 2, progress=False).shape == (2, 48, 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"members": 3}, "3 members must start from different states, got noise 0"),
        (
            {"members": 3, "noise": 0.1, "loss": L1Loss()},
            r"the loss must be of 3 members, got one of 1; pass loss=CRPSLoss\(3\)",
        ),
        ({"loss": CRPSLoss(2)}, "must be of 1 members, got one of 2; pass members=2"),
        ({"members": 0}, "members must be at least 1"),
    ],
)
def test_ensembles_that_cannot_be_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        ForecastTask(PixelNetwork(2, 2, GRID), **options)
