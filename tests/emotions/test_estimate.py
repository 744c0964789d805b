"""An estimate is eight probabilities and what follows; more is checked when it is made."""

import dataclasses
import json
import math
from itertools import pairwise

import numpy as np
import pytest

from emotions.estimate import EmotionEstimate, Nuance, Person, Segment
from emotions.labels import EMOTION_NAMES, EMOTIONS
from emotions.places import Box, Characters, Seconds
from foundation.errors import InputError

UNIFORM = (0.125,) * 8
MIXED = (0.05, 0.05, 0.4, 0.1, 0.2, 0.1, 0.05, 0.05)


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
        Segment(Seconds(0.0, 1.0), probabilities)


def test_what_rounding_costs_is_made_good() -> None:
    estimate = EmotionEstimate((0.12501,) * 8)
    assert math.fsum(estimate.probabilities) == pytest.approx(1.0, abs=1e-12)


def test_label_and_confidence_are_those_of_the_largest() -> None:
    estimate = EmotionEstimate(MIXED)
    assert (estimate.label, estimate.confidence) == ("happy", pytest.approx(0.4))
    assert Segment(Seconds(0.0, 4.0), MIXED).label == "happy"


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
    segments = (Segment(Seconds(0.0, 4.0), MIXED), Segment(Seconds(1.0, 5.0), UNIFORM))
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


def test_where_there_was_nothing_to_judge_no_emotion_is_named() -> None:
    nobody = EmotionEstimate(MIXED, doubts=("look into the camera",), absence="no face found")
    assert (nobody.emotion, nobody.confidence) == (None, 0.0)
    assert (nobody.label, nobody.probabilities) == ("happy", EmotionEstimate(MIXED).probabilities)
    said = json.loads(json.dumps(nobody.to_dict()))
    assert (said["emotion"], said["confidence"]) == (None, 0.0)
    assert said["uncertain"] and said["absence"] == "no face found"
    assert tuple(said["probabilities"].values()) == pytest.approx(MIXED)
    assert EmotionEstimate.from_dict(said) == nobody
    somebody = EmotionEstimate(MIXED)
    assert (somebody.emotion, somebody.confidence) == ("happy", pytest.approx(0.4))
    assert "absence" not in somebody.to_dict()


def test_an_absence_is_words_and_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="must be words, and have a doubt"):
        EmotionEstimate(MIXED, absence="no face found")
    with pytest.raises(ValueError, match="must be words, and have a doubt"):
        EmotionEstimate(MIXED, doubts=("why",), absence=True)  # type: ignore[arg-type]


def test_notes_are_no_doubts() -> None:
    noted = EmotionEstimate(MIXED, notes=("the picture is upside down",))
    assert not noted.uncertain and noted.emotion == "happy"
    said = json.loads(json.dumps(noted.to_dict()))
    assert said["notes"] == ["the picture is upside down"]
    assert EmotionEstimate.from_dict(said) == noted
    with pytest.raises(ValueError, match="a note must say something"):
        EmotionEstimate(MIXED, notes=(" ",))


def everything() -> EmotionEstimate:
    """Return an estimate of two people in a film, with all that there can be."""
    rng = np.random.default_rng(0)
    ann, ben, both = (tuple(row) for row in rng.dirichlet(np.ones(8), 3))
    timeline = tuple(
        Segment(Seconds(second, second + 1), tuple(row))
        for second, row in enumerate(rng.dirichlet(np.ones(8), 4))
    )
    return EmotionEstimate(
        both,
        duration_seconds=4.5,
        segments=timeline,
        doubts=("the room is dark",),
        nuances=(Nuance("pride", 0.25, 0.4, 0.3), Nuance("excitement", 0.7, 0.62, 0.75)),
        people=(
            Person(EmotionEstimate(ann, 4.5, timeline[:2]), "Ann", Box(10, 20, 64, 80)),
            Person(EmotionEstimate(ben, doubts=("turned away",)), box=Box(300.5, 18, 60, 77)),
        ),
        absence="nothing heard",
        notes=("the film has no sound",),
    )


def test_what_there_is_more_of_stands_behind_the_keys_of_every_estimate() -> None:
    said = json.loads(json.dumps(everything().to_dict()))
    always = list(EmotionEstimate(MIXED).to_dict())
    assert list(said) == [*always, "absence", "notes", "nuances", "people"]
    assert said["nuances"][0] == {
        "name": "excitement",
        "probability": 0.7,
        "valence": 0.62,
        "arousal": 0.75,
    }
    assert [nuance["name"] for nuance in said["nuances"]] == ["excitement", "pride"]
    ann, ben = said["people"]
    assert list(ann) == ["name", "box", *always]
    assert list(ben) == ["box", *always]
    assert ann["box"] == {"left": 10.0, "top": 20.0, "width": 64.0, "height": 80.0}
    assert len(ann["segments"]) == 2 and ben["doubts"] == ["turned away"]


def test_sentences_say_where_they_are_and_not_what_they_say() -> None:
    text = "I lost my keys. Then my neighbour laughed with me."
    segments = (Segment(Characters(0, 15), MIXED), Segment(Characters(16, 50), UNIFORM))
    said = EmotionEstimate(MIXED, segments=segments).to_dict()
    assert said["duration_seconds"] == 0.0
    assert list(said["segments"][1]) == [
        "start_character",
        "end_character",
        "emotion",
        "probabilities",
    ]
    place = said["segments"][1]
    assert text[place["start_character"] : place["end_character"]].startswith("Then my")
    assert "neighbour" not in json.dumps(said)


@pytest.mark.parametrize(
    "estimate",
    [
        EmotionEstimate.of("calm"),
        EmotionEstimate(MIXED, 3.29, doubts=("one", "two")),
        EmotionEstimate(MIXED, segments=(Segment(Characters(0, 9), UNIFORM),)),
        everything(),
    ],
    ids=["named", "short", "sentence", "everything"],
)
def test_what_was_told_is_read_back(estimate: EmotionEstimate) -> None:
    told = json.loads(json.dumps(estimate.to_dict()))
    again = EmotionEstimate.from_dict(told)
    assert again.probabilities == pytest.approx(estimate.probabilities, abs=5e-6)
    assert again.doubts == estimate.doubts and again.nuances == estimate.nuances
    assert [s.place for s in again.segments] == [s.place for s in estimate.segments]
    assert [(p.name, p.box) for p in again.people] == [(p.name, p.box) for p in estimate.people]
    assert again.duration_seconds == estimate.duration_seconds
    for one, other in zip(again.people, estimate.people, strict=True):
        assert one.estimate.label == other.estimate.label
        assert len(one.estimate.segments) == len(other.estimate.segments)
    assert list(again.to_dict()) == list(told)


def test_keeping_and_reading_again_and_again_does_not_wear_an_estimate_off() -> None:
    for row in np.random.default_rng(1).dirichlet(np.ones(8), 50):
        once = EmotionEstimate.from_dict(EmotionEstimate(tuple(row)).to_dict())
        often = once
        for _ in range(20):
            often = EmotionEstimate.from_dict(often.to_dict())
        assert often.probabilities == pytest.approx(tuple(row), abs=5e-6)


def test_a_stored_estimate_may_lack_its_timeline_and_stand_among_other_keys() -> None:
    told = EmotionEstimate(MIXED, doubts=("so so",)).to_dict()
    del told["segments"]
    assert EmotionEstimate.from_dict({"file": "me.wav", **told}).doubts == ("so so",)


def changed(path: str, value: object) -> dict[str, object]:
    """Return what `everything` tells, with one value changed or, if it is None, taken out."""
    told = json.loads(json.dumps(everything().to_dict()))
    *way, last = (int(step) if step.isdecimal() else step for step in path.split("."))
    inner = told
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return told


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("probabilities", None, "'probabilities' is missing"),
        ("probabilities.sad", None, "8 probabilities are needed, 7"),
        ("probabilities.bored", 0.0, "8 probabilities are needed, 9"),
        ("probabilities.sad", 0.99, "must sum to 1"),
        ("probabilities.sad", "much", "could not convert"),
        ("probabilities", 3, "no estimate"),
        ("duration_seconds", -1.0, "must be 0 or more"),
        ("duration_seconds", "long", "could not convert"),
        ("doubts", "dark", "doubts are a sequence of str"),
        ("doubts", [3], "doubts are a sequence of str"),
        ("doubts", [" "], "a doubt or a note must say something"),
        ("doubts", [], "absence is 'nothing heard'; it must be words, and have a doubt"),
        ("absence", 3, "absence is 3; it must be words"),
        ("notes", "dark", "notes are a sequence of str"),
        ("segments.0.start_seconds", None, "'start_seconds' is missing"),
        ("segments.0.end_seconds", 0.0, "is no stretch"),
        ("segments.0.start_seconds", 1.5, "is no stretch"),
        ("segments", 5, "not iterable"),
        ("nuances.0.probability", 1.5, "probability of excitement is 1.5"),
        ("nuances.0.valence", -2, "valence of excitement is -2"),
        ("nuances.0.name", "", "needs a name"),
        ("nuances.0.name", "pride", "but once"),
        ("nuances.0.weight", 1, "unexpected keyword"),
        ("people.0.probabilities", None, "'probabilities' is missing"),
        ("people.0.box.width", 0, "no box"),
        ("people.0.name", 7, "no name"),
    ],
)
def test_what_is_no_stored_estimate_is_refused(path: str, value: object, words: str) -> None:
    EmotionEstimate.from_dict(changed("doubts", ["it rains"]))  # what is changed is what is refused
    with pytest.raises(InputError, match=words) as caught:
        EmotionEstimate.from_dict(changed(path, value))  # type: ignore[arg-type]
    assert "have it estimated again" in str(caught.value)


@pytest.mark.parametrize("stored", [[], "sad", None, 3])
def test_what_is_no_mapping_is_refused(stored: object) -> None:
    with pytest.raises(InputError, match="no estimate of emotions"):
        EmotionEstimate.from_dict(stored)  # type: ignore[arg-type]


def test_segments_are_of_one_kind_and_in_order() -> None:
    early, late = Segment(Seconds(0, 4), MIXED), Segment(Seconds(1, 5), MIXED)
    sentence = Segment(Characters(0, 9), MIXED)
    assert EmotionEstimate(MIXED, 5, [early, late]).segments == (early, late)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="order of their starts"):
        EmotionEstimate(MIXED, 5.0, (late, early))
    with pytest.raises(ValueError, match="all in seconds or all in characters"):
        EmotionEstimate(MIXED, 5.0, (sentence, late))
    with pytest.raises(ValueError, match="segments are a sequence of Segment"):
        EmotionEstimate(MIXED, 5.0, (Seconds(0, 1),))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has a place"):
        Segment((0.0, 4.0), MIXED)  # type: ignore[arg-type]


def test_a_person_has_an_estimate_of_one() -> None:
    with pytest.raises(ValueError, match="estimate of one"):
        Person(everything())
    with pytest.raises(ValueError, match="estimate of one"):
        Person(MIXED)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no name in a box"):
        Person(EmotionEstimate(MIXED), box=(0, 0, 5, 5))  # type: ignore[arg-type]


def test_estimates_with_everything_can_be_compared_and_kept_in_sets() -> None:
    assert everything() == everything()
    assert len({everything(), everything(), EmotionEstimate(MIXED)}) == 2
