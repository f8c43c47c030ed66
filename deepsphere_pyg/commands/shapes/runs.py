"""What ``shapes`` trains, and the columns of its results."""

from __future__ import annotations

from typing import NamedTuple

from deepsphere_pyg.commands.shapes.data import ROTATED

#: Scores of the retrieval, micro averages, and those of the classification.
RETRIEVAL = ("P@N", "R@N", "F1@N", "mAP", "NDCG")
SCORES = ("accuracy", "F1", *RETRIEVAL, "macro mAP")
VALUES = (
    *(f"{test}:{name}" for test in ROTATED for name in SCORES),
    "parameters",
    "minutes",
)


class Run(NamedTuple):
    """One training: what results are told apart by."""

    network: str
    train: str
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """Name of the folder."""
        seed = f"-seed{self.seed}" if self.seed else ""
        return f"{self.network}-{self.train}-fold{self.fold}{seed}"
