"""How far the noise of a recording lies under its speech, while the sound comes in.

Voice activity (`ser.sound.voice_activity`) says where somebody speaks; what is away from there is
noise. The ratio of their powers is what `ser.features.augment.add_noise` sets: with noise from
ESC-10 added 10 or 20 dB under the speech, 480 clips of RAVDESS measure 10.4 and 19.8 dB in the
median, as recorded 46 dB.

A clip that was cut to its speech has no place away from it. There the noise is what is left in each
band of frequencies at the faintest moment (Martin 2001, minimum statistics): speech is never loud
in all bands at once, noise that goes on is. 493 clips of RAVDESS, EmoDB and nEMO that were cut
measure 9.8 and 19.0 dB in the median with white noise 10 and 20 dB under them, and 1 % are below 25
dB as recorded; a bark that is over is not found this way.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ser.settings import Samples
from ser.sound.audio import frame_levels_db
from ser.sound.voice_activity import FRAME_LENGTH, FRAME_SECONDS, SPEECH_BEGINS

SURELY_SPEECH_FROM = 0.6  # probability of speech
NEAR_FRAMES = 8  # 0.26 s before and after speech: what a room gives back of it is no noise
LEAST_FRAMES = 4  # of noise, an eighth of a second; less says nothing
HALF_LIFE_SECONDS = 30.0  # so that a long recording has the noise of its present
N_BANDS = 8  # of a kilohertz each; with narrower ones a minimum is lower by more of chance
MINIMA_FRAMES = (47, 128)  # 1.5 s at least, as in Martin 2001, and 4 s, the latest
# With two frames beside or between words. From the middle of speech, where there are none, every
# minimum holds voice: 40 % of clean stretches of 1.5 s would be taken for noisy, with them 6 %.
LEAST_FREE_FRAMES = 2
FLOOR = 1e-11  # power of digital silence, whatever the microphone heard, or of nearly that
_WINDOW = np.hanning(FRAME_LENGTH + 1)[:-1]
_TO_POWER = 2 / (FRAME_LENGTH * np.square(_WINDOW).sum())  # sums to the mean square of the samples


class NoiseLevel:
    """Measures one recording, chunk by chunk; the result depends on where chunks begin."""

    def __init__(self) -> None:
        self._speech = self._noise = np.zeros(2)  # sum of powers, and number of frames
        self._powers = self._probabilities = np.zeros(0)
        self._n_decided = 0  # of the frames that are kept
        self._bands = np.zeros((0, N_BANDS))  # powers in the latest frames, and where they are free
        self._free = np.zeros(0, bool)

    def feed(self, samples: Samples, probabilities: NDArray[np.floating]) -> None:
        """Take the next frames.

        Parameters
        ----------
        samples
            Mono at the rate of voice activity, from the beginning of a frame.
        probabilities
            Of speech in each frame, shape (n_frames,).
        """
        levels_db = frame_levels_db(samples, FRAME_LENGTH)
        self._feed_bands(samples, levels_db, probabilities)
        fading = 0.5 ** (len(levels_db) * FRAME_SECONDS / HALF_LIFE_SECONDS)
        powers = 10.0 ** (levels_db / 10)
        self._speech = fading * self._speech + _sum(powers[probabilities >= SURELY_SPEECH_FROM])
        self._powers = np.concatenate([self._powers, powers])
        self._probabilities = np.concatenate([self._probabilities, probabilities])
        spoken = self._probabilities >= SPEECH_BEGINS
        near = np.convolve(spoken, np.ones(2 * NEAR_FRAMES + 1))[NEAR_FRAMES:-NEAR_FRAMES] > 0
        n_decided = max(len(near) - NEAR_FRAMES, self._n_decided)  # the rest waits for what follows
        new = slice(self._n_decided, n_decided)
        self._noise = fading * self._noise + _sum(self._powers[new][~near[new]])
        passed = max(n_decided - NEAR_FRAMES, 0)
        self._powers, self._probabilities = self._powers[passed:], self._probabilities[passed:]
        self._n_decided = n_decided - passed

    def _feed_bands(
        self,
        samples: Samples,
        levels_db: NDArray[np.float64],
        probabilities: NDArray[np.floating],
    ) -> None:
        n_whole = len(samples) // FRAME_LENGTH
        heard = levels_db[:n_whole] > 10 * math.log10(FLOOR)
        frames = samples[: n_whole * FRAME_LENGTH].reshape(-1, FRAME_LENGTH)[heard]
        powers = np.abs(np.fft.rfft(frames * _WINDOW)[:, 1:]) ** 2 * _TO_POWER
        bands = powers.reshape(-1, N_BANDS, FRAME_LENGTH // 2 // N_BANDS).sum(axis=2)
        free = probabilities[:n_whole][heard] < SURELY_SPEECH_FROM
        self._bands = np.concatenate([self._bands, bands])[-MINIMA_FRAMES[1] :]
        self._free = np.concatenate([self._free, free])[-MINIMA_FRAMES[1] :]

    @property
    def speech_to_noise_db(self) -> float:
        """Power of the speech over that of the noise so far; infinite where one is missing."""
        (speech, n_speech), (noise, n_noise) = self._speech, self._noise
        noise_power = noise / n_noise if n_noise >= LEAST_FRAMES else 0.0
        if noise_power < FLOOR:
            noise_power = self._power_of_minima()
        if n_speech == 0 or noise_power < FLOOR:
            return math.inf
        return float(10 * np.log10((speech / n_speech) / noise_power))

    def _power_of_minima(self) -> float:
        if self._free.sum() < LEAST_FREE_FRAMES or len(self._free) < MINIMA_FRAMES[0]:
            return 0.0
        return float(self._bands.min(axis=0).sum()) / minimum_of_noise(len(self._bands))


def minimum_of_noise(n_frames: int) -> float:
    """Return the share of its power at which steady noise is faintest in a band, in the mean.

    Fitted to white noise, for 32 to 128 frames.
    """
    return 0.84 - 0.05 * math.log2(n_frames)


def _sum(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([powers.sum(), len(powers)])
