"""A table of results comes back as it was written, or is refused with what to do."""

import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.tables import read_table, write_table

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
