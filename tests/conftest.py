"""What all tests share."""

import os
from pathlib import Path

import pytest

# One thread a process, since the workers of pytest-xdist take all cores. Libraries read
# these variables when they are loaded, and subprocesses inherit them.
THREADS = os.environ.setdefault("TEST_THREADS", "1")
for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{library}_NUM_THREADS"] = THREADS
# Fits are computed anew, and nothing is written to the user's cache.
os.environ["DEEPSPHERE_PYG_CACHE"] = "off"
# Kernels are those built in, so that round-off does not depend on measurements.
os.environ["DEEPSPHERE_PYG_TUNING"] = "off"
# Threads that wait would spin, and take the cores from other workers.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import threadpoolctl  # noqa: E402 (after the variables)
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# NumPy may have been loaded before, by a plugin of pytest.
threadpoolctl.threadpool_limits(int(THREADS))
torch.set_num_threads(int(THREADS))

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _threads():
    """Set the number of threads again, which trainings before may have set."""
    torch.set_num_threads(int(THREADS))


@pytest.fixture
def shared_data() -> Path:
    """Folder of the real data; the tests that need it skip where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are not here: {SHARED_DATA}")
    return SHARED_DATA
