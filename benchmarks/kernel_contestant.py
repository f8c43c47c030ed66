"""A peer, ready to run, and how far its results are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

Run = Callable[[], Any]


@dataclass(frozen=True)
class Contestant:
    """A peer, ready to run.

    Parameters
    ----------
    runs
        What it does in each mode; a mode it cannot do is not there. A run returns
        its results as arrays: the output, or the gradients.
    expected
        What should come out, by mode, from float64 arithmetic.
    """

    name: str
    runs: Mapping[str, Run]
    expected: Callable[[str], list[np.ndarray]]

    def error(self, mode: str) -> float | None:
        """Run once: largest error of a result, relative to its largest value."""
        results = self.runs[mode]()
        if results is None:
            return None
        pairs = zip(results, self.expected(mode), strict=True)
        return max(relative_error(result, exact) for result, exact in pairs)


def relative_error(result: Tensor | np.ndarray, exact: np.ndarray) -> float:
    """Largest difference over largest value."""
    if isinstance(result, Tensor):
        result = result.detach().double().cpu().numpy()
    return float(np.abs(result - exact).max() / np.abs(exact).max())
