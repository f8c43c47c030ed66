"""``deepsphere-pyg forecast``: step fields in time."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from deepsphere_pyg.commands.fields.data import regridded
from deepsphere_pyg.commands.forecast.options import (
    ForecastOptions,
    SeriesOptions,
    TimePartOptions,
    crps_members,
)
from deepsphere_pyg.commands.forecast.parts import Part, read_parts, sample_parts
from deepsphere_pyg.commands.forecast.series import Series, open_series
from deepsphere_pyg.commands.options.fields import ALL, InputOptions
from deepsphere_pyg.commands.options.forecast_network import (
    WITH_DROPOUT,
    ForecastNetworkOptions,
)
from deepsphere_pyg.commands.options.kept import (
    Kept,
    read_kept,
    tell_ignored,
    with_kept,
)
from deepsphere_pyg.commands.options.resuming import resolved_regridding
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    prepare,
    tell_of_resuming,
)
from deepsphere_pyg.processes import all_samples, process_rank, tell
from deepsphere_pyg.training.options import TrainingOptions
from samplings import same_sampling
from samplings.arguments import counted
from samplings.missing_values import without_missing

if TYPE_CHECKING:
    from deepsphere_pyg.training.tasks import ForecastTask

# Lightning and Matplotlib take seconds to load, and are imported once the data are
# read.

# Options that a checkpoint brings: those of the data, and those that it fixes.
_DATA = [
    *(f.name for kind in (InputOptions, TimePartOptions) for f in fields(kind)),
    *("forcing", "scored_steps", "members", "ensemble", "spread"),
]
_FIXED = [
    *(f.name for f in fields(ForecastNetworkOptions)),
    *(f.name for f in fields(SeriesOptions) if f.name not in _DATA),
    *(f.name for f in fields(TrainingOptions) if f.name not in ("batch_size", "seed")),
    "loss",
]


def run(options: ForecastOptions) -> int:
    """Run the command and return its exit status.

    Raises
    ------
    ValueError
        If an option is missing, out of range, or does not fit the data.
    """
    _check(options)
    prepare(options, "history", "steps", "scored_steps", "n_rollouts", "lead")
    if options.checkpoint is not None:
        return _with_checkpoint(options, [read_kept(one) for one in options.checkpoint])
    started = time.perf_counter()
    options = resolved_regridding(options)
    series = open_series(options)
    samples = sample_parts(options, series, options.history, only_test=False)
    parts = read_parts(options, series, samples, options.history)
    facts = described(series, parts)
    tell(f"data       {facts}")
    from deepsphere_pyg.commands.forecast.ensembles import ensemble_of
    from deepsphere_pyg.commands.forecast.report import report
    from deepsphere_pyg.commands.forecast.training import train_forecast

    trained = train_forecast(options, series, parts, facts)
    if trained is None:
        tell_of_resuming()
        return INTERRUPTED
    if process_rank():
        # The first process reports.
        return 0
    seconds = time.perf_counter() - started
    ensemble = ensemble_of(options, [cast("ForecastTask", trained.task)])
    with all_samples():
        return report(options, series, parts, ensemble, trained, facts, seconds)


def _check(options: ForecastOptions) -> None:
    """Refuse options that exclude each other."""
    if options.start is not None and options.checkpoint is None:
        raise ValueError("--from forecasts with a trained network; pass --checkpoint")
    if options.lead is not None and options.start is None:
        raise ValueError(
            "--lead is the length of a forecast; pass --from last or --from TIME with "
            "it, or --scored-steps for the lead times of a test"
        )
    if options.checkpoint is not None and options.resume:
        raise ValueError("--checkpoint tests and --resume trains; pass one of them")
    if options.checkpoint is not None and options.climatology != "all":
        raise ValueError(
            f"--climatology {options.climatology} is that of the training times, of "
            "which a checkpoint keeps the mean alone; leave it out"
        )
    if options.animation is not None:
        from deepsphere_pyg.plot.films import check_film

        check_film(f".{options.animation}")
    if options.checkpoint is None:
        # Before a training, not after it.
        crps_members(options)
        _check_ensemble(options)
    if options.gap < 0:
        raise ValueError(f"--gap must be at least 0, got {options.gap}")


def _check_ensemble(options: ForecastOptions) -> None:
    """Refuse ensembles whose members a training could not set apart."""
    if options.members in (None, 1):
        return
    if options.ensemble == "noise":
        if not (options.noise if options.spread is None else options.spread):
            raise ValueError(
                f"--members {options.members} must start from different states; pass "
                "--spread such as 0.05, --noise to train with it too, or --ensemble "
                "dropout"
            )
    elif options.model is None and not options.dropout:
        raise ValueError(
            "--ensemble dropout needs a network with dropout; pass --dropout 0.1 with "
            f"--network {' or '.join(WITH_DROPOUT)}"
        )


def _with_checkpoint(options: ForecastOptions, every: list[Kept]) -> int:
    """Test a checkpoint or an ensemble of several, or forecast with them."""
    for one in every:
        one.refuse_other("ForecastTask")
    kept = every[0]
    _refuse_other_data(every)
    tell_ignored(options, _FIXED)
    other = options.fields is not None
    options = with_kept(options, kept, _DATA)
    if options.inputs is None and kept.notes.get("channel_names"):
        options = replace(options, inputs=tuple(kept.notes["channel_names"]))
    if options.scored_steps is None:
        options = replace(options, scored_steps=kept.config["scored_steps"])
    history = int(kept.config["history"])
    series = open_series(options, kept)
    from deepsphere_pyg.commands.forecast.ensembles import ensemble_of
    from deepsphere_pyg.commands.forecast.report import report
    from deepsphere_pyg.commands.forecast.training import kept_task

    ensemble = ensemble_of(options, [kept_task(one, series) for one in every])
    if options.start is not None:
        import pytorch_lightning as pl

        from deepsphere_pyg.commands.forecast.ahead import forecast_ahead

        pl.seed_everything(options.seed, verbose=False)
        return forecast_ahead(options, series, ensemble)
    if other and options.test == TimePartOptions.test:
        # Other files are tested whole.
        options = replace(options, test=ALL)
    samples = sample_parts(options, series, history, only_test=True)
    parts = read_parts(options, series, samples, history)
    facts = described(series, parts)
    tell(f"data       {facts}")
    return report(options, series, parts, ensemble, None, facts, 0.0)


def _refuse_other_data(every: list[Kept]) -> None:
    """Refuse checkpoints that step other states, or by other steps."""
    first = every[0]
    for one in every[1:]:
        for what, key in (("time step", "time_step"), ("inputs", "channel_names")):
            before, found = first.notes.get(key), one.notes.get(key)
            if before != found:
                raise ValueError(
                    f"--checkpoint must name networks of one series, got the {what} "
                    f"{before} in {first.path} and {found} in {one.path}; train them "
                    "on the same data"
                )
        if first.sampling is not None and one.sampling is not None:
            if not same_sampling(first.sampling, one.sampling):
                raise ValueError(
                    "--checkpoint must name networks on one sampling, got "
                    f"{first.sampling.name} in {first.path} and {one.sampling.name} in "
                    f"{one.path}; train them on the same"
                )


def described(series: Series, parts: dict[str, Part]) -> str:
    """Describe the data in a line."""
    words = {"train": "training", "validation": "validation", "test": "testing"}
    counts = ", ".join(f"{len(part)} for {words[name]}" for name, part in parts.items())
    members = len(set(series.member.tolist()))
    several = f" of {members} members" if members > 1 else ""
    further = ""
    missing = _missing_states(parts)
    gaps = f" with {series.gaps} gap{'s' * (series.gaps > 1)}" if series.gaps else ""
    if missing:
        further = f"; {missing} states missing"
    if series.n_forcing:
        first, last = series.n_states, series.n_states + series.n_forcing
        further += f"; forcing {', '.join(series.maps.channel_names[first:last])}"
    return (
        f"{counted(len(series.maps), 'state')}{several}, {series.step.text()} "
        f"apart{gaps}, of {', '.join(series.names)}{further}; forecasts: {counts}; "
        f"{regridded(series.maps)}"
    )


def _missing_states(parts: dict[str, Part]) -> int:
    """Return the number of states without any value, all of which parts may share."""
    fields = next(iter(parts.values())).windows.fields
    return sum(not np.isfinite(without_missing(one)).any() for one in fields)
