"""Maps show each place where it is."""

import numpy as np
import pytest

from deepsphere_pyg.plot import (
    learning_curves,
    precision_recall_curves,
    segmentation_maps,
)
from deepsphere_pyg.plot.maps import (
    class_colours,
    draw_classes,
    mollweide_grid,
    mollweide_image,
    new_figure,
)
from samplings import HEALPix


def test_grid_is_of_unit_vectors_with_north_first_and_the_middle_at_longitude_zero():
    xyz, on_globe = mollweide_grid(401)
    np.testing.assert_allclose(np.linalg.norm(xyz, axis=1), 1)
    rows = np.nonzero(on_globe)[0]
    assert (xyz[rows == rows.min(), 2] > 0.98).all()
    middle = xyz[np.argmin(np.abs(xyz - [1, 0, 0]).sum(axis=1))]
    np.testing.assert_allclose(middle, [1, 0, 0], atol=0.02)


def test_projection_keeps_areas():
    xyz, _ = mollweide_grid(1200)
    # Every pixel of an equal-area map stands for the same area: z is uniform.
    for z in (-0.7, 0.0, 0.4):
        assert (xyz[:, 2] < z).mean() == pytest.approx((z + 1) / 2, abs=2e-3)


def test_east_is_right():
    sampling = HEALPix(16)
    image = mollweide_image(
        sampling, ((sampling.lon > 10) & (sampling.lon < 170)) * 1.0
    )
    left, right = image[:, :400], image[:, 400:]
    assert left.mean() < 0.05 < 0.8 < right.mean()


def test_image_shows_the_nearest_vertex():
    sampling = HEALPix(8)
    image = mollweide_image(sampling, np.arange(len(sampling)), width=200)
    xyz, on_globe = mollweide_grid(200)
    nearest = (xyz @ sampling.xyz.T).argmax(axis=1)
    np.testing.assert_array_equal(image[on_globe], nearest)


def test_masked_part_leaves_the_rest_blank():
    sampling = HEALPix(16)
    north = sampling[sampling.lat > 0]
    image = mollweide_image(north, np.ones(len(north)))
    assert image[:190].count() > 0
    assert image[230:].count() == 0


def test_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"values must have shape \(768,\)"):
        mollweide_image(HEALPix(8), np.zeros(12))


def test_width_is_a_number_of_pixels():
    with pytest.raises(ValueError, match="width must be at least 2, got 1"):
        mollweide_image(HEALPix(1), np.zeros(12), width=1)
    with pytest.raises(TypeError, match="width must be an integer"):
        mollweide_image(HEALPix(1), np.zeros(12), width=40.0)


@pytest.mark.parametrize(
    ("classes", "mask", "message"),
    [
        ([2] * 12, None, "integers from 0 to 1, .* got 2; name every class"),
        ([-1] * 12, None, "integers from 0 to 1, .* got -1"),
        ([0.5] * 12, None, "integers from 0 to 1, .* got 0.5"),
        ([0] * 12, [True], r"mask must have the shape \(12,\) of the classes"),
    ],
)
def test_classes_without_a_name_and_masks_that_do_not_fit(classes, mask, message):
    _, axes = new_figure(1, 1, (4, 3))
    with pytest.raises(ValueError, match=message):
        draw_classes(axes[0, 0], HEALPix(1), classes, ["land", "sea"], mask=mask)


def test_hidden_classes_need_no_name():
    _, axes = new_figure(1, 1, (4, 3))
    classes = np.where(np.arange(12) < 6, -1, 1)
    draw_classes(
        axes[0, 0], HEALPix(1), classes, ["land", "sea"], mask=classes > 0, width=40
    )
    assert set(axes[0, 0].get_images()[0].get_array().compressed()) == {1.0}


def test_curves_of_classes_that_do_not_occur_are_empty():
    class Nothing:
        truth = np.zeros((1, 12), dtype=int)
        mask = np.ones((1, 12), dtype=bool)
        probability = np.ones((1, 12, 2), dtype=np.float32)

    names = ["background", "storm"]
    figure = precision_recall_curves({"u": Nothing()}, names, np.ones(12))
    assert figure.axes[0].get_legend() is None


def test_background_is_light_and_other_classes_are_not():
    assert class_colours(["background", "TC"])[0] == "#f2f2f2"
    assert "#f2f2f2" not in class_colours(["land", "ocean"])


def test_drawing_marks_unknown_vertices_and_names_classes():
    sampling = HEALPix(4)
    _, axes = new_figure(1, 1, (4, 3))
    classes = (sampling.lat > 0).astype(int)
    draw_classes(axes[0, 0], sampling, classes, ["land", "sea"], mask=classes == 1)
    (image,) = axes[0, 0].get_images()
    assert set(image.get_array().compressed()) == {1.0}
    labels = [text.get_text() for text in axes[0, 0].get_legend().get_texts()]
    assert labels == ["land", "sea"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"axes": None}, "axes must be an Axes, got NoneType; .*subplots"),
        ({"sampling": None}, "sampling must be a sampling, .*got NoneType"),
        ({"classes": None}, "classes must be real numbers, got None"),
        ({"class_names": "ab"}, "class_names must be a list of names, got 'ab'"),
        ({"legend": "no"}, "legend must be True or False, got 'no'"),
    ],
)
def test_what_is_no_map_is_refused_by_name(change, told):
    _, axes = new_figure(1, 1, (4, 3))
    right = {"axes": axes[0, 0], "sampling": HEALPix(1), "classes": [0] * 12}
    with pytest.raises(TypeError, match=told):
        draw_classes(**{**right, "class_names": ["land", "sea"], **change})


def test_the_inputs_of_a_segmentation_have_names():
    right = {"truth": [0] * 12, "predicted": [0] * 12, "class_names": ["land", "sea"]}
    with pytest.raises(ValueError, match=r"inputs must have shape .*\(12, 2\)"):
        segmentation_maps(HEALPix(1), np.ones((12, 3)), ["a", "b"], **right)
    with pytest.raises(ValueError, match=r"predicted must have shape \(12,\)"):
        segmentation_maps(
            HEALPix(1), np.ones((12, 1)), ["a"], **{**right, "predicted": [0]}
        )


def test_histories_have_the_columns_that_are_drawn():
    with pytest.raises(TypeError, match=r"with epoch, train/loss, .*got \[\{'epoch'"):
        learning_curves([{"epoch": 1}])
