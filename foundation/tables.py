"""Tables of results as CSV files: written whole, and read only if they are what is expected."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import as_cell, printable


def write_table(table: pd.DataFrame, path: Path, *, float_format: str | None = None) -> None:
    """Write a table; an existing one is replaced at the end, and folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, table.to_csv(index=False, float_format=float_format, lineterminator="\n"))


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with the same keys as a CSV for people, who may open it in a spreadsheet.

    Text that it would run as a formula gets a leading apostrophe (`foundation.text.as_cell`); None
    is an empty cell.
    """
    told = [
        {key: as_cell(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
    ]
    return pd.DataFrame(told).to_csv(index=False, lineterminator="\n")


def read_table(
    path: Path, columns: Sequence[str], advice: str = "", **options: Any
) -> pd.DataFrame:
    """Read what `write_table` wrote.

    Parameters
    ----------
    path
        The file.
    columns
        Of the table, in order.
    advice
        What to do if it is of no use; the message ends with it.
    options
        As for `pandas.read_csv`.

    Raises
    ------
    InputError
        If it is missing, no table, or has other columns.
    """

    def refused(what: str) -> InputError:
        return InputError(f"{printable(path)}: {what}" + (f"; {advice}" if advice else ""))

    try:
        table = pd.read_csv(path, **options)
    except FileNotFoundError as error:
        raise refused("no such file") from error
    except (OSError, ValueError) as error:
        raise refused(f"cannot be read as a table ({error})") from error
    if list(table.columns) != list(columns):
        raise refused(f"has columns {list(table.columns)}, expected {list(columns)}")
    return table
