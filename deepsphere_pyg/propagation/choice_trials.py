"""Trials of what is faster on the processor at hand, on a small grid."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.propagation.compressed_products import bag_product, csr_product
from deepsphere_pyg.propagation.tiles import Tile, cut_into_tiles

Name = TypeVar("Name", bound=Hashable)

# Width of rows that no signal has.
ALL_WIDTHS = 2**31 - 1
# What is tried: numbers of a tile, and the widest rows of each dtype that CSR sums.
NUMBERS = tuple(2**n for n in range(16, 21))
WIDTHS = {torch.float32: (0, 2, 4, 8, 16), torch.float64: (16, 32, 64, ALL_WIDTHS)}
# Rows on which CSR is tried for rows of all widths.
_WIDEST = 128

# Another choice than the built-in one must save this share of the time.
_LEAST_GAIN = 0.1
# Rounds of a trial, of which the last ones are left out when the time in seconds is up.
_ROUNDS, _LEAST_ROUNDS, _SECONDS = 9, 4, 0.25
# Side of the grid, and its vertices in a tile.
_SIDE, _CORE = 128, 4096
_CHANNELS = 16

Times = Mapping[Name, list[float]]


@dataclass(frozen=True)
class Choice:
    """Sizes and thresholds that depend on the processor; the defaults are built in.

    Parameters
    ----------
    numbers
        Numbers of the signals in a tile; 2**18 are 1 MB in float32.
    csr_width
        Widest rows of signals, channels times signals, of which the CSR product is
        faster in float32 than ``embedding_bag``.
    csr_width_double
        The same in float64.
    """

    numbers: int = 2**18
    csr_width: int = 4
    csr_width_double: int = ALL_WIDTHS


BUILT_IN = Choice()


def fastest_choice() -> Choice:
    """Measure which choice is the fastest with the present number of threads.

    It takes less than a second. A choice other than the built-in one is faster by
    10 % both in its shortest time and in the median.
    """
    single = _tile(torch.float32)
    return Choice(
        _numbers(single),
        _csr_width(single, BUILT_IN.csr_width),
        _csr_width(_tile(torch.float64), BUILT_IN.csr_width_double),
    )


def faster(times: Times[Name], one: Name, other: Name) -> bool:
    """Whether one run takes clearly less time than another."""
    return all(
        statistic(times[one]) < (1 - _LEAST_GAIN) * statistic(times[other])
        for statistic in (min, median)
    )


def best_numbers(times: Times[int]) -> int:
    """Return the numbers of a tile that take the least time."""
    best = BUILT_IN.numbers
    for numbers in times:
        if faster(times, numbers, best):
            best = numbers
    return best


def best_width(times: Times[tuple[str, int]], widths: tuple[int, ...], at: int) -> int:
    """Return the widest rows that CSR sums faster, starting from those built in.

    Parameters
    ----------
    times
        Of ``("csr", width)`` and ``("bag", width)`` for all widths but the first.
    widths
        All choices, in ascending order.
    at
        The built-in one.
    """
    place, last = widths.index(at), len(widths) - 1
    while place < last and faster(
        times, ("csr", widths[place + 1]), ("bag", widths[place + 1])
    ):
        place += 1
    while place and faster(times, ("bag", widths[place]), ("csr", widths[place])):
        place -= 1
    return widths[place]


def _numbers(tile: Tile) -> int:
    """Return the numbers of a tile in which a convolution takes the least time."""
    generator = torch.Generator().manual_seed(0)
    batch = NUMBERS[-1] // (_CORE * _CHANNELS)
    width = batch * _CHANNELS
    signals = torch.randn(tile.counts[-1], width, generator=generator)
    weight = torch.randn(3, _CHANNELS, _CHANNELS, generator=generator)
    runs = {}
    for numbers in NUMBERS:
        wide = numbers // _CORE
        groups = [
            signals[:, first : first + wide].contiguous()
            for first in range(0, width, wide)
        ]
        runs[numbers] = partial(_convolve, groups, tile, weight)
    return best_numbers(_times(runs))


def _csr_width(tile: Tile, built_in: int) -> int:
    """Return the widest rows that CSR sums faster, in the dtype of a tile."""
    widths = WIDTHS[tile.weights.dtype]
    runs: dict[tuple[str, int], Callable[[], object]] = {}
    for width in widths[1:]:
        columns = min(width, _WIDEST)
        x = torch.ones(tile.counts[-1], columns, dtype=tile.weights.dtype)
        runs["csr", width] = partial(csr_product, x, *tile.rows(1))
        runs["bag", width] = partial(bag_product, x, *tile.rows(1))
    return best_width(_times(runs), widths, built_in)


def _convolve(groups: list[Tensor], tile: Tile, weight: Tensor) -> None:
    """Do what a convolution of K = 3 does on a tile, for one group after the other."""
    core, channels = tile.counts[0], len(weight[0])
    for before in groups:
        y = before[:core].reshape(-1, channels) @ weight[0]
        current = bag_product(before, *tile.rows(1))
        y.addmm_(current[:core].view(-1, channels), weight[1])
        image = bag_product(current, *tile.rows(0))
        torch.lerp(before[:core], image, 2, out=image)
        y.addmm_(image.view(-1, channels), weight[2])


def _times(runs: Mapping[Name, Callable[[], object]]) -> dict[Name, list[float]]:
    """Time runs in turn, so that a disturbance affects all of them alike."""
    for run in runs.values():
        run()
    found: dict[Name, list[float]] = {name: [] for name in runs}
    # Other programs take turns with a thread, but not of its own time.
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    start = time.perf_counter()
    for count in range(_ROUNDS):
        if count >= _LEAST_ROUNDS and time.perf_counter() - start > _SECONDS:
            break
        for name, run in runs.items():
            before = clock()
            run()
            found[name].append(clock() - before)
    return found


def _tile(dtype: torch.dtype) -> Tile:
    """Return a tile of a closed square grid whose vertices have eight neighbours.

    Its vertices are in the nested order of HEALPix, quarter by quarter.
    """
    index = np.arange(_SIDE**2)
    bits = index[:, None] >> np.arange(_SIDE.bit_length() * 2)
    powers = 1 << np.arange(_SIDE.bit_length())
    column, row = ((bits[:, axis::2] & 1) @ powers for axis in (0, 1))
    number = np.empty((_SIDE, _SIDE), dtype=np.int64)
    number[row, column] = index
    steps = range(-1, 2)
    sources = np.stack(
        [
            number[(row + down) % _SIDE, (column + right) % _SIDE]
            for down in steps
            for right in steps
        ]
    )
    values = np.full(sources.size, 1 / len(sources))
    targets = np.tile(index, len(sources))
    rows = sp.csr_array((values, (targets, sources.ravel())))
    rows.sort_indices()
    cut = cut_into_tiles(rows, 2, _CORE, dtype)
    if cut is None:
        raise RuntimeError("a grid must be cut into tiles; please report this error")
    return next(iter(cut))
