"""Which other emotions would be given the same tracks, so that a playlist can say so.

Angry, fearful and disgust nearly coincide in valence and arousal, and two emotions may lift to
much the same place. Their aims differ (`mapping.toml`), and in a large table so do their tracks: at
most 5 of 20 are shared in the default table (in a sixth of it 9, or 11 by the journeys of angry and
fearful). In a small one, or behind a narrow filter, there may be too little to choose from.
"""

from collections.abc import Sequence

import numpy as np

from clustering.choice.catalogue import Catalogue
from clustering.choice.selection import Choice, choose
from clustering.choice.wish import Wish
from clustering.moods.mapping import aims_along
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

MOST_SHARED = 0.25  # of a playlist's tracks: above it, two playlists share
FEW_ROWS = 4_000  # where there are more, most tracks differ, and to compare them takes long


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
    if len(rows) > FEW_ROWS:
        return {}
    chosen = {choice.row for choice in choices}
    told = {}
    for emotion in EMOTION_NAMES:
        if emotion == estimate.label:
            continue
        aims = aims_along(EmotionEstimate.of(emotion), wish.mode, len(choices))
        others = choose(catalogue, rows, aims, wish, pulls)
        told[emotion] = len(chosen & {choice.row for choice in others})
    many = {name: n for name, n in told.items() if n > MOST_SHARED * len(chosen)}
    return dict(sorted(many.items(), key=lambda item: -item[1]))
