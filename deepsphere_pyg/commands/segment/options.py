"""Options of ``segment``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.network import GraphOptions
from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.commands.options.training import MachineOptions, OutputOptions
from deepsphere_pyg.training.options import TrainingOptions

_NAME, _SELECT, _PART = (
    {METAVAR: "NAME"},
    {METAVAR: "DIM=VALUE"},
    {METAVAR: "PART"},
)


@dataclass(frozen=True, kw_only=True)
class DataOptions(Options):
    """Data.

    Parameters
    ----------
    data
        Events: generated weather with cyclones and atmospheric rivers; netcdf: any file
        that xarray reads; others: published data sets, read from --root (default: that
        of --checkpoint, else events).
    root
        Folder of the files of a published data set.
    regrid
        Method to regrid maps of files to the sampling: conservative averages over the
        areas of its cells; bilinear and linear interpolate; auto averages if the
        sampling is coarser than the file, and interpolates otherwise (default: that of
        --checkpoint, else auto).
    """

    data: (
        Literal[
            "events",
            "netcdf",
            "climate-sphere-l5",
            "cam5",
            "climatenet",
            "extreme-weather",
        ]
        | None
    ) = None
    root: Path | None = None
    regrid: Literal["auto", "conservative", "bilinear", "linear"] | None = None

    @property
    def method(self) -> Literal["auto", "conservative", "bilinear", "linear"]:
        """Method of regridding."""
        return self.regrid or "auto"


@dataclass(frozen=True, kw_only=True)
class EventOptions(Options):
    """Generated maps (--data events).

    Parameters
    ----------
    n_train
        Training maps.
    n_validation
        Validation maps, used to select the checkpoint.
    n_test
        Test maps.
    rotate
        Maps that are rotated at random, each by its own rotation.
    """

    n_train: int = 300
    n_validation: int = 40
    n_test: int = 40
    rotate: Literal["none", "test", "all"] = "none"


@dataclass(frozen=True, kw_only=True)
class NetcdfOptions(Options):
    """NetCDF and Zarr (--data netcdf).

    Parameters
    ----------
    fields
        Input maps: files, stores, folders, quoted patterns, or URLs.
    variables
        Input variables, optionally with a level, as z or z@500.
    labels
        Label maps (default: --fields).
    label_variable
        Variable of the class codes.
    select
        Coordinates of the fields to keep along other dimensions, such as level=850,
        step=6h or member_id=r1i1p1f1; repeat a dimension to keep several of its values.
    label_select
        The same for the labels.
    missing_label
        Name of the class of pixels without a label, such as land.
    min_share
        Merge classes with a smaller share of the area into 'other'.
    train
        Maps to train on: a range of time as 1979/1999, or member=57,59 (default: all
        that are not held out).
    validation
        Maps to select the checkpoint by: a share, a range, member=68, or other files
        (default: 15 % of the maps before those of the test; of fewer than 5 maps, 15 %
        of the pixels).
    test
        Maps to test on, likewise; with --checkpoint also all (default: the last ones,
        --hold-out-share; of other --fields, all).
    gap
        Times to leave out beside held-out maps, since neighbours are similar.
    hold_out
        Test on maps, or on blocks of pixels of all maps.
    hold_out_share
        Share of the test set.
    block_degrees
        Width of a block of pixels, in degrees.
    split_seed
        Random seed of the test blocks.
    """

    fields: tuple[str, ...] | None = field(default=None, metadata={METAVAR: "FILE"})
    variables: tuple[str, ...] | None = field(default=None, metadata=_NAME)
    labels: str | None = field(default=None, metadata={METAVAR: "FILE"})
    label_variable: str | None = field(default=None, metadata=_NAME)
    select: tuple[str, ...] = field(default=(), metadata=_SELECT)
    label_select: tuple[str, ...] = field(default=(), metadata=_SELECT)
    missing_label: str | None = field(default=None, metadata=_NAME)
    min_share: float = 0.0
    train: str | None = field(default=None, metadata=_PART)
    validation: str | None = field(default=None, metadata=_PART)
    test: str | None = field(default=None, metadata=_PART)
    gap: int = 0
    hold_out: Literal["pixels", "maps"] = "maps"
    hold_out_share: float = 0.25
    block_degrees: float = 10.0
    split_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("select", "label_select"):
            selection(getattr(self, name), name)
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Options):
    """Evaluation.

    Parameters
    ----------
    checkpoint
        Do not train: evaluate, predict and draw with this checkpoint, which brings its
        sampling, network and data options; NetCDF data without --label-variable are
        only predicted and drawn. Another --sampling moves the weights there.
    """

    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
class LossOptions(Options):
    """Loss and logs.

    Parameters
    ----------
    loss_weights
        Weight of each class in the loss: none, balanced (inverse to its area), or
        numbers W,W,...
    tensorboard
        Also write TensorBoard logs.
    """

    loss_weights: str = field(default="none", metadata={METAVAR: "W,W,..."})
    tensorboard: bool = False


@dataclass(frozen=True, kw_only=True)
class SegmentOptions(
    DataOptions,
    EventOptions,
    NetcdfOptions,
    SamplingOptions,
    GraphOptions,
    EvaluationOptions,
    OutputOptions,
    LossOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of the command."""

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        return Path("runs/segment" if self.checkpoint is None else "runs/evaluation")
