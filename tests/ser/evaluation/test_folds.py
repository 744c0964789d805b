"""The protocols leak nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from emotions.labels import emotion_named
from foundation.errors import InputError
from ser.corpora.clips import CorpusClip
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.folds import BY_SPEAKER, make_folds

CLIPS = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("speech"))


@pytest.mark.parametrize(("protocol", "n_folds"), [("luna-jimenez", 5), ("emobox", 6)])
def test_no_actor_is_on_two_sides_of_a_fold_and_every_clip_is_tested_once(protocol, n_folds):
    folds = make_folds(CLIPS, protocol)
    assert len(folds) == n_folds
    for fold in folds:
        train, validation, test = (
            {clip.actor for clip in part} for part in (fold.train, fold.validation, fold.test)
        )
        assert train and len(validation) >= 2 and test
        assert not train & validation and not train & test and not validation & test
        assert len(fold.train) + len(fold.validation) + len(fold.test) == 1440
    tested = [clip.clip_id for fold in folds for clip in fold.test]
    assert sorted(tested) == sorted(clip.clip_id for clip in CLIPS)


def test_luna_jimenez_folds_are_the_published_ones():
    tests = [
        sorted({clip.actor for clip in fold.test}) for fold in make_folds(CLIPS, "luna-jimenez")
    ]
    assert tests == [
        [2, 5, 14, 15, 16],
        [3, 6, 7, 13, 18],
        [10, 11, 12, 19, 20],
        [8, 17, 21, 23, 24],
        [1, 4, 9, 22],
    ]


def test_a_random_split_has_every_actor_on_both_sides():
    for fold in make_folds(CLIPS, "random-split"):
        assert {clip.actor for clip in fold.test} == {clip.actor for clip in fold.train}


def test_an_incomplete_corpus_and_an_unknown_protocol_are_refused():
    with pytest.raises(InputError, match="lacks \\[24\\]"):
        make_folds([clip for clip in CLIPS if clip.actor != 24], "luna-jimenez")
    with pytest.raises(InputError, match="luna-jimenez"):
        make_folds(CLIPS, "leave-one-out")


def own_clips(n_speakers=10, corpora=("one", "two"), emotions=("angry", "happy", "sad")):
    return tuple(
        CorpusClip(Path("x"), f"{corpus}/{s}-{name}-{i}", f"{corpus}/{corpus}{s}",
                   emotion_named(name), corpus)
        for corpus in corpora
        for s in range(n_speakers)
        for name in emotions
        for i in range(1 + s % 3)
    )  # fmt: skip


def test_folds_by_speaker_keep_people_apart_and_share_out_corpora_and_emotions():
    clips = own_clips()
    folds = make_folds(clips, BY_SPEAKER)
    assert len(folds) == 5
    for fold in folds:
        sides = [{c.speaker for c in part} for part in (fold.train, fold.validation, fold.test)]
        train, validation, test = sides
        assert len(validation) >= 2 and not train & validation
        assert not test & (train | validation)
        assert {clip.corpus for clip in fold.test} == {"one", "two"}
        assert len({clip.emotion for clip in fold.test}) == 3
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(clips)
    tested = [clip.clip_id for fold in folds for clip in fold.test]
    assert sorted(tested) == sorted(clip.clip_id for clip in clips)
    assert len({frozenset(c.speaker for c in fold.validation) for fold in folds}) > 1
    assert make_folds(clips[::-1], BY_SPEAKER) == folds


def test_four_speakers_are_four_folds_and_people_of_one_name_stay_together():
    for fold in make_folds(own_clips(4, corpora=("one",)), BY_SPEAKER):
        sides = [{c.speaker for c in part} for part in (fold.train, fold.validation, fold.test)]
        assert [len(side) for side in sides] == [2, 1, 1]
    alike = [replace(c, speaker=f"{c.corpus}/{c.speaker[-1]}") for c in own_clips()]
    for fold in make_folds(alike, BY_SPEAKER):
        assert not {c.speaker[-1] for c in fold.test} & {c.speaker[-1] for c in fold.train}


def test_an_emotion_that_nobody_is_left_to_teach_is_refused():
    clips = own_clips(6, corpora=("one",))
    few = [c for c in clips if c.emotion.name != "sad" or c.speaker == "one/one2"]
    with pytest.raises(InputError, match="nobody is left to learn sad from"):
        make_folds(few, BY_SPEAKER)


def test_ravdess_is_divided_beside_own_corpora():
    for fold in make_folds((*own_clips(), *CLIPS), BY_SPEAKER):
        assert {clip.corpus for clip in fold.test} == {"one", "two", "RAVDESS"}
        assert len({clip.emotion for clip in fold.train}) == 8
        assert not {c.speaker for c in fold.test} & {c.speaker for c in fold.train}
