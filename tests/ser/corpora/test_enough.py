"""What is too little to train on is refused, and the message says what is needed."""

import re
from pathlib import Path

import pytest

from emotions.labels import emotion_named
from foundation.errors import InputError
from ser.corpora.clips import CorpusClip
from ser.corpora.enough import check_enough, check_judgeable, is_whole
from ser.corpora.ravdess import Clip, expected_clip_ids

ALL = tuple(Clip.from_path(f"{clip_id}.wav") for clip_id in expected_clip_ids())


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        (ALL[:1], "1 clip of 1 speaker cannot"),
        ([clip for clip in ALL if clip.actor == 1][:6], "6 clips of 1 speaker .*calm 2, happy 0"),
        ([clip for clip in ALL if clip.actor < 4], "180 clips of 3 speakers .*needs 4 speakers"),
        ([c for c in ALL if c.emotion.name != "sad"], "1248 clips of 24 .*too few of: sad 0"),
        ((), "0 clips of 0 speakers"),
    ],
)
def test_too_little_is_refused_with_what_is_needed(clips, words):
    with pytest.raises(InputError, match=words) as caught:
        check_enough(clips)
    assert re.search("4 speakers and 8 clips of each of the eight", str(caught.value))
    assert not is_whole(clips)


def test_four_actors_are_enough_and_the_corpus_is_whole():
    check_enough([clip for clip in ALL if clip.actor <= 4])
    check_enough(ALL)
    assert is_whole(ALL) and not is_whole(ALL[1:])


def of(speaker, emotions, *, n=1, corpus="own"):
    """Return n clips of each emotion by one speaker."""
    return [
        CorpusClip(Path("x"), f"{corpus}/{speaker}-{name}-{i}", f"{corpus}/{speaker}",
                   emotion_named(name), corpus)
        for name in emotions
        for i in range(n)
    ]  # fmt: skip


FOUR = [clip for name in "abcd" for clip in of(name, ["angry", "happy"], n=2)]


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ((), "0 clips .* there are none"),
        (of("a", ["angry"], n=50), "50 clips of 1 speaker .* all are angry"),
        (of("a", ["angry", "sad"], n=50), "1 speaker with two emotions or more, 4 are needed"),
        (FOUR[:-4] + of("d", ["angry"], n=9), "3 speakers with two emotions"),
        ([c for c in FOUR if c.clip_id[-1] == "0"], "happy has 4 clips; angry has 4 clips"),
        (FOUR + of("a", ["sad"], n=9), "sad is expressed by 1 speaker with another"),
        (
            FOUR + [c for i in range(26) for c in of(f"s{i}", ["angry"])],
            "26 of 34 clips of angry are by speakers with no other emotion",
        ),
        (FOUR + of("e", ["sad"], n=9, corpus="two"), "two has sad alone"),
        # Who is called alike in two corpora may be one person.
        (
            [c for k in "12" for s in "ab" for c in of(s, ["angry", "happy"], n=2, corpus=k)],
            "2 speakers with two emotions",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_with_what_is_needed(clips, words):
    with pytest.raises(InputError, match=words) as caught:
        check_judgeable(clips)
    assert "two emotions or more, of each 8 clips of 3 speakers" in str(caught.value)
    assert "4 such speakers in all" in str(caught.value)


def test_some_voices_of_one_emotion_do_no_harm_beside_others():
    check_judgeable(FOUR)
    check_judgeable([*FOUR, *of("e", ["angry"], n=4)])
    check_judgeable([*FOUR, *ALL])
