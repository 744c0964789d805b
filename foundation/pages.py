"""Tables of results inside a page of Markdown, between markers."""


def fill_in(text: str, tables: dict[str, str]) -> str:
    """Return a page with the text between its markers replaced."""
    for name, table in tables.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}{table}\n{end}{rest.partition(end)[2]}"
    return text
