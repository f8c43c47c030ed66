"""Coulomb matrices of molecules, also with sorted rows."""

from __future__ import annotations

from typing import SupportsFloat

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.molecules.molecules import GET_MOLECULES, Molecules
from samplings.arguments import (
    array_argument,
    instance_argument,
    nonnegative_argument,
)
from samplings.arrays import FloatArray


def coulomb_matrices(molecules: Molecules) -> FloatArray:
    r"""Compute the Coulomb matrices of molecules, in atomic units.

    .. math:: C_{ii} = \tfrac12 z_i^{2.4}, \quad C_{ij} = \frac{z_i z_j}{|p_i - p_j|}

    Returns
    -------
    ndarray
        Float64, shape ``(molecule, atom, atom)``; zero for missing atoms.

    Notes
    -----
    Source: Rupp, Tkatchenko, Müller and von Lilienfeld 2012, Phys. Rev. Lett. 108,
    058301. Equivariance: exactly invariant to rotation, translation and reflection of a
    molecule; rows and columns follow the order of its atoms.

    Examples
    --------
    >>> hydrogen = Molecules([[1, 1]], [[[0, 0, 0], [0, 0, 2]]], [-100])
    >>> coulomb_matrices(hydrogen)
    array([[[0.5, 0.5],
            [0.5, 0.5]]])
    """
    instance_argument("molecules", molecules, Molecules, GET_MOLECULES)
    n, atoms = molecules.charges.shape
    matrices = np.empty((n, atoms, atoms))
    diagonal = np.arange(atoms)
    for part in molecules.chunks():
        z = molecules.charges[part].astype(np.float64)
        # The distance of an atom to itself is inf; the diagonal is set next.
        matrices[part] = z[:, :, None] * z[:, None] / molecules.distances(part)
        matrices[part, diagonal, diagonal] = 0.5 * z**2.4
    return matrices


def sorted_coulomb_matrices(
    matrices: npt.ArrayLike,
    noise: SupportsFloat = 0.0,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    r"""Sort rows and columns of Coulomb matrices by decreasing norm of the rows.

    Without noise the order of atoms no longer matters. With noise, independent normal
    numbers of standard deviation ``noise`` are added to the norms before sorting, which
    gives a random, nearly sorted order to augment training data.

    Parameters
    ----------
    matrices
        Shape ``(molecule, atom, atom)``.
    noise
        At least 0; 1 in the source.
    rng
        Generator of the noise, needed if that is positive.

    Raises
    ------
    ValueError
        If the shape is wrong, or the noise is negative.
    TypeError
        If there is noise without a generator.

    Notes
    -----
    Rows of missing atoms stay last with noise too, a choice of ours. Source: Montavon
    et al. 2012, Learning invariant representations of molecules for atomization energy
    prediction, NIPS 25.

    Examples
    --------
    >>> sorted_coulomb_matrices([[[0.5, 1.0], [1.0, 9.0]]])
    array([[[9. , 1. ],
            [1. , 0.5]]])
    """
    values = array_argument("matrices", matrices)
    if values.ndim != 3 or values.shape[1] != values.shape[2]:
        raise ValueError(
            f"matrices must have shape (molecule, atom, atom), got {values.shape}; "
            "pass the result of coulomb_matrices"
        )
    spread = nonnegative_argument("noise", noise, "pass 0 for no noise")
    norm = np.linalg.norm(values, axis=2)
    key = norm
    if spread:
        remedy = "pass numpy.random.default_rng(seed) for the noise"
        known = instance_argument("rng", rng, np.random.Generator, remedy)
        key = norm + known.normal(0.0, spread, norm.shape)
    order = np.argsort(np.where(norm > 0, -key, np.inf), axis=1, kind="stable")
    molecule = np.arange(len(values))[:, None, None]
    return np.asarray(values[molecule, order[:, :, None], order[:, None]])
