"""Threads and the default dtype are as they were after each test."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
