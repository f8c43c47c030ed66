"""Regions: boxes that wrap around, bounds included, and masks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.metrics.forecast import REGIONS, Region, Verification
from samplings import Equiangular, HEALPix
from tests.metrics.forecast.fields import GRID, C, S, forecasts
from tests.round_off import assert_near

FINE = HEALPix(16)
sides = st.floats(-720, 720, allow_nan=False)


@given(west=sides, width=st.floats(1, 359))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_boxes_wrap_around(west, width):
    found = Region((-90, 90), (west, west + width)).mask(FINE)
    ahead = (FINE.lon - west) % 360
    far = np.minimum(abs(ahead - width), np.minimum(ahead, 360 - ahead)) > 1e-6
    np.testing.assert_array_equal(found[far], (ahead <= width)[far])
    again = Region((-90, 90), (west + 360, west + width + 360)).mask(FINE)
    np.testing.assert_array_equal(found[far], again[far])
    # The rest of the sphere; the bounds are in both.
    other = Region((-90, 90), (west + width, west)).mask(FINE)
    np.testing.assert_array_equal(found[far], ~other[far])


def test_bounds_are_included_also_across_greenwich():
    grid = Equiangular(18, 36)
    # Its rings are at 5, 15 ... degrees, and so are its longitudes.
    box = Region((-15, 15), (-15, 25)).mask(grid)
    assert sorted(set(grid.lat[box].round())) == [-15, -5, 5, 15]
    assert sorted(set(grid.lon[box].round())) == [5, 15, 25, 345, 355]
    assert box.sum() == 20


def test_named_regions_are_those_of_weatherbench_2():
    assert set(REGIONS) >= {"global", "tropics", "extra-tropics", "europe", "arctic"}
    share = {
        name: FINE.weights[region.mask(FINE)].sum() / (4 * np.pi)
        for name, region in REGIONS.items()
    }
    assert share["global"] == pytest.approx(1)
    # Bands have sin(latitude) as area; cells of 4 degrees lie across their bounds.
    wanted = {"tropics": np.sin(np.deg2rad(20)), "arctic": (1 - 3**0.5 / 2) / 2}
    for name, right in wanted.items():
        assert share[name] == pytest.approx(right, abs=0.03)
    both = share["northern-hemisphere"] + share["southern-hemisphere"]
    assert both == pytest.approx(share["extra-tropics"])
    # Europe lies on both sides of Greenwich, the Pacific of the dateline.
    for name, inside, outside in (
        ("europe", [(50, 358), (50, 10)], [(50, 90), (10, 10)]),
        ("north-pacific", [(40, 179), (40, 190)], [(40, 120), (40, 250)]),
    ):
        mask = REGIONS[name].mask(FINE)
        for places, right in ((inside, True), (outside, False)):
            for lat, lon in places:
                theta, phi = np.deg2rad(90 - lat), np.deg2rad(lon)
                point = [
                    np.sin(theta) * np.cos(phi),
                    np.sin(theta) * np.sin(phi),
                    np.cos(theta),
                ]
                assert mask[np.argmax(FINE.xyz @ point)] == right


def test_scores_of_a_region_are_those_of_its_vertices_alone():
    data = forecasts()
    mask = (np.arange(len(GRID)) % 3) == 0
    regions = {"all": Region(), "north": Region((0, 90)), "third": mask}
    found = Verification(GRID, C, S, regions=regions)
    found.update(data.forecast, data.truth, data.climatology)
    assert found.compute().regions == ("all", "north", "third")
    for r, chosen in enumerate((GRID.lat > -91, GRID.lat > 0, mask)):
        alone = Verification(GRID, C, S)
        keep = torch.from_numpy(chosen)
        alone.update(data.forecast, data.truth, data.climatology, keep)
        for name in ("rmse", "mae", "bias", "acc", "truth_activity"):
            one, other = (getattr(v.compute(), name) for v in (found, alone))
            assert_near(one[r], other[0], 500, scale=10)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Region((20, -20)), ValueError, "the south first, got"),
        (lambda: Region((0, 91)), ValueError, "-90 to 90 degrees"),
        (lambda: Region((0, float("nan"))), ValueError, "-90 to 90 degrees"),
        (lambda: Region((0, 1, 2)), ValueError, "south and north, or pairs"),
        (lambda: Region("a"), TypeError, "lat must be real numbers"),
        (lambda: Region((0, 1), (0, float("inf"))), ValueError, "west and east, fin"),
        (lambda: Region((0, 1), (0,)), ValueError, "lon must be west and east"),
    ],
)
def test_bounds_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("regions", "error", "message"),
    [
        ("global", TypeError, r"pass \['global', 'tropics'\]"),
        ([], ValueError, "got none; pass"),
        (["atlantis"], ValueError, "got 'atlantis'; map others"),
        ([3], TypeError, "the name of a region"),
        ({"a": 3}, TypeError, "'a' must be a Region or a boolean mask"),
        ({"a": np.ones(3) > 0}, ValueError, r"\(48,\), one per vertex, got \(3,\)"),
        ({"a": np.ones(48) < 0}, ValueError, "no vertex of .*; leave it out"),
        ({"a": Region((50, 50), (1, 2))}, ValueError, "no vertex of"),
    ],
)
def test_regions_are_checked(regions, error, message):
    with pytest.raises(error, match=message):
        Verification(GRID, 1, 1, regions=regions)
