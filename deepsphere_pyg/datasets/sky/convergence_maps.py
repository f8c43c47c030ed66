"""The published convergence maps of two cosmologies, degraded and smoothed."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, Literal, SupportsFloat

import healpy
import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from deepsphere_pyg.datasets.files import DataFileError, PathLike
from deepsphere_pyg.datasets.kept_array import map_array, write_array
from deepsphere_pyg.datasets.maps import ClassificationDataset, ClassificationSample
from deepsphere_pyg.datasets.sky.published_files import (
    SPLITS,
    StoredMap,
    check_archive,
    published_maps,
)
from samplings import HEALPix
from samplings.arguments import (
    choice_argument,
    counted,
    flag_argument,
    nonnegative_argument,
    path_argument,
)
from samplings.arrays import FloatArray
from samplings.disk_cache import cache_folder, read_or_compute
from samplings.schemes.healpix import nside_argument

Float32Array = npt.NDArray[np.float32]

# Raised whenever the same settings give other maps.
_VERSION = 1
# Convergence is at most of order one; UNSEEN and garbage are larger.
_HIGHEST = 1e6


class ConvergenceMaps(ClassificationDataset):
    r"""Convergence maps of N-body simulations of two cosmologies, as published.

    The models are :math:`(\Omega_m, \sigma_8) = (0.26, 0.91)`, class 0, and
    :math:`(0.31, 0.82)`, class 1, with sources at redshift 0.8. Each map is read, its
    mean removed, averaged to ``nside`` in nested order, and smoothed by

    .. math:: a_{lm} \to e^{-l(l+1)\sigma^2/2} a_{lm}

    The result, which takes some 20 s of one core a map at nside 1024, is kept on disk,
    and read from there the next time.

    Parameters
    ----------
    root
        Folder with ``training.zip`` and ``testing.zip``, or with the folders
        ``training`` and ``testing`` unpacked from them. An archive is preferred.
    split
        ``"train"``, 20 maps of each class, or ``"test"``, 10 of each.
    nside
        Resolution of the maps, a power of two, at most that of the files.
    sigma_arcmin
        Standard deviation :math:`\sigma` of the Gaussian in minutes of arc (not its
        full width at half maximum); 0 for none.
    verify
        Whether an archive must have the published checksum. It is computed before its
        first map is read, not where all maps are kept already.
    complete
        Whether all maps of the split must be there.
    cache
        Folder in which results are kept, 48 nside² bytes a map; by default
        ``convergence-maps`` in :func:`samplings.cache_folder`, and without such a
        folder nothing is kept.

    Attributes
    ----------
    sampling
        ``HEALPix(nside, nest=True)``.
    files
        Names of the files, one a map. Classes alternate, and names are sorted within a
        class.

    Raises
    ------
    FileNotFoundError
        If the split is missing, or incomplete; the message says where to get it.
    ValueError
        If an argument is out of range, an archive differs from the published one, or a
        name tells no class. From ``maps[i]``: if a file is damaged or truncated, its
        values are not those of a whole sky of at least ``nside``, or some are missing
        (NaN, infinite or ``UNSEEN``). The message names the file.

    Notes
    -----
    Source: Perraudin, Defferrard, Kacprzak and Sgier 2019, Astronomy and Computing 27,
    130 (arXiv:1810.12186), section 4; https://doi.org/10.5281/zenodo.1303272, access on
    request. The published experiments remove the mean, degrade with
    ``healpy.ud_grade`` to nside 1024, and smooth with ``healpy.smoothing`` and sigma
    3'. The 30 maps of a class have the initial conditions of those of the other one.

    Examples
    --------
    >>> ConvergenceMaps("no-such-folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no-such-folder has neither training.zip nor a folder ...
    """

    sampling: HEALPix
    channel_names = ("convergence",)
    class_names = ("Omega_m 0.26, sigma_8 0.91", "Omega_m 0.31, sigma_8 0.82")

    def __init__(
        self,
        root: PathLike,
        split: Literal["train", "test"] = "train",
        nside: int = 1024,
        sigma_arcmin: SupportsFloat = 3.0,
        *,
        verify: bool = True,
        complete: bool = True,
        cache: PathLike | None = None,
    ) -> None:
        self.split = choice_argument("split", split, tuple(SPLITS))
        self.nside = nside_argument(nside, nest=True)
        self.sigma_arcmin = nonnegative_argument(
            "sigma_arcmin", sigma_arcmin, "pass minutes of arc, 0 for no smoothing"
        )
        verify = flag_argument("verify", verify)
        complete = flag_argument("complete", complete)
        folder = _folder(cache)
        self._stored = published_maps(root, self.split, complete)
        self.files = tuple(one.name for one in self._stored)
        self._kept = [self._place(one, folder) for one in self._stored]
        source = self._stored[0]
        all_kept = all(path is not None and path.is_file() for path in self._kept)
        if verify and source.member is not None and not all_kept:
            check_archive(source.path, SPLITS[self.split].md5)
        self.sampling = HEALPix(self.nside, nest=True)

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, index: int) -> ClassificationSample:
        """Return map ``index``, from the cache if it is there."""
        index = self._check_index(index)
        stored, path = self._stored[index], self._kept[index]
        values: npt.NDArray[Any]
        if path is None:
            values = self._prepared(stored)
        else:
            values = read_or_compute(
                path,
                "prepared maps",
                self._kept_map,
                lambda: self._prepared(stored),
                write_array,
            )
        x = torch.from_numpy(np.array(values)[:, None])
        return ClassificationSample(x, stored.kind)

    def prepare(self, *, progress: bool = True) -> None:
        """Read, smooth and keep all maps now, instead of at their first use.

        Parameters
        ----------
        progress
            Whether terminals show a bar.

        Raises
        ------
        ValueError
            If there is no folder to keep them in, and as ``maps[i]``.
        """
        hidden = None if flag_argument("progress", progress) else True
        if None in self._kept:
            raise ValueError(
                "there is no cache to keep maps in; pass cache=, or choose a folder by "
                "samplings.use_cache"
            )
        for index in tqdm(range(len(self)), "maps", leave=False, disable=hidden):
            self[index]

    def _place(self, stored: StoredMap, folder: Path | None) -> Path | None:
        """Return the file in which a map is kept, named by all it depends on."""
        if folder is None:
            return None
        settings = [_VERSION, self.nside, self.sigma_arcmin, *stored.stamp]
        digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
        return folder / f"{Path(stored.name).stem}-{digest}.npy"

    def _kept_map(self, path: Path) -> Float32Array:
        """Read a kept map."""
        kept = map_array(path)
        if kept.shape != (12 * self.nside**2,) or kept.dtype != np.float32:
            raise DataFileError(f"it holds {kept.dtype} of shape {kept.shape}")
        return kept

    def _prepared(self, stored: StoredMap) -> Float32Array:
        """Read a map and return it in nested order, degraded and smoothed."""
        whole = _checked(stored, stored.read(), self.nside)
        nested = healpy.reorder(whole - whole.mean(), r2n=True)
        values = nested.reshape(len(self.sampling), -1).mean(axis=1)
        sigma = math.radians(self.sigma_arcmin / 60)
        if sigma:
            values = healpy.smoothing(values, sigma=sigma, nest=True)
        return np.asarray(values, dtype=np.float32)


def _folder(cache: PathLike | None) -> Path | None:
    """Return the folder of kept maps, or None for none."""
    if cache is not None:
        return path_argument("cache", cache)
    default = cache_folder()
    return None if default is None else default / "convergence-maps"


def _checked(stored: StoredMap, values: FloatArray, nside: int) -> FloatArray:
    """Return the values of a whole sky that is at least as fine as ``nside``."""
    fine = math.isqrt(len(values) // 12)
    if not fine or 12 * fine**2 != len(values) or fine & (fine - 1):
        raise DataFileError(
            f"{stored} must be a map of the whole sky, 12 nside**2 pixels with nside a "
            f"power of two, got {len(values)}; it may be truncated: copy it again"
        )
    if fine < nside:
        raise DataFileError(
            f"{stored} has nside {fine}, which is coarser than the nside {nside} asked "
            f"for; pass nside={fine} or less"
        )
    # False for NaN, too.
    missing = ~(np.abs(values) < _HIGHEST)
    if missing.any():
        raise DataFileError(
            f"{stored} has {counted(int(missing.sum()), 'pixel')} without a value "
            "(NaN, infinite or UNSEEN), but published maps are of the whole sky; copy "
            "it again"
        )
    return values
