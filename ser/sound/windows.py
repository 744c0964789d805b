"""From the sound of a recording, as it comes in, to the windows that the network judges.

A recording whose sound, from its first to its last loud frame, fits into one window is that one
window, from which what is faint and away from speech is cut: so the network was trained. In a
longer one, voice activity finds the stretches of speech
between pauses; a stretch that fits is one window, a longer one gives overlapping windows. All of
it happens in one pass that never looks ahead, so a stream gives the windows of the whole file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from ser.settings import Samples, WindowSettings
from ser.sound.audio import SILENT_DBFS, Recording, frame_levels_db
from ser.sound.noise_level import NoiseLevel
from ser.sound.voice_activity import (
    FRAME_LENGTH,
    FRAME_SECONDS,
    SAMPLE_RATE_HZ,
    VoiceActivity,
    spoken,
)

PAUSE_SECONDS = 0.6  # 99 % of the gaps inside the sentences of RAVDESS and CREMA-D are shorter
MARGIN_SECONDS = 0.1  # voice activity begins this much after the level does, in the median
# Beside speech (to its left and right, further than the margin) only what is about as loud as the
# loudest of it is kept: noise is not, and a scream that is not taken for speech is. Of the clips
# of RAVDESS 2 % lose more than a twelfth of their length by it. With white noise 10 dB under the
# speech they come out an eighth longer in the median; were the limit 20 dB, twice as long.
BESIDE_SPEECH_DB = 8.0
SHORTEST_SPEECH_SECONDS = 0.25  # a stretch with less holds no syllable to judge


@dataclass(frozen=True)
class Window:
    """A stretch of a recording.

    Attributes
    ----------
    start_seconds, end_seconds
        Place in the recording.
    samples
        Mono float32 at the model's rate.
    speech_seconds
        How long somebody speaks in it.
    new_speech_seconds
        How much of that no earlier window holds.
    stretch
        Number of the stretch of speech that it is cut from; windows of one stretch overlap.
    speech_to_noise_db
        How far the recording's noise lay under its speech until then (`ser.sound.noise_level`).
    """

    start_seconds: float
    end_seconds: float
    samples: Samples
    speech_seconds: float
    new_speech_seconds: float
    stretch: int
    speech_to_noise_db: float = math.inf


class WindowCutter:
    """Cuts one recording into windows while it comes in.

    Parameters
    ----------
    settings
        Rates and lengths; the rate must be that of voice activity.
    name
        What to call the recording in a message.

    Raises
    ------
    ValueError
        If the settings have another rate than voice activity.
    """

    def __init__(self, settings: WindowSettings, name: str) -> None:
        if settings.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(
                f"voice activity hears {SAMPLE_RATE_HZ} Hz, not {settings.sample_rate_hz} Hz"
            )
        self.settings = settings
        self.name = name
        # Chunks begin where frames of both kinds do, whatever the blocks are.
        step = math.lcm(FRAME_LENGTH, settings.level_length)
        self._chunk_length = -(-settings.sample_rate_hz // step) * step
        self._activity = VoiceActivity()
        self._noise = NoiseLevel()
        self._stretches = _Stretches(settings)
        self._whole = _WholeSound(settings)
        self._rest = np.zeros(0, np.float32)
        self._n_frames = 0
        self._speaking = False
        self._held: list[Window] = []
        self._spoken: list[int] = []
        self._n_given = 0

    @property
    def at_once(self) -> bool:
        """Whether all sound so far fits into one window; until it does not, none is given."""
        return self._whole.fits

    @property
    def sound_seconds(self) -> float:
        """How long the recording was above the silence threshold."""
        return self._whole.n_loud * self.settings.level_length / self.settings.sample_rate_hz

    def feed(self, samples: Samples) -> list[Window]:
        """Take the next samples, of any number, and return the windows that are now complete."""
        waiting = np.concatenate([self._rest, samples])
        windows: list[Window] = []
        start = 0
        while start + self._chunk_length <= len(waiting):
            windows += self._advance(waiting[start : start + self._chunk_length])
            start += self._chunk_length
        self._rest = waiting[start:].copy()  # not a view, which would keep the block
        return windows

    def finish(self) -> list[Window]:
        """Return the windows that end with the recording.

        A recording without speech still gives one window: its first sound.

        Raises
        ------
        InputError
            If nothing in the recording is louder than `SILENT_DBFS`.
        """
        windows = self._advance(self._rest) if len(self._rest) else []
        if self._whole.loudest_db < SILENT_DBFS:
            raise InputError(
                f"{self.name}: is silent (nothing above {SILENT_DBFS:.0f} dBFS); "
                "check the microphone and record again"
            )
        if not self.at_once:
            windows += self._with_noise(self._stretches.finish())
            self._n_given += len(windows)
        return windows if self._n_given else self._with_noise([self._first_window()])

    def _advance(self, chunk: Samples) -> list[Window]:
        spoken = self._frames_with_speech(chunk)
        windows = self._with_noise(self._stretches.feed(chunk, spoken))
        was_at_once = self.at_once
        self._whole.feed(chunk)
        if was_at_once:
            # What turned out to be silence beside later sound is forgotten.
            start = self._whole.start
            rate = self.settings.sample_rate_hz
            self._spoken = [n for n in self._spoken + spoken if n * FRAME_LENGTH >= start]
            self._held = [w for w in self._held + windows if w.end_seconds * rate > start]
            windows = [] if self.at_once else self._held
        self._n_given += len(windows)
        return windows

    def _with_noise(self, windows: list[Window]) -> list[Window]:
        ratio_db = self._noise.speech_to_noise_db
        return [replace(window, speech_to_noise_db=ratio_db) for window in windows]

    def _frames_with_speech(self, chunk: Samples) -> list[int]:
        probabilities = self._activity(chunk)
        self._noise.feed(chunk, probabilities)
        frames = spoken(probabilities.tolist(), self._speaking)
        numbers = [number for number, is_speech in enumerate(frames, self._n_frames) if is_speech]
        self._speaking, self._n_frames = frames[-1], self._n_frames + len(frames)
        return numbers

    def _first_window(self) -> Window:
        if self.at_once and self._spoken:
            margin = round(MARGIN_SECONDS * self.settings.sample_rate_hz)
            self._whole.narrow(
                self._spoken[0] * FRAME_LENGTH - margin,
                (self._spoken[-1] + 1) * FRAME_LENGTH + margin,
            )
        start, samples = self._whole.start, self._whole.first_window()
        end = start + len(samples)
        heard = self._spoken if self.at_once else []  # no stretch was long enough to be speech
        speech = sum(n * FRAME_LENGTH < end for n in heard) * FRAME_SECONDS
        rate = self.settings.sample_rate_hz
        return Window(start / rate, end / rate, samples, speech, speech, 0)


class _WholeSound:
    """The sound between leading and trailing silence, kept while it fits into one window.

    The threshold hangs on the loudest frame, so that gain changes nothing, and only rises: a
    frame that was silent stays so.
    """

    def __init__(self, settings: WindowSettings) -> None:
        self._settings = settings
        self.fits = True
        self.loudest_db = -np.inf
        self.n_loud = 0
        self.start, self._end = 0, 0
        self._loud = np.zeros(0, np.int64)  # numbers of the loud frames, and their levels
        self._loud_db = np.zeros(0)
        self._n_samples = 0
        self._buffer, self._offset = np.zeros(0, np.float32), 0
        self._last_frame = np.zeros(0, np.float32)

    def feed(self, chunk: Samples) -> None:
        hop = self._settings.level_length
        level_db = frame_levels_db(chunk, hop)
        self.loudest_db = max(self.loudest_db, float(level_db.max()))
        threshold_db = self.loudest_db - self._settings.trim_db
        if self.loudest_db < SILENT_DBFS:
            threshold_db = np.inf  # there has been no sound yet
        self.n_loud += int((level_db >= threshold_db).sum())
        if not self.fits:
            return
        numbers = np.concatenate([self._loud, self._n_samples // hop + np.arange(len(level_db))])
        level_db = np.concatenate([self._loud_db, level_db])
        loud = level_db >= threshold_db
        self._loud, self._loud_db = numbers[loud], level_db[loud]
        chunk_start, self._n_samples = self._n_samples, self._n_samples + len(chunk)
        self._bound(self._loud)
        self._keep(chunk, chunk_start)
        self.fits = self._end - self.start <= self._settings.window_length

    def _bound(self, loud: NDArray[np.int64]) -> None:
        # A frame of margin on both sides keeps soft consonants and the decay of the last vowel.
        hop = self._settings.level_length
        if not len(loud):
            self.start = self._end = self._n_samples
            return
        self.start = max(int(loud[0]) - 1, 0) * hop
        self._end = min((int(loud[-1]) + 2) * hop, self._n_samples)

    def narrow(self, first: int, last: int) -> None:
        """Cut off what is faint before sample `first` and from sample `last` on."""
        hop = self._settings.level_length
        near = ((self._loud + 1) * hop > first) & (self._loud * hop < last)
        start = self.start
        self._bound(self._loud[near | (self._loud_db >= self.loudest_db - BESIDE_SPEECH_DB)])
        self._buffer, self._offset = self._buffer[self.start - start :], self.start

    def _keep(self, chunk: Samples, chunk_start: int) -> None:
        """Keep what the window may need: from its start on, and not more than two windows.

        All sound so far ends within a window of its start; should its beginning become silent
        beside later sound, the window still ends within the next. Sound after that either makes
        all before it silent, and begins anew, or does not fit.
        """
        longest = 2 * self._settings.window_length
        if self.start >= chunk_start - len(self._last_frame):
            self._buffer = np.concatenate([self._last_frame, chunk])
            self._offset = chunk_start - len(self._last_frame)
        elif self._offset + len(self._buffer) == chunk_start <= self.start + longest:
            self._buffer = np.concatenate([self._buffer, chunk])
        passed = max(self.start - self._offset, 0)
        self._buffer, self._offset = self._buffer[passed:].copy(), self._offset + passed
        self._last_frame = chunk[-self._settings.level_length :].copy()

    def first_window(self) -> Samples:
        """Return the sound, or its first window if it does not fit."""
        return self._buffer[: min(self._end - self.start, self._settings.window_length)]


class _Stretches:
    """Cuts the speech between pauses into windows."""

    def __init__(self, settings: WindowSettings) -> None:
        rate = settings.sample_rate_hz
        self._rate = rate
        self._length = settings.window_length
        self._hop = round(settings.window_hop_seconds * rate)
        self._margin = round(MARGIN_SECONDS * rate)
        self._pause = round(PAUSE_SECONDS / FRAME_SECONDS)
        self._buffer, self._offset = np.zeros(0, np.float32), 0
        self._number = 0  # of the stretch
        self._frames: list[int] = []  # with speech, those that a window to come may hold
        self._start = 0  # of the stretch
        self._next = 0  # start of its next window
        self._heard = 0  # frames before this one lie in an earlier window

    def feed(self, chunk: Samples, spoken: list[int]) -> list[Window]:
        """Take the next chunk and the numbers of its frames with speech."""
        self._buffer = np.concatenate([self._buffer, chunk])
        n_samples = self._offset + len(self._buffer)
        windows: list[Window] = []
        for number in spoken:
            if self._frames and number - self._frames[-1] > self._pause:
                windows += self._close()
            if not self._frames:
                self._start = self._next = max(number * FRAME_LENGTH - self._margin, 0)
            self._frames.append(number)
            while self._next + self._length < (number + 1) * FRAME_LENGTH:
                windows.append(self._cut(self._next, self._next + self._length))
                self._next += self._hop
        if self._frames and n_samples // FRAME_LENGTH - self._frames[-1] > self._pause:
            windows += self._close()
        # The last window of a stretch may begin up to a hop before its next one would.
        keep = (
            max(self._next - self._hop, self._start) if self._frames else n_samples - self._margin
        )
        passed = max(keep - self._offset, 0)
        self._buffer, self._offset = self._buffer[passed:].copy(), self._offset + passed
        kept = [number for number in self._frames if number * FRAME_LENGTH >= keep]
        self._frames = kept or self._frames[-1:]
        return windows

    def finish(self) -> list[Window]:
        """Return the windows of a stretch that ends with the recording."""
        return self._close() if self._frames else []

    def _close(self) -> list[Window]:
        spoken_until = (self._frames[-1] + 1) * FRAME_LENGTH
        end = min(spoken_until + self._margin, self._offset + len(self._buffer))
        windows = []
        while self._next + self._length < end:
            windows.append(self._cut(self._next, self._next + self._length))
            self._next += self._hop
        windows.append(self._cut(max(end - self._length, self._start), end))
        self._frames = []
        self._number += 1
        return [w for w in windows if w.speech_seconds >= SHORTEST_SPEECH_SECONDS]

    def _cut(self, start: int, end: int) -> Window:
        inside = [n for n in self._frames if start <= n * FRAME_LENGTH < end]
        new = sum(n >= self._heard for n in inside)
        self._heard = max(self._heard, inside[-1] + 1)
        return Window(
            start / self._rate,
            end / self._rate,
            self._buffer[start - self._offset : end - self._offset].copy(),
            len(inside) * FRAME_SECONDS,
            new * FRAME_SECONDS,
            self._number,
        )


def cut(recording: Recording, settings: WindowSettings) -> Iterator[Window]:
    """Yield the windows of a recording.

    Raises
    ------
    InputError
        If the recording is silent or cannot be read to its end.
    """
    cutter = WindowCutter(settings, recording.name)
    for block in recording.blocks(settings.sample_rate_hz):
        yield from cutter.feed(block)
    yield from cutter.finish()


LONGEST_CLIP_SECONDS = 60.0


def trimmed(recording: Recording, settings: WindowSettings) -> Samples:
    """Return the sound of a clip for training: the window that it is, however long that be.

    Raises
    ------
    InputError
        If the clip cannot be read, is silent, or holds more than a minute of sound.
    """
    windows = list(cut(recording, replace(settings, window_seconds=LONGEST_CLIP_SECONDS)))
    if len(windows) > 1:
        raise InputError(f"{recording.name}: is no clip to train on: it is longer than a minute")
    return windows[0].samples
