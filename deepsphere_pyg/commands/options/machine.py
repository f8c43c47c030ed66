"""Options of the folder of results, and of the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepsphere_pyg.commands.options.lightning import add_trainer, list_trainer
from deepsphere_pyg.commands.options.parsing import (
    ADDED_BY,
    LISTED_BY,
    METAVAR,
    Options,
)

# Forms of devices other than auto. PyTorch, which knows those there are, takes seconds
# to load.
_DEVICE = re.compile(r"(cpu|cuda)(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Options):
    """Output.

    Parameters
    ----------
    out
        Folder of the results.
    resume
        Continue from the last checkpoint in --out, if it exists; --epochs, --lr and
        --batch-size may change, and the remaining epochs follow their schedule.
    """

    out: Path | None = None
    resume: bool = False

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        return Path("runs")

    @property
    def folder(self) -> Path:
        """Folder of the results."""
        return self.default_out if self.out is None else self.out


@dataclass(frozen=True, kw_only=True)
class MachineOptions(Options):
    """Machine, and options of Lightning's trainer.

    Parameters
    ----------
    device
        Device to compute on: cpu, cuda, cuda:N, or auto for the fastest.
    threads
        CPU threads of PyTorch (default: OMP_NUM_THREADS, else one per core).
    trainer
        Arguments of Lightning's Trainer: a YAML file of them, or each by itself, as
        --trainer.precision bf16-mixed or --trainer.callbacks EarlyStopping
        --trainer.callbacks.monitor val/loss.
    """

    device: str = field(default="auto", metadata={METAVAR: "NAME"})
    threads: int | None = None
    trainer: Mapping[str, Any] = field(
        default_factory=dict, metadata={ADDED_BY: add_trainer, LISTED_BY: list_trainer}
    )

    def __post_init__(self) -> None:
        check_device(self.device)
        super().__post_init__()

    @property
    def torch_device(self) -> str:
        """Device of predictions."""
        return torch_device(self.device)


def torch_device(name: str) -> str:
    """Return the device of predictions that a value of ``--device`` stands for."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def check_device(name: str) -> None:
    """Refuse a device that PyTorch cannot compute on.

    Raises
    ------
    ValueError
        If the name is neither auto, cpu nor cuda, or the device does not exist.
    """
    if name in ("auto", "cpu"):
        return
    device = None
    if _DEVICE.fullmatch(name):
        import torch

        with suppress(RuntimeError):
            device = torch.device(name)
    if device is None:
        raise ValueError(f"--device must be auto, cpu, cuda or cuda:N, got {name!r}")
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ValueError(
            f"--device {name}: PyTorch finds {count or 'no'} CUDA devices here; "
            f"pass {'cuda:0 .. cuda:' + str(count - 1) if count else 'cpu'}"
        )
