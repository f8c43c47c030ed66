"""Handwritten digits on the sphere."""

from deepsphere_pyg.datasets.digits.spherical_mnist import SphericalMNIST
from deepsphere_pyg.datasets.digits.spherical_mnist_files import (
    Digits,
    download_mnist,
    read_mnist,
)

__all__ = ["Digits", "SphericalMNIST", "download_mnist", "read_mnist"]
