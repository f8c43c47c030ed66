"""Batches of patches of maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.commands.label_batches import LabelBatches
from samplings.arrays import IntArray


class PatchBatches(LabelBatches):
    """Batches of patches.

    Parameters
    ----------
    x, y
        Maps ``(patches, V)`` and classes.
    batch_size, seed
        As for :class:`LabelBatches`.
    """

    def __init__(
        self,
        x: npt.NDArray[np.float32],
        y: npt.NDArray[np.int64],
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        super().__init__(y, batch_size, seed)
        self.x = x

    def inputs(self, some: IntArray) -> Tensor:
        """Return maps ``(batch, V, 1)``."""
        return torch.from_numpy(self.x[some])[..., None]
