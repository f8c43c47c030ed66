"""Networks that are trained on the truth, sampled, and what they forecast."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.studies.barotropic_forecasts.truth import Array, Truth
from deepsphere_pyg.harmonics import ISHT, SHT, exact_bandlimit
from deepsphere_pyg.models import WEATHER, ResidualUNet, VorticityNetwork
from deepsphere_pyg.training import fit_forecast
from deepsphere_pyg.training.tasks import ForecastTask
from samplings import (
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Sampling,
    build_pyramid,
)

#: Samplings by name, from the bandlimit of the truth; those of T42 have 3072, 3698 and
#: 2562 vertices.
SAMPLINGS: dict[str, Callable[[int], Sampling]] = {
    "healpix": lambda L: HEALPix(16 if L > 32 else 8),
    "gauss-legendre": GaussLegendre,
    "icosahedral": lambda L: Icosahedral(4 if L > 32 else 3),
}
#: Coriolis parameter over its largest value: the sine of the latitude.
KNOWN = 1
# States that are forecast at once.
BATCH = 8


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    epochs
        Passes over the training states.
    rate
        Highest learning rate.
    steps
        Length of the rollouts in the loss.
    substeps
        Runge-Kutta steps in a step of networks of fluxes.
    seed
        Of the weights and the order of the states.
    """

    epochs: int
    rate: float
    steps: int
    substeps: int
    seed: int


class Place:
    """A sampling, and the transforms between its vertices and coefficients.

    Parameters
    ----------
    name
        One of :data:`SAMPLINGS`.
    L
        Bandlimit.

    Attributes
    ----------
    method
        Of the analysis: quadrature where it is exact, else least squares.
    """

    def __init__(self, name: str, L: int) -> None:
        self.name, self.L = name, L
        self.sampling = SAMPLINGS[name](L)
        exact = exact_bandlimit(self.sampling)
        self.method = "least-squares" if exact is None or exact < L else "auto"
        self._analysis = SHT(self.sampling, L, method=self.method)
        self._synthesis = ISHT(self.sampling, L)

    @torch.no_grad()
    def fields(self, c: Array) -> Array:
        """Return fields ``(..., V, 1)`` from coefficients ``(..., row)``."""
        parts = torch.from_numpy(np.ascontiguousarray(c)).flatten(0, -2).split(64)
        found = torch.cat([self._synthesis(part[..., None]) for part in parts])
        y: Array = found.view(*c.shape[:-1], -1, 1).numpy()
        return y

    @torch.no_grad()
    def coefficients(self, fields: Array) -> Array:
        """Invert :meth:`fields`."""
        x = torch.from_numpy(np.asarray(fields, np.float32)).flatten(0, -3).split(64)
        found = torch.cat([self._analysis(part)[..., 0] for part in x])
        y: Array = found.view(*fields.shape[:-2], -1).numpy()
        return y


def flux_network(place: Place, degree: float, substeps: int) -> nn.Module:
    """Return the network of fluxes, which sees winds."""
    return VorticityNetwork(
        1 + KNOWN,
        place.sampling,
        L=place.L,
        substeps=substeps,
        degree=degree,
        method=place.method,
    )


def unet(place: Place, degree: float, substeps: int) -> nn.Module:
    """Return a residual U-Net, which sees the vorticity and the latitude alone."""
    sizes = replace(WEATHER, width=0.125)
    pyramid = build_pyramid(place.sampling, sizes.levels, 8, weighting="heat")
    return ResidualUNet(1 + KNOWN, 1, pyramid, configuration=sizes)


#: Networks by name, and whether they predict increments.
NETWORKS: dict[str, tuple[Callable[[Place, float, int], nn.Module], bool]] = {
    "flux": (flux_network, False),
    "unet": (unet, True),
}


def coriolis(sampling: Sampling, axis: Array) -> Array:
    """Return the sine of the latitude about an axis, shape ``(V, 1)``."""
    return (sampling.xyz @ axis)[:, None].astype(np.float32)


def trained(
    name: str, place: Place, truth: Truth, folder: Path, training: Training
) -> ForecastTask:
    """Train a network, or go on with its training in a folder."""
    torch.manual_seed(training.seed)
    build, residual = NETWORKS[name]
    network = build(place, _degree(truth), training.substeps)
    runs = np.concatenate([truth.part("training"), truth.part("validation")])
    count, times, _ = runs.shape
    # A gap between runs, which no window crosses.
    moments = np.concatenate([np.arange(times) + 2 * times * i for i in range(count)])
    fields = place.fields(runs.reshape(count * times, -1))
    known = coriolis(place.sampling, np.array([0, 0, 1]))
    with contextlib.redirect_stdout(io.StringIO()):
        found = fit_forecast(
            network,
            fields,
            times=moments,
            forcing=np.broadcast_to(known, (len(fields), *known.shape)),
            validation=truth.sizes.runs[1] / count,
            steps=training.steps,
            scored_steps=truth.sizes.a_day,
            growth=0.5 if training.steps > 1 else 0.0,
            residual=residual,
            folder=folder,
            resume=True,
            epochs=training.epochs,
            batch_size=BATCH,
            learning_rate=training.rate,
            seed=training.seed,
        )
    task = found.task
    if not isinstance(task, ForecastTask):
        raise TypeError(f"the task must be of forecasts, got {type(task).__name__}")
    return task


def _degree(truth: Truth) -> float:
    """Return the root mean square of the degree, weighted by vorticity."""
    L = truth.sizes.L
    squares = np.square(truth.part("training"), dtype=np.float64).mean(axis=(0, 1))
    energy = np.add.reduceat(squares, np.arange(L) ** 2)
    mean = (energy * np.arange(L) ** 2).sum() / energy.sum()
    return round(float(np.sqrt(mean)), 1)


class NetworkForecast:
    """Forecasts of a task in coefficients, like those of the references.

    Parameters
    ----------
    task
        A trained network.
    place
        Its sampling.
    axis
        Of the planet.
    """

    def __init__(
        self, task: ForecastTask, place: Place, axis: tuple[float, ...] = (0, 0, 1)
    ) -> None:
        self.task, self.place = task, place
        self.known = coriolis(place.sampling, np.asarray(axis))

    @torch.no_grad()
    def __call__(self, present: Array, leads: int) -> Array:
        """Return coefficients ``(start, lead, row)``, not finite if it diverges."""
        known = torch.from_numpy(self.known)
        found = []
        for first in range(0, len(present), BATCH):
            x = torch.from_numpy(self.place.fields(present[first : first + BATCH]))
            ahead = known.expand(len(x), leads, -1, -1)
            # A rollout of the task would refuse those that diverge, which are scored.
            y = self.task.forecast(x[:, None], leads, ahead)
            found.append(self.place.coefficients(y.numpy()))
        return np.concatenate(found)
