"""Labels as corpora write them mean one of the eight; what could mean two things is not guessed."""

import tomllib
from pathlib import Path

import pytest

from emotions.labels import EMOTION_NAMES
from ser.corpora import emotion_words
from ser.corpora.emotion_words import EmotionWords, plain

SETTINGS = tomllib.loads(
    Path(emotion_words.__file__).with_name("emotion_words.toml").read_text("utf-8")
)


def meant(*labels):
    words = EmotionWords(labels)
    return [words.emotion(label) for label in labels]


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_the_eight_names_stand_for_themselves(name):
    assert meant(name, name.upper(), f" {name.title()} ") == [name] * 3


@pytest.mark.parametrize(
    "labels",
    [
        "anger fear happiness sadness surprise disgusted neutral",
        "ANG FEA HAP SAD SUR DIS NEU",
        "rab pau gio tri sor dis neu",
        "Ärger Angst Freude Trauer überraschung EKEL Neutral",
        "Colère peur joie tristesse surprise degout neutre",
        "Hot_Anger afraid Joy SADNESS Pleasant-Surprise disgust neutrality",
    ],
)
def test_words_of_corpora_are_understood(labels):
    emotions = ["angry", "fearful", "happy", "sad", "surprised", "disgust", "neutral"]
    assert meant(*labels.split()) == emotions


def test_letters_are_read_where_the_whole_table_is_written_in_those_of_one_corpus():
    assert meant(*"WLEAFTN") == [*("angry", None, "disgust", "fearful", "happy", "sad", "neutral")]
    assert meant(*"wtfn", "") == ["angry", "sad", "happy", "neutral", None]
    assert meant(*"ADFHNS") == ["angry", "disgust", "fearful", "happy", "neutral", "sad"]
    assert meant("a", "d", "n", "sa", "su") == ["angry", "disgust", "neutral", "sad", "surprised"]
    assert meant("01", "08") == ["neutral", "surprised"]
    assert meant("A", "H") == ["angry", "happy"]  # of three corpora, which all mean the same by it


@pytest.mark.parametrize("labels", ["AFN", "WAFN", "WN", "A", ["W", "T", "bored"], ["A", "happy"]])
def test_letters_that_could_mean_two_things_are_not_guessed(labels):
    words = EmotionWords(labels)
    letters = [label for label in labels if len(label) == 1]
    assert [words.emotion(letter) for letter in letters] == [None] * len(letters)
    assert all(words.is_unclear(letter) for letter in letters)


def test_other_feelings_are_none_of_the_eight_and_not_unclear():
    for label in ("bored", "excited", "frustration", "contempt", "xxx", "", "9"):
        words = EmotionWords([label, "happy"])
        assert words.emotion(label) is None and not words.is_unclear(label)
    assert not EmotionWords("WLEAFTN").is_unclear("L")  # boredom, and known to be


def test_the_settings_name_the_eight_and_no_spelling_twice():
    assert set(SETTINGS["words"]) == set(EMOTION_NAMES)
    spelled = [plain(word) for words in SETTINGS["words"].values() for word in words]
    assert len(set(spelled)) == len(spelled)
    assert not set(spelled) & set(EMOTION_NAMES)
    for codes in SETTINGS["codes"].values():
        assert set(codes.values()) <= {*EMOTION_NAMES, ""}
        assert not set(map(plain, codes)) & {*spelled, *EMOTION_NAMES}
        assert len(set(map(plain, codes))) == len(codes)
