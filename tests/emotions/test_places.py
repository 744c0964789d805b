"""A place is a stretch or a box that is there; what is none is refused."""

import dataclasses
import json
import math

import numpy as np
import pytest

from emotions.places import Box, Characters, Seconds, place_from_dict


def test_places_are_told_and_read_back() -> None:
    for place in (Seconds(0.5, 4.25), Characters(0, 57)):
        told = json.loads(json.dumps(place.to_dict()))
        assert place_from_dict({**told, "emotion": "sad"}) == place
    assert Seconds(0, 1.23456).to_dict() == {"start_seconds": 0.0, "end_seconds": 1.235}
    assert Characters(3, 9).to_dict() == {"start_character": 3, "end_character": 9}
    box = Box(-3, 10.04, 80, 96.5)
    assert box.to_dict() == {"left": -3.0, "top": 10.0, "width": 80.0, "height": 96.5}
    with pytest.raises(dataclasses.FrozenInstanceError):
        box.left = 0.0  # type: ignore[misc]


def test_characters_are_those_of_python() -> None:
    text = "Ich bin müde 😴. Aber froh!"
    place = Characters(16, 26)
    assert text[place.start : place.end] == "Aber froh!"
    assert place.middle == 21


def test_numbers_of_numpy_are_taken_as_plain_ones() -> None:
    assert json.dumps(Characters(np.int64(1), np.int32(2)).to_dict())
    assert json.dumps(Seconds(np.float32(1), np.float64(2)).to_dict())


@pytest.mark.parametrize("kind", [Seconds, Characters])
@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2)])
def test_what_is_no_stretch_is_refused(kind: type, start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"from {start}.* to {end}.* is no stretch"):
        kind(start, end)


def test_other_numbers_are_refused() -> None:
    for end in (math.nan, math.inf):
        with pytest.raises(ValueError, match="is no stretch"):
            Seconds(0.0, end)
    with pytest.raises(ValueError, match="whole numbers"):
        Characters(0, 5.5)  # type: ignore[arg-type]
    for sides in ((0, 0, 0, 5), (0, 0, 5, -1), (0, math.nan, 5, 5), (math.inf, 0, 5, 5)):
        with pytest.raises(ValueError, match="are no box"):
            Box(*sides)
    with pytest.raises(KeyError, match="start_seconds"):
        place_from_dict({"emotion": "sad"})
