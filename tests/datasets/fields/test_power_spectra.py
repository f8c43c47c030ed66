"""Power spectra: a built-in pair, and the file of the published cosmologies."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.datasets import (
    GaussianFields,
    cosmology_spectra,
    high_frequency_spectra,
)
from samplings import HEALPix


# -- the built-in spectra --------------------------------------------------------
@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(2, 128), st.floats(0.01, 0.99), st.floats(0, 6), st.data())
def test_high_frequency_spectra_have_the_same_variance(
    nside: int, contrast: float, slope: float, data: st.DataObject
) -> None:
    periods = data.draw(st.integers(1, nside // 2))
    spectra = high_frequency_spectra(nside, contrast, periods, slope)
    assert spectra.shape == (2, 2 * nside + 1)
    degrees = np.arange(2 * nside + 1)
    variance = spectra @ (2 * degrees + 1) / (4 * np.pi)
    np.testing.assert_allclose(variance, 1, rtol=1e-12)
    assert np.array_equal(spectra[0, : nside + 1], spectra[1, : nside + 1])
    assert (spectra[:, 1:] > 0).all() and not spectra[:, 0].any()
    mean = spectra[:, 1:].mean(axis=0)
    deviation = spectra[0, 1:] / mean - 1
    assert np.abs(deviation).max() == pytest.approx(contrast)
    assert deviation.max() > 0 > deviation.min()
    share = mean * (2 * degrees[1:] + 1)
    np.testing.assert_allclose(share, share[0] * degrees[1:] ** -slope, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1,), ValueError, "nside must be at least 2, got 1"),
        ((8.0,), TypeError, "nside must be an integer, got 8.0"),
        ((8, 0), ValueError, "contrast must be positive and finite, got 0.0; pass a"),
        ((8, 1), ValueError, "contrast must be below 1, got 1.0; pass a share"),
        ((8, "x"), TypeError, "contrast must be a number, got 'x'"),
        ((8, 0.1, 0.5), TypeError, "periods must be an integer, got 0.5"),
        ((8, 0.1, 0), ValueError, "periods must be at least 1, got 0"),
        ((8, 0.1, 5), ValueError, "at most nside / 2 = 4, got 5: .* pass fewer"),
        ((8, 0.1, 1, -1), ValueError, "slope must be finite .*, got -1.0; pass 0 for"),
        ((8, 0.1, 1, "red"), TypeError, "slope must be a number, got 'red'; pass 0"),
    ],
)
def test_bad_arguments_of_the_spectra_are_refused(arguments, error, message) -> None:
    with pytest.raises(error, match=message):
        high_frequency_spectra(*arguments)


# -- files of spectra ------------------------------------------------------------
def test_the_published_spectra_are_read(shared_data: Path) -> None:
    path = shared_data / "cosmology" / "spectrum_cosmo.npz"
    spectra = cosmology_spectra(path)
    assert spectra.shape == (2, 3072)
    with np.load(path) as file:
        for name, row in zip(("psd_class1", "psd_class2"), spectra, strict=True):
            assert file[name].shape == (20, 3072)
            np.testing.assert_allclose(row, file[name].mean(axis=0))
    assert np.array_equal(cosmology_spectra(path, lmax=95), spectra[:, :96])
    data = GaussianFields(HEALPix(32), cosmology_spectra(path, lmax=95), 2)
    # The spread of convergence, of which degrees up to 95 hold a part.
    assert 1e-3 < data[0].x.std() < 1e-1


def test_bad_files_of_spectra_are_refused(tmp_path: Path) -> None:
    def saved(**arrays: object) -> Path:
        path = tmp_path / "spectra.npz"
        np.savez(path, **arrays)
        return path

    good = np.ones((2, 5))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz does not exist"):
        cosmology_spectra(tmp_path / "nowhere.npz")
    torn = tmp_path / "torn.npz"
    torn.write_bytes(saved(psd_class1=good, psd_class2=good).read_bytes()[:200])
    text = tmp_path / "text.npz"
    text.write_text("l, C_l")
    for path in (torn, text, tmp_path):
        with pytest.raises(
            (ValueError, OSError), match=f"{path.name}.* cannot be read"
        ):
            cosmology_spectra(path)
    single = tmp_path / "single.npy"
    np.save(single, good)
    with pytest.raises(ValueError, match=r"not an archive.*; pass spectrum_cosmo"):
        cosmology_spectra(single)
    for arrays, message in (
        (
            {"psd_class1": good},
            "no array 'psd_class2'; it has: psd_class1; pass",
        ),
        ({}, "has no array 'psd_class1' and no 'psd_class2'; it has: nothing"),
        (
            {"psd_class1": good, "psd_class2": good[0]},
            r"psd_class2 of .* got float64 of shape \(5,\); copy",
        ),
        ({"psd_class1": good, "psd_class2": good[:, :4]}, r"got lengths \[5, 4\]"),
        ({"psd_class1": good, "psd_class2": -good}, "not negative, got -1.0 at degree"),
        (
            {"psd_class1": good, "psd_class2": np.full((1, 5), "x")},
            r"real numbers \(realisations, degrees\), got <U1",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            cosmology_spectra(saved(**arrays))
    path = saved(psd_class1=good, psd_class2=good)
    with pytest.raises(ValueError, match=r"lmax must be at most 4, .*, got 5; pass"):
        cosmology_spectra(path, lmax=5)
    with pytest.raises(TypeError, match=r"lmax must be an integer, got 2\.5"):
        cosmology_spectra(path, lmax=2.5)
