"""The eight emotions are those of RAVDESS; an estimate is eight probabilities and what follows."""

import dataclasses
import json
import math
from itertools import pairwise

import pytest

from emotions.estimate import EmotionEstimate, Segment
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from foundation.errors import InputError

UNIFORM = (0.125,) * 8
MIXED = (0.05, 0.05, 0.4, 0.1, 0.2, 0.1, 0.05, 0.05)


def test_the_order_is_that_of_ravdess() -> None:
    assert EMOTION_NAMES == (
        "neutral",
        "calm",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    )
    assert [emotion.code for emotion in EMOTIONS] == list(range(1, 9))


def test_every_emotion_has_its_place_and_colour() -> None:
    assert (EMOTIONS[0].valence, EMOTIONS[0].arousal) == (0.0, 0.0)
    assert all(-1 <= e.valence <= 1 and -1 <= e.arousal <= 1 for e in EMOTIONS)
    assert len({emotion.colour for emotion in EMOTIONS}) == 8
    side = {e.name: (e.valence > 0, e.arousal > 0) for e in EMOTIONS[1:]}
    assert side["happy"] == side["surprised"] == (True, True)
    assert side["calm"] == (True, False)
    assert side["sad"] == (False, False)
    assert side["angry"] == side["fearful"] == side["disgust"] == (False, True)


@pytest.mark.parametrize("name", ["calm", " Calm ", "CALM\n"])
def test_an_emotion_is_found_by_its_name(name: str) -> None:
    assert emotion_named(name).code == 2


@pytest.mark.parametrize("name", ["", "bored", "angry!", "fear"])
def test_an_unknown_name_is_answered_with_the_eight(name: str) -> None:
    for function in (emotion_named, EmotionEstimate.of):
        with pytest.raises(InputError, match="neutral, calm, happy, sad, angry, fearful") as caught:
            function(name)
        assert repr(name) in str(caught.value)


def test_an_estimate_cannot_be_changed() -> None:
    estimate = EmotionEstimate(list(MIXED))  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.probabilities = UNIFORM  # type: ignore[misc]
    assert isinstance(estimate.probabilities, tuple)
    assert hash(estimate) == hash(EmotionEstimate(MIXED))


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((), "8 probabilities are needed, 0"),
        ((1.0,), "8 probabilities are needed, 1"),
        ((1 / 9,) * 9, "8 probabilities are needed, 9"),
        ((0.0,) * 8, "must sum to 1, they sum to 0.0"),
        ((0.2,) * 8, "must sum to 1, they sum to 1.6"),
        ((0.1255,) * 8, "must sum to 1"),
        ((1.2, -0.2, 0, 0, 0, 0, 0, 0), "must lie in 0..1"),
        ((math.nan, 1, 0, 0, 0, 0, 0, 0), "must lie in 0..1"),
        ((math.inf, 0, 0, 0, 0, 0, 0, 0), "must lie in 0..1"),
    ],
)
def test_wrong_vectors_are_refused(probabilities: tuple[float, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EmotionEstimate(probabilities)
    with pytest.raises(ValueError, match=words):
        Segment(0.0, 1.0, probabilities)


def test_what_rounding_costs_is_made_good() -> None:
    estimate = EmotionEstimate((0.12501,) * 8)
    assert math.fsum(estimate.probabilities) == pytest.approx(1.0, abs=1e-12)


def test_label_and_confidence_are_those_of_the_largest() -> None:
    estimate = EmotionEstimate(MIXED)
    assert (estimate.label, estimate.confidence) == ("happy", pytest.approx(0.4))
    assert Segment(0.0, 4.0, MIXED).label == "happy"


def test_valence_and_arousal_are_expectations() -> None:
    half = EmotionEstimate((0, 0, 0.5, 0.5, 0, 0, 0, 0))
    assert half.valence == pytest.approx((0.81 - 0.63) / 2)
    assert half.arousal == pytest.approx((0.51 - 0.27) / 2)
    for emotion in EMOTIONS:
        certain = EmotionEstimate.of(emotion.name)
        assert (certain.valence, certain.arousal) == (emotion.valence, emotion.arousal)


def test_entropy_runs_from_certain_to_clueless() -> None:
    assert EmotionEstimate.of("sad").entropy == 0.0
    assert EmotionEstimate(UNIFORM).entropy == pytest.approx(1.0)
    assert EmotionEstimate((0.5, 0.5, 0, 0, 0, 0, 0, 0)).entropy == pytest.approx(1 / 3)
    ladder = [EmotionEstimate((1 - 7 * p, *(p,) * 7)).entropy for p in (0.0, 0.03, 0.06, 0.1)]
    assert all(less < more for less, more in pairwise(ladder))


def test_somebody_who_says_what_they_feel_is_believed() -> None:
    estimate = EmotionEstimate.of("surprised")
    assert (estimate.label, estimate.confidence) == ("surprised", 1.0)
    assert (estimate.duration_seconds, estimate.segments) == (0.0, ())


def test_json_has_these_fields_and_no_others() -> None:
    segments = (Segment(0.0, 4.0, MIXED), Segment(1.0, 5.0, UNIFORM))
    said = json.loads(json.dumps(EmotionEstimate(MIXED, 5.25, segments).to_dict()))
    assert list(said) == [
        "emotion",
        "probabilities",
        "valence",
        "arousal",
        "confidence",
        "uncertain",
        "doubts",
        "duration_seconds",
        "segments",
    ]
    assert said["emotion"] == "happy"
    assert tuple(said["probabilities"]) == EMOTION_NAMES
    assert tuple(said["probabilities"].values()) == pytest.approx(MIXED)
    estimate = EmotionEstimate(MIXED)
    assert said["confidence"] == pytest.approx(0.4)
    assert said["valence"] == pytest.approx(estimate.valence, abs=1e-4)
    assert said["arousal"] == pytest.approx(estimate.arousal, abs=1e-4)
    assert said["duration_seconds"] == 5.25
    assert [list(segment) for segment in said["segments"]] == [
        ["start_seconds", "end_seconds", "emotion", "probabilities"]
    ] * 2
    assert said["segments"][1]["end_seconds"] == 5.0
    assert EmotionEstimate.of("calm").to_dict()["segments"] == []
