"""Augmentation of training clips, on the waveform and on the features.

Only `ser.training.train` calls this, with the clips of training actors: augmentation comes after
the split, so no copy of a test clip can be on the training side. Every function takes its random
generator and is reproducible by its seed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal

from ser.settings import Matrix, Samples
from ser.sound.audio import speech_rms

HARMED = ("noise", "band", "room")  # kinds of copies


@dataclass(frozen=True)
class AugmentSettings:
    """What is varied, and how much.

    Attributes
    ----------
    speed_factors
        Each clip is also heard at these speeds (tempo and pitch change together, as on a tape).
        Every further copy is made of the clip at one of them, or of the clip itself.
    n_noisy
        Copies with noise, see `some_noise`.
    noise_snr_db
        Range of their signal-to-noise ratio.
    n_band_limited
        Copies that lack what a telephone, a small loudspeaker or a low sampling rate takes away.
    n_reverberated
        Copies in a room.
    reverberation_seconds
        Range of its reverberation time (RT60).
    also_noisy
        Share of the band-limited and of the reverberated copies that have noise, too.
    harmed_share
        Share of the noisy, band-limited and reverberated copies in what is trained on, 0..1,
        however many there are; the rest is the clip itself and its copies at other speeds. With
        none of them harm shows at once, with nothing but them clean speech suffers.
    n_time_masks, max_time_mask
        SpecAugment (Park et al. 2019): stretches of time set to the mean, and the longest share
        of the clip that one covers.
    n_feature_masks, max_feature_mask
        The same across features, in columns.
    mixup_alpha
        Beta distribution of mixup (Zhang et al. 2018); 0 for none.
    """

    speed_factors: tuple[float, ...] = (0.85, 0.92, 1.08, 1.15)
    n_noisy: int = 6
    noise_snr_db: tuple[float, float] = (0.0, 30.0)
    n_band_limited: int = 4
    n_reverberated: int = 4
    reverberation_seconds: tuple[float, float] = (0.15, 0.6)
    also_noisy: float = 0.3
    harmed_share: float = 0.45
    n_time_masks: int = 2
    max_time_mask: float = 0.15
    n_feature_masks: int = 2
    max_feature_mask: int = 8
    mixup_alpha: float = 0.2


def change_speed(samples: Samples, factor: float) -> Samples:
    """Return the clip played `factor` times as fast, pitch included."""
    return soxr.resample(samples, 1000 * factor, 1000).astype(np.float32)


def add_noise(
    samples: Samples, noise: NDArray[Any], ratio_db: float, sample_rate_hz: int
) -> Samples:
    """Return the clip with noise whose RMS lies `ratio_db` under that of its speech."""
    noise_rms = speech_rms(samples, sample_rate_hz) * 10 ** (-ratio_db / 20)
    scale = noise_rms / math.sqrt(np.mean(np.square(noise, dtype=np.float64)))
    return (samples + scale * noise).astype(np.float32)


def some_noise(
    n_samples: int, sample_rate_hz: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return synthetic noise: a hiss, a hum, a cry or a bark, steady or not.

    A third is white. The rest is noise or a gliding harmonic tone with a random spectrum (a slope
    of +3 to -9 dB per octave, and up to some 6 dB more or less from octave to octave), which is
    steady, swells and fades, or comes in bursts. Ranges are wide because nobody knows where a
    user sits; no recorded noise is used, so that any may judge.
    """
    if rng.random() < 1 / 3:
        return rng.standard_normal(n_samples)
    times = np.arange(n_samples) / sample_rate_hz
    if rng.random() < 0.3:
        knots = rng.normal(np.log(rng.uniform(100.0, 900.0)), 0.15, 6)
        pitch_hz = np.exp(np.interp(times, np.linspace(0, times[-1], 6), knots))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz
        sound = np.exp(200.0 * (np.cos(phase) - 1.0))  # short pulses: some fifteen harmonics
        sound = sound - sound.mean() + 0.05 * rng.standard_normal(n_samples)
    else:
        sound = rng.standard_normal(n_samples)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n_samples, 1 / sample_rate_hz), 20.0) / 1000.0)
    gain_db = -rng.uniform(-3.0, 9.0) * octaves
    gain_db += np.interp(octaves, np.arange(-5, 4), rng.normal(0.0, 6.0, 9))
    sound = np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain_db / 20), n_samples)
    course = rng.random()
    if course < 0.35:
        n_knots = 2 + round(times[-1] * rng.uniform(0.5, 8.0))
        level_db = np.interp(
            times, np.linspace(0, times[-1], n_knots), rng.normal(0.0, 6.0, n_knots)
        )
    elif course < 0.65:
        level_db = np.full(n_samples, -30.0)
        for start in rng.uniform(-0.2, times[-1], int(rng.integers(1, 6))):
            since = times - start
            falling = rng.uniform(-3.0, 3.0) - since * rng.uniform(10.0, 100.0)
            level_db = np.where(since >= 0, np.maximum(level_db, falling), level_db)
    else:
        level_db = np.zeros(n_samples)
    return sound * 10 ** (level_db / 20)


def limit_band(samples: Samples, low_hz: float, high_hz: float, sample_rate_hz: int) -> Samples:
    """Return the clip with only the band between two edges left (Butterworth, 8th order)."""
    edges = (low_hz, min(high_hz, 0.49 * sample_rate_hz))
    sections = signal.butter(4, edges, "bandpass", fs=sample_rate_hz, output="sos")
    return signal.sosfilt(sections, samples).astype(np.float32)


def narrow(samples: Samples, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Return the clip without what a random channel does not carry.

    Half of the channels are telephones: they begin at 200-400 Hz, end at 3-4 kHz and have nothing
    at all above, as what comes at 8 kHz. The others lack less, at either end.
    """
    if rng.random() < 0.5:
        low, high = rng.uniform(200.0, 400.0), rng.uniform(3000.0, 4000.0)
        carried = limit_band(samples, low, high, sample_rate_hz)
        return soxr.resample(soxr.resample(carried, sample_rate_hz, 8_000), 8_000, sample_rate_hz)
    low, high = rng.uniform(20.0, 300.0), rng.uniform(4000.0, sample_rate_hz / 2)
    return limit_band(samples, low, high, sample_rate_hz)


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
    """Return the clip itself and its augmented copies, in the order of `copy_kinds`."""
    variants = [samples, *(change_speed(samples, factor) for factor in settings.speed_factors)]

    def some_speed() -> Samples:
        return variants[int(rng.integers(1 + len(settings.speed_factors)))]

    def noisy(clip: Samples) -> Samples:
        noise = some_noise(len(clip), sample_rate_hz, rng)
        return add_noise(clip, noise, rng.uniform(*settings.noise_snr_db), sample_rate_hz)

    def maybe_noisy(clip: Samples) -> Samples:
        return noisy(clip) if rng.random() < settings.also_noisy else clip

    for kind in copy_kinds(settings)[len(variants) :]:
        clip = some_speed()
        if kind == "noise":
            variants.append(noisy(clip))
        elif kind == "band":
            variants.append(narrow(maybe_noisy(clip), sample_rate_hz, rng))
        else:
            seconds = rng.uniform(*settings.reverberation_seconds)
            variants.append(maybe_noisy(reverberate(clip, seconds, sample_rate_hz, rng)))
    return variants


def copy_kinds(settings: AugmentSettings) -> tuple[str, ...]:
    """Return the kind of each copy that `waveform_variants` makes, in its order."""
    return (
        "itself",
        *["speed"] * len(settings.speed_factors),
        *["noise"] * settings.n_noisy,
        *["band"] * settings.n_band_limited,
        *["room"] * settings.n_reverberated,
    )


def copy_shares(kinds: Sequence[str], harmed_share: float) -> NDArray[np.float64]:
    """Return the shares of copies of some kinds in what is trained on; they sum to 1.

    See `AugmentSettings.harmed_share`; where copies are all harmed, or none is, they count alike.
    """
    harmed = np.array([kind in HARMED for kind in kinds])
    if harmed.all() or not harmed.any():
        return np.full(len(kinds), 1 / len(kinds))
    return np.where(harmed, harmed_share / harmed.sum(), (1 - harmed_share) / (~harmed).sum())


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
