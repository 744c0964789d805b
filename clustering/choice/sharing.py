"""Which other emotions would be given the same tracks, so that a playlist can say so.

Angry, fearful and disgust nearly coincide in valence and arousal, and two emotions may lift to much
the same place. Their aims differ (`mapping.toml`), and in a large table so do their tracks; in a
small one, or behind a narrow filter, there is too little to choose from.
"""

from collections.abc import Sequence

import numpy as np

from clustering.choice.catalogue import Catalogue
from clustering.choice.selection import Choice, choose
from clustering.choice.wish import Wish
from clustering.moods.mapping import Aim, aims_along, placed
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

MOST_SHARED = 0.25  # of a playlist's tracks: above it, two playlists share
# Where there are more rows than this many times the places, only emotions that could share are
# drawn for: those whose aims lie within REACH times the distance of our farthest track.
FEW = 50
REACH = 1.5


def sharing_emotions(
    estimate: EmotionEstimate,
    catalogue: Catalogue,
    rows: np.ndarray,
    choices: Sequence[Choice],
    wish: Wish,
    pulls: np.ndarray | None = None,
) -> dict[str, int]:
    """Return how many of the tracks chosen each other emotion would be given, where it is many.

    Parameters
    ----------
    estimate
        What `choices` were made for; the certain playlist of every other emotion is compared.
    catalogue, rows, wish, pulls
        As for `clustering.choice.selection.choose`.
    choices
        What it chose, in any order.

    Returns
    -------
    dict of str to int
        Emotions that share more than `MOST_SHARED` of the tracks, those that share most first.
    """
    chosen = {choice.row for choice in choices}
    told = {}
    for emotion in EMOTION_NAMES:
        if emotion == estimate.label:
            continue
        aims = aims_along(EmotionEstimate.of(emotion), wish.mode, len(choices))
        if len(rows) <= FEW * len(choices) or _could_share(catalogue, choices, aims):
            others = choose(catalogue, rows, aims, wish, pulls)
            told[emotion] = len(chosen & {choice.row for choice in others})
    many = {name: n for name, n in told.items() if n > MOST_SHARED * len(chosen)}
    return dict(sorted(many.items(), key=lambda item: -item[1]))


def _could_share(catalogue: Catalogue, choices: Sequence[Choice], aims: Sequence[Aim]) -> bool:
    """Return whether many of the tracks chosen lie near to the other aims, too."""
    rows = np.array([choice.row for choice in choices])
    reach = REACH * max(choice.distance for choice in choices)
    heard = None if catalogue.heard is None else catalogue.heard[rows]
    club = None if catalogue.club is None else catalogue.club[rows]
    there = placed(aims, catalogue.model)
    distances = {id(aim): aim.distances(catalogue.quantiles[rows], heard, club) for aim in there}
    near = [distances[id(aim)][place] <= reach for place, aim in enumerate(there)]
    return sum(near) > MOST_SHARED * len(choices)
