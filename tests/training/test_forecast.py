"""Forecasts against fields whose next states are known exactly."""

import csv

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets import FillValueWarning
from deepsphere_pyg.losses import L1Loss
from deepsphere_pyg.models import PixelNetwork
from deepsphere_pyg.training import (
    ForecastTask,
    RegressionTask,
    fit_forecast,
    forecast_windows,
    load_task,
)
from samplings import Equiangular
from tests.round_off import round_off

GRID = Equiangular(6, 12)
V = len(GRID)
RNG = np.random.default_rng(0)
DAMPING, ANGLE = 0.97, 2 * np.pi / 12
# A wave of order m that turns by an angle a step about the axis and is damped: its
# cosine and sine parts are turned into each other, at every vertex by the same matrix.
ORDER = 2
STEP = DAMPING * np.array(
    [
        [np.cos(ORDER * ANGLE), np.sin(ORDER * ANGLE)],
        [-np.sin(ORDER * ANGLE), np.cos(ORDER * ANGLE)],
    ]
)


def waves(n, base=0.0):
    """The damped wave on a base state, shape (n, V, 2)."""
    t = np.arange(n)[:, None]
    phase = ORDER * (GRID.phi - ANGLE * t)
    size = DAMPING**t * np.sin(GRID.theta) ** ORDER
    return base + size[..., None] * np.stack([np.cos(phase), np.sin(phase)], -1)


class Linear(nn.Module):
    """The same linear map at each vertex."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)

    def forward(self, x):
        return self.layer(x)


class Shift(nn.Module):
    """Solid-body rotation by one step of the longitude."""

    def __init__(self, steps=1):
        super().__init__()
        self.steps, self.unused = steps, nn.Parameter(torch.zeros(()))

    def forward(self, x):
        maps = x.unflatten(-2, (6, 12))
        return maps.roll(self.steps, dims=-2).flatten(-3, -2)


class Pass(nn.Module):
    """Some of the input channels."""

    def __init__(self, channels):
        super().__init__()
        self.channels, self.unused = channels, nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x[..., self.channels]


def fitted(task, fields):
    """A task with the plain statistics of a series."""
    axes = (0, 1)
    change = np.diff(fields, axis=0)
    task.fit_(
        (fields.mean(axes), fields.std(axes)),
        (change.mean(axes), change.std(axes)),
        fields.mean(0),
    )
    if task.standardize is not None and task.history == 1:
        inputs = task.standardize.channels
        if inputs == fields.shape[2]:
            task.standardize.fit_(fields.mean(axes), fields.std(axes))
    return task.double()


def exact_task(residual, matrix=STEP, **options):
    """A linear network whose weights make a step exactly this matrix."""
    fields = waves(30, base=np.array([5.0, -2.0]))
    center = np.array([5.0, -2.0])
    network = Linear(2, 2)
    task = ForecastTask(network, GRID, residual=residual, out_channels=2, **options)
    fitted(task, fields)
    mean, std = fields.mean((0, 1)), fields.std((0, 1))
    change = np.diff(fields, axis=0)
    shift, scale = mean, std
    full = matrix
    if residual:
        shift, scale = change.mean((0, 1)), change.std((0, 1))
        full = matrix - np.eye(2)
    # x' = center + M (x - center), with x = mean + std * input.
    offset = full @ (mean - center) - shift + (0 if residual else center)
    weight = torch.from_numpy(full * std / scale[:, None])
    with torch.no_grad():
        network.layer.weight.copy_(weight)
        network.layer.bias.copy_(torch.from_numpy(offset / scale))
    return task, fields, center


# -- rollouts --------------------------------------------------------------------------
@pytest.mark.parametrize("residual", [True, False])
def test_a_rollout_of_the_exact_step_is_the_exact_solution(residual):
    task, fields, _ = exact_task(residual)
    found = task.rollout(fields[0], 25, progress=False)
    # Statistics are kept in single precision: the weights make up for it to its eps.
    bound = round_off(np.float32, 25, 10.0)
    np.testing.assert_allclose(found, fields[1:26], rtol=0, atol=bound)
    several = task.rollout(fields[:5], 3, batch_size=2, progress=False)
    assert several.shape == (5, 3, V, 2)
    np.testing.assert_allclose(several[4], fields[5:8], rtol=0, atol=bound)
    np.testing.assert_array_equal(task.predict(fields[:5]), several[:, 0])


@pytest.mark.parametrize("residual", [True, False])
def test_the_error_of_a_wrong_step_grows_as_its_powers(residual):
    wrong = 0.9 * STEP
    task, fields, center = exact_task(residual, matrix=wrong)
    found = task.rollout(fields[0], 6, progress=False) - center
    start = fields[0] - center
    for lead, state in enumerate(found, 1):
        expected = start @ np.linalg.matrix_power(wrong, lead).T
        bound = round_off(np.float32, 6, 10.0)
        np.testing.assert_allclose(state, expected, rtol=0, atol=bound)
    # Its error is 1 - 0.9^s of the true state.
    windows = forecast_windows(fields, steps=6)
    scores = task.lead_scores(DataLoader(windows, 4))
    area = GRID.weights[:, None] / GRID.weights.sum()

    def size_of(difference):
        sizes = [
            np.mean([(area * difference(t, s) ** 2).sum(0) for t in range(24)], axis=0)
            for s in range(1, 7)
        ]
        return np.sqrt(sizes)

    shares = (1 - 0.9 ** np.arange(1, 7))[:, None]
    expected = shares * size_of(lambda t, s: fields[t + s] - center)
    np.testing.assert_allclose(scores.rmse, expected, rtol=1e-4)
    held = size_of(lambda t, s: fields[t + s] - fields[t])
    np.testing.assert_allclose(scores.persistence, held, rtol=1e-5)
    np.testing.assert_allclose(scores.skill, 1 - expected / held, atol=1e-4)


def test_solid_body_rotation_is_a_shift_in_longitude():
    field = RNG.normal(280, 10, (V, 3))
    series = np.stack(
        [np.roll(field.reshape(6, 12, 3), s, axis=1).reshape(V, 3) for s in range(20)]
    )
    task = fitted(ForecastTask(Shift(), GRID, residual=False, out_channels=3), series)
    found = task.rollout(field, 12, progress=False)
    bound = round_off(np.float32, 12, 280)
    np.testing.assert_allclose(found[:11], series[1:12], rtol=0, atol=bound)
    np.testing.assert_allclose(found[-1], field, rtol=0, atol=bound)


def test_two_past_states_give_the_next_of_a_wave_in_one_channel():
    # x_{t+1} = 2 cos(m a) x_t - x_{t-1}, without damping.
    fields = (waves(40)[..., :1].T / DAMPING ** np.arange(40)).T
    network = Linear(2, 1)
    task = ForecastTask(network, GRID, history=2, residual=False, out_channels=1)
    task.double()
    with torch.no_grad():
        network.layer.weight.copy_(torch.tensor([[-1.0, 2 * np.cos(ORDER * ANGLE)]]))
        network.layer.bias.zero_()
    found = task.rollout(fields[:2], 38, progress=False)
    # Errors of the recursion grow at most linearly.
    np.testing.assert_allclose(found, fields[2:], rtol=0, atol=1e-12 * 38**2)
    assert task.rollout(fields[None, :2], 1, progress=False).shape == (1, 1, V, 1)


def test_forcing_is_that_of_the_state_to_predict():
    forcing = RNG.normal(size=(10, V, 1))
    fields = np.cumsum(forcing, axis=0)
    task = ForecastTask(Pass([1]), GRID, n_forcing=1, out_channels=1).double()
    found = task.rollout(fields[0], 9, forcing[1:], progress=False)
    np.testing.assert_allclose(found, fields[1:], rtol=0, atol=1e-13)
    windows = forecast_windows(fields, 1, 3, forcing=forcing)
    sample = windows[2]
    np.testing.assert_allclose(sample.forcing, forcing[3:6], rtol=1e-6)
    batch = next(iter(DataLoader(windows, 2)))
    loss = task.loss_of(task.outputs(task.placed(batch)), task.placed(batch))
    assert float(loss) < 1e-12


def test_static_fields_are_the_last_channels_of_the_input():
    static = RNG.normal(size=(V, 2)).astype(np.float32)
    task = ForecastTask(Pass([3]), GRID, n_forcing=2, static=static, out_channels=1)
    task.double()
    assert task.standardize.channels == 5
    found = task.rollout(np.zeros((V, 1)), 2, np.zeros((2, V, 2)), progress=False)
    np.testing.assert_allclose(found[1], 2 * static[:, :1], rtol=1e-6)


# -- loss ------------------------------------------------------------------------------
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("loss", [None, L1Loss()])
def test_the_loss_of_two_steps_is_the_one_computed_by_hand(residual, loss):
    options = {"steps": 2, "step_weights": [1.0, 3.0], "loss": loss}
    task, fields, _ = exact_task(residual, matrix=0.8 * STEP, **options)
    noisy = fields + RNG.normal(size=fields.shape)
    noisy[3, 5, 1] = np.nan
    windows = forecast_windows(noisy, steps=2)
    batch = task.placed(next(iter(DataLoader(windows, 4))))
    found = task.loss_of(task.outputs(batch), batch).item()
    std = np.diff(fields, axis=0).std((0, 1)) if residual else fields.std((0, 1))
    errors = []
    for step in (1, 2):
        total, weight = np.zeros(2), np.zeros(2)
        for t in range(4):
            start = np.where(np.isfinite(noisy[t]), noisy[t], fields.mean((0, 1)))
            state = task.rollout(start, 2, progress=False)[step - 1]
            error = (state - noisy[t + step]) / std
            known = np.isfinite(error) & (np.isfinite(noisy[t]) | (not residual))
            size = np.abs(error) if loss is not None else error**2
            area = np.where(known, GRID.weights[:, None], 0)
            total += (area * np.where(known, size, 0)).sum(0)
            weight += area.sum(0)
        errors.append((total / weight).mean())
    expected = (errors[0] + 3 * errors[1]) / 4
    assert found == pytest.approx(expected, rel=1e-5)


def test_gradients_pass_through_all_steps():
    task, fields, _ = exact_task(True, matrix=0.8 * STEP, steps=3)
    batch = task.placed(next(iter(DataLoader(forecast_windows(fields, steps=3), 2))))
    weight = task.network.layer.weight

    def loss():
        return task.loss_of(task.outputs(batch), batch)

    (gradient,) = torch.autograd.grad(loss(), weight)
    step = 1e-6
    with torch.no_grad():
        weight[0, 1] += step
        above = loss()
        weight[0, 1] -= 2 * step
        below = loss()
        weight[0, 1] += step
    assert float(gradient[0, 1]) == pytest.approx(
        float((above - below) / (2 * step)), rel=1e-6
    )


def test_what_the_mask_hides_has_no_influence():
    mask = np.ones((V, 2), bool)
    mask[: V // 3, 1] = False
    results = []
    for value in (0.0, 1e6, np.nan):
        fields = np.where(mask, waves(15), value)
        torch.manual_seed(0)
        trained = fit_forecast(
            Linear(2, 2), fields, sampling=GRID, mask=mask, epochs=2, steps=2
        )
        assert np.array_equal(trained.task.valid.numpy(), mask)
        found = trained.task.rollout(fields[-1], 3, progress=False)
        assert np.array_equal(np.isnan(found), np.broadcast_to(~mask, found.shape))
        results.append((found, trained.history))
    for found, history in results[1:]:
        np.testing.assert_array_equal(found, results[0][0])
        assert history == results[0][1]
    # Values that are never known are masked without being named.
    trained = fit_forecast(Linear(2, 2), fields, sampling=GRID, epochs=1)
    assert np.array_equal(trained.task.valid.numpy(), mask)


# -- training --------------------------------------------------------------------------
@pytest.mark.parametrize(("residual", "steps"), [(True, 2), (False, 1)])
def test_an_exact_step_is_learned(residual, steps):
    fields = waves(60, base=np.array([280.0, 1e3]))
    torch.manual_seed(0)
    trained = fit_forecast(
        Linear(2, 2),
        fields,
        sampling=GRID,
        residual=residual,
        steps=steps,
        scored_steps=4,
        epochs=20,
        batch_size=8,
        learning_rate=0.1,
    )
    last = trained.history[-1]
    assert trained.best < 0.01
    assert all(last[f"val/skill_{lead}"] > 0.9 for lead in range(1, 5))
    assert all(last[f"val/acc_{lead}"] > 0.99 for lead in range(1, 5))
    found = trained.task.rollout(fields[40], 10, progress=False)
    error = np.sqrt(((found - fields[41:51]) ** 2).mean())
    assert error < 0.02 * waves(1).std()


def test_statistics_are_those_of_the_training_times(tmp_path):
    fields = RNG.normal([3.0, 1e5], [1.0, 500.0], size=(20, V, 2))
    fields[2, 4, 0] = np.nan
    times = np.r_[np.arange(9), np.arange(20, 31)]
    forcing = RNG.normal(7, 2, size=(20, V, 1))
    static = RNG.normal(size=(V, 1))
    trained = fit_forecast(
        PixelNetwork(6, 2, GRID, widths=(4,)),
        fields,
        history=2,
        times=times,
        forcing=forcing,
        static=static,
        validation=0.25,
        epochs=1,
    )
    task = trained.task
    weights = np.broadcast_to(GRID.weights[:, None], (V, 2))

    def moments(x):
        known = np.isfinite(x)
        share = np.where(known, weights[..., : x.shape[-1]], 0)
        x = np.where(known, x, 0)
        mean = (share * x).sum((0, 1)) / share.sum((0, 1))
        square = (share * (x - mean) ** 2).sum((0, 1)) / share.sum((0, 1))
        return mean, np.sqrt(square)

    used = fields[:15]
    change = np.concatenate([np.diff(fields[:9], axis=0), np.diff(used[9:], axis=0)])
    for layer, (mean, std) in (
        (task.targets, moments(used)),
        (task.increments, moments(change)),
    ):
        np.testing.assert_allclose(layer.mean, mean, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(layer.std, std, rtol=1e-5)
    np.testing.assert_allclose(task.climatology, np.nanmean(used, axis=0), rtol=1e-5)
    mean, std = (np.concatenate([m, m]) for m in moments(used))
    (of_forcing,), (spread,) = moments(forcing[:15])
    (of_static,), (static_spread,) = moments(static[None])
    layer = trained.network.standardize
    np.testing.assert_allclose(layer.mean, [*mean, of_forcing, of_static], rtol=1e-4)
    np.testing.assert_allclose(layer.std, [*std, spread, static_spread], rtol=1e-5)


def test_scores_are_logged_for_each_lead_time(tmp_path):
    trained = fit_forecast(
        Linear(1, 1),
        waves(20)[..., :1],
        sampling=GRID,
        scored_steps=3,
        epochs=2,
        folder=tmp_path,
    )
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = {f"val/{n}_{s}" for n in ("rmse", "skill", "acc") for s in (1, 2, 3)}
    assert names | {"val/rmse", "val/loss"} <= set(rows[0])
    last = trained.history[-1]
    mean = np.mean([last[f"val/rmse_{s}"] for s in (1, 2, 3)])
    assert last["val/rmse"] == pytest.approx(mean)
    # The error in standard deviations is that of the table in units.
    later = forecast_windows(waves(20)[16:, :, :1], steps=3)
    table = trained.task.lead_scores(DataLoader(later, 2))
    best = trained.history[trained.best_epoch]
    relative = float(table.rmse[0, 0] / trained.task.targets.std)
    assert best["val/rmse_1"] == pytest.approx(relative, rel=1e-5)
    assert table.acc.shape == table.skill.shape == (3, 1)


def test_a_task_is_rebuilt_from_its_checkpoint(tmp_path):
    fields, forcing = waves(30), RNG.normal(size=(30, V, 1))
    static = RNG.normal(size=(V, 1))
    mask = GRID.lat > -60
    trained = fit_forecast(
        PixelNetwork(6, 2, GRID, widths=(4,)),
        fields,
        history=2,
        steps=2,
        step_weights=[2, 1],
        scored_steps=3,
        forcing=forcing,
        static=static,
        mask=mask,
        out_names=["cosine", "sine"],
        epochs=1,
        folder=tmp_path,
    )
    task = load_task(trained.checkpoint)
    assert type(task) is ForecastTask
    assert isinstance(task, RegressionTask)
    assert task.config == trained.task.config
    assert (task.steps, task.scored_steps, task.residual) == (2, 3, True)
    for name, value in trained.task.state_dict().items():
        assert torch.equal(task.state_dict()[name], value), name
    options = {"forcing": forcing[:5], "progress": False}
    np.testing.assert_array_equal(
        task.rollout(fields[:2], 5, **options),
        trained.task.rollout(fields[:2], 5, **options),
    )


def test_a_network_of_ones_own_keeps_the_statistics_in_the_task(tmp_path):
    trained = fit_forecast(
        Linear(2, 2), waves(12, 7.0), sampling=GRID, epochs=1, folder=tmp_path
    )
    task = load_task(trained.checkpoint, Linear(2, 2))
    assert task.inputs is not None and float(task.inputs.mean[0]) == pytest.approx(
        7, 0.1
    )
    found = [t.predict(waves(3, 7.0), progress=False) for t in (task, trained.task)]
    np.testing.assert_array_equal(*found)
    with pytest.raises(ValueError, match="exists already; pass resume=True"):
        fit_forecast(Linear(2, 2), waves(12), sampling=GRID, folder=tmp_path)


def test_a_rollout_is_the_same_alone_and_in_a_batch():
    task, fields, _ = exact_task(True)
    together = task.rollout(fields[:6], 4, batch_size=6, progress=False)
    for i, single in enumerate(fields[:6]):
        alone = task.rollout(single, 4, progress=False)
        np.testing.assert_allclose(alone, together[i], rtol=1e-12)


# -- what cannot be --------------------------------------------------------------------
FIELDS = waves(20)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"fields": FIELDS[0]}, ValueError, r"fields must have shape \(T, V, C\)"),
        (
            {"fields": FIELDS[:, :5]},
            ValueError,
            "fields must have the 72 vertices of .*, got 5",
        ),
        (
            {"fields": FIELDS.astype(complex)},
            TypeError,
            "fields must be an array of re",
        ),
        (
            {"fields": FIELDS.swapaxes(1, 2)},
            ValueError,
            r"got 2; its last axis has 72, .* pass fields.swapaxes\(1, 2\)",
        ),
        (
            {"fields": FIELDS * [1, np.nan]},
            ValueError,
            r"fields have no value in channel 1: .*np.delete\(fields, 1",
        ),
        ({"history": 0}, ValueError, "history must be at least 1, got 0"),
        (
            {"history": 2},
            ValueError,
            "2 states of 2 channels, .* in all 4, got one tha",
        ),
        (
            {"steps": 25},
            ValueError,
            "26 consecutive states, .* got at most 20",
        ),
        (
            {"steps": 4},
            ValueError,
            "validation part of 20 times, cut at time 16, mu",
        ),
        (
            {"step_weights": [1, 1]},
            ValueError,
            r"one for each of 1 step,.* got \[1.0, ",
        ),
        (
            {"step_weights": [-1]},
            ValueError,
            r"step_weights\[0\] must be finite and no",
        ),
        ({"step_weights": 1.0}, ValueError, "step_weights must be a list of numbers"),
        ({"residual": "yes"}, TypeError, "residual must be True or False"),
        ({"static": np.ones(V)}, ValueError, r"static must have shape \(V, n_static\)"),
        (
            {"static": np.ones((3, 1))},
            ValueError,
            "1 static channels, in all 3, got on",
        ),
        ({"mask": np.ones(V)}, TypeError, "mask must be boolean"),
        ({"mask": np.ones(3, bool)}, ValueError, r"mask must have shape \(72,\) or"),
        ({"mask": np.zeros(V, bool)}, ValueError, "mask must be True at a vertex"),
        ({"forcing": FIELDS[:5]}, ValueError, r"forcing must have shape .20, 72, n_f"),
        ({"times": [1, 2]}, ValueError, "times must be 20 numbers or dates"),
        ({"times": [np.nan] * 20}, ValueError, "times must be known"),
        ({"validation": 0}, ValueError, "validation must be a share of the times"),
        ({"validation": True}, ValueError, "validation must be a share of the times"),
        ({"epoch": 1}, TypeError, "there is no option 'epoch'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(arguments, error, words):
    network = PixelNetwork(2, 2, GRID, widths=(4,))
    with pytest.raises(error, match=words):
        fit_forecast(network, **{"fields": FIELDS, "epochs": 1, **arguments})


def test_fill_values_of_the_training_times_are_told():
    fields = FIELDS.copy()
    fields[:, 7, 1] = 1e20
    network = PixelNetwork(2, 2, GRID, widths=(4,))
    # One of 72 vertices at each of 16 times.
    words = r"fields may hold .* channel 1 is 1e\+20 at 16 of 1152 vertices"
    with pytest.warns(FillValueWarning, match=words):
        fit_forecast(network, fields, epochs=1)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (PixelNetwork(2, 3, GRID, widths=(4,)), "3 outputs, but needs 2, one for each"),
        (Pass([0]), r"states .* \(4, 72, 2\), got \(4, 72, 1\); give it one output"),
    ],
)
def test_networks_have_an_output_for_each_channel_of_the_fields(network, words):
    with pytest.raises(ValueError, match=words):
        fit_forecast(network, FIELDS, sampling=GRID, epochs=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"x0": FIELDS},
            r"x0 must have shape \(2, 72, 2\): .*got \(20, 72, 2\)",
        ),
        ({"x0": FIELDS[0]}, "pass the last 2 states, oldest first"),
        ({"forcing": None}, r"forcing must be given for the 3 states to predict"),
        ({"forcing": np.ones((2, V, 1))}, r"forcing must have shape \(3, 72, 1\) or"),
        ({"forcing": np.full((3, V, 1), np.nan)}, "forcing must be known everywhere"),
        ({"steps": 0}, "steps must be at least 1"),
    ],
)
def test_rollouts_that_cannot_be_are_refused(arguments, words):
    network = PixelNetwork(5, 2, GRID, widths=(4,))
    task = ForecastTask(network, history=2, n_forcing=1)
    given = {"x0": FIELDS[:2], "steps": 3, "forcing": np.ones((3, V, 1)), **arguments}
    with pytest.raises(ValueError, match=words):
        task.rollout(**given, progress=False)


def test_networks_that_do_not_tell_their_size_are_refused():
    with pytest.raises(TypeError, match="has no attribute out_channels; pass"):
        ForecastTask(Linear(2, 2), GRID)
    with pytest.raises(TypeError, match="has no attribute sampling; pass sampling="):
        ForecastTask(Linear(2, 2), out_channels=2)


def test_the_validation_loss_is_that_of_all_samples_together():
    """Also where batches have different numbers of known values."""
    fields = np.random.default_rng(0).normal(size=(30, V, 1))
    fields[20:24, : V // 2] = np.nan
    found = []
    for size in (1, 4):
        torch.manual_seed(0)
        # So small a rate that the network stays as it is.
        options = {"epochs": 1, "learning_rate": 1e-12, "batch_size": size}
        trained = fit_forecast(
            Linear(1, 1),
            fields,
            sampling=GRID,
            out_names=["t"],
            steps=2,
            step_weights=[1, 3],
            validation=0.5,
            loss=L1Loss(),
            trainer={"precision": "64-true"},
            **options,
        )
        found.append(trained.history[0]["val/loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-9)
