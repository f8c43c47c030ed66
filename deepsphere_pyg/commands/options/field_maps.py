"""Maps of the files that options name."""

from __future__ import annotations

from typing import Any

from deepsphere_pyg.commands.options.fields import paths_of
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.datasets import FieldMaps
from samplings import Sampling


def field_maps(
    options: Any, sampling: Sampling | None, *, targets: bool = True, **more: Any
) -> FieldMaps:
    """Return the maps that the options name.

    Parameters
    ----------
    options
        Those of inputs, and of targets.
    sampling
        Where to regrid to; None for the grid of the files.
    targets
        Whether the maps have targets.
    **more
        Further arguments of :class:`FieldMaps`.
    """
    if targets:
        more["targets"] = list(options.targets)
        more["target_source"] = paths_of(options.target_fields)
        more["target_select"] = selection(options.target_select) or None
    return FieldMaps(
        paths_of(options.fields),
        inputs=None if options.inputs is None else list(options.inputs),
        sampling=sampling,
        select=selection(options.select) or None,
        sample_dims=options.sample_dims,
        regrid=options.method,
        winds=list(zip(options.winds[::2], options.winds[1::2], strict=True)),
        **more,
    )
