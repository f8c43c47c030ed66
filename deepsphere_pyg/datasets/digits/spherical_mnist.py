"""MNIST on the sphere: digits projected onto any sampling, rotated if wanted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.datasets.classification import (
    ClassificationDataset,
    ClassificationSample,
)
from deepsphere_pyg.datasets.digits.spherical_mnist_files import SPLITS, read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import (
    CENTRE,
    HALF_WIDTH,
    INTERPOLATIONS,
    Images,
    project,
    project_turned,
)
from deepsphere_pyg.datasets.fields.gaussian_fields import checked_rotation
from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.kept_array import map_array, write_array
from samplings import Sampling
from samplings.arguments import choice_argument, integer_argument, sampling_argument
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.regular_grid import RegularGrid

# Pictures per step of the progress bar.
_STEP = 1000
# Raise it with any change of values: cached signals of other versions are not used.
_VERSION = 1


class SphericalMNIST(ClassificationDataset):
    r"""Handwritten digits projected onto the lower half of the sphere.

    The picture covers the square :math:`[-1.5, 1.5]^2` of the plane that touches the
    sphere at the south pole, rows along x and columns along y, and is seen from 2.001
    above it; on the sphere it is interpolated bilinearly. Its corners reach 6 degrees
    beyond the equator. Values go from 0 (paper, all that is off the picture) to 1.

    Parameters
    ----------
    root
        ``mnist.npz``, its folder, or the folder of the idx files; see
        :func:`read_mnist`. :func:`download_mnist` fetches it.
    sampling
        Points on the sphere; any sampling.
    split
        ``"train"`` (60,000 digits) or ``"test"`` (10,000).
    rotate
        ``True`` rotates each digit at random, uniformly over all rotations ("R");
        ``False`` does not ("NR"); a SciPy ``Rotation`` rotates all digits alike.
    seed
        Seed of the random rotations; that of digit i depends on the seed, the split
        and i.
    n_images
        Number of digits, from the first on; all by default.
    interpolation
        ``"bilinear"``, or ``"published"`` as in the published code, for comparison with
        its accuracies; see the notes.
    cache
        Folder in which signals are kept between runs, one byte a value; None keeps them
        in memory. Other settings, digits or points make another file.
    progress
        Whether to show a progress bar in a terminal.

    Attributes
    ----------
    signals
        Grey values 0 to 255, uint8, shape ``(digit, V)``, read-only; the source of
        ``x``. With a cache they are mapped from the file, not loaded.
    labels
        Digits, int64, shape ``(digit,)``.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling, ``rotate`` neither a boolean nor a rotation,
        or a number not an integer.
    FileNotFoundError
        If there are no files; the message lists the expected ones.
    ValueError
        If a file is damaged or labels do not fit, the split or the interpolation is
        unknown, or there are fewer images than ``n_images``.
    IndexError
        From ``dataset[i]``, if there is no digit i.

    Notes
    -----
    60,000 digits at 3,541 vertices (60 x 60, Driscoll and Healy) take 2 s on one core,
    20 s with random rotations, and 212 MB.

    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130).
    Their published code rotates 500 digits at a time alike; here each has a rotation of
    its own. Until November 2024 (github.com/jonkhler/s2cnn, pull request 65) it
    interpolated, along each axis, between the pixels before and after that of a point,
    with shares that add up to 2 and jump from pixel to pixel, and stretched each digit
    to the full range of values: ``"published"``. The result is two pictures, two pixels
    apart, the one to the lower right fainter. This marks which way is up on a digit,
    whatever its rotation, so that invariant networks can tell 6 from 9. Bilinear
    interpolation leaves only the shapes, some of which are the same.

    Equivariance: the digit rotated by R is :math:`f(R^{-1} x)` at the same points, to
    within the rounding of grey values; with ``"published"`` also up to a factor, since
    the full range of values depends on the points.

    Examples
    --------
    >>> import tempfile
    >>> from samplings import Equiangular
    >>> folder = tempfile.TemporaryDirectory()
    >>> split = {"x_test": np.full((1, 28, 28), 255, np.uint8), "y_test": [7]}
    >>> np.savez(folder.name + "/mnist.npz", **split)
    >>> digits = SphericalMNIST(folder.name, Equiangular(8), split="test")
    >>> digits[0].x.shape, float(digits[0].x.max()), digits[0].y
    (torch.Size([128, 1]), 1.0, 7)
    >>> digits.planar([0]).shape
    torch.Size([1, 1, 8, 16])
    >>> folder.cleanup()
    """

    item = "digit"
    channel_names = ("ink",)
    class_names = tuple(str(digit) for digit in range(10))

    def __init__(
        self,
        root: PathLike,
        sampling: Sampling,
        *,
        split: str = "train",
        rotate: bool | Rotation = False,
        seed: SupportsIndex = 0,
        n_images: SupportsIndex | None = None,
        interpolation: str = "bilinear",
        cache: PathLike | None = None,
        progress: bool = False,
    ) -> None:
        self.sampling = sampling_argument("sampling", sampling)
        self.rotate = checked_rotation(rotate)
        self.seed = integer_argument("seed", seed, 0)
        self.interpolation = choice_argument(
            "interpolation", interpolation, INTERPOLATIONS
        )
        images, labels = read_mnist(root, split)
        self.split = split
        n = len(images)
        if n_images is not None:
            n = integer_argument("n_images", n_images, 1)
        if n > len(images):
            raise ValueError(
                f"n_images must be at most {len(images)}, the images of the split "
                f"{split!r}, got {n}; leave it out for all"
            )
        self.labels: IntArray = labels[:n].copy()
        self.labels.setflags(write=False)
        self.signals = self._kept(images[:n], cache, progress)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> ClassificationSample:
        """Return digit ``index``, the same each time."""
        index = self._check_index(index)
        return ClassificationSample(self._inputs(self.signals[index]), self._y(index))

    def batch(self, indices: npt.ArrayLike) -> tuple[Tensor, Tensor]:
        """Return several digits at once, without a loop.

        Returns
        -------
        x
            Float32, shape ``(digit, V, 1)``.
        y
            Int64, shape ``(digit,)``.
        """
        at = self._indices(indices)
        return self._inputs(self.signals[at]), torch.from_numpy(self.labels[at])

    def planar(self, indices: npt.ArrayLike) -> Tensor:
        """Return digits as pictures of rings by longitudes, for planar networks.

        Returns
        -------
        Tensor
            Float32, shape ``(digit, 1, n_theta, n_phi)``.

        Raises
        ------
        TypeError
            If the sampling is not a regular grid of rings and longitudes.
        """
        if not isinstance(self.sampling, RegularGrid):
            raise TypeError(
                f"{self.sampling!r} has no picture of rings by longitudes; take "
                "Equiangular, GaussLegendre or McEwenWiaux for planar networks"
            )
        grid = self.sampling.to_grid(self.signals[self._indices(indices)])
        return self._inputs(grid).movedim(-1, 1)

    def rotation(self, index: int) -> FloatArray:
        """Return the rotation matrix R of digit ``index``, shape ``(3, 3)``."""
        index = self._check_index(index)
        if isinstance(self.rotate, Rotation):
            return self.rotate.as_matrix()
        if not self.rotate:
            return np.eye(3)
        return Rotation.from_quat(self._quaternion(index)).as_matrix()

    # -- values -----------------------------------------------------------------
    @staticmethod
    def _inputs(grey: npt.NDArray[Any]) -> Tensor:
        """Scale values to 0 ... 1, with an axis of one channel."""
        return torch.from_numpy(grey.astype(np.float32))[..., None] / 255

    def _y(self, index: int) -> int:
        return int(self.labels[index])

    def _indices(self, indices: npt.ArrayLike) -> IntArray:
        at = np.asarray(indices)
        if at.shape == (0,):
            at = at.astype(np.int64)  # an empty list is of floats
        if at.ndim != 1 or at.dtype.kind not in "iu":
            raise TypeError(
                f"indices must be a list of integers, got {at.dtype} of shape "
                f"{at.shape}; pass [i] for one digit"
            )
        for extreme in (at.min(initial=0), at.max(initial=0)):
            self._check_index(int(extreme))
        return at

    def _quaternion(self, index: int) -> FloatArray:
        """Return a vector of uniform direction: a uniform rotation."""
        key = (SPLITS.index(self.split), index)
        sequence = np.random.SeedSequence(self.seed, spawn_key=key)
        return np.random.default_rng(sequence).normal(size=4)

    def _rendered(self, images: Images, progress: bool) -> Images:
        """Render grey values on the sampling, shape ``(digit, V)``."""
        xyz, n, how = self.sampling.xyz, len(images), self.interpolation
        if isinstance(self.rotate, Rotation):
            return project(images, xyz @ self.rotate.as_matrix(), how)
        if not self.rotate:
            return project(images, xyz, how)
        signals = np.empty((n, len(xyz)), dtype=np.uint8)
        hidden = None if progress else True  # None: shown in a terminal only
        with tqdm(total=n, desc="turning digits", leave=False, disable=hidden) as bar:
            for start in range(0, n, _STEP):
                part = range(start, min(start + _STEP, n))
                drawn = Rotation.from_quat([self._quaternion(i) for i in part])
                at = slice(part.start, part.stop)
                turns = drawn.as_matrix()
                signals[at] = project_turned(images[at], xyz, turns, how)
                bar.update(len(part))
        return signals

    # -- files ------------------------------------------------------------------
    def _kept(self, images: Images, cache: PathLike | None, progress: bool) -> Images:
        """Return the signals, from the cache if it has them."""
        if cache is None:
            signals = self._rendered(images, progress)
            signals.setflags(write=False)
            return signals
        name = f"spherical-mnist-{self.split}-{self._digest(images)}.npy"
        path = Path(cache) / name
        if not path.is_file():
            write_array(path, self._rendered(images, progress))
        mapped: Images = map_array(path)
        shape = (len(images), len(self.sampling))
        if mapped.shape != shape or mapped.dtype != np.uint8:
            raise ValueError(
                f"{path} must hold uint8 of shape {shape}, got {mapped.dtype} of "
                f"shape {mapped.shape}; it was modified: delete it"
            )
        return mapped

    def _digest(self, images: Images) -> str:
        """Return a digest of the settings, digits and points, for the file name."""
        turned: Any = self.rotate
        if isinstance(turned, Rotation):
            turned = turned.as_matrix().tolist()
        settings = (
            _VERSION,
            CENTRE,
            HALF_WIDTH,
            self.interpolation,
            turned,
            self.seed if turned is True else 0,
        )
        digest = hashlib.sha256(repr(settings).encode())
        digest.update(self.sampling.xyz.tobytes())
        digest.update(np.ascontiguousarray(images).tobytes())
        return digest.hexdigest()[:16]
