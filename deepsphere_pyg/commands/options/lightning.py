"""Options of Lightning's trainer, and networks of one's own, from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from jsonargparse import ArgumentParser

from deepsphere_pyg.commands.options.parsing import CommandParser

# PyTorch and Lightning take seconds to load, so only functions that need them do.

_TITLE = "arguments of Lightning's trainer"
#: Options ``--trainer.NAME`` of Lightning's trainer, for parsers that do not load it.
TRAINER_ARGUMENTS = (
    *("accelerator", "strategy", "devices", "num_nodes", "precision", "logger"),
    *("callbacks", "fast_dev_run", "min_epochs", "max_steps", "min_steps", "max_time"),
    *("limit_train_batches", "limit_val_batches", "limit_test_batches"),
    *("limit_predict_batches", "overfit_batches", "val_check_interval"),
    *("check_val_every_n_epoch", "num_sanity_val_steps", "log_every_n_steps"),
    *("enable_model_summary", "accumulate_grad_batches", "gradient_clip_val"),
    *("gradient_clip_algorithm", "deterministic", "benchmark", "inference_mode"),
    *("use_distributed_sampler", "profiler", "detect_anomaly", "barebones", "plugins"),
    *("sync_batchnorm", "reload_dataloaders_every_n_epochs"),
    *("enable_autolog_hparams", "model_registry"),
    # Lists to add to, and the help of classes.
    *("devices+", "logger+", "callbacks+", "plugins+"),
    *("accelerator.help", "strategy.help", "logger.help", "callbacks.help"),
    *("plugins.help", "profiler.help"),
)


def add_trainer(parser: ArgumentParser, place: Any = None, text: str = "") -> None:
    """Add the options of Lightning's trainer, as ``--trainer.precision bf16-mixed``."""
    import pytorch_lightning as pl

    from deepsphere_pyg.training.loop import OWN, TRAINER

    parser.add_class_arguments(pl.Trainer, "trainer", instantiate=False, skip=set(OWN))
    parser.set_defaults({f"trainer.{name}": one for name, one in TRAINER.items()})
    groups = parser.groups or {}
    groups["trainer"].title = _TITLE
    for action in parser._actions:
        if action.dest == "trainer":
            action.help, action.metavar = text, "FILE"


def list_trainer(parser: CommandParser, place: Any, text: str) -> None:
    """Add the line of the help alone."""
    group = parser.add_argument_group(_TITLE)
    group.add_argument(
        "--trainer", default=argparse.SUPPRESS, help=text, metavar="FILE"
    )
    parser.unread += tuple(f"--trainer.{name}" for name in TRAINER_ARGUMENTS)


def add_model(parser: ArgumentParser, place: Any = None, text: str = "") -> None:
    """Add ``--model``, the import path of a network's class, and its arguments.

    Its first arguments are the numbers of channels and the sampling.
    """
    from collections.abc import Callable

    from torch import nn

    from samplings import Sampling

    (parser if place is None else place).add_argument(
        "--model",
        type=Callable[[int, int, Sampling], nn.Module] | None,
        default=None,
        help=text,
        metavar="CLASS",
    )


def list_model(parser: CommandParser, place: Any, text: str) -> None:
    """Add the lines of the help alone."""
    place.add_argument(
        "--model.help",
        action=_Listed,
        help="Show the help for the given subclass of Module and exit.",
        metavar="[CLASS_PATH_OR_NAME]",
    )
    place.add_argument("--model", default=argparse.SUPPRESS, help=text, metavar="CLASS")


class _Listed(argparse.Action):
    """An option of the help, which the parser does not read."""

    def __init__(self, option_strings: list[str], **options: Any) -> None:
        hidden = {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS}
        super().__init__(option_strings, **{**options, **hidden})

    def __call__(self, *given: Any) -> None:
        """Do nothing."""


def trainer_arguments(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of Lightning's trainer, with callbacks and loggers built.

    Parameters
    ----------
    chosen
        Those that are given, as configurations have them.
    """
    if not chosen:
        return {}
    parser = ArgumentParser()
    add_trainer(parser)
    parsed = parser.parse_object({"trainer": dict(chosen)})
    built = parser.instantiate(parsed).trainer.as_dict()
    return {name: built[name] for name in chosen}
