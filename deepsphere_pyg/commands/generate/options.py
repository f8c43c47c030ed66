"""Options of the command ``deepsphere-pyg generate``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from deepsphere_pyg.commands.options.machine import OutputOptions
from deepsphere_pyg.commands.options.parsing import METAVAR, Options, flag
from deepsphere_pyg.commands.options.sampling import SamplingOptions

Model = Literal["barotropic", "shallow-water"]
#: Names of the models, each of which may be the first argument of the command.
STANDS_FOR = {
    "barotropic": "--model barotropic",
    "shallow-water": "--model shallow-water",
}
#: Fields of each model; the first are written if nothing is said.
FIELDS: dict[str, tuple[str, ...]] = {
    "barotropic": ("vorticity", "u", "v", "stream_function"),
    "shallow-water": ("vorticity", "divergence", "depth", "u", "v"),
}
# Seconds of a step at the truncation 42, which is shortened for higher ones.
_STEPS = {"barotropic": 1800.0, "shallow-water": 600.0}
_AT = 42


@dataclass(frozen=True, kw_only=True)
class FlowOptions(Options):
    """Flows on the rotating Earth, which begin at random and differ from run to run.

    Parameters
    ----------
    model
        barotropic: winds without divergence, by the barotropic vorticity equation;
        shallow-water: a layer of fluid of 10 km mean depth, with gravity waves.
    runs
        Number of series.
    days
        Length of each.
    spin_up
        Days before the first state that is written, in which eddies form.
    hours
        Time between two states.
    truncation
        Highest degree of the model.
    step
        Seconds of a step of the model; it must divide --hours (default: 1800 for
        barotropic and 600 for shallow-water at the truncation 42, less at higher ones).
    damping
        Hours in which hyperdiffusion damps the highest degree by a factor e; 0 for
        none.
    speed
        Root mean square of the first winds, m/s.
    degree
        Degree of the most energy in the first winds.
    variables
        Fields to write: vorticity, u, v (winds to the east and the north), and
        stream_function of barotropic, divergence and depth of shallow-water (default:
        all).
    seed
        Of the first winds; a run depends on its number and the seed alone.
    begin
        Date of the first state.
    """

    model: Model = "barotropic"
    runs: int = 20
    days: float = 60.0
    spin_up: float = 10.0
    hours: float = 6.0
    truncation: int = 42
    step: float | None = None
    damping: float = 24.0
    speed: float = 20.0
    degree: float = 8.0
    variables: tuple[str, ...] = field(default=(), metadata={METAVAR: "NAME"})
    seed: int = 0
    begin: str = field(default="2001-01-01", metadata={METAVAR: "DATE"})

    def __post_init__(self) -> None:
        for name in ("runs", "truncation"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"--{name} must be at least 1, got {getattr(self, name)}"
                )
        for name in ("days", "hours", "speed", "degree"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(
                    f"--{name} must be positive, got {getattr(self, name)}"
                )
        for name in ("spin_up", "damping"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(
                    f"--{flag(name)} must not be negative, got {getattr(self, name)}"
                )
        known = FIELDS[self.model]
        for name in self.variables:
            if name not in known:
                raise ValueError(
                    f"--variables of {self.model} are {', '.join(known)}, got {name!r}"
                )
        try:
            np.datetime64(self.begin, "s")
        except ValueError:
            raise ValueError(
                f"--begin must be a date such as 2001-01-01, got {self.begin!r}"
            ) from None
        super().__post_init__()

    @property
    def names(self) -> tuple[str, ...]:
        """Fields to write."""
        return tuple(dict.fromkeys(self.variables)) or FIELDS[self.model]

    @property
    def seconds(self) -> float:
        """Step of the model in seconds."""
        if self.step is not None:
            return self.step
        longest = _STEPS[self.model] * min(1.0, _AT / self.truncation)
        # As many steps as a state needs, so that they divide the time to the next.
        return 3600 * self.hours / math.ceil(3600 * self.hours / longest)


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(FlowOptions, SamplingOptions, OutputOptions):
    """Options of the command.

    Parameters
    ----------
    threads
        CPU threads of PyTorch (default: OMP_NUM_THREADS, else one per core).
    """

    threads: int | None = None

    @property
    def default_out(self) -> Path:
        """Folder of the results."""
        return Path("runs") / f"generated-{self.model}"


OPTIONS = GenerateOptions
