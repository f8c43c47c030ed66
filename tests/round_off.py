"""How far apart two ways to compute a number may be: a model of round-off.

A sum of n terms that are computed in floating point has an error of some
``eps * sqrt(n)`` times the magnitude of the terms: roundings are independent, and add
up like the steps of a random walk (Higham, Accuracy and Stability of Numerical
Algorithms, 2002, section 2.8). Which error it is depends on the order of the sum and
on fused multiplications, so on the processor and on the number of threads. Tests bound
differences by the model, never by what one processor has shown:

    c * eps(dtype) * sqrt(terms) * scale

- ``terms`` are those of all sums on the way from the data to the number: a rotation of
  degree L has 2 L + 1, a matrix product has its inner size, a round trip twice that.
- ``scale`` is the magnitude of what is summed, not of the sum, which may cancel.
"""

import math

import numpy as np
import torch

# A rounding is at most half an eps, two ways to compute are compared, and the largest
# of a million differences has 5 standard deviations; the rest is for factors of some
# units that the count of the terms leaves out.
SAFETY = 16


def round_off(dtype, terms=1, scale=1.0, c=SAFETY) -> float:
    """Bound of the difference of two computations of a number.

    Parameters
    ----------
    dtype : torch.dtype or numpy dtype
        In which it is computed: the coarser one if there are two.
    terms : float
        Number of terms that are summed.
    scale : float, array or tensor
        Magnitude of the terms; of an array the largest.
    c : float
        Factor; to be stated where it is not the default.

    Examples
    --------
    >>> round_off(np.float64, 4, scale=[1, -8]) == 16 * 2**-52 * 2 * 8
    True
    """
    return c * _eps(dtype) * math.sqrt(terms) * _largest(scale)


def assert_near(found, wanted, terms=1, scale=None, c=SAFETY) -> None:
    """Assert that arrays or tensors differ by round-off; ``scale`` may be theirs."""
    arrays = [one for one in (found, wanted) if hasattr(one, "dtype")]
    largest = _largest(wanted) if scale is None else scale
    bound = max(round_off(one.dtype, terms, largest, c) for one in arrays)
    if isinstance(found, torch.Tensor) and isinstance(wanted, torch.Tensor):
        torch.testing.assert_close(found, wanted, rtol=0, atol=bound)
    else:
        np.testing.assert_allclose(found, wanted, rtol=0, atol=bound)


def _eps(dtype) -> float:
    """Relative distance of numbers, zero for integers."""
    if isinstance(dtype, torch.dtype):
        inexact = dtype.is_floating_point or dtype.is_complex
        return torch.finfo(dtype).eps if inexact else 0.0
    return float(np.finfo(dtype).eps) if np.dtype(dtype).kind in "fc" else 0.0


def _largest(values) -> float:
    if isinstance(values, torch.Tensor):
        values = values.detach().abs().double().numpy()
    values = np.abs(np.asarray(values))
    return float(values.max(initial=0, where=np.isfinite(values)))
