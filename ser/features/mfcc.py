"""From samples to the matrix that the network reads: MFCC, chroma, and their deltas.

The conventions are librosa's: the frames are those of ``librosa.stft(center=True)``, the MFCCs
equal ``librosa.feature.mfcc`` of ``librosa.power_to_db(mel, top_db=dynamic_range_db)`` and the
chroma ``librosa.feature.chroma_stft`` to 1e-3 (a test holds this). librosa makes the filter banks
once, when a model is trained; they are saved with the model. Serving needs NumPy alone, starts
without librosa's import time, and does not change when librosa does.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ser.settings import FeatureSettings, Matrix, Samples

AMPLITUDE_FLOOR = 1e-10  # power; librosa.power_to_db's `amin`, so that a log survives zeros
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 65.0, 600.0  # a low man's voice to a scream
MIDDLE_PITCH_HZ = 150.0  # between men's and women's usual pitch
OCTAVE_COST = 0.02  # per octave of lag: of two equal peaks the shorter period is the pitch

# What is computed at once. All frames of a window together would ask the system for megabytes of
# fresh memory each time, which costs more than the arithmetic.
FRAMES_PER_BLOCK = 32


def make_filter_banks(settings: FeatureSettings) -> dict[str, Matrix]:
    """Return the mel and chroma filter banks of librosa (needs the ``train`` extra).

    Returns
    -------
    dict
        ``mel`` of shape (n_mels, 1 + n_fft // 2) and ``chroma`` of shape
        (n_chroma, 1 + n_fft // 2), float32.
    """
    import librosa

    mel = librosa.filters.mel(
        sr=settings.sample_rate_hz, n_fft=settings.n_fft, n_mels=settings.n_mels
    )
    chroma = np.zeros((0, 1 + settings.n_fft // 2), np.float32)
    if settings.n_chroma:
        chroma = librosa.filters.chroma(
            sr=settings.sample_rate_hz, n_fft=settings.n_fft, n_chroma=settings.n_chroma
        )
    return {"mel": mel.astype(np.float32), "chroma": chroma.astype(np.float32)}


class FeatureExtractor:
    """Turns a window of samples into a feature matrix.

    Parameters
    ----------
    settings
        Rates and sizes.
    filter_banks
        As `make_filter_banks` returns them; shapes must fit the settings.

    Raises
    ------
    ValueError
        If a filter bank does not fit the settings.
    """

    def __init__(self, settings: FeatureSettings, filter_banks: dict[str, Matrix]) -> None:
        bins = 1 + settings.n_fft // 2
        for name, rows in (("mel", settings.n_mels), ("chroma", settings.n_chroma)):
            if filter_banks[name].shape != (rows, bins):
                raise ValueError(
                    f"filter bank {name} has shape {filter_banks[name].shape}, "
                    f"the settings ask for {(rows, bins)}"
                )
        self.settings = settings
        self.filter_banks = filter_banks

    @cached_property
    def _hann(self) -> Samples:
        # Periodic, as scipy.signal.get_window(fftbins=True) gives it to librosa.
        return np.hanning(self.settings.n_fft + 1)[:-1].astype(np.float32)

    @cached_property
    def _dct(self) -> Matrix:
        # Orthonormal DCT-II, the convention of librosa.feature.mfcc.
        n = self.settings.n_mels
        rows = np.arange(self.settings.n_mfcc)[:, None]
        basis = np.cos(np.pi * rows * (2 * np.arange(n) + 1) / (2 * n)) * np.sqrt(2 / n)
        basis[0] /= np.sqrt(2)
        return basis.astype(np.float32)

    def power_spectrogram(self, samples: Samples) -> Matrix:
        """Return |STFT|^2 of shape (1 + n_fft // 2, n_frames)."""
        n_fft, hop = self.settings.n_fft, self.settings.hop_length
        padded = np.pad(np.asarray(samples, np.float32), n_fft // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
        power = np.empty((len(frames), 1 + n_fft // 2), np.float32)
        for block in _blocks(len(frames)):
            spectrum = np.fft.rfft(frames[block] * self._hann, axis=1)
            power[block] = np.square(spectrum.real) + np.square(spectrum.imag)
        return power.T

    def mfcc(self, power: Matrix) -> Matrix:
        """Return MFCCs of shape (n_mfcc, n_frames) from a power spectrogram."""
        mel_power = self.filter_banks["mel"] @ power
        decibel = 10.0 * np.log10(np.maximum(mel_power, AMPLITUDE_FLOOR))
        decibel = np.maximum(decibel, decibel.max() - self.settings.dynamic_range_db)
        return (self._dct @ decibel).astype(np.float32)

    def chroma(self, power: Matrix) -> Matrix:
        """Return chroma of shape (n_chroma, n_frames); each frame's largest value is 1."""
        raw = self.filter_banks["chroma"] @ power
        largest = np.abs(raw).max(axis=0, keepdims=True)
        tiny = np.finfo(np.float32).tiny
        return (raw / np.where(largest < tiny, 1.0, largest)).astype(np.float32)

    @cached_property
    def _window_autocorrelation(self) -> NDArray[np.float64]:
        power = np.abs(np.fft.rfft(self._hann)) ** 2
        correlation = np.fft.irfft(power, self.settings.n_fft)
        return correlation / correlation[0]

    def pitch(self, power: Matrix) -> Matrix:
        """Return the pitch contour and the strength of voicing, shape (2, n_frames).

        The autocorrelation of each frame, divided by that of the window (Boersma 1993), has its
        highest peak at the period. Row 0 is log2(pitch / 150 Hz) times the strength, so that it
        fades to 0 where there is no voice; row 1 is the strength, 0 (noise) to 1 (a pure tone).
        """
        n_fft, rate = self.settings.n_fft, self.settings.sample_rate_hz
        lags = np.arange(
            round(rate / HIGHEST_PITCH_HZ), min(round(rate / LOWEST_PITCH_HZ), n_fft // 2)
        )
        within = slice(lags[0], lags[-1] + 1)
        cost = OCTAVE_COST * np.log2(lags / lags[0])
        contour = np.empty((2, power.shape[1]), np.float32)
        for block in _blocks(power.shape[1]):
            correlation = np.fft.irfft(power.T[block], n_fft)
            energy = np.maximum(correlation[:, :1], np.finfo(np.float32).tiny)
            strength = correlation[:, within] / energy / self._window_autocorrelation[within]
            best = np.argmax(strength - cost, axis=1)
            voiced = np.clip(np.take_along_axis(strength, best[:, None], axis=1)[:, 0], 0.0, 1.0)
            octaves = np.log2(rate / lags[best] / MIDDLE_PITCH_HZ)
            contour[:, block] = octaves * voiced, voiced
        return contour

    def __call__(self, samples: Samples) -> Matrix:
        """Return the features of one window.

        Parameters
        ----------
        samples
            Mono samples at the settings' rate, trimmed, at most one window long.

        Returns
        -------
        ndarray
            float32 of shape (n_frames, n_features): MFCCs, chroma, pitch, then their deltas.
        """
        if self.settings.level_free:
            samples = scale_to_reference_level(samples)
        power = self.power_spectrogram(samples)
        static = self.mfcc(power)
        if self.settings.n_chroma:
            static = np.concatenate([static, self.chroma(power)])
        if self.settings.pitch:
            static = np.concatenate([static, self.pitch(power)])
        if self.settings.delta_width:
            static = np.concatenate([static, delta(static, self.settings.delta_width)])
        return np.ascontiguousarray(static.T)


def new_extractor(settings: FeatureSettings | None = None) -> FeatureExtractor:
    """Return feature extraction with fresh filter banks (needs the ``train`` extra).

    The settings are the shipped ones unless others are given.
    """
    settings = settings or FeatureSettings()
    return FeatureExtractor(settings, make_filter_banks(settings))


def _blocks(n_frames: int) -> Iterator[slice]:
    for start in range(0, n_frames, FRAMES_PER_BLOCK):
        yield slice(start, start + FRAMES_PER_BLOCK)


REFERENCE_RMS = 0.1  # -20 dBFS, an ordinary level of speech in a recording


def scale_to_reference_level(samples: Samples) -> Samples:
    """Return the samples scaled to an RMS of `REFERENCE_RMS` (silence stays silence)."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples if rms == 0.0 else (samples * np.float32(REFERENCE_RMS / rms))


def delta(static: Matrix, width: int) -> Matrix:
    """Return the slope of every row, by linear regression over `width` frames.

    Equals ``librosa.feature.delta(static, width=width)`` (its edges, too: there the slope of the
    first and the last full regression holds). Fewer frames than `width` use the widest odd
    regression that fits; a single frame has slope 0.

    Parameters
    ----------
    static
        Shape (n_rows, n_frames).
    width
        Odd number of frames, at least 3.
    """
    n_frames = static.shape[1]
    if n_frames < width:
        width = n_frames if n_frames % 2 else n_frames - 1
    if width < 3:
        return np.zeros_like(static)
    half = width // 2
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(static, width, axis=1)
    slopes = frames @ (offsets / np.square(offsets).sum())
    return np.pad(slopes, ((0, 0), (half, half)), mode="edge").astype(np.float32)


def pad(features: Sequence[Matrix], n_frames: int | None = None) -> tuple[Matrix, Matrix]:
    """Return a batch (n, frames, n_features) and its mask (n, frames), zero where padded."""
    longest = n_frames or max(len(matrix) for matrix in features)
    batch = np.zeros((len(features), longest, features[0].shape[1]), np.float32)
    mask = np.zeros((len(features), longest), np.float32)
    for row, matrix in enumerate(features):
        batch[row, : len(matrix)] = matrix
        mask[row, : len(matrix)] = 1.0
    return batch, mask
