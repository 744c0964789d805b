"""The key of music is found, and it is said how sure that is."""

import numpy as np
import pytest

from clustering.figures import MUSIC_COLUMNS
from clustering.music.keys import PROFILES, harmonic_chroma, key_of
from clustering.music.model import DEFAULT_FOLDER
from foundation.tables import read_table

RATE = 22_050


@pytest.mark.parametrize("key", [0, 3, 9])
@pytest.mark.parametrize("mode", [1, 0])
@pytest.mark.parametrize("table", [0, 1])
def test_a_profile_is_in_its_own_key(key, mode, table):
    found = key_of(np.roll(PROFILES[table, 1 - mode], key))
    assert (found.pitch_class, found.mode) == (key, mode)
    assert found.confidence > 0.8


def test_two_keys_at_once_are_less_sure_than_one():
    c_major, f_sharp_major = PROFILES[0, 0], np.roll(PROFILES[0, 0], 6)
    assert key_of(c_major + f_sharp_major).confidence < 0.7 * key_of(c_major).confidence


def test_the_relative_key_counts_as_sure():
    """C major and A minor have the same notes: between them nothing is decided, and need not be."""
    both = PROFILES[0, 0] / PROFILES[0, 0].sum() + np.roll(PROFILES[0, 1], 9)
    assert key_of(both).confidence > 0.8


@pytest.mark.parametrize("chroma", [np.zeros(12), np.ones(12), np.full(12, np.nan)])
def test_what_has_no_pitches_has_no_key(chroma):
    assert key_of(chroma).confidence == 0


def test_most_cadences_are_heard_in_their_key():
    """Tonic, subdominant, dominant, tonic; tones with six harmonics, a little noise."""
    pytest.importorskip("librosa")
    times = np.arange(RATE // 2) / RATE
    rng = np.random.default_rng(0)
    right, sure = 0, []
    for key in range(12):
        for mode, thirds in ((1, (4, 4, 4, 4)), (0, (3, 3, 4, 3))):
            chords = []
            for root, third in zip((0, 5, 7, 0), thirds, strict=True):
                tones = [key + root + step for step in (0, third, 7)]
                pitches = [220.0 * 2 ** ((tone - 9) / 12) for tone in tones]
                chords.append(
                    sum(np.sin(2 * np.pi * n * f * times) / n for f in pitches for n in range(1, 7))
                )
            sound = np.concatenate(chords)
            sound += 0.05 * rng.standard_normal(len(sound))
            found = key_of(harmonic_chroma((0.1 * sound).astype(np.float32), RATE))
            right += (found.pitch_class, found.mode) == (key, mode)
            sure.append(found.confidence)
    assert right >= 19  # of 24
    assert np.mean(sure) > 0.5


def test_real_songs_are_heard_in_their_key_as_often_as_the_card_says():
    scores = read_table(DEFAULT_FOLDER / "scores.csv", MUSIC_COLUMNS).set_index("target")
    share = scores["accuracy"]
    assert share["key, the tonic"] >= 0.5 and share["key, or its relative"] >= 0.65
    assert share["key, a fifth too high"] < share["key, the tonic"] / 3
    assert share["key, its mean confidence"] == pytest.approx(
        share["key, or its relative"], abs=0.08
    )
