"""Power spectra of the maps of shapes, the classical descriptor without a network."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from deepsphere_pyg.commands.shapes.copies import Copies
from deepsphere_pyg.harmonics import SHT, power_spectrum
from samplings import Sampling
from samplings.arrays import FloatArray

# Copies transformed at once.
_STEP = 100


class PowerSpectra:
    r"""Root of the energy of each degree and channel, which rotations leave.

    .. math:: \sqrt{\sum_{m=-l}^l a_{lm}^2}

    The descriptor of Kazhdan, Funkhouser and Rusinkiewicz 2003 for spherical functions.

    Parameters
    ----------
    sampling
        Points of the maps.
    L
        Bandlimit.
    """

    def __init__(self, sampling: Sampling, L: int) -> None:
        self.transform = SHT(sampling, L)

    @torch.no_grad()
    def __call__(self, copies: Copies) -> FloatArray:
        """Return the features of shapes, means over their copies, ``(n, L * C)``."""
        rows = []
        count = len(copies.y)
        steps = range(0, count, _STEP)
        for start in tqdm(steps, desc="spectra", leave=False, disable=None):
            x = copies.read(np.arange(start, min(start + _STEP, count)))
            mean = power_spectrum(self.transform.analyze(x), self.transform.L).double()
            orders = 2 * torch.arange(mean.shape[1])[:, None] + 1
            rows.append((orders * mean).sqrt().flatten(1).numpy())
        found = np.concatenate(rows)
        means: FloatArray = found.reshape(-1, copies.each, found.shape[1]).mean(axis=1)
        return means
