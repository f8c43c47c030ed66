"""Digits on the sphere: where they lie, how they turn, and what is kept of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import (
    pixel_shares,
    plane_points,
    project,
    project_turned,
)
from samplings import Equiangular, Fibonacci, HEALPix, McEwenWiaux
from tests.round_off import assert_near

GRID = Equiangular(20, 24, scheme="driscoll-healy")


def smooth_images(n: int = 4) -> np.ndarray:
    """Pictures of a few waves, dark in the middle and paper at the rim."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    waves = [np.sin(rng.normal(0, 3) * x + rng.normal(0, 3) * y) for _ in range(n)]
    rim = np.clip(1 - x**2, 0, 1) * np.clip(1 - y**2, 0, 1)
    return np.rint(127.5 * (1 + np.array(waves)) * rim).astype(np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = smooth_images(5)
    arrays = {"x_train": images, "y_train": [3, 1, 4, 1, 5]}
    np.savez(tmp_path / "mnist.npz", **arrays, x_test=images, y_test=[9, 2, 6, 5, 3])
    return tmp_path


# -- the projection --------------------------------------------------------------
def test_points_of_the_plane_lie_on_the_ray_through_the_sphere() -> None:
    xyz = Fibonacci(200).xyz
    eye = np.array([0, 0, 2.001])
    plane = np.concatenate([plane_points(xyz), np.zeros((200, 1))], axis=1)
    centre = np.array([0, 0, 1.0])
    ray, to_point = plane - eye, xyz + centre - eye
    np.testing.assert_allclose(
        np.cross(ray, to_point) / np.linalg.norm(ray, axis=1)[:, None], 0, atol=1e-12
    )


def test_the_picture_covers_the_southern_half() -> None:
    xyz = Fibonacci(5000).xyz
    _, share = pixel_shares(xyz)
    assert (share >= 0).all() and np.allclose(share.sum(axis=-1), 1)
    ink = project(np.full((1, 28, 28), 255, np.uint8), xyz)[0]
    # Corners of the square, half a pixel wider, are 2.197 away, the equator is 1.999.
    assert not ink[xyz[:, 2] > 0.1].any()
    # Sides are at 1.5, and ink within half a pixel of them is interpolated.
    assert (ink[xyz[:, 2] < -0.35] == 255).all()


def test_the_middle_of_a_pixel_shows_its_value() -> None:
    images = smooth_images()
    row, column = np.mgrid[0:28, 0:28]
    x, y = (3 * (k.ravel() + 0.5) / 28 - 1.5 for k in (row, column))
    # From the plane back to the sphere: where the ray from the eye meets it below.
    h, squared = 2.001, x**2 + y**2
    a, b, c = squared + h**2, -2 * h * (h - 1), (h - 1) ** 2 - 1
    s = (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    xyz = np.stack([s * x, s * y, h - 1 - s * h], axis=1)
    np.testing.assert_allclose(np.linalg.norm(xyz, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(plane_points(xyz), np.stack([x, y], axis=1), atol=1e-12)
    assert np.array_equal(project(images, xyz), images.reshape(4, -1))


def test_values_are_those_of_bilinear_interpolation() -> None:
    images, xyz = smooth_images(), HEALPix(8).xyz
    pixel = (plane_points(xyz) + 1.5) * 28 / 3 - 0.5
    expected = [
        map_coordinates(im.astype(float), pixel.T, order=1, mode="grid-constant")
        for im in images
    ]
    assert np.abs(project(images, xyz) - np.array(expected)).max() <= 0.5 + 1e-9


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_a_turned_digit_is_the_digit_at_turned_points(seed: int) -> None:
    images, xyz = smooth_images(2), Fibonacci(300).xyz
    matrices = Rotation.random(2, rng=seed).as_matrix()
    turned = project_turned(images, xyz, matrices).astype(int)
    for i in range(2):
        there = project(images[i : i + 1], xyz @ matrices[i])[0].astype(int)
        # The same to round-off, which may round a half to the other side.
        assert np.abs(turned[i] - there).max() <= 1
        assert (turned[i] != there).mean() < 0.02


def test_quarter_turns_move_values_from_pixel_to_pixel() -> None:
    images, sampling = smooth_images(1), HEALPix(8)
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    gap = np.linalg.norm(sampling.xyz[:, None] @ quarter.T - sampling.xyz, axis=-1)
    before, after = np.nonzero(gap < 1e-12)
    still = project(images, sampling.xyz)[0].astype(int)
    turned = project_turned(images, sampling.xyz, quarter[None])[0].astype(int)
    assert np.abs(turned[after] - still[before]).max() <= 1
    assert still.any()


# -- the data set ----------------------------------------------------------------
def test_digits_are_maps_with_a_class(root: Path) -> None:
    data = SphericalMNIST(root, GRID)
    sample = data[2]
    assert sample.x.shape == (len(GRID), 1) and sample.x.dtype == torch.float32
    assert sample.y == 4 and len(data) == 5 and data.class_names[4] == "4"
    assert 0 <= sample.x.min() and 0.5 < sample.x.max() <= 1
    x, y = data.batch([2, 0])
    assert x.shape == (2, len(GRID), 1) and y.tolist() == [4, 3]
    assert torch.equal(x[0], sample.x)
    assert SphericalMNIST(root, GRID, split="test").labels.tolist() == [9, 2, 6, 5, 3]
    assert SphericalMNIST(root, GRID, n_images=2).labels.tolist() == [3, 1]
    with pytest.raises(ValueError, match="read-only"):
        data.signals[0] = 0
    with pytest.raises(IndexError, match=r"^digit 5 does not exist: .* 5 digits, "):
        data[5]
    for wrong in ([5], [-1, 2]):
        with pytest.raises(IndexError, match=r"digit -?[15] does not exist"):
            data.batch(wrong)
    with pytest.raises(TypeError, match="indices must be a list of integers, got bool"):
        data.batch([True, False])


def test_no_digits_are_an_empty_batch(root: Path) -> None:
    data = SphericalMNIST(root, GRID)
    x, y = data.batch([])
    assert x.shape == (0, len(GRID), 1) and x.dtype == torch.float32
    assert y.shape == (0,) and y.dtype == torch.int64
    assert data.planar([]).shape == (0, *data.planar([0]).shape[1:])
    with pytest.raises(TypeError, match=r"got float64 of shape \(0, 2\)"):
        data.batch(np.empty((0, 2)))


def test_random_rotations_belong_to_the_digit_the_split_and_the_seed(
    root: Path,
) -> None:
    data = SphericalMNIST(root, GRID, rotate=True, seed=3)
    again = SphericalMNIST(root, GRID, rotate=True, seed=3, n_images=2)
    assert np.array_equal(data.signals[:2], again.signals)
    matrices = np.stack([data.rotation(i) for i in range(5)])
    assert_near(matrices @ matrices.mT, [np.eye(3)] * 5, 3)
    assert np.linalg.norm(matrices[0] - matrices[1]) > 0.1
    for other in (
        SphericalMNIST(root, GRID, rotate=True, seed=4),
        SphericalMNIST(root, GRID, rotate=True, seed=3, split="test"),
    ):
        assert np.linalg.norm(other.rotation(0) - data.rotation(0)) > 0.1
    # Each picture alone gives the same, to the last bit.
    images = smooth_images(5)
    alone = project_turned(images[3:4], GRID.xyz, matrices[3:4])
    assert np.array_equal(alone[0], data.signals[3])


def test_random_rotations_are_uniform(root: Path) -> None:
    images = np.zeros((2000, 28, 28), np.uint8)
    np.savez(root / "mnist.npz", x_test=images, y_test=np.zeros(2000))
    data = SphericalMNIST(root, HEALPix(1), split="test", rotate=True)
    matrices = np.stack([data.rotation(i) for i in range(2000)])
    # Entries have mean 0 and variance 1/3, a trace has variance 1.
    assert np.abs(matrices.mean(axis=0)).max() < 4 / np.sqrt(3 * 2000)
    assert np.trace(matrices, axis1=1, axis2=2).std() == pytest.approx(1, abs=0.06)


def test_one_rotation_turns_all(root: Path) -> None:
    rotation = Rotation.from_euler("zyz", [0.3, 1.1, -2.0])
    data = SphericalMNIST(root, GRID, rotate=rotation)
    np.testing.assert_allclose(data.rotation(1), rotation.as_matrix())
    there = project(smooth_images(5), GRID.xyz @ rotation.as_matrix())
    assert np.array_equal(data.signals, there)
    np.testing.assert_allclose(SphericalMNIST(root, GRID).rotation(0), np.eye(3))


def test_a_planar_network_gets_rings_by_longitudes(root: Path) -> None:
    data = SphericalMNIST(root, GRID)
    planar = data.planar([4, 0])
    assert planar.shape == (2, 1, 20, 24) and planar.dtype == torch.float32
    expected = GRID.to_grid(data[4].x[:, 0].numpy())
    assert np.array_equal(planar[0, 0], expected)
    assert SphericalMNIST(root, McEwenWiaux(6)).planar([0]).shape == (1, 1, 6, 11)
    with pytest.raises(TypeError, match="no picture of rings by longitudes; take Equi"):
        SphericalMNIST(root, HEALPix(2)).planar([0])


# -- kept signals ----------------------------------------------------------------
def test_signals_are_kept_by_what_they_depend_on(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "kept"

    def files(**changes: object) -> set[str]:
        settings_ = {"sampling": GRID, "rotate": True, "seed": 1, "cache": cache}
        settings_.update(changes)
        data = SphericalMNIST(root, **settings_)  # type: ignore[arg-type]
        plain = SphericalMNIST(root, **{**settings_, "cache": None})  # type: ignore[arg-type]
        assert np.array_equal(data.signals, plain.signals)
        assert torch.equal(data[1].x, plain[1].x)
        return {path.name for path in cache.iterdir()}

    assert len(files()) == 1
    assert len(files()) == 1
    assert len(files(seed=2)) == 2
    assert len(files(split="test")) == 3
    assert len(files(sampling=HEALPix(2))) == 4
    assert len(files(n_images=3)) == 5
    assert len(files(rotate=False)) == 6
    # The seed does not matter where nothing is drawn.
    assert len(files(rotate=False, seed=5)) == 6
    assert len(files(rotate=Rotation.identity())) == 7


def test_damaged_kept_signals_are_told(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    SphericalMNIST(root, GRID, cache=cache)
    (path,) = cache.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        ValueError, match=r"cannot be read as a kept array: .* delete it, and"
    ):
        SphericalMNIST(root, GRID, cache=cache)
    np.save(path, np.zeros((2, 3)))
    with pytest.raises(
        ValueError, match=r"uint8 of shape \(5, 457\), got .*: delete it"
    ):
        SphericalMNIST(root, GRID, cache=cache)


def test_an_interrupt_leaves_no_part_of_a_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SphericalMNIST(root, GRID, cache=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_bad_arguments_are_refused(root: Path) -> None:
    with pytest.raises(TypeError, match="sampling must be a sampling"):
        SphericalMNIST(root, 3)  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="rotate must be True, False or a scipy Rotation"
    ):
        SphericalMNIST(root, GRID, rotate=1.0)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="split must be 'train' or 'test', got 'valid'"
    ):
        SphericalMNIST(root, GRID, split="valid")
    with pytest.raises(
        ValueError, match=r"n_images must be at most 5, .* got 6; leave"
    ):
        SphericalMNIST(root, GRID, n_images=6)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        SphericalMNIST(root, GRID, seed=-1)


def test_the_published_digits_on_the_sphere(shared_data: Path) -> None:
    sampling = Equiangular(60, 60, scheme="driscoll-healy")
    still, turned = (
        SphericalMNIST(shared_data, sampling, split="test", rotate=r, n_images=200)
        for r in (False, True)
    )
    # Turning changes no areas: as much ink, to the error of sampling it.
    ink, other = (d.signals @ sampling.weights for d in (still, turned))
    assert np.abs(other / ink - 1).mean() < 0.03


def published(image: np.ndarray, point: np.ndarray) -> float:
    """What the published code makes of a point, pixel by pixel."""
    x, y = (plane_points(point) + 1.5) / 3 * 28
    i, j = int(x), int(y)
    total = 0.0
    for row, across in ((i - 1, i + 1 - x), (i + 1, x - i + 1)):
        for column, along in ((j - 1, j + 1 - y), (j + 1, y - j + 1)):
            if 0 <= row < 28 and 0 <= column < 28:
                total += across * along * image[row, column]
    return total


def test_pictures_as_published_are_those_of_that_formula() -> None:
    images, xyz = smooth_images(3), Fibonacci(700).xyz
    shown = project(images, xyz, "published")
    for image, found in zip(images, shown, strict=True):
        values = np.array([published(image.astype(float), point) for point in xyz])
        expected = 255 * (values - values.min()) / (values.max() - values.min())
        # Cut, not rounded.
        assert (expected - found > -1e-9).all() and (expected - found < 1 + 1e-9).all()
        assert found.min() == 0 and found.max() == 255


def test_turned_pictures_as_published_are_those_at_turned_points() -> None:
    images, xyz = smooth_images(4), Fibonacci(300).xyz
    matrices = Rotation.random(4, random_state=2).as_matrix()
    shown = project_turned(images, xyz, matrices, "published")
    for i, matrix in enumerate(matrices):
        alone = project(images[i : i + 1], xyz @ matrix, "published")[0]
        assert np.abs(shown[i].astype(int) - alone).max() <= 1


def test_blank_pictures_stay_blank_as_published() -> None:
    blank = np.zeros((2, 28, 28), np.uint8)
    assert not project(blank, Fibonacci(50).xyz, "published").any()


def test_what_is_kept_belongs_to_its_interpolation(root: Path, tmp_path: Path) -> None:
    bilinear = SphericalMNIST(root, GRID, cache=tmp_path)
    other = SphericalMNIST(root, GRID, cache=tmp_path, interpolation="published")
    again = SphericalMNIST(root, GRID, cache=tmp_path)
    assert len(list(tmp_path.glob("spherical-mnist-*.npy"))) == 2
    assert np.array_equal(bilinear.signals, again.signals)
    assert not np.array_equal(bilinear.signals, other.signals)


def test_an_unknown_interpolation_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match=r"'bilinear' or 'published', got 'nearest'"):
        SphericalMNIST(root, GRID, interpolation="nearest")
