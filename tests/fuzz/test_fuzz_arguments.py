"""Public entries with one argument that is odd: the right thing, or our own error.

Each entry stands in a table with arguments that are right; each argument in turn is
replaced by each odd value. What may come of it is a result, or a ValueError or
TypeError that our code raises on purpose (an IndexError for indices): never an error
from inside a library, whose message does not name the argument.
"""

import linecache
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import deepsphere_pyg
import samplings
from deepsphere_pyg.harmonics import HarmonicLayout
from samplings import HEALPix
from tests.fuzz import (
    entries_of_data,
    entries_of_inference,
    entries_of_networks,
    entries_of_samplings,
)

PACKAGES = tuple(
    str(Path(package.__file__).parent) for package in (deepsphere_pyg, samplings)
)

ODD = {
    "None": None,
    "minus one": -1,
    "zero": 0,
    "half": 0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "True": True,
    "text": "?",
    "empty text": "",
    "empty list": [],
    "list": [1, 2],
    "list of texts": ["a"],
    "mapping": {"a": 1},
    "object": object(),
    "complex": 1j,
    "NumPy integer": np.int64(3),
    "NumPy float": np.float32(2.5),
    "array": np.ones(3),
    "empty array": np.zeros(0),
    "array of objects": np.array([None, "a"], dtype=object),
    "masked array": np.ma.array([1.0, 2.0], mask=[True, False]),
    "tensor": torch.ones(2),
    "scalar tensor": torch.tensor(3),
    "integer tensor": torch.ones(2, 9, 3, dtype=torch.int64),
    "complex tensor": torch.ones(2, 9, 3, dtype=torch.complex64),
    "NaN tensor": torch.full((2, 9, 3), torch.nan),
    "empty tensor": torch.zeros(0, 9, 3),
    "sampling": HEALPix(1),
    "layout": HarmonicLayout(2),
    "module": nn.Identity(),
    "class": HEALPix,
}


def named(tables):
    """Entries by name; a function that stands twice is numbered."""
    found = {}
    for table in tables:
        for entry, arguments in table.entries():
            name = getattr(entry, "func", entry).__qualname__
            while name in found:
                name += "'"
            found[name] = entry, arguments
    return found


ENTRIES = named(
    [entries_of_samplings, entries_of_networks, entries_of_data, entries_of_inference]
)
CASES = [(name, argument) for name in ENTRIES for argument in ENTRIES[name][1]]


def raised_on_purpose(error: BaseException) -> bool:
    """Whether the last frame is a ``raise`` of ours."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    line = linecache.getline(file, trace.tb_lineno).strip()
    return file.startswith(PACKAGES) and line.startswith("raise")


@pytest.mark.parametrize("name", ENTRIES)
def test_the_table_holds_arguments_that_are_right(name):
    entry, arguments = ENTRIES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entry(**arguments)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_an_odd_argument_is_used_or_refused_by_name(name, argument):
    entry, arguments = ENTRIES[name]
    faults = []
    for label, odd in ODD.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                entry(**{**arguments, argument: odd})
        except (ValueError, TypeError, IndexError) as error:
            if not raised_on_purpose(error):
                faults.append(f"{label}: {type(error).__name__}: {error}")
        except Exception as error:
            faults.append(f"{label}: {type(error).__name__}: {error}")
    assert not faults, f"{name}({argument}=...)\n" + "\n".join(faults)
