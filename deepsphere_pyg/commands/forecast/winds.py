"""Winds among the variables of a forecast: named, or told of."""

from __future__ import annotations

from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.datasets.regridding.winds import paired
from deepsphere_pyg.processes import tell

_EAST, _NORTH = "eastward", "northward"


def check_winds(maps: FieldMaps) -> None:
    """Refuse names of winds that are no variables of a forecast, and tell of others.

    Parameters
    ----------
    maps
        The maps of the forecast.

    Raises
    ------
    ValueError
        If a pair is not among the variables.
    """
    names = maps.channel_names
    for pair in maps.winds:
        if not paired(names, [pair]):
            raise ValueError(
                f"--winds {' '.join(pair)} must be variables of the forecast, which "
                f"are {', '.join(names)}; name both with --inputs, or leave it out"
            )
    listed = {name for pair in maps.winds for name in pair}
    for east, north in _stated_pairs(maps):
        if not {east, north} & listed:
            tell(
                f"note       {east} and {north} are regridded as two scalars; pass "
                f"--winds {east} {north} for vectors, which are right at the poles too"
            )


def _stated_pairs(maps: FieldMaps) -> list[tuple[str, str]]:
    """Return variables whose standard names are those of one wind."""
    dataset = maps.source.dataset
    variables = dict.fromkeys(name.partition("@")[0] for name in maps.channel_names)
    by_standard = {
        text(attributes_of(dataset[name]), "standard_name"): name for name in variables
    }
    return [
        (name, by_standard[standard.replace(_EAST, _NORTH)])
        for standard, name in by_standard.items()
        if _EAST in standard and standard.replace(_EAST, _NORTH) in by_standard
    ]
