"""Augmentation is reproducible by its seed and does what its settings say."""

import numpy as np
import pytest
import soundfile

from foundation.shipped import shipped
from ser.features.augment import (
    AugmentSettings,
    add_noise,
    change_speed,
    copy_kinds,
    limit_band,
    mixup,
    narrow,
    reverberate,
    some_noise,
    spec_augment,
    waveform_variants,
)
from ser.settings import Samples
from ser.sound.audio import speech_rms

SPEECH_FILE = shipped("data", "samples", "reading_short.wav")
RATE = 16_000
LOW_MIDDLE_HIGH = ((110, 170), (600, 2500), (4300, 7000))  # Hz


@pytest.fixture(scope="module")
def speech() -> Samples:
    return soundfile.read(SPEECH_FILE, dtype="float32")[0]


@pytest.mark.parametrize("ratio_db", [-5.0, 0.0, 10.0, 30.0])
def test_noise_has_the_ratio_to_speech_that_is_asked_for(speech: Samples, ratio_db: float) -> None:
    for seed in range(5):
        noise = some_noise(len(speech), RATE, np.random.default_rng(seed))
        added = add_noise(speech, noise, ratio_db, RATE) - speech
        rms = np.sqrt(np.mean(added**2))
        assert 20 * np.log10(speech_rms(speech, RATE) / rms) == pytest.approx(ratio_db, abs=0.05)
        silence = np.zeros(4 * RATE, np.float32)
        assert speech_rms(np.concatenate([silence, speech]), RATE) == pytest.approx(
            speech_rms(speech, RATE), rel=0.05
        )


def test_noises_differ_in_spectrum_pitch_and_course() -> None:
    slopes, changes, peaks = [], [], []
    for seed in range(120):
        noise = some_noise(3 * RATE, RATE, np.random.default_rng(seed))
        assert np.isfinite(noise).all() and noise.std() > 0
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [power[3 * n : 6 * n].mean() for n in (500, 1000, 2000, 4000)]
        slopes.append(np.polyfit(range(4), 10 * np.log10(octaves), 1)[0])
        levels = 10 * np.log10((noise.reshape(30, -1) ** 2).mean(axis=1) + 1e-12)
        changes.append(levels.std())
        peaks.append(power.max() / np.median(power))
    assert min(slopes) < -6 and max(slopes) > 1  # dB per octave
    assert np.mean(np.array(changes) < 1) > 0.3  # steady
    assert np.mean(np.array(changes) > 4) > 0.2  # bursts, or swelling and fading
    assert np.mean(np.array(peaks) > 1e3) > 0.1  # tones


def test_a_narrow_channel_carries_neither_rumble_nor_hiss() -> None:
    noise = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    carried = []
    for seed in range(30):
        channel = narrow(noise, RATE, np.random.default_rng(seed))
        assert channel.dtype == np.float32 and abs(len(channel) - len(noise)) <= 2
        power = np.abs(np.fft.rfft(channel, len(noise))) ** 2
        bands = [power[4 * low : 4 * high].mean() for low, high in LOW_MIDDLE_HIGH]
        carried.append(10 * np.log10(np.array(bands) / bands[1]))
    low, _, high = np.array(carried).T
    assert 0.3 < np.mean(low < -10) < 0.9
    assert 0.3 < np.mean(high < -30) < 0.7


@pytest.mark.parametrize("factor", [0.85, 0.92, 1.0, 1.08, 1.15])
def test_speed_changes_length_and_pitch(factor: float) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    faster = change_speed(tone, factor)
    assert faster.dtype == np.float32
    assert len(faster) == pytest.approx(len(tone) / factor, rel=1e-3)
    loudest = np.argmax(np.abs(np.fft.rfft(faster))) * RATE / len(faster)
    assert loudest == pytest.approx(440 * factor, abs=1)


def test_the_variants_are_the_clip_and_its_copies(speech: Samples) -> None:
    settings = AugmentSettings(
        speed_factors=(0.9, 1.1), n_noisy=2, n_band_limited=1, n_reverberated=1
    )
    kinds = copy_kinds(settings)
    assert kinds == ("itself", "speed", "speed", "noise", "noise", "band", "room")
    variants = waveform_variants(speech, settings, np.random.default_rng(0))
    assert variants[0] is speech and len(variants) == len(kinds)
    lengths = [round(len(speech) / len(variant), 2) for variant in variants]
    assert lengths[:3] == [1, 0.9, 1.1] and set(lengths[3:]) <= {0.9, 1, 1.1}
    for noisy in variants[3:5]:
        [clean] = [one for one in variants[:3] if len(one) == len(noisy)]
        ratio = speech_rms(clean, RATE) / np.sqrt(np.mean((noisy - clean) ** 2))
        assert 2.9 <= 20 * np.log10(ratio) <= 30.1
    none = AugmentSettings(speed_factors=(), n_noisy=0, n_band_limited=0, n_reverberated=0)
    assert copy_kinds(none) == ("itself",)
    assert len(waveform_variants(speech, none, np.random.default_rng(0))) == 1


def test_the_same_seed_gives_the_same_copies(speech: Samples) -> None:
    def everything(seed: int) -> list[Samples]:
        rng = np.random.default_rng(seed)
        features = np.ones((100, 92), np.float32)
        masked = spec_augment(features, np.zeros(92, np.float32), AugmentSettings(), rng)
        blended = mixup(*a_batch(), 0.3, np.random.default_rng(seed))
        return [*waveform_variants(speech, AugmentSettings(), rng), masked, *blended]

    for one, other in zip(everything(7), everything(7), strict=True):
        assert np.array_equal(one, other)
    assert any(
        not np.array_equal(one, other)
        for one, other in zip(everything(7), everything(8), strict=True)
    )


@pytest.mark.parametrize("n_frames", [1, 5, 100])
def test_masks_stay_within_their_bounds(n_frames: int) -> None:
    settings = AugmentSettings(
        n_time_masks=2, max_time_mask=0.15, n_feature_masks=2, max_feature_mask=8
    )
    features = np.full((n_frames, 92), 5.0, np.float32)
    fill = np.arange(92, dtype=np.float32) / 100
    longest = max(1, int(0.15 * n_frames))
    seen_rows, seen_columns = set(), set()
    for seed in range(200):
        masked = spec_augment(features, fill, settings, np.random.default_rng(seed))
        hidden = masked != 5.0
        assert np.array_equal(masked[hidden], np.broadcast_to(fill, masked.shape)[hidden])
        rows, columns = hidden.all(axis=1), hidden[~hidden.all(axis=1)].all(axis=0)
        assert rows.sum() <= 2 * longest
        if not rows.all():
            assert columns.sum() <= 2 * 8
            # What is hidden is whole rows and whole columns, nothing else.
            assert np.array_equal(hidden, rows[:, None] | columns[None])
            seen_columns |= set(np.flatnonzero(columns))
        seen_rows |= set(np.flatnonzero(rows))
    assert (features == 5.0).all()  # the clip itself is untouched
    assert seen_rows == set(range(n_frames))  # the first and the last can be hidden too
    assert n_frames == 1 or seen_columns == set(range(92))


def a_batch() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    batch = rng.normal(size=(16, 20, 6)).astype(np.float32)
    mask = (np.arange(20) < rng.integers(5, 21, 16)[:, None]).astype(np.float32)
    return batch, mask, np.eye(8, dtype=np.float32)[rng.integers(0, 8, 16)]


def test_mixup_blends_examples_and_targets_alike() -> None:
    batch, mask, targets = a_batch()
    blended, blended_mask, blended_targets = mixup(
        batch, mask, targets, 0.3, np.random.default_rng(1)
    )
    assert blended_targets.sum(axis=1) == pytest.approx(np.ones(16))
    assert (blended_targets >= 0).all()
    # The example's own label keeps the larger share, and its own frames still count.
    assert (blended_targets[targets == 1] >= 0.5).all()
    assert (blended_mask >= mask).all() and set(np.unique(blended_mask)) <= {0.0, 1.0}
    shares = []
    for example, target, own, row in zip(batch, targets, blended, blended_targets, strict=True):
        found = False
        for other, other_target in zip(batch, targets, strict=True):
            apart = other - example
            share = 1.0
            if apart.any():
                share = 1 - float(((own - example) * apart).sum() / (apart**2).sum())
            if np.allclose(own, share * example + (1 - share) * other, atol=1e-5):
                found |= np.allclose(row, share * target + (1 - share) * other_target, atol=1e-5)
                shares.append(share)
        assert found
    assert min(shares) >= 0.5 - 1e-5


def _band_level_db(samples: Samples, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    return float(10 * np.log10(power[(hertz >= low_hz) & (hertz < high_hz)].mean()))


def test_a_limited_band_keeps_its_inside_and_loses_its_outside() -> None:
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    heard = limit_band(noise, 300, 3400, 16_000)
    inside = _band_level_db(heard, 500, 3000)
    assert abs(inside - _band_level_db(noise, 500, 3000)) < 0.5
    assert _band_level_db(heard, 20, 100) < inside - 30
    assert _band_level_db(heard, 6000, 8000) < inside - 30


def test_a_room_adds_a_tail_that_falls_by_60_db_in_its_time() -> None:
    click = np.zeros(16_000, np.float32)
    click[0] = 1.0
    heard = reverberate(click, 0.5, 16_000, np.random.default_rng(0))
    assert len(heard) == len(click)
    assert heard[0] == pytest.approx(1.0, abs=1e-4)
    early, late = np.square(heard[1:800]).mean(), np.square(heard[4000:4800]).mean()
    assert 10 * np.log10(early / late) == pytest.approx(60 * 4000 / 8000, abs=3)
