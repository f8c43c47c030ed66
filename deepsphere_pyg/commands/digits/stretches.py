"""Random small stretches of digits, to augment the training set."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import expm
from torch import Tensor

from deepsphere_pyg.harmonics import SHT, spherical_harmonics
from samplings import GaussLegendre

# Number of stretches to draw from.
COUNT = 256
# Digits of a batch that share a stretch.
ALIKE = 8


def stretch_matrices(L: int, strength: float, seed: int, count: int = COUNT) -> Tensor:
    r"""Return the action of random stretches of the sphere on coefficients.

    .. math:: (S f)(x) = f\left(\frac{A x}{|A x|}\right), \qquad
              A = \exp(s\, \mathrm{sym}(G))

    with a matrix G of normal numbers: near any point it stretches one direction,
    squeezes another, and does not rotate. Results are cut at the bandlimit of the
    signal.

    Parameters
    ----------
    L
        Bandlimit.
    strength
        Standard deviation s of the logarithms of the changes in length.
    seed
        Random seed.
    count
        Number of stretches.

    Returns
    -------
    Tensor
        Float32, shape ``(count, L * L, L * L)``, to multiply columns of coefficients.

    Examples
    --------
    >>> matrices = stretch_matrices(3, 0.0, seed=0, count=1)
    >>> torch.allclose(matrices[0], torch.eye(9), atol=1e-6)
    True
    """
    rng = np.random.default_rng([seed, 1])
    # Twice the rings, because stretched signals have higher degrees.
    sampling = GaussLegendre(2 * L)
    transform = SHT(sampling, L, dtype=torch.float64)
    found = []
    for _ in range(count):
        drawn = rng.normal(size=(3, 3))
        moved = sampling.xyz @ expm(strength * (drawn + drawn.T) / 2)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        theta = np.arccos(np.clip(moved[:, 2], -1, 1))
        phi = np.arctan2(moved[:, 1], moved[:, 0])
        values = spherical_harmonics(theta, phi, L)
        found.append(transform(torch.as_tensor(values)).float())
    return torch.stack(found)


def stretched(x: Tensor, matrices: Tensor, rng: np.random.Generator) -> Tensor:
    """Stretch coefficients ``(digit, row, channel)``, neighbouring digits alike."""
    groups = -(-len(x) // ALIKE)
    drawn = torch.from_numpy(rng.integers(len(matrices), size=groups))
    parts = torch.split(x, ALIKE)
    pairs = zip(matrices[drawn], parts, strict=True)
    return torch.cat([matrix @ part for matrix, part in pairs])
