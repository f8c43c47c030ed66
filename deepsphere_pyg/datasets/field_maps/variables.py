"""Names of the variables of a file that are inputs or targets."""

from __future__ import annotations

from collections.abc import Sequence

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.convert.xarray.meshes.named import CONVENTIONS
from deepsphere_pyg.convert.xarray.signals import variables_on
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from deepsphere_pyg.datasets.regridding.winds import Winds
from samplings.arguments import kind_of, names_argument
from samplings.reading import DataFileError


def checked_names(argument: str, names: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return names as a tuple: one text is one name, None is an empty tuple."""
    if names is None:
        return ()
    found = names_argument(argument, [names] if isinstance(names, str) else names)
    if not found:
        raise ValueError(
            f"{argument} must be a list of at least one name, got []; name one, or "
            "leave it out"
        )
    return found


def checked_winds(winds: Winds) -> tuple[tuple[str, str], ...]:
    """Return pairs of names of winds as tuples."""
    found: list[tuple[str, str]] = []
    if not isinstance(winds, Sequence) or isinstance(winds, str):
        raise TypeError(
            f"winds must be a list of pairs of names, got {kind_of(winds)}; pass "
            "[('u', 'v')], for example"
        )
    for pair in winds:
        names = names_argument("winds", [] if isinstance(pair, str) else pair)
        if len(names) != 2 or names[0] == names[1]:
            raise ValueError(
                f"winds must be pairs of an eastward and a northward wind, got "
                f"{pair!r}; pass a list such as [('u', 'v')]"
            )
        found.append((names[0], names[1]))
    return tuple(found)


def other_variables(source: XarraySource, targets: Sequence[str]) -> tuple[str, ...]:
    """Return the variables of numbers on the grid that are not targets.

    If variables are on several grids, or no variable is left, ``ValueError`` is raised.
    """
    dataset = source.dataset
    try:
        dims = from_xarray(dataset).dims
    except ValueError as error:
        raise DataFileError(f"{source.name}: {error}; name the inputs") from error
    excluded = {name.partition("@")[0] for name in targets}
    for mesh in CONVENTIONS:
        if {mesh.lat, mesh.lon} <= set(dataset.variables):
            excluded |= {mesh.lat, mesh.lon, *mesh.areas, *(mesh.nodes or ())}
    found = tuple(
        name
        for name in variables_on(dataset, dims)
        if name not in excluded and dataset[name].dtype.kind in "biuf"
    )
    if not found:
        raise ValueError(
            f"{source.name} has no variable for the inputs besides the targets "
            f"{', '.join(sorted(excluded))}; name the inputs"
        )
    return found
