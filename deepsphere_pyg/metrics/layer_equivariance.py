"""Equivariance error of layers on coefficients under random rotations."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.fixed_tensors.float64_tensors import checked_dtype
from deepsphere_pyg.harmonics import HarmonicLayout, HarmonicRotation, Rotation
from deepsphere_pyg.harmonics.layout.checks import as_layout
from samplings.arguments import integer_argument

# Below this share of its input, an output is round-off.
_SMALLEST_OUTPUT = 1e-12
_LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class LayerEquivarianceError:
    """Relative equivariance errors of a layer on random signals.

    Parameters
    ----------
    mean, rms, std
        Mean, root mean square and standard deviation of the errors, over samples of a
        signal and a rotation each.
    n_samples
        Number of samples.
    dtype
        Dtype in which the layer computed.
    """

    mean: float
    rms: float
    std: float
    n_samples: int
    dtype: torch.dtype

    @property
    def standard_error(self) -> float:
        """Standard error of the mean."""
        return self.std / math.sqrt(self.n_samples)


def layer_equivariance_error(
    layer: Callable[[Tensor], Tensor],
    layout: HarmonicLayout | SupportsIndex,
    layout_out: HarmonicLayout | SupportsIndex | None,
    *,
    in_channels: int = 1,
    n_samples: int = 50,
    seed: int = 0,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    batch_size: int = 16,
) -> LayerEquivarianceError:
    r"""Relative distance between rotating before and after a layer.

    .. math:: e = \frac{\|A(D(R) f) - D'(R) A(f)\|}{\|A(f)\|}

    over random coefficients f, independent and normal, **all of variance one**, and
    rotations R drawn uniformly (Haar measure). D and D' are the Wigner matrices of the
    input's and the output's layout; norms are over rows and channels. Read-outs are
    tested for invariance, with D' the identity.

    Parameters
    ----------
    layer
        Module or function of coefficients ``(batch, row, in_channels)``. A copy of the
        module is measured in evaluation mode.
    layout
        Rows of the input; a number L stands for the sphere's, ``HarmonicLayout(L)``.
    layout_out
        Rows of the output, or None for invariant outputs of any shape ``(batch, ...)``.
    in_channels
        Channels of the input.
    n_samples
        Number of samples, each a signal and a rotation; at least two.
    seed
        Seed of the random numbers. Samples depend only on it, the layout and the number
        of channels, not on the layer.
    dtype
        ``torch.float32`` or ``torch.float64``, in which the layer computes; by default
        its own, or float64 if it has no tensors.
    device
        Device on which the layer computes; by default its own.
    batch_size
        Samples given to the layer at once.

    Returns
    -------
    LayerEquivarianceError
        Statistics over the samples.

    Raises
    ------
    TypeError
        If the layer is not callable, a layout or an integer has the wrong type, or the
        dtype is neither float32 nor float64.
    ValueError
        If a number is out of range, or the output does not have the rows of
        ``layout_out``, is not finite, or vanishes.

    Notes
    -----
    Signals are rotated in float64 and rounded to the dtype of the layer, an error of
    half a unit in the last place of its input; its output is rotated and compared in
    float64. Errors in float32 are therefore those of the layer.

    The error of layers that are not exact depends on the spectrum of the signals: with
    less power in high degrees it is smaller on the same grid.

    Source: Cobb et al. 2021 (arXiv:2010.11661), who compare layers by such an error.

    Examples
    --------
    >>> from deepsphere_pyg.layers import GridActivation, ZonalConv
    >>> from samplings import McEwenWiaux
    >>> layer_equivariance_error(ZonalConv(2, 3, L=4), 4, 4, in_channels=2).mean < 1e-6
    True
    >>> relu = GridActivation(McEwenWiaux(10), 10)
    >>> round(layer_equivariance_error(relu, 10, 10).mean, 1)
    0.3
    """
    before, after = HarmonicRotation(layout, dtype=torch.float64), None
    if layout_out is not None:
        known = as_layout(layout_out, "layout_out")
        after = HarmonicRotation(known, dtype=torch.float64)
    channels = integer_argument("in_channels", in_channels, 1)
    n_samples = integer_argument("n_samples", n_samples, 2)
    seed = integer_argument("seed", seed, 0)
    if seed > _LARGEST_SEED:
        raise ValueError(f"seed must be at most 2**63 - 1, got {seed}; pass a smaller")
    batch_size = integer_argument("batch_size", batch_size, 1)
    apply = _in_float64(layer, dtype, device)

    generator = torch.Generator().manual_seed(seed)
    rotations = Rotation.random((n_samples,), generator)
    shape = (before.layout.n_rows, channels)
    errors = []
    for start in range(0, n_samples, batch_size):
        turns = Rotation(rotations.angles[start : start + batch_size])
        # One by one, so that samples do not depend on the batch size.
        one_each = (
            torch.randn(shape, generator=generator, dtype=torch.float64)
            for _ in range(turns.shape[0])
        )
        signals = torch.stack(list(one_each)).to(apply.dtype).double()
        expected = _checked_output(apply(signals), signals, after)
        if after is not None:
            expected = after(expected, turns)
        turned = _checked_output(apply(before(signals, turns)), signals, after)
        errors.append(_norms(turned - expected) / _norms(expected))
    e = torch.cat(errors)
    return LayerEquivarianceError(
        mean=float(e.mean()),
        rms=float(e.square().mean().sqrt()),
        std=float(e.std()),
        n_samples=n_samples,
        dtype=apply.dtype,
    )


@dataclass(frozen=True)
class _Float64Map:
    """A layer as a map of float64 tensors on the CPU."""

    layer: Callable[[Tensor], Tensor]
    dtype: torch.dtype
    device: torch.device

    def __call__(self, signals: Tensor) -> Tensor:
        with torch.no_grad():
            y = self.layer(signals.to(self.device, self.dtype))
        if not isinstance(y, Tensor):
            raise TypeError(
                f"the layer must return a tensor, got {type(y).__name__}; pass a "
                "function that returns the tensor to measure"
            )
        return y.detach().cpu().double()


def _in_float64(
    layer: Callable[[Tensor], Tensor],
    dtype: torch.dtype | None,
    device: torch.device | str | None,
) -> _Float64Map:
    """Return a copy of the layer on a device in a dtype, as a map of float64."""
    if not callable(layer) or isinstance(layer, type):
        raise TypeError(
            "layer must be a module or a function of coefficients (batch, row, "
            f"channel), got {getattr(layer, '__name__', type(layer).__name__)}; pass "
            "one such as ZonalConv(1, 1, L=10)"
        )
    tensors: list[Tensor] = []
    if isinstance(layer, nn.Module):
        layer = copy.deepcopy(layer).eval()
        tensors = list(tensors_of(layer))
    own = next((t for t in tensors if t.is_floating_point()), None)
    if dtype is None:
        dtype = torch.float64 if own is None else own.dtype
    if device is None:
        device = "cpu" if own is None else own.device
    known = _Float64Map(layer, checked_dtype(dtype), torch.device(device))
    if isinstance(layer, nn.Module):
        layer.to(known.device, known.dtype)
    return known


def _norms(x: Tensor) -> Tensor:
    """Return the norm of each sample over all its other axes."""
    norms: Tensor = torch.linalg.vector_norm(x.flatten(1), dim=1)
    return norms


def _checked_output(
    y: Tensor, signals: Tensor, rotation: HarmonicRotation | None
) -> Tensor:
    """Refuse outputs of the wrong shape, not finite, or too small to compare."""
    batch = len(signals)
    if y.ndim < 2 or len(y) != batch:
        raise ValueError(
            f"the layer must map a batch of {batch} signals to a batch of as many "
            f"outputs (batch, ...), got shape {tuple(y.shape)}"
        )
    if rotation is not None and (y.ndim != 3 or y.shape[1] != rotation.layout.n_rows):
        raise ValueError(
            f"the layer's output must be (batch, row, channel) with the "
            f"{rotation.layout.n_rows} rows of {rotation.layout}, got shape "
            f"{tuple(y.shape)}; pass the layout of its output as layout_out, or None "
            "for invariants"
        )
    if not y.isfinite().all():
        raise ValueError(
            "the layer's output must be finite, got NaN or infinity; check its "
            "weights, or that its dtype holds its values"
        )
    if (_norms(y) <= _SMALLEST_OUTPUT * _norms(signals)).any():
        raise ValueError(
            "the layer maps a signal to zero, which has no relative error; check that "
            "the layer is initialised, or scale up tiny outputs"
        )
    return y
