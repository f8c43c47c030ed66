"""Loaders say that a path is expected, whatever they are given instead."""

import pytest

from deepsphere_pyg.datasets import (
    CAM5,
    QM7,
    ClimateNet,
    ClimateSphereL5,
    ExtremeWeather,
    SphericalMNIST,
    XarrayFields,
    cosmology_spectra,
    download_mnist,
    download_qm7,
    read_mnist,
)
from samplings import HEALPix, Irregular

SAMPLING = HEALPix(2)


@pytest.mark.parametrize("wrong", [None, 3, SAMPLING])
@pytest.mark.parametrize(
    ("read", "name"),
    [
        (QM7, "root"),
        (ClimateSphereL5, "root"),
        (download_mnist, "root"),
        (download_qm7, "root"),
        (cosmology_spectra, "path"),
        (Irregular.from_file, "path"),
        (lambda root: read_mnist(root, "train"), "root"),
        (lambda root: SphericalMNIST(root, SAMPLING), "root"),
    ],
)
def test_what_is_no_path_is_refused_by_name(read, name, wrong):
    with pytest.raises(TypeError, match=f"{name} must be a path, got"):
        read(wrong)


@pytest.mark.parametrize("wrong", [None, 3, SAMPLING])
@pytest.mark.parametrize("read", [CAM5, ExtremeWeather, ClimateNet])
def test_folders_of_climate_files_are_paths(read, wrong):
    pytest.importorskip("xarray")
    with pytest.raises(TypeError, match=r"(source|root) must be a (path|folder or)"):
        read(wrong, SAMPLING)


def test_fields_are_files_or_open():
    pytest.importorskip("xarray")
    with pytest.raises(TypeError, match=r"fields must be a path, .*got NoneType"):
        XarrayFields(None, variables=["t"], sampling=SAMPLING, class_names=["a"])
