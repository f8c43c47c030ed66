"""``deepsphere-pyg predict``: write what a trained network predicts for files."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepsphere_pyg.commands.options.field_maps import field_maps
from deepsphere_pyg.commands.options.fields import InputOptions
from deepsphere_pyg.commands.options.kept import Kept, read_kept, with_kept
from deepsphere_pyg.commands.options.machine import torch_device
from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.sampling import OWN, samplings_of
from deepsphere_pyg.commands.options.training import (
    check_folder,
    n_parameters,
    write_figures,
)
from deepsphere_pyg.commands.predict.options import PredictOptions
from deepsphere_pyg.datasets import ClimateEvents, FieldMaps
from deepsphere_pyg.models.pretrained import pretrained_names, pretrained_path
from samplings import HEALPix, Sampling, same_sampling
from samplings.arguments import counted

# Generated maps that no training of the commands saw.
EVENTS_SEED = 1_000_003


def run(options: PredictOptions) -> int:
    """Run the command and return its exit status.

    Raises
    ------
    ValueError
        If an option is missing or does not fit the checkpoint.
    """
    given = required(options, "checkpoint")
    for name in ("batch_size", "n_maps"):
        if getattr(options, name) < 1:
            flag = name.replace("_", "-")
            raise ValueError(
                f"--{flag} must be at least 1, got {getattr(options, name)}"
            )
    check_folder(options.out.parent)
    path = Path(given)
    if not path.exists() and given in pretrained_names():
        path = pretrained_path(given)
    kept = read_kept(path)
    if kept.kind == "ForecastTask":
        raise ValueError(
            f"{path} holds a network that steps fields in time; use deepsphere-pyg "
            "forecast --checkpoint"
        )
    options = _with_inputs(options, kept)
    sampling = _sampling(options, kept)
    maps = _maps(options, kept, sampling)
    print(f"sampling   {maps.sampling!r}")
    print(
        f"data       {counted(len(maps), 'sample')} of {', '.join(maps.channel_names)}"
    )
    _tell_filled(maps)
    # Late, as Lightning and Matplotlib take seconds to load, and the files may not fit.
    import pytorch_lightning as pl

    from deepsphere_pyg.commands.predict.pictures import picture
    from deepsphere_pyg.training import predict_to_file

    pl.seed_everything(0, verbose=False)
    task = kept.task(maps.sampling).to(torch_device(options.device))
    parameters = n_parameters(task.network)
    print(f"network    {type(task.network).__name__}, {parameters:,} parameters")
    grid = options.grid
    if grid is None:
        fits = options.out.name.lower().endswith((".fits", ".fits.gz"))
        grid = "sampling" if fits else "source"
    size = options.batch_size
    written = predict_to_file(options.out, task, maps, batch_size=size, grid=grid)
    print(f"\npredictions {written}")
    figure = picture(task, maps)
    if figure is not None:
        place = options.picture
        if place is None:
            stem = options.out.name.split(".")[0].replace("{sample}", "").rstrip("-_")
            place = options.out.parent / f"{stem}.png"
        check_folder(place.parent)
        write_figures(place.parent, {place.name: figure})
        print(f"picture     {place}")
    return 0


def _tell_filled(maps: FieldMaps) -> None:
    """Tell how much of the network's sphere the files do not have."""
    missing = np.isnan(maps.unfilled(0)).any(axis=1)
    n, total = int(missing.sum()), len(maps.sampling)
    if n:
        print(
            f"filled     {n} of {total} vertices, where the first map has no value, by "
            "the mean of each channel over the others: predictions there have no "
            "data of their own"
        )


def _with_inputs(options: PredictOptions, kept: Kept) -> PredictOptions:
    """Return options with the inputs of the training."""
    names = [f.name for f in fields(InputOptions)]
    if options.fields is not None:
        names.remove("fields")
    settings: dict[str, Any] = dict(kept.settings)
    if settings.get("inputs") is None and settings.get("targets") is not None:
        # All variables but the targets were inputs, which files to predict may hold.
        settings["inputs"] = kept.notes.get("channel_names")
    if settings.get("regrid") is None:
        settings.pop("regrid", None)
    changed = replace(kept, notes={**kept.notes, "settings": settings})
    options = with_kept(options, changed, names)
    if options.inputs is None and kept.notes.get("channel_names"):
        options = replace(options, inputs=tuple(kept.notes["channel_names"]))
    return options


def _sampling(options: PredictOptions, kept: Kept) -> Sampling | None:
    """Return the sampling to predict on; None for the grid of the files."""
    if options.sampling == OWN:
        return None
    if not options.names_sampling:
        if kept.sampling is None:
            raise ValueError(
                f"{kept.path} does not tell its sampling; name it with --sampling"
            )
        return kept.sampling
    (named,) = samplings_of(options)
    if kept.sampling is not None and not same_sampling(kept.sampling, named):
        print(f"transfer   weights of {kept.sampling.name} move to {named.name}")
    return named


def _maps(options: PredictOptions, kept: Kept, sampling: Sampling | None) -> FieldMaps:
    """Return the maps to predict."""
    if options.fields is not None:
        return field_maps(options, sampling, targets=False)
    if kept.settings.get("data") != "events" or sampling is None:
        raise ValueError("--fields is required: files of the inputs")
    print("fields     generated climate events, since --fields is not given")
    from deepsphere_pyg.datasets.predictions.output_grid import sampling_places

    events = ClimateEvents(sampling, options.n_maps, seed=EVENTS_SEED)
    places = sampling_places(sampling)
    signals = np.stack([sample.x.numpy() for sample in events])
    dataset = places.coordinates.assign(
        {
            name: (("map", *places.dims), signals[..., i][:, places.vertex])
            for i, name in enumerate(events.channel_names)
        }
    ).assign_coords(map=np.arange(len(events)))
    if isinstance(sampling, HEALPix):
        for name in events.channel_names:
            dataset[name].attrs["grid_mapping"] = "crs"
    return FieldMaps(
        dataset,
        inputs=list(events.channel_names),
        sampling=sampling,
        sample_dims=["map"],
    )
