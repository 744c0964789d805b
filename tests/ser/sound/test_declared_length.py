"""The length that a header declares is believed where it says one; no header breaks anything.

Whole and cut files of every container go through `emotify recognize` in
`tests/app/command/test_odd_recordings.py`; here are the corners.
"""

import struct

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.sound.audio import Recording
from ser.sound.declared_length import CHUNKS, DeclaredLength, declared_length

SPEECH, RATE = soundfile.read(shipped("data", "samples", "reading_short.wav"), dtype="float32")
FORM = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
SOUND = (SPEECH * 32_767).astype("<i2").tobytes()
BEGINNINGS = [
    *(first + bytes(4) + then for first, then in CHUNKS),
    *(b"OggS", b".snd", b"dns.", b"NIST_1A\n   1024\n", b"Creative Voice File\x1a\x1a\0", b"fLaC"),
    *(b"\0\0\0\x18ftypisom", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67"),
]


def told(tmp_path, content):
    path = tmp_path / "sound"
    path.write_bytes(content)
    return declared_length(path, "sound")


def written(tmp_path, kind, subtype="PCM_16"):
    path = tmp_path / "sound"
    soundfile.write(path, SPEECH, RATE, format=kind, subtype=subtype)
    return path.read_bytes()


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=lambda content: content[:12].hex())
def test_any_header_is_read_or_refused(tmp_path, beginning):
    rng = np.random.default_rng(0)
    for n_bytes in (0, 1, 7, 20, 60, 300, 5_000):
        for filling in (bytes(n_bytes), b"\xff" * n_bytes, rng.bytes(n_bytes)):
            try:
                told(tmp_path, beginning + filling)
            except InputError as error:
                assert str(error).startswith("sound: ")


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64", "RF64", "VOC", "NIST", "FLAC"])
def test_a_whole_file_is_whole_and_may_be_followed_by_something(tmp_path, kind):
    content = written(tmp_path, kind)
    for more in (b"", b"TAG" + bytes(125), bytes(512)):
        assert told(tmp_path, content + more) == DeclaredLength()


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64", "RF64", "VOC", "NIST"])
def test_the_last_two_bytes_are_missed(tmp_path, kind):
    content = written(tmp_path, kind)
    # VOC ends with a mark, CAF may end with a gap.
    with pytest.raises(InputError, match="the file is cut off: its header promises"):
        told(tmp_path, content[: -2 - (kind == "VOC")])


def test_the_length_of_a_wav_that_never_got_one_is_mended(tmp_path):
    content = b"RIFF" + bytes(4) + b"WAVE" + FORM + b"data" + bytes(4) + SOUND
    assert told(tmp_path, content).mend_at == 12 + len(FORM) + 4
    closed = b"RIFF" + struct.pack("<I", 4 + len(FORM) + 8) + b"WAVE" + FORM + b"data" + bytes(4)
    assert told(tmp_path, closed).mend_at is None


def test_a_long_file_has_its_length_elsewhere(tmp_path):
    def rf64(length):
        sizes = b"ds64" + struct.pack("<IQQQI", 28, 0, length, 0, 0)
        return b"RF64\xff\xff\xff\xffWAVE" + sizes + FORM + b"data\xff\xff\xff\xff" + SOUND

    assert told(tmp_path, rf64(len(SOUND))) == DeclaredLength()
    assert told(tmp_path, rf64(0)) == DeclaredLength()  # it was never filled in
    with pytest.raises(InputError, match=f"promises {len(SOUND) + 2} bytes, {len(SOUND)} are"):
        told(tmp_path, rf64(len(SOUND) + 2))


@pytest.mark.parametrize("n_chunks", [100, 9_000])
def test_many_chunks_are_read(tmp_path, n_chunks):
    notes = (b"note" + struct.pack("<I", 4) + b"word") * n_chunks
    content = b"RIFF\0\0\0\0WAVE" + FORM + notes + b"data" + struct.pack("<I", len(SOUND)) + SOUND
    (tmp_path / "sound.wav").write_bytes(content)
    recording = Recording(tmp_path / "sound.wav")
    assert recording.duration_seconds == pytest.approx(len(SPEECH) / RATE)


@pytest.mark.parametrize("before", [True, False])
def test_chunks_without_end_are_refused_wherever_they_are(tmp_path, before):
    many = (b"junk" + bytes(4)) * 20_000
    sound = b"data" + struct.pack("<I", len(SOUND)) + SOUND
    content = b"RIFF\0\0\0\0WAVE" + FORM + (many + sound if before else sound + many)
    with pytest.raises(InputError, match="is cut into more than 10000 parts, as no recorder does"):
        told(tmp_path, content)


def test_an_ogg_stream_ends_with_its_mark(tmp_path):
    content = written(tmp_path, "OGG", "VORBIS")
    assert told(tmp_path, content) == DeclaredLength()
    last = content.rindex(b"OggS")
    assert "mark at the end of an Ogg file is missing" in told(tmp_path, content[:last]).note
    with pytest.raises(InputError, match="its last page has"):
        told(tmp_path, content[: last + 10])
    assert told(tmp_path, content + bytes(200_000)) == DeclaredLength()


def test_the_live_segment_of_a_browser_has_no_length(tmp_path):
    head = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67"
    assert told(tmp_path, head + b"\x01" + b"\xff" * 7 + bytes(50)) == DeclaredLength()
    assert told(tmp_path, head + b"\xff" + bytes(50)) == DeclaredLength()
    assert told(tmp_path, head + b"\x40\x32" + bytes(50)) == DeclaredLength()
    with pytest.raises(InputError, match="cut off"):
        told(tmp_path, head + b"\x40\x33" + bytes(50))
