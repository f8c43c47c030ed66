"""Options of Lightning's trainer, and networks of one's own, from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl
from jsonargparse import ArgumentParser
from torch import nn

from deepsphere_pyg.training.loop import OWN, TRAINER
from samplings import Sampling

#: Type of ``--model``: a class whose first arguments are the numbers of channels and
#: the sampling.
Model = Callable[[int, int, Sampling], nn.Module]


def add_trainer(parser: ArgumentParser, place: Any = None, text: str = "") -> None:
    """Add the options of Lightning's trainer, as ``--trainer.precision bf16-mixed``."""
    parser.add_class_arguments(pl.Trainer, "trainer", instantiate=False, skip=set(OWN))
    parser.set_defaults({f"trainer.{name}": one for name, one in TRAINER.items()})
    groups = parser.groups or {}
    groups["trainer"].title = "arguments of Lightning's trainer"
    for action in parser._actions:
        if action.dest == "trainer":
            action.help, action.metavar = text, "FILE"


def add_model(parser: ArgumentParser, place: Any = None, text: str = "") -> None:
    """Add ``--model``, the import path of a network's class, and its arguments."""
    (parser if place is None else place).add_argument(
        "--model", type=Model | None, default=None, help=text, metavar="CLASS"
    )


def trainer_arguments(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of Lightning's trainer, with callbacks and loggers built.

    Parameters
    ----------
    chosen
        Those that are given, as configurations have them.
    """
    parser = ArgumentParser()
    add_trainer(parser)
    parsed = parser.parse_object({"trainer": dict(chosen)})
    built = parser.instantiate(parsed).trainer.as_dict()
    return {name: built[name] for name in chosen}


def build_model(
    spec: Mapping[str, Any], in_channels: int, out_channels: int, sampling: Sampling
) -> nn.Module:
    """Build a network of one's own.

    Parameters
    ----------
    spec
        Its class, ``class_path``, and further arguments, ``init_args``.
    in_channels, out_channels, sampling
        Its first arguments.

    Raises
    ------
    TypeError
        If the class is no network.
    """
    parser = ArgumentParser()
    add_model(parser)
    parsed = parser.parse_object({"model": dict(spec)})
    network = parser.instantiate(parsed).model(in_channels, out_channels, sampling)
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"--model must name a torch.nn.Module, got {spec['class_path']}, which "
            f"makes a {type(network).__name__}"
        )
    return network
