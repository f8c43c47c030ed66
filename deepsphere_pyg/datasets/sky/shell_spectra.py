"""Spectra of shells of matter for any parameters of a box, kept on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from deepsphere_pyg.datasets.files import DataFileError
from deepsphere_pyg.datasets.kept_array import map_array, write_array
from deepsphere_pyg.datasets.sky.camb_shells import (
    DEGREES,
    LightCone,
    computed_table,
    sky_module,
    table_shape,
)
from samplings.arrays import FloatArray
from samplings.disk_cache import cache_folder, read_or_compute

# Raised whenever the same settings give other spectra.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class ShellSpectra:
    r"""Spectra and weights of the shells for any parameters of a box.

    With the comoving distance :math:`\chi` and that of the sources
    :math:`\chi_s`, the convergence is a sum over shells of weighted overdensities

    .. math:: \kappa = \sum_i w_i \delta_i, \quad
        w_i = \int_i q \, d\chi, \quad
        q(\chi) = \frac{3 H_0^2 \Omega_m}{2 c^2} (1 + z) \chi
            \frac{\chi_s - \chi}{\chi_s}

    where :math:`\delta_i` is the mean over shell i with the weight q, so that nothing
    is lost by the division into shells. Its spectrum is, in Limber's approximation,

    .. math:: C_l^{(i)} = \frac{1}{w_i^2} \int_i \frac{q^2}{\chi^2}
        P\left(\frac{l + 1/2}{\chi}, z\right) d\chi

    with the nonlinear power spectrum P of HMcode-2020. Shells are independent in it.
    Logarithms are interpolated between the nodes by polynomials.

    Attributes
    ----------
    cone
        The box of parameters and the shells.
    table
        Logarithms at the nodes: of the weight, then of the spectrum at some degrees,
        shape ``(nodes, nodes, shells, 1 + degrees)``.

    Notes
    -----
    Source: Bartelmann and Schneider 2001, Physics Reports 340, 291
    (arXiv:astro-ph/9912508), for the kernel and Limber's equation; LoVerde and Afshordi
    2008, Phys. Rev. D 78, 123506 (arXiv:0809.5112), for l + 1/2; Mead, Brieden,
    Tröster and Heymans 2021, MNRAS 502, 1401 (arXiv:2009.01858), for HMcode-2020.
    """

    cone: LightCone
    table: FloatArray

    def at(
        self, omega_m: float, sigma_8: float, lmax: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return weights ``(shells,)`` and spectra ``(shells, lmax + 1)``.

        Spectra are zero at l = 0: the mean of a map is that of the universe.
        """
        along_omega, along_sigma = self.cone.nodes
        logs = np.einsum(
            "i,j,ijsl->sl",
            _lagrange(along_omega, omega_m),
            _lagrange(along_sigma, sigma_8),
            self.table,
        )
        spline = CubicSpline(np.log(DEGREES + 0.5), logs[:, 1:], axis=1)
        spectra = np.zeros((len(logs), lmax + 1))
        spectra[:, 1:] = np.exp(spline(np.log(np.arange(1, lmax + 1) + 0.5)))
        return np.exp(logs[:, 0]), spectra


def kept_spectra(cone: LightCone, folder: Path | None) -> ShellSpectra:
    """Return the spectra of a box, from the disk if they are there.

    Without a folder, that of :func:`samplings.cache_folder` is used, if there is one.
    """
    if folder is None:
        default = cache_folder()
        if default is None:
            return ShellSpectra(cone, computed_table(cone))
        folder = default / "lensing-spectra"
    version = sky_module("camb").__version__
    shape = table_shape(cone)
    settings = [_VERSION, version, *cone.omega_m, *cone.sigma_8, cone.z_source, *shape]
    digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]

    def read(path: Path) -> FloatArray:
        kept = map_array(path)
        if kept.shape != shape or kept.dtype != np.float64:
            raise DataFileError(f"it holds {kept.dtype} of shape {kept.shape}")
        return np.array(kept)

    table = read_or_compute(
        folder / f"shells-{digest}.npy",
        "spectra of shells",
        read,
        lambda: computed_table(cone),
        write_array,
    )
    return ShellSpectra(cone, table)


def _lagrange(nodes: FloatArray, x: float) -> FloatArray:
    """Return the Lagrange polynomials of nodes at x."""
    differences = nodes[:, None] - nodes
    np.fill_diagonal(differences, 1.0)
    numerators = np.broadcast_to(x - nodes, differences.shape).copy()
    np.fill_diagonal(numerators, 1.0)
    polynomials: FloatArray = (numerators / differences).prod(axis=1)
    return polynomials
