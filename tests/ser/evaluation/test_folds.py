"""The protocols leak nothing."""

import pytest

from foundation.errors import InputError
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.folds import make_folds

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
