"""Steps in time of spectral models, and the damping of their highest degrees."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def runge_kutta_step(
    tendency: Callable[[Tensor], Tensor], state: Tensor, step: float
) -> Tensor:
    """Return the state after a step of the classical Runge-Kutta method, of order 4.

    Parameters
    ----------
    tendency
        Derivative in time of a state.
    state
        Any shape.
    step
        Seconds.
    """
    first = tendency(state)
    second = tendency(state + 0.5 * step * first)
    third = tendency(state + 0.5 * step * second)
    fourth = tendency(state + step * third)
    return state + (step / 6) * (first + 2 * second + 2 * third + fourth)


def damping_rates(L: int, hours: float, order: int) -> Tensor:
    r"""Return the rates at which hyperdiffusion damps vorticity, for each row.

    .. math:: \kappa_l = \frac{1}{\tau} \left(
        \frac{l(l+1) - 2}{L(L-1) - 2} \right)^p

    Degree 1 is not damped: it is the angular momentum, which friction within the fluid
    conserves.

    Parameters
    ----------
    L
        Bandlimit; degree L - 1 is damped by a factor e in ``hours``.
    hours
        Time :math:`\\tau`; infinite for no damping.
    order
        Power p of the Laplacian; 2 is the usual :math:`\\nabla^4`.

    Returns
    -------
    Tensor
        Per second, shape ``(L * L, 1)``, float64.
    """
    degree = torch.arange(L, dtype=torch.float64)
    degrees = degree.repeat_interleave((2 * degree + 1).long())
    above = (degrees * (degrees + 1) - 2).clamp(min=0)
    largest = max(L * (L - 1) - 2, 1)
    return ((above / largest) ** order / (3600 * hours))[:, None]
