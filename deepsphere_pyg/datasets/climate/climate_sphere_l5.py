"""The climate data of the spherical U-Nets: 16 channels on an icosahedral mesh."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from deepsphere_pyg.datasets.base import SegmentationSample, segmentation_sample
from deepsphere_pyg.datasets.climate.cam5 import (
    CAM5_CHANNELS,
    CAM5_CLASSES,
    check_finite,
)
from deepsphere_pyg.datasets.files import PathLike, files_in, reading
from deepsphere_pyg.datasets.regridding.regridded_maps import RegriddedMaps
from samplings import Icosahedral, Sampling, same_sampling
from samplings.arguments import choice_argument, integers_argument, path_argument
from samplings.arrays import IntArray
from samplings.reading import numpy_arrays

_NAME = re.compile(r"data-\d{4}-\d{2}-\d{2}-\d{2}-(?P<run>\d+)(-mesh)?\.npz")
_N_VERTICES = 10_242
# Midpoints are sorted by their coordinates, rounded to this unit. At level 5 they stay
# 5e-13 away from a tie of the rounding, a thousand times the round-off.
_KEY_UNIT = 1e-8
_LAYOUT = (
    "put the files data-YYYY-MM-DD-SS-R-mesh.npz of climate_sphere_l5 (the folder "
    "data_5_all of the archive) and train_split.txt, val_split.txt, test_split.txt "
    "there. The published download has been dead since 2022: ask the authors or "
    "somebody who has a copy, or use ClimateEvents, which is generated"
)


class ClimateSphereL5(RegriddedMaps):
    """CAM5 maps with cyclones and rivers, on the icosahedron of level 5.

    Each file holds one map of 10,242 vertices, which is read on access. The points are
    those of :class:`samplings.Icosahedral` in another order (see :func:`file_order`),
    so nothing is interpolated on ``Icosahedral(5)``.

    Parameters
    ----------
    root
        Folder with the ``npz`` files and the lists of the splits.
    sampling
        Sampling of the maps, by default ``Icosahedral(5)``. On others, inputs are
        interpolated linearly on the triangles of the mesh, and labels are taken from
        the nearest vertex.
    split
        ``"train"``, ``"val"`` or ``"test"``, read from ``<split>_split.txt`` (one file
        name per line), or ``"all"`` for every file of the folder.
    runs
        Runs of the climate model to keep: numbers R in the file names
        ``data-YYYY-MM-DD-SS-R-mesh.npz``. The published ones are 1, 2, 3, 4 and 6; all
        by default.

    Attributes
    ----------
    files
        The files, in the order of the maps.

    Raises
    ------
    FileNotFoundError
        If the folder, a list or a file is missing; the message says where to put which
        files.
    ValueError
        If no file remains; on access, if a file is damaged, lacks an array, or holds
        wrong shapes, labels that are not one-hot or values that are not finite.

    Notes
    -----
    A file holds ``data`` (16, 10242), channels in the order of :data:`CAM5_CHANNELS`,
    and ``labels`` (3, 10242), one-hot: background, tropical cyclone, atmospheric river;
    both may be transposed. The classes cover 97.7 %, 0.1 % and 2.2 % of the area. Files
    do not say which meridian their longitude zero is.

    Source: Jiang et al., Spherical CNNs on unstructured grids, ICLR 2019
    (arXiv:1901.02039); segmentation data of Mudigonda et al., Segmenting and tracking
    extreme climate events using neural networks, NeurIPS 2017 workshop.

    Examples
    --------
    >>> ClimateSphereL5("no-such-folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no-such-folder does not exist; put the files ...
    """

    channel_names = CAM5_CHANNELS
    class_names = CAM5_CLASSES

    def __init__(
        self,
        root: PathLike,
        sampling: Sampling | None = None,
        *,
        split: str = "train",
        runs: Collection[int] | None = None,
    ) -> None:
        self.files = _select(path_argument("root", root), split, runs)
        mesh = Icosahedral(5)
        self._order = file_order(5)
        super().__init__(mesh, mesh if sampling is None else sampling, "linear")
        self._on_mesh = same_sampling(mesh, self.sampling)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read and check the map of file ``index``."""
        data, classes = _read(self.files[self._check_index(index)])
        x, y = np.empty_like(data), np.empty_like(classes)
        x[self._order], y[self._order] = data, classes
        if self._on_mesh:
            return segmentation_sample(x, y, len(self.class_names))
        return self._carried(x.T, y)


@functools.cache
def file_order(level: int) -> IntArray:
    r"""Return the vertex of ``Icosahedral(level)`` at each position in the files.

    It is a permutation ``p`` of ``10 * 4**level + 2`` vertices: value ``i`` of a file
    is at ``Icosahedral(level).xyz[p[i]]``. The published data have level 5.

    The files list the 12 corners :math:`(\pm1, \pm\phi, 0)` and their cyclic
    permutations, then the midpoints of each subdivision, sorted by the bytes of the
    coordinates of the middle of the chord, rounded to 1e-8 and written as little-endian
    32-bit integers.

    Source: Jiang et al., Spherical CNNs on unstructured grids, ICLR 2019
    (arXiv:1901.02039): the mesh of their published code.

    Examples
    --------
    >>> order = file_order(1)
    >>> Icosahedral(1).xyz[order[:2]].round(2)
    array([[-0.53,  0.85,  0.  ],
           [ 0.53,  0.85,  0.  ]])
    """
    golden = (1 + 5**0.5) / 2
    flat = [(unit, long * golden, 0.0) for long in (1, -1) for unit in (-1, 1)]
    corners = [np.roll(point, shift) for shift in range(3) for point in flat]
    levels = [np.array(corners) / np.hypot(1, golden)]
    for coarse in range(level):
        mesh = Icosahedral(coarse)
        sides = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
        first, second = np.unique(sides, axis=0).T
        chords = (mesh.xyz[first] + mesh.xyz[second]) / 2
        # Subtract a little, so that exact halves are rounded as in the files.
        keys = np.round(chords / _KEY_UNIT - 1e-6).astype("<i4")
        octets = keys.view(np.uint8).reshape(len(keys), -1)
        chords = chords[np.lexsort(octets.T[::-1])]
        levels.append(chords / np.linalg.norm(chords, axis=1)[:, None])
    _, vertex = cKDTree(Icosahedral(level).xyz).query(np.concatenate(levels))
    order = np.asarray(vertex, dtype=np.int64)
    order.setflags(write=False)
    return order


def _select(root: Path, split: str, runs: Collection[int] | None) -> list[Path]:
    """Return the files of a split and of some runs."""
    choice_argument("split", split, ("train", "val", "test", "all"))
    files = files_in(root, "data-*.npz", _LAYOUT)
    if split != "all":
        listing = root / f"{split}_split.txt"
        if not listing.is_file():
            raise FileNotFoundError(
                f"{listing} does not exist: it lists the files of the split, one a "
                "line, and comes with the published code of the paper, not with the "
                "data; get it, or pass split='all' with runs=(...) to split by runs"
            )
        with reading(listing, "a list of file names"):
            names = listing.read_text(encoding="utf-8").split()
        files = [root / name for name in names]
        absent = [path.name for path in files if not path.is_file()]
        if absent:
            raise FileNotFoundError(
                f"{listing} names {len(absent)} files that are not in {root}, the "
                f"first is {absent[0]}; {_LAYOUT}"
            )
    if runs is not None:
        wanted = integers_argument("runs", runs, 0)
        matches = [_NAME.fullmatch(path.name) for path in files]
        pairs = zip(files, matches, strict=True)
        files = [path for path, match in pairs if match and int(match["run"]) in wanted]
    if not files:
        raise ValueError(
            f"no file of {root} is in split {split!r} and runs {runs}; "
            "check the list and the runs"
        )
    return files


def _read(path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Read inputs ``(10242, 16)`` and classes of a file, in its own order."""
    arrays = numpy_arrays(path, "npz", ("data", "labels"))
    for name, rows in (("data", len(CAM5_CHANNELS)), ("labels", len(CAM5_CLASSES))):
        array = arrays[name]
        if array.shape == (rows, _N_VERTICES):
            arrays[name] = array.T
        elif array.shape != (_N_VERTICES, rows):
            raise ValueError(
                f"{path}: {name} must have shape ({rows}, {_N_VERTICES}), "
                f"got {array.shape}"
            )
    data, one_hot = arrays["data"], arrays["labels"]
    check_finite(data, CAM5_CHANNELS, path)
    ones, zeros = one_hot == 1, one_hot == 0
    wrong = ~((ones | zeros).all(axis=1) & (ones.sum(axis=1) == 1))
    if wrong.any():
        bad = int(wrong.argmax())
        raise ValueError(
            f"{path}: labels must be one-hot over {', '.join(CAM5_CLASSES)}, "
            f"got {one_hot[bad].tolist()} at vertex {bad}"
        )
    return data, ones.argmax(axis=1)
