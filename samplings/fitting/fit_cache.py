"""Fits that are kept on disk between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy
import scipy.sparse as sp

from samplings.arrays import FloatArray, freeze
from samplings.atomic_files import atomic_path
from samplings.base import Masked, Sampling
from samplings.disk_cache import cache_folder, read_or_compute, size_limit, touch, trim
from samplings.fitting.fitted_weights import FittedWeights

# Least number of vertices of fits that are kept. A fit takes 0.2 ms per vertex of a
# sampling without symmetries, a hundred times as long as its key and reading it.
LEAST = 1024
# Raise it when the layout of the files changes.
_LAYOUT = 1


class FitProblem(NamedTuple):
    """Checked arguments of :func:`samplings.fit_weights`, which determine the fit.

    ``mass`` are the fixed masses, of mean one; None if they are fitted.
    """

    sampling: Sampling
    pattern: sp.csr_array
    weighting: str
    mass: FloatArray | None
    row_weights: FloatArray | None

    def key(self, version: int) -> str:
        """Return a SHA-256 of all that determines the fit.

        This includes the ``version`` of the algorithm, those of NumPy and SciPy, and
        the samplings that this one is a part of. It does not include processors and
        numbers of threads, which may change the last bits.
        """
        versions = (_LAYOUT, version, np.__version__, scipy.__version__)
        digest = hashlib.sha256(repr((*versions, self.weighting)).encode())

        def add(*arrays: npt.NDArray[Any] | None) -> None:
            for array in arrays:
                if array is None:
                    digest.update(b"None;")
                else:
                    digest.update(f"{array.dtype.str} {array.shape};".encode())
                    digest.update(np.ascontiguousarray(array).reshape(-1).data)

        part = self.sampling
        while True:
            # The fit depends on the class: scattered points differ from others.
            kinds = [f"{c.__module__}.{c.__qualname__}" for c in type(part).mro()]
            symmetries = part.symmetries
            digest.update(repr((kinds, len(symmetries))).encode())
            add(part.xyz, part.weights, *map(np.asarray, symmetries))
            if not isinstance(part, Masked):
                break
            add(part.index)
            part = part.parent
        links = self.pattern
        add(links.data, links.indices, links.indptr, self.mass, self.row_weights)
        return digest.hexdigest()


def kept_fit(
    problem: FitProblem, version: int, compute: Callable[[], FittedWeights]
) -> FittedWeights:
    """Return the fit of a problem, from the cache if it is in it.

    Fits on few vertices are always computed, and so are all while the cache is off.
    ``version`` is that of the algorithm in ``compute``.

    Warns
    -----
    RuntimeWarning
        As :func:`samplings.disk_cache.read_or_compute`.
    """
    folder = cache_folder()
    if folder is None or len(problem.sampling) < LEAST:
        return compute()
    key = problem.key(version)
    return read_or_compute(
        folder / "fits" / f"fit-{key}.npz",
        "fitted weights",
        lambda path: _read(key, path),
        compute,
        lambda path, fit: _write(key, path, fit),
    )


def _write(key: str, path: Path, fit: FittedWeights) -> None:
    """Write a fit to a file, and keep the folder below its limit."""
    arrays: dict[str, Any] = {
        "key": np.array(key),
        "data": fit.adjacency.data,
        "indices": fit.adjacency.indices,
        "indptr": fit.adjacency.indptr,
        "mass": fit.mass,
        "row_weights": fit.row_weights,
        "weighting": np.array(fit.weighting),
        "bandlimit": np.array(fit.bandlimit),
    }
    limit = size_limit()
    if sum(array.nbytes for array in arrays.values()) > limit:
        return
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)
    trim(path.parent, "fit-*.npz", limit)


def _read(key: str, path: Path) -> FittedWeights:
    """Read a fit; damaged files raise exceptions of many types."""
    # Our own handle, since NumPy does not close its own on a file that is no archive.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        # Reading verifies the checksum of each array.
        arrays = {name: file[name] for name in file.files}
    if str(arrays["key"]) != key:
        raise ValueError("it belongs to another fit")
    touch(path)
    mass, row_weights = arrays["mass"], arrays["row_weights"]
    for array in (mass, row_weights):
        array.setflags(write=False)
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    adjacency = sp.csr_array(parts, shape=(len(mass), len(mass)))
    return FittedWeights(
        freeze(adjacency),
        mass,
        row_weights,
        str(arrays["weighting"]),
        int(arrays["bandlimit"]),
    )
