"""Augmentation of training clips, on the waveform and on the features.

Only `ser.train` calls this, with the clips of training actors: augmentation comes after the
split, so no copy of a test clip can be on the training side. Every function takes its random
generator and is reproducible by its seed.
"""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal

from ser.features import Matrix, Samples


@dataclass(frozen=True)
class AugmentSettings:
    """What is varied, and how much.

    Attributes
    ----------
    speed_factors
        Each clip is also heard at these speeds (tempo and pitch change together, as on a tape).
    noise_snr_db
        Range of the signal-to-noise ratio of the copy with coloured noise; None for none.
    band_hz
        The band-limited copy keeps what lies between a random lower edge, up to the first figure,
        and a random upper edge from the second figure on; None for no such copy. (300, 3400) is
        the telephone at its narrowest.
    reverberation_seconds
        Range of the reverberation time (RT60) of the copy in a room; None for none.
    n_time_masks, max_time_mask
        SpecAugment (Park et al. 2019): stretches of time set to the mean, and the longest share
        of the clip that one covers.
    n_feature_masks, max_feature_mask
        The same across features, in columns.
    mixup_alpha
        Beta distribution of mixup (Zhang et al. 2018); 0 for none.
    """

    speed_factors: tuple[float, ...] = (0.85, 0.92, 1.08, 1.15)
    noise_snr_db: tuple[float, float] | None = (5.0, 30.0)
    band_hz: tuple[float, float] | None = (300.0, 3400.0)
    reverberation_seconds: tuple[float, float] | None = (0.15, 0.6)
    n_time_masks: int = 2
    max_time_mask: float = 0.15
    n_feature_masks: int = 2
    max_feature_mask: int = 8
    mixup_alpha: float = 0.2


def change_speed(samples: Samples, factor: float) -> Samples:
    """Return the clip played `factor` times as fast, pitch included."""
    return soxr.resample(samples, 1000 * factor, 1000).astype(np.float32)


def add_noise(samples: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
    """Return the clip with noise whose spectrum falls by a random 0-6 dB per octave.

    White noise is a hiss, -6 dB per octave a rumble: microphones and rooms lie between.
    """
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    slope = rng.uniform(0.0, 1.0)
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** slope
    noise = np.fft.irfft(spectrum, len(samples))
    scale = np.sqrt(np.mean(samples**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return (samples + scale * noise).astype(np.float32)


def limit_band(samples: Samples, low_hz: float, high_hz: float, sample_rate_hz: int) -> Samples:
    """Return the clip with only the band between two edges left (Butterworth, 8th order)."""
    edges = (low_hz, min(high_hz, 0.49 * sample_rate_hz))
    sections = signal.butter(4, edges, "bandpass", fs=sample_rate_hz, output="sos")
    return signal.sosfilt(sections, samples).astype(np.float32)


def reverberate(
    samples: Samples, seconds: float, sample_rate_hz: int, rng: np.random.Generator
) -> Samples:
    """Return the clip as in a room that falls by 60 dB in `seconds`, cut to its length.

    The room is noise that decays exponentially (Polack 1988), half to twice as strong as the
    direct sound: a laptop an arm's length to some metres away.
    """
    n_taps = max(1, round(seconds * sample_rate_hz))
    tail = rng.standard_normal(n_taps) * 10 ** (-3.0 * np.arange(n_taps) / n_taps)
    tail[0] = 0.0
    tail *= rng.uniform(0.5, 1.4) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return signal.fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def waveform_variants(
    samples: Samples,
    settings: AugmentSettings,
    rng: np.random.Generator,
    sample_rate_hz: int = 16_000,
) -> list[Samples]:
    """Return the clip itself and its augmented copies."""
    variants = [samples]
    variants += [change_speed(samples, factor) for factor in settings.speed_factors]
    if settings.noise_snr_db:
        variants.append(add_noise(samples, rng.uniform(*settings.noise_snr_db), rng))
    if settings.band_hz:
        low = np.exp(rng.uniform(np.log(50.0), np.log(settings.band_hz[0])))
        high = np.exp(rng.uniform(np.log(settings.band_hz[1]), np.log(0.49 * sample_rate_hz)))
        variants.append(limit_band(samples, low, high, sample_rate_hz))
    if settings.reverberation_seconds:
        room = rng.uniform(*settings.reverberation_seconds)
        variants.append(reverberate(samples, room, sample_rate_hz, rng))
    return variants


def spec_augment(
    features: Matrix, fill: Matrix, settings: AugmentSettings, rng: np.random.Generator
) -> Matrix:
    """Return a copy with random stretches of time and of features set to `fill`.

    Parameters
    ----------
    features
        Shape (n_frames, n_features).
    fill
        Shape (n_features,): the training mean, which the network sees as zero.
    settings, rng
        How much, and the source of chance.
    """
    masked = features.copy()
    n_frames, n_features = features.shape
    for _ in range(settings.n_time_masks):
        width = int(rng.integers(0, max(1, int(settings.max_time_mask * n_frames)) + 1))
        start = int(rng.integers(0, n_frames - width + 1))
        masked[start : start + width] = fill
    for _ in range(settings.n_feature_masks):
        width = int(rng.integers(0, settings.max_feature_mask + 1))
        start = int(rng.integers(0, n_features - width + 1))
        masked[:, start : start + width] = fill[start : start + width]
    return masked


def mixup(
    batch: Matrix,
    mask: Matrix,
    targets: Matrix,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[Matrix, Matrix, Matrix]:
    """Blend every example of a batch with another one.

    Parameters
    ----------
    batch, mask, targets
        Shapes (n, frames, features), (n, frames), (n, 8).
    alpha
        Both parameters of the Beta distribution of the blend.
    rng
        Source of chance.

    Returns
    -------
    tuple
        Blended batch and targets; a frame counts if either example has it.
    """
    share = rng.beta(alpha, alpha, len(batch)).astype(np.float32)
    share = np.maximum(share, 1 - share)  # the example itself stays the larger part
    other = rng.permutation(len(batch))
    column: NDArray[np.float32] = share[:, None]
    return (
        column[..., None] * batch + (1 - column[..., None]) * batch[other],
        np.maximum(mask, mask[other]),
        column * targets + (1 - column) * targets[other],
    )
