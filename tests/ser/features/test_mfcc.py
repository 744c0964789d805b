"""The features are librosa's; the gain of a microphone does not change them."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import soxr

from foundation.shipped import shipped
from ser.features.mfcc import (
    REFERENCE_RMS,
    FeatureExtractor,
    delta,
    make_filter_banks,
    scale_to_reference_level,
)
from ser.settings import FeatureSettings, Samples

librosa = pytest.importorskip("librosa", reason="librosa comes with the extra 'train'")

SAMPLES = shipped("data", "samples")
OTHER_SETTINGS = FeatureSettings(
    sample_rate_hz=22_050, hop_seconds=0.01, frame_seconds=0.025, n_mels=40, n_mfcc=20
)


def extractor_for(settings: FeatureSettings) -> FeatureExtractor:
    return FeatureExtractor(settings, make_filter_banks(settings))


def sounds(rate_hz: int) -> dict[str, Samples]:
    rng = np.random.default_rng(0)
    made = {
        "noise": rng.normal(0, 0.1, 2 * rate_hz).astype(np.float32),
        "loud noise": rng.uniform(-1, 1, rate_hz).astype(np.float32),
        "faint noise": rng.normal(0, 1e-6, rate_hz).astype(np.float32),
        "zeros": np.zeros(rate_hz, np.float32),
        "a click": np.eye(1, rate_hz, 5000, dtype=np.float32)[0],
        "half zeros": np.repeat([0.0, 1.0], rate_hz).astype(np.float32)
        * rng.normal(0, 0.1, 2 * rate_hz).astype(np.float32),
    }
    for path in sorted(SAMPLES.glob("*.wav")):
        samples, own_rate_hz = soundfile.read(path, dtype="float32")
        made[path.stem] = soxr.resample(samples, own_rate_hz, rate_hz).astype(np.float32)
    return made


@pytest.mark.parametrize("settings", [FeatureSettings(), OTHER_SETTINGS], ids=["own", "other"])
def test_mfcc_and_chroma_equal_librosas(settings: FeatureSettings) -> None:
    extractor = extractor_for(settings)
    frames = {"n_fft": settings.n_fft, "hop_length": settings.hop_length}
    compared = sounds(settings.sample_rate_hz)
    assert len(compared) >= 10
    for name, samples in compared.items():
        power = extractor.power_spectrogram(samples)
        mel = librosa.feature.melspectrogram(
            y=samples, sr=settings.sample_rate_hz, n_mels=settings.n_mels, **frames
        )
        decibel = librosa.power_to_db(mel, top_db=settings.dynamic_range_db)
        mfcc = librosa.feature.mfcc(S=decibel, n_mfcc=settings.n_mfcc)
        assert extractor.mfcc(power) == pytest.approx(mfcc, abs=1e-3), name
        chroma = librosa.feature.chroma_stft(
            y=samples, sr=settings.sample_rate_hz, tuning=0, **frames
        )
        assert extractor.chroma(power) == pytest.approx(chroma, abs=1e-3), name


@pytest.mark.parametrize("width", [3, 5, 9])
@pytest.mark.parametrize("n_frames", [9, 10, 57])
def test_delta_equals_librosas(width: int, n_frames: int) -> None:
    static = np.random.default_rng(0).normal(0, 30, (34, n_frames)).astype(np.float32)
    expected = librosa.feature.delta(static, width=width)
    assert delta(static, width) == pytest.approx(expected, abs=1e-3)


def test_delta_is_a_slope_per_frame() -> None:
    ramp = np.arange(40, dtype=np.float32)[None] * 2.5
    assert delta(ramp, 9) == pytest.approx(np.full((1, 40), 2.5))


@pytest.mark.parametrize("n_frames", range(1, 9))
def test_delta_of_few_frames(n_frames: int) -> None:
    ramp = np.arange(n_frames, dtype=np.float32)[None]
    slope = 1.0 if n_frames >= 3 else 0.0
    assert delta(ramp, 9) == pytest.approx(np.full((1, n_frames), slope))


@pytest.mark.parametrize("n_samples", [1, 100, 511, 512, 513, 1024, 4000, 64_000])
def test_inputs_of_any_length_give_finite_features(n_samples: int) -> None:
    settings = FeatureSettings()
    samples = np.random.default_rng(0).normal(0, 0.1, n_samples).astype(np.float32)
    features = extractor_for(settings)(samples)
    assert features.shape == (1 + n_samples // settings.hop_length, settings.n_features)
    assert features.shape[0] == settings.n_frames(n_samples / settings.sample_rate_hz)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("gain", [1e-3, 0.1, 3.0, 1e3])
def test_the_gain_changes_nothing(gain: float) -> None:
    samples = sounds(16_000)["reading_short"]
    level_free = extractor_for(FeatureSettings())
    assert level_free(np.float32(gain) * samples) == pytest.approx(level_free(samples), abs=1e-2)
    as_recorded = extractor_for(FeatureSettings(level_free=False))
    difference = np.abs(as_recorded(np.float32(gain) * samples) - as_recorded(samples))
    assert difference.max() > 10  # the first MFCC carries the level


def test_scaling_sets_the_level_and_leaves_silence() -> None:
    samples = np.random.default_rng(0).normal(0, 0.004, 16_000).astype(np.float32)
    scaled = scale_to_reference_level(samples)
    assert np.sqrt(np.mean(scaled**2)) == pytest.approx(REFERENCE_RMS, rel=1e-4)
    assert np.corrcoef(samples, scaled)[0, 1] == pytest.approx(1.0)
    assert not scale_to_reference_level(np.zeros(99, np.float32)).any()
    assert np.isfinite(extractor_for(FeatureSettings())(np.zeros(16_000, np.float32))).all()


def test_sizes_derive_from_the_settings() -> None:
    settings = FeatureSettings(sample_rate_hz=16_000, hop_seconds=0.032, frame_seconds=0.064)
    assert (settings.hop_length, settings.n_fft, settings.window_length) == (512, 1024, 64_000)
    assert settings.n_frames(4.0) == 126
    assert (OTHER_SETTINGS.hop_length, OTHER_SETTINGS.n_fft) == (220, 551)
    assert settings.n_features == 2 * (34 + 12 + 2)
    assert replace(settings, delta_width=0).n_features == 48
    assert replace(settings, delta_width=0, pitch=False).n_features == 46
    assert replace(settings, delta_width=0, pitch=False, n_chroma=0).n_features == 34
    assert FeatureSettings(**settings.to_dict()) == settings


def test_columns_are_mfcc_chroma_pitch_and_their_deltas() -> None:
    samples = sounds(16_000)["synthetic_plain"]
    settings = FeatureSettings()
    extractor = extractor_for(settings)
    whole = extractor(samples)
    power = extractor.power_spectrogram(scale_to_reference_level(samples))
    static = np.concatenate(
        [extractor.mfcc(power), extractor.chroma(power), extractor.pitch(power)]
    )
    assert np.array_equal(whole[:, :48], static.T)
    assert np.array_equal(whole[:, 48:], delta(static, settings.delta_width).T)
    fewer = replace(settings, delta_width=0)
    assert np.array_equal(extractor_for(fewer)(samples), whole[:, :48])
    fewer = replace(fewer, pitch=False)
    assert np.array_equal(extractor_for(fewer)(samples), whole[:, :46])
    fewer = replace(fewer, n_chroma=0)
    assert np.array_equal(extractor_for(fewer)(samples), whole[:, :34])


@pytest.mark.parametrize("pitch_hz", [80.0, 110.0, 150.0, 220.0, 400.0])
def test_the_pitch_of_a_voiced_sound_is_found(pitch_hz: float) -> None:
    seconds = np.arange(16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * pitch_hz * k * seconds) / k for k in range(1, 8))
    extractor = extractor_for(FeatureSettings())
    octaves, strength = extractor.pitch(extractor.power_spectrogram(np.float32(0.1) * voice))
    middle = slice(3, -3)
    assert (strength[middle] > 0.9).all()
    found_hz = 150 * 2 ** (octaves[middle] / strength[middle])
    assert found_hz == pytest.approx(np.full(found_hz.shape, pitch_hz), rel=0.03)


def test_noise_has_little_voice_and_zeros_have_none() -> None:
    extractor = extractor_for(FeatureSettings())
    _, strength = extractor.pitch(extractor.power_spectrogram(sounds(16_000)["noise"]))
    assert np.median(strength) < 0.4
    assert not extractor.pitch(extractor.power_spectrogram(np.zeros(16_000, np.float32))).any()


@pytest.mark.parametrize("bank", ["mel", "chroma"])
def test_a_filter_bank_of_other_settings_is_refused(bank: str) -> None:
    banks = make_filter_banks(FeatureSettings())
    banks[bank] = banks[bank][:-1]
    with pytest.raises(ValueError, match=f"filter bank {bank} has shape.*the settings ask for"):
        FeatureExtractor(FeatureSettings(), banks)
    with pytest.raises(ValueError, match="the settings ask for"):
        FeatureExtractor(OTHER_SETTINGS, make_filter_banks(FeatureSettings()))
