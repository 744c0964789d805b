"""One table of tracks: any layout in, checked rows under Spotify's column names out.

Every row of a `TrackTable` has an id, a name, an artist and the eight audio features in
Spotify's units (0-1; loudness in dB; tempo in BPM). What was left out on the way is counted
and said aloud by `TrackTable.summary`. Nothing after this module checks a table again.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from clustering.tables.columns import OPTIONAL_RANGES, RANGES, are_tracks, in_our_types
from clustering.tables.layouts import (
    FEATURE_NAMES,
    NEEDED_COLUMNS,
    OPTIONAL_COLUMNS,
    NoFeaturesError,
    in_our_columns,
)
from clustering.tables.reading import read_table
from clustering.tables.units import Units
from foundation.errors import InputError
from foundation.safe_write import whole_file
from foundation.shipped import restored, shipped

if TYPE_CHECKING:
    import pandera.pandas as pa

# Of a Parquet file: who reads a few tracks of a large table must read their row groups whole.
ROWS_OF_A_GROUP = 65_536
NO_TRACKS = "podcasts or local files"
UNKNOWN_ARTIST = "unknown artist"  # of tracks from a source that does not tell
SPOKEN_WORD_SPEECHINESS = 0.66  # Spotify: above it a track is probably made of speech only
DEFAULT_TABLE = shipped("data", "tracks.parquet")
CREDIT_SEPARATOR = re.compile(
    r"\s*(?:;|,|\s&\s|\s\+\s|\bfeat\b\.?|\bft\b\.?|\bfeaturing\b|\svs\b\.?\s|\swith\s|\sx\s)\s*",
    re.IGNORECASE,
)
EDITION = re.compile(
    r"[(\[](?:feat|ft|featuring|with)\b[^)\]]*[)\]]"
    r"|[(\[]?(?:\d{4} )?(?:digital(?:ly)? )?remaster(?:ed)?(?: \d{4})?(?: version)?[)\]]?"
    r"|[(\[]?\b(?:radio edit|single version|album version)\b[)\]]?",
    re.IGNORECASE,
)


class TooFewTracksError(InputError):
    """A table was read, and holds fewer usable tracks than are needed; `reason` says why."""

    def __init__(self, source: str, reason: str, advice: str = "") -> None:
        super().__init__(f"{source} {reason}" + (f"; {advice}" if advice else ""))
        self.reason = reason


@dataclass(frozen=True)
class TrackTable:
    """Tracks fit for clustering, and what was left out to get them.

    Attributes
    ----------
    frame
        One row a track, numbered from 0: `NEEDED_COLUMNS`, and those of `OPTIONAL_COLUMNS`
        that the source has. Several genres of a track are joined by ``;``.
    source
        Where the rows came from, for messages.
    layout
        Name of the layout recognised.
    rows_read
        Rows before anything was left out.
    no_tracks
        Rows left out because they are podcast episodes, or files that only their owner has.
    broken
        Rows left out because they lack an id, name, artist or feature, or hold a value that
        the feature cannot take.
    spoken_word
        Rows left out because their speechiness is above 0.66.
    merged_ids, merged_titles
        Rows merged into another with the same id; with the same artist and title.
    notes
        What a reader should know about how the file was read.
    complaint
        What the broken rows suffer from most often.
    """

    frame: pd.DataFrame
    source: str
    layout: str
    rows_read: int
    broken: int
    spoken_word: int
    merged_ids: int
    merged_titles: int
    notes: tuple[str, ...] = ()
    complaint: str = ""
    no_tracks: int = 0

    def __len__(self) -> int:
        """Return the number of tracks kept."""
        return len(self.frame)

    def has(self, column: str) -> bool:
        """Say whether the table knows `column` for at least one track."""
        return column in self.frame and bool(self.frame[column].notna().any())

    def summary(self) -> str:
        """Return one line: rows read, tracks kept, and why the others are not there."""
        line = f"{self.source}: {len(self):,} tracks from {self.rows_read:,} rows"
        return "; ".join((f"{line} ({self.left_out() or 'nothing left out'})", *self.notes))

    def left_out(self) -> str:
        """Return how many rows were left out for which reason; nothing if none was."""
        reasons = (
            (self.no_tracks, NO_TRACKS),
            (self.broken, f"broken [most often: {self.complaint}]"),
            (self.spoken_word, "spoken word"),
            (self.merged_ids, "merged by id"),
            (self.merged_titles, "merged by artist and title"),
        )
        return ", ".join(f"{count:,} {reason}" for count, reason in reasons if count)


def read_tracks(path: str | Path | None = None) -> TrackTable:
    """Read, check and tidy a table of tracks.

    Parameters
    ----------
    path
        A CSV or Parquet file in one of `clustering.tables.layouts.LAYOUTS`; None reads the table
        that comes with the project.

    Raises
    ------
    InputError
        If the file cannot be read as tracks, a number column holds text, or fewer than two
        usable tracks remain.
    """
    if path is None:
        return _shipped_tracks()
    raw = read_table(path)
    return tidied(raw.frame, Path(path).name, raw.layout, raw.notes)


def _shipped_tracks() -> TrackTable:
    """Read the project's own table, which lies there tidied: to do it again takes a second."""
    if not DEFAULT_TABLE.is_file():
        raise InputError(
            f"there is no file {DEFAULT_TABLE}; it comes with Emotify: install that again; "
            f"{restored('data', DEFAULT_TABLE.name)}; or give a table of your own"
        )
    raw = read_table(DEFAULT_TABLE)
    numbers = [name for name in (*RANGES, *OPTIONAL_RANGES) if name in raw.frame]
    frame = raw.frame.astype(dict.fromkeys(numbers, float) | {"explicit": "boolean"})
    return TrackTable(
        frame=frame,
        source=DEFAULT_TABLE.name,
        layout=raw.layout,
        rows_read=len(frame),
        broken=0,
        spoken_word=0,
        merged_ids=0,
        merged_titles=0,
    )


def tracks_from_frame(frame: pd.DataFrame, source: str = "the table") -> TrackTable:
    """Check and tidy a table that is in memory already, as `read_tracks` does for a file."""
    raw = in_our_columns(frame, source)
    return tidied(raw.frame, source, raw.layout, raw.notes)


def write_tracks(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or CSV, by its ending; an existing one is replaced at the end.

    Raises
    ------
    InputError
        If the ending is neither, or the file cannot be written.
    """
    check_writable(path)
    with whole_file(path) as partial:
        if path.suffix.lower() == ".csv":
            frame.to_csv(partial, index=False, lineterminator="\n")
        else:
            frame.to_parquet(partial, index=False, row_group_size=ROWS_OF_A_GROUP)


def check_writable(path: Path) -> None:
    """Refuse a path that a table cannot be written to, before work is done for it.

    Raises
    ------
    InputError
        If the ending is neither .csv nor .parquet, or the folder cannot be made.
    """
    if path.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError(f"{path}: tables are written as .parquet or .csv; choose such a name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def spotify_url(track_id: str) -> str | None:
    """Return the web address of a track, or None when `track_id` is not a Spotify id."""
    if re.fullmatch(r"[0-9A-Za-z]{22}", track_id):
        return f"https://open.spotify.com/track/{track_id}"
    return None


@lru_cache(maxsize=65536)
def credited_artists(artist: str) -> tuple[str, ...]:
    """Return the names in an artist cell, folded for comparison, the primary artist first.

    Cells read ``A;B``, ``A, B``, ``A & B`` or ``A feat. B``. A duo's own name is split too;
    that is harmless where names are only compared, and they are never shown in this form.
    """
    parts = (_folded(part) for part in CREDIT_SEPARATOR.split(artist))
    return tuple(dict.fromkeys(part for part in parts if part)) or (_folded(artist) or artist,)


def title_key(artist: str, name: str) -> str:
    """Return what two issues of one recording share: primary artist and title, folded.

    Case, accents, punctuation, credits of guests and words such as "Remastered 2011" do not
    count; "Live" and "Remix" do, for they sound different.
    """
    title = _folded(EDITION.sub(" ", name)) or _folded(name) or name
    return f"{credited_artists(artist)[0]}\n{title}"


def _folded(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return " ".join(re.findall(r"\w+", text.casefold()))


@lru_cache(maxsize=1)
def track_schema() -> "pa.DataFrameSchema":
    """Return the pandera schema of a track table: needed columns, optional ones, ranges."""
    import pandera.pandas as pa

    def number(limits: tuple[float, float], needed: bool) -> pa.Column:
        return pa.Column(
            float, pa.Check.in_range(*limits), required=needed, nullable=not needed, coerce=True
        )

    columns = {name: pa.Column(nullable=False) for name in ("track_id", "name", "artist")}
    columns |= {name: number(limits, True) for name, limits in RANGES.items()}
    columns |= {name: number(limits, False) for name, limits in OPTIONAL_RANGES.items()}
    return pa.DataFrameSchema(columns)


def title_keys(frame: pd.DataFrame) -> pd.Series:
    """Return `title_key` of each row; a track by nobody known is like no other."""
    keys = [
        track_id if artist == UNKNOWN_ARTIST else title_key(artist, name)
        for track_id, artist, name in zip(
            frame["track_id"], frame["artist"], frame["name"], strict=True
        )
    ]
    return pd.Series(keys, index=frame.index, dtype="str")


def tidied(
    frame: pd.DataFrame,
    source: str,
    layout: str,
    notes: tuple[str, ...] = (),
    *,
    fewest: int = 2,
    units: Units | None = None,
) -> TrackTable:
    """Check rows under our column names, and merge those of one recording.

    Parameters
    ----------
    frame, source, layout, notes
        As a `clustering.tables.layouts.RawTable` has them, and what to call the table.
    fewest
        Tracks that must remain.
    units
        As for `in_our_types`.

    Raises
    ------
    NoFeaturesError
        If it is a list of tracks without a single feature.
    InputError
        If a feature holds text or is in no known unit, or fewer than `fewest` tracks remain.
    """
    rows_read = len(frame)
    frame = frame[are_tracks(frame["track_id"])]
    no_tracks = rows_read - len(frame)
    frame, read = in_our_types(frame, source, units)
    if len(frame) and frame[list(FEATURE_NAMES)].isna().all(axis=None):
        raise NoFeaturesError(source)
    kept, complaint = _without_broken(frame)
    broken = len(frame) - len(kept)
    music = kept[kept["speechiness"] <= SPOKEN_WORD_SPEECHINESS]
    by_id = merged(music, music["track_id"])
    by_title = merged(by_id, title_keys(by_id))
    columns = [c for c in (*NEEDED_COLUMNS, *OPTIONAL_COLUMNS) if c in by_title]
    table = TrackTable(
        frame=by_title[columns].reset_index(drop=True),
        source=source,
        layout=layout,
        rows_read=rows_read,
        broken=broken,
        spoken_word=len(kept) - len(music),
        merged_ids=len(music) - len(by_id),
        merged_titles=len(by_id) - len(by_title),
        notes=(*notes, *read),
        complaint=complaint,
        no_tracks=no_tracks,
    )
    if len(table) < fewest:
        why = f": {table.left_out()}" if table.left_out() else ""
        raise TooFewTracksError(
            source,
            f"holds {len(table)} usable tracks of {rows_read} rows{why}",
            f"give a table with at least {fewest} that has all of: {', '.join(NEEDED_COLUMNS)}",
        )
    return table


def _without_broken(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows that meet the schema, and what the others most often lack."""
    import pandera.errors

    try:
        return track_schema().validate(frame, lazy=True), ""
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        common = cases["column"].value_counts().index[0]
        example = cases.loc[cases["column"] == common, "failure_case"].iloc[0]
        wrong_rows = cases["index"].dropna().astype(int).unique()
        how = "missing" if pd.isna(example) else example
        return frame.drop(index=wrong_rows), f"{common} is {how}"


def merged(frame: pd.DataFrame, key: pd.Series) -> pd.DataFrame:
    """Keep one row for each key: the most popular, then the first.

    Genres of the rows merged are joined, so that a genre filter finds the track under each.
    """
    if not key.duplicated().any():
        return frame
    ranked = frame
    if "popularity" in frame:
        ranked = frame.sort_values("popularity", ascending=False, kind="stable")
    kept = ranked[~key.loc[ranked.index].duplicated()].sort_index()
    if "genre" in frame:
        shared = frame.loc[key.duplicated(keep=False) & frame["genre"].notna(), "genre"]
        joined = shared.groupby(key.loc[shared.index], sort=False).agg(_joined_genres)
        genres = key.loc[kept.index].map(joined)
        kept = kept.assign(genre=genres.where(genres.notna(), kept["genre"]))
    return kept


def _joined_genres(cells: pd.Series) -> str:
    return ";".join(dict.fromkeys(genre for cell in cells for genre in cell.split(";")))
