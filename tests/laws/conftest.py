"""The samplings for which every law of samplings is tested: add a line to join."""

import pytest

from tests.laws.every_sampling import SAMPLINGS


@pytest.fixture(params=SAMPLINGS, scope="session")
def sampling(request):
    return SAMPLINGS[request.param]()
