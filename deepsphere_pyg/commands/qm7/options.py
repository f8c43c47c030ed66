"""Options of ``qm7``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.training.options import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class MoleculeOptions(Options):
    """Data.

    Parameters
    ----------
    root
        The file qm7.mat, or its folder: needed to train, and to evaluate --checkpoint.
    fold
        Test fold; the other four are trained on (default: 0, or the test fold of
        --checkpoint).
    n_validation
        Validation molecules, used to select the checkpoint.
    checkpoint
        Do not train: test this checkpoint on a fold of --root, or predict the energies
        of --molecules.
    molecules
        Molecules to predict with --checkpoint: .xyz of one or several frames, or .mat
        or .npz with R (molecule, atom, 3) and Z (molecule, atom).
    unit
        Unit of the positions of --molecules (default: angstrom in .xyz files, bohr in
        others).
    """

    root: Path | None = None
    fold: int | None = None
    n_validation: int = 200
    checkpoint: Path | None = None
    molecules: Path | None = None
    unit: Literal["bohr", "angstrom"] | None = None


@dataclass(frozen=True, kw_only=True)
class MoleculeNetworkOptions(Options):
    """Network.

    Parameters
    ----------
    mixing
        Pairs of degrees that are multiplied: all, those of minimum spanning trees, or
        of thinned trees.
    convolution
        Kind of the convolution after each product.
    bandlimits
        Bandlimits of the input spheres, then of the output of each block.
    channels
        Channels of the first convolution, then of each block.
    tau_max
        Number of fragments of degree 0.
    width
        Width of the dense layers.
    """

    mixing: Literal["full", "mst", "rmst"] = "mst"
    convolution: Literal["constrained", "unconstrained"] = "constrained"
    bandlimits: tuple[int, ...] = (6, 4, 1)
    channels: tuple[int, ...] = (8, 8, 8)
    tau_max: float = 3.0
    width: int = 128


@dataclass(frozen=True, kw_only=True)
class QM7Options(
    MoleculeOptions,
    MoleculeNetworkOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of the command."""

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 4e-3

    @property
    def test_fold(self) -> int:
        """Fold that is tested if no checkpoint says another."""
        return 0 if self.fold is None else self.fold

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        if self.checkpoint is None:
            return Path(f"runs/qm7-fold-{self.test_fold}")
        return Path("runs/evaluation" if self.molecules is None else "runs/prediction")


OPTIONS = QM7Options
