"""Every condition does to a recording what its name says."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.evaluation.conditions import conditions, room, speech_rms, telephone, write_mp3

SAMPLES = shipped("data", "samples")
SPEECH, RATE = soundfile.read(SAMPLES / "reading_short.wav", dtype="float32")
BY_NAME = {condition.name: condition for condition in conditions()}


def changed(name, seed=0):
    return BY_NAME[name].change(SPEECH, RATE, np.random.default_rng(seed))


def rms(samples):
    return np.sqrt(np.mean(np.square(samples, dtype=float)))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_condition_gives_sound_of_about_the_same_length_and_repeats_by_its_seed(name):
    samples, rate = changed(name)
    seconds = len(samples) / rate - (4 if "before and after" in name else 0)
    assert seconds == pytest.approx(len(SPEECH) / RATE, abs=0.01)
    assert np.isfinite(samples).all() and np.abs(samples).max() > 0
    assert np.array_equal(samples, changed(name)[0])


def test_gains_scale_without_clipping_and_sixteen_bits_round_and_clip():
    louder = np.float32(10**0.5)
    assert changed("gain +10 dB")[0] == pytest.approx(SPEECH * louder, rel=1e-5)
    assert rms(changed("gain -30 dB")[0]) == pytest.approx(rms(SPEECH) * 10**-1.5, rel=1e-4)
    integers = changed("gain +10 dB, 16 bit")[0]
    assert integers.dtype == np.int16
    assert integers / 32768 == pytest.approx(np.clip(SPEECH * louder, -1, 1), abs=1e-4)
    assert len(np.unique(changed("gain -30 dB, 16 bit")[0])) < len(np.unique(SPEECH)) / 5


@pytest.mark.parametrize("ratio_db", [20, 10])
def test_noise_is_as_far_under_the_speech_as_it_says(ratio_db):
    noise = changed(f"white noise, {ratio_db} dB SNR")[0] - SPEECH
    assert 20 * np.log10(speech_rms(SPEECH, RATE) / rms(noise)) == pytest.approx(ratio_db, abs=0.1)
    assert not np.allclose(noise, changed(f"white noise, {ratio_db} dB SNR", seed=1)[0] - SPEECH)


def test_silence_around_the_speech_changes_no_ratio():
    padded = np.pad(SPEECH, 20_000)
    assert speech_rms(padded, RATE) == pytest.approx(speech_rms(SPEECH, RATE), rel=0.02)
    assert rms(padded) < 0.8 * rms(SPEECH)


def test_real_noise_is_mixed_at_its_ratio_from_any_recording_that_is_not_silent(tmp_path):
    (tmp_path / "rain").mkdir()
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    (tmp_path / "._rain.wav").write_text("a shadow that macOS leaves behind")
    tone = np.sin(np.arange(4000) * 0.5).astype(np.float32)  # shorter than the clip
    soundfile.write(tmp_path / "rain" / "tone.wav", tone, RATE)
    condition = next(c for c in conditions(tmp_path) if c.name == "real noise, 10 dB SNR")
    for seed in range(4):
        samples, rate = condition.change(SPEECH, RATE, np.random.default_rng(seed))
        noise = samples - SPEECH
        ratio = 20 * np.log10(speech_rms(SPEECH, RATE) / rms(noise))
        assert rate == RATE and ratio == pytest.approx(10, abs=0.1)
    with pytest.raises(InputError, match="no recording of noise"):
        conditions(tmp_path / "nowhere")
    (tmp_path / "rain" / "tone.wav").unlink()
    silent = next(c for c in conditions(tmp_path) if "real noise" in c.name)
    with pytest.raises(InputError, match="silent"):
        silent.change(SPEECH, RATE, np.random.default_rng(0))


def test_a_telephone_carries_its_band_alone():
    noise = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    narrow, rate = telephone(noise, 16_000, np.random.default_rng(0))
    assert rate == 8000
    hertz, power = signal.welch(narrow, 8000, nperseg=1024)
    inside = power[(hertz > 500) & (hertz < 3000)].mean()
    assert power[hertz < 120].mean() < 1e-3 * inside
    assert power[hertz > 3900].mean() < 0.2 * inside


def test_a_room_decays_as_it_says():
    click = np.zeros(RATE, np.float32)
    click[0] = 1.0
    answer, _ = room(click, RATE, np.random.default_rng(0))
    energy = np.cumsum(answer[1:][::-1].astype(float) ** 2)[::-1]  # Schroeder 1965
    decay = 10 * np.log10(energy[energy > 0] / energy[0])
    seconds = np.argmax(decay < -25) / RATE
    assert seconds * 60 / 25 == pytest.approx(0.3, rel=0.15)


def test_silence_and_low_noise_stand_around_the_clip_itself():
    for name, level in (("zeros", 0.0), ("low noise", 10**-2 * speech_rms(SPEECH, RATE))):
        samples, _ = changed(f"2 s of {name} before and after")
        assert np.array_equal(samples[2 * RATE : -2 * RATE], SPEECH)
        assert rms(samples[: 2 * RATE]) == pytest.approx(level, rel=0.05)
        assert rms(samples[-2 * RATE :]) == pytest.approx(level, rel=0.05)


def test_five_percent_of_the_samples_are_clipped():
    samples, _ = changed("5% of samples clipped")
    assert np.mean(np.abs(samples) < np.abs(SPEECH)) == pytest.approx(0.05, abs=0.002)
    assert np.mean(samples == SPEECH) == pytest.approx(0.95, abs=0.002)


@pytest.mark.parametrize("rate", [48_000, 44_100, 22_050, 16_000, 8_000])
def test_mp3_has_the_bit_rate_that_was_asked_for(tmp_path, rate):
    samples = np.tile(SPEECH, 3)
    write_mp3(tmp_path / "clip.mp3", samples, rate, 64)
    seconds = len(samples) / rate
    kbits = (tmp_path / "clip.mp3").stat().st_size * 8 / seconds / 1000
    assert kbits == pytest.approx(64, rel=0.04)
    decoded, decoded_rate = soundfile.read(tmp_path / "clip.mp3")
    assert decoded_rate == rate and len(decoded) == pytest.approx(len(samples), abs=rate / 10)
    assert np.corrcoef(decoded[: len(samples)], samples[: len(decoded)])[0, 1] > 0.9
