"""What the music of each emotion has in Spotify's own units: the `typical` rows of `mapping.toml`.

    python -m clustering.evaluation.typical_tracks TABLE      # prints them

TABLE should be large and of every kind of music: for each emotion the tracks nearest to its targets
are found in it, by its own quantiles alone, and their medians are what is typical in any table.
"""

import argparse

import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.moods.clusters import fit_moods
from clustering.moods.mapping import aim_for
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import TrackTable, read_tracks
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

N_NEAREST = 100
# Acousticness and instrumentalness of loud sung music differ by thousandths, which rank.
DIGITS = dict.fromkeys(FEATURE_NAMES, 2) | {
    "speechiness": 3,
    "acousticness": 4,
    "instrumentalness": 4,
    "loudness": 1,
    "tempo": 0,
}


def typical_tracks(table: TrackTable) -> pd.DataFrame:
    """Return the median features of the `N_NEAREST` tracks to each emotion's targets.

    Returns
    -------
    DataFrame
        One row an emotion, in the usual order, features in Spotify's units.
    """
    catalogue = Catalogue.of(table, fit_moods(table, n_moods=1))  # quantiles need no moods
    medians = {}
    for emotion in EMOTION_NAMES:
        aim = aim_for(EmotionEstimate.of(emotion))  # not placed: what is typical places it
        distances = aim.distances(catalogue.quantiles, club=catalogue.club)
        nearest = catalogue.table.frame.iloc[distances.argsort(kind="stable")[:N_NEAREST]]
        medians[emotion] = nearest[list(FEATURE_NAMES)].median()
    return pd.DataFrame(medians).T


def main() -> None:
    """Print the rows for `mapping.toml`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", help="CSV or Parquet file of tracks")
    table = typical_tracks(read_tracks(parser.parse_args().table))
    for emotion, row in table.iterrows():
        cells = ", ".join(f"{name} = {row[name]:.{DIGITS[name]}f}" for name in FEATURE_NAMES)
        print(f"[emotion.{emotion}]\ntypical = {{ {cells} }}")


if __name__ == "__main__":
    main()
