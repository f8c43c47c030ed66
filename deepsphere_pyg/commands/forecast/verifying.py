"""Scores of a network and of references on the test times, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.parts import Part
from deepsphere_pyg.commands.forecast.references import (
    bandlimit_of,
    fit_references,
    window_times,
)
from deepsphere_pyg.commands.forecast.scores import lead_rows
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.options.training import training_of
from deepsphere_pyg.metrics.forecast import (
    EnergySpectra,
    LeadSpectra,
    Verification,
    persistence,
)
from deepsphere_pyg.training.forecasts import ForecastEnsemble
from deepsphere_pyg.training.forecasts.preparing import window_loader
from samplings.missing_values import without_missing


@dataclass(eq=False)
class Verified:
    """Scores of the test.

    Attributes
    ----------
    rows
        One for each region, variable and lead time.
    spectra
        Energy by degree and lead time; None if values are missing or the sampling has
        no transform.
    regression
        What the regression has a factor for: degrees or vertices; None without one.
    normal
        Normal states of the windows of the Hovmoller diagram, ``(lead, V, C)``.
    ranks
        Frequencies of the ranks of the truth among the members, in the first region,
        ``(lead, M + 1, C)``; None for a single forecast.
    """

    rows: list[dict[str, Any]]
    spectra: LeadSpectra | None
    regression: str | None
    normal: Tensor
    ranks: Tensor | None


def verified(
    options: ForecastOptions,
    series: Series,
    parts: dict[str, Part],
    ensemble: ForecastEnsemble,
    first: int,
) -> Verified:
    """Forecast the test times, and score the network and the references.

    Of an ensemble, spectra are those of a member, since means are too smooth.

    Parameters
    ----------
    options, series, parts, ensemble
        Options of the command, the series and its parts, and the trained network, or
        several forecasts by it or by others.
    first
        Window whose normal states are wanted.
    """
    test, leads = parts["test"], options.leads
    task, members = ensemble.tasks[0], ensemble.size
    references = fit_references(options, series, parts, task)
    sampling = series.maps.sampling
    names = ["network", "persistence", "climatology"]
    if references.regression is not None:
        names.append("regression")
    scores = {
        name: Verification(
            sampling,
            series.n_states,
            leads,
            regions=options.regions,
            definition=options.definition,
            members=members if name == "network" and members > 1 else None,
        )
        for name in names
    }
    about = None
    if options.definition == "weatherbench1":
        about = _tested_mean(test)
    spectra = _spectra(options, series, test, task)
    indices = np.array(test.indices, dtype=np.int64)
    valid, done = task.valid.cpu(), 0
    loader = window_loader(test.windows, test.indices, training_of(options))
    bar = tqdm(loader, desc="scoring", leave=False, disable=None)
    for number, batch in enumerate(bar):
        some = indices[done : done + len(batch.x)]
        done += len(some)
        now, ahead = window_times(series, test, some, leads)
        forecast = _forecast(options, ensemble, batch, number)
        member = forecast[:, :, 0]
        truth, mask = batch.y, batch.mask & valid
        present = task.filled(batch.x[:, -1].to(task.valid.device)).cpu()
        normal = references.normal(ahead)
        forecasts = {
            "network": member if members == 1 else forecast,
            "persistence": persistence(present, leads),
            "climatology": normal,
        }
        damped = references.forecast(present, now, ahead)
        if damped is not None:
            # Anomalies that are not known are zero.
            forecasts["regression"] = torch.where(damped.isnan(), normal, damped)
        for name, one in forecasts.items():
            scores[name].update(one, truth, normal if about is None else about, mask)
        if spectra is not None:
            spectra.update(member, truth)
    computed = {name: one.compute() for name, one in scores.items()}
    _, ahead = window_times(series, test, np.array([first]), leads)
    own = computed.pop("network")
    return Verified(
        lead_rows(own, computed, series),
        None if spectra is None else spectra.compute(),
        None if references.regression is None else references.regression.by,
        references.normal(ahead)[0],
        None if own.rank_histogram is None else own.rank_histogram[0],
    )


def _forecast(
    options: ForecastOptions, ensemble: ForecastEnsemble, batch: Any, number: int
) -> Tensor:
    """Return the forecasts of a batch, ``(N, lead, M, V, C)``."""
    found = ensemble.rollout(
        batch.x,
        options.leads,
        batch.forcing if ensemble.tasks[0].n_forcing else None,
        batch_size=options.batch_size,
        draw=number,
        progress=False,
    )
    return torch.from_numpy(found)


def _tested_mean(test: Part) -> Tensor:
    """Return the mean of the states that are tested, ``(V, C)``."""
    sums = np.zeros(test.windows.fields.shape[1:])
    counts = np.zeros_like(sums)
    for i in np.flatnonzero(test.chosen):
        state = without_missing(test.windows.fields[i]).astype(np.float64)
        known = np.isfinite(state)
        sums, counts = sums + np.where(known, state, 0), counts + known
    return torch.from_numpy(sums / np.maximum(counts, 1))


def _spectra(
    options: ForecastOptions, series: Series, test: Part, task: Any
) -> EnergySpectra | None:
    """Return spectra to fill, if all values of the test are known."""
    states = (test.windows.fields[i] for i in np.flatnonzero(test.chosen))
    if not bool(task.valid.all()) or not all(
        np.isfinite(without_missing(one)).all() for one in states
    ):
        return None
    limit = bandlimit_of(series.maps.sampling)
    if limit is None or limit < 3:
        return None
    sampling = series.maps.sampling
    return EnergySpectra(sampling, series.n_states, options.leads, limit)
