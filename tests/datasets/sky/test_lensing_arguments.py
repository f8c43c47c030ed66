"""Lensing maps refuse wrong arguments, with or without the packages they need."""

import importlib

import pytest

from deepsphere_pyg.datasets import LensingMaps
from deepsphere_pyg.datasets.sky.camb_shells import sky_module
from samplings import Equiangular, HEALPix


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sampling": Equiangular(4)}, TypeError, "must be HEALPix or a part of it"),
        ({"n_maps": 0}, ValueError, "n_maps must be at least 1"),
        (
            {"omega_m": (0.4, 0.2)},
            ValueError,
            "must ascend within 0.1 and 0.9, got 0.4",
        ),
        ({"omega_m": 0.05}, ValueError, "must ascend within 0.1 and 0.9, got 0.05 to"),
        ({"sigma_8": (0.5, 0.6, 0.7)}, ValueError, "lowest and highest.*got 3 numbers"),
        ({"sigma_8": (float("nan"), 1)}, ValueError, "sigma_8 must ascend within"),
        ({"sigma_8": "0.8, 1"}, TypeError, "sigma_8 must be a number, got '0.8, 1'"),
        ({"z_source": 0}, ValueError, "z_source must be positive"),
        ({"z_source": 7}, ValueError, "z_source must be at most 6, got 7"),
        ({"n_shells": 1.5}, TypeError, "n_shells must be an integer"),
        ({"sigma_arcmin": -1}, ValueError, "sigma_arcmin must be finite and not neg"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"cache": 3}, TypeError, "cache must be a path"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        LensingMaps(**{"sampling": HEALPix(1), "n_maps": 1, **options})


def test_a_missing_package_is_told(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match=r"need camb, .*deepsphere-pyg\[sky\]"):
        sky_module("camb")
