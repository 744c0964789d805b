"""Tables of results as CSV files: written whole, and read only if they are what is expected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import printable


def write_table(table: pd.DataFrame, path: Path, *, float_format: str | None = None) -> None:
    """Write a table; an existing one is replaced at the end, and folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, table.to_csv(index=False, float_format=float_format, lineterminator="\n"))


def read_table(path: Path, columns: Sequence[str], **options: Any) -> pd.DataFrame:
    """Read what `write_table` wrote; the options are those of `pandas.read_csv`.

    Raises
    ------
    InputError
        If it has other columns.
    """
    table = pd.read_csv(path, **options)
    if list(table.columns) != list(columns):
        raise InputError(
            f"{printable(path)}: has columns {list(table.columns)}, expected {list(columns)}"
        )
    return table
