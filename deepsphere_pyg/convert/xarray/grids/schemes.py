"""Recognition of the scheme that rows and columns belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import ROUNDING
from deepsphere_pyg.convert.xarray.coordinates.grid_lines import GridLines
from samplings import (
    Equiangular,
    GaussLegendre,
    Masked,
    McEwenWiaux,
    Sampling,
)
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.quadrature import (
    clenshaw_curtis,
    driscoll_healy,
    fejer,
    gauss_legendre,
    mcewen_wiaux,
)

# Largest error of a node, as a share of the spacing. The first rows of Gauss-Legendre
# and of cell centres differ by a quarter of it.
NODE = 0.02
# A region is a part of a whole grid of up to about this many vertices (0.2 GB), or of
# so many times the cells of the file.
WHOLE_GRID, TIMES = 2_000_000, 16


@dataclass(frozen=True)
class _Grid:
    """A regular grid of the globe, to be built if it fits.

    Attributes
    ----------
    lat
        Latitudes of its rows in degree, north to south.
    n_phi, first
        Number of columns, and longitude of the first in degree.
    build
        Makes the sampling, an instance of :class:`samplings.rings.RegularGrid`.
    """

    lat: FloatArray
    n_phi: int
    first: float
    build: Callable[[], Equiangular | GaussLegendre | McEwenWiaux]


def grid_sampling(lines: GridLines) -> tuple[Sampling, IntArray]:
    """Return the sampling of a latitude-longitude grid, and the vertex of each cell.

    Parameters
    ----------
    lines
        Rows and columns of a file.

    Returns
    -------
    sampling : Sampling
        A scheme, if the file has all of its rows and columns to its precision; else a
        part of a scheme, if the file has consecutive rows and columns and the whole
        has up to some two million vertices, or 16 times as many as the file; else
        :class:`samplings.Rectilinear`.
    vertex : ndarray
        Vertex of each cell, shape of the grid. The rows of poles are one vertex each,
        and so are the cells of a repeated meridian.
    """
    whole = _fitting(lines)
    if whole is None:
        return lines.rectilinear()
    return whole[0], lines.on_file(whole[1])


def _fitting(lines: GridLines) -> tuple[Sampling, IntArray] | None:
    """Return the first scheme that fits, wholes before parts, and the vertices."""
    lat = lines.lat
    spacing = float(np.median(-np.diff(lat)))
    slack = min(precision(lat), NODE * spacing)
    size = 180 / spacing * 360 / float(np.median(lines.gaps))
    parts = (False, True) if size <= _limit(lines) else (False,)
    for part in parts:
        for scheme in _schemes(len(lat), spacing, lines, part):
            rows = _rows(scheme.lat, lat, slack)
            columns = _columns(scheme, lines.lon)
            if rows is None or columns is None:
                continue
            complete = len(rows) == len(scheme.lat) and len(columns) == scheme.n_phi
            if complete:
                sampling = scheme.build()
                return sampling, sampling.grid_index[rows[:, None], columns]
            if part:
                return _part(scheme, rows, columns)
    return None


def _limit(lines: GridLines) -> int:
    """Return the size of the largest grid that is built for a part of it."""
    return max(WHOLE_GRID, TIMES * lines.shape[0] * lines.shape[1])


def precision(degrees: FloatArray) -> float:
    """Return the error of coordinates in degrees.

    It is half a unit of the last decimal, if they were rounded to two to four decimals
    as in GRIB files, and at least that of float32. Equal steps were not rounded.
    """
    if np.ptp(np.diff(degrees)) <= ROUNDING:
        return ROUNDING
    for decimals in (2, 3, 4):
        if np.abs(degrees - degrees.round(decimals)).max() <= 0.02 * ROUNDING:
            return max(ROUNDING, 0.51 * 10.0**-decimals)
    return ROUNDING


def _schemes(n: int, spacing: float, lines: GridLines, part: bool) -> Iterator[_Grid]:
    """Yield schemes of about the spacing of a grid."""
    step = float(np.median(lines.gaps))
    m = round(360 / step)
    half = 180 / m
    # The spacing of a part is known only to the precision of the file.
    n_poles = round(180 / spacing) + 1 if part else n
    n_cells = round(180 / spacing) if part else n
    n_gauss = round(180 / spacing - 0.5) if part else n
    if n_cells >= 1:
        rule = fejer(n_cells)
        yield _Grid(_lat(rule.theta), m, half, partial(Equiangular, n_cells, m))
    if n_poles >= 3:
        theta = clenshaw_curtis(n_poles).theta
        yield _Grid(
            _lat(theta), m, 0.0, partial(Equiangular, n_poles, m, "clenshaw-curtis")
        )
    if not part and n >= 2:
        theta = driscoll_healy(n).theta
        yield _Grid(_lat(theta), m, 0.0, partial(Equiangular, n, m, "driscoll-healy"))
    if not part and m == 2 * n - 1:
        theta = mcewen_wiaux(n).theta
        yield _Grid(_lat(theta), m, 0.0, partial(McEwenWiaux, n))
    for rows in range(max(n_gauss - part, 1), n_gauss + part + 1):
        theta = gauss_legendre(rows)[0]
        yield _Grid(_lat(theta), m, 0.0, partial(GaussLegendre, rows, m))


def _lat(theta: FloatArray) -> FloatArray:
    return 90 - np.rad2deg(theta)


def _rows(nodes: FloatArray, lat: FloatArray, slack: float) -> IntArray | None:
    """Consecutive rows of a scheme where latitudes are, or None."""
    if len(lat) > len(nodes):
        return None
    first = int(np.abs(nodes - lat[0]).argmin())
    rows = first + np.arange(len(lat))
    if rows[-1] >= len(nodes) or np.abs(nodes[rows] - lat).max() > slack:
        return None
    return rows


def _columns(scheme: _Grid, lon: FloatArray) -> IntArray | None:
    """Consecutive columns of a scheme where longitudes are, or None."""
    step = 360 / scheme.n_phi
    slack = min(precision(lon), NODE * step)
    places = (lon - scheme.first) / step
    columns = np.round(places).astype(np.int64)
    off = np.abs(places - columns).max() * step > slack
    if off or (np.diff(columns) != 1).any() or len(columns) > scheme.n_phi:
        return None
    return columns % scheme.n_phi


def _part(scheme: _Grid, rows: IntArray, columns: IntArray) -> tuple[Masked, IntArray]:
    """Return a part of a scheme, with the share of a pole that its columns have."""
    whole = scheme.build()
    cells = whole.grid_index[rows[:, None], columns]
    index = np.unique(cells)
    areas = whole.weights[index].copy()
    polar = np.isin(index, whole.grid_index[np.abs(scheme.lat) > 90 - 1e-9])
    areas[polar] *= len(columns) / scheme.n_phi
    return Masked(whole, index, areas), np.searchsorted(index, cells).astype(np.int64)
