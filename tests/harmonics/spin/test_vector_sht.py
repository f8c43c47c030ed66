"""Vector fields: analytic winds, derivatives against scalar transforms, real winds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    SpinISHT,
    SpinSHT,
    VectorISHT,
    VectorSHT,
    curl_coefficients,
    divergence_coefficients,
    from_torch_harmonics,
    gradient_coefficients,
    helmholtz_parts,
    lower_spin,
    raise_spin,
    spin_harmonics,
    spin_power_spectrum,
    stream_function,
    velocity_potential,
    vorticity_coefficients,
    wind_components,
    wind_of_components,
)
from samplings import Equiangular, GaussLegendre, McEwenWiaux
from tests.helpers import random
from tests.round_off import assert_near

WINDS = Path(__file__).parents[4] / "shared/data/wind200"
RADIUS = 6_371_229.0
DOUBLE = {"dtype": torch.float64}
SCHEMES = {
    "gauss-legendre": GaussLegendre(16),
    "mcewen-wiaux": McEwenWiaux(16),
    "clenshaw-curtis": Equiangular(17, 32, scheme="clenshaw-curtis"),
}


@pytest.fixture(params=SCHEMES)
def sampling(request):
    return SCHEMES[request.param]


def angles(sampling):
    return (torch.tensor(a)[:, None] for a in (sampling.theta, sampling.phi))


def test_solid_body_rotation_has_the_vorticity_of_the_planet(sampling) -> None:
    omega, L = 7.292e-5, 8
    theta, _ = angles(sampling)
    u = omega * RADIUS * theta.sin()
    vector = wind_components(u, torch.zeros_like(u))
    c = VectorSHT(sampling, L, radius=RADIUS, **DOUBLE)(vector)
    wanted = SHT(sampling, L, **DOUBLE)(2 * omega * theta.cos())
    assert_near(c[:, 1], wanted, len(sampling), 2 * omega)
    assert_near(c[:, 0], torch.zeros_like(wanted), len(sampling), 2 * omega)


def test_rossby_haurwitz_wave(sampling) -> None:
    # Williamson et al. 1992, test case 6: wave number 4, at the time 0.
    omega = strength = 7.848e-6
    R, L = 4, 8
    theta, phi = angles(sampling)
    sine, cosine = theta.cos(), theta.sin()
    wave = cosine ** (R - 1) * (R * sine**2 - cosine**2) * (R * phi).cos()
    u = RADIUS * (omega * cosine + strength * wave)
    v = -RADIUS * strength * R * cosine ** (R - 1) * sine * (R * phi).sin()
    wave = strength * sine * cosine**R * (R**2 + 3 * R + 2) * (R * phi).cos()
    vorticity = 2 * omega * sine - wave
    to_rows = VectorSHT(sampling, L, radius=RADIUS, **DOUBLE)
    to_field = VectorISHT(sampling, L, radius=RADIUS, **DOUBLE)
    x = wind_components(u, v)
    c = to_rows(x)
    # Derivatives multiply round-off by degrees.
    scale = L * vorticity.abs().max()
    found = ISHT(sampling, L, **DOUBLE)(c[:, 1])
    assert_near(found, vorticity, len(sampling), scale)
    assert_near(c[:, 0], torch.zeros_like(c[:, 0]), len(sampling), scale)
    back_u, back_v = wind_of_components(to_field(c))
    assert_near(back_u, u, len(sampling), L * u.abs().max())
    assert_near(back_v, v, len(sampling), L * u.abs().max())


def test_gradient_of_xyz_is_the_tangent_part_of_the_axes(sampling) -> None:
    xyz = torch.tensor(sampling.xyz)
    c = SHT(sampling, 3, **DOUBLE)(xyz)
    gradient = SpinISHT(sampling, 3, 1, **DOUBLE)(
        gradient_coefficients(c, 3, radius=2.0)
    )
    theta, phi = (torch.tensor(a) for a in (sampling.theta, sampling.phi))
    zero = torch.zeros_like(theta)
    south = torch.stack(
        [theta.cos() * phi.cos(), theta.cos() * phi.sin(), -theta.sin()], -1
    )
    east = torch.stack([-phi.sin(), phi.cos(), zero], -1)
    assert_near(gradient, torch.stack([south, east], 1) / 2, len(sampling))


def test_operators_are_those_of_vector_calculus() -> None:
    L, radius = 12, 3.0
    chi, psi = random(2, L * L, 2), random(2, L * L, 2, seed=2)
    chi[:, 0], psi[:, 0] = 0, 0
    v = gradient_coefficients(chi, L, radius) + curl_coefficients(psi, L, radius)
    l = torch.arange(L).repeat_interleave(2 * torch.arange(L) + 1).double()  # noqa: E741
    laplacian = (-l * (l + 1) / radius**2)[:, None]
    scale = L * L * v.abs().max()
    assert_near(divergence_coefficients(v, L, radius), laplacian * chi, 4, scale)
    assert_near(vorticity_coefficients(v, L, radius), laplacian * psi, 4, scale)
    assert_near(velocity_potential(v, L, radius), chi, 4)
    assert_near(stream_function(v, L, radius), psi, 4)
    gradient, curl = helmholtz_parts(v, L)
    assert torch.equal(gradient + curl, v)
    assert not vorticity_coefficients(gradient, L).any()
    assert not divergence_coefficients(curl, L).any()


def test_modules_are_the_operators_and_inverse_to_each_other(sampling) -> None:
    L, radius = 16, 2.5
    c = random(2, L * L, 2, 3)
    c[:, 0] = 0
    to_rows = VectorSHT(sampling, L, radius=radius, **DOUBLE)
    to_field = VectorISHT(sampling, L, radius=radius, **DOUBLE)
    x = to_field(c)
    assert_near(to_rows(x), c, 4 * L, L * c.abs().max())
    spin = SpinSHT(sampling, L, 1, **DOUBLE)(x)
    wanted = torch.stack(
        [
            divergence_coefficients(spin, L, radius),
            vorticity_coefficients(spin, L, radius),
        ],
        -2,
    )
    assert_near(to_rows(x), wanted, 4 * L)
    for transform, a, b in ((to_rows, x, c), (to_field, c, x)):
        image, back = transform(a), transform.adjoint(b)
        scale = float(image.norm() * b.norm())
        assert_near((image * b).sum(), (a * back).sum(), len(sampling), scale)
        assert transform.float()(a.float()).dtype == torch.float32


def test_gradients_and_compilation_of_modules() -> None:
    sampling = GaussLegendre(4)
    for transform, n in (
        (VectorSHT(sampling, 4, radius=2.0, **DOUBLE), len(sampling)),
        (VectorISHT(sampling, 4, radius=2.0, **DOUBLE), 16),
    ):
        x = random(2, n, 2, 1).requires_grad_()
        assert torch.autograd.gradcheck(transform, x, fast_mode=True)
        compiled = torch.compile(transform, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x), transform(x))


@pytest.mark.parametrize("spin", [-3, -2, -1, 0, 1, 2])
def test_eth_is_the_derivative_that_defines_it(spin) -> None:
    L = 8
    points = Equiangular(20)
    # By differences over a small step around points away from the poles.
    h = 1e-5
    theta, phi = points.theta, points.phi
    keep = np.sin(theta) > 0.3
    theta, phi = theta[keep], phi[keep]

    def values(c, s, theta, phi):
        y = spin_harmonics(theta, phi, L, s)
        sign = -1 if s < 0 else 1
        e, b = c[:, 0, 0].numpy(), c[:, 1, 0].numpy()
        first, second = y[:, 0], y[:, 1]
        real = first @ e - sign * (second @ b)
        return real + 1j * (second @ e + sign * (first @ b))

    c = random(L * L, 2, 1)
    c[: spin * spin] = 0
    sine = np.sin(theta)

    def derivative(sign, power):
        """(d/dtheta + sign i / sin d/dphi) of sin**power f, by central differences."""
        south = np.sin(theta + h) ** power * values(c, spin, theta + h, phi)
        south -= np.sin(theta - h) ** power * values(c, spin, theta - h, phi)
        east = values(c, spin, theta, phi + h) - values(c, spin, theta, phi - h)
        return (south + sign * 1j * sine ** (power - 1) * east) / (2 * h)

    raised = -(sine**spin) * derivative(1, -spin)
    lowered = -(sine**-spin) * derivative(-1, spin)
    # Errors of differences: h**2 times third derivatives of degree 8, below 1e-6.
    found = values(raise_spin(c, L, spin), spin + 1, theta, phi)
    np.testing.assert_allclose(found, raised, rtol=0, atol=1e-5)
    found = values(lower_spin(c, L, spin), spin - 1, theta, phi)
    np.testing.assert_allclose(found, lowered, rtol=0, atol=1e-5)


def test_winds_and_components_are_inverse() -> None:
    u, v = random(3, 5, 2), random(3, 5, 2, seed=2)
    back = wind_of_components(wind_components(u, v))
    assert torch.equal(back[0], u)
    assert torch.equal(back[1], v)
    with pytest.raises(ValueError, match=r"one shape .* got \(3, 5, 2\) and \(5, 2\)"):
        wind_components(u, v[0])


def real_winds():
    netcdf = pytest.importorskip("netCDF4")
    if not WINDS.exists():
        pytest.skip(f"no winds in {WINDS}")
    winds = []
    for name in ("uwnd", "vwnd"):
        with netcdf.Dataset(WINDS / f"{name}_mean.nc") as file:
            values = np.asarray(file[name][:], dtype=float)
            if file["latitude"][0] < 0:
                values = values[:, ::-1]
        winds.append(torch.from_numpy(values.copy()))
    return winds


def test_real_winds_are_the_sum_of_their_helmholtz_parts() -> None:
    u, v = real_winds()
    months, n_theta, n_phi = u.shape
    # Both poles are one vertex, in the frame of longitude 0.
    sampling = Equiangular(n_theta, n_phi, scheme="clenshaw-curtis")

    def on_vertices(grid):
        inner = grid[:, 1:-1].reshape(months, -1)
        return torch.cat([grid[:, 0, :1], inner, grid[:, -1, :1]], 1)[..., None]

    x = wind_components(on_vertices(u), on_vertices(v))
    L = n_theta - 1
    to_rows = SpinSHT(sampling, L, 1, **DOUBLE)
    to_field = SpinISHT(sampling, L, 1, **DOUBLE)
    c = to_rows(x)
    smooth = to_field(c)
    parts = [to_field(part) for part in helmholtz_parts(c, L)]
    assert_near(parts[0] + parts[1], smooth, 4 * L, x.abs().max())
    # The means of monthly winds are smooth: little lies beyond degree 71.
    area = torch.tensor(sampling.quadrature)[:, None, None]
    left = ((smooth - x).square() * area).sum() / (x.square() * area).sum()
    assert left < 1e-3
    # The rotational part is most of the wind at 200 hPa, and the degrees sum to all.
    spectra = spin_power_spectrum(c, L)
    weight = 2 * torch.arange(L, dtype=torch.float64)[:, None] + 1
    energy = [(spectra[:, :, k, k] * weight).sum() for k in (0, 1)]
    assert energy[1] > 20 * energy[0]
    assert_near(energy[0] + energy[1], c.square().sum(), len(sampling) * months)
    # Derivatives of the potentials are those of the wind.
    vorticity = vorticity_coefficients(c, L, RADIUS)
    l = torch.arange(L).repeat_interleave(2 * torch.arange(L) + 1).double()  # noqa: E741
    psi = stream_function(c, L, RADIUS)
    laplacian = (-l * (l + 1) / RADIUS**2)[:, None] * psi
    assert_near(laplacian, vorticity, 4)
    # Westerlies of the northern winter are the strongest, at 30 N.
    mean_u = smooth[0, :, 1, 0]
    assert 25 < sampling.lat[int(mean_u.argmax())] < 45


def test_bad_arguments_are_told() -> None:
    sampling = GaussLegendre(4)
    with pytest.raises(ValueError, match=r"radius must be .*, got 0"):
        VectorSHT(sampling, 4, radius=0)
    with pytest.raises(ValueError, match="L must be above the spin 1, got 1"):
        VectorISHT(sampling, 1)
    with pytest.raises(ValueError, match=r"have 9 rows, .* has 16"):
        divergence_coefficients(torch.zeros(9, 2, 1), 4)
    with pytest.raises(ValueError, match="L must be above the spin 3, got 3"):
        raise_spin(torch.zeros(9, 2, 1), 3, 2)


# Of RealVectorSHT(8, 16, lmax=8, mmax=8, grid="legendre-gauss") of torch-harmonics
# 0.9.3 in float64, whose tables are rounded to float32: the spheroidal and the toroidal
# coefficient of a degree and order.
ROUNDED = 1e-7
SPHEROIDAL_TOROIDAL = {
    (1, 0): (-0.310028518753, 0.171016629762),
    (3, 2): (
        0.0617751091905 + 0.080296733185j,
        -0.0314444085049 - 0.00142415193473j,
    ),
    (7, 5): (0.0073879629768 + 0.0119307373115j, 0.019624642454 - 0.0246163425776j),
}


@pytest.mark.oracle
def test_coefficients_are_those_of_torch_harmonics() -> None:
    """Theirs are of the gradient and the curl of potentials, the second turned."""
    field = (torch.arange(256).double() ** 1.5).sin().view(2, 128).T
    c = SpinSHT(GaussLegendre(8, 16), 8, 1, **DOUBLE)(field[..., None])[..., 0]
    for (degree, order), values in SPHEROIDAL_TOROIDAL.items():
        square = torch.zeros(2, 8, 8, dtype=torch.complex128)
        square[:, degree, order] = torch.tensor(values, dtype=torch.complex128)
        wanted = from_torch_harmonics(square) * (degree * (degree + 1)) ** 0.5
        wanted[:, 1] *= -1
        rows = wanted.abs().sum(1) > 0
        assert rows.sum() == (2 if order else 1)
        assert (c[rows] - wanted[rows]).abs().max() < ROUNDED


@pytest.mark.oracle
def test_whole_fields_are_those_of_torch_harmonics() -> None:
    peer = pytest.importorskip("torch_harmonics")
    sizes = {"lmax": 12, "mmax": 12, "grid": "legendre-gauss"}
    field = random(288, 2, 3)
    c = SpinSHT(GaussLegendre(12, 24), 12, 1, **DOUBLE)(field)
    theirs = peer.RealVectorSHT(12, 24, **sizes).double()(
        field.permute(2, 1, 0).reshape(3, 2, 12, 24)
    )
    degrees = torch.arange(144).double().sqrt().floor()
    root = (degrees * (degrees + 1)).sqrt()[:, None]
    signs = torch.tensor([1.0, -1.0])
    for channel in range(3):
        wanted = root * from_torch_harmonics(theirs[channel]) * signs
        assert (c[..., channel] - wanted).abs().max() < ROUNDED
