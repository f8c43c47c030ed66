"""Gaussian maps: their spectra, seeds, rotations and parts."""

import pickle

import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets import GaussianFields, high_frequency_spectra
from samplings import HEALPix, Icosahedral
from tests.round_off import assert_near

NSIDE = 8
SPECTRA = high_frequency_spectra(NSIDE, contrast=0.5)
# Maps are float32 of spread one; healpy's transform errs by 1e-13.
TOLERANCE = 1e-5


def values(data: GaussianFields) -> torch.Tensor:
    return torch.stack([sample.x for sample in data])[..., 0]


def at_points(data: GaussianFields, index: int, xyz: np.ndarray) -> np.ndarray:
    """The map at any points, summed by SciPy's spherical harmonics."""
    l, m = healpy.Alm.getlm(data.lmax)  # noqa: E741
    theta, phi = np.arccos(np.clip(xyz[:, 2], -1, 1)), np.arctan2(xyz[:, 1], xyz[:, 0])
    harmonics = sph_harm_y(l, m, theta[:, None], phi[:, None])
    terms = (harmonics * data.coefficients(index)).real
    return terms @ np.where(m > 0, 2.0, 1.0)


# -- statistics ------------------------------------------------------------------
def test_the_spectrum_of_the_maps_is_that_of_their_class() -> None:
    maps = 400
    data = GaussianFields(HEALPix(NSIDE, nest=False), SPECTRA, maps, seed=3)
    measured = np.zeros_like(SPECTRA)
    for sample in data:
        signal = sample.x[:, 0].double().numpy()
        # Three iterations bring the quadrature of HEALPix well below the scatter.
        measured[sample.y] += healpy.anafast(signal, lmax=data.lmax, iter=3)
    measured /= maps / 2
    assert np.abs(measured[:, 0]).max() < 1e-4 * SPECTRA[:, 1].max()
    degrees = np.arange(1, data.lmax + 1)
    # Cosmic variance of maps / 2 maps: 2 / (2l + 1) of C_l squared, each.
    scatter = SPECTRA[:, 1:] * np.sqrt(2 / (2 * degrees + 1) / (maps / 2))
    deviation = (measured - SPECTRA)[:, 1:] / scatter
    assert np.abs(deviation).max() < 4.5
    assert 0.7 < deviation.std() < 1.3


def test_white_noise_has_its_standard_deviation_at_all_degrees() -> None:
    faint = [[0.0] * 24, [0.0] * 24]
    faint[0][5] = faint[1][7] = 1e-12
    data = GaussianFields(HEALPix(NSIDE), faint, 60, noise=2.5)
    assert values(data).std().item() == pytest.approx(2.5, rel=0.01)
    power = np.mean([healpy.alm2cl(data.coefficients(i)) for i in range(60)], axis=0)
    expected = 4 * np.pi * 2.5**2 / 24**2
    scatter = np.sqrt(2 / (2 * np.arange(24) + 1) / 60)
    assert (np.abs(power / expected - 1) < 4.5 * scatter).all()


def test_noise_is_added_to_the_same_signal() -> None:
    clean, noisy = (
        GaussianFields(HEALPix(NSIDE), SPECTRA, 2, seed=4, noise=noise)
        for noise in (0.0, 1e-3)
    )
    difference = values(noisy) - values(clean)
    assert difference.std().item() == pytest.approx(1e-3, rel=0.1)


def test_classes_take_turns() -> None:
    data = GaussianFields(HEALPix(2), np.ones((3, 4)), 8)
    assert [sample.y for sample in data] == [0, 1, 2, 0, 1, 2, 0, 1]
    assert data.class_names == ("spectrum 0", "spectrum 1", "spectrum 2")


# -- seeds -----------------------------------------------------------------------
def test_maps_depend_on_seed_and_index_alone() -> None:
    few = GaussianFields(HEALPix(4), SPECTRA[:, :12], 3, seed=5)
    many = GaussianFields(HEALPix(4), SPECTRA[:, :12], 9, seed=5)
    assert torch.equal(values(few), values(many)[:3])
    assert torch.equal(few[2].x, few[2].x)
    others = [
        values(GaussianFields(HEALPix(4), SPECTRA[:, :12], 3, seed=seed))
        for seed in (5, 6, 2**32 + 5)
    ]
    flat = torch.cat(others)
    assert (torch.corrcoef(flat) - torch.eye(9)).abs().max() < 0.5


def test_maps_travel_to_worker_processes() -> None:
    data = GaussianFields(HEALPix(4), SPECTRA[:, :12], 4, seed=3, rotate=True)
    again = pickle.loads(pickle.dumps(data))
    assert torch.equal(again[0].x, data[0].x)
    batches = list(DataLoader(data, batch_size=2, num_workers=1))
    assert torch.equal(torch.cat([batch.x for batch in batches])[..., 0], values(data))
    assert [batch.y.tolist() for batch in batches] == [[0, 1], [0, 1]]
    assert batches[0].y.dtype == torch.int64


# -- rotations and parts ---------------------------------------------------------
@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_turned_map_is_the_map_at_turned_points(seed: int, nest: bool) -> None:
    sampling = HEALPix(4, nest=nest)
    rotation = Rotation.random(rng=np.random.default_rng(seed))
    spectra = SPECTRA[:, :12]
    plain = GaussianFields(sampling, spectra, 2, seed=seed, noise=0.3)
    turned = GaussianFields(sampling, spectra, 2, seed=seed, noise=0.3, rotate=rotation)
    matrix = rotation.as_matrix()
    np.testing.assert_allclose(turned.rotation(1), matrix)
    expected = at_points(plain, 1, sampling.xyz @ matrix)
    np.testing.assert_allclose(turned[1].x[:, 0], expected, rtol=0, atol=TOLERANCE)
    assert turned[1].y == plain[1].y


def test_random_rotations_are_those_it_tells_and_differ_between_maps() -> None:
    sampling = HEALPix(4)
    plain = GaussianFields(sampling, SPECTRA[:, :12], 3)
    turned = GaussianFields(sampling, SPECTRA[:, :12], 3, rotate=True)
    rotations = [turned.rotation(i) for i in range(3)]
    for i, matrix in enumerate(rotations):
        assert_near(matrix @ matrix.T, np.eye(3), 3)
        assert np.linalg.det(matrix) > 0
        assert not any(np.allclose(matrix, other) for other in rotations[:i])
        expected = at_points(plain, i, sampling.xyz @ matrix)
        np.testing.assert_allclose(turned[i].x[:, 0], expected, rtol=0, atol=TOLERANCE)
    assert np.array_equal(plain.rotation(2), np.eye(3))


def test_a_quarter_turn_moves_pixels() -> None:
    # Also where Euler angles are not unique: a turn about the z axis.
    sampling = HEALPix(NSIDE, nest=False)
    turn = Rotation.from_euler("z", 90, degrees=True)
    plain = GaussianFields(sampling, SPECTRA, 1)[0].x
    turned = GaussianFields(sampling, SPECTRA, 1, rotate=turn)[0].x
    moved = healpy.vec2pix(NSIDE, *(sampling.xyz @ turn.as_matrix()).T)
    torch.testing.assert_close(turned, plain[moved], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("nest", [True, False])
def test_a_part_has_the_values_of_the_whole(nest: bool) -> None:
    sampling = HEALPix(NSIDE, nest=nest)
    whole = GaussianFields(sampling, SPECTRA, 2, rotate=True)
    north = sampling.lat > 20
    west = sampling[north].lon > 200
    for part, kept in (
        (sampling[north], np.flatnonzero(north)),
        (sampling[north][west], np.flatnonzero(north)[west]),
    ):
        data = GaussianFields(part, SPECTRA, 2, rotate=True)
        assert torch.equal(data[1].x, whole[1].x[kept])
    # A twelfth of the sky: one base pixel.
    face = HEALPix(NSIDE)[np.arange(NSIDE**2)]
    assert GaussianFields(face, SPECTRA, 1)[0].x.shape == (NSIDE**2, 1)


def test_both_orderings_hold_the_same_map() -> None:
    nested, rings = (
        GaussianFields(HEALPix(NSIDE, nest), SPECTRA, 1)[0].x for nest in (True, False)
    )
    order = healpy.nest2ring(NSIDE, np.arange(12 * NSIDE**2))
    assert torch.equal(nested, rings[order])


# -- bad input -------------------------------------------------------------------
def with_value(value: float) -> np.ndarray:
    spectra = np.ones((2, 6))
    spectra[1, 4] = value
    return spectra


@pytest.mark.parametrize(
    ("spectra", "error", "message"),
    [
        (with_value(-1.0), ValueError, "got -1.0 at degree 4 of class 1; clip"),
        (with_value(np.nan), ValueError, "got nan at degree 4 of class 1"),
        (with_value(np.inf), ValueError, "got inf at degree 4 of class 1"),
        ([[1, 1], [1, 1, 1]], ValueError, r"got lengths \[2, 3\]; pad them"),
        ([[], []], ValueError, r"got lengths \[0, 0\]"),
        ([[1, 1]], ValueError, r"two or more .*, got 1 of shapes \(2,\); pass an arr"),
        ([], ValueError, "two or more .*, got 0;"),
        ([1.0, 2.0], ValueError, r"got 2 of shapes \(\), \(\)"),
        (3.0, TypeError, "must be an array .*, got float; pass two or more"),
        ([["a", "b"], ["c", "d"]], TypeError, "must be real numbers, got <U1"),
        ([[1j, 1], [1, 1]], TypeError, "must be real numbers, got complex128"),
        ([[0, 0], [0, 1]], ValueError, "class 0 is zero at all degrees, .* blank"),
        (np.ones((2, 7)), ValueError, r"reach degree 6, .* = 5; pass spectra\[:, :6\]"),
    ],
)
def test_bad_spectra_are_refused(spectra, error, message) -> None:
    with pytest.raises(error, match=message):
        GaussianFields(HEALPix(2), spectra, 1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_maps": 0}, ValueError, "n_maps must be at least 1, got 0"),
        ({"n_maps": 1.5}, TypeError, "n_maps must be an integer, got 1.5"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": "a"}, TypeError, "seed must be an integer, got 'a'"),
        ({"noise": -0.1}, ValueError, "noise must be finite and not negative, got -0"),
        ({"noise": np.nan}, ValueError, "noise must be finite .*, got nan; pass 0 for"),
        ({"noise": "loud"}, TypeError, "noise must be a number, got 'loud'; pass 0"),
        ({"rotate": 1}, TypeError, "rotate must be True, False or a scipy Rotation, g"),
        (
            {"rotate": Rotation.random(2, rng=np.random.default_rng(0))},
            ValueError,
            "rotate must be one rotation for all maps, got 2; pass True",
        ),
        ({"class_names": ("a",)}, ValueError, "must name 2 classes, .* got a; leave"),
        ({"sampling": 8}, TypeError, "must be HEALPix or a part of it, got int; pass"),
        ({"sampling": Icosahedral(1)}, TypeError, "got Icosahedral; pass"),
        (
            {"sampling": Icosahedral(1)[np.arange(5)]},
            TypeError,
            "HEALPix or a part of it, got Icosahedral",
        ),
    ],
)
def test_bad_arguments_are_refused(options, error, message) -> None:
    good = {"sampling": HEALPix(2), "spectra": np.ones((2, 6)), "n_maps": 1}
    with pytest.raises(error, match=message):
        GaussianFields(**{**good, **options})


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_outside_the_data_set_is_refused(index: int) -> None:
    data = GaussianFields(HEALPix(2), np.ones((2, 6)), 2)
    for access in (data.__getitem__, data.coefficients, data.rotation):
        with pytest.raises(IndexError, match=f"map {index} does not exist: .* 2 maps"):
            access(index)
