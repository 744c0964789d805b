"""What comes through a pipe is a recording like any other, and is gone afterwards."""

import gc
import io
import os
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.sound import piped
from ser.sound.audio import Recording, read_whole
from ser.sound.piped import STANDARD_INPUT, STANDARD_INPUT_PATHS, is_piped, shown_name

SPEECH_FILE = shipped("data", "samples", "reading_short.wav")
SPEECH = read_whole(Recording(SPEECH_FILE), 16_000)


class Keyboard(io.BytesIO):
    def isatty(self):
        return True


@pytest.fixture
def standard_input(monkeypatch):
    """Give bytes, or a stream of them, as standard input."""

    def give(content):
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        monkeypatch.setattr(sys, "stdin", None if stream is None else io.TextIOWrapper(stream))

    return give


@pytest.fixture
def fifo(tmp_path):
    """Return a path at which somebody waits to write a recording."""
    path = tmp_path / "voice.fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(SPEECH_FILE.read_bytes(),))
    writer.start()
    yield path
    writer.join(10)


@pytest.mark.parametrize("name", sorted(STANDARD_INPUT_PATHS))
def test_standard_input_is_a_recording(standard_input, name):
    standard_input(SPEECH_FILE.read_bytes())
    recording = Recording(name)
    assert recording.name == STANDARD_INPUT == shown_name(Path(name))
    for _ in range(2):
        assert np.array_equal(read_whole(recording, 16_000), SPEECH)


def test_a_fifo_is_a_recording(fifo):
    assert is_piped(fifo)
    recording = Recording(fifo)
    assert recording.name == str(fifo)
    for _ in range(2):
        assert np.array_equal(read_whole(recording, 16_000), SPEECH)


def test_what_came_is_private_and_goes_with_the_recording(fifo):
    recording = Recording(fifo)
    copy = recording.path
    assert copy.exists() and copy != fifo
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    del recording
    gc.collect()
    assert not copy.parent.exists()


def test_a_refused_pipe_leaves_nothing(standard_input, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    standard_input(b"This is a letter. " * 50)
    with pytest.raises(InputError, match="standard input: is not a recording"):
        Recording("-")
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "standard input: nothing came; pipe a recording"),
        (None, "standard input: is closed; give the path of a recording"),
        (Keyboard(b"x"), r"standard input: is the keyboard; .*cat me\.wav \| emotify recognize -"),
        (SPEECH_FILE.read_bytes()[:30_000], "standard input: the file is cut off"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(standard_input, content, words):
    standard_input(content)
    with pytest.raises(InputError, match=words):
        Recording("-")


def test_a_device_that_gives_nothing_or_never_ends_is_refused(monkeypatch):
    with pytest.raises(InputError, match="/dev/null: nothing came"):
        Recording("/dev/null")
    monkeypatch.setattr(piped, "MOST_BYTES", 3 << 20)
    with pytest.raises(InputError, match=r"/dev/zero: more than .* no end; give the path"):
        Recording("/dev/zero")


def test_a_full_disk_is_said_in_words(standard_input, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    standard_input(SPEECH_FILE.read_bytes())
    with pytest.raises(InputError, match="standard input: cannot be read or kept"):
        Recording("-")


def test_files_are_no_pipes(tmp_path):
    for path in (SPEECH_FILE, tmp_path, tmp_path / "none.wav", tmp_path / "-", Path("nul\0byte")):
        assert not is_piped(path)
