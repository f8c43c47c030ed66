"""Tables that modules of the same settings share while one of them is in use."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from samplings.arrays import FloatArray


class SharedTable:
    """A float64 table and its rounded copies, which never change."""

    def __init__(self, master: FloatArray) -> None:
        self.master = plain_tensor(master)
        self._rounded = {torch.float64: self.master}

    def rounded(self, dtype: torch.dtype) -> Tensor:
        """Return the table in a dtype, on the CPU."""
        if dtype not in self._rounded:
            with torch.inference_mode(False):
                self._rounded[dtype] = self.master.to(dtype)
        return self._rounded[dtype]

    @property
    def n_bytes(self) -> int:
        """Bytes of the table in every dtype that is kept."""
        return sum(table.nbytes for table in self._rounded.values())

    def __deepcopy__(self, memo: object) -> SharedTable:
        """Return the table itself: copies of modules share it."""
        return self


_kept: WeakValueDictionary[Hashable, SharedTable] = WeakValueDictionary()


def shared_table(settings: Hashable, compute: Callable[[], FloatArray]) -> SharedTable:
    """Return the table of some settings, computed if no module holds it.

    The settings must tell it from the tables of all other modules.
    """
    table = _kept.get(settings)
    if table is None:
        table = _kept[settings] = SharedTable(compute())
    return table
