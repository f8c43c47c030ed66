"""Train a forecast, or take that of a checkpoint."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from torch import nn

from deepsphere_pyg.commands.fields.losses import LOSSES
from deepsphere_pyg.commands.forecast.networks import forecast_network
from deepsphere_pyg.commands.forecast.options import ForecastOptions, crps_members
from deepsphere_pyg.commands.forecast.parts import Part
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.options.kept import Kept
from deepsphere_pyg.commands.options.resuming import (
    checkpoint_to_resume,
    settings,
    write_config,
)
from deepsphere_pyg.commands.options.training import trainer_of, training_of
from deepsphere_pyg.losses import CRPSLoss
from deepsphere_pyg.training import Trained, train
from deepsphere_pyg.training.forecasts.preparing import (
    standardized_task,
    window_loader,
)
from deepsphere_pyg.training.tasks import ForecastTask


def train_forecast(
    options: ForecastOptions, series: Series, parts: dict[str, Part], facts: str
) -> Trained | None:
    """Train the network of the options; None after an interrupt.

    Parameters
    ----------
    options
        The options.
    series, parts
        The data.
    facts
        Description of the data.
    """
    first, held = parts["train"], parts["validation"]
    static = series.static()
    n_static = 0 if static is None else static.shape[1]
    channels = series.n_states
    n_inputs = options.history * channels + series.n_forcing + n_static
    sampling = series.maps.sampling
    network = forecast_network(
        options,
        n_inputs,
        channels,
        sampling,
        history=options.history,
        seed=options.seed,
    )
    pl.seed_everything(options.seed, verbose=False)
    chosen = training_of(options)
    task = standardized_task(
        network,
        first.windows,
        first.indices,
        sampling,
        steps=options.steps,
        step_weights=options.step_weights,
        scored_steps=options.leads,
        growth=options.growth,
        noise=options.noise,
        members=crps_members(options),
        save_memory=options.save_memory,
        residual=options.predict == "increment",
        static=static,
        out_names=series.names,
        loss=_loss(options),
        options=chosen,
        notes={
            "channel_names": list(series.names),
            "forcing_names": list(series.maps.channel_names[channels:])[
                : series.n_forcing
            ],
            "target_units": list(series.units),
            "time_step": series.step.config,
            "settings": settings(options),
            "data": facts,
            "sampling": sampling.config,
            "in_channels": n_inputs,
            "out_channels": channels,
            "seed": options.seed,
        },
    )
    resume = checkpoint_to_resume(options, task, options.folder / "last.ckpt")
    write_config(options, options.folder)
    return train(
        task,
        window_loader(first.windows, first.indices, chosen, shuffled=True),
        window_loader(held.windows, held.indices, chosen),
        options.folder,
        resume=resume,
        trainer=trainer_of(options),
    )


def _loss(options: ForecastOptions) -> nn.Module:
    """Return the loss of the options."""
    if options.loss == "crps":
        return CRPSLoss(crps_members(options))
    return LOSSES[options.loss]()


def kept_task(kept: Kept, series: Series) -> ForecastTask:
    """Return the task of a checkpoint, for the states and forcing of a series.

    Raises
    ------
    ValueError
        If it was trained on others.
    """
    channels = series.maps.channel_names
    groups: list[tuple[str, tuple[str, ...], Any]] = [
        ("inputs", series.names, kept.notes.get("channel_names")),
        (
            "forcing",
            channels[series.n_states : series.n_states + series.n_forcing],
            kept.notes.get("forcing_names"),
        ),
    ]
    for what, found, wanted in groups:
        if wanted is not None and list(found) != list(wanted):
            raise ValueError(
                f"{kept.path} was trained with the {what} {', '.join(wanted)}, the "
                f"data have {', '.join(found)}; name the same --{what}"
            )
    task = kept.task(series.maps.sampling)
    if not isinstance(task, ForecastTask):
        raise TypeError(f"{kept.path} holds no forecast")
    counts = (task.targets.channels, task.n_forcing)
    if counts != (series.n_states, series.n_forcing):
        raise ValueError(
            f"{kept.path} takes {counts[0]} variables and {counts[1]} of forcing, the "
            f"data have {series.n_states} and {series.n_forcing}; name them with "
            "--inputs and --forcing"
        )
    return task
