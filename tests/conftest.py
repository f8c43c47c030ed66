"""What all tests share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """Folder of the real data; the tests that need it skip where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are not here: {SHARED_DATA}")
    return SHARED_DATA
