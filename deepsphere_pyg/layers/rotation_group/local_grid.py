"""Sample points of localized filters: near the north pole, and near the identity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np

from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from samplings.arguments import angle_argument, integer_argument
from samplings.arrays import FloatArray


@dataclass(frozen=True, init=False)
class LocalGrid:
    r"""Rings of points about the north pole, and rotations near the identity.

    On the sphere it has ``rings * angles`` points, of colatitude and longitude

    .. math::
        \beta_i = \frac{i}{n}\beta_{\max},\ 1 \leq i \leq n, \qquad
        \alpha_j = \frac{2\pi j}{a},\ 0 \leq j < a,

    and in SO(3), for each of these points, ``turns`` rotations
    :math:`R_z(\alpha_j) R_y(\beta_i) R_z(-\alpha_j) R_z(t_k)`: a turn by t about the
    north pole, which then moves to the point along the shortest path.

    Parameters
    ----------
    rings
        Number n of rings.
    angles
        Number a of points on each ring.
    max_beta
        Colatitude of the last ring in radian, in (0, pi].
    turns
        Number of turns in SO(3), by default ``angles``.
    max_turn
        Largest turn in radian, in (0, pi]. With pi, the default, turns are equally
        spaced around the circle, so that filters are local in the image of the pole
        alone. Smaller values space them from ``-max_turn`` to ``max_turn``. A single
        turn is 0.

    Raises
    ------
    TypeError
        If an angle is not a number, or a count not an integer.
    ValueError
        If a count is below 1, or an angle is not in (0, pi].

    Notes
    -----
    Source: Cohen et al. 2018 (arXiv:1801.10130), whose code has three rings of eight
    points up to pi/8, and eight turns.

    Examples
    --------
    >>> grid = LocalGrid(rings=2, angles=4)
    >>> grid.rotations().shape, LocalGrid(**grid.config) == grid
    (torch.Size([32]), True)
    """

    rings: int
    angles: int
    max_beta: float
    turns: int
    max_turn: float

    def __init__(
        self,
        rings: SupportsIndex = 3,
        angles: SupportsIndex = 8,
        *,
        max_beta: SupportsFloat = math.pi / 8,
        turns: SupportsIndex | None = None,
        max_turn: SupportsFloat = math.pi,
    ) -> None:
        counts = {"rings": rings, "angles": angles}
        counts["turns"] = angles if turns is None else turns
        for name, count in counts.items():
            object.__setattr__(self, name, integer_argument(name, count, 1))
        for name, angle in (("max_beta", max_beta), ("max_turn", max_turn)):
            object.__setattr__(self, name, _checked_angle(name, angle))

    @property
    def config(self) -> dict[str, Any]:
        """Settings that JSON can hold: ``LocalGrid(**config)`` is the same grid."""
        return dict(vars(self))

    def points(self) -> Rotation:
        r"""Return the points on the sphere, as rotations of the pole to them.

        :math:`R_z(\alpha_j) R_y(\beta_i)`, shape ``(rings * angles,)``.
        """
        beta, alpha = self._rings()
        return Rotation.from_euler(alpha, beta, 0.0)

    def rotations(self) -> Rotation:
        """Return the points in SO(3), shape ``(rings * angles * turns,)``."""
        beta, alpha = self._rings()
        turn: FloatArray = np.arange(self.turns) * np.float64(2 * math.pi / self.turns)
        if self.turns > 1 and self.max_turn < math.pi:
            turn = self.max_turn * np.linspace(-1, 1, self.turns, dtype=np.float64)
        gamma = turn - alpha[:, None]
        each = np.repeat(np.arange(len(alpha)), self.turns)
        return Rotation.from_euler(alpha[each], beta[each], gamma.ravel())

    def _rings(self) -> tuple[FloatArray, FloatArray]:
        """Return the colatitudes and longitudes of all points."""
        beta = np.arange(1, self.rings + 1) * (self.max_beta / self.rings)
        alpha = np.arange(self.angles) * (2 * math.pi / self.angles)
        return np.repeat(beta, self.angles), np.tile(alpha, self.rings)


def checked_local(local: LocalGrid | None) -> LocalGrid | None:
    """Return the argument ``local``, or raise ``TypeError`` if it is no grid."""
    if local is not None and not isinstance(local, LocalGrid):
        raise TypeError(
            f"local must be a LocalGrid or None, got {type(local).__name__}; pass "
            "LocalGrid(rings=3, angles=8), or None for weights of each degree"
        )
    return local


def _checked_angle(name: str, value: SupportsFloat) -> float:
    """Return an angle in (0, pi]."""
    remedy = "pass radians, above 0 and up to pi"
    angle = angle_argument(name, value, remedy)
    if angle > math.pi:
        raise ValueError(f"{name} must be at most pi, got {angle}; {remedy}")
    return angle
