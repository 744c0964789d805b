"""What a stranger hears first: the playlists of the default table, drawn and laid side by side.

    python -m clustering.default_playlists     # draws them into docs/playlists/after.csv
    python -m clustering.figures               # makes docs/playlists.md of before and after

One playlist of twenty tracks for each emotion, certain, and each of five seeds.
"""

import argparse
from pathlib import Path

import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.opening import open_catalogue
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.shipped import CHECKOUT
from foundation.tables import write_table

FOLDER = CHECKOUT / "docs" / "playlists"
BEFORE, AFTER = FOLDER / "before.csv", FOLDER / "after.csv"
N_TRACKS = 20
SEEDS = range(5)
FEATURES = ("energy", "valence", "danceability", "acousticness", "tempo")
COLUMNS = ("emotion", "seed", "place", "coverage", "artist", "name", "genre", *FEATURES)


def draw(catalogue: Catalogue, seeds: range = SEEDS) -> pd.DataFrame:
    """Return the tracks of every playlist, in the order they are played.

    Returns
    -------
    DataFrame
        `COLUMNS`: ``coverage`` is the playlist's; features are in Spotify's units, and genres
        those of the table.
    """
    genres = catalogue.table.frame.set_index("track_id")["genre"]
    lines = []
    for emotion in EMOTION_NAMES:
        for seed in seeds:
            estimate = EmotionEstimate.of(emotion)
            playlist = make_playlist(estimate, catalogue, n_tracks=N_TRACKS, seed=seed)
            for place, track in enumerate(playlist.tracks, start=1):
                told = (emotion, seed, place, playlist.coverage, track.artist, track.name)
                features = [track.features[name] for name in FEATURES]
                lines.append((*told, genres[track.track_id], *features))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def main() -> None:
    """Draw the playlists of the default table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=AFTER, help="CSV to write")
    out = parser.parse_args().out
    catalogue = open_catalogue()
    assert isinstance(catalogue, Catalogue)
    playlists = draw(catalogue)
    write_table(playlists, out, float_format="%.6g")
    coverage = playlists.groupby("emotion", sort=False)["coverage"].mean()
    print(coverage.round(2).to_string())
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
