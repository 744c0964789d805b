"""What a file says of its own length, where its readers are too trusting.

libsndfile and FFmpeg read a file that was cut off as a shorter one, without a word: half a sentence
would be judged. So the length that a header declares is held against the file, and of Ogg the flag
at the end of a stream is looked for. A recorder that writes into a pipe, or was killed, never fills
in the length, which then is 0 or huge, and means nothing; libsndfile takes the 0 of a WAV at its
word, so that `open_sound` mends it.

Of MP3, FLAC and others the readers themselves find too little; AMR, ADTS and what a browser records
declare nothing.
"""

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import soundfile

from foundation.errors import InputError

# A writer that cannot know the length puts 0 or a huge one: SoX 0x7F000000 and 0x7FFFF000, ALSA
# 0x80000000, FFmpeg 0xFFFFFFFF; with 64 bits FFmpeg 2**63 - 1 or -1.
HUGE, HUGE_64 = 0x7F000000, 1 << 62
UNKNOWN = b"\xff\xff\xff\xff"
MOST_CHUNKS = 10_000  # a file has a dozen; millions of empty ones keep a reader busy for long
BYTES_OF_AN_ATOM = 100  # at least, on average: an MP4 in fragments has many
PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex"})
LONGEST_OGG_PAGE = 27 + 255 + 255 * 255


@dataclass(frozen=True)
class DeclaredLength:
    """What is to be known about the length of a file that was not found too short.

    Attributes
    ----------
    mend_at
        Where in a WAV a length of 0 stands although sound follows; None if none does.
    note
        Why the file may still be cut off, for the person; empty if nothing speaks for it.
    """

    mend_at: int | None = None
    note: str = ""


@dataclass(frozen=True)
class _Chunks:
    """How a kind of file is cut into chunks: a name and a length, and so many bytes.

    Attributes
    ----------
    head
        Of a chunk, as `struct` takes it: name and length.
    sound
        Names of the chunks with sound.
    start
        Of the first chunk.
    multiple
        Each begins at a multiple of so many bytes.
    counts_itself
        Whether the length includes the head.
    """

    head: str
    sound: bytes
    start: int = 12
    multiple: int = 2
    counts_itself: bool = False

    @property
    def huge(self) -> int:
        """The least length that is none."""
        return HUGE if self.head.endswith("I") else HUGE_64


W64_SOUND = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
ASF_START = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_SOUND = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
WAV = _Chunks("<4sI", b"data")
AIFF, SVX = _Chunks(">4sI", b"SSND"), _Chunks(">4sI", b"BODY")
CHUNKS = {  # first four bytes, and the four from the ninth on where these matter
    (b"RIFF", b"WAVE"): WAV,
    (b"RIFX", b"WAVE"): _Chunks(">4sI", b"data"),
    (b"RF64", b"WAVE"): WAV,
    (b"BW64", b"WAVE"): WAV,
    (b"RIFF", b"AVI "): _Chunks("<4sI", b"LIST"),
    (b"FORM", b"AIFF"): AIFF,
    (b"FORM", b"AIFC"): AIFF,
    (b"FORM", b"8SVX"): SVX,
    (b"FORM", b"16SV"): SVX,
    (b"caff", b""): _Chunks(">4sQ", b"data", start=8, multiple=1),
    (b"riff", b""): _Chunks("<16sQ", W64_SOUND, start=40, multiple=8, counts_itself=True),
    (ASF_START[:4], b""): _Chunks("<16sQ", ASF_SOUND, start=0, multiple=1, counts_itself=True),
}


def declared_length(path: Path, name: str) -> DeclaredLength:
    """Hold a file against the length that it declares.

    Parameters
    ----------
    path
        Any file; of an unknown kind nothing is said.
    name
        What to call it in a message.

    Raises
    ------
    InputError
        If it is shorter, or is cut into absurdly many chunks.
    OSError
        If it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(32)
        kind = CHUNKS.get((head[:4], head[8:12])) or CHUNKS.get((head[:4], b""))
        if kind is not None:
            return _of_chunks(file, head[:4], kind, size, name)
        if head[:4] == b"OggS":
            return _of_ogg(file, size, name)
        if head[4:8] == b"ftyp":
            _check_atoms(file, size, name)
        if head[:4] == b"fLaC":
            _check_flac(file, name)
        promised = _promised_end(file, head)
    if promised > size:
        raise _cut_off(name, "its header promises", promised, size)
    return DeclaredLength()


def _cut_off(name: str, what: str, promised: int, there: int) -> InputError:
    return InputError(
        f"{name}: the file is cut off: {what} {promised} bytes, {there} are there; copy or export "
        "it again"
    )


def _too_many(most: int, name: str) -> InputError:
    return InputError(
        f"{name}: is cut into more than {most} parts, as no recorder does; export it again"
    )


def _of_chunks(file: BinaryIO, magic: bytes, kind: _Chunks, size: int, name: str) -> DeclaredLength:
    file.seek(4)
    whole = int.from_bytes(file.read(4), "big" if kind.head[0] == ">" else "little")
    length_64 = 0  # of the sound, in a file of more than 4 GB
    for number, (chunk, length, start) in enumerate(_chunks(file, kind, size)):
        if number == MOST_CHUNKS:
            raise _too_many(MOST_CHUNKS, name)
        if chunk == b"ds64":
            length_64 = int.from_bytes(file.read(16)[8:], "little")
        if chunk != kind.sound:
            continue
        if length == 0 and magic in (b"RIFF", b"RIFX"):
            # A closed file without sound may hold other chunks, and counts them as its own.
            closed = size <= whole + 8 and whole < HUGE
            return DeclaredLength(None if closed or size == start else start - 4)
        promised = length_64 if length >= kind.huge else length
        if promised == 0 or promised >= HUGE_64:
            break  # all the rest is sound
        if start + promised > size:
            raise _cut_off(name, "its header promises", promised, size - start)
    return DeclaredLength()


def _chunks(file: BinaryIO, kind: _Chunks, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, length and start of each chunk, up to the end or to what is none."""
    n_head = struct.calcsize(kind.head)
    place = kind.start
    while place + n_head <= size:
        file.seek(place)
        chunk, length = struct.unpack(kind.head, file.read(n_head))
        if not any(chunk):
            return
        if kind.counts_itself:
            length = max(length - n_head, 0)
        place += n_head
        yield chunk, length, place
        place += length
        place += -place % kind.multiple


def _of_ogg(file: BinaryIO, size: int, name: str) -> DeclaredLength:
    file.seek(max(size - 2 * LONGEST_OGG_PAGE, 0))
    tail = file.read()
    last = tail.rfind(b"OggS")
    if last < 0:
        return DeclaredLength()  # something else follows the sound
    page = tail[last:]
    n_parts = page[26] if len(page) > 26 else 0
    n_bytes = 27 + n_parts + sum(page[27 : 27 + n_parts])
    if len(page) < n_bytes:
        raise _cut_off(name, "its last page has", n_bytes, len(page))
    if page[5] & 4:
        return DeclaredLength()
    return DeclaredLength(
        note="the mark at the end of an Ogg file is missing: what may have followed is not judged"
    )


def _check_atoms(file: BinaryIO, size: int, name: str) -> None:
    """Refuse an MP4 that ends within an atom, or is cut into many: FFmpeg takes seconds for those.

    What is neither sound nor says where that is may be cut off: it is not read.
    """
    most = MOST_CHUNKS + size // BYTES_OF_AN_ATOM
    place = n_atoms = 0
    while place + 8 <= size:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        if kind in (b"mdat", b"moov", b"moof") and place + length > size:
            raise _cut_off(name, "its last part has", length, size - place)
        if kind in PARENTS:
            length = 8
        if length < 8:
            return  # the last one, or none
        place += length
        n_atoms += 1
        if n_atoms > most:
            raise _too_many(most, name)


def _check_flac(file: BinaryIO, name: str) -> None:
    place, is_last = 4, False
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(4)
        if is_last or len(head) < 4:
            return
        is_last = head[0] >= 0x80
        place += 4 + int.from_bytes(head[1:], "big")
    raise _too_many(MOST_CHUNKS, name)


def _promised_end(file: BinaryIO, head: bytes) -> int:
    """Return where a file ends that begins with its length; 0 if it does not say."""
    if head[:4] in (b".snd", b"dns.") and len(head) >= 12:  # AU
        start, length = struct.unpack_from(">II" if head[0] == ord(".") else "<II", head, 4)
        return start + length if length < HUGE else 0
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _end_of_matroska(file)
    if head[:7] == b"NIST_1A":
        return _end_of_sphere(file)
    if head.startswith(b"Creative Voice File\x1a"):
        return _end_of_voc(file, int.from_bytes(head[20:22], "little"))
    return 0


def _end_of_matroska(file: BinaryIO) -> int:
    """Return where the segment ends, which is all but the head; what is live does not know."""
    file.seek(4)
    length = _ebml_number(file)
    if length is None:
        return 0
    file.seek(length, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return 0
    length = _ebml_number(file)
    return 0 if length is None else file.tell() + length


def _ebml_number(file: BinaryIO) -> int | None:
    """Read a number that says by its leading zeros how long it is; all ones are unknown."""
    first = file.read(1)
    if first in (b"", b"\0"):
        return None
    n_more = 8 - first[0].bit_length()
    bits = int.from_bytes(first + file.read(n_more), "big")
    ones = (1 << 7 * (n_more + 1)) - 1
    return None if bits & ones == ones else bits & ones


def _end_of_sphere(file: BinaryIO) -> int:
    file.seek(8)
    digits = file.read(8).strip()
    start = int(digits) if digits.isdigit() else 0
    file.seek(0)
    lines = (line.split(None, 2) for line in file.read(start).splitlines())
    told = {line[0]: line[2] for line in lines if len(line) == 3}
    length = 1
    for name in (b"sample_count", b"channel_count", b"sample_n_bytes"):
        digits = told.get(name, b"1" if name == b"channel_count" else b"")
        length *= int(digits) if digits.isdigit() and len(digits) < 12 else 0
    plain = told.get(b"sample_coding", b"pcm") in (b"pcm", b"ulaw", b"alaw", b"mu-law")
    return start + length if length and plain else 0


def _end_of_voc(file: BinaryIO, start: int) -> int:
    for _ in range(MOST_CHUNKS):
        file.seek(start)
        head = file.read(4)
        if len(head) < 4 or head[0] == 0:
            break
        start += 4 + int.from_bytes(head[1:], "little")
    return start


def open_sound(path: Path, mend_at: int | None = None) -> soundfile.SoundFile:
    """Open a recording with libsndfile.

    Parameters
    ----------
    path
        Any file.
    mend_at
        As `declared_length` says.

    Raises
    ------
    soundfile.LibsndfileError, OSError
        If the file cannot be opened or read as sound.
    """
    return soundfile.SoundFile(os.fsencode(path) if mend_at is None else _Unclosed(path, mend_at))


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
