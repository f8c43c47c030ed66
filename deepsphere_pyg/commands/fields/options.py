"""Options of commands that train on fields in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deepsphere_pyg.commands.options.fields import (
    InputOptions,
    PartOptions,
    TargetOptions,
)
from deepsphere_pyg.commands.options.lightning import add_model
from deepsphere_pyg.commands.options.parsing import ADDED_BY, Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions
from deepsphere_pyg.commands.options.training import MachineOptions, OutputOptions
from deepsphere_pyg.training.options import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(Options):
    """Graph and network.

    Parameters
    ----------
    network
        Named size: of a U-Net, or pixel for a network that sees single pixels, where
        targets are maps; of a classifier (small or deepsphere) where they are of whole
        samples.
    model
        Import path of a network of one's own, whose first arguments are the numbers of
        input and output channels and the sampling; --model.NAME gives further ones.
    k
        Minimum number of neighbours of each vertex.
    weighting
        Edge weights; the DeepSphere papers use heat.
    K
        Chebyshev terms (default: that of the network).
    """

    network: Literal["small", "jiang", "deepsphere", "wider", "pixel"] = "small"
    model: Mapping[str, Any] | None = field(
        default=None, metadata={ADDED_BY: add_model}
    )
    k: int = 8
    weighting: Literal[
        "heat",
        "self-tuned",
        "inverse-distance",
        "area-corrected",
        "fitted",
        "fitted-single",
        "fitted-irls",
    ] = "fitted"
    K: int | None = None


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions(Options):
    """Evaluation.

    Parameters
    ----------
    checkpoint
        Do not train: test this checkpoint, which brings its sampling, network and data
        options, on the test samples or, with --test all, on all samples of --fields.
        Another --sampling moves the weights there.
    """

    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
class FieldsOptions(
    InputOptions,
    TargetOptions,
    PartOptions,
    SamplingOptions,
    NetworkOptions,
    CheckpointOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of commands that train on fields in files."""
