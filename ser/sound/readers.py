"""What reads the samples of a recording: an array, a file by libsndfile, or a file by FFmpeg.

libsndfile comes first: what it reads is the same on every machine. FFmpeg (`foundation.media`) is
for the files that libsndfile refuses.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from foundation.errors import InputError
from foundation.media import COMPLETE, MediaError, MediaSound, UnknownFormatError, broken_off
from ser.sound.converter import checked_shape
from ser.sound.wav_length import open_sound

ACCEPTED = (
    "wav, flac, ogg, opus, mp3, aiff, m4a, aac, webm, 3gp, amr, wma, and videos with sound (mp4, "
    "mov, mkv, ...)"
)


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
    """The samples of a file that libsndfile reads."""

    reader = "libsndfile"

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with open_sound(path, name) as file:
            self.sample_rate_hz, self._n_samples = file.samplerate, file.frames

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
            with open_sound(self._path, self._name) as file:
                # Not file.blocks(): where a file ends early, that pads with whatever memory held.
                while len(block := file.read(n_samples, dtype="float32")):
                    n_read += len(block)
                    yield block
        except soundfile.LibsndfileError as error:
            raise self._broken_off(n_read) from error
        # An mp3's header may be off by a frame of its own; anything more is a cut file.
        if n_read < COMPLETE * self._n_samples:
            raise self._broken_off(n_read)

    def _broken_off(self, n_read: int) -> InputError:
        return InputError(f"{self._name}: {broken_off(n_read / self.sample_rate_hz)}")


def open_file(path: Path, name: str) -> FileSound | MediaSound:
    """Open a recording with the first reader that reads it.

    Parameters
    ----------
    path
        Any path.
    name
        What to call it in a message.

    Raises
    ------
    InputError
        If the file cannot be used; the message says why and what is accepted.
    """
    try:
        if path.is_dir():
            raise InputError(f"{name}: is a directory; give a recording ({ACCEPTED})")
        if not path.exists():
            raise InputError(f"{name}: no such file; give the path of a recording ({ACCEPTED})")
        if path.stat().st_size == 0:
            raise InputError(f"{name}: the file is empty; give a recording ({ACCEPTED})")
        return _first_that_reads(path, name)
    except PermissionError as error:
        raise InputError(f"{name}: may not be read; change its permissions") from error
    except MediaError as error:
        raise InputError(f"{name}: {error}") from error
    except OSError as error:
        raise _no_recording(name, error) from error


def _first_that_reads(path: Path, name: str) -> FileSound | MediaSound:
    try:
        return FileSound(path, name)
    except (soundfile.LibsndfileError, TypeError) as error:  # a TypeError for what ends in .raw
        try:
            return MediaSound(path)
        except UnknownFormatError:
            # The reason without the name, which is in it as bytes.
            raise _no_recording(name, getattr(error, "error_string", error)) from error


def _no_recording(name: str, reason: object) -> InputError:
    return InputError(
        f"{name}: is not a recording that can be read ({reason}); accepted are {ACCEPTED}"
    )
