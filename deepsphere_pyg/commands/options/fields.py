"""Options of fields in files, and of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.selecting import selection

_FILE, _NAME, _SELECT = {METAVAR: "FILE"}, {METAVAR: "NAME"}, {METAVAR: "DIM=VALUE"}
_PART = {METAVAR: "PART"}
#: What trainings need.
NEEDED = {"fields": "files of the inputs", "targets": "variables to predict"}
#: Value of ``--test`` for all samples of the files.
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class InputOptions(Options):
    """Fields.

    Parameters
    ----------
    fields
        Files of the inputs: NetCDF, GRIB, Zarr stores, HEALPix maps in FITS files,
        folders, quoted patterns, or URLs.
    inputs
        Input variables, optionally with a level, as z or z@500 (default: all on the
        grid that are not targets).
    select
        Coordinates of the inputs to keep, such as level=850, time=1950/1989 or
        member_id=r1i1p1f1; repeat a dimension to keep several of its values.
    sample_dims
        Dimensions of the samples (default: those of time and members).
    regrid
        Method to regrid numbers to the sampling: conservative averages over the areas
        of its cells; bilinear and linear interpolate; auto averages if the sampling is
        coarser than the file, and interpolates otherwise (default: that of
        --checkpoint, else auto).
    winds
        Pairs of variables that are eastward and northward winds, as u v or u10 v10:
        they are regridded as vectors, at the poles too.
    """

    fields: tuple[str, ...] | None = field(default=None, metadata=_FILE)
    inputs: tuple[str, ...] | None = field(default=None, metadata=_NAME)
    select: tuple[str, ...] = field(default=(), metadata=_SELECT)
    sample_dims: tuple[str, ...] | None = field(default=None, metadata=_NAME)
    regrid: Literal["auto", "conservative", "bilinear", "linear"] | None = None
    winds: tuple[str, ...] = field(default=(), metadata=_NAME)

    def __post_init__(self) -> None:
        selection(self.select, "select")
        if len(self.winds) % 2:
            raise ValueError(
                "--winds must be pairs of an eastward and a northward wind, got "
                f"{' '.join(self.winds)}; pass u v, for example"
            )
        super().__post_init__()

    @property
    def method(self) -> Literal["auto", "conservative", "bilinear", "linear"]:
        """Method of regridding."""
        return self.regrid or "auto"


@dataclass(frozen=True, kw_only=True)
class TargetOptions(Options):
    """Targets.

    Parameters
    ----------
    targets
        Target variables; or values of whole samples: an index, a coordinate, or a part
        of the time such as time.year.
    target_fields
        Files of the targets, on any grid (default: --fields).
    target_select
        Coordinates of the targets to keep (default: those of --select).
    """

    targets: tuple[str, ...] | None = field(default=None, metadata=_NAME)
    target_fields: tuple[str, ...] | None = field(default=None, metadata=_FILE)
    target_select: tuple[str, ...] = field(default=(), metadata=_SELECT)

    def __post_init__(self) -> None:
        selection(self.target_select, "target_select")
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class PartOptions(Options):
    """Training, validation and test samples.

    Parameters
    ----------
    by
        Parts are cut along time, along another sample dimension such as member, or into
        blocks of area.
    train
        Samples to train on: a range of time as 1890/1959, or member=57,59 (default: all
        that are not held out).
    validation
        Samples to select the checkpoint by: a share, a range, member=68, or other
        files.
    test
        Samples to test on, likewise; with --checkpoint also all.
    gap
        Steps along --by to leave out beside held-out samples, since neighbours in time
        are similar.
    block_degrees
        Width of a block of area, in degrees.
    split_seed
        Random seed of the blocks of area.
    """

    by: str = field(default="time", metadata=_NAME)
    train: str | None = field(default=None, metadata=_PART)
    validation: str = field(default="0.15", metadata=_PART)
    test: str = field(default="0.15", metadata=_PART)
    gap: int = 0
    block_degrees: float = 15.0
    split_seed: int = 0


def paths_of(paths: Sequence[str] | None) -> Any:
    """Return one path as a text, since it may be a store, and several as a list."""
    if paths is None:
        return None
    return paths[0] if len(paths) == 1 else list(paths)


def part_of(text: str | None) -> Any:
    """Return a part as :class:`SphereDataModule` takes it.

    Examples
    --------
    >>> part_of("0.2"), part_of("1950/1989"), part_of("member=57,59")
    (0.2, '1950/1989', {'member': [57, 59]})
    """
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    name, equals, values = text.partition("=")
    if not equals or "/" in name:
        return text
    chosen = selection([f"{name}={value}" for value in values.split(",")])
    return chosen
