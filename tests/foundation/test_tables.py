"""A table of results comes back as it was written, or is refused with what to do."""

import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.tables import as_csv, read_table, write_table
from foundation.text import as_cell

COLUMNS = ("name", "share")
TABLE = pd.DataFrame({"name": ["a", "ü"], "share": [0.25, 1 / 3]})


def test_a_table_comes_back(tmp_path):
    path = tmp_path / "new" / "table.csv"
    write_table(TABLE, path, float_format="%.4f")
    assert path.read_bytes() == "name,share\na,0.2500\nü,0.3333\n".encode()
    again = read_table(path, COLUMNS)
    assert again["name"].tolist() == ["a", "ü"]
    assert again["share"].tolist() == [0.25, 0.3333]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"", "cannot be read as a table"),
        (b"\xff\xfe\x00", "cannot be read as a table"),
        (b'name,share\n"a,1\n', "cannot be read as a table"),
        (b"name\na\n", "has columns .*name.*, expected .*share"),
        (b"share,name\n1,a\n", "has columns"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path, content, words):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"table\.csv: {words}.*; measure again$"):
        read_table(path, COLUMNS, "measure again")
    with pytest.raises(InputError, match=words):
        read_table(path, COLUMNS)


def test_a_spreadsheet_takes_text_for_text():
    rows = [{"name": "=1+1", "n": -1, "none": None}, {"name": "a,b", "n": 2, "none": None}]
    assert as_csv(rows) == 'name,n,none\n\'=1+1,-1,\n"a,b",2,\n'
    for start in ("+", "-", "@", " =", "\uff1d"):  # the last in full width
        assert as_cell(f"{start}x").startswith("'")
    assert as_cell("a=b") == "a=b" and as_cell("") == ""
