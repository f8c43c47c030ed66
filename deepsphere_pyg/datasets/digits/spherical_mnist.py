"""MNIST on the sphere: digits projected onto any sampling, rotated or not."""

from __future__ import annotations

import hashlib
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.datasets.digits.spherical_mnist_files import SPLITS, read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import (
    CENTRE,
    HALF_WIDTH,
    INTERPOLATIONS,
    Images,
    project,
    project_turned,
)
from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.kept_array import map_array, write_array
from deepsphere_pyg.datasets.maps import (
    ClassificationDataset,
    ClassificationSample,
    RotatedMaps,
    checked_rotation,
)
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    integer_argument,
    path_argument,
    sampling_argument,
)
from samplings.arrays import IntArray
from samplings.schemes.regular_grid import RegularGrid

# Pictures per step of the progress bar.
_STEP = 1000
# Raise it with any change of values: cached signals of other versions are not used.
_VERSION = 1


class SphericalMNIST(RotatedMaps[ClassificationSample], ClassificationDataset):
    r"""Handwritten digits projected onto the lower half of the sphere.

    The picture covers the square :math:`[-1.5, 1.5]^2` of the plane that touches the
    sphere at the south pole, rows along x and columns along y. It is projected from a
    point 2.001 above that pole and interpolated bilinearly on the sphere; its corners
    reach 6 degrees beyond the equator. Values go from 0 (paper, and every point off the
    picture) to 1.

    Parameters
    ----------
    root
        ``mnist.npz``, its folder, or the folder of the idx files; see
        :func:`read_mnist`. :func:`download_mnist` fetches it.
    sampling
        Points on the sphere.
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
        Folder in which signals are kept between runs, one byte per value; None keeps
        them in memory. Each choice of settings, digits and points has a file of its
        own.
    progress
        Whether to show a progress bar in a terminal.

    Attributes
    ----------
    signals
        Grey values 0 to 255, uint8, shape ``(digit, V)``, read-only; ``x`` is a 255th
        of them. With a cache they are mapped from the file, not loaded.
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
    Their published code gives the same rotation to 500 digits at a time; here each
    digit has its own. Until November 2024 (github.com/jonkhler/s2cnn, pull request 65)
    their code interpolated, along each axis, between the pixels before and after that
    of a point, with shares that add up to 2 and jump from pixel to pixel, and stretched
    each digit to the full range of values: ``"published"``. This shows each digit
    twice, two pixels apart, fainter to the lower right, which marks the upright
    direction in any rotation, so that invariant networks can tell 6 from 9. Bilinear
    interpolation leaves only the shapes, and a 6 and a 9 may have the same one.

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
        return ClassificationSample(
            self._inputs(self.signals[index]), int(self.labels[index])
        )

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

    # -- values -----------------------------------------------------------------
    @staticmethod
    def _inputs(grey: npt.NDArray[Any]) -> Tensor:
        """Scale grey values to 0 ... 1, with an axis of one channel."""
        return torch.from_numpy(grey.astype(np.float32))[..., None] / 255

    def _indices(self, indices: npt.ArrayLike) -> IntArray:
        at = np.asarray(indices)
        if at.shape == (0,):
            at = at.astype(np.int64)  # NumPy makes floats of an empty list
        if at.ndim != 1 or at.dtype.kind not in "iu":
            raise TypeError(
                f"indices must be a list of integers, got {at.dtype} of shape "
                f"{at.shape}; pass [i] for one digit"
            )
        for extreme in (at.min(initial=0), at.max(initial=0)):
            self._check_index(int(extreme))
        return at

    def _rotation_key(self, index: int) -> tuple[int, int]:
        return SPLITS.index(self.split), index

    def _rendered(self, images: Images, progress: bool) -> Images:
        """Render grey values on the sampling, shape ``(digit, V)``."""
        xyz, n, how = self.sampling.xyz, len(images), self.interpolation
        if isinstance(self.rotate, Rotation):
            return project(images, xyz @ self.rotate.as_matrix(), how)
        if not self.rotate:
            return project(images, xyz, how)
        signals = np.empty((n, len(xyz)), dtype=np.uint8)
        hidden = None if progress else True  # None: shown in a terminal only
        with tqdm(total=n, desc="rotating digits", leave=False, disable=hidden) as bar:
            for start in range(0, n, _STEP):
                part = range(start, min(start + _STEP, n))
                drawn = Rotation.from_quat([self._quaternion(i) for i in part])
                at = slice(part.start, part.stop)
                signals[at] = project_turned(images[at], xyz, drawn.as_matrix(), how)
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
        path = path_argument("cache", cache) / name
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
        seed = self.seed if turned is True else 0
        settings = (_VERSION, CENTRE, HALF_WIDTH, self.interpolation, turned, seed)
        digest = hashlib.sha256(repr(settings).encode())
        digest.update(self.sampling.xyz.tobytes())
        digest.update(np.ascontiguousarray(images).tobytes())
        return digest.hexdigest()[:16]
