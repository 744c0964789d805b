"""The sound of a music file: a minute from its middle, one channel of it, and how loud it is.

libsndfile reads what it can, FFmpeg (`foundation.media`) the rest: M4A, WMA, WebM, Matroska...
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.media import MediaError, MediaSound, UnknownFormatError

READ_SECONDS = 60.0  # from the middle of a file: a four-hour mix costs no more than a song
LEAST_SECONDS = 3.0  # of less nothing can be told
SHORTEST_SECONDS, LONGEST_SECONDS = 30.0, 20 * 60.0  # of music, unless asked otherwise
SILENCE_RMS = 1e-4
QUIETEST_LUFS = -60.0
MEASURED_CHANNELS = 5  # at most, by BS.1770
BOTH_SPEAKERS_DB = 10 * np.log10(2)  # one channel is played by two
CANCELLED = 0.01  # of the power of the channels: what is left of their mean where they cancel

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Limits:
    """Which files count as music.

    Attributes
    ----------
    shortest_seconds, longest_seconds
        Shorter ones are sound effects, longer ones mixes and audiobooks.
    spoken
        Whether spoken word counts as music.
    """

    shortest_seconds: float = SHORTEST_SECONDS
    longest_seconds: float = LONGEST_SECONDS
    spoken: bool = False

    def __post_init__(self) -> None:
        """Check the range."""
        if not LEAST_SECONDS <= self.shortest_seconds <= self.longest_seconds:
            raise InputError(
                f"music from {self.shortest_seconds:g} s to {self.longest_seconds / 60:g} "
                f"minutes: give a shortest length of at least {LEAST_SECONDS:g} s, and a longest "
                "one above it"
            )

    def admit(self, seconds: float) -> bool:
        """Say whether music may last so long."""
        return self.shortest_seconds <= seconds <= self.longest_seconds

    def check(self, seconds: float) -> None:
        """Refuse a file of another length.

        Raises
        ------
        InputError
            If it is too short or too long.
        """
        if seconds < self.shortest_seconds:
            raise InputError(
                f"lasts {_length(seconds)}, less than {_length(self.shortest_seconds)} (a sound "
                "effect?)"
            )
        if seconds > self.longest_seconds:
            raise InputError(
                f"lasts {_length(seconds)}, more than {_length(self.longest_seconds)} (a mix, or "
                "an audiobook?)"
            )


ANY_LENGTH = Limits(LEAST_SECONDS, np.inf, spoken=True)


def _length(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    return f"{seconds:.3g} s" if seconds < 60 else f"{minutes}:{left:02d} min"


def read_middle(path: Path, limits: Limits = ANY_LENGTH) -> tuple[Samples, int, float]:
    """Return a minute from the middle of a file, (n, channels), its rate in Hz, and all seconds.

    Raises
    ------
    InputError
        If the file cannot be read as sound, is longer or shorter than the limits say, is silent,
        or holds samples that are no numbers.
    """
    import soundfile

    try:
        try:
            samples, rate_hz, seconds = _middle_by_libsndfile(path, limits)
        except (soundfile.LibsndfileError, TypeError):  # a TypeError for what ends in .raw
            samples, rate_hz, seconds = _middle_by_ffmpeg(path, limits)
    except InputError:
        raise
    except PermissionError as error:
        raise InputError("may not be read; change its permissions") from error
    except (UnknownFormatError, OSError, soundfile.SoundFileError, ValueError) as error:
        raise InputError("is damaged, or not the kind of sound that its name says") from error
    except MediaError as error:
        raise InputError(str(error)) from error
    if len(samples) < LEAST_SECONDS * rate_hz:
        raise InputError(f"holds {len(samples) / rate_hz:.1f} s of sound, too little for music")
    if not np.isfinite(samples).all():
        raise InputError("holds samples that are not numbers")
    if float(np.sqrt(np.mean(samples**2, axis=0).max())) < SILENCE_RMS:
        raise InputError("is silent")
    return samples, rate_hz, seconds


def _middle_by_libsndfile(path: Path, limits: Limits) -> tuple[Samples, int, float]:
    import soundfile

    with soundfile.SoundFile(path) as file:
        rate_hz, n = file.samplerate, file.frames
        limits.check(n / rate_hz)
        wanted = int(READ_SECONDS * rate_hz)
        if n > wanted:
            file.seek((n - wanted) // 2)
        return file.read(wanted, dtype="float32", always_2d=True), rate_hz, n / rate_hz


def _middle_by_ffmpeg(path: Path, limits: Limits) -> tuple[Samples, int, float]:
    sound = MediaSound(path)
    limits.check(sound.duration_seconds)
    wanted = int(READ_SECONDS * sound.sample_rate_hz)
    start_seconds = max(0.0, (sound.duration_seconds - READ_SECONDS) / 2)
    # A block is all that is wanted, or what comes before the number of channels changes.
    samples = next(sound.blocks(wanted, start_seconds=start_seconds), np.zeros((0, 1), np.float32))
    return samples, sound.sample_rate_hz, sound.duration_seconds


def mono(samples: Samples) -> Samples:
    """Return the mean of the channels, or the loudest where they cancel each other, (n,)."""
    mean = samples.mean(axis=1)
    powers = np.mean(samples**2, axis=0)
    if float(np.mean(mean**2)) < CANCELLED * float(powers.max()) / samples.shape[1]:
        mean = samples[:, int(powers.argmax())]
    return np.ascontiguousarray(mean)


def loudness(samples: Samples, rate_hz: int) -> float:
    """Return the integrated loudness (ITU-R BS.1770-4) of (n, channels), LUFS.

    One channel counts as it is heard, from two speakers; of more than five the loudest five count.
    """
    import pyloudnorm

    if samples.shape[1] > MEASURED_CHANNELS:
        powers = np.mean(samples**2, axis=0)
        samples = samples[:, np.sort(np.argsort(powers)[-MEASURED_CHANNELS:])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing above the gate
        found = float(pyloudnorm.Meter(rate_hz).integrated_loudness(samples))
    if samples.shape[1] == 1:
        found += BOTH_SPEAKERS_DB
    return max(found, QUIETEST_LUFS) if np.isfinite(found) else QUIETEST_LUFS
