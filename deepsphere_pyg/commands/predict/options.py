"""Options of ``predict``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.fields import InputOptions
from deepsphere_pyg.commands.options.machine import check_device
from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions


@dataclass(frozen=True, kw_only=True)
class PredictionOptions(Options):
    """Prediction.

    Parameters
    ----------
    checkpoint
        File that a command or fit wrote; or the name of a pretrained network, such as
        climate-events-small. It brings its sampling and inputs; another --sampling
        moves its weights there.
    out
        File of the predictions, whose ending chooses the format: .nc, .zarr, or .fits
        for HEALPix maps, where {sample} stands for the number of a sample.
    grid
        Write on the grid of the input files, or on the sampling of the network
        (default: source; for .fits, sampling).
    picture
        File of a picture of the first sample (default: beside --out).
    batch_size
        Samples to predict at a time.
    n_maps
        Number of generated maps to predict, for networks that were trained on generated
        events, without --fields.
    device
        Device to compute on: cpu, cuda, cuda:N, or auto for the fastest.
    """

    checkpoint: str | None = field(default=None, metadata={METAVAR: "FILE|NAME"})
    out: Path = Path("predictions.nc")
    grid: Literal["source", "sampling"] | None = None
    picture: Path | None = None
    batch_size: int = 4
    n_maps: int = 4
    device: str = field(default="auto", metadata={METAVAR: "NAME"})

    def __post_init__(self) -> None:
        check_device(self.device)
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class PredictOptions(PredictionOptions, InputOptions, SamplingOptions):
    """Options of the command."""

    @property
    def needed(self) -> Mapping[str, str]:
        """Options that must be given beside the others."""
        return {"checkpoint": "a trained network"}


OPTIONS = PredictOptions
