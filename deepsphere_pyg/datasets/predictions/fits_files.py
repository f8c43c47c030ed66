"""FITS files of predictions on HEALPix pixels, one per sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from deepsphere_pyg.convert import write_healpix
from deepsphere_pyg.datasets.predictions.layout import PredictionLayout
from samplings import HEALPix
from samplings.base import whole_sampling

_SAMPLE = "{sample}"


class FitsFiles:
    """Writer of a FITS file per sample, each whole or not at all.

    Parameters
    ----------
    path
        The file; ``{sample}`` in it is replaced by the number of the sample.
    layout
        The variables.
    """

    def __init__(self, path: Path, layout: PredictionLayout) -> None:
        sampling = layout.grid.places.sampling
        if not layout.at_vertices or not isinstance(
            whole_sampling(sampling)[0], HEALPix
        ):
            what = sampling.name if layout.at_vertices else "whole samples"
            raise ValueError(
                f"FITS files hold HEALPix maps, got predictions on {what}; pass "
                "grid='sampling' for networks on HEALPix, or write NetCDF"
            )
        n = len(layout.samples.places)
        if n > 1 and _SAMPLE not in str(path):
            raise ValueError(
                f"{n} samples need a FITS file each; put {_SAMPLE} into the path, as "
                f"in {path.name.split('.')[0]}-{_SAMPLE}.fits"
            )
        self._path, self._layout, self._digits = path, layout, len(str(n - 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def write(self, sample: int, values: list[Any]) -> None:
        """Write the variables of a sample to a file."""
        places = self._layout.grid.places
        columns, names, units = [], [], []
        for variable, one in zip(self._layout.variables, values, strict=True):
            several = np.asarray(one, dtype=np.float64).reshape(-1, places.vertex.size)
            several[several == variable.fill] = np.nan
            labels = [variable.name]
            if len(several) > 1:
                labels = [f"p_{name}" for name in self._layout.class_names or ()]
            names += [name[:60] for name in labels]
            units += [str(variable.attrs.get("units", "")).strip("1")] * len(several)
            columns += list(several)
        # Vertices of the sampling, in its order.
        signal = np.full((len(places.sampling), len(columns)), np.nan)
        cells = places.vertex.ravel()
        signal[cells[cells >= 0]] = np.stack(columns, axis=1)[cells >= 0]
        number = str(sample).zfill(self._digits)
        write_healpix(
            str(self._path).replace(_SAMPLE, number),
            signal,
            places.sampling,
            names=names,
            units=units,
            dtype=self._layout.variables[-1].dtype,
            header=self._cards(sample),
        )

    def _cards(self, sample: int) -> dict[str, Any]:
        """Return the coordinates of a sample as cards of the header."""
        samples = self._layout.samples
        at = dict(zip(samples.dims, samples.places[sample].tolist(), strict=True))
        cards: dict[str, Any] = {"SAMPLE": sample}
        for name, variable in samples.coordinates.variables.items():
            keyword = "".join(c for c in str(name).upper() if c.isalnum())[:8]
            value = variable.isel({d: at[d] for d in variable.dims}).to_numpy()[()]
            number = isinstance(value, int | float | np.integer | np.floating)
            if keyword and keyword not in cards and value is not None:
                cards[keyword] = value.item() if number else str(value)
        return cards
