"""Sources of shapes, rendered in this process or in several others."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes import Mesh
from deepsphere_pyg.datasets.shapes.renderings import Rendering
from samplings.arguments import kind_of
from samplings.arrays import IntArray

# Shapes waiting for each process: enough that none is idle, few enough for memory.
_WAITING = 3
#: Maps of a shape, or the text of the error that came in their place.
Rendered = npt.NDArray[Any] | str


class Loadable(Protocol):
    """What rendering needs of a source of shapes."""

    ids: list[str]

    def load(self, index: int) -> Mesh:
        """Return a shape."""


class Shapes(Loadable, Protocol):
    """What a data set of maps needs of a source of shapes."""

    labels: IntArray
    class_names: tuple[str, ...]

    def key(self, index: int) -> str:
        """Return a text that changes with the content of a shape."""


def source_argument(source: Any) -> Shapes:
    """Return ``source`` if it has shapes that can be rendered."""
    needed = ("ids", "labels", "class_names", "load", "key")
    lacking = [name for name in needed if not hasattr(source, name)]
    if lacking or isinstance(source, type):
        raise TypeError(
            f"source must be a source of shapes, got {kind_of(source)}"
            f"{f' without {lacking[0]}' if lacking else ''}; pass one such as "
            "ModelNet(root, 'train')"
        )
    if len(source.ids) == 0:
        raise ValueError("source must have shapes, got none; pass another source")
    if np.shape(source.labels) != (len(source.ids),):
        raise ValueError(
            f"source must have a label for each of its {len(source.ids)} shapes, got "
            f"labels of shape {np.shape(source.labels)}; pass -1 for unknown ones"
        )
    if len(set(source.ids)) < len(source.ids):
        raise ValueError("ids of source must differ; rename shapes of the same id")
    shapes: Shapes = source
    return shapes


def rendered(
    source: Loadable, rendering: Rendering, indices: Sequence[int], n_workers: int
) -> Iterator[tuple[int, Rendered]]:
    """Render shapes, and yield each with its index as soon as it is done.

    One worker is this process. More are processes of their own, which are started
    afresh ("spawn"), so that threads of this one do no harm.

    Raises
    ------
    RuntimeError
        If a process ends before its work is done.
    """
    if n_workers == 1 or len(indices) < 2:
        for index in indices:
            yield index, _one(source, rendering, index)
        return
    pool = ProcessPoolExecutor(
        min(n_workers, len(indices)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(source, rendering),
    )
    waiting: dict[Future[Rendered], int] = {}
    left = iter(indices)
    try:
        while True:
            room = _WAITING * n_workers - len(waiting)
            for index in itertools.islice(left, room):
                waiting[pool.submit(_one_here, index)] = index
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(done), done.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a process that renders shapes ended early, for want of memory or because "
            "the script that started it has no `if __name__ == '__main__':`; pass "
            "n_workers=1, or call again: shapes that are done are kept in the cache"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one(source: Loadable, rendering: Rendering, index: int) -> Rendered:
    """Render one shape, or return the text of the error of a damaged one."""
    try:
        return rendering.render(source.load(index), source.ids[index])
    except (ValueError, OSError) as error:
        return str(error)


# What a worker process renders, set when it starts.
_work: tuple[Loadable, Rendering] | None = None


def _start(source: Loadable, rendering: Rendering) -> None:
    """Keep what this worker process renders."""
    global _work
    _work = source, rendering


def _one_here(index: int) -> Rendered:
    """Render one shape in a worker process."""
    if _work is None:
        raise RuntimeError("_start must be called first in a worker process")
    return _one(*_work, index)
