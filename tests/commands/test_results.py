"""Results that are kept one by one: with which options a table continues."""

from types import SimpleNamespace

import pytest

from deepsphere_pyg.commands import results as module
from deepsphere_pyg.commands.results import Results


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A function that opens the table with some options."""
    monkeypatch.setattr(module, "settings", vars)

    def opened(**options):
        results = Results(tmp_path, ("seed",), ("error",))
        results.keep_settings(SimpleNamespace(**options))
        return results

    return opened


def test_options_bind_once_there_is_a_result(table):
    table(nside=8, resume=False)
    # The first run was stopped before its first result.
    results = table(nside=16, resume=False)
    results.add({"seed": 0, "error": 0.5})
    with pytest.raises(ValueError, match=r"--nside of the results in .* is 16, got 8"):
        table(nside=8, resume=True)
    with pytest.raises(ValueError, match="pass --resume to continue the table"):
        table(nside=16, resume=False)
    assert table(nside=16, resume=True).find(seed=0) == results.rows


def test_some_options_are_compared_with_those_of_the_results(table):
    results = table(nside=16, epochs=3, resume=False)
    options = SimpleNamespace(nside=16, epochs=9)
    results.check_settings(options, ["nside"])
    with pytest.raises(ValueError, match=r"--epochs .* is 3, got 9; pass the same"):
        results.check_settings(options, ["nside", "epochs"])


def test_options_change_with_all_rows(table):
    results = table(nside=16, shift=0.1, resume=False)
    results.change_settings(SimpleNamespace(nside=8, shift=0.2), ["shift"])
    results.check_settings(SimpleNamespace(nside=16, shift=0.2), ["nside", "shift"])


def test_a_row_replaces_one_of_the_same_key(table):
    results = table(resume=False)
    for error in (0.5, 0.25):
        results.add({"seed": 0, "error": error})
    assert results.rows == [{"seed": "0", "error": "0.25"}]
