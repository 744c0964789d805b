"""Exportify in a language that `exportify.toml` does not know: its columns by what stands in them.

It writes its columns in one order in every language: a track's Spotify URI, its name, the artists'
URIs and names, and somewhere behind them the twelve audio features in the order of Spotify's API.
"""

import numpy as np
import pandas as pd

from clustering.tables import values

TRACK_URI, ARTIST_URI = r"spotify:(?:track|episode|local):", r"spotify:artist:"
ISRC = r"[A-Z]{2}[A-Z0-9]{3}\d{7}$"
# The features in their order, with the lowest and the highest value, and whether they are whole.
FEATURES = {
    "danceability": (0, 1, False),
    "energy": (0, 1, False),
    "key": (-1, 11, True),
    "loudness": (-60, 6, False),
    "mode": (0, 1, True),
    "speechiness": (0, 1, False),
    "acousticness": (0, 1, False),
    "instrumentalness": (0, 1, False),
    "liveness": (0, 1, False),
    "valence": (0, 1, False),
    "tempo": (0, 260, False),
    "time_signature": (0, 7, True),
}


def exported_columns(table: pd.DataFrame) -> dict[str, str]:
    """Return our name -> the table's own; nothing if it is no such export for certain."""
    columns = list(table.columns)
    tracks = [place for place, column in enumerate(columns) if _all(table[column], TRACK_URI)]
    blocks = [
        place
        for place in range(len(columns) - len(FEATURES) + 1)
        if _are_features(table[columns[place : place + len(FEATURES)]])
    ]
    if len(tracks) != 1 or len(blocks) != 1 or tracks[0] + 3 >= blocks[0]:
        return {}
    uri, name, artist_uri, artist = columns[tracks[0] : tracks[0] + 4]
    if not _all(table[artist_uri], ARTIST_URI):
        return {}
    found = {"track_id": uri, "name": name, "artist": artist}
    found |= dict(zip(FEATURES, columns[blocks[0] :], strict=False))
    told = [column for column in columns if _all(table[column], ISRC)]
    return found | ({"isrc": told[0]} if len(told) == 1 else {})


def _all(cells: pd.Series, pattern: str) -> bool:
    known = values.texts(cells).dropna()
    return len(known) > 0 and bool(known.str.match(pattern).all())


def _are_features(block: pd.DataFrame) -> bool:
    for (low, high, whole), column in zip(FEATURES.values(), block, strict=True):
        numbers, wrong = values.numbers(block[column])
        known = numbers.dropna()
        if wrong.any() or known.empty or not known.between(low, high).all():
            return False
        if whole and (known != np.round(known)).any():
            return False
    middle = block.iloc[:, [3, 10]].apply(lambda cells: values.numbers(cells)[0].median())
    return bool(middle.iloc[0] < 0 and middle.iloc[1] > 20)  # loudness and tempo
