"""What is computed of one signal does not depend on the signals beside it.

The models have this law in tests/models/test_every_model.py, and molecules in
tests/models/test_molecule_energies.py. Here are transforms, some of which iterate, and
tasks, which standardize and fill with statistics that checkpoints keep.
"""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import SHT
from deepsphere_pyg.models import PixelNetwork
from deepsphere_pyg.training import fit, fit_forecast, load_task
from samplings import Equiangular, Fibonacci, GaussLegendre, HEALPix
from tests.helpers import scattered
from tests.round_off import round_off

L = 4
TRANSFORMS = {
    "gauss-legendre": (GaussLegendre(6), "auto"),
    "equiangular": (Equiangular(8), "auto"),
    "healpix": (HEALPix(4), "auto"),
    "fibonacci": (Fibonacci(200), "least-squares"),
    "scattered": (scattered(200), "conjugate-gradients"),
}
# Relative residual at which conjugate gradients stop, times the condition of points
# that are scattered over the whole sphere, which is below ten.
ITERATED = {"scattered": 1e-5}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_coefficients_of_a_signal_do_not_depend_on_others(name):
    sampling, method = TRANSFORMS[name]
    transform = SHT(sampling, L, method=method)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, len(sampling), 2, generator=generator)
    together = transform(x)
    size = float(together.abs().max())
    bound = round_off(torch.float32, len(sampling), size)
    bound = max(bound, size * ITERATED.get(name, 0.0))
    beside = x.clone()
    beside[1] *= 1e4
    beside[2] = 0
    for found, expected in (
        (torch.cat([transform(x[i : i + 1]) for i in range(4)]), together),
        (transform(beside)[[0, 3]], together[[0, 3]]),
        (transform(x.flip(0)).flip(0), together),
        (transform(x[..., :1]), together[..., :1]),
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=bound)


# -- tasks -----------------------------------------------------------------------------
SAMPLING = HEALPix(2)
RNG = np.random.default_rng(0)
X = RNG.normal(280, 10, size=(10, len(SAMPLING), 2))
X[RNG.random(X.shape) < 0.05] = np.nan
SUMS = np.nansum(X, axis=-1, keepdims=True)


class Mean(nn.Module):
    """A linear function of the mean over the vertices."""

    def __init__(self, outputs):
        super().__init__()
        self.linear = nn.Linear(2, outputs)

    def forward(self, x):
        return self.linear(x.mean(dim=1))


TASKS = {
    "numbers at vertices": (lambda: PixelNetwork(2, 1, SAMPLING), SUMS),
    "classes at vertices": (
        lambda: PixelNetwork(2, 2, SAMPLING),
        (SUMS[..., 0] > 560).astype(int),
    ),
    "numbers": (lambda: Mean(1), SUMS.mean(axis=1)),
    "classes": (lambda: Mean(2), np.arange(10) % 2),
}


def law(task, again, inputs):
    """Assert that predictions are the same alone, in any batch and after loading."""
    together = task.predict(inputs, batch_size=len(inputs), progress=False)
    bound = round_off(np.float32, 100, np.abs(together).max())
    for one in (task, again):
        for size in (1, 3):
            found = one.predict(inputs, batch_size=size, progress=False)
            np.testing.assert_allclose(found, together, rtol=0, atol=bound)
        alone = one.predict(inputs[4:5], progress=False)
        np.testing.assert_allclose(alone, together[4:5], rtol=0, atol=bound)
    # Whatever lies beside, the statistics are those of the training.
    beside = inputs.copy()
    beside[:4] = 1e3 * inputs[:4]
    beside[5] = np.nan
    found = task.predict(beside, batch_size=len(inputs), progress=False)
    np.testing.assert_allclose(found[[4, 6]], together[[4, 6]], rtol=0, atol=bound)


@pytest.mark.parametrize("name", TASKS)
def test_a_prediction_does_not_depend_on_others(name, tmp_path):
    build, y = TASKS[name]
    torch.manual_seed(0)
    task = fit(build(), X, y, epochs=1, folder=tmp_path).task
    own = build() if "vertices" not in name else None
    law(task, load_task(tmp_path / "best.ckpt", own), X)


def test_a_forecast_does_not_depend_on_others(tmp_path):
    torch.manual_seed(0)
    network = PixelNetwork(2, 2, SAMPLING)
    task = fit_forecast(network, X, epochs=1, folder=tmp_path).task
    law(task, load_task(tmp_path / "best.ckpt"), X)


def test_missing_inputs_count_as_the_mean_of_the_training(tmp_path):
    task = fit(PixelNetwork(2, 1, SAMPLING), X, SUMS, epochs=1).task
    mean = task.standardize.mean.numpy().astype(float)
    filled = np.where(np.isfinite(X), X, mean)
    found = task.predict(X, progress=False)
    np.testing.assert_array_equal(found, task.predict(filled, progress=False))
    hidden = np.ma.masked_invalid(X)
    np.testing.assert_array_equal(found, task.predict(hidden, progress=False))
