"""Does feedback help? Simulated listeners like and dislike by a taste of their own.

    python benchmarks/simulated_listener.py [--tracks TABLE --labels FILE]

Each listener likes a region of the feature space: every other one the quarter of all tracks that
lies nearest to a track drawn at random, the others the upper or the lower two fifths in one feature
drawn at random (quantiles). They ask ten times for music of one emotion, with another seed each
time, and after each playlist judge every track of it. Printed are, for each of the ten, the share
of liked tracks and the share of picks that are of the mood, with feedback and without. Of the mood
is, with labels, what people said; without, the tenth of the table that lies nearest to the aim.
"""

import argparse

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.wish import Wish
from clustering.evaluation.human_labels import read_judgements
from clustering.evaluation.mood_evaluation import right_tracks
from clustering.moods.mapping import aim_for, placed
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import read_tracks
from emotions.estimate import EmotionEstimate
from foundation.progress import progress_bar
from listener.profile import Profile
from listener.tastes import taste_of

N_PLAYLISTS = 10
N_TRACKS = 20
BALL_SHARE = 0.25
HALF_SHARE = 0.4
EMOTIONS = ("happy", "sad", "calm", "angry")
COLUMNS = ["track_id", "name", "artist", *FEATURE_NAMES]


def liked_by(catalogue: Catalogue, number: int, generator: np.random.Generator) -> np.ndarray:
    """Return for each track whether a listener likes it."""
    if number % 2:
        feature, sign = generator.integers(len(FEATURE_NAMES)), generator.choice([-1, 1])
        far = sign * catalogue.quantiles[:, feature]
        return far <= np.quantile(far, HALF_SHARE)
    centre = catalogue.quantiles[generator.integers(len(catalogue.quantiles))]
    steps = np.linalg.norm(catalogue.quantiles - centre, axis=1)
    return steps <= np.quantile(steps, BALL_SHARE)


def fitting(
    catalogue: Catalogue, emotion: str, labels: str | None, table: str | None
) -> np.ndarray:
    """Return for each track whether it is of the mood of an emotion."""
    if labels is None or table is None:
        (aim,) = placed([aim_for(EmotionEstimate.of(emotion))], catalogue.model)
        distances = aim.distances(catalogue.quantiles, club=catalogue.club)
        return distances <= np.quantile(distances, 0.1)
    judged = read_judgements(labels, catalogue.table, table_path=table)
    right = np.zeros(len(catalogue.table), dtype=bool)
    right[judged.rows[right_tracks(judged, emotion)]] = True
    return right


def listen(
    catalogue: Catalogue, emotion: str, likes: np.ndarray, right: np.ndarray, *, feedback: bool
) -> np.ndarray:
    """Return the shares of liked and of fitting tracks of ten playlists, (10, 2)."""
    rows = pd.Series(range(len(likes)), index=catalogue.table.frame["track_id"])
    judged: dict[str, bool] = {}
    shares = []
    for seed in range(N_PLAYLISTS):
        frame = catalogue.table.frame.iloc[rows[list(judged)]][COLUMNS]
        judgements = frame.assign(liked=np.array(list(judged.values()), dtype=bool))
        playlist = make_playlist(
            EmotionEstimate.of(emotion),
            catalogue,
            Wish(n_tracks=N_TRACKS, seed=seed, taste=taste_of(Profile(), judgements)),
        )
        picked = [track.track_id for track in playlist.tracks]
        liked = likes[rows[picked]]
        shares.append((liked.mean(), right[rows[picked]].mean()))
        if feedback:
            judged.update(zip(picked, liked.tolist(), strict=True))
    return np.array(shares)


def main() -> None:
    """Print the curves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", help="a table of tracks; left out: the default table")
    parser.add_argument("--labels", help="what people said of its moods, as for moods evaluate")
    parser.add_argument("--listeners", type=int, default=12, help="for each emotion")
    arguments = parser.parse_args()
    catalogue = Catalogue.of(read_tracks(arguments.tracks))
    print(catalogue.table.summary())
    generator = np.random.default_rng(0)
    with_it, without = [], []
    for emotion in progress_bar(EMOTIONS, unit="emotion"):
        right = fitting(catalogue, emotion, arguments.labels, arguments.tracks)
        for number in range(arguments.listeners):
            likes = liked_by(catalogue, number, generator)
            with_it.append(listen(catalogue, emotion, likes, right, feedback=True))
            without.append(listen(catalogue, emotion, likes, right, feedback=False))
    shares, before = np.mean(with_it, axis=0), np.mean(without, axis=0)
    print(f"{len(with_it)} listeners, {N_TRACKS} tracks a playlist; mean shares")
    print("playlist   liked  (without feedback)   of the mood  (without feedback)")
    for number, (now, then) in enumerate(zip(shares, before, strict=True), 1):
        print(f"{number:>8}{now[0]:>8.2f}{then[0]:>21.2f}{now[1]:>14.2f}{then[1]:>21.2f}")
    fall = before[1:, 1].mean() - shares[1:, 1].mean()
    print(f"share of the mood falls by {fall:.3f} (mean of playlists 2 to {N_PLAYLISTS})")


if __name__ == "__main__":
    main()
