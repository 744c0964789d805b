"""Tables of results go into the pages that have a place for them, and nothing else changes."""

from foundation.pages import fill_in, publish

PAGE = "before\n<!-- begin results -->\n99.9\n<!-- end results -->\nafter\n"


def test_a_changed_figure_is_replaced():
    assert fill_in(PAGE, {"results": "61.0", "other": "1"}) == PAGE.replace("99.9", "61.0")
    assert fill_in("no marker\n", {"results": "61.0"}) == "no marker\n"


def test_tables_are_written_to_every_page_with_their_markers_and_printed(tmp_path, capsys):
    pages = [tmp_path / name for name in ("a.md", "b.md", "c.md")]
    for page, text in zip(pages, (PAGE, PAGE.replace("results", "other"), "plain\n"), strict=True):
        page.write_text(text, "utf-8")
    publish({"results": "| 61.0 |", "other": "| é |"}, pages)
    told = [page.read_text("utf-8") for page in pages]
    assert "| 61.0 |" in told[0] and "| é |" in told[1] and "99.9" not in "".join(told)
    assert told[2] == "plain\n"
    assert capsys.readouterr().out == "results\n| 61.0 |\n\nother\n| é |\n\n"
