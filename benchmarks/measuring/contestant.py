"""A peer, ready to run, and the error of its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from benchmarks.measuring.timing import Run


@dataclass(frozen=True)
class Contestant:
    """A peer, ready to run.

    Parameters
    ----------
    name
        Of the peer.
    runs
        One for each mode that the peer supports. A run returns its results as a list
        of arrays: the output, or the gradients.
    expected
        Results of a mode in float64 arithmetic, or those of another peer.
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
