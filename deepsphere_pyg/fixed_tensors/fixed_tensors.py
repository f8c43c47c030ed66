"""Modules with tensors that never change, wherever the module goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class FixedTensors(nn.Module):
    """Tensors that belong to the structure of a module, laid down from masters.

    Indices, offsets, edge weights, areas, tables: what is learned or measured is none
    of them. They are plain attributes, neither parameters nor buffers. So whatever
    averages, casts, quantizes, flattens or broadcasts the state of a network passes
    them by, and ``state_dict`` does not have them.

    They are made on the device in force, as parameters are, and again from the masters
    whenever the module is moved or converted: so they also survive ``to_empty``, which
    leaves memory as it is, and a module made on ``meta`` needs nothing but its
    ``state_dict``. They are never tensors of an inference mode, which could not be
    trained with.

    This is the only module of the package that has a hand in ``_apply``, by which
    PyTorch moves and converts. A subclass says what a conversion is to it in
    :meth:`refuse_conversion`, :meth:`rounded` and :meth:`converted`.

    Attributes
    ----------
    exact_buffers
        Names of buffers that keep their dtype whatever the module is converted to.
    """

    exact_buffers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._masters: dict[str, Tensor | None] = {}
        self._stated: set[str] = set()
        # Each tensor as it was made, and how often it had been changed in place.
        self._seals: dict[str, tuple[Tensor, int]] = {}

    def keep(
        self,
        name: str,
        master: npt.NDArray[Any] | None,
        dtype: torch.dtype | None = None,
        stated: bool = False,
    ) -> None:
        """Register a master, and the tensor that is made of it.

        Parameters
        ----------
        name
            Of the tensor, an attribute of the module.
        master
            Values; None where a subclass has them elsewhere, and overrides
            :meth:`rounded`.
        dtype
            Of the tensor, by default that of the master. Integers stay as they are.
        stated
            Whether ``state_dict`` tells it. A state that tells another one is refused.
        """
        kept = None
        if master is not None:
            kept = plain_tensor(master)
            if dtype is None or not kept.is_floating_point():
                dtype = kept.dtype
        self._masters[name] = kept
        if stated:
            self._stated.add(name)
        self._make(name, cast(torch.dtype, dtype), torch.get_default_device())

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype, on the CPU."""
        return cast(Tensor, self._masters[name]).to(dtype)

    def named_fixed_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield names and fixed tensors, of this module and of none of its parts."""
        for name in self._masters:
            yield name, self.__dict__[name]

    def check_unchanged(self) -> None:
        """Refuse fixed tensors that somebody has replaced or changed in place.

        It looks at no number, only at how often PyTorch has seen each tensor change.

        Raises
        ------
        ValueError
            If one has been.
        """
        if torch.compiler.is_compiling():
            return
        for name, (made, version) in self._seals.items():
            if self.__dict__[name] is not made or made._version != version:
                raise ValueError(
                    f"{name} of this {type(self).__name__} must stay as it was made, "
                    "but was replaced or changed in place since; build another "
                    f"{type(self).__name__} of the values wanted"
                )

    def refuse_conversion(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Raise an error before anything changes, if a conversion cannot be."""

    def converted(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Take note that parameters and buffers have been moved or converted."""

    def _make(self, name: str, dtype: torch.dtype, device: torch.device) -> None:
        """Make a fixed tensor of its master."""
        with torch.inference_mode(False):
            # Rounded before it moves: not every device has float64.
            made = self.rounded(name, dtype).to(device)
        self.__dict__[name] = made
        self._seals[name] = made, made._version

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert; what becomes of fixed tensors is made of the masters."""
        self.refuse_conversion(fn)
        exact = {name: self._buffers[name] for name in self.exact_buffers}
        self._buffers.update(dict.fromkeys(exact))
        try:
            cast(Any, super())._apply(fn, recurse)
        finally:
            self._buffers.update(exact)
        for name, part in exact.items():
            self._buffers[name] = _moved(cast(Tensor, part), fn)
        for name in self._masters:
            # The tensor as a whole may be large: what becomes of nothing is enough.
            probe = _nothing_of(self.__dict__[name])
            after = fn(probe)
            if after is not probe:
                # Let go before, so that no table is on a device twice.
                del self.__dict__[name], self._seals[name]
                self._make(name, after.dtype, after.device)
        self.converted(fn)
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Save; tell some of the fixed tensors."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in self._stated:
            destination[prefix + name] = self.__dict__[name]

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load; check what is told, in ``state_dict``, PyTorch's own copy."""
        for name in self._stated:
            told = state_dict.pop(prefix + name, None)
            mine = cast(Tensor, self._masters[name])
            if told is None:
                missing_keys += [prefix + name] * strict
            elif not told.is_meta and not torch.equal(told.cpu(), mine):
                error_msgs.append(
                    f"{prefix}{name} must be {mine.tolist()}, as this "
                    f"{type(self).__name__} was built, got {told.tolist()}; build it "
                    "as the state was"
                )
        cast(Any, super())._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a copy or what was pickled, whose changes count from anew."""
        cast(Any, super()).__setstate__(state)
        for name, tensor in self.named_fixed_tensors():
            self._seals[name] = tensor, tensor._version


def tensors_of(module: nn.Module) -> Iterator[Tensor]:
    """Yield all tensors of a module and its parts: learned, measured and fixed.

    Parameters
    ----------
    module
        Any; PyTorch's own ``parameters()`` and ``buffers()`` leave fixed ones out.
    """
    yield from module.parameters()
    yield from module.buffers()
    for part in module.modules():
        if isinstance(part, FixedTensors):
            yield from (tensor for _, tensor in part.named_fixed_tensors())


def plain_tensor(array: npt.NDArray[Any]) -> Tensor:
    """Return a tensor on the same memory, which no inference mode has marked."""
    with torch.inference_mode(False):
        return torch.from_numpy(np.ascontiguousarray(array))


def _nothing_of(tensor: Tensor) -> Tensor:
    """Return an empty part of a tensor."""
    return tensor.reshape(-1)[:0]


def _moved(tensor: Tensor, fn: Callable[[Tensor], Tensor]) -> Tensor:
    """Return a tensor on the device that a conversion takes it to, of its own dtype."""
    probe = _nothing_of(tensor)
    after = fn(probe)
    if after is probe:
        return tensor
    if tensor.is_meta:
        return torch.empty_like(tensor, device=after.device)
    return tensor.to(after.device)
