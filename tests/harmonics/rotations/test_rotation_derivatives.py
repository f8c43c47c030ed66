"""Derivatives by rotations, also where Euler angles have none: at the poles."""

import pytest
import torch

from deepsphere_pyg.harmonics import HarmonicRotation, Rotation, rotate, wigner_matrix
from deepsphere_pyg.harmonics.rotations.quaternions import product
from tests.helpers import random
from tests.round_off import assert_near

L = 4
HALF = 0.5**0.5
# Real part first: poles that stay in place, change places, or nearly so; and others.
QUATERNIONS = {
    "identity": (1.0, 0.0, 0.0, 0.0),
    "minus identity": (-1.0, 0.0, 0.0, 0.0),
    "about z": (0.8, 0.0, 0.0, 0.6),
    "half turn about x": (0.0, 1.0, 0.0, 0.0),
    "half turn about y": (0.0, 0.0, -1.0, 0.0),
    "half turn about another": (0.0, 0.6, 0.8, 0.0),
    "nearly identity": (1.0, 1e-9, -2e-9, 0.0),
    "next to identity": (1.0, 1e-160, 3e-200, 0.0),
    "small": (1.0, 1e-3, 1e-3, 1e-3),
    "quarter turn": (HALF, 0.0, HALF, 0.0),
    "any": (0.1, -0.7, 0.5, 0.5),
}


@pytest.fixture(params=QUATERNIONS)
def quaternion(request):
    q = torch.tensor(QUATERNIONS[request.param], dtype=torch.float64)
    return (q / q.norm()).requires_grad_()


def unit(q):
    return q / q.norm(dim=-1, keepdim=True)


def of(q):
    return Rotation.from_quaternion(unit(q))


def derivatives(q, c, into):
    """Slopes of a sum of rotated coefficients by four small turns, without angles."""
    step = 1e-5
    slopes = []
    for axis in torch.eye(3, dtype=torch.float64):
        both = []
        for sign in (1, -1):
            half = sign * step / 2
            turn = torch.cat([torch.ones(1).double(), torch.tan(half * axis)])
            turned = of(product(turn, q.detach()))
            both.append(float((into * (wigner_matrix(turned, L) @ c)).sum()))
        slopes.append((both[0] - both[1]) / (2 * step))
    return torch.tensor(slopes, dtype=torch.float64)


def along_turns(q, gradient):
    """Slopes by turns about the axes of what has this gradient by quaternions."""
    axes = torch.eye(4, dtype=torch.float64)[1:] / 2
    return torch.stack([gradient @ product(axis, q.detach()) for axis in axes])


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 2e-4)]
)
def test_gradients_by_quaternions_are_differences_of_matrices(
    quaternion, dtype, tolerance
):
    c, into = random(L * L, 2), random(L * L, 2)
    y = rotate(c.to(dtype), of(quaternion), L)
    (y * into.to(dtype)).sum().backward()
    slopes = along_turns(quaternion, quaternion.grad)
    expected = derivatives(quaternion, c, into)
    torch.testing.assert_close(slopes, expected, atol=tolerance, rtol=0)
    # Length means nothing.
    assert abs(quaternion.grad @ quaternion.detach()) < tolerance


# What PyTorch itself warns of when derivatives are first taken forwards.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_derivatives_of_every_order_and_both_directions(quaternion):
    c = random(9, 1)
    check = torch.autograd.gradcheck
    assert check(lambda q: rotate(c, of(q), 3), quaternion, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(
        lambda q: rotate(c, of(q), 3).square(), quaternion
    )


def test_forms_of_rotations_have_derivatives(quaternion):
    check = torch.autograd.gradcheck
    other = Rotation.from_euler(0.0, torch.pi, 0.3)
    for form in (Rotation.matrix, Rotation.quaternion):
        assert check(lambda q, form=form: form(of(q)), quaternion)
        assert check(lambda q, form=form: form(of(q).inverse()), quaternion)
        assert check(lambda q, form=form: form(other @ of(q)), quaternion)


def test_values_are_those_without_derivatives(quaternion):
    c = random(L * L, 2)
    with_derivatives, without = of(quaternion), of(quaternion.detach())
    for form in (Rotation.matrix, Rotation.quaternion):
        assert_near(form(with_derivatives), form(without), 9)
    expected = rotate(c, without, L)
    assert_near(rotate(c, with_derivatives, L), expected, 2 * L, c.abs().max())
    with torch.no_grad():
        assert_near(rotate(c, of(quaternion), L), expected, 2 * L, c.abs().max())
    assert len(without.turns) == 1


@pytest.mark.parametrize("beta", [0.0, torch.pi, 1e-8, 1.0])
def test_products_with_the_identity_change_no_gradient(beta):
    c = random(L * L, 1)
    gradients = []
    for after in (lambda turn: turn, lambda turn: turn @ Rotation.identity()):
        alpha = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        turn = after(Rotation.from_euler(alpha, beta, 0.0))
        rotate(c, turn, L).sum().backward()
        gradients.append(alpha.grad)
    # Sums over all coefficients, each times its order at most.
    assert_near(*gradients, L * L, L * L * c.abs().max())


def test_gradients_by_matrices_are_those_of_turns():
    c, into = random(L * L, 1), random(L * L, 1)
    for name in ("identity", "half turn about y", "any"):
        q = torch.tensor(QUATERNIONS[name], dtype=torch.float64)
        turn = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        x, y, z = turn
        zero = torch.zeros_like(x)
        rows = [zero, -z, y, z, zero, -x, -y, x, zero]
        small = torch.matrix_exp(torch.stack(rows).view(3, 3))
        turned = Rotation.from_matrix(small @ of(q).matrix())
        (rotate(c, turned, L) * into).sum().backward()
        expected = derivatives(unit(q), c, into)
        torch.testing.assert_close(turn.grad, expected, atol=1e-8, rtol=0)


def test_batches_of_rotations_near_and_off_the_poles():
    q = torch.tensor(list(QUATERNIONS.values()), dtype=torch.float64)
    q, c = unit(q).requires_grad_(), random(L * L, 2)
    rotate(c, Rotation.from_quaternion(q), L).sum().backward()
    for one, gradient in zip(q.detach(), q.grad, strict=True):
        alone = one.clone().requires_grad_()
        rotate(c, Rotation.from_quaternion(alone), L).sum().backward()
        torch.testing.assert_close(gradient, alone.grad, atol=1e-12, rtol=0)
    off = Rotation.from_quaternion(q[-2:])
    assert len(off.turns) == 1 and len(Rotation.from_quaternion(q).turns) == 2


# Compilers look at gradients of all that they are given.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
def test_modules_compile_with_rotations_near_the_poles():
    turn, c = HarmonicRotation(3, dtype=torch.float64), random(9, 2)
    compiled = torch.compile(turn, fullgraph=True, backend="aot_eager")
    gradients = []
    for run in (turn, compiled):
        q = torch.tensor([1.0, 0, 0, 0], dtype=torch.float64, requires_grad=True)
        run(c, of(q)).sum().backward()
        gradients.append(q.grad)
    assert gradients[0].any()
    assert_near(*gradients, 18, 3 * c.abs().max())


def test_angles_have_finite_derivatives(quaternion):
    of(quaternion).angles.sum().backward()
    assert quaternion.grad.isfinite().all()
    with torch.no_grad():
        found = of(quaternion)
    assert found.angles.isfinite().all()


def test_a_rotation_is_learned_from_the_identity():
    c, sought = random(9, 3), Rotation.from_euler(0.4, 0.9, -1.1)
    target = rotate(c, sought, 3)
    q = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([q], max_iter=60, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = (rotate(c, of(q), 3) - target).square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    torch.testing.assert_close(of(q).matrix(), sought.matrix(), atol=1e-5, rtol=0)
