"""Every process of the tests has as many threads as it was told."""

import os
import subprocess
import sys

import threadpoolctl
import torch

THREADS = int(os.environ["TEST_THREADS"])


def test_libraries_of_this_process_have_their_threads():
    assert torch.get_num_threads() == THREADS
    pools = threadpoolctl.threadpool_info()
    assert {pool["num_threads"] for pool in pools} == {THREADS}


def test_subprocesses_inherit_them():
    script = "import torch; print(torch.get_num_threads())"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) == THREADS


def test_what_a_test_sets_does_not_last():
    torch.set_num_threads(THREADS + 1)


def test_the_next_test_has_its_own_again():
    assert torch.get_num_threads() == THREADS
