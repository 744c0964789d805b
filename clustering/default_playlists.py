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
from clustering.choice.wish import Wish
from clustering.moods.mapping import made_for_the_club
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.errors import run
from foundation.shipped import CHECKOUT, require_checkout
from foundation.tables import read_table, write_table
from foundation.text import printable

FOLDER = CHECKOUT / "docs" / "playlists"
BEFORE, AFTER = FOLDER / "before.csv", FOLDER / "after.csv"
PAGE = FOLDER.with_suffix(".md")
N_TRACKS = 20
SEEDS = range(5)
FEATURES = ("energy", "valence", "danceability", "acousticness", "tempo")
INTRODUCTION = """# What a stranger hears first

Twenty tracks for each emotion from the table that comes with Emotify, seed 0, in the order they are
played. *Before* is the first default table (5,849 tracks of six genres) with the mapping of that
time, *after* is what `emotify playlist --emotion NAME` gives now.

Means over five seeds: *coverage* says how well the table can serve the aim, *club* is the share of
tracks whose genre is music for the club (`clustering/moods/mapping.toml`).

| | coverage before | after | club before | after |
|---|---|---|---|---|"""
COLUMNS = ("emotion", "seed", "place", "coverage", "artist", "name", "genre", *FEATURES)


def stored() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the playlists that are committed: before, after."""
    # "NA" and "None" may well be the name of a track.
    texts = {"artist": str, "name": str, "genre": str}
    before, after = (
        read_table(path, COLUMNS, keep_default_na=False, dtype=texts) for path in (BEFORE, AFTER)
    )
    return before, after


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
            playlist = make_playlist(estimate, catalogue, Wish(n_tracks=N_TRACKS, seed=seed))
            for place, track in enumerate(playlist.tracks, start=1):
                told = (emotion, seed, place, playlist.coverage, track.artist, track.name)
                features = [track.features[name] for name in FEATURES]
                lines.append((*told, genres[track.track_id], *features))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def page(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Return both lots of playlists, as `draw` gives them, as a page of Markdown."""
    lines = [INTRODUCTION]
    lots = [_measured(before), _measured(after)]
    for emotion in EMOTION_NAMES:
        numbers = [lot[name][emotion] for name in ("coverage", "club") for lot in lots]
        lines.append(f"| {emotion} | {' | '.join(f'{number:.2f}' for number in numbers)} |")
    for emotion in EMOTION_NAMES:
        lines += ["", f"## {emotion}", "", "| | before | after |", "|---|---|---|"]
        columns = [_named(lot, emotion) for lot in (before, after)]
        for place in range(N_TRACKS):
            lines.append(f"| {place + 1} | {' | '.join(column[place] for column in columns)} |")
    lines += [
        "",
        "Written by `python -m clustering.figures` from `docs/playlists/`; `python -m",
        "clustering.default_playlists` draws `after.csv` again.",
        "",
    ]
    return "\n".join(lines)


def _measured(playlists: pd.DataFrame) -> pd.DataFrame:
    club = made_for_the_club(playlists["genre"])
    return playlists.assign(club=club).groupby("emotion")[["coverage", "club"]].mean()


def _named(playlists: pd.DataFrame, emotion: str) -> list[str]:
    """Return the tracks of an emotion's first playlist as cells of a table."""
    rows = playlists[(playlists["emotion"] == emotion) & (playlists["seed"] == SEEDS[0])]
    cells = [f"{row['artist']}: {row['name']} ({row['genre']})" for row in rows.to_dict("records")]
    return [cell.replace("|", "\\|") for cell in cells]


def main() -> None:
    """Draw the playlists of the default table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=AFTER, help="CSV to write")
    out = parser.parse_args().out
    if out == AFTER:
        require_checkout("drawing docs/playlists/after.csv", "give --out FILE")
    catalogue = open_catalogue()
    assert isinstance(catalogue, Catalogue)
    playlists = draw(catalogue)
    write_table(playlists, out, float_format="%.6g")
    coverage = playlists.groupby("emotion", sort=False)["coverage"].mean()
    print(coverage.round(2).to_string())
    print(f"wrote {printable(out)}")


if __name__ == "__main__":
    run(main)
