"""Private files are read as they were written, and anything else gets an answer."""

import json
import stat

import pytest

from foundation.errors import InputError
from foundation.records import RecordFormat

NOTES = RecordFormat("emotify-notes", 3, "book of notes")


def test_what_was_written_is_read_by_the_owner_alone(tmp_path):
    path = tmp_path / "notes.json"
    NOTES.write(path, {"notes": ["ä"]})
    assert NOTES.read(path, "") == {"notes": ["ä"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stored = json.loads(path.read_text("utf-8"))
    assert (stored["format"], stored["format_version"]) == ("emotify-notes", 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("\xff", "cannot be read"),
        ("[3]", "is no book of notes"),
        ('{"format": "emotify-speaker", "format_version": 3}', "is no book of notes"),
        ('{"format": "emotify-notes"}', "format version None, this Emotify reads 3"),
        ('{"format": "emotify-notes", "format_version": 4}', "format version 4"),
    ],
)
def test_what_is_of_no_use_is_told_apart(text, words, tmp_path):
    path = tmp_path / "notes.json"
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match=rf"notes\.json: .*{words}.*; write it anew$"):
        NOTES.read(path, "write it anew")


def test_a_missing_file_is_for_the_caller_to_answer(tmp_path):
    with pytest.raises(FileNotFoundError):
        NOTES.read(tmp_path / "notes.json", "")
