"""Music in numbers: what is known of a sound is found in it, whatever its level and rate."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from clustering.music.descriptors import SAMPLE_RATE_HZ, describe_centre, hear
from clustering.music.model import (
    FEATURES,
    QUADRANTS,
    SPOTIFY_LOUDNESS_DB,
    load_model,
    save_model,
)
from clustering.music.sound import read_middle
from foundation.errors import InputError

pytest.importorskip("librosa")
A4_HZ = 440.0


def chord(pitch_classes, seconds, rate_hz, rng):
    """Sound of a chord, struck twice a second, with a little noise."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    decay = np.exp(-4 * (t % 0.5))
    tones = [np.sin(2 * np.pi * A4_HZ * 2 ** ((p - 9) / 12) * t) for p in pitch_classes]
    return 0.1 * decay * np.sum(tones, axis=0) + 0.002 * rng.standard_normal(len(t))


@pytest.fixture
def song(tmp_path):
    """C, F, G, C: 24 s at 120 beats a minute."""

    def write(name="song.flac", gain=1.0, rate_hz=44_100):
        rng = np.random.default_rng(0)
        parts = [(0, 4, 7), (5, 9, 0), (7, 11, 2), (0, 4, 7)]
        sound = np.concatenate([chord(notes, 6, rate_hz, rng) for notes in parts])
        path = tmp_path / name
        soundfile.write(path, gain * sound, rate_hz)
        return path

    return write


def test_key_tempo_and_length_are_found(song):
    music = hear(song())
    assert (music.key.pitch_class, music.key.mode) == (0, 1)
    assert min(abs(music.tempo / 120 - k) for k in (0.5, 1, 2)) < 0.04 * 2
    assert music.duration_seconds == pytest.approx(24)
    assert len(music.loud) == 33 and len(music.centre) == 132


@pytest.mark.parametrize("gain", [0.05, 3.0])
def test_the_level_changes_loudness_and_nothing_else(song, gain):
    one, other = hear(song()), hear(song("other.flac", gain))
    assert other.loudness - one.loudness == pytest.approx(20 * np.log10(gain), abs=0.1)
    model = load_model()
    then, now = model.describe(one), model.describe(other)
    for name in (*FEATURES, *(f"mood_{name}" for name in QUADRANTS)):
        assert now[name] == pytest.approx(then[name], abs=0.03), name


def test_another_rate_is_the_same_music(song):
    one, other = (load_model().describe(hear(song(f"{r}.wav", 1.0, r))) for r in (44_100, 48_000))
    assert other["energy"] == pytest.approx(one["energy"], abs=0.05)


def test_every_feature_is_in_its_range(song):
    found = load_model().describe(hear(song()))
    assert all(0 < found[name] < 1 for name in FEATURES)
    assert sum(found[f"mood_{name}"] for name in QUADRANTS) == pytest.approx(1)


def test_a_drum_is_more_energetic_than_a_soft_tone(tmp_path):
    rng = np.random.default_rng(0)
    t = np.arange(20 * 44_100) / 44_100
    beat = np.exp(-8 * (t % 0.25)) * rng.standard_normal(len(t)) * 0.3
    soundfile.write(tmp_path / "loud.flac", beat.clip(-1, 1), 44_100)
    soundfile.write(tmp_path / "soft.flac", 0.05 * np.sin(2 * np.pi * 220 * t), 44_100)
    loud, soft = (load_model().describe(hear(tmp_path / f"{n}.flac")) for n in ("loud", "soft"))
    assert loud["energy"] > soft["energy"] + 0.1
    assert loud["acousticness"] < soft["acousticness"]


def test_the_middle_of_an_m4a_is_the_middle_of_a_wav(tmp_path, record):
    t = np.arange(100 * 22_050) / 22_050
    rising = 0.3 * np.sin(2 * np.pi * (100 + 5 * t) * t)
    path = record(tmp_path / "long.m4a", rising, 22_050, "aac")
    soundfile.write(tmp_path / "long.wav", rising, 22_050)
    (wav, wav_hz, wav_seconds), (m4a, m4a_hz, m4a_seconds) = map(
        read_middle, (tmp_path / "long.wav", path)
    )
    assert wav_hz == m4a_hz and m4a_seconds == pytest.approx(wav_seconds, abs=0.1)
    assert len(m4a) == len(wav) == 60 * 22_050
    first, other = (np.abs(np.fft.rfft(s[:22_050, 0])).argmax() for s in (wav, m4a))
    assert other == pytest.approx(first, abs=5)  # it rises by 10 Hz in a second


@pytest.mark.parametrize(
    ("sound", "words"),
    [(np.zeros(44_100 * 5), "is silent"), (np.ones(44_100), "lasts 1 s, less than 3 s")],
)
def test_what_is_no_music_is_refused(tmp_path, sound, words):
    soundfile.write(tmp_path / "x.flac", sound * 0.5, 44_100)
    with pytest.raises(InputError, match=words):
        hear(tmp_path / "x.flac")


def test_flat_sound_has_descriptors_too():
    found, onsets = describe_centre(np.full(SAMPLE_RATE_HZ * 4, 0.1, dtype=np.float32))
    assert len(found) == 132 and np.isfinite(onsets).all()


def test_a_model_is_read_as_it_was_written(tmp_path, song):
    model = load_model()
    save_model(model, tmp_path / "new" / "model.npz")
    music = hear(song())
    again = load_model(tmp_path / "new" / "model.npz").describe(music)
    assert again == pytest.approx(model.describe(music), abs=1e-6)
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {"model.npz", "settings.json", "SHA256SUMS"}


def test_a_damaged_model_is_named(tmp_path):
    (tmp_path / "model.npz").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"model of music .* is broken .*music_training"):
        load_model(tmp_path / "model.npz")


def test_loudness_is_on_spotifys_scale_and_never_above_it(song):
    music = hear(song())
    told = load_model().describe(music)["loudness"]
    assert told == pytest.approx(music.loudness + SPOTIFY_LOUDNESS_DB)
    loud = replace(music, loudness=-1.0)
    assert load_model().describe(loud)["loudness"] == 0


def test_a_catalogue_of_music_has_the_range_of_a_real_one():
    """What the models say is stretched: the scales end where tracks of a catalogue do."""
    model = load_model()
    for name, least, most in (("energy", 0.1, 0.95), ("valence", 0.1, 0.9)):
        _, meant = model.scales[name]
        assert meant[0] < least and meant[-1] > most, name
        assert (np.diff(meant) >= 0).all()


def test_energy_is_what_its_model_and_the_mood_hear():
    model = load_model()
    low, middle, high = (model.energy(np.array([0.5]), np.array([a])) for a in (0.05, 0.5, 0.95))
    assert low < middle < high
