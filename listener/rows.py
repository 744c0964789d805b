"""Rows of the memory: what SQLite holds flows in, checked objects flow out.

A disk flips bits, and others edit files: so every value is looked at before it is believed. A row
that is not as it was written raises one of `foundation.records.DAMAGE`, with words for a person.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from clustering.tables.layouts import FEATURE_NAMES
from emotions.calibration import in_percent
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.records import DAMAGE, strict_json
from foundation.text import printable

T = TypeVar("T")
YEARS = range(1970, 3000)  # of an entry; a clock may be wrong, but not by so much
SHOWN_LETTERS, REASON_LETTERS = 60, 200  # of a value that cannot be read, and why


@dataclass(frozen=True)
class Entry:
    """One playlist that was made, and what it was made for.

    Attributes
    ----------
    number
        Counts up; the latest has the highest.
    at
        When, by the clock of that moment, with time zone.
    source
        Name of the recording; empty if the emotion was named.
    emotion
        Its label.
    estimate
        As `emotions.estimate.EmotionEstimate.to_dict` gives it, without segments and people.
    playlist
        As `clustering.playlist.Playlist.to_dict` gives it.
    spotify_url
        Where it is on Spotify, if it is.
    """

    number: int
    at: datetime
    source: str
    emotion: str
    estimate: dict[str, Any]
    playlist: dict[str, Any]
    spotify_url: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return vars(self) | {"at": self.at.isoformat()}

    def describe(self) -> str:
        """Return one line for a terminal, in local time."""
        when = f"{self.at.astimezone():%Y-%m-%d %H:%M}"
        sure = f" ({in_percent(self.estimate['confidence'])})" if self.source else ""
        doubt = ", not sure" if self.estimate["uncertain"] else ""
        felt = self.estimate.get("absence") or f"{self.emotion}{sure}{doubt}"
        line = (
            f"{when}  {felt}, {self.source or 'named'}: "
            f"{self.playlist['mode']}, {len(self.playlist['tracks'])} tracks of "
            f"{self.playlist['mood']['name']!r}"
        )
        return line if self.spotify_url is None else f"{line}, {self.spotify_url}"

    @property
    def tracks(self) -> list["Track"]:
        """Its tracks as far as a judgement needs them, in order."""
        return [
            Track(
                told["track_id"],
                told["name"],
                told["artist"],
                {name: told[name] for name in FEATURE_NAMES},
            )
            for told in self.playlist["tracks"]
        ]


@dataclass(frozen=True)
class Track:
    """A track as far as a judgement needs it.

    Attributes
    ----------
    track_id, name, artist
        As in its table.
    features
        The eight audio features in Spotify's units; None for one that is not known.
    """

    track_id: str
    name: str
    artist: str
    features: Mapping[str, float | None]


@dataclass(frozen=True)
class ImportedTable:
    """A table with the listener's own tracks, as it was when it was written.

    Attributes
    ----------
    path
        Where.
    n_bytes, time_ns, sha256
        Size, time of the last change in nanoseconds, and hash; None where an earlier Emotify did
        not note them, or a run was killed before it could.
    """

    path: Path
    n_bytes: int | None
    time_ns: int | None
    sha256: str | None

    @classmethod
    def of(cls, path: Path) -> "ImportedTable":
        """Return a table as it is now; raise `OSError` if it cannot be read."""
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.absolute(), state.st_size, state.st_mtime_ns, digest)

    @property
    def is_unchanged(self) -> bool:
        """Whether what is there now is what was written then, byte for byte."""
        try:
            if self.sha256 is None or self.path.is_symlink() or not self.path.is_file():
                return False
            if self.path.stat().st_size != self.n_bytes:
                return False
            return ImportedTable.of(self.path).sha256 == self.sha256
        except OSError:
            return False

    def describe(self) -> str:
        """Return where it is, and what speaks for its being another file by now."""
        if self.sha256 is None or self.time_ns is None:
            return f"{printable(self.path)} (what was written there is not known)"
        then = datetime.fromtimestamp(self.time_ns / 1e9)
        return f"{printable(self.path)} (not what the import wrote on {then:%Y-%m-%d at %H:%M})"


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One table of the memory.

    Attributes
    ----------
    table
        Its name.
    what
        One and several of its rows, in words.
    columns
        What is read.
    make
        Makes something of the values of a row, by the names of the columns.
    """

    table: str
    what: tuple[str, str]
    columns: tuple[str, ...]
    make: Callable[[Mapping[str, Any]], T]

    def read(self, row: Sequence[Any]) -> T:
        """Return what a row holds; raise one of `DAMAGE` if it cannot be read."""
        return self.make(dict(zip(self.columns, row, strict=True)))

    def counted(self, number: int) -> str:
        """Return a number of rows in words."""
        return f"{number:,} {self.what[number != 1]}"


@dataclass(frozen=True)
class LostRow:
    """A row that cannot be read.

    Attributes
    ----------
    kind
        Its table.
    number
        Its row id.
    values
        By the names of the columns, as SQLite gives them.
    reason
        Why.
    """

    kind: Kind
    number: int
    values: dict[str, Any]
    reason: str

    @classmethod
    def of(cls, kind: Kind, number: int, row: Sequence[Any]) -> "LostRow | None":
        """Return a row as a lost one, or None if it can be read."""
        try:
            kind.read(row)
        except DAMAGE as error:
            values = dict(zip(kind.columns, row, strict=True))
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            return cls(kind, number, values, reason[:REASON_LETTERS])
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: _plain(value) for name, value in self.values.items()}
        return {"table": self.kind.table, "row": self.number, "reason": self.reason} | values

    def describe(self) -> str:
        """Return one line: what it was, why it cannot be read, and what of it still can."""
        names = ("at", "source", "emotion", "liked", "artist", "name", "track_id", "path")
        told = [
            f"{name} {_shown(self.values[name])}"
            for name in names
            if self.values.get(name) not in (None, "")
        ]
        return f"{self.kind.what[0]}: {self.reason} ({', '.join(told)})"


def _judgement(row: Mapping[str, Any]) -> tuple[Any, ...]:
    track = _track(row)
    if row["liked"] not in (0, 1):
        raise ValueError(f"liked is {_shown(row['liked'])}, not 0 or 1")
    features = (track.features[name] for name in FEATURE_NAMES)
    return track.track_id, track.name, track.artist, row["liked"], *features


def _track(row: Mapping[str, Any]) -> Track:
    features = {name: _number(row, name, optional=True) for name in FEATURE_NAMES}
    if not row["track_id"]:
        raise ValueError("track_id is empty")
    return Track(_text(row, "track_id"), _text(row, "name"), _text(row, "artist"), features)


def _entry(row: Mapping[str, Any]) -> Entry:
    at = _time(row, "at")
    if row["emotion"] not in EMOTION_NAMES:
        raise ValueError(f"emotion is {_shown(row['emotion'])}, none of the eight")
    estimate, playlist = _json(row, "estimate"), _json(row, "playlist")
    EmotionEstimate.from_dict(estimate)
    for name in ("confidence", "valence", "arousal"):
        _number(estimate, name)
    if not isinstance(estimate["uncertain"], bool):
        raise ValueError(f"uncertain is {_shown(estimate['uncertain'])}, not true or false")
    _text(playlist, "mode")
    _text(playlist["mood"], "name")
    for told in playlist["tracks"]:
        _track(told)
    return Entry(
        number=row["number"],
        at=at,
        source=_text(row, "source"),
        emotion=row["emotion"],
        estimate=estimate,
        playlist=playlist,
        spotify_url=None if row["spotify_url"] is None else _text(row, "spotify_url"),
    )


def _imported(row: Mapping[str, Any]) -> ImportedTable:
    if not isinstance(row["path"], str | bytes):  # bytes: a name that is not UTF-8
        raise ValueError(f"path is {_shown(row['path'])}, no path")
    path = Path(os.fsdecode(row["path"]))
    if not path.is_absolute() or "\0" in str(path):
        raise ValueError(f"path is {_shown(row['path'])}, no whole path")
    seal = (row["n_bytes"], row["time_ns"], row["sha256"])
    if seal != (None, None, None) and tuple(map(type, seal)) != (int, int, str):
        raise ValueError(f"size, time and hash are {_shown(seal)}")
    return ImportedTable(path, *seal)


def _time(row: Mapping[str, Any], name: str) -> datetime:
    try:
        time = datetime.fromisoformat(_text(row, name))
    except ValueError:
        time = datetime.min
    if time.tzinfo is None or time.year not in YEARS:
        raise ValueError(f"{name} is {_shown(row[name])}, no time with its zone")
    return time


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}, no text")
    value.encode()  # half a pair of surrogates, which JSON can hold and no file
    return value


def _number(values: Mapping[str, Any], name: str, *, optional: bool = False) -> float | None:
    value = values[name]
    if optional and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {_shown(value)}, no finite number")
    return float(value)


def _json(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        value = strict_json(_text(row, name))
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {_shown(value)}, no JSON object")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _shown(value: Any) -> str:
    text = repr(_plain(value))
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..."


JUDGEMENT: Kind[tuple[Any, ...]] = Kind(
    "judgement",
    ("like or dislike", "likes and dislikes"),
    ("track_id", "name", "artist", "liked", "at", *FEATURE_NAMES),
    _judgement,
)
ENTRY: Kind[Entry] = Kind(
    "entry",
    ("playlist of your history", "playlists of your history"),
    ("number", "at", "source", "emotion", "estimate", "playlist", "spotify_url"),
    _entry,
)
PAST_TRACK: Kind[Track] = Kind(
    "past_track",
    ("track of past playlists", "tracks of past playlists"),
    ("track_id", "name", "artist", *FEATURE_NAMES),
    _track,
)
IMPORTED: Kind[ImportedTable] = Kind(
    "imported",
    ("imported table", "imported tables"),
    ("path", "n_bytes", "time_ns", "sha256"),
    _imported,
)
KINDS: tuple[Kind, ...] = (JUDGEMENT, ENTRY, IMPORTED, PAST_TRACK)
