"""The eight emotions are those of RAVDESS."""

import pytest

from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from foundation.errors import InputError


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
