"""Music is chosen by the eight probabilities, doubts and nuances, and by nothing else."""

from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate, Nuance, Person, Segment
from emotions.places import Box, Characters

HAPPY = EmotionEstimate.of("happy").probabilities
SAD = EmotionEstimate.of("sad").probabilities
MIXED = (0.05, 0.05, 0.4, 0.1, 0.2, 0.1, 0.05, 0.05)


def test_places_and_people_change_no_playlist(catalogue):
    bare = EmotionEstimate(MIXED)
    full = EmotionEstimate(
        MIXED,
        duration_seconds=9.0,
        segments=(Segment(Characters(0, 20), HAPPY), Segment(Characters(21, 40), SAD)),
        people=(
            Person(EmotionEstimate(HAPPY), "Ann"),
            Person(EmotionEstimate(SAD), box=Box(0, 0, 9, 9)),
        ),
    )
    expected = make_playlist(bare, catalogue, Wish(n_tracks=8)).to_dict()
    assert make_playlist(full, catalogue, Wish(n_tracks=8)).to_dict() == expected
    finer = EmotionEstimate(MIXED, nuances=(Nuance("excitement", 0.9, 0.62, 0.75),))
    assert make_playlist(finer, catalogue, Wish(n_tracks=8)).to_dict() != expected
    assert make_playlist(EmotionEstimate(SAD), catalogue, Wish(n_tracks=8)).to_dict() != expected
