"""Checkpoints that a training may resume from, and with which options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from samplings.atomic_files import atomic_path

if TYPE_CHECKING:
    from deepsphere_pyg.training.tasks import Task

# Options that a resumed training may change: its length and learning rate, its device
# and its outputs. A change of any other option makes it another training.
CHANGEABLE = frozenset(
    {
        *("epochs", "batch_size", "learning_rate", "n_workers"),
        *("device", "threads", "trainer", "tensorboard"),
        *("out", "resume", "checkpoint", "baseline"),
        # Files may be moved; their contents are compared by names.
        *("root", "fields", "target_fields", "points"),
    }
)


def settings(options: Any) -> dict[str, Any]:
    """The options of a run, JSON-able."""
    readable: dict[str, Any] = json.loads(json.dumps(asdict(options), default=str))
    return readable


def write_config(options: Any, folder: Path) -> Path:
    """Write ``config.yaml``, with which ``--config`` runs a command again.

    Options of a run that is repeated, such as ``--resume``, are left out.
    """
    values = {
        name: value
        for name, value in settings(options).items()
        if value not in (None, {}) and name not in ("resume", "out")
    }
    path = folder / "config.yaml"
    with atomic_path(path) as temporary:
        text = yaml.safe_dump(values, sort_keys=False)
        temporary.write_text(text, encoding="utf-8")
    return path


def fixed_settings(options: Any) -> dict[str, Any]:
    """The options that a resumed training must share with the interrupted one."""
    return {k: v for k, v in settings(options).items() if k not in CHANGEABLE}


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


def checkpoint_to_resume(options: Any, task: Task, path: Path) -> Path | None:
    """Path of the checkpoint to resume from, if it belongs to the same training.

    Parameters
    ----------
    options
        Options of the command.
    task
        Task to train.
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
    refuse_to_overwrite(path, options.resume)
    if not path.exists():
        return None
    # Late, as PyTorch and networks take seconds to load.
    from deepsphere_pyg.models import (
        SavedModel,
        checkpoint_header,
        load_model,
        read_header,
    )
    from deepsphere_pyg.models.checkpoint_file import TASK, read_checkpoint

    content = read_checkpoint(path)
    known = content.get(TASK, {}) if isinstance(content, dict) else {}
    network = task.network
    if isinstance(network, SavedModel):
        sampling = getattr(network, "sampling", None)
        # load_model raises a clear error for a damaged file and for another sampling,
        # and fills in options that did not exist when the file was written.
        kept = load_model(path, sampling)
        header = read_header(path)
        notes = header.get("notes", {})
    else:
        kept, header = None, known.get("config", {})
        notes = known.get("notes", {})
    for what, found, expected in (
        ("classes", header.get("class_names"), getattr(task, "class_names", None)),
        ("channels", notes.get("channel_names"), task.notes.get("channel_names")),
    ):
        if found is not None and found != list(expected or ()):
            raise ValueError(
                f"{path} was trained with the {what} {', '.join(found)}, the "
                f"data have {', '.join(expected or ())}; train into another --out"
            )
    _check_settings(options, notes, path)
    if kept is not None:
        before, now = _plain(kept.config), _plain(network.config)
        if before.get("radius", ...) is None:
            # Older files lack the radius; the data, and so the radius, are the same.
            before["radius"] = now.get("radius")
        graphs = [_graph(header), _graph(checkpoint_header(network))]
        if (type(kept), before) != (type(network), now) or graphs[0] != graphs[1]:
            raise ValueError(
                f"{path} holds another network or graph; train into another --out, or "
                "pass the options it was trained with"
            )
    return path


def _graph(header: dict[str, Any]) -> Any:
    """Return the configuration of a network's graphs."""
    return header.get("pyramid")


def _plain(config: dict[str, Any]) -> Any:
    """Return a configuration as files hold it, with lists for tuples."""
    return json.loads(json.dumps(config))


def _check_settings(options: Any, notes: dict[str, Any], path: Path) -> None:
    """Refuse to resume with options that make it another training."""
    before = renamed(notes.get("settings", {}))
    fixed = fixed_settings(options)
    for key, value in fixed.items():
        if key in before and before[key] != value:
            raise ValueError(
                f"{path} was trained with --{key.replace('_', '-')} {before[key]}, got "
                f"{value}; pass the same value to resume, or train into another --out"
            )


def resolved_regridding(options: Any) -> Any:
    """Set ``--regrid`` if it is not given: as a resumed training, or to auto."""
    if options.regrid is not None:
        return options
    last, method = options.folder / "last.ckpt", "auto"
    if options.resume and last.exists():
        from deepsphere_pyg.models.checkpoint_file import TASK, read_checkpoint

        content = read_checkpoint(last)
        notes = content.get(TASK, {}).get("notes", {})
        notes = notes or content.get("deepsphere_pyg", {}).get("notes", {})
        method = renamed(notes.get("settings", {})).get("regrid") or "auto"
    return replace(options, regrid=method)


def renamed(before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a training with their present names and forms.

    Parameters
    ----------
    before
        Options, perhaps as version 0.1 called them.
    """
    found = dict(before)
    if "variables" in found:
        found["inputs"] = found.pop("variables")
    if "labels" in found:
        found["target_fields"] = [found.pop("labels")] if found["labels"] else None
    if "label_variable" in found:
        name = found.pop("label_variable")
        found["targets"] = None if name is None else [name]
    if "label_select" in found:
        found["target_select"] = found.pop("label_select")
    for name in ("select", "target_select"):
        if name in found:
            found[name] = [_as_text(one) for one in found[name] or ()]
    if "hold_out" in found:
        found["by"] = "area" if found.pop("hold_out") == "pixels" else "time"
        found["test"] = str(found.pop("hold_out_share"))
    if found.get("data") not in (None, "events"):
        # Maps of files were interpolated before the option existed.
        found["regrid"] = found.get("regrid") or "bilinear"
    return found


def _as_text(selection: Any) -> str:
    """Return a selection as the shell passes it; it was a pair once."""
    if isinstance(selection, str):
        return selection
    name, value = selection
    return f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
