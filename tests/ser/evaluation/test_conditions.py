"""Every condition does to a recording what its name says."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.evaluation.conditions import conditions, room, speech_rms, telephone
from ser.evaluation.encodings import AMR_NB, Encoded, Mp3, voice_message
from ser.evaluation.microphones import CURVES, FAN, equalised
from ser.sound.audio import Recording, read_whole

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
    if "speech" in name:
        assert 0.6 <= seconds < len(SPEECH) / RATE
    else:
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
    Mp3(64).write(tmp_path / "clip.mp3", samples, rate)
    seconds = len(samples) / rate
    kbits = (tmp_path / "clip.mp3").stat().st_size * 8 / seconds / 1000
    assert kbits == pytest.approx(64, rel=0.04)
    decoded, decoded_rate = soundfile.read(tmp_path / "clip.mp3")
    assert decoded_rate == rate and len(decoded) == pytest.approx(len(samples), abs=rate / 10)
    assert np.corrcoef(decoded[: len(samples)], samples[: len(decoded)])[0, 1] > 0.9


def gain_db(samples, rate, low_hz, high_hz):
    """Return how much louder white noise is in a band after a change, in dB."""
    noise = np.random.default_rng(0).standard_normal(8 * rate).astype(np.float32)
    hertz, before = signal.welch(noise, rate, nperseg=2048)
    after = signal.welch(samples(noise), rate, nperseg=2048)[1]
    band = (hertz >= low_hz) & (hertz <= high_hz)
    return 10 * np.log10(after[band].mean() / before[band].mean())


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("name", CURVES)
def test_a_curve_has_its_gains_at_every_rate_and_moves_nothing_in_time(name, rate):
    for hertz, level_db in CURVES[name]:
        if hertz < 0.49 * rate:
            measured = gain_db(
                lambda x: equalised(x, rate, CURVES[name]), rate, hertz - 20, hertz + 20
            )
            assert measured == pytest.approx(level_db, abs=1.5)
    click = np.zeros(rate, np.float32)
    click[rate // 2] = 1.0
    assert np.abs(equalised(click, rate, CURVES[name])).argmax() == rate // 2


def test_a_tilt_is_six_decibels_from_end_to_end_and_the_other_one_takes_it_back():
    up, down = (CURVES[f"spectral tilt {sign}6 dB, 100 Hz to 8 kHz"] for sign in "+-")
    assert up[-1][1] - up[0][1] == 6 == down[0][1] - down[-1][1]
    again = equalised(equalised(SPEECH, RATE, up), RATE, down)
    assert again == pytest.approx(SPEECH, abs=0.01)
    # Straight over octaves: half of it lies below the middle, 894 Hz.
    assert gain_db(lambda x: equalised(x, RATE, up), RATE, 870, 920) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("seconds", [1.5, 1.0, 0.6])
def test_short_speech_is_the_middle_of_the_speech(seconds):
    short, rate = changed(f"{seconds:g} s from the middle of the speech")
    speech, _ = changed("speech alone")
    assert len(short) == round(seconds * rate)
    start = (len(speech) - len(short)) // 2
    assert np.array_equal(short, speech[start : start + len(short)])
    assert len(speech) / rate < len(SPEECH) / RATE


def test_speech_alone_in_noise_has_the_noise_of_the_whole_clip():
    samples, _ = changed("white noise, 10 dB SNR, speech alone")
    speech, _ = changed("speech alone")
    assert len(samples) == pytest.approx(len(speech), rel=0.2)
    assert rms(samples) > rms(speech)


def test_a_laptop_in_a_room_adds_its_room_and_its_fan():
    click = np.zeros(4 * RATE, np.float32)
    click[0] = 1.0
    name = "laptop in a small room, its fan on"
    answer, rate = BY_NAME[name].change(click, RATE, np.random.default_rng(0))
    assert rms(answer[rate // 100 : rate // 10]) > 3 * rms(
        answer[2 * rate :]
    )  # the room, then the fan
    assert rms(answer[2 * rate :]) > 0
    assert FAN[0][1] - FAN[-1][1] == 32


@pytest.mark.parametrize(
    ("encoding", "kbits"),
    [(voice_message(24), 24), (voice_message(12), 12), (AMR_NB, 12.8)],  # with a byte a frame
)
@pytest.mark.parametrize("rate", [48_000, 16_000])
def test_a_messengers_codec_writes_what_is_read_again(tmp_path, encoding, kbits, rate):
    encoding.check()
    path = tmp_path / f"clip{encoding.suffix}"
    samples = np.interp(np.arange(0, len(SPEECH), RATE / rate), np.arange(len(SPEECH)), SPEECH)
    encoding.write(path, samples.astype(np.float32), rate)
    seconds = len(SPEECH) / RATE
    assert path.stat().st_size * 8 / seconds / 1000 == pytest.approx(kbits, rel=0.25)
    again = read_whole(Recording(path), RATE)
    assert len(again) / RATE == pytest.approx(seconds, abs=0.1)
    n = min(len(again), len(SPEECH)) - 400
    likeness = max(
        np.corrcoef(SPEECH[400 - shift : n - shift], again[400:n])[0, 1]
        for shift in range(-400, 400)
    )
    assert 0.3 < likeness < 0.999  # AMR keeps the spectrum, and hardly a phase


def test_a_missing_encoder_is_named():
    with pytest.raises(InputError, match="no encoder libspeex"):
        Encoded("ogg", "libspeex", 16_000).check()
