"""Refuse options before any work is done, not after minutes of it."""

from __future__ import annotations

import argparse
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch

from deepsphere_pyg.atomic_files import make_folder
from deepsphere_pyg.models import read_header
from deepsphere_pyg.training.resume import refuse_to_overwrite


def check_segment_options(args: argparse.Namespace) -> None:
    """Refuse what no run of ``segment`` can do.

    Raises
    ------
    FileNotFoundError, OSError
        If the checkpoint is missing, or ``--out`` cannot be written to.
    ValueError
        If an option is out of range, or options contradict each other.
    ImportError
        If TensorBoard is asked for and not installed.
    """
    for name in ("epochs", "batch_size", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} must be at least 1, got {value}")
    if not 0 < args.lr < float("inf"):
        raise ValueError(f"--lr must be positive and finite, got {args.lr}")
    check_device(args.device)
    if args.checkpoint is None:
        if args.transfer:
            raise ValueError(
                "--transfer needs --checkpoint FILE, whose weights to move"
            )
        refuse_to_overwrite(args.out / "last.ckpt", args.resume)
    else:
        if args.resume:
            raise ValueError(
                "--checkpoint evaluates and --resume trains; pass one of them"
            )
        read_header(args.checkpoint)
    if args.tensorboard and find_spec("tensorboard") is None:
        raise ImportError(
            "--tensorboard needs TensorBoard: pip install 'deepsphere-pyg[train]'"
        )
    check_folder(args.out)


def check_device(name: str) -> None:
    """Refuse a device that PyTorch cannot compute on here.

    Raises
    ------
    ValueError
        If the name is neither cpu nor cuda, or there is no such device.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device must be cpu, cuda or cuda:N, got {name!r}")
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ValueError(
            f"--device {name}: PyTorch finds {count or 'no'} CUDA devices here; "
            f"pass {'cuda:0 .. cuda:' + str(count - 1) if count else 'cpu'}"
        )


def check_folder(path: Path) -> None:
    """Refuse a folder that results cannot be written to; missing ones stay missing.

    Raises
    ------
    OSError
        If a file is in the way, or the folder may not be written to.
    """
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if existing == path or not existing.is_dir():
        make_folder(path)
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise OSError(
            f"cannot write to {existing}: {os.strerror(error.errno or 0)}; "
            "choose another --out"
        ) from error
