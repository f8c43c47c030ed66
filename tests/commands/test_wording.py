"""Messages of the library name the options of the command line."""

import pytest

from deepsphere_pyg.commands.options.wording import in_options

NAMES = ["targets", "select", "target_select", "nside", "validation", "rare_label"]


@pytest.mark.parametrize(
    ("message", "worded"),
    [
        ("name targets=", "name --targets"),
        ("leave them out with select=", "leave them out with --select"),
        ("with select={'time': ...}", "with --select time=VALUE"),
        ("pass validation=0.2, for example", "pass --validation 0.2, for example"),
        ("pass validation='r1'; or", "pass --validation r1; or"),
        (
            "select one with target_select, or predict numbers with "
            "target_kind='numbers'",
            "select one with --target-select, or predict numbers with "
            "deepsphere-pyg regress",
        ),
        ("or pass target_kind='numbers'", "or use deepsphere-pyg regress"),
        ("a name with rare_label, or", "a name with --rare-label, or"),
    ],
)
def test_arguments_are_worded_as_options(message, worded):
    assert in_options(message, NAMES) == worded


@pytest.mark.parametrize(
    "message",
    [
        # Words, other arguments, descriptions of objects, files, and options as such.
        "name targets of the same times",
        "pass cache=, or choose a folder",
        "pass HEALPix(nside=8, nest=True), got nside=4",
        "pass nside=(4, 8)",
        "by /data/nside=4/a.nc",
        "pass --nside 8 with --select time=0",
    ],
)
def test_other_words_stay(message):
    assert in_options(message, NAMES) == message
