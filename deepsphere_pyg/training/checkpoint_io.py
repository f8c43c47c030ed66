"""How Lightning writes and reads the checkpoints of trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytorch_lightning.plugins.io import CheckpointIO

from deepsphere_pyg.models.checkpoint_file import read_checkpoint, write_checkpoint


class CheckedCheckpoints(CheckpointIO):
    """Write checkpoints whole or not at all, with a checksum that reading compares.

    The checksum covers the weights and the states of the optimiser, the loop and the
    callbacks.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint, whole or not at all."""
        write_checkpoint(checkpoint, path)

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint on the CPU and compare its checksum; run no code."""
        content: dict[str, Any] = read_checkpoint(path)
        return content

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        Path(path).unlink(missing_ok=True)
