"""Random initial states of flows."""

from __future__ import annotations

from typing import SupportsFloat, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows.standard_cases import EARTH_RADIUS
from samplings.arguments import integer_argument, positive_argument

# Second word of the seeds, so that other generators of this package draw other numbers.
_STREAM = 0x666C
# Power in the spectrum: the band of most energy is 5 degrees wide at degree 8.
_SHARPNESS = 40


def random_vorticity(
    L: SupportsIndex,
    runs: SupportsIndex = 1,
    *,
    seed: SupportsIndex = 0,
    speed: SupportsFloat = 20.0,
    degree: SupportsFloat = 8.0,
    radius: SupportsFloat = EARTH_RADIUS,
) -> Tensor:
    r"""Draw isotropic Gaussian vorticity, with most energy near a degree.

    The kinetic energy of degree l is in the mean proportional to
    :math:`l^{20} / (l + l_0)^{40}`, largest at :math:`l = l_0`.

    Parameters
    ----------
    L
        Bandlimit.
    runs
        Number of states.
    seed
        Run i depends on ``(seed, i)`` alone.
    speed
        Root mean square of the wind of each run, m/s.
    degree
        Degree :math:`l_0` of the most energy.
    radius
        Of the planet, in metres.

    Returns
    -------
    Tensor
        Coefficients in 1/s, shape ``(L * L, runs)``, float64.

    Raises
    ------
    TypeError, ValueError
        If a number is not of its kind.

    Notes
    -----
    Source: the spectrum of the initial states of Cho and Polvani 1996, Phys. Fluids 8,
    1531, equation 7, and others on turbulence on the sphere.

    Examples
    --------
    >>> random_vorticity(43, runs=3).shape
    torch.Size([1849, 3])
    """
    bandlimit = integer_argument("L", L, 2)
    n = integer_argument("runs", runs, 1)
    first = integer_argument("seed", seed, 0)
    wind = positive_argument("speed", speed, "pass metres per second")
    peak = positive_argument("degree", degree, "pass a degree, such as 8")
    size = positive_argument("radius", radius, "pass metres")
    degrees = np.repeat(np.arange(bandlimit), 2 * np.arange(bandlimit) + 1)
    above = np.maximum(degrees, 1)
    # In logarithms, since the powers of large degrees are beyond float64.
    logarithm = _SHARPNESS * (np.log(above) / 2 - np.log(above + peak))
    energy = np.where(degrees > 0, np.exp(logarithm - logarithm.max()), 0.0)
    eigenvalue = above * (above + 1) / size**2
    # Energy of a degree is shared by its orders; that of vorticity is times l (l + 1).
    spread = np.sqrt(energy / (2 * degrees + 1) * eigenvalue)
    drawn = np.stack(
        [
            np.random.default_rng([first, _STREAM, i]).standard_normal(len(degrees))
            for i in range(n)
        ],
        axis=1,
    )
    vorticity = spread[:, None] * drawn
    squares = (vorticity**2 / eigenvalue[:, None]).sum(axis=0) / (4 * np.pi)
    return torch.from_numpy(vorticity * wind / np.sqrt(squares))
