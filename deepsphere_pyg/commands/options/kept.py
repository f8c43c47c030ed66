"""What a checkpoint brings: task, network, sampling, options of its training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.options.resuming import renamed
from deepsphere_pyg.models.checkpoint_file import TASK, read_checkpoint
from samplings import Sampling, from_config, same_sampling

if TYPE_CHECKING:
    from torch import nn

    from deepsphere_pyg.models import SphericalModel
    from deepsphere_pyg.training.tasks import Task

# Networks, and Lightning with the tasks, take seconds to load, which the options and
# the data of a training do without.


@dataclass(frozen=True)
class Kept:
    """A checkpoint of a task.

    Attributes
    ----------
    path
        The file.
    kind
        Name of the class of the task.
    config
        Arguments of the task.
    notes
        Facts of the training: its options, names of channels, and others.
    sampling
        Where it was trained.
    """

    path: Path
    kind: str
    config: dict[str, Any]
    notes: dict[str, Any]
    sampling: Sampling | None

    @property
    def settings(self) -> dict[str, Any]:
        """Options of the command that trained it."""
        return renamed(self.notes.get("settings", {}))

    def refuse_other(self, *kinds: str) -> None:
        """Refuse a checkpoint of another kind of task.

        Parameters
        ----------
        *kinds
            Names of the classes of tasks that are wanted.

        Raises
        ------
        ValueError
            If the checkpoint is of another.
        """
        if self.kind not in kinds:
            raise ValueError(
                f"{self.path} is of the task {self.kind}, this command needs one of "
                f"{' or a '.join(kinds)}; use a checkpoint that it wrote, or "
                "deepsphere-pyg predict"
            )

    def task(self, sampling: Sampling | None = None) -> Task:
        """Return the task with its trained network, moved to a sampling.

        Parameters
        ----------
        sampling
            By default that of the training.

        Raises
        ------
        ValueError
            If the weights do not fit.
        """
        from deepsphere_pyg.commands.options.building import build_model
        from deepsphere_pyg.models import load_model
        from deepsphere_pyg.training.tasks import Task

        content = read_checkpoint(self.path)
        place = self.sampling if sampling is None else sampling
        network: nn.Module
        if "deepsphere_pyg" in content:
            network = load_model(self.path)
            if place is not None and self.sampling is not None:
                if not same_sampling(place, self.sampling):
                    network = _spherical(network, self.path).with_sampling(place)
        else:
            spec = self.settings.get("model")
            sizes = [self.notes.get(f"{one}_channels", -1) for one in ("in", "out")]
            if spec is None or place is None or -1 in sizes:
                raise ValueError(
                    f"{self.path} holds the weights of a network of another library; "
                    "use load_task(path, network) in Python"
                )
            network = build_model(spec, sizes[0], sizes[1], place)
        config = dict(self.config)
        if place is not None and "sampling" in config:
            config["sampling"] = place.config
        task = Task.registry[self.kind](network, **config, notes=self.notes)
        if TASK in content:
            try:
                task.load_state_dict(content["state_dict"])
            except RuntimeError as error:
                raise ValueError(
                    f"the weights in {self.path} do not fit: {error}"
                ) from error
        return task.eval()


def _spherical(network: nn.Module, path: Path) -> SphericalModel:
    from deepsphere_pyg.models import SphericalModel

    if not isinstance(network, SphericalModel):
        raise ValueError(
            f"{path} holds a {type(network).__name__}, whose weights cannot move to "
            "another sampling; leave out the options of the sampling"
        )
    return network


def read_kept(path: Path) -> Kept:
    """Read what a checkpoint brings.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or no checkpoint of a task.
    """
    content = read_checkpoint(path)
    known: dict[str, Any] = {}
    if not isinstance(content, dict) or TASK not in content:
        # Earlier versions wrote the header of the network alone.
        from deepsphere_pyg.models import read_header

        known = read_header(path)
        if known.get("class_names") is None:
            raise ValueError(
                f"{path} names no classes and no task; use a checkpoint that a command "
                "or fit wrote"
            )
        kind = {
            "type": "SegmentationTask",
            "config": {"class_names": known["class_names"]},
            "notes": known.get("notes", {}),
        }
    else:
        known = content.get("deepsphere_pyg", {})
        kind = content[TASK]
    config = (known.get("pyramid") or {}).get("sampling") or known.get(
        "sampling_config"
    )
    config = kind["config"].get("sampling") or config or kind["notes"].get("sampling")
    return Kept(
        path,
        kind["type"],
        kind["config"],
        kind["notes"],
        None if config is None else from_config(config),
    )


def with_kept(options: Any, kept: Kept, names: Iterable[str]) -> Any:
    """Return options with those of the training where they are not given.

    Parameters
    ----------
    options
        Options of a command.
    kept
        The checkpoint.
    names
        Options that the checkpoint brings.
    """
    defaults = {field.name: field.default for field in fields(options)}
    changes = {}
    for name in names:
        if getattr(options, name) == defaults[name] and name in kept.settings:
            changes[name] = _read(name, kept.settings[name])
    return replace(options, **changes)


def _read(name: str, value: Any) -> Any:
    """Return the value of an option as it was before it was written."""
    if isinstance(value, list):
        return tuple(value)
    return Path(value) if name in ("root", "points") and value is not None else value


def tell_ignored(options: Any, names: Iterable[str]) -> None:
    """Print which options are given and have no effect, since nothing is trained."""
    defaults = {field.name: field.default for field in fields(options)}
    given = [f"--{flag(n)}" for n in names if getattr(options, n) != defaults[n]]
    if given:
        print(f"ignored    {', '.join(given)}: the checkpoint brings its own")
