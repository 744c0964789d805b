"""Tables of results inside pages of Markdown, between markers.

``<!-- begin NAME -->`` and ``<!-- end NAME -->`` stand around what the table NAME replaces.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from foundation.safe_write import write_text


def fill_in(text: str, tables: Mapping[str, str]) -> str:
    """Return a page with the text between its markers replaced."""
    for name, table in tables.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}{table}\n{end}{rest.partition(end)[2]}"
    return text


def publish(tables: Mapping[str, str], pages: Iterable[Path]) -> None:
    """Write tables into the pages that have markers for them, and print them."""
    for page in pages:
        write_text(page, fill_in(page.read_text("utf-8"), tables))
    for name, table in tables.items():
        print(f"{name}\n{table}\n")
