"""What harmonic transforms share: checks, dtype, the size of their tables."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.signals import checked_signal, known_signal
from samplings import Sampling


class HarmonicTransform(nn.Module):
    """What the transforms share; use :class:`SHT` and :class:`ISHT`."""

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
        """Bytes of the tables, with their float64 masters.

        Transforms on the same rings share them.
        """
        return int(self.transform.table_bytes)

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of signals and coefficients."""
        dtype: torch.dtype = self.transform.probe.dtype
        return dtype

    def _analyze(self, x: Tensor, known: bool) -> Tensor:
        """Check signals, and take them to coefficients.

        With ``known``, no value may be missing.
        """
        probe = self.transform.probe
        x = checked_signal(x, self.transform.n_vertices, probe, cast=False)
        # Before they are cast: in half precision codes of missing values are rounded.
        x = (known_signal(x) if known else x).to(probe.dtype)
        c: Tensor = self.transform.analyze(x)
        return c

    def _synthesize(self, c: Tensor) -> Tensor:
        """Check coefficients, and take them to signals."""
        probe = self.transform.probe
        if (
            isinstance(c, Tensor)
            and c.is_floating_point()
            and torch.is_autocast_enabled(c.device.type)
        ):
            c = c.to(probe.dtype)
        c = checked_signal(
            checked_coefficients(c, self.layout), self.layout.n_rows, probe
        )
        x: Tensor = self.transform.synthesize(c)
        return x

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.sampling!r}, L={self.L}, "
            f"method={self.method!r})"
        )
