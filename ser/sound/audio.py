"""From any recording to mono float32 at the model's rate, in blocks.

A `Recording` is a file that libsndfile reads or an array. It is read in blocks, so memory does
not grow with its length; a `Converter` does the same to blocks as a microphone gives them. Levels
are in dBFS (0 dB: RMS 1.0).
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike, NDArray

from foundation.errors import InputError
from foundation.text import printable
from ser.settings import FeatureSettings, Samples
from ser.sound.wav_length import open_sound

BLOCK_SECONDS = 10.0
SHORTEST_SECONDS = 0.25  # less holds no syllable to judge
SILENT_DBFS = -85.0  # the quietest RAVDESS clips peak near -45; 16-bit dither lies near -93
ACCEPTED = "wav, flac, ogg, opus, mp3, aiff and whatever else libsndfile reads"
SAMPLE_RATES_HZ = (1_000, 768_000)


class Recording:
    """A recording that can be read from its beginning any number of times, in blocks.

    Parameters
    ----------
    source
        Path of a file, or an array of shape (n_samples,) or (n_samples, n_channels) whose
        floats lie in -1..1 (integers are scaled by their type's range).
    sample_rate_hz
        Rate of an array; must be left out for a file.

    Raises
    ------
    InputError
        If the file or the array cannot be used; the message says why and what is accepted.
    """

    def __init__(
        self, source: str | os.PathLike[str] | ArrayLike, sample_rate_hz: float | None = None
    ) -> None:
        self.path: Path | None = None
        self._array: NDArray[Any] | None = None
        if isinstance(source, str | os.PathLike):
            if sample_rate_hz is not None:
                raise InputError(
                    "sample_rate_hz is for arrays; a file knows its own rate: leave it out"
                )
            self.path = Path(source)
            self.name = printable(self.path)
            self.sample_rate_hz, n_samples = _checked_header(self.path, self.name)
        else:
            self.name = "the array"
            self._array, self.sample_rate_hz = _checked_array(source, sample_rate_hz)
            n_samples = len(self._array)
        self.duration_seconds = n_samples / _checked_rate(self.sample_rate_hz, self.name)
        check_duration(self.duration_seconds, self.name)

    def blocks(self, sample_rate_hz: int) -> Iterator[Samples]:
        """Yield the recording as mono float32 blocks at `sample_rate_hz`.

        Raises
        ------
        InputError
            If the file breaks off or samples are not finite.
        """
        converter = Converter(self.name, self.sample_rate_hz, sample_rate_hz)
        for block in self._raw_blocks():
            yield converter.feed(block)
        yield converter.finish()

    def _raw_blocks(self) -> Iterator[NDArray[Any]]:
        length = round(BLOCK_SECONDS * self.sample_rate_hz)
        if self._array is not None:
            for start in range(0, len(self._array), length):
                yield self._array[start : start + length]
            return
        assert self.path is not None
        n_read = 0
        try:
            with open_sound(self.path, self.name) as file:
                # Not file.blocks(): where a file ends early, that pads with whatever memory held.
                while len(block := file.read(length, dtype="float32")):
                    n_read += len(block)
                    yield block
        except soundfile.LibsndfileError as error:
            raise InputError(_broken_off(self.name, n_read / self.sample_rate_hz)) from error
        # An mp3's header may be off by a frame of its own; anything more is a cut file.
        if n_read < 0.95 * self.duration_seconds * self.sample_rate_hz:
            raise InputError(_broken_off(self.name, n_read / self.sample_rate_hz))


class Converter:
    """Turns the blocks of one recording into mono float32 at another rate, while they come.

    Channels are averaged; the rate is changed by soxr at high quality. How the recording is cut
    into blocks changes nothing.

    Parameters
    ----------
    name
        What to call the recording in a message.
    from_hz, to_hz
        Rate of the blocks, and the rate wanted.

    Raises
    ------
    InputError
        If the rate of the blocks is none that is accepted.
    """

    def __init__(self, name: str, from_hz: float, to_hz: int) -> None:
        self._name = name
        self._resampler = None
        if _checked_rate(from_hz, name) != to_hz:
            self._resampler = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")

    def feed(self, block: ArrayLike) -> Samples:
        """Return what the next block adds.

        Parameters
        ----------
        block
            Shape (n_samples,) or (n_samples, n_channels), any number of samples, none included;
            floats in -1..1 or integers.

        Raises
        ------
        InputError
            If the block is no sound, or holds samples that are not finite.
        """
        samples = _to_float(_checked_shape(block))
        if not np.isfinite(samples).all():
            raise InputError(
                f"{self._name}: holds samples that are NaN or infinite; "
                "export the recording again as 16-bit or 24-bit audio"
            )
        mono = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32)
        return mono if self._resampler is None else self._resampler.resample_chunk(mono)

    def finish(self) -> Samples:
        """Return what is still on its way."""
        nothing = np.zeros(0, np.float32)
        if self._resampler is None:
            return nothing
        return self._resampler.resample_chunk(nothing, last=True)


def check_duration(seconds: float, name: str) -> None:
    """Raise InputError if a recording is too short to judge."""
    if seconds < SHORTEST_SECONDS:
        raise InputError(
            f"{name}: {seconds:.3f} s of sound is too short to judge; "
            f"record at least {SHORTEST_SECONDS} s, better 2 s or more"
        )


def _checked_rate(sample_rate_hz: float, name: str) -> float:
    low, high = SAMPLE_RATES_HZ
    if not low <= sample_rate_hz <= high:
        raise InputError(
            f"{name}: the sample rate is {sample_rate_hz} Hz; {low} to {high} Hz is accepted"
        )
    return sample_rate_hz


def _broken_off(name: str, seconds: float) -> str:
    return (
        f"{name}: the file is cut off or damaged after {seconds:.2f} s; "
        "copy or export the recording again"
    )


def _checked_header(path: Path, name: str) -> tuple[int, int]:
    """Return the sample rate and the number of samples of a file that can be used."""
    try:
        if path.is_dir():
            raise InputError(f"{name}: is a directory; give a recording ({ACCEPTED})")
        if not path.exists():
            raise InputError(f"{name}: no such file; give the path of a recording ({ACCEPTED})")
        if path.stat().st_size == 0:
            raise InputError(f"{name}: the file is empty; give a recording ({ACCEPTED})")
        with open_sound(path, name) as file:
            return file.samplerate, file.frames
    except PermissionError as error:
        raise InputError(f"{name}: may not be read; change its permissions") from error
    except (soundfile.LibsndfileError, TypeError, OSError) as error:
        reason = getattr(error, "error_string", error)  # without the name, as bytes, in it
        raise InputError(
            f"{name}: is not a recording that can be read ({reason}); accepted are {ACCEPTED}"
        ) from error


def _checked_array(source: ArrayLike, sample_rate_hz: float | None) -> tuple[NDArray[Any], int]:
    if sample_rate_hz is None:
        raise InputError("an array needs sample_rate_hz=, the rate in Hz at which it was recorded")
    if not math.isfinite(sample_rate_hz):
        raise InputError(f"sample_rate_hz={sample_rate_hz} is no rate; give one in Hz")
    array = _checked_shape(source)
    if array.ndim == 2 and array.shape[1] > array.shape[0]:
        raise InputError(
            f"an array of shape {array.shape} has more channels than samples; channels come "
            "last: transpose it"
        )
    return array, int(sample_rate_hz)


def _checked_shape(source: ArrayLike) -> NDArray[Any]:
    array = np.asarray(source)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu" or array.shape[1:] == (0,):
        raise InputError(
            f"an array of shape {array.shape} and type {array.dtype} is no recording; accepted "
            "are numbers of shape (n_samples,) or (n_samples, n_channels)"
        )
    return array


def _to_float(block: NDArray[Any]) -> NDArray[np.float32]:
    """Return a block of an array with -1..1 for the range of its integers, block by block.

    A long recording as 16-bit integers would take twice its room as floats, all at once.
    """
    if block.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused as infinite
            return block.astype(np.float32, copy=False)
    limits = np.iinfo(block.dtype)
    middle = 0 if block.dtype.kind == "i" else (limits.max + 1) // 2
    return ((block.astype(np.float64) - middle) / (limits.max - middle + 1)).astype(np.float32)


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


def find_sound(recording: Recording, settings: FeatureSettings) -> SoundBounds:
    """Find the part of a recording between its leading and its trailing silence, by level alone.

    Raises
    ------
    InputError
        If no frame is louder than `SILENT_DBFS`.
    """
    hop = settings.hop_length
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
