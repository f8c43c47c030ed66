"""Lensing maps: camb's spectrum, lognormal shape, seeds, and training on them."""

import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets import LensingMaps, NestedPatches
from deepsphere_pyg.datasets.sky import camb_shells, shell_spectra
from deepsphere_pyg.models import SphericalClassifier
from deepsphere_pyg.training import (
    GlobalRegressionTask,
    SphereDataModule,
    TrainingOptions,
    fit,
)
from samplings import HEALPix, use_cache
from tests.round_off import assert_near

WHY = "needs the extra [sky]"
camb = pytest.importorskip("camb", reason=WHY)
pytest.importorskip("glass", reason=WHY)

PUBLISHED = {"omega_m": 0.31, "sigma_8": 0.82}
NARROW = {"omega_m": (0.3, 0.32), "sigma_8": (0.8, 0.84)}
RING = HEALPix(32, nest=False)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    """Compute the spectra of a box once for all tests."""
    with use_cache(tmp_path_factory.mktemp("cache")):
        yield


def values(sample):
    return sample.x[:, 0].double().numpy()


def measured(signal, lmax):
    return healpy.anafast(signal, lmax=lmax, iter=3)


def test_the_measured_spectrum_is_the_expected_one_within_cosmic_variance():
    count = 40
    data = LensingMaps(RING, count, **PUBLISHED)
    lmax = 48
    found = np.mean([measured(values(sample), lmax) for sample in data], axis=0)
    degrees = np.arange(2, lmax + 1)
    ratio = found[2:] / data.spectrum(0.31, 0.82)[2 : lmax + 1]
    scatter = np.sqrt(2 / (2 * degrees + 1) / count)
    assert np.abs((ratio - 1) / scatter).max() < 4.5
    weight = 2 * degrees + 1
    mean = (weight * ratio).sum() / weight.sum()
    # Power above lmax, which the exponential has, is aliased: below a percent here.
    assert abs(mean - 1) < 4 * np.sqrt(2 / weight.sum() / count) + 0.01


def test_maps_are_skewed_above_the_empty_beam_and_of_mean_zero():
    data = LensingMaps(RING, 20, **PUBLISHED)
    maps = np.array([values(sample) for sample in data])
    weights, _ = data._spectra.at(0.31, 0.82, data.lmax)
    # Float32 rounds the values.
    assert maps.min() > -weights.sum() * (1 + 1e-6)
    skewness = (maps**3).mean(axis=1) / (maps**2).mean(axis=1) ** 1.5
    assert skewness.min() > 0 and 0.15 < skewness.mean() < 0.4
    means = maps.mean(axis=1)
    assert abs(means.mean()) < 4.5 * means.std(ddof=1) / len(means) ** 0.5
    assert abs(means).max() < 0.05 * maps.std()


@pytest.mark.slow
def test_fewer_shells_make_the_maps_less_skewed_and_leave_the_spectrum():
    many, one = (LensingMaps(RING, 1, **PUBLISHED, n_shells=n) for n in (14, 1))
    expected = [data.spectrum(0.31, 0.82)[1:] for data in (many, one)]
    # The integral along the line of sight is summed at fewer points with one shell.
    np.testing.assert_allclose(expected[1], expected[0], rtol=2e-3)
    skewness = [
        (v**3).mean() / (v**2).mean() ** 1.5
        for v in map(values, map(first, (many, one)))
    ]
    assert 0 < skewness[1] < skewness[0]


def first(data):
    return data[0]


@pytest.mark.slow
def test_maps_depend_on_seed_and_index_alone():
    few, many = (LensingMaps(RING, n, seed=5, **NARROW) for n in (3, 50))
    np.testing.assert_array_equal(few.parameters, many.parameters[:3])
    for index in (2, 0):
        for one, other in zip(few[index], many[index], strict=True):
            assert torch.equal(one, other)
    other = LensingMaps(RING, 3, seed=6, **NARROW)
    assert not np.isin(other.parameters, many.parameters).any()
    assert not torch.equal(other[0].x, few[0].x)


def test_any_part_and_ordering_has_the_same_values():
    part = HEALPix(32, nest=True)[np.arange(500, 900)]
    whole = values(LensingMaps(RING, 2, **PUBLISHED)[1])
    found = values(LensingMaps(part, 2, **PUBLISHED)[1])
    np.testing.assert_array_equal(found, whole[healpy.nest2ring(32, part.index)])


@pytest.mark.slow
def test_parameters_fill_the_box_evenly():
    data = LensingMaps(HEALPix(1), 64, **NARROW)
    assert data.parameters.shape == (64, 2)
    sample = data[7]
    assert sample.y.dtype == torch.float32 and sample.x.dtype == torch.float32
    assert_near(sample.y.numpy(), data.parameters[7].astype(np.float32))
    # A Sobol sequence has one point in each of 8 x 8 equal parts.
    parts = ((data.parameters - [0.3, 0.8]) / [0.02, 0.04] * 8).astype(int)
    assert len({tuple(part) for part in parts}) == 64
    fixed = LensingMaps(HEALPix(1), 4, **PUBLISHED)
    assert (fixed.parameters == [0.31, 0.82]).all()


def test_smoothing_is_that_of_healpy():
    plain, smooth = (
        values(LensingMaps(RING, 1, sigma_arcmin=s, **PUBLISHED)[0]) for s in (0, 120)
    )
    wanted = healpy.smoothing(plain, sigma=np.deg2rad(2))
    # Float32 rounds the map before and after.
    assert abs(smooth - wanted).max() < 1e-5 * abs(plain).max()


@pytest.mark.slow
def test_spectra_are_kept_on_disk(tmp_path, monkeypatch):
    options = {**PUBLISHED, "n_shells": 3, "z_source": 0.5}
    before = LensingMaps(RING, 1, cache=tmp_path, **options)
    assert len(list(tmp_path.iterdir())) == 1

    def refuse(cone):
        raise AssertionError("the spectra are computed again")

    with monkeypatch.context() as patched:
        patched.setattr(shell_spectra, "computed_table", refuse)
        after = LensingMaps(RING, 1, cache=tmp_path, **options)
        assert torch.equal(before[0].x, after[0].x)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.warns(RuntimeWarning, match="spectra of shells are computed"):
        LensingMaps(RING, 1, cache=tmp_path, **options)


@pytest.mark.slow
def test_matter_that_is_no_lognormal_field_is_refused():
    data = LensingMaps(RING, 1, **PUBLISHED, z_source=0.01, n_shells=4)
    with pytest.raises(ValueError, match="matter of a shell cannot be a lognormal"):
        data[0]


def test_a_parameter_outside_of_the_box_has_no_spectrum():
    data = LensingMaps(HEALPix(1), 1, **PUBLISHED)
    with pytest.raises(ValueError, match=r"omega_m must be within the box.*got 0\.3;"):
        data.spectrum(0.3, 0.82)


@pytest.mark.slow
def test_maps_train_a_network_by_fit():
    data = LensingMaps(HEALPix(8), 24, **NARROW)
    module = SphereDataModule(data, validation=0.25, batch_size=6)
    assert module.global_target and module.n_classes == 0
    assert module.target_names == ("Omega_m", "sigma_8")
    network = SphericalClassifier(1, 2, data.sampling, widths=(4, 8))
    trained = fit(network, module, options=TrainingOptions(epochs=2))
    assert isinstance(trained.task, GlobalRegressionTask)
    assert trained.predict(data[0].x[None].numpy()).shape == (1, 2)


# -- what takes longer ---------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize(("omega_m", "sigma_8"), [(0.31, 0.82), (0.26, 0.91)])
def test_the_expected_spectrum_is_that_of_lensing_by_camb(omega_m, sigma_8):
    lmax, h = 1000, camb_shells.HUBBLE / 100
    data = LensingMaps(HEALPix(512), 1, omega_m=omega_m, sigma_8=sigma_8)
    settings = camb.CAMBparams()
    density = (omega_m - camb_shells.BARYONS) * h**2
    settings.set_cosmology(
        H0=100 * h,
        ombh2=camb_shells.BARYONS * h**2,
        omch2=density,
        mnu=0,
        num_massive_neutrinos=0,
    )
    settings.InitPower.set_params(As=2e-9, ns=camb_shells.TILT)
    settings.set_matter_power(redshifts=[0], kmax=20)
    unit = camb.get_results(settings).get_sigma8_0()
    scaled = 2e-9 * (sigma_8 / unit) ** 2
    settings.InitPower.set_params(As=scaled, ns=camb_shells.TILT)
    settings.NonLinear = camb.model.NonLinear_both
    settings.NonLinearModel.set_params(halofit_version="mead2020")
    settings.set_for_lmax(lmax)
    settings.Want_CMB = False
    settings.SourceTerms.limber_windows = True
    settings.SourceWindows = [
        camb.sources.GaussianSourceWindow(
            redshift=0.8, source_type="lensing", sigma=0.005
        )
    ]
    results = camb.get_results(settings)
    wanted = results.get_source_cls_dict(lmax=lmax, raw_cl=True)["W1xW1"]
    found = data.spectrum(omega_m, sigma_8)[: lmax + 1]
    # The differences are steps of camb's integral: with AccuracyBoost=2, which takes a
    # minute, it is 0.002 away from l = 20 on.
    np.testing.assert_allclose(found[300:], wanted[300:], rtol=5e-3)
    np.testing.assert_allclose(found[20:300], wanted[20:300], rtol=1e-2)
    np.testing.assert_allclose(found[5:20], wanted[5:20], rtol=2e-2)


@pytest.mark.slow
def test_spectra_between_the_nodes_are_those_computed_there():
    data = LensingMaps(HEALPix(512), 1)
    for omega_m, sigma_8 in ((0.2, 0.6), (0.4, 1.0), (0.2, 1.0), (0.287, 0.773)):
        fixed = LensingMaps(HEALPix(512), 1, omega_m=omega_m, sigma_8=sigma_8)
        np.testing.assert_allclose(
            data.spectrum(omega_m, sigma_8)[1:],
            fixed.spectrum(omega_m, sigma_8)[1:],
            rtol=1e-3,
        )


@pytest.mark.slow
def test_a_network_finds_the_amplitude_of_lensing():
    """It is known far better than the two parameters, which change maps alike."""
    data = LensingMaps(RING, 160, seed=1)
    patches = NestedPatches(data, 1, "alike", maps_in_memory=32)
    module = SphereDataModule(patches, validation=0.2, batch_size=32)
    torch.manual_seed(0)
    network = SphericalClassifier(1, 2, patches.sampling, widths=(8, 16, 32))
    options = TrainingOptions(epochs=6, learning_rate=3e-3)
    trained = fit(network, module, options=options)
    held_out = [patches[int(i)] for i in module.parts["validation"].indices[::2]]
    true = np.array([sample.y.numpy() for sample in held_out])
    maps = np.array([sample.x.numpy() for sample in held_out])
    found = trained.predict(maps)

    def error(a, b):
        return np.sqrt(((a - b) ** 2).mean(axis=0))

    def amplitude(parameters):
        return parameters[:, 1] * (parameters[:, 0] / 0.3) ** 0.6

    assert (error(found, true) < 0.85 * true.std(axis=0)).all()
    amplitudes = amplitude(true)
    assert error(amplitude(found), amplitudes) < 0.5 * amplitudes.std()
