"""Pixels of maps have the colours of the values at their places, on all axes."""

import pickle

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepsphere_pyg.plot import (
    Equirectangular,
    Mollweide,
    Orthographic,
    comparison_maps,
    draw_classes,
    draw_map,
    map_title,
    new_figure,
)
from deepsphere_pyg.plot.maps.coastlines import coastlines
from deepsphere_pyg.plot.maps.quantities import quantity_of
from deepsphere_pyg.plot.maps.views import view_of
from samplings import HEALPix

SAMPLING = HEALPix(8)
# A value for each eighth of the globe, told apart by longitude and hemisphere.
OCTANT = np.floor(SAMPLING.lon / 90) + 4 * (SAMPLING.lat > 0)
PLACES = [(45, 40), (135, 30), (225, -35), (315, -40), (30, 60), (150, -50)]


def colour_at(axes, projection, lon, lat):
    """Red, green and blue of the drawn figure at a place, or None if it is hidden."""
    view = view_of(axes, projection)
    x, y = view.projection.forward(np.array([lon]), np.array([lat]))
    if not np.isfinite(x[0]):
        return None
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    column, row = view.transform.transform([(x[0], y[0])])[0]
    return pixels[len(pixels) - 1 - round(row), round(column), :3] / 255


def check(axes, projection):
    """Draw the octants, and compare colours with those of the values."""
    draw_map(axes, SAMPLING, OCTANT, limits=(0, 7), projection=projection, width=200)
    seen = 0
    for lon, lat in PLACES:
        found = colour_at(axes, projection, lon, lat)
        if found is not None:
            value = lon // 90 + 4 * (lat > 0)
            right = colormaps["viridis"](value / 7)[:3]
            # Colours have 256 levels.
            np.testing.assert_allclose(found, right, atol=2 / 255)
            seen += 1
    return seen


@pytest.mark.parametrize(
    ("projection", "count"),
    [
        (None, 6),
        ("equirectangular", 6),
        (Mollweide(180), 6),
        (Mollweide(-100.5), 6),
        (Equirectangular(77), 6),
        # Two of the places are on the hemisphere around 60 E, 50 N.
        (Orthographic(60, 50), 3),
        (Orthographic(0, -90), 3),
    ],
)
def test_pixels_have_the_colours_of_their_places(projection, count):
    _, axes = new_figure(1, 1, (4, 3))
    assert check(axes[0, 0], projection) == count


@pytest.mark.parametrize("name", ["mollweide", "hammer"])
def test_axes_of_matplotlib_show_the_same(name):
    axes = Figure(figsize=(4, 3)).add_subplot(projection=name)
    assert check(axes, None) == 6


def test_axes_of_cartopy_show_the_same():
    crs = pytest.importorskip("cartopy.crs")
    for projection, count in ((crs.Robinson(150), 6), (crs.NorthPolarStereo(), 6)):
        axes = Figure(figsize=(4, 3)).add_subplot(projection=projection)
        if count < 6 or projection == crs.NorthPolarStereo():
            axes.set_global()
        assert check(axes, None) == count


def test_coasts_and_labels_on_axes_of_cartopy_are_on_the_map():
    crs = pytest.importorskip("cartopy.crs")
    axes = Figure(figsize=(4, 3)).add_subplot(projection=crs.NorthPolarStereo())
    axes.set_extent([-180, 180, 40, 90], crs.PlateCarree())
    gaps = np.isnan(coastlines()[0])
    options = {"coastlines": True, "graticule": True, "width": 40}
    draw_map(axes, SAMPLING, OCTANT, **options)
    np.testing.assert_array_equal(np.isnan(coastlines()[0]), gaps)
    (coast,) = [line for line in axes.lines if len(line.get_xdata()) > 1000]
    # The gaps are there, with others where lines are torn.
    assert np.isnan(coast.get_xdata()).sum() >= gaps.sum()
    left, right = axes.get_xlim()
    assert axes.texts
    assert all(left <= text.get_position()[0] <= right for text in axes.texts)


def test_projections_that_do_not_fit_are_refused():
    plain, polar, aitoff, lambert, mollweide = (
        Figure().add_subplot(projection=name)
        for name in (None, "polar", "aitoff", "lambert", "mollweide")
    )
    for axes, projection, kind, told in (
        (plain, "mercator", ValueError, "'mollweide', 'equirectangular', 'orthogr"),
        (plain, 3, ValueError, "projection must be one of .*got 3"),
        (polar, None, TypeError, "have a map projection, got polar axes"),
        (aitoff, None, ValueError, "inverse holds everywhere, got aitoff of Matplotl"),
        (lambert, None, ValueError, "got lambert .*; use mollweide or hammer"),
        (mollweide, "mollweide", ValueError, "projection must be left out"),
    ):
        with pytest.raises(kind, match=told):
            draw_map(axes, SAMPLING, OCTANT, projection=projection)


@pytest.mark.parametrize(
    ("make", "kind", "told"),
    [
        (lambda: Mollweide(np.nan), ValueError, "central_longitude must be finite"),
        (lambda: Orthographic(np.inf), ValueError, "central_longitude must be finite"),
        (lambda: Orthographic(0, 91), ValueError, "from -90 to 90 degrees, got 91"),
        (lambda: Equirectangular("east"), TypeError, "must be a number, got 'east'"),
    ],
)
def test_middles_are_finite_degrees(make, kind, told):
    with pytest.raises(kind, match=told):
        make()


def test_maps_without_values_or_order_are_refused():
    _, axes = new_figure(1, 1, (4, 3))
    nothing = np.full(len(SAMPLING), np.nan)
    with pytest.raises(ValueError, match="finite somewhere, got NaN at all vertices"):
        draw_map(axes[0, 0], SAMPLING, nothing)
    with pytest.raises(ValueError, match=r"values must have shape \(768,\).*\(12,\)"):
        draw_map(axes[0, 0], SAMPLING, np.zeros(12))
    for limits in ((1, 0), (0, np.nan), (0, 1, 2)):
        with pytest.raises(ValueError, match="the least and the greatest value"):
            draw_map(axes[0, 0], SAMPLING, OCTANT, limits=limits)
    with pytest.raises(ValueError, match="quantity must be 'anything' or"):
        draw_map(axes[0, 0], SAMPLING, OCTANT, quantity="heat")
    draw_map(axes[0, 0], SAMPLING, nothing, limits=(0, 1), width=40)
    assert axes[0, 0].images[0].get_array().count() == 0


@pytest.mark.parametrize(
    ("limits", "extend"),
    [((0, 7), "neither"), ((1, 7), "min"), ((0, 6), "max"), ((1, 6), "both")],
)
def test_colour_bars_have_arrows_where_values_are_cut(limits, extend):
    _, axes = new_figure(1, 1, (4, 3))
    draw_map(axes[0, 0], SAMPLING, OCTANT, limits=limits, width=40)
    assert axes[0, 0].images[0].colorbar.extend == extend


def test_quantities_with_a_zero_have_it_in_the_middle():
    _, axes = new_figure(1, 2, (6, 3))
    draw_map(axes[0, 0], SAMPLING, OCTANT - 1, quantity="anomaly", width=40)
    draw_map(axes[0, 1], SAMPLING, OCTANT - 1, quantity="pressure", width=40)
    (centred,), (plain,) = axes[0, 0].images, axes[0, 1].images
    assert centred.norm.vmin == -centred.norm.vmax < 0
    assert (plain.norm.vmin, plain.norm.vmax) == (-1, 6)
    assert (centred.get_cmap().name, plain.get_cmap().name) == ("RdBu_r", "viridis")
    assert quantity_of("kg m$^{-2}$") == "moisture"


def test_comparisons_are_grey_at_the_same_vertices():
    truth, found = OCTANT.copy(), OCTANT + 0.5
    truth[:100], found[-100:] = np.nan, np.nan
    figure = comparison_maps(
        SAMPLING, truth, found, name="height", unit="m", mask=SAMPLING.lat < 80
    )
    right, predicted, difference = (axes.images[0] for axes in figure.axes[:3])
    hidden = np.ma.getmaskarray(right.get_array())
    assert hidden.any() and not hidden.all()
    for other in (predicted, difference):
        np.testing.assert_array_equal(hidden, np.ma.getmaskarray(other.get_array()))
    assert (right.norm.vmin, right.norm.vmax) == (
        predicted.norm.vmin,
        predicted.norm.vmax,
    )
    assert set(difference.get_array().compressed()) == {0.5}
    assert difference.norm.vmin == -difference.norm.vmax
    labels = [one.colorbar.ax.get_xlabel() for one in (right, difference)]
    assert labels == ["height (m)", "prediction - truth (m)"]
    with pytest.raises(ValueError, match="both be known at some vertex"):
        comparison_maps(SAMPLING, OCTANT, OCTANT, mask=np.zeros(768))
    with pytest.raises(ValueError, match=r"mask must have the shape \(768,\)"):
        comparison_maps(SAMPLING, OCTANT, OCTANT, mask=np.zeros(3))


def test_meridians_and_parallels_are_where_they_belong():
    _, axes = new_figure(1, 1, (4, 3))
    projection = Mollweide(180)
    options = {"projection": projection, "width": 40, "graticule": True}
    draw_map(axes[0, 0], SAMPLING, OCTANT, **options)
    texts = {text.get_text().strip(): text for text in axes[0, 0].texts}
    assert {"120°E", "60°W", "30°N", "60°S", "180°"} <= set(texts)
    x, y = projection.forward([120.0], [0.0])
    np.testing.assert_allclose(texts["120°E"].get_position(), (x[0], y[0]))
    # No line crosses the map from rim to rim.
    for line in axes[0, 0].lines:
        x, y = line.get_xdata(), line.get_ydata()
        assert np.nanmax(np.hypot(np.diff(x), np.diff(y))) < 0.3
    _, axes = new_figure(1, 1, (4, 3))
    names = ["land", "sea"]
    draw_classes(axes[0, 0], SAMPLING, OCTANT > 3, names, **options, coastlines=True)
    assert len(axes[0, 0].texts) == 10


def test_titles_name_unit_time_and_sampling():
    title = map_title("wind", unit="m/s", time="day 3", sampling=SAMPLING)
    assert title == f"wind (m/s), day 3, {SAMPLING.name}"


def test_drawing_leaves_the_settings_as_they_were():
    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 30, "image.cmap": "jet"}):
        outside = dict(mpl.rcParams)
        figure, axes = new_figure(1, 1, (4, 3))
        draw_map(axes[0, 0], SAMPLING, OCTANT, title="octants", width=40)
        assert dict(mpl.rcParams) == outside
    assert dict(mpl.rcParams) == before
    assert axes[0, 0].title.get_fontsize() == 9
    assert not figure.axes[0].spines["top"].get_visible()


@pytest.mark.parametrize("layout", ["constrained", "tight", None])
def test_colour_bars_are_near_their_maps_beside_higher_panels(layout):
    figure = Figure(figsize=(10, 5), layout=layout)
    panels = figure.subplots(1, 2)
    draw_map(panels[0], SAMPLING, SAMPLING.lat, label="latitude (degree)")
    panels[1].set(xlabel="a label of\ntwo lines", xlim=(0, 1))
    # Figures may be sent to other processes.
    for drawn in (figure, pickle.loads(pickle.dumps(figure))):
        drawn.canvas.draw()
        bar, place = drawn.axes[2].get_position(), drawn.axes[0].get_position()
        # Inches; the map is 2.4 inches high, the panel beside it 4.
        assert 0.05 < 5 * (place.y0 - bar.y1) < 0.15


def test_colour_bars_are_near_maps_of_parts_of_figures():
    figure = Figure(figsize=(10, 10), layout="constrained")
    above, _ = figure.subfigures(2, 1)
    panel = above.subplots()
    draw_map(panel, SAMPLING, SAMPLING.lat)
    figure.canvas.draw()
    (bar,) = (axes for axes in above.axes if axes is not panel)
    gap = 5 * (panel.get_position().y0 - bar.get_position().y1)
    assert 0.05 < gap < 0.15
