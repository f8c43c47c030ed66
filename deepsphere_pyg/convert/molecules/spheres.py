"""Coulomb potentials on a sphere around each atom, and their coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.convert.molecules.molecules import GET_MOLECULES, Molecules
from deepsphere_pyg.harmonics import solid_harmonics
from samplings import Sampling
from samplings.arguments import (
    flag_argument,
    instance_argument,
    integer_argument,
    positive_argument,
    sampling_argument,
)
from samplings.arrays import FloatArray

_DTYPES = (torch.float32, torch.float64)
# Numbers computed at once: two arrays of 64 MB in float64.
_NUMBERS = 1 << 23
# Computes the signals of pairs of atoms, (pair, column), from positions of other atoms
# relative to the centre of a sphere, (pair, 3), and products of charges, (pair,).
_Kernel = Callable[[FloatArray, FloatArray], FloatArray]


class AtomSpheres(NamedTuple):
    """Signals on a sphere around each atom of each molecule, one channel per element.

    Attributes
    ----------
    x
        Shape ``(molecule, atom, vertex or row, element)``; zero for missing atoms.
    mask
        True where there is an atom, shape ``(molecule, atom)``.
    """

    x: Tensor
    mask: Tensor

    @property
    def packed(self) -> Tensor:
        """Signals of the atoms alone, ``(atoms of all, vertex or row, element)``."""
        return self.x[self.mask]


def qm7_potentials(
    molecules: Molecules,
    sampling: Sampling,
    *,
    radius: SupportsFloat | None = None,
    dtype: torch.dtype = torch.float32,
    progress: bool = False,
) -> AtomSpheres:
    r"""Compute the Coulomb potentials of the other atoms on a sphere around each atom.

    .. math:: U_{iz}(x) = \sum_{j \ne i, \, z_j = z} \frac{z_i z}{|r x - (p_j - p_i)|}

    in Hartree, on the unit vectors x of the sampling: a channel for each element z.

    Parameters
    ----------
    molecules
        Charges and positions in Bohr.
    sampling
        Points on the sphere.
    radius
        Radius r of all spheres in Bohr, at most half the smallest distance of two
        atoms, so that spheres do not overlap. By default
        :attr:`Molecules.largest_radius` of these molecules; for a part of a data set,
        pass that of the whole. :func:`molecule_energies` passes ``network.radius``.
    dtype
        Type of the result; the computation is in float64.
    progress
        Whether to show a progress bar in a terminal.

    Returns
    -------
    AtomSpheres
        ``x (molecule, atom, vertex, element)`` and ``mask (molecule, atom)``.

    Raises
    ------
    TypeError
        If ``molecules`` or the sampling have another type, or the dtype is neither
        float32 nor float64.
    ValueError
        If the radius is not positive, or larger than half the smallest distance.

    Notes
    -----
    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130);
    :func:`qm7_coefficients` gives the coefficients of the same signals.

    Equivariance: exact. The signals of a rotated molecule are the rotated signals,
    evaluated at the same points.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> hydrogen = Molecules([[1, 1]], [[[0, 0, 0], [0, 0, 1.4]]], [-109.5])
    >>> spheres = qm7_potentials(hydrogen, HEALPix(2))
    >>> spheres.x.shape, spheres.mask.tolist()
    (torch.Size([1, 2, 48, 5]), [[True, True]])
    """
    xyz = sampling_argument("sampling", sampling).xyz
    r = _checked_radius(molecules, radius)

    def kernel(places: FloatArray, strength: FloatArray) -> FloatArray:
        # Distances are at least 2r, so the difference of squares loses no digits.
        values: FloatArray = (-2 * r * places) @ xyz.T
        values += (r**2 + (places**2).sum(axis=1))[:, None]
        np.sqrt(values, out=values)
        return np.divide(strength[:, None], values, out=values)

    return _summed(molecules, kernel, len(xyz), dtype, progress)


def qm7_coefficients(
    molecules: Molecules,
    L: SupportsIndex,
    *,
    radius: SupportsFloat | None = None,
    dtype: torch.dtype = torch.float64,
    progress: bool = False,
) -> AtomSpheres:
    r"""Compute the harmonic coefficients of :func:`qm7_potentials` in closed form.

    The potential of a charge outside a sphere is harmonic inside it, and its expansion
    gives the coefficients without a transform:

    .. math::
        \frac{1}{|r x - p|} = \sum_{lm} \frac{4\pi}{2l + 1} \frac{r^l}{|p|^{l+1}}
        Y_{lm}(p / |p|) \, Y_{lm}(x), \quad |p| > r,

    with the real orthonormal harmonics of
    :func:`~deepsphere_pyg.harmonics.spherical_harmonics`. No sampling is involved, so
    there is no aliasing: degrees below L are exact to round-off.

    Parameters
    ----------
    molecules, radius, dtype, progress
        As in :func:`qm7_potentials`.
    L
        Bandlimit: degrees 0 ... L - 1.

    Returns
    -------
    AtomSpheres
        ``x (molecule, atom, L**2, element)``, row :math:`l^2 + l + m`, and
        ``mask (molecule, atom)``.

    Raises
    ------
    TypeError, ValueError
        As :func:`qm7_potentials`; if L is not an integer of at least 1.

    Notes
    -----
    For each charge, the part above the bandlimit is at most :math:`q^L / (1 - q)` of
    the potential at the centre, with :math:`q = r / |p|`, which is a half for the
    closest pair of atoms at the largest radius. The coefficient of degree 0 is
    :math:`\sqrt{4\pi}` times the potential at the centre, a row of the Coulomb matrix.
    At L = 10, QM7 takes 4 s on one core, and 330 MB in float32 with padding;
    ``.packed`` takes two thirds of that.

    Power falls by a factor of 7 to 90 per degree: degrees 0 to 5 of QM7 at the largest
    radius have the shares .988, 1.1e-2, 6.8e-4, 6.7e-5, 7e-6, 1e-6. For networks, scale
    degrees by their root mean squares, which rotations do not change.

    Equivariance: exact, :math:`c(R\,\text{molecule}) = D(R)\, c(\text{molecule})`.
    Source: Jackson, Classical Electrodynamics, equation 3.70.

    Examples
    --------
    >>> hydrogen = Molecules([[1, 1]], [[[0, 0, 0], [0, 0, 2.0]]], [-109.5])
    >>> c = qm7_coefficients(hydrogen, 2).x
    >>> c.shape, c[0, 0, :, 0] / (4 * torch.pi) ** 0.5
    (torch.Size([1, 2, 4, 5]), tensor([0.5000, 0.0000, 0.1443, 0.0000], ...))
    """
    bandlimit = integer_argument("L", L, 1)
    r = _checked_radius(molecules, radius)
    degrees = np.repeat(np.arange(bandlimit), 2 * np.arange(bandlimit) + 1)
    factors = 4 * np.pi / (2 * degrees + 1)

    def kernel(places: FloatArray, strength: FloatArray) -> FloatArray:
        squared = (places**2).sum(axis=1)[:, None]
        # Reflected at the sphere, points p have the length r / |p| times r, below r.
        inside = torch.from_numpy(places * (r / squared))
        values: FloatArray = solid_harmonics(inside, bandlimit).numpy()
        values *= factors
        values *= strength[:, None] / np.sqrt(squared)
        return values

    return _summed(molecules, kernel, bandlimit**2, dtype, progress)


def _checked_radius(molecules: Molecules, radius: SupportsFloat | None) -> float:
    instance_argument("molecules", molecules, Molecules, GET_MOLECULES)
    if radius is None:
        return molecules.largest_radius
    largest = molecules.smallest_distance / 2
    remedy = "pass a length in Bohr, or None for the largest"
    r = positive_argument("radius", radius, remedy)
    if r > largest:
        raise ValueError(
            f"radius must be at most half the smallest distance of two atoms, "
            f"{largest:.6g} Bohr, got {r:.6g}: spheres would overlap; {remedy}"
        )
    return r


def _summed(
    molecules: Molecules,
    kernel: _Kernel,
    columns: int,
    dtype: torch.dtype,
    progress: bool,
) -> AtomSpheres:
    """Sum the signals of pairs over all other atoms of each element."""
    if not isinstance(dtype, torch.dtype) or dtype not in _DTYPES:
        raise TypeError(
            f"dtype must be torch.float32 or torch.float64, got {dtype!s:.60}; pass "
            "one of the two"
        )
    n, atoms = molecules.charges.shape
    elements = np.array(molecules.elements)
    x = torch.zeros((n, atoms, columns, len(elements)), dtype=dtype)
    result: npt.NDArray[np.floating] = x.numpy()
    size = max(1, _NUMBERS // (columns * atoms**2))
    # None: shown in a terminal only.
    hidden = None if flag_argument("progress", progress) else True
    with tqdm(total=n, desc="spheres", unit="molecule", disable=hidden) as bar:
        for part in molecules.chunks(size):
            z, places = molecules.charges[part], molecules.positions[part]
            pair = np.isfinite(molecules.distances(part))
            channel = np.searchsorted(elements, z)
            m, i, j = np.nonzero(pair)
            # Sort pairs by sphere and channel.
            key = (m * atoms + i) * len(elements) + channel[m, j]
            order = np.argsort(key, kind="stable")
            m, i, j, key = m[order], i[order], j[order], key[order]
            if len(key):
                strength = (z[m, i] * z[m, j]).astype(np.float64)
                values = kernel(places[m, j] - places[m, i], strength)
                start = np.flatnonzero(np.diff(key, prepend=-1))
                sums = np.add.reduceat(values, start, axis=0)
                at = (part.start + m[start], i[start], slice(None))
                result[(*at, channel[m, j][start])] = sums
            bar.update(len(z))
    return AtomSpheres(x, torch.tensor(molecules.mask))
