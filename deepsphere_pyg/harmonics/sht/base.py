"""Base of harmonic transforms: checks, dtype, the size of their tables."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.signals import checked_signal, known_signal
from samplings import Sampling


class HarmonicTransform(nn.Module):
    """Base of :class:`SHT` and :class:`ISHT`."""

    def __init__(self, sampling: Sampling, L: int, transform: Any, method: str) -> None:
        super().__init__()
        self.sampling = sampling
        self.layout = HarmonicLayout(L)
        self.transform: Any = transform
        self.method = method

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.layout.L

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables and masters, shared by transforms on the same rings."""
        return int(self.transform.table_bytes)

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of signals and coefficients."""
        dtype: torch.dtype = self.transform.probe.dtype
        return dtype

    def _analyze(self, x: Tensor, known: bool) -> Tensor:
        """Check signals and analyse them; with ``known``, refuse missing values."""
        x = self._checked_signal(x, known)
        c: Tensor = self.transform.analyze(x)
        return c

    def _synthesize(self, c: Tensor) -> Tensor:
        """Check coefficients and synthesise them."""
        probe = self.transform.probe
        if (
            isinstance(c, Tensor)
            and c.is_floating_point()
            and torch.is_autocast_enabled(c.device.type)
        ):
            c = c.to(probe.dtype)
        c = checked_signal(self._checked_rows(c), c.shape[-2], probe)
        x: Tensor = self.transform.synthesize(c)
        return x

    def _checked_signal(self, x: Tensor, known: bool) -> Tensor:
        """Check signals; with ``known``, refuse missing values."""
        probe = self.transform.probe
        x = checked_signal(x, len(self.sampling), probe, cast=False)
        # Before the cast, which rounds codes of missing values in half precision.
        return (known_signal(x) if known else x).to(probe.dtype)

    def _checked_rows(self, c: Tensor) -> Tensor:
        """Refuse coefficients of other numbers or rows."""
        return checked_coefficients(c, self.layout)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.sampling!r}, L={self.L}, "
            f"method={self.method!r})"
        )


class InnerTables:
    """Mixin of transforms whose tables are those of a transform inside."""

    inner: ClassVar[str]

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables."""
        return int(getattr(self, self.inner).table_bytes)

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the tables."""
        probe: Tensor = getattr(self, self.inner).probe
        return probe


def batched(apply: Callable[..., Tensor], x: Tensor, *constants: Any) -> Tensor:
    """Apply an operation of ``(batch, n, channel)`` to signals with any batch axes."""
    *batch, n, channels = x.shape
    y = apply(x.reshape(prod(batch), n, channels), *constants)
    return y.view(*batch, y.shape[1], channels)
