"""From any recording to mono float32 at the model's rate, in blocks.

A `Recording` is an array or a file, which libsndfile reads, or FFmpeg what libsndfile does not. It
is read in blocks, so memory does not grow with its length. Levels are in dBFS (0 dB: RMS 1.0).
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foundation.errors import InputError
from foundation.media import MediaError, MediaSound
from ser.settings import Samples, WindowSettings
from ser.sound.converter import Converter, checked_rate
from ser.sound.piped import PipedFile, is_piped, shown_name
from ser.sound.readers import ArraySound, FileSound, open_file

BLOCK_SECONDS = 10.0
SHORTEST_SECONDS = 0.25  # less holds no syllable to judge
TELEPHONE_RATE_HZ = 11_025  # at or below, the sound lacks the upper half of what was trained on
SPEECH_RANGE_DB = 30.0  # fainter frames are pauses
SILENT_DBFS = -85.0  # the quietest RAVDESS clips peak near -45; 16-bit dither lies near -93


class Recording:
    """A recording that can be read from its beginning any number of times, in blocks.

    Parameters
    ----------
    source
        Path of a file or a pipe, ``"-"`` for standard input, or an array of shape (n_samples,) or
        (n_samples, n_channels) whose floats lie in -1..1 (integers are scaled by their type's
        range).
    sample_rate_hz
        Rate of an array; must be left out for a file.

    Attributes
    ----------
    name
        What to call it in a message.
    sample_rate_hz
        Its own rate.
    duration_seconds
        How long it is: by its header, or where headers guess, by its timestamps.
    reader
        "libsndfile" or "FFmpeg", which decodes a lossy format a little differently; None for an
        array.

    Raises
    ------
    InputError
        If the file or the array cannot be used; the message says why and what is accepted.
    """

    def __init__(
        self, source: str | os.PathLike[str] | ArrayLike, sample_rate_hz: float | None = None
    ) -> None:
        self._sound: ArraySound | FileSound | MediaSound
        if isinstance(source, str | os.PathLike):
            if sample_rate_hz is not None:
                raise InputError(
                    "sample_rate_hz is for arrays; a file knows its own rate: leave it out"
                )
            path = Path(source)
            self.name = shown_name(path)
            self._piped = PipedFile(path) if is_piped(path) else None  # the file goes with it
            self.path = path if self._piped is None else self._piped.path
            self._sound, note = open_file(self.path, self.name)
        else:
            self.name, note = "the array", ""
            self._sound = ArraySound(source, sample_rate_hz)
        self.reader = self._sound.reader
        self.sample_rate_hz = self._sound.sample_rate_hz
        checked_rate(self.sample_rate_hz, self.name)
        self.duration_seconds = self._sound.duration_seconds
        check_duration(self.duration_seconds, self.name)
        self._note, self._cancelled = note, False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person should know of it; complete once it has been read to its end."""
        of_sound = notes_on(self.sample_rate_hz, self._cancelled)
        return (self._note, *of_sound) if self._note else tuple(of_sound)

    def blocks(self, sample_rate_hz: int) -> Iterator[Samples]:
        """Yield the recording as mono float32 blocks at `sample_rate_hz`.

        Raises
        ------
        InputError
            If the file breaks off or samples are not finite.
        """
        converter = Converter(self.name, self.sample_rate_hz, sample_rate_hz)
        try:
            for block in self._sound.blocks(round(BLOCK_SECONDS * self.sample_rate_hz)):
                yield converter.feed(block)
        except MediaError as error:
            raise InputError(f"{self.name}: {error}") from error
        rest = converter.finish()
        self._cancelled = converter.cancelled
        yield rest


def notes_on(sample_rate_hz: float, cancelled: bool) -> Iterator[str]:
    """Yield what a person should know of a recording, by its rate and its `Converter`."""
    if sample_rate_hz <= TELEPHONE_RATE_HZ:
        yield (
            f"recorded at {sample_rate_hz:g} Hz, as by telephone; estimates of such sound are "
            "somewhat less reliable"
        )
    if cancelled:
        yield (
            "its channels cancel each other when they are mixed (one is upside down), so the "
            "louder one was heard; check the cable or the settings of the recorder"
        )


def check_duration(seconds: float, name: str) -> None:
    """Raise InputError if a recording is too short to judge."""
    if seconds < SHORTEST_SECONDS:
        raise InputError(
            f"{name}: {seconds:.3f} s of sound is too short to judge; "
            f"record at least {SHORTEST_SECONDS} s, better 2 s or more"
        )


@dataclass(frozen=True)
class SoundBounds:
    """Where a recording holds sound, in samples at the model's rate.

    Attributes
    ----------
    start, end
        First sample, and one past the last, that belong to a frame above the threshold.
    threshold_db
        Level in dBFS under which a frame counts as silence.
    """

    start: int
    end: int
    threshold_db: float


def frame_levels_db(samples: Samples, frame_length: int) -> NDArray[np.float64]:
    """Return the RMS level in dBFS of consecutive frames (the last may be short)."""
    edges = np.arange(0, len(samples), frame_length)
    if len(edges) == 0:
        return np.zeros(0)
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), edges)
    lengths = np.diff(np.append(edges, len(samples)))
    return 10 * np.log10(np.maximum(energy / lengths, 1e-12))  # the floor survives zeros


def speech_rms(samples: Samples, sample_rate_hz: int) -> float:
    """Return the RMS of the frames (32 ms) within `SPEECH_RANGE_DB` of the loudest."""
    levels = frame_levels_db(samples, round(0.032 * sample_rate_hz))
    loud = levels[levels >= levels.max() - SPEECH_RANGE_DB]
    return math.sqrt(np.mean(10 ** (loud / 10)))


def find_sound(recording: Recording, settings: WindowSettings) -> SoundBounds:
    """Find the part of a recording between its leading and its trailing silence, by level alone.

    Raises
    ------
    InputError
        If no frame is louder than `SILENT_DBFS`.
    """
    hop = settings.level_length
    levels: list[NDArray[np.float64]] = []
    rest = np.zeros(0, np.float32)
    for block in recording.blocks(settings.sample_rate_hz):
        samples = np.concatenate([rest, block])
        n_whole = len(samples) // hop * hop
        levels.append(frame_levels_db(samples[:n_whole], hop))
        rest = samples[n_whole:]
    levels.append(frame_levels_db(rest, hop))
    n_samples = sum(len(level) for level in levels[:-1]) * hop + len(rest)
    level = np.concatenate(levels)
    if level.max() < SILENT_DBFS:
        raise InputError(
            f"{recording.name}: is silent (nothing above {SILENT_DBFS:.0f} dBFS); "
            "check the microphone and record again"
        )
    threshold = float(level.max()) - settings.trim_db
    loud = np.flatnonzero(level >= threshold)
    # One frame of margin on both sides keeps soft consonants and the decay of the last vowel.
    start, end = max(loud[0] - 1, 0) * hop, min((loud[-1] + 2) * hop, n_samples)
    return SoundBounds(int(start), int(end), threshold)


def read_whole(
    recording: Recording, sample_rate_hz: int, *, at_most_seconds: float | None = None
) -> Samples:
    """Return a recording as one array, or its beginning.

    Parameters
    ----------
    recording
        What to read.
    sample_rate_hz
        Rate wanted.
    at_most_seconds
        Where to stop; the end by default.
    """
    length = None if at_most_seconds is None else round(at_most_seconds * sample_rate_hz)
    blocks, n_read = [], 0
    for block in recording.blocks(sample_rate_hz):
        blocks.append(block)
        n_read += len(block)
        if length is not None and n_read >= length:
            break
    return np.concatenate(blocks)[:length]
