"""What reads the samples of a recording: an array, a file by libsndfile, or a file by FFmpeg.

libsndfile comes first: what it reads is the same on every machine. FFmpeg (`foundation.media`) is
for the files that libsndfile refuses.
"""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from foundation.errors import InputError
from foundation.media import COMPLETE, MediaError, MediaSound, UnknownFormatError, broken_off
from ser.sound.converter import checked_shape
from ser.sound.declared_length import declared_length, open_sound

ACCEPTED = (
    "wav, flac, ogg, opus, mp3, aiff, m4a, aac, webm, 3gp, amr, wma, and videos with sound (mp4, "
    "mov, mkv, ...)"
)
UNKNOWN_LENGTH = 1 << 62  # at least, where libsndfile cannot tell


class ArraySound:
    """The samples of an array."""

    reader = None

    def __init__(self, source: ArrayLike, sample_rate_hz: float | None) -> None:
        if sample_rate_hz is None:
            raise InputError(
                "an array needs sample_rate_hz=, the rate in Hz at which it was recorded"
            )
        if not math.isfinite(sample_rate_hz):
            raise InputError(f"sample_rate_hz={sample_rate_hz} is no rate; give one in Hz")
        array = checked_shape(source)
        if array.ndim == 2 and array.shape[1] > array.shape[0]:
            raise InputError(
                f"an array of shape {array.shape} has more channels than samples; channels come "
                "last: transpose it"
            )
        self._array = array
        self.sample_rate_hz = int(sample_rate_hz)

    @property
    def duration_seconds(self) -> float:
        """How long it is."""
        return len(self._array) / self.sample_rate_hz

    def blocks(self, n_samples: int) -> Iterator[NDArray[Any]]:
        """Yield it in blocks of `n_samples`."""
        for start in range(0, len(self._array), n_samples):
            yield self._array[start : start + n_samples]


class FileSound:
    """The samples of a file that libsndfile reads.

    Raises
    ------
    soundfile.LibsndfileError
        If it does not read the file, guesses what it is by its suffix, or cannot tell its length.
    """

    reader = "libsndfile"

    def __init__(self, path: Path, name: str, mend_at: int | None = None) -> None:
        self._path, self._name, self._mend_at = path, name, mend_at
        with _quiet(), open_sound(path, mend_at) as file:
            self.sample_rate_hz, self._n_samples = file.samplerate, file.frames
            self._is_mp3 = file.format == "MP3"
            if file.format == "RAW" or file.frames >= UNKNOWN_LENGTH:
                raise soundfile.LibsndfileError(1)  # "Format not recognised."

    @property
    def duration_seconds(self) -> float:
        """How long it is, by its header."""
        return self._n_samples / self.sample_rate_hz

    def blocks(self, n_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield it in blocks of `n_samples`.

        Raises
        ------
        InputError
            If the file breaks off.
        """
        n_read = 0
        try:
            with _quiet():
                opened = open_sound(self._path, self._mend_at)
            with opened as file:
                # Not file.blocks(): where a file ends early, that pads with whatever memory held.
                while len(block := self._next_block(file, n_samples)):
                    n_read += len(block)
                    yield block
        except soundfile.LibsndfileError as error:
            raise self._broken_off(n_read) from error
        # An mp3's header may be off by a frame of its own; anything more is a cut file.
        if n_read < COMPLETE * self._n_samples:
            raise self._broken_off(n_read)

    def _next_block(self, file: soundfile.SoundFile, n_samples: int) -> NDArray[np.float32]:
        if not self._is_mp3:
            return file.read(n_samples, dtype="float32")
        with _quiet():
            return file.read(n_samples, dtype="float32")

    def _broken_off(self, n_read: int) -> InputError:
        return InputError(f"{self._name}: {broken_off(n_read / self.sample_rate_hz)}")


_being_quiet = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nobody write to standard error, which libsndfile's decoder of MP3 does past Python.

    Of the whole process: so for the moment of a call alone, and in one thread at a time.
    """
    with _being_quiet:
        try:
            kept = os.dup(2)
        except OSError:  # it is closed
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


def open_file(path: Path, name: str) -> tuple[FileSound | MediaSound, str]:
    """Open a recording with the first reader that reads it.

    Parameters
    ----------
    path
        Any path.
    name
        What to call it in a message.

    Returns
    -------
    sound, note
        The note says what the person should know of the file; mostly it is empty.

    Raises
    ------
    InputError
        If the file cannot be used; the message says why and what is accepted.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise InputError(f"{name}: is a directory; give a recording ({ACCEPTED})")
        if size == 0:
            raise InputError(f"{name}: the file is empty; give a recording ({ACCEPTED})")
        told = declared_length(path, name)
        return _first_that_reads(path, name, told.mend_at), told.note
    except InputError:
        raise
    except FileNotFoundError as error:
        what = "is a link to a file that is not there" if path.is_symlink() else "no such file"
        raise InputError(f"{name}: {what}; give the path of a recording ({ACCEPTED})") from error
    except PermissionError as error:
        raise InputError(f"{name}: may not be read; change its permissions") from error
    except MediaError as error:
        raise InputError(f"{name}: {error}") from error
    except (OSError, ValueError) as error:  # a ValueError for a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{name}: cannot be opened ({reason}); give another path") from error


def _first_that_reads(path: Path, name: str, mend_at: int | None) -> FileSound | MediaSound:
    try:
        return FileSound(path, name, mend_at)
    except (soundfile.LibsndfileError, TypeError) as error:  # a TypeError for what ends in .raw
        try:
            return MediaSound(path)
        except UnknownFormatError:
            # The reason without the name, which is in it as bytes.
            reason = getattr(error, "error_string", error)
            raise InputError(
                f"{name}: is not a recording that can be read ({reason}); accepted are {ACCEPTED}"
            ) from error
