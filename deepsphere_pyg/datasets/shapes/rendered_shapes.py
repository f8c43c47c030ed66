"""Data set of the maps of shapes, rendered once and kept."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from deepsphere_pyg.convert.meshes import MESH_CHANNELS
from deepsphere_pyg.convert.meshes.maps import miss_argument
from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.maps import ClassificationDataset, ClassificationSample
from deepsphere_pyg.datasets.shapes.kept_maps import KeptMaps
from deepsphere_pyg.datasets.shapes.listed_maps import first_names
from deepsphere_pyg.datasets.shapes.rendering_workers import (
    Shapes,
    rendered,
    source_argument,
)
from deepsphere_pyg.datasets.shapes.renderings import Rendering
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    flag_argument,
    integer_argument,
    kind_of,
    nonnegative_argument,
    path_argument,
    sampling_argument,
)
from samplings.arrays import FloatArray, IntArray

_DTYPES = ("float32", "float16")


class UnreadableShapesWarning(UserWarning):
    """Some shapes cannot be read or are empty, and have maps of nothing."""


class RenderedShapes(ClassificationDataset):
    """Maps of shapes with labels, as networks on the sphere take them.

    Each mesh is cleaned, centred and scaled; each of its copies is shifted, rotated if
    wanted, scaled to a radius of 0.99, and mapped: see
    :func:`~deepsphere_pyg.convert.clean_mesh`,
    :func:`~deepsphere_pyg.convert.normalized_mesh` and
    :func:`~deepsphere_pyg.convert.mesh_maps`. Copies of a shape follow each other:
    sample i A + j is copy j of shape i, for A copies.

    Parameters
    ----------
    source
        Shapes with ids, labels, class names, ``load(i)`` and ``key(i)``, such as
        ``ModelNet``. To render in several processes, it must pickle.
    sampling
        Points on the sphere.
    augmentations
        Number of copies of each shape.
    rotate
        Whether each copy is rotated at random, uniformly over all rotations.
    shift
        Each copy is shifted in a random direction by a length drawn uniformly from 0 to
        ``shift``, in units of the shape's radius. Published maps of training and test
        sets have 0.1.
    miss
        Distance where a ray hits nothing: 1 or 0, as in either of the published codes.
    hull
        Whether to map the convex hull too: six channels, or three.
    seed
        Seed of shifts and rotations. Those of a copy depend on the seed, the id of the
        shape and the number of the copy; they do not depend on the order of shapes.
    cache
        Folder in which maps are kept between runs, also of an interrupted one; None
        keeps them in memory. Each choice of settings, shapes and points has a folder of
        its own in it, which takes the maps of shapes that have not changed from those
        of the same settings and points: if a mesh is repaired, added or left out, only
        that one is rendered. A folder may be deleted as soon as no process uses it,
        such as that of an earlier version of the shapes once a new one is complete.
    dtype
        Type in which maps are kept. ``"float16"`` halves the space; it rounds cosines
        and sines by at most 0.00024, and distances by at most 0.00049.
    n_workers
        Number of processes that render; 1 is this one. A script that starts others
        needs ``if __name__ == "__main__":``.
    progress
        Whether to show progress bars in a terminal.

    Attributes
    ----------
    x
        Maps, shape ``(N, augmentations, V, C)`` for N shapes, read-only; with a cache
        they are mapped from the file, not loaded.
    y
        Label of each shape, int64, shape ``(N,)``.
    ids
        Id of each shape.
    failed
        Ids of the shapes that cannot be read or are empty. Their maps are those of
        nothing (:func:`~deepsphere_pyg.convert.background_maps`), so that each shape
        has a prediction.
    source
        As passed.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range, there are no shapes, or a kept file has another
        content.
    IndexError
        From ``dataset[i]``, if there is no map i.
    OSError
        If the cache cannot be written to, or has too little space.
    ImportError
        If embreex is not installed (extra ``[shapes]``).

    Warns
    -----
    UnreadableShapesWarning
        If shapes cannot be read or are empty.
    RuntimeWarning
        If kept maps are damaged, and therefore rendered again, or those of another
        folder of the cache cannot be read.

    Notes
    -----
    A closed mesh of 16,000 faces takes 52 ms on one core at the 12,288 points of
    ``HEALPix(32)``, and 11 ms for each further copy; a copy takes 295 kB.

    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130); Defferrard,
    Milani, Gusset and Perraudin 2020 (arXiv:2012.15000).

    Equivariance: as :func:`~deepsphere_pyg.convert.mesh_maps`.

    Examples
    --------
    >>> from deepsphere_pyg.convert import Mesh
    >>> from samplings import HEALPix
    >>> class Tetrahedron:
    ...     ids, labels, class_names = ["0"], np.array([0]), ("tetrahedron",)
    ...     def load(self, index):
    ...         corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    ...         return Mesh(corners, [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    ...     def key(self, index):
    ...         return "tetrahedron"
    >>> shapes = RenderedShapes(Tetrahedron(), HEALPix(2), augmentations=3)
    >>> shapes.x.shape, len(shapes), shapes[2].x.shape, shapes[2].y
    ((1, 3, 48, 6), 3, torch.Size([48, 6]), 0)
    """

    item = "map"

    def __init__(
        self,
        source: Shapes,
        sampling: Sampling,
        *,
        augmentations: SupportsIndex = 1,
        rotate: bool = False,
        shift: SupportsFloat = 0.1,
        miss: SupportsFloat = 1.0,
        hull: bool = True,
        seed: SupportsIndex = 0,
        cache: PathLike | None = None,
        dtype: str = "float32",
        n_workers: SupportsIndex = 1,
        progress: bool = False,
    ) -> None:
        self.source = source_argument(source)
        self.sampling = sampling_argument("sampling", sampling)
        self._rendering = Rendering(
            self.sampling,
            integer_argument("augmentations", augmentations, 1),
            flag_argument("rotate", rotate),
            nonnegative_argument("shift", shift, "pass 0.1, or 0 for no shift"),
            miss_argument(miss),
            flag_argument("hull", hull),
            integer_argument("seed", seed, 0),
            choice_argument("dtype", dtype, _DTYPES),
        )
        workers = integer_argument("n_workers", n_workers, 1)
        # None: tqdm asks whether there is a terminal.
        hidden = None if flag_argument("progress", progress) else True
        self.ids = list(source.ids)
        self.y: IntArray = np.array(source.labels, dtype=np.int64)
        self.y.setflags(write=False)
        self.class_names = tuple(source.class_names)
        self.channel_names = MESH_CHANNELS[: self._rendering.shape[-1]]
        self.failed: list[str] = []
        folder = None if cache is None else path_argument("cache", cache)
        self.x = self._maps(folder, workers, hidden)

    @property
    def augmentations(self) -> int:
        """Number of copies of each shape."""
        return self._rendering.augmentations

    def __len__(self) -> int:
        return len(self.ids) * self.augmentations

    def __getitem__(self, index: int) -> ClassificationSample:
        """Return map ``index``, the same each time."""
        shape, copy = divmod(self._check_index(index), self.augmentations)
        x = np.array(self.x[shape, copy], dtype=np.float32)
        return ClassificationSample(torch.from_numpy(x), int(self.y[shape]))

    def placement(self, index: int) -> tuple[FloatArray, Rotation]:
        """Return the shift, shape ``(3,)``, and the rotation of map ``index``.

        They are those of :func:`~deepsphere_pyg.convert.normalized_mesh`.
        """
        shape, copy = divmod(self._check_index(index), self.augmentations)
        return self._rendering.placement(self.ids[shape], copy)

    # -- maps -------------------------------------------------------------------
    def _maps(
        self, cache: Path | None, n_workers: int, hidden: bool | None
    ) -> npt.NDArray[Any]:
        """Return the maps of all shapes, of which missing ones are rendered."""
        shape = (len(self.ids), *self._rendering.shape)
        everything = list(range(len(self.ids)))
        if cache is None:
            maps = np.empty(shape, dtype=self._rendering.dtype)
            for index, values, _ in self._rendered(everything, n_workers, hidden):
                maps[index] = values
            maps.setflags(write=False)
            return maps
        kept = KeptMaps(
            cache,
            self._rendering,
            type(self.sampling).__name__.lower(),
            self.ids,
            [self._key(index) for index in everything],
        )
        missing = kept.missing(hidden)
        for index, values, right in self._rendered(missing, n_workers, hidden):
            # Those that failed are tried again, since their files may be repaired.
            kept.write(index, values, done=right)
        return kept.mapped(len(self.ids))

    def _rendered(self, indices: list[int], n_workers: int, hidden: bool | None) -> Any:
        """Yield index and maps of each shape, and whether it can be read."""
        faults: dict[int, str] = {}
        shapes = rendered(self.source, self._rendering, indices, n_workers)
        total = len(indices)
        for index, maps in tqdm(
            shapes, "rendering shapes", total, leave=False, disable=hidden
        ):
            if isinstance(maps, str):
                faults[index] = maps
                yield index, self._rendering.background(), False
            else:
                yield index, maps, True
        if faults:
            self.failed = [self.ids[index] for index in sorted(faults)]
            first = faults[min(faults)]
            warnings.warn(
                f"{len(faults)} of {len(self.ids)} shapes cannot be mapped "
                f"({first_names(self.failed)}; {self.failed[0]}: {first}); their maps "
                "are those of nothing; leave them out of trainings",
                UnreadableShapesWarning,
                stacklevel=4,
            )

    def _key(self, index: int) -> str:
        """Return the key of a shape, or the error that came in its place."""
        try:
            return str(self.source.key(index))
        except (ValueError, OSError) as error:
            return f"{kind_of(error)}: {error}"
