"""Patches of maps of two classes in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deepsphere_pyg.datasets import (
    ConvergenceMaps,
    GaussianFields,
    LognormalFields,
    NestedPatches,
    convergence_spectra,
    cosmology_spectra,
)
from samplings import HEALPix, Sampling

#: Below this degree the spectra of the published file differ by chance.
EQUAL_BELOW = 100
# Degree of the polynomial of l that their ratio follows above.
_SMOOTH = 6
N_CLASSES = 2
# Parts of the data, whose maps have seeds of their own.
PARTS = ("train", "validation", "test")
# Patches whose noise is drawn at once.
_STEP = 16


@dataclass(frozen=True)
class Patches:
    """Patches of maps.

    Attributes
    ----------
    x
        Clean maps, shape ``(patches, V)``, float32.
    y
        Classes, shape ``(patches,)``, int64.
    sampling
        The first patch, on whose graph all are.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    sampling: Sampling

    def noisy(self, sigma: float, *seed: int) -> npt.NDArray[np.float32]:
        """Return maps with white noise of a standard deviation, the same each time."""
        found = self.x.copy()
        random = np.random.default_rng(seed)
        for start in range(0, len(found), _STEP):
            part = found[start : start + _STEP]
            part += sigma * random.standard_normal(part.shape, dtype=np.float32)
        return found


def spectra_of(path: Path | None, nside: int) -> npt.NDArray[np.float64]:
    """Return the spectra of the two classes up to degree ``3 nside - 1``.

    The spectra of the published file are means over a few skies, so that single degrees
    differ by chance, which would tell the classes apart. Their mean is kept, and their
    ratio is the trend over degrees: a polynomial fit to its logarithm, and one below
    degree 100.
    """
    lmax = 3 * nside - 1
    if path is None:
        return convergence_spectra(lmax)
    spectra = cosmology_spectra(path)
    if spectra.shape[1] <= lmax:
        raise ValueError(
            f"{path} must have degrees up to 3 nside - 1 = {lmax}, got "
            f"{spectra.shape[1] - 1}; lower --nside"
        )
    degrees = np.arange(EQUAL_BELOW, spectra.shape[1])
    difference = np.zeros(spectra.shape[1])
    logarithm = np.log(spectra[1, EQUAL_BELOW:] / spectra[0, EQUAL_BELOW:])
    trend = np.polynomial.Polynomial.fit(
        degrees, logarithm, _SMOOTH, w=np.sqrt(2 * degrees + 1)
    )
    difference[EQUAL_BELOW:] = trend(degrees)
    found = spectra.mean(axis=0) * np.exp(np.array([[-0.5], [0.5]]) * difference)
    # Maps have neither mean nor dipole.
    found[:, :2] = 0
    smooth: npt.NDArray[np.float64] = found[:, : lmax + 1]
    return smooth


def read_patches(options: Any, part: str) -> Patches:
    """Generate or read the patches of a part of the data."""
    maps, numbers = _maps(options, part)
    cut = NestedPatches(maps, options.order, options.patches)
    each = len(cut.patch_numbers)
    some = range(each * numbers.start, each * numbers.stop)
    x = np.empty((len(some), len(cut.sampling)), dtype=np.float32)
    y = np.empty(len(some), dtype=np.int64)
    steps = tqdm(some, desc=f"{part} patches", leave=False, disable=None, unit="patch")
    for row, i in enumerate(steps):
        sample = cut[i]
        x[row], y[row] = sample.x[:, 0].numpy(), sample.y
    return Patches(x, y, cut.sampling)


def _maps(options: Any, part: str) -> tuple[Any, range]:
    """Return whole-sky maps, and which of them are a part of the data."""
    if options.data == "published":
        return _published(options, part)
    count = {
        "train": options.n_maps,
        "validation": options.n_validation,
        "test": options.n_test,
    }[part]
    sampling = HEALPix(options.nside, nest=True)
    spectra = spectra_of(options.spectra, options.nside)
    # Maps do not depend on the seeds of trainings.
    given = {"n_maps": count, "seed": PARTS.index(part)}
    maps: GaussianFields
    if options.data == "gaussian":
        maps = GaussianFields(sampling, spectra, **given)
    else:
        mean = spectra.mean(axis=0)
        maps = LognormalFields(sampling, [mean, mean], options.kappa0, **given)
    return maps, range(count)


def _published(options: Any, part: str) -> tuple[ConvergenceMaps, range]:
    """Return the published maps; the last training maps validate.

    Raises
    ------
    ValueError
        If there are not enough maps to train on.
    """
    if part == "test":
        maps = ConvergenceMaps(options.root, "test", options.nside)
        return maps, range(len(maps))
    maps = ConvergenceMaps(options.root, "train", options.nside)
    first = len(maps) - options.n_validation
    if first < N_CLASSES:
        raise ValueError(
            f"--n-validation must leave maps of both classes to train on, got "
            f"{options.n_validation} of {len(maps)}; pass fewer"
        )
    return maps, range(first) if part == "train" else range(first, len(maps))
