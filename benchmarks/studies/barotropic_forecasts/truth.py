"""Runs of the barotropic vorticity equation, kept in a folder, and their parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows import BarotropicVorticity, random_vorticity
from samplings.atomic_files import atomic_path, make_folder

Array = npt.NDArray[np.float32]
#: Runs that are integrated at once, and kept in one file.
TOGETHER = 6
PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Sizes:
    """How much truth there is.

    Attributes
    ----------
    L
        Bandlimit of the truth.
    runs
        Numbers of runs to train on, to validate on, and to test.
    days
        Length of the runs, after the days that are left out at their beginning.
    spin_up
        Days that are left out.
    hours
        Between the states that are kept.
    step
        Of the solver, in seconds.
    seed
        Of the initial states.
    """

    L: int
    runs: tuple[int, int, int]
    days: int
    spin_up: int
    hours: int
    step: float
    seed: int

    @property
    def a_day(self) -> int:
        """States in a day."""
        return 24 // self.hours

    @property
    def name(self) -> str:
        """What tells one truth from another, but for the number of runs."""
        return (
            f"T{self.L - 1}-{self.days}d-{self.spin_up}d-{self.hours}h-{self.step:g}s"
            f"-seed{self.seed}"
        )


@dataclass(frozen=True, eq=False)
class Truth:
    """Coefficients of the vorticity, divided by its spread in the training runs.

    Attributes
    ----------
    sizes
        As given.
    runs
        Shape ``(run, time, L * L)``, float32.
    spread
        Root mean square of the vorticity of the training runs in 1/s.
    """

    sizes: Sizes
    runs: Array
    spread: float

    def part(self, name: str) -> Array:
        """Return the runs of one of the :data:`PARTS`."""
        ends = np.cumsum((0, *self.sizes.runs))
        number = PARTS.index(name)
        return self.runs[ends[number] : ends[number + 1]]


def truth_of(folder: Path, sizes: Sizes) -> Truth:
    """Integrate the runs that the folder does not have yet, and return all."""
    make_folder(folder)
    count = sum(sizes.runs)
    found = []
    for first in range(0, count, TOGETHER):
        path = folder / f"{sizes.name}-run{first:03d}.npy"
        if not path.exists():
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.save(file, _integrated(sizes, first))
            print(f"wrote {path}", flush=True)
        found.append(np.load(path))
    runs = np.concatenate(found)[:count]
    squares = np.square(runs[: sizes.runs[0]], dtype=np.float64)
    # By Parseval's theorem, over the sphere.
    spread = float(np.sqrt(squares.sum(-1).mean() / (4 * np.pi)))
    return Truth(sizes, (runs / spread).astype(np.float32), spread)


def _integrated(sizes: Sizes, first: int) -> Array:
    """Return some runs, ``(run, time, L * L)``, in 1/s."""
    model = BarotropicVorticity(sizes.L, step=sizes.step)
    states = random_vorticity(sizes.L, first + TOGETHER, seed=sizes.seed)[:, first:]
    states = model.advanced(states, 24 * sizes.spin_up)
    series = forecast_of(model, states, sizes.days * sizes.a_day, sizes.hours)
    return np.stack(list(series), axis=1).astype(np.float32)


def forecast_of(
    model: BarotropicVorticity, state: Tensor, steps: int, hours: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield a state ``(L * L, run)`` and those that follow, as ``(run, L * L)``."""
    yield state.numpy().T
    for _ in range(steps):
        state = model.advanced(state, hours)
        yield state.numpy().T


def starts_of(runs: Array, every: int, leads: int) -> tuple[Array, Array]:
    """Return states to forecast from, and those that follow.

    Parameters
    ----------
    runs
        Shape ``(run, time, row)``.
    every
        Times from one start to the next.
    leads
        Number of the states that follow each.

    Returns
    -------
    tuple
        Shapes ``(start, row)`` and ``(start, lead, row)``.
    """
    first = range(0, runs.shape[1] - leads, every)
    present = np.concatenate([runs[:, t] for t in first])
    later = np.concatenate([runs[:, t + 1 : t + 1 + leads] for t in first])
    return present, later


def truncated(c: Array, L: int) -> Tensor:
    """Return coefficients below a degree, ``(row, start)`` in float64."""
    return torch.from_numpy(np.ascontiguousarray(c[:, : L * L].T)).double()
