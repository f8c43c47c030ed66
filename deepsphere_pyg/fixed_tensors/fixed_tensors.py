"""Modules with tensors that never change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class FixedTensors(nn.Module):
    """Module with tensors that belong to its structure, made from masters.

    These are indices, offsets, edge weights, areas and tables: nothing learned or
    measured. They are plain attributes, neither parameters nor buffers, so that
    whatever averages, casts, quantizes, flattens or broadcasts the state of a network
    leaves them alone, and ``state_dict`` omits them.

    They are made on the default device, like parameters, and made again from the
    masters whenever the module is moved or converted: so they survive ``to_empty``, and
    a module made on ``meta`` needs only its ``state_dict``. They are never inference
    tensors, with which one could not train.

    Of the modules of the package only this one, and metrics, override ``_apply``, by
    which PyTorch moves and converts. Subclasses adapt conversions by
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
        # Each tensor as it was made, and its count of changes in place.
        self._seals: dict[str, tuple[Tensor, int]] = {}

    def keep(
        self,
        name: str,
        master: npt.NDArray[Any] | None,
        dtype: torch.dtype | None = None,
        stated: bool = False,
    ) -> None:
        """Register a master, and make its tensor.

        Parameters
        ----------
        name
            Attribute of the module that becomes the tensor.
        master
            Values; None if a subclass overrides :meth:`rounded`.
        dtype
            Dtype of the tensor, by default that of the master. Integers are kept.
        stated
            Whether ``state_dict`` contains it. A state with other values is refused.
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
        """Yield names and fixed tensors of this module, without its submodules."""
        for name in self._masters:
            yield name, self.__dict__[name]

    def check_unchanged(self) -> None:
        """Raise ``ValueError`` if a fixed tensor was replaced or changed in place.

        It compares PyTorch's counts of changes, not values.
        """
        if torch.compiler.is_compiling():
            return
        for name, (made, version) in self._seals.items():
            if self.__dict__[name] is not made or made._version != version:
                raise ValueError(
                    f"{name} of this {type(self).__name__} must stay as it was made, "
                    "but was replaced or changed in place; build another "
                    f"{type(self).__name__} with the values wanted"
                )

    def refuse_conversion(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Raise an error before anything changes, if a conversion is not allowed."""

    def converted(self, fn: Callable[[Tensor], Tensor]) -> None:
        """React to parameters and buffers having been moved or converted."""

    def _make(self, name: str, dtype: torch.dtype, device: torch.device) -> None:
        """Make a fixed tensor from its master."""
        with torch.inference_mode(False):
            # Rounded before it moves: not every device has float64.
            made = self.rounded(name, dtype).to(device)
        self.__dict__[name] = made
        self._seals[name] = made, made._version

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert; affected fixed tensors are made again from the masters."""
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
            # An empty part shows the dtype and device: the tensor may be large.
            probe = _empty_part(self.__dict__[name])
            after = fn(probe)
            if after is not probe:
                # Deleted first, so that no table is on a device twice.
                del self.__dict__[name], self._seals[name]
                self._make(name, after.dtype, after.device)
        self.converted(fn)
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Save, with the stated fixed tensors."""
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
        """Load, after checks of the stated tensors in ``state_dict``, a copy."""
        for name in self._stated:
            loaded = state_dict.pop(prefix + name, None)
            mine = cast(Tensor, self._masters[name])
            if loaded is None:
                missing_keys += [prefix + name] * strict
            elif not loaded.is_meta and not torch.equal(loaded.cpu(), mine):
                error_msgs.append(
                    f"{prefix}{name} must be {mine.tolist()}, as this "
                    f"{type(self).__name__} was built, got {loaded.tolist()}; build it "
                    "as the state was"
                )
        lists = (missing_keys, unexpected_keys, error_msgs)
        arguments = (state_dict, prefix, local_metadata, strict, *lists)
        cast(Any, super())._load_from_state_dict(*arguments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy or a pickled module, whose changes count from zero."""
        cast(Any, super()).__setstate__(state)
        for name, tensor in self.named_fixed_tensors():
            self._seals[name] = tensor, tensor._version


def tensors_of(module: nn.Module) -> Iterator[Tensor]:
    """Yield all tensors of a module and its parts, also fixed ones.

    PyTorch's own ``parameters()`` and ``buffers()`` omit fixed tensors.
    """
    yield from module.parameters()
    yield from module.buffers()
    for part in module.modules():
        if isinstance(part, FixedTensors):
            yield from (tensor for _, tensor in part.named_fixed_tensors())


def plain_tensor(array: npt.NDArray[Any]) -> Tensor:
    """Return a tensor on the same memory, which is not an inference tensor."""
    with torch.inference_mode(False):
        return torch.from_numpy(np.ascontiguousarray(array))


def _empty_part(tensor: Tensor) -> Tensor:
    """Return an empty part of a tensor."""
    return tensor.reshape(-1)[:0]


def _moved(tensor: Tensor, fn: Callable[[Tensor], Tensor]) -> Tensor:
    """Return a tensor of its own dtype on the device that a conversion moves it to."""
    probe = _empty_part(tensor)
    after = fn(probe)
    if after is probe:
        return tensor
    if tensor.is_meta:
        return torch.empty_like(tensor, device=after.device)
    return tensor.to(after.device)
