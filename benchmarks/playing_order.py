"""How well neighbours in a playlist fit, against the same tracks in a random order.

    python benchmarks/playing_order.py --tracks TABLE

The cost of a transition is the mean of its steps in tempo, key (Camelot wheel) and energy, each
0..1 (`clustering.choice.transitions`). Printed are mean totals over a playlist of 20, for all
emotions and five seeds: ours, the same tracks shuffled, and their ratio.
"""

import argparse

import numpy as np

from clustering.choice.opening import open_catalogue
from clustering.choice.wish import Wish
from clustering.moods.mapping import MODES
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

SEEDS = 5
SHUFFLES = 20


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", help="a table of tracks; left out: the default table")
    catalogue = open_catalogue(parser.parse_args().tracks)
    print(catalogue.table.summary())
    ids = catalogue.table.frame["track_id"]
    row_of = dict(zip(ids, range(len(ids)), strict=True))

    def total(rows: np.ndarray) -> float:
        return float(catalogue.transitions.costs(rows[:-1], rows[1:]).sum())

    print(f"{'mode':10}{'ours':>8}{'shuffled':>10}{'ratio':>8}{'mean distance from the aim':>30}")
    for mode in MODES:
        ours, shuffled, distances = [], [], []
        for emotion in EMOTION_NAMES:
            for seed in range(SEEDS):
                estimate = EmotionEstimate.of(emotion)
                playlist = make_playlist(estimate, catalogue, Wish(mode=mode, seed=seed))
                rows = np.array([row_of[track.track_id] for track in playlist.tracks])
                rng = np.random.default_rng(seed)
                ours.append(total(rows))
                shuffled += [total(rng.permutation(rows)) for _ in range(SHUFFLES)]
                distances += [track.distance for track in playlist.tracks]
        ratio = np.mean(ours) / np.mean(shuffled)
        print(
            f"{mode:10}{np.mean(ours):8.2f}{np.mean(shuffled):10.2f}{ratio:8.2f}"
            f"{np.mean(distances):30.3f}"
        )


if __name__ == "__main__":
    main()
