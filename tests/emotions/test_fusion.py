"""Several senses are one estimate: what must hold whatever they say."""

from itertools import permutations

import numpy as np
import pytest

from emotions import calibration_metrics
from emotions.estimate import EmotionEstimate, Nuance
from emotions.fusion import WEIGHTS, fuse
from emotions.labels import EMOTION_NAMES
from emotions.predictions import labels_of, probabilities_of
from foundation.errors import InputError

EVEN = EmotionEstimate((1 / 8,) * 8)


def sure_of(name, share, **more):
    rest = (1 - share) / 7
    rows = (share if one == name else rest for one in EMOTION_NAMES)
    return EmotionEstimate(tuple(rows), **more)


def test_one_sense_alone_is_unchanged():
    estimate = sure_of("sad", 0.6, doubts=("it was short",), duration_seconds=3.0)
    assert fuse({"voice": estimate}) is estimate
    nothing = EmotionEstimate((1 / 8,) * 8, doubts=("no words",), absence="no words found")
    assert fuse({"voice": estimate, "words": nothing}) is estimate
    assert fuse({"words": nothing}) is nothing


def test_the_order_does_not_matter():
    senses = {"voice": sure_of("sad", 0.6), "words": sure_of("happy", 0.4)}
    fused = [fuse({name: senses[name] for name in order}) for order in permutations(senses)]
    assert fused[0] == fused[1]


def test_what_knows_nothing_changes_nothing_but_how_sure_it_is_of_a_sense():
    voice = sure_of("angry", 0.7)
    both = fuse({"voice": voice, "words": EVEN})
    ranks = [np.argsort(one.probabilities).tolist() for one in (voice, both)]
    assert ranks[0] == ranks[1] and both.confidence <= voice.confidence
    assert both.confidence == pytest.approx(voice.confidence, abs=0.1)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_two_that_agree_are_surer_than_each(share):
    both = fuse({"voice": sure_of("fearful", share), "words": sure_of("fearful", share)})
    assert both.label == "fearful" and both.confidence > share and not both.uncertain


def test_two_that_contradict_each_other_are_told_and_not_acted_on():
    both = fuse({"voice": sure_of("sad", 0.8), "words": sure_of("happy", 0.8)})
    assert both.doubts == ("the voice sounds sad, the words are happy",)
    quiet = fuse({"voice": sure_of("sad", 0.45), "words": sure_of("happy", 0.8)})
    assert quiet.label == "happy" and not quiet.uncertain


def test_one_sense_settles_what_another_doubted():
    torn = sure_of("sad", 0.4, doubts=("sad has only 40 %",))
    assert not fuse({"voice": torn, "words": sure_of("sad", 0.7)}).uncertain
    assert fuse({"voice": torn, "words": torn}).doubts == torn.doubts


def test_nuances_of_the_words_are_kept():
    finer = (Nuance("gratitude", 0.7, 0.61, 0.1),)
    both = fuse({"voice": sure_of("happy", 0.5), "words": sure_of("happy", 0.6, nuances=finer)})
    assert both.nuances == finer


def test_a_sense_of_another_name_is_refused():
    for senses in ({}, {"smell": EVEN}):
        with pytest.raises(InputError, match="voice, words"):
            fuse(senses)


def test_it_is_right_about_how_sure_it_is():
    """On pairs of a clip and a text of one emotion that neither model had met."""
    from reading.evaluation.judge import committed_predictions as of_texts
    from ser.evaluation.predictions import committed_predictions as of_voices

    chance = np.random.default_rng(7)
    voices, texts = of_voices(), of_texts()
    texts = texts[texts["text_id"].str.startswith("goemotions/")]
    rows, labels, alone = [], [], []
    for emotion in range(8):
        drawn = [
            probabilities_of(table)[chance.choice(np.flatnonzero(labels_of(table) == emotion), 150)]
            for table in (voices[voices["seed"] == 0], texts)
        ]
        for voice, words in zip(*drawn, strict=True):
            pair = {"voice": EmotionEstimate(tuple(voice)), "words": EmotionEstimate(tuple(words))}
            rows.append(fuse(pair).probabilities)
            alone.append(voice)
            labels.append(emotion)
    labels = np.array(labels)
    right = np.mean(np.argmax(rows, axis=1) == labels)
    assert right > np.mean(np.argmax(alone, axis=1) == labels) + 0.1
    assert calibration_metrics.expected_calibration_error(labels, np.array(rows)) < 0.05
    assert np.max(rows, axis=1).mean() < right + 0.03  # never over-sure
    assert all(0 < weight <= 1 for weight in WEIGHTS.values())
