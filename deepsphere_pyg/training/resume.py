"""What a training may go on from, and with which options."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from deepsphere_pyg.models import SavedModel, SphericalModel, load_model, read_header
from deepsphere_pyg.training.splitting import Splits

# What a resumed training may change: how long and how fast it goes on, where it runs
# and what it writes. Everything else makes it another training.
CHANGEABLE = frozenset(
    {
        *("epochs", "batch_size", "lr", "device", "threads", "tensorboard"),
        *("out", "resume", "checkpoint", "transfer", "baseline"),
        # Folders and files may be moved; what is in them is compared by names.
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
    """Refuse to train where there is a checkpoint, unless to go on from it.

    Raises
    ------
    ValueError
        If there is one, and ``resume`` is false.
    """
    if path.exists() and not resume:
        raise ValueError(
            f"{path} is there already: pass --resume to go on from it, "
            "or another --out to keep it"
        )


def checkpoint_to_resume(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, path: Path
) -> Path | None:
    """Path of the checkpoint to go on from, if it is of this very training.

    Parameters
    ----------
    args
        Options of the command.
    network, splits
        What would be trained, and on which maps.
    path
        Where the checkpoint would be.

    Returns
    -------
    Path or None
        None where there is no checkpoint.

    Raises
    ------
    ValueError
        If it is of another sampling, network, graph, data set or option that a
        training cannot change.
    """
    refuse_to_overwrite(path, args.resume)
    if not path.exists():
        return None
    # load_model says what is wrong with a checkpoint of another sampling.
    load_model(path, sampling=network.sampling)
    kept = read_header(path)
    notes = kept.get("notes", {})
    for what, found, expected in (
        ("classes", kept.get("class_names"), splits.train.class_names),
        ("channels", notes.get("channel_names"), splits.train.channel_names),
    ):
        if found != list(expected):
            raise ValueError(
                f"{path} knows the {what} {', '.join(found or ())}, the data have "
                f"{', '.join(expected)}; train into another --out"
            )
    graph = dict(network.pyramid.config)
    if (kept["model_config"], kept["pyramid"]) != (network.config, graph):
        raise ValueError(
            f"{path} is of another network or graph; "
            "train into another --out, or pass the options it was trained with"
        )
    _check_settings(args, notes, path)
    return path


def labels_to_resume(
    args: argparse.Namespace, network: SavedModel, path: Path
) -> Path | None:
    """Path of the checkpoint to go on from, of a network that gives labels.

    Raises
    ------
    ValueError
        If there is one of another network or option that a training cannot change.
    """
    refuse_to_overwrite(path, args.resume)
    if not path.exists():
        return None
    # load_model says what is wrong with a damaged file. What it returns knows options
    # that the network has had only since.
    kept = load_model(path)
    _check_settings(args, read_header(path).get("notes", {}), path)
    before, now = _plain(kept.config), _plain(network.config)
    if before.get("radius", ...) is None:
        # Files of before it was kept; the data, and so the radius, are the same.
        before["radius"] = now.get("radius")
    if (type(kept), before) != (type(network), now):
        raise ValueError(
            f"{path} is of another network; train into another --out, or pass the "
            "options it was trained with"
        )
    return path


def _plain(config: dict[str, Any]) -> Any:
    """Return a configuration as it is kept in files: tuples are lists."""
    return json.loads(json.dumps(config))


def _check_settings(
    args: argparse.Namespace, notes: dict[str, Any], path: Path
) -> None:
    """Refuse to go on with options that make it another training."""
    before = notes.get("settings", {})
    fixed = fixed_settings(args)
    if "data" in before and "regrid" in fixed:
        # Maps of files were interpolated before there was a choice.
        before = {"regrid": "bilinear", **before}
    if before.get("data") == "events":
        fixed.pop("regrid", None)
    for key, value in fixed.items():
        if key in before and before[key] != value:
            raise ValueError(
                f"{path} was trained with --{key.replace('_', '-')} {before[key]}, got "
                f"{value}; pass the same to go on from it, or train into another --out"
            )
