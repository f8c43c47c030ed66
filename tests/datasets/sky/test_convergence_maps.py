"""Published convergence maps: healpy gives the same, and damage is told."""

import hashlib
import io
import warnings
import zipfile

import healpy
import numpy as np
import pytest

from deepsphere_pyg.datasets import ConvergenceMaps, NestedPatches
from deepsphere_pyg.datasets.sky import published_files
from samplings import use_cache
from tests.round_off import assert_near

RAW, NSIDE, SIGMA = 16, 4, 600.0


def values(kind, number):
    """A map of the published format: RING, float, with a mean."""
    rng = np.random.default_rng([kind, number])
    return 0.3 + rng.normal(size=12 * RAW**2)


def name(kind, number):
    return f"kappa_omega_m_{('0p26', '0p31')[kind]}_seed_{number:02d}.npy"


def write(root, folder="testing", n=10):
    (root / folder).mkdir(parents=True)
    for number in range(n):
        for kind in (0, 1):
            np.save(root / folder / name(kind, number), values(kind, number))
    return root / folder


def pack(root, folder="testing"):
    """Archive of a folder, as published, with the hidden files of a Mac."""
    path = root / f"{folder}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((root / folder).iterdir()):
            archive.write(file, f"{folder}/{file.name}")
            archive.writestr(f"__MACOSX/{folder}/._{file.name}", b"\0\5\x16\7")
            file.unlink()
    (root / folder).rmdir()
    return path


@pytest.fixture
def published(monkeypatch):
    """Make the checksum of an archive the published one."""

    def publish(path):
        split = published_files.SPLITS["test"]
        digest = hashlib.md5(path.read_bytes()).hexdigest()
        replaced = {"test": split._replace(md5=digest)}
        monkeypatch.setattr(published_files, "SPLITS", replaced)
        monkeypatch.setattr(
            "deepsphere_pyg.datasets.sky.convergence_maps.SPLITS", replaced
        )

    return publish


def read(root, **options):
    options = {"split": "test", "nside": NSIDE, "sigma_arcmin": SIGMA} | options
    return ConvergenceMaps(root, **options)


def prepared_by_healpy(ring, sigma_arcmin):
    """The steps of the published experiments."""
    nested = healpy.reorder(ring - ring.mean(), r2n=True)
    coarse = healpy.ud_grade(nested, NSIDE, order_in="NESTED")
    if not sigma_arcmin:
        return coarse
    coarse = healpy.reorder(coarse, n2r=True)
    smooth = healpy.smoothing(coarse, sigma=np.deg2rad(sigma_arcmin / 60))
    return healpy.reorder(smooth, r2n=True)


@pytest.mark.parametrize("sigma", [0, SIGMA])
def test_maps_are_those_of_healpy(tmp_path, sigma):
    write(tmp_path)
    maps = read(tmp_path, sigma_arcmin=sigma)
    assert len(maps) == 20
    assert maps.sampling.nest and maps.sampling.nside == NSIDE
    for index in (0, 1, 18, 19):
        x, kind = maps[index]
        assert (kind, maps.files[index]) == (index % 2, name(index % 2, index // 2))
        wanted = prepared_by_healpy(values(kind, index // 2), sigma)
        # Kept as float32; float64 sums before that do not count.
        assert_near(x[:, 0].numpy(), wanted.astype(np.float32))


def test_smoothing_multiplies_coefficients_by_the_gaussian_of_sigma(tmp_path):
    degrees, orders = healpy.Alm.getlm(8)
    given = np.random.default_rng(0).normal(size=len(degrees)) * (orders + 1j)
    given[degrees == 0] = 0
    given[orders == 0] = given[orders == 0].real
    folder = write(tmp_path)
    np.save(folder / name(0, 0), healpy.alm2map(given, RAW))
    maps = read(tmp_path, nside=RAW)
    ring = healpy.reorder(maps[0].x[:, 0].double().numpy(), n2r=True)
    sigma = np.deg2rad(SIGMA / 60)
    wanted = np.exp(-degrees * (degrees + 1) * sigma**2 / 2) * given
    # The iterations of healpy's analysis leave some 1e-5; a full width at half maximum
    # taken for sigma would change degree 8 by a factor of 2.4.
    found = healpy.map2alm(ring, lmax=8, iter=5)
    assert abs(found - wanted).max() < 1e-4 * abs(given).max()


def test_an_archive_and_its_folder_give_the_same(tmp_path, published):
    write(tmp_path)
    from_folder = [sample.x.numpy() for sample in read(tmp_path)]
    path = pack(tmp_path)
    published(path)
    maps = read(tmp_path)
    assert len(maps) == 20
    for sample, wanted in zip(maps, from_folder, strict=True):
        np.testing.assert_array_equal(sample.x, wanted)
    patches = NestedPatches(maps, 2)
    assert len(patches) == 20 * 48 and patches[48].y == 1


def test_an_archive_that_differs_from_the_published_one_is_refused(tmp_path):
    write(tmp_path)
    pack(tmp_path)
    message = r"testing\.zip differs from the published file: MD5 is .*, expected 6275"
    with pytest.raises(ValueError, match=message):
        read(tmp_path)
    assert len(read(tmp_path, verify=False)) == 20


def test_maps_are_kept_by_settings_and_read_again(tmp_path, monkeypatch, published):
    write(tmp_path)
    published(pack(tmp_path))
    cache = tmp_path / "kept"
    maps = read(tmp_path, cache=cache)
    maps.prepare(progress=False)
    wanted = [sample.x.numpy() for sample in maps]
    assert len(list(cache.iterdir())) == 20
    read(tmp_path, cache=cache, sigma_arcmin=0)[3]
    assert len(list(cache.iterdir())) == 21

    def refuse(self):
        raise AssertionError("the file is read again")

    with monkeypatch.context() as patched:
        patched.setattr(published_files.StoredMap, "read", refuse)
        # Nor is the checksum computed again.
        monkeypatch.setattr(published_files, "check_archive", refuse)
        again = read(tmp_path, cache=cache)
        for sample, one in zip(again, wanted, strict=True):
            np.testing.assert_array_equal(sample.x, one)
    for path in cache.iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    with pytest.warns(RuntimeWarning, match="its prepared maps are computed and"):
        np.testing.assert_array_equal(again[0].x, wanted[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again[0]


def test_the_cache_of_results_is_the_default(tmp_path):
    write(tmp_path / "data")
    with use_cache(tmp_path / "cache"):
        read(tmp_path / "data")[0]
    assert len(list((tmp_path / "cache" / "convergence-maps").iterdir())) == 1
    with pytest.raises(ValueError, match="no cache to keep maps in; pass cache="):
        read(tmp_path / "data").prepare()


def test_a_changed_file_is_prepared_again(tmp_path):
    folder = write(tmp_path)
    before = read(tmp_path, cache=tmp_path / "kept")[0].x
    np.save(folder / name(0, 0), np.float32(2 * values(0, 0)))
    after = read(tmp_path, cache=tmp_path / "kept")[0].x
    assert_near(after, 2 * before, terms=100)


def damaged(content):
    return content[:-100]


def not_a_number(content):
    array = np.frombuffer(content[-8 * 12 * RAW**2 :]).copy()
    array[5] = np.nan
    return content[: -array.nbytes] + array.tobytes()


def unseen(content):
    array = np.frombuffer(content[-8 * 12 * RAW**2 :]).copy()
    array[[7, 9]] = healpy.UNSEEN
    return content[: -array.nbytes] + array.tobytes()


def saved(array):
    def replace(content):
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=True)
        return stream.getvalue()

    return replace


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged, "cannot be read as a map in an npy file.*may be truncated"),
        (lambda content: b"", "cannot be read as a map"),
        (not_a_number, "has 1 pixel without a value"),
        (unseen, "has 2 pixels without a value"),
        (saved(np.zeros(12 * RAW**2 - 1)), "whole sky.*got 3071"),
        (saved(np.zeros(12 * 9)), r"nside a power of two, got 108"),
        (saved(np.zeros(12 * 4)), "has nside 2, which is coarser than the nside 4"),
        (saved(np.zeros((2, 48))), r"one value a pixel, got shape \(2, 48\)"),
        (saved(np.zeros(48, dtype=int)), "must hold floats, got int64"),
        (saved(np.array([{}])), "cannot be read as a map"),
    ],
)
def test_a_damaged_map_is_told_by_name(tmp_path, damage, message, packed):
    folder = write(tmp_path)
    path = folder / name(1, 3)
    path.write_bytes(damage(path.read_bytes()))
    if packed:
        pack(tmp_path)
    maps = read(tmp_path, verify=False)
    with pytest.raises(ValueError, match=message) as caught:
        maps[7]
    place = "testing.zip/testing" if packed else "testing"
    assert str(caught.value).startswith(f"{tmp_path}/{place}/{path.name}")
    assert maps[6].x.isfinite().all()


def test_missing_maps_are_told(tmp_path):
    message = "has neither training.zip nor a folder training; put training.zip"
    with pytest.raises(FileNotFoundError, match=message):
        ConvergenceMaps(tmp_path)
    folder = write(tmp_path)
    (folder / name(1, 4)).unlink()
    message = "testing must hold 10 maps whose names contain 0p31, got 9; copy the"
    with pytest.raises(FileNotFoundError, match=message):
        read(tmp_path)
    maps = read(tmp_path, complete=False)
    assert [maps[i].y for i in (17, 18)] == [1, 0] and len(maps) == 19
    (folder / "other.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"other\.npy: the name of a map must contain"):
        read(tmp_path, complete=False)


def test_a_damaged_archive_is_told(tmp_path):
    (tmp_path / "testing.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"testing\.zip cannot be read as an archive"):
        read(tmp_path, verify=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "validation"}, "split must be 'train' or 'test'"),
        ({"nside": 3}, "nside must be a power of two"),
        ({"sigma_arcmin": -1}, "sigma_arcmin must be finite and not negative"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, **options)
