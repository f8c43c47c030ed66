"""Options of forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.fields.options import LossOptions
from deepsphere_pyg.commands.options.fields import InputOptions
from deepsphere_pyg.commands.options.forecast_network import ForecastNetworkOptions
from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions
from deepsphere_pyg.training.options import TrainingOptions
from samplings.arguments import nonnegative_argument

# Those of deepsphere_pyg.metrics.forecast, which would load PyTorch.
NAMED_REGIONS = (
    *("global", "tropics", "extra-tropics", "northern-hemisphere"),
    *("southern-hemisphere", "europe", "north-america", "north-atlantic"),
    *("north-pacific", "east-asia", "ausnz", "arctic", "antarctic"),
)
_NAME, _PART = {METAVAR: "NAME"}, {METAVAR: "PART"}

#: What trainings need.
FILES = {"fields": "files of the series"}


@dataclass(frozen=True, kw_only=True)
class SeriesOptions(Options):
    """Series, which is read into memory as float32.

    Parameters
    ----------
    history
        Number of states that the network sees, the last of which is the present.
    steps
        Steps in time of the forecasts in the training loss, in which the network is fed
        its own output.
    step_weights
        Weight of each of these steps in the loss (default: equal).
    scored_steps
        Lead times of validation and test, in steps (default: --steps).
    growth
        Share of the training in which the forecasts in the loss grow from one step to
        --steps.
    noise
        Standard deviation of white noise in the states that trainings start from, over
        that of the variable.
    save_memory
        Compute each step of these forecasts once more for the gradient, in place of
        keeping all that the network computes.
    predict
        The network predicts the increment of a step, or the next state.
    forcing
        Variables that are known in advance, such as the insolation; the network sees
        them at the time of the next state. Missing values become the mean of the map.
    static
        Variables that do not change, such as the topography. Missing values become the
        mean of the map.
    """

    history: int = 1
    steps: int = 1
    step_weights: tuple[float, ...] | None = None
    scored_steps: int | None = None
    growth: float = 0.0
    noise: float = 0.0
    save_memory: bool = False
    predict: Literal["increment", "state"] = "increment"
    forcing: tuple[str, ...] = field(default=(), metadata=_NAME)
    static: tuple[str, ...] = field(default=(), metadata=_NAME)

    def __post_init__(self) -> None:
        if self.growth or self.step_weights is not None:
            self._check_rollouts()
        nonnegative_argument("noise", self.noise, "pass 0 for no noise")
        super().__post_init__()

    def _check_rollouts(self) -> None:
        """Refuse options of the loss that have no sense."""
        # Tasks load Lightning, which takes seconds, and the defaults need no check.
        from deepsphere_pyg.training.tasks.forecast_arguments import (
            checked_step_weights,
        )
        from deepsphere_pyg.training.tasks.rollout_training import checked_growth

        if self.steps >= 1:
            checked_step_weights(self.step_weights, self.steps)
        checked_growth(self.growth)

    @property
    def leads(self) -> int:
        """Number of lead times of validation and test."""
        return self.steps if self.scored_steps is None else self.scored_steps


@dataclass(frozen=True, kw_only=True)
class TimePartOptions(Options):
    """Training, validation and test times.

    Parameters
    ----------
    train
        Times to train on: a range as 1890/1959, or members as member=57,59 (default:
        all that are not held out).
    validation
        Times to select the checkpoint by: a share, the last but those of the test; a
        range; or members.
    test
        Times to test on: a share, the last; a range; or members; with --checkpoint also
        all. No forecast uses states of another part.
    gap
        Steps to leave out beside held-out times, since neighbours in time are similar.
    """

    train: str | None = field(default=None, metadata=_PART)
    validation: str = field(default="0.15", metadata=_PART)
    test: str = field(default="0.15", metadata=_PART)
    gap: int = 0


@dataclass(frozen=True, kw_only=True)
class VerificationOptions(Options):
    """Scores of the test times.

    Parameters
    ----------
    definition
        How scores are averaged: by area, with roots over space and time (pooled), or as
        WeatherBench 1 or 2 do.
    climatology
        Normal states of the training times, of which anomalies are counted: the mean of
        all, or by month, by week, or by day and hour, smoothed over 61 days.
    regions
        Regions to score, such as global, tropics, northern-hemisphere or europe.
    hovmoller
        South and north of the band of latitudes whose mean is drawn by longitude and
        lead time, in degrees.
    """

    definition: Literal["pooled", "weatherbench1", "weatherbench2"] = "pooled"
    climatology: Literal["all", "month", "week", "day-hour"] = "all"
    regions: tuple[str, ...] = field(default=("global",), metadata=_NAME)
    hovmoller: tuple[float, float] = (30.0, 60.0)

    def __post_init__(self) -> None:
        unknown = [name for name in self.regions if name not in NAMED_REGIONS]
        if unknown or not self.regions:
            raise ValueError(
                f"--regions must be of {', '.join(NAMED_REGIONS)}, got "
                f"{', '.join(unknown) or 'no name'}; choose some of them"
            )
        south, north = self.hovmoller
        if not -90 <= south < north <= 90:
            raise ValueError(
                "--hovmoller must be a south and a north of -90 to 90 degrees, got "
                f"{south:g} {north:g}; pass 30 60"
            )
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class ForecastLossOptions(LossOptions):
    """Loss."""

    # All that other fields have, and one of ensembles.
    loss: Literal["l2", "l1", "huber", "crps"] = "l2"  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class EnsembleOptions(Options):
    """Ensembles.

    Parameters
    ----------
    members
        Forecasts from each state (default: as in the training, else 1); of each
        --checkpoint, if there are several. With --loss crps, the almost fair continuous
        ranked probability score, they are trained together, from states with --noise.
    ensemble
        What sets the members of a network apart: noise in the initial states, or
        --dropout, which stays active in forecasts.
    spread
        Standard deviation of this noise, over that of the variable (default: --noise of
        the training).
    """

    members: int | None = None
    ensemble: Literal["noise", "dropout"] = "noise"
    spread: float | None = None

    def __post_init__(self) -> None:
        if self.members is not None and self.members < 1:
            raise ValueError(f"--members must be at least 1, got {self.members}")
        if self.spread is not None:
            nonnegative_argument("spread", self.spread, "pass one such as 0.05")
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class ForecastingOptions(Options):
    """Evaluation and forecasts.

    Parameters
    ----------
    checkpoint
        Do not train: test this checkpoint, which brings its sampling, network and data
        options, on the test times or, with --test all or other --fields, on all; or
        forecast with it, with --from. Several, trained on the same data, make a deep
        ensemble.
    n_rollouts
        Initial times of the forecasts in the file, spread over the test times.
    start
        Forecast from this time, such as 2001-02-03T06, from each of a range, as
        2001-02-03T06/2001-02-05, or from the last time of --fields (last); needs
        --checkpoint.
    lead
        Number of steps to forecast with --from (default: those of the scores).
    format
        Write the forecasts to predictions.nc, or to predictions.zarr, whose dimensions
        are always those of initial and lead time.
    grid
        Write them on the grid of the files, or on the sampling of the network.
    animation
        Write a film of the first forecast beside the truth, where that is known.
    without_coastlines
        Draw maps without coastlines, as of a planet without land.
    """

    checkpoint: tuple[Path, ...] | None = None
    n_rollouts: int = 8
    start: str | None = field(default=None, metadata={METAVAR: "last|TIME"})
    lead: int | None = None
    format: Literal["netcdf", "zarr"] = "netcdf"
    grid: Literal["source", "sampling"] = "source"
    animation: Literal["gif", "mp4"] | None = None
    without_coastlines: bool = False


@dataclass(frozen=True, kw_only=True)
class ForecastOptions(
    InputOptions,
    SeriesOptions,
    TimePartOptions,
    VerificationOptions,
    SamplingOptions,
    ForecastNetworkOptions,
    EnsembleOptions,
    ForecastingOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
    ForecastLossOptions,
):
    """Options of the command."""

    @property
    def needed(self) -> Mapping[str, str]:
        """Options that must be given beside the others; a checkpoint brings them."""
        return {} if self.checkpoint else FILES

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        if self.start is not None:
            return Path("runs/prediction")
        return Path("runs/forecast" if self.checkpoint is None else "runs/evaluation")


def crps_members(options: ForecastOptions) -> int:
    """Return the number of members that are trained together.

    Raises
    ------
    ValueError
        If the loss needs several members, and there is one, or they do not differ.
    """
    if options.loss != "crps":
        return 1
    members = 1 if options.members is None else options.members
    if members < 2 or not options.noise or options.ensemble != "noise":
        raise ValueError(
            "--loss crps trains several forecasts together, from noisy states; pass "
            f"--members 4 --noise 0.05, for example, got --members {members} --noise "
            f"{options.noise:g} --ensemble {options.ensemble}"
        )
    return members


OPTIONS = ForecastOptions
