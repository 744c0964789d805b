"""Cells are read as people spell them, and units are told by a whole column."""

import numpy as np
import pandas as pd
import pytest

from clustering.tables import values
from clustering.tables.units import units_of
from foundation.errors import InputError


def read(name, *cells):
    found, wrong = values.numbers(pd.Series(cells, name=name))
    return [None if np.isnan(value) else value for value in found], wrong.tolist()


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("key", "C", 0),
        ("key", "C#", 1),
        ("key", "Db", 1),
        ("key", "C\u266f/D\u266d", 1),
        ("key", "b\u266d", 10),
        ("key", "Cb", 11),
        ("key", "F# minor", 6),
        ("key", "Am", 9),
        ("key", "-1", -1),
        ("mode", "Major", 1),
        ("mode", "minor", 0),
        ("mode", "1.0", 1),
        ("time_signature", "3/4", 3),
        ("time_signature", "5", 5),
        ("duration_ms", "3:07", 187),
        ("duration_ms", "1:00:00", 3600),
        ("duration_ms", "187640 ms", 187640),
        ("loudness", "\u22126,7 dB", -6.7),
        ("tempo", "102.9 BPM", 102.9),
        ("energy", "72%", 72),
    ],
)
def test_numbers_are_read_as_they_are_spelled(name, cell, value):
    assert read(name, cell) == ([value], [False])


def test_words_for_missing_are_no_mistake_and_others_are():
    found, wrong = read("key", "", "n/a", "undefined", None, "H??", "inf", 3)
    assert found == [None] * 6 + [3]
    assert wrong == [False] * 4 + [True, True, False]


def test_several_names_are_joined_whatever_way_they_are_listed():
    cells = [
        "['A', 'B']",
        """["Guns N' Roses", 'Earth, Wind & Fire']""",
        "[]",
        "[spunge]",
        "A;B",
    ]
    expected = ["A;B", "Guns N' Roses;Earth, Wind & Fire", "", "[spunge]", "A;B"]
    assert values.several(pd.Series(cells)).tolist() == expected
    assert values.several(pd.Series([["A", "B"], np.array(["C"])])).tolist() == ["A;B", "C"]
    escaped = pd.Series([r"Tyler\, The Creator, Frank Ocean", "A, B"])
    assert values.several(escaped).tolist() == ["Tyler, The Creator;Frank Ocean", "A;B"]
    assert values.several(pd.Series(["Tyler, The Creator"])).tolist() == ["Tyler, The Creator"]


def test_a_broken_cell_changes_no_unit():
    energy = pd.Series([0.2, 0.5, 0.7, 0.9, 0.4, 72.0])
    assert not units_of({"energy": energy}, "t").factors
    seconds = pd.Series([180.0, 200.0, 240_000.0, 190.0])
    assert units_of({"duration_ms": seconds}, "t").factors == {"duration_ms": 1000.0}


def test_small_shares_go_with_the_others():
    columns = {
        "energy": pd.Series([70.0, 20.0, 50.0]),
        "valence": pd.Series([30.0, 80.0, 10.0]),
        "instrumentalness": pd.Series([0.0, 0.0, 63.0]),
        "liveness": pd.Series([0.0, 1.0, 0.0]),
        "speechiness": pd.Series([0.03, 0.05, 0.04]),
    }
    factors = units_of(columns, "t").factors
    assert factors == dict.fromkeys(["energy", "instrumentalness", "valence", "liveness"], 0.01)


def test_a_master_above_0_db_is_no_table_without_signs():
    assert not units_of({"loudness": pd.Series([0.4])}, "t").factors
    with pytest.raises(InputError, match="decibels"):
        units_of({"loudness": pd.Series([0.4, 0.5, 0.9])}, "t")
