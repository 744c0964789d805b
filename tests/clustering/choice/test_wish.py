"""A wish is checked where it is made, and whoever gets one need not look again."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from clustering.choice.filters import Filters
from clustering.choice.taste import Taste
from clustering.choice.wish import Wish
from foundation.errors import InputError


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"mode": "cure"}, "match, lift, journey"),
        ({"n_tracks": 0}, "n_tracks is 0; .* 1 to 500"),
        ({"n_tracks": 501}, "1 to 500"),
        ({"n_tracks": 2.5}, "1 to 500"),
        ({"n_tracks": True}, "1 to 500"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": float("nan")}, "minutes"),
        ({"minutes": 1440.5}, "at most 1440"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "0 to 4294967295"),
    ],
)
def test_impossible_wishes_are_refused_in_words(asked, words):
    with pytest.raises(InputError, match=words):
        Wish(**asked)
    with pytest.raises(InputError, match=words):
        replace(Wish(), **asked)


def test_what_is_meant_is_kept_as_one_says_it():
    wish = Wish(mode=" Lift ", n_tracks=np.int64(7), seed=np.uint32(3), minutes=30)
    assert wish.mode == "lift" and wish.target_ms == 1_800_000
    assert type(wish.n_tracks) is int and type(wish.seed) is int  # as JSON takes them
    with pytest.raises(FrozenInstanceError):
        wish.mode = "match"


def test_equal_wishes_are_equal_and_tastes_only_to_themselves():
    assert Wish() == Wish() and Wish(seed=1) != Wish()
    assert Wish(filters=Filters(genres="rock")) == Wish(filters=Filters(genres=["rock"]))
    one, other = Taste(), Taste()
    assert Wish(taste=one) == Wish(taste=one) != Wish(taste=other)
