"""Private files are read as they were written, and anything else gets an answer."""

import json
import re
import stat
from dataclasses import replace

import pytest

from foundation.errors import InputError
from foundation.records import RecordFormat, record_names

NOTES = RecordFormat("emotify-notes", 3, "book of notes")
OLD_NOTES = replace(NOTES, unnamed=True)


def notes(stored):
    """Return the notes of a file, checked as those who read one do."""
    return [str(note) for note in stored["notes"]]


def test_what_was_written_is_read_by_the_owner_alone(tmp_path):
    path = tmp_path / "notes.json"
    NOTES.write(path, {"notes": ["ä"]})
    assert NOTES.read(path, notes, "") == ["ä"]
    assert NOTES.read(path, dict, "") == {"notes": ["ä"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stored = json.loads(path.read_text("utf-8"))
    assert (stored["format"], stored["format_version"]) == ("emotify-notes", 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged"),
        ("\xff", "is damaged"),
        ("[3]", "is no book of notes"),
        ('{"format": "emotify-speaker", "format_version": 3}', "is no book of notes"),
        ('{"format": "emotify-notes"}', "format version None, this Emotify reads 3"),
        ('{"format": "emotify-notes", "format_version": 4}', "format version 4"),
        ('{"format": "emotify-notes", "format_version": 3}', "is damaged .*notes"),
        ('{"format": "emotify-notes", "format_version": 3, "notes": 5}', "is damaged"),
    ],
)
def test_what_is_of_no_use_is_told_apart(text, words, tmp_path):
    path = tmp_path / "notes.json"
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match=rf"notes\.json: .*{words}.*; write it anew$"):
        NOTES.read(path, notes, "write it anew")
    said = []
    assert NOTES.recall(path, notes, said.append, "all is asked again") is None
    assert len(said) == 1 and re.search(rf"notes\.json: .*{words}.*; all is asked again$", said[0])


def test_a_folder_is_no_file_to_read(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(.*\); write it anew"):
        NOTES.read(tmp_path, notes, "write it anew")


def test_a_missing_file_is_for_the_caller_to_answer(tmp_path):
    with pytest.raises(FileNotFoundError):
        NOTES.read(tmp_path / "notes.json", notes, "")
    assert NOTES.recall(tmp_path / "notes.json", notes, pytest.fail, "") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"notes": ["a"]}', ["a"]),
        ('{"format_version": 3, "notes": ["a"]}', ["a"]),
        ('{"format_version": 4, "notes": ["a"]}', None),
        ('{"format": "emotify-speaker", "notes": ["a"]}', None),
    ],
)
def test_files_from_before_they_said_their_kind_are_read_by_those_who_had_such(
    text, found, tmp_path
):
    path = tmp_path / "notes.json"
    path.write_text(text)
    assert OLD_NOTES.recall(path, notes, lambda said: None, "") == found
    with pytest.raises(InputError):
        NOTES.read(path, notes, "")


def test_names_of_records_are_those_of_files_that_may_be_called_so(tmp_path):
    for name in ("b.json", "a.json", "A B.json", "a.log", "c.json.partial"):
        (tmp_path / name).touch()
    assert record_names(tmp_path, re.compile("[a-z]+")) == ["a", "b"]
    assert record_names(tmp_path / "nowhere", re.compile("[a-z]+")) == []
