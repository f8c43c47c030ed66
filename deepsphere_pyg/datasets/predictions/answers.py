"""Answers of a network, block by block, in the order of the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.field_maps.described_maps import DescribedMaps
from samplings.arguments import kind_of

#: Answers as an array, as blocks of it, or as a function of the inputs.
Answers = npt.ArrayLike | Iterable[Any] | Callable[[Any], Any]


def answer_blocks(
    answers: Any, maps: DescribedMaps, batch_size: int
) -> Iterator[npt.NDArray[Any]]:
    """Go through the answers for all samples, in blocks ``(n, ...)``.

    Parameters
    ----------
    answers
        Array or tensor ``(N, V, C)`` or ``(N, C)``; blocks of it one after another; or
        a function from inputs ``(n, V, C_in)`` to answers ``(n, ...)``.
    maps
        The samples.
    batch_size
        Number of samples in a block of an array or of the inputs of a function.

    Raises
    ------
    TypeError
        If the answers are of another type.
    ValueError
        If their number or shape does not fit.
    """
    n, done = len(maps), 0
    shape: tuple[int, ...] | None = None
    for block in _blocks(answers, maps, batch_size):
        array = _array(block)
        if array.ndim not in (2, 3):
            raise ValueError(
                "answers must have shape (N, V, C), or (N, C) for whole samples, got a "
                f"block of shape {array.shape}; add an axis of channels"
            )
        if array.ndim == 3 and array.shape[1] != len(maps.sampling):
            raise ValueError(
                f"answers have {array.shape[1]} vertices, the maps "
                f"{len(maps.sampling)} on {maps.sampling.name}; pass the maps that "
                "were predicted"
            )
        if shape is not None and array.shape[1:] != shape:
            raise ValueError(
                f"blocks of answers must have one shape, got {shape} and then "
                f"{array.shape[1:]} after the first axis; predict all with one network"
            )
        shape = array.shape[1:]
        done += len(array)
        if done > n:
            break
        yield array
    if done != n:
        found = f"more than {n}" if done > n else str(done)
        raise ValueError(
            f"there must be one answer per sample, {n}, got {found}; pass the maps "
            "that were predicted, such as maps.take(indices)"
        )


def _blocks(answers: Any, maps: DescribedMaps, batch_size: int) -> Iterator[Any]:
    starts = range(0, len(maps), batch_size)
    if callable(answers):
        for start in starts:
            yield answers(maps.X[start : start + batch_size])
    elif hasattr(answers, "shape") or isinstance(answers, list | tuple):
        whole = answers if hasattr(answers, "shape") else np.asarray(answers)
        if not whole.ndim or len(whole) != len(maps):
            yield whole
            return
        for start in starts:
            yield whole[start : start + batch_size]
    elif isinstance(answers, Iterable) and not isinstance(answers, str | bytes | dict):
        yield from answers
    else:
        raise TypeError(
            "answers must be an array, blocks of one, or a function from inputs to "
            f"answers, got {kind_of(answers)}; pass trained.predict, for example"
        )


def _array(block: Any) -> npt.NDArray[Any]:
    if hasattr(block, "detach"):
        block = block.detach().cpu().numpy()
    try:
        array = np.asarray(block)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"answers must be real numbers, got {kind_of(block)}; pass what predict "
            "gives"
        ) from None
    return array
