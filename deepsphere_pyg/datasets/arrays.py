"""Maps and their targets in arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from deepsphere_pyg.datasets.base import RunningMoments
from deepsphere_pyg.datasets.fill_values import FillValues
from samplings.arrays import FloatArray, IntArray
from samplings.missing_values import missing_values, native, without_missing

#: More classes than this are numbers that were taken for classes.
MOST_CLASSES = 256


class MapSample(NamedTuple):
    """One map and its targets at the vertices.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    y
        Numbers ``(V, C_out)``, float32, or classes ``(V,)``, int64; 0 where masked.
    mask
        True where the target counts, shape ``(V,)``.
    """

    x: Tensor
    y: Tensor
    mask: Tensor


class GlobalSample(NamedTuple):
    """One map and its target as a whole.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    y
        Numbers ``(C_out,)``, float32, or a class, int64.
    """

    x: Tensor
    y: Tensor


class ArrayMaps(Dataset[Any]):
    """Maps in an array, with a target per vertex or per map in another one.

    Missing inputs become the mean of their channel. Missing targets at vertices do not
    count. Arrays are read map by map, so that memory-mapped ones need not fit in
    memory.

    Parameters
    ----------
    X
        Inputs, shape ``(N, V, C)``.
    y
        Numbers ``(N, V, C_out)`` or ``(N, C_out)``, floating point; or classes
        ``(N, V)`` or ``(N,)``, integers from 0.
    mask
        True where targets at vertices count, shape ``(N, V)`` or ``(V,)``; by default
        everywhere.

    Attributes
    ----------
    global_target
        Whether there is one target per map.
    n_classes
        Number of classes; 0 for numbers.

    Raises
    ------
    TypeError
        If the inputs are no real numbers, or the mask is not boolean.
    ValueError
        If shapes do not fit, an array is empty, or the targets are no classes.

    Examples
    --------
    >>> maps = ArrayMaps(np.zeros((5, 12, 2)), np.zeros((5, 12, 1)))
    >>> len(maps), maps[0].x.shape, maps.n_classes
    (5, torch.Size([12, 2]), 0)
    """

    def __init__(
        self, X: npt.ArrayLike, y: npt.ArrayLike, mask: npt.ArrayLike | None = None
    ) -> None:
        self.X, self.y = _array("X", X), _array("y", y)
        if self.X.ndim != 3 or not self.X.size:
            raise ValueError(
                "X must have shape (N, V, C): maps, vertices and channels, at least "
                f"one each, got {self.X.shape}; add a channel with X[..., None]"
            )
        if self.X.dtype.kind not in "iufb":
            raise TypeError(f"X must be real numbers, got {self.X.dtype}; convert them")
        self.n_classes = _n_classes(self.y)
        _refuse_swapped_axes(self.X, self.y, self.n_classes > 0)
        if len(self.y) != len(self.X):
            raise ValueError(
                f"y must have one target per map of X, {len(self.X)}, got "
                f"{len(self.y)}; its first axis is that of X"
            )
        places = self.y.ndim - (0 if self.n_classes else 1)
        self.global_target = places == 1
        if places not in (1, 2) or (places == 2 and self.y.shape[1] != self.X.shape[1]):
            raise ValueError(
                "y must have shape (N, V, C) or (N, C) for numbers, (N, V) or (N,) for "
                f"classes, with (N, V) = {self.X.shape[:2]}, got {self.y.dtype} of "
                f"shape {self.y.shape}; add a channel to numbers with y[..., None], "
                "convert classes to integers"
            )
        if self.global_target and not self.n_classes and self.y.ndim == 2:
            if self.y.shape[1] == self.X.shape[1]:
                raise ValueError(
                    f"y has shape {self.y.shape}, as many numbers per map as vertices; "
                    "numbers at vertices need a channel: pass y[..., None]"
                )
        if self.global_target and missing_values(self.y).any():
            raise ValueError(
                "y has missing values, and its targets are of whole maps; leave out "
                "the maps without a target"
            )
        self.mask = None if mask is None else self._checked_mask(np.asarray(mask))
        self.fill: FloatArray | None = None
        self._vertices: IntArray | None = None

    def _checked_mask(self, mask: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if self.global_target:
            raise ValueError(
                "mask is for targets at vertices, and y has one per map; leave it out"
            )
        if mask.dtype != np.bool_:
            raise TypeError(
                f"mask must be boolean, True where targets count, got {mask.dtype}; "
                "compare it, as in values > 0"
            )
        n, v = self.X.shape[:2]
        if mask.shape not in ((n, v), (v,)):
            raise ValueError(
                f"mask must have shape {(n, v)} or {(v,)}, one value per vertex, got "
                f"{mask.shape}; mark the targets that count"
            )
        return np.broadcast_to(mask, (n, v))

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, index: int) -> MapSample | GlobalSample:
        """Return a map and its target."""
        inputs = without_missing(self._read(self.X, index))
        missing = ~np.isfinite(inputs)
        if missing.any():
            fill = self.input_fill()
            inputs = np.where(missing, fill, inputs)
        x = torch.from_numpy(np.array(inputs, dtype=np.float32))
        if self.global_target:
            return GlobalSample(x, self._target(native(self.y[index])))
        target = np.asarray(self._read(self.y, index))
        known = ~missing_values(target)
        valid: Any = known if self.n_classes else known.all(axis=-1)
        if self.mask is not None:
            valid = valid & self._read(self.mask, index)
        filled = np.where(valid if self.n_classes else valid[:, None], target, 0)
        return MapSample(x, self._target(filled), torch.from_numpy(valid))

    def take_vertices(self, vertices: IntArray | None) -> None:
        """Read some vertices of each map, or all if it is None."""
        self._vertices = vertices

    def _read(self, maps: npt.NDArray[Any], index: int) -> npt.NDArray[Any]:
        """Return the vertices of a map that are asked for, and read no others."""
        one: npt.NDArray[Any] = maps[index]
        return one if self._vertices is None else one[self._vertices]

    def _target(self, y: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.array(y, np.int64 if self.n_classes else np.float32))

    def input_fill(self) -> FloatArray:
        """Return the mean of each channel over its known values, for the others.

        Raises
        ------
        ValueError
            If a channel is missing everywhere.
        """
        if self.fill is None:
            sums, counts = np.zeros(self.X.shape[2]), np.zeros(self.X.shape[2])
            for one in self.X:
                known = without_missing(one).astype(np.float64)
                counts += np.isfinite(known).sum(axis=0)
                sums += np.where(np.isfinite(known), known, 0).sum(axis=0)
            if not counts.all():
                raise _nothing_in("X", int(counts.argmin()))
            self.fill = sums / counts
        return self.fill

    def statistics(
        self, area: npt.ArrayLike, part: npt.ArrayLike, of: str
    ) -> tuple[Tensor, Tensor]:
        """Compute means and standard deviations of inputs or targets, per channel.

        Parameters
        ----------
        area
            Weight of each vertex, shape ``(V,)``.
        part
            Indices of the maps.
        of
            ``"x"`` or ``"y"``.

        Warns
        -----
        FillValueWarning
            If values seem to be marks of missing ones, such as -9999.

        Raises
        ------
        ValueError
            If a channel is missing everywhere.
        """
        weights = torch.from_numpy(np.array(area, dtype=np.float64))
        found, whole, moments = FillValues(), [], RunningMoments()
        known = np.zeros(self.y.shape[-1], dtype=bool)
        for index in np.asarray(part).tolist():
            sample = self[index]
            values = getattr(sample, of)
            if values.ndim == 1:
                whole.append(values.numpy())
                moments.add(values[None], torch.ones(1, dtype=torch.float64))
            elif of == "y" and isinstance(sample, MapSample):
                known |= (~missing_values(self.y[index])).any(axis=0)
                found.add(values, sample.mask)
                moments.add(values, weights * sample.mask)
            else:
                found.add(values)
                moments.add(values, weights)
        if whole:
            found.add(np.stack(whole))
        elif of == "y" and not known.all():
            raise _nothing_in("y", int(known.argmin()))
        found.warn(
            "X" if of == "x" else "y",
            None,
            "set them to NaN",
            places=("map", "maps") if whole else ("vertex", "vertices"),
            stacklevel=4,
        )
        return moments.result()


def _nothing_in(name: str, channel: int) -> ValueError:
    """Return the error for a channel that is missing everywhere."""
    return ValueError(
        f"{name} has no value in channel {channel}: it is missing at all vertices of "
        f"all maps; leave it out with np.delete({name}, {channel}, axis=-1)"
    )


def _refuse_swapped_axes(
    X: npt.NDArray[Any], y: npt.NDArray[Any], classes: bool
) -> None:
    """Raise ``ValueError`` if targets at vertices fit once two axes are swapped.

    Shapes with axes of the same length tell nothing, and pass.
    """
    if y.ndim != (2 if classes else 3):
        return
    (n, v, c), (m, w) = X.shape, y.shape[:2]
    shapes = f"X has shape {X.shape} and y {y.shape}"
    if (m, w) == (v, n) and n != v:
        raise ValueError(
            f"{shapes}: maps and vertices are swapped in one of them; both must have "
            "axes (N, V, C), maps first: pass X.swapaxes(0, 1) or y.swapaxes(0, 1)"
        )
    if m != n or w == v:
        return
    of_y = not classes and y.shape[2] == v
    # If both would do, channels are fewer than vertices.
    if w == c and (not of_y or v < c):
        names = ["X"]
    elif of_y:
        names = ["y"]
    elif not classes and y.shape[2] == c:
        names = ["X", "y"]
    else:
        return
    verb = "seems" if len(names) == 1 else "seem"
    remedy = " and ".join(f"{name}.swapaxes(1, 2)" for name in names)
    raise ValueError(
        f"{shapes}: {' and '.join(names)} {verb} to have axes (N, C, V), but they must "
        f"be (N, V, C), vertices before channels: pass {remedy}"
    )


def _array(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return values as an array, tensors among them; arrays stay where they are."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = np.asanyarray(values)
    if array.ndim == 0 or array.dtype == object:
        raise TypeError(
            f"{name} must be an array of numbers, got {type(values).__name__}; pass "
            "NumPy arrays or tensors of shape (N, V, C)"
        )
    return array


def _n_classes(y: npt.NDArray[Any]) -> int:
    """Return the number of classes of integer targets, 0 for other numbers."""
    if y.dtype.kind == "f":
        return 0
    if y.dtype.kind not in "iub":
        raise TypeError(
            f"y must be floating-point numbers or integer classes, got {y.dtype}; "
            "convert it with .astype"
        )
    lowest, highest = int(y.min(initial=0)), int(y.max(initial=0))
    if lowest < 0 or highest >= MOST_CLASSES:
        raise ValueError(
            f"integers in y are classes from 0 to at most {MOST_CLASSES - 1}, got "
            f"{lowest if lowest < 0 else highest}; pass numbers to predict as "
            "y.astype(float), and mask vertices without a class"
        )
    return highest + 1
