"""Spoken word is told from music."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clustering.music.descriptors import SAMPLE_RATE_HZ, describe_centre
from clustering.music.spoken import SPOKEN, spoken_chance
from clustering.tables.tracks import SPOKEN_WORD_SPEECHINESS

pytest.importorskip("librosa")
SPEECH = {"f_pulse": 0.41, "f_mfcc04_std": 30.7, "f_dynrange": 65.0}  # medians of joined sentences
MUSIC = {"f_pulse": 0.75, "f_mfcc04_std": 15.0, "f_dynrange": 12.9}  # of 900 clips


def test_speech_is_told_from_music():
    assert spoken_chance(MUSIC) < 0.01 and spoken_chance(SPEECH) > 0.99
    assert SPOKEN > SPOKEN_WORD_SPEECHINESS  # so that tables leave it out


@pytest.mark.parametrize("name", SPEECH)
def test_one_thing_alone_makes_no_speech_of_music(name):
    assert spoken_chance(MUSIC | {name: SPEECH[name]}) < SPOKEN


def test_a_still_studio_makes_no_difference():
    assert spoken_chance(SPEECH) == spoken_chance(SPEECH | {"f_dynrange": 31.0})


@pytest.mark.skipif("EMOTIFY_RAVDESS" not in os.environ, reason="EMOTIFY_RAVDESS names no corpus")
def test_sentences_of_actors_are_spoken_word():
    folder = Path(os.environ["EMOTIFY_RAVDESS"])
    for actor in ("03", "12"):
        clips = sorted(folder.rglob(f"03-01-*-{actor}.*"))[::6][:7]
        assert clips
        spoken = []
        for clip in clips:
            import librosa

            sound, rate_hz = soundfile.read(clip, dtype="float32", always_2d=True)
            mono = librosa.resample(sound.mean(axis=1), orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ)
            spoken += [mono, np.zeros(SAMPLE_RATE_HZ // 3, np.float32)]
        assert spoken_chance(describe_centre(np.concatenate(spoken))[0]) > SPOKEN
