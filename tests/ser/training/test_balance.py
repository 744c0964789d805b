"""No corpus and no emotion drowns another one, and nobody is asked what their corpus lacks."""

from pathlib import Path

import numpy as np
import pytest

from emotions.labels import EMOTION_NAMES, emotion_named
from ser.corpora.clips import CorpusClip
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.training.balance import MOST_WEIGHT, balanced_weights, emotions_asked


def clips(corpus, **counts):
    return [
        CorpusClip(Path("x"), f"{corpus}/{name}{i}", f"{corpus}/ann", emotion_named(name), corpus)
        for name, count in counts.items()
        for i in range(count)
    ]


def test_corpora_count_alike_and_in_each_its_emotions():
    mixed = clips("large", angry=300, happy=100) + clips("small", angry=40, sad=60)
    weights = balanced_weights(mixed)
    sums = {}
    for clip, weight in zip(mixed, weights, strict=True):
        kind = (clip.corpus, clip.emotion.name)
        sums[kind] = sums.get(kind, 0) + weight
    assert list(sums.values()) == pytest.approx([125.0] * 4)
    assert weights.mean() == pytest.approx(1)


def test_no_clip_counts_for_more_than_some_average_ones():
    weights = balanced_weights(clips("large", angry=4000, happy=4000) + clips("few", sad=8, calm=8))
    assert weights.max() == MOST_WEIGHT


def test_one_corpus_is_weighed_as_it_always_was():
    speech = [Clip.from_path(f"{name}.wav") for name in expected_clip_ids()]
    neutral = np.array([clip.emotion.name == "neutral" for clip in speech])
    weights = balanced_weights(speech)
    assert set(weights[neutral]) == {1440 / (8 * 96)} and set(weights[~neutral]) == {
        1440 / (8 * 192)
    }


def test_a_clip_is_asked_about_the_emotions_of_its_corpus():
    asked = emotions_asked(clips("one", angry=2, happy=1) + clips("two", sad=1, angry=1))
    names = [[n for n, a in zip(EMOTION_NAMES, row, strict=True) if a] for row in asked]
    assert names == [["happy", "angry"]] * 3 + [["sad", "angry"]] * 2
