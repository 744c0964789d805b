"""What is too little to train on is refused, and the message says what is needed."""

import re

import pytest

from foundation.errors import InputError
from ser.corpora.enough import check_enough, is_whole
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
