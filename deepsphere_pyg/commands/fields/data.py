"""Samplings and data modules of fields in files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.options.field_maps import field_maps
from deepsphere_pyg.commands.options.fields import (
    ALL,
    NEEDED,
    PartOptions,
    part_of,
)
from deepsphere_pyg.commands.options.kept import Kept
from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.sampling import OWN, SamplingOptions, samplings_of
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.datasets.sample_parts import SamplePart
from deepsphere_pyg.datasets.splits import held_out_vertices
from deepsphere_pyg.processes import tell
from samplings import HEALPix, Sampling, same_sampling
from samplings.arguments import counted

if TYPE_CHECKING:
    from deepsphere_pyg.training import SphereDataModule

# With fewer samples, pixels are held out for validation.
FEWEST = 5
# Methods of regridding in words.
REGRIDDED = {
    "conservative": "area averages",
    "bilinear": "bilinear interpolation",
    "linear": "linear interpolation",
}


def sampling_for(options: SamplingOptions, maps: FieldMaps) -> Sampling | None:
    """Return the sampling of the options; None for the grid of the files.

    By default it is HEALPix with about as many pixels as the grid has cells of their
    size on the whole sphere.

    Parameters
    ----------
    options
        The options.
    maps
        The maps on their grid.
    """
    if options.sampling == OWN:
        return None
    if options.names_sampling:
        (named,) = samplings_of(options)
        return named
    grid = maps.sampling
    cells = len(grid) * 4 * math.pi / float(grid.weights.sum())
    return HEALPix(2 ** max(1, round(math.log2(math.sqrt(cells / 12)))))


def read_module(
    options: Any, kept: Kept | None = None, **classes: Any
) -> tuple[SphereDataModule, FieldMaps]:
    """Return the data module that the options name, and its maps; print both.

    Parameters
    ----------
    options
        The options.
    kept
        A checkpoint whose sampling is used if the options name none.
    **classes
        Arguments of :class:`FieldMaps` for targets that are classes.

    Raises
    ------
    ValueError
        If a required option is missing, or the data do not fit.
    """
    for name, text in NEEDED.items():
        required(options, name, text)
    if kept is not None and kept.sampling is not None and not options.names_sampling:
        sampling: Sampling | None = kept.sampling
        maps = field_maps(options, sampling, **classes)
    else:
        maps = field_maps(options, None, **classes)
        sampling = sampling_for(options, maps)
        if sampling is not None:
            maps = field_maps(options, sampling, **classes)
    if kept is not None and kept.sampling is not None:
        if not same_sampling(kept.sampling, maps.sampling):
            print(
                f"transfer   weights of {kept.sampling.name} move to "
                f"{maps.sampling.name}"
            )
    tell(f"sampling   {maps.sampling!r}")
    if options.test == ALL and kept is None:
        raise ValueError(
            "--test all needs --checkpoint FILE: a training holds samples out"
        )
    module = _module(options, maps)
    tell(f"data       {described(module, maps)}")
    return module, maps


def _module(options: Any, maps: FieldMaps) -> SphereDataModule:
    """Return the data module of the parts that the options name."""
    # Late, as Lightning takes seconds to load, and the files may not fit.
    from deepsphere_pyg.training import SphereDataModule

    everything = options.test == ALL
    # Of too few maps to hold some out for validation, pixels are held out.
    pixels = (
        not everything
        and options.by == "time"
        and options.validation == PartOptions.validation
        and len(maps) < FEWEST
        and not maps.global_target
    )
    parts = {
        "train": part_of(options.train),
        "validation": None if pixels else part_of(options.validation),
        "test": part_of(options.test),
    }
    if everything:
        parts = {"validation": None, "test": None}
    module = SphereDataModule(
        maps,
        **parts,
        by=options.by,
        gap=options.gap,
        block_degrees=options.block_degrees,
        batch_size=options.batch_size,
        n_workers=options.n_workers,
        seed=options.split_seed if options.by == "area" else options.seed,
    )
    module.seed = options.seed
    if everything:
        module.parts["test"] = module.parts["predict"]
    if pixels:
        share = float(PartOptions.validation)
        width, seed = options.block_degrees, options.split_seed
        held = held_out_vertices(maps.sampling, share, width, seed)
        indices = module.parts["train"].indices
        module.parts["train"] = SamplePart(maps, indices, ~held)
        module.parts["validation"] = SamplePart(maps, indices, held)
    return module


def regridded(maps: FieldMaps) -> str:
    """Tell how maps of files came to their sampling."""
    if same_sampling(maps.places.sampling, maps.sampling):
        return "on the grid of the files"
    return f"regridded by {REGRIDDED[maps.regridding]}"


def described(module: SphereDataModule, maps: FieldMaps) -> str:
    """Describe the data in a line."""
    sizes = {name: len(part) for name, part in module.parts.items()}
    shares = {name: part.keep is not None for name, part in module.parts.items()}
    counts = ", ".join(
        f"{'blocks of ' * shares[name]}{sizes[name]} for {text}"
        for name, text in (
            ("train", "training"),
            ("validation", "validation"),
            ("test", "testing"),
        )
        if name in sizes
    )
    names = ", ".join(maps.class_names or maps.target_names)
    what = "classes" if maps.class_names else "targets"
    return (
        f"{counted(len(maps), 'sample')} of "
        f"{counted(len(maps.channel_names), 'channel')}: {counts}; {regridded(maps)}; "
        f"{what} {names}"
    )
