"""Base of transforms of spin fields: both components, and spins of either sign."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.base import HarmonicTransform
from deepsphere_pyg.harmonics.spin.arguments import check_components
from deepsphere_pyg.signals import checked_signal
from samplings import Sampling


class SpinTransform(HarmonicTransform):
    """Base of :class:`SpinSHT` and :class:`SpinISHT`."""

    def __init__(
        self, sampling: Sampling, L: int, spin: int, transform: Any, method: str
    ) -> None:
        super().__init__(sampling, L, transform, method)
        self.spin = spin

    def _analyze(self, x: Tensor, known: bool) -> Tensor:
        """Check fields and analyse them; with ``known``, refuse missing values."""
        check_components("x", x, "vertex")
        x = self._checked_signal(_joined(x), known)
        return self._transformed(x, synthesis=False)

    def _synthesize(self, c: Tensor) -> Tensor:
        """Check coefficients and synthesise them."""
        probe = self.transform.probe
        check_components("coefficients", c, "row")
        if c.is_floating_point() and torch.is_autocast_enabled(c.device.type):
            c = c.to(probe.dtype)
        c = self._checked_rows(_joined(c))
        c = checked_signal(c, c.shape[-2], probe)
        return self._transformed(c, synthesis=True)

    def _transformed(self, x: Tensor, synthesis: bool) -> Tensor:
        """Transform ``(*batch, n, 2 * channel)`` to ``(*batch, n, 2, channel)``."""
        apply = self.transform.synthesize if synthesis else self.transform.analyze
        channels = x.shape[-1] // 2
        if self.spin == 0:
            y: Tensor = apply(x)
            return y.view(*y.shape[:-1], 2, channels)
        if self.spin < 0 and not synthesis:
            x = _conjugate(x)
        # Components of a vertex next to each other, on one axis: the same in memory.
        y = apply(x.reshape(*x.shape[:-2], 2 * x.shape[-2], channels))
        y = y.reshape(*y.shape[:-2], y.shape[-2] // 2, 2, channels)
        if self.spin < 0 and synthesis:
            y = _conjugate(y.flatten(-2)).view(y.shape)
        return y

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.sampling!r}, L={self.L}, "
            f"spin={self.spin}, method={self.method!r})"
        )


def _joined(x: Tensor) -> Tensor:
    """Return ``(*batch, n, 2 * channel)`` of ``(*batch, n, 2, channel)``."""
    return x.reshape(*x.shape[:-2], 2 * x.shape[-1])


def _conjugate(x: Tensor) -> Tensor:
    """Change the sign of the second components, ``(*batch, n, 2 * channel)``."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first, -second], dim=-1)
