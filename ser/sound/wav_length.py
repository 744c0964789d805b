"""What a WAV header says of its own length, where libsndfile is too trusting.

A file that was cut off is read by libsndfile as a shorter one, without a word: half a sentence
would be judged, so `open_sound` refuses it. A recorder that writes into a pipe, or was killed,
never fills in the length: libsndfile takes a length of 0 at its word, so `open_sound` mends it.
"""

import io
import os
import struct
from pathlib import Path

import soundfile

from foundation.errors import InputError

# A writer that cannot know the length puts 0 or a huge one: SoX 0x7FFFF000, ALSA 0x80000000,
# FFmpeg 0xFFFFFFFF.
HUGE = 0x7FFFF000
UNKNOWN = b"\xff\xff\xff\xff"


def open_sound(path: Path, name: str) -> soundfile.SoundFile:
    """Open a recording, with a sound length that is true.

    Parameters
    ----------
    path
        Any file; only WAV headers are looked into.
    name
        What to call it in a message.

    Raises
    ------
    InputError
        If a WAV file ends before the length that its header promises.
    soundfile.LibsndfileError, OSError
        If the file cannot be opened or read as sound.
    """
    place = _length_to_mend(path, name)
    return soundfile.SoundFile(os.fsencode(path) if place is None else _Unclosed(path, place))


class _Unclosed(io.FileIO):
    """A file that reads as if `UNKNOWN` stood at `place`."""

    def __init__(self, path: Path, place: int) -> None:
        super().__init__(path)
        self._place = place

    def read(self, size: int | None = -1, /) -> bytes:
        start = self.tell()
        data = bytearray(super().read(-1 if size is None else size) or b"")
        for at, byte in enumerate(UNKNOWN, self._place - start):
            if 0 <= at < len(data):
                data[at] = byte
        return bytes(data)

    def readinto(self, buffer, /) -> int:  # type: ignore[no-untyped-def]
        data = self.read(memoryview(buffer).nbytes)
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)


def _length_to_mend(path: Path, name: str) -> int | None:
    """Return where a sound length of 0 stands although sound follows; None if none does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        (whole,) = struct.unpack("<I", head[4:8])
        while len(chunk := file.read(8)) == 8:
            kind, length = struct.unpack("<4sI", chunk)
            start = file.tell()
            if kind != b"data":
                file.seek(length + length % 2, os.SEEK_CUR)
                continue
            if length == 0:
                # A closed file without sound may hold other chunks, and counts them as its own.
                closed = size <= whole + 8 and whole < HUGE
                return None if closed or size == start else start - 4
            if length < HUGE and start + length > size:
                raise InputError(
                    f"{name}: the file is cut off: its header promises {length} bytes of sound, "
                    f"{size - start} are there; copy or export it again"
                )
            return None
    return None
