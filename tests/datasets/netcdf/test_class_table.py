import numpy as np
import pytest

from deepsphere_pyg.datasets.netcdf.class_table import (
    build_table,
    code_names,
    given_names,
)

NAMES = {1: "Atlantic", 2: "Pacific", 7: "Red Sea", 9: "Hudson Bay"}
SHARES = {9.0: 1.0, 2.0: 60.0, 1.0: 38.0, 7.0: 1.0}


def test_classes_follow_the_codes_and_missing_comes_first():
    table = build_table(SHARES, NAMES, missing_label="land")
    assert table.names == ("land", "Atlantic", "Pacific", "Red Sea", "Hudson Bay")
    codes = np.array([[1, 2, np.nan], [7, 9, 1]], dtype=np.float32)
    np.testing.assert_array_equal(table.apply(codes), [[1, 2, 0], [3, 4, 1]])


@pytest.mark.parametrize(
    ("rare", "names", "classes"),
    [
        ("other", ("Atlantic", "Pacific", "other"), [0, 1, 2, 2]),
        ("Atlantic", ("Atlantic", "Pacific"), [0, 1, 0, 0]),
        (None, ("Atlantic", "Pacific"), [0, 1, -1, -1]),
    ],
)
def test_rare_classes_are_merged_or_masked(rare, names, classes):
    table = build_table(SHARES, NAMES, min_share=0.015, rare_label=rare)
    assert table.names == names
    np.testing.assert_array_equal(table.apply(np.array([1, 2, 7, 9])), classes)
    assert table.apply(np.array([np.nan])) == -1


def test_codes_of_one_name_are_one_class_and_rare_only_together():
    names = {**NAMES, 7: "gulf", 9: "gulf"}
    table = build_table(SHARES, names, min_share=0.015)
    assert table.names == ("Atlantic", "Pacific", "gulf")
    assert table.classes == (0, 1, 2, 2)


def test_codes_without_a_name_are_called_by_their_number():
    assert build_table({0: 1, 2.5: 1}, {}).names == ("0", "2.5")


def test_unknown_codes_are_refused():
    table = build_table(SHARES, NAMES)
    for code in (0.0, 3.0, 1.5, 10.0):
        with pytest.raises(
            ValueError, match=f"label {code:g} is not among the known co"
        ):
            table.apply(np.array([1.0, code]))


def test_single_classes_are_refused():
    with pytest.raises(ValueError, match=r"at least two classes, got \['1'\]"):
        build_table({1: 1}, {})
    with pytest.raises(ValueError, match=r"got \[\] from the codes \[\]; give missing"):
        build_table({}, {})
    with pytest.raises(
        ValueError, match=r"min_share must be at least 0 and below 1, got 1"
    ):
        build_table({1: 1, 2: 1}, {}, min_share=1.0)


def test_names_are_read_from_cf_flags_and_clist():
    flags = {
        "flag_values": np.array([1, 2, 4], dtype=np.int8),
        "flag_meanings": "land sea inland_water",
    }
    assert code_names(flags) == {1: "land", 2: "sea", 4: "inland water"}
    clist = {"CLIST": "Atlantic Ocean\nPacific Ocean ", "valid_min": np.float32(3)}
    assert code_names(clist) == {3: "Atlantic Ocean", 4: "Pacific Ocean"}
    assert code_names({"units": "ids"}) == {}
    flags["flag_meanings"] = "land sea"
    with pytest.raises(ValueError, match=r"3 values but flag_meanings 2 names"):
        code_names(flags)


def test_given_names_are_by_code_or_in_order():
    assert given_names({3: "a"}, [1, 3]) == {3: "a"}
    assert given_names(["a", "b"], [1.0, 3.0]) == {1: "a", 3: "b"}
    with pytest.raises(ValueError, match=r"1 name for the 2 codes 1, 3"):
        given_names(["a"], [1.0, 3.0])
    with pytest.raises(TypeError, match="class_names must be a list of names, got"):
        given_names("ab", [1.0, 3.0])
