"""Checkpoints that a training may resume from, and with which options."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from deepsphere_pyg.models import SavedModel, SphericalModel, load_model, read_header
from deepsphere_pyg.training.splitting import Splits

# Options that a resumed training may change: its length and learning rate, its device
# and its outputs. A change of any other option makes it another training.
CHANGEABLE = frozenset(
    {
        *("epochs", "batch_size", "lr", "device", "threads", "tensorboard"),
        *("out", "resume", "checkpoint", "transfer", "baseline"),
        # Files may be moved; their contents are compared by names.
        *("root", "fields", "labels", "points"),
    }
)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """The options of a run, JSON-able."""
    skip = {"run", "command", "demo"}
    plain = {key: value for key, value in vars(args).items() if key not in skip}
    readable: dict[str, Any] = json.loads(json.dumps(plain, default=str))
    return readable


def fixed_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The options that a resumed training must share with the interrupted one."""
    return {k: v for k, v in settings(args).items() if k not in CHANGEABLE}


def refuse_to_overwrite(path: Path, resume: bool) -> None:
    """Refuse to overwrite a checkpoint, unless training resumes from it.

    Raises
    ------
    ValueError
        If the checkpoint exists and ``resume`` is false.
    """
    if path.exists() and not resume:
        raise ValueError(
            f"{path} exists already; pass --resume to continue from it, or another "
            "--out to keep it"
        )


def checkpoint_to_resume(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, path: Path
) -> Path | None:
    """Path of the checkpoint to resume from, if it belongs to the same training.

    Parameters
    ----------
    args
        Options of the command.
    network, splits
        Network to train, and its maps.
    path
        File of the checkpoint.

    Returns
    -------
    Path or None
        None if there is no checkpoint.

    Raises
    ------
    ValueError
        If its sampling, network, graph or data set differs, or an option that a
        resumed training cannot change.
    """
    refuse_to_overwrite(path, args.resume)
    if not path.exists():
        return None
    # load_model raises a clear error for a checkpoint of another sampling.
    load_model(path, sampling=network.sampling)
    kept = read_header(path)
    notes = kept.get("notes", {})
    for what, found, expected in (
        ("classes", kept.get("class_names"), splits.train.class_names),
        ("channels", notes.get("channel_names"), splits.train.channel_names),
    ):
        if found != list(expected):
            names = ", ".join(found or ())
            raise ValueError(
                f"{path} was trained with the {what} {names}, the data "
                f"have {', '.join(expected)}; train into another --out"
            )
    graph = dict(network.pyramid.config)
    if (kept["model_config"], kept["pyramid"]) != (network.config, graph):
        raise ValueError(
            f"{path} holds another network or graph; "
            "train into another --out, or pass the options it was trained with"
        )
    _check_settings(args, notes, path)
    return path


def labels_to_resume(
    args: argparse.Namespace, network: SavedModel, path: Path
) -> Path | None:
    """Path of the checkpoint to resume from, of a network that predicts labels.

    Raises
    ------
    ValueError
        If its network differs, or an option that a resumed training cannot change.
    """
    refuse_to_overwrite(path, args.resume)
    if not path.exists():
        return None
    # load_model raises a clear error for a damaged file, and fills in options that
    # did not exist when the file was written.
    kept = load_model(path)
    _check_settings(args, read_header(path).get("notes", {}), path)
    before, now = _plain(kept.config), _plain(network.config)
    if before.get("radius", ...) is None:
        # Older files lack the radius; the data, and so the radius, are the same.
        before["radius"] = now.get("radius")
    if (type(kept), before) != (type(network), now):
        raise ValueError(
            f"{path} holds another network; train into another --out, or pass the "
            "options it was trained with"
        )
    return path


def _plain(config: dict[str, Any]) -> Any:
    """Return a configuration as files hold it, with lists for tuples."""
    return json.loads(json.dumps(config))


def _check_settings(
    args: argparse.Namespace, notes: dict[str, Any], path: Path
) -> None:
    """Refuse to resume with options that make it another training."""
    before = notes.get("settings", {})
    fixed = fixed_settings(args)
    if "data" in before and "regrid" in fixed:
        # Maps of files were interpolated before the option existed.
        before = {"regrid": "bilinear", **before}
    if before.get("data") == "events":
        fixed.pop("regrid", None)
    for key, value in fixed.items():
        if key in before and before[key] != value:
            raise ValueError(
                f"{path} was trained with --{key.replace('_', '-')} {before[key]}, got "
                f"{value}; pass the same value to resume, or train into another --out"
            )
