"""What is remembered of a listener: judgements of tracks, and past estimates with their playlists.

One private SQLite file in the user's data folder. A file that is damaged is set aside under another
name, never written over. Entries are ordered as they came, not by their time: clocks jump.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.tables.layouts import FEATURE_NAMES
from emotions.calibration import in_percent
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.user_data import user_data_folder

FILE = "listener.sqlite"
APPLICATION_ID = 0x456D6F74  # "Emot", so that another program's file is not taken for ours
VERSION = 1
PATIENCE_SECONDS = 30.0  # for another run that is writing
SCHEMA = f"""
CREATE TABLE judgement (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    artist TEXT NOT NULL,
    liked INTEGER NOT NULL CHECK (liked IN (0, 1)),
    at TEXT NOT NULL,
    {", ".join(f"{name} REAL" for name in FEATURE_NAMES)}
);
CREATE TABLE entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    source TEXT NOT NULL,
    emotion TEXT NOT NULL,
    estimate TEXT NOT NULL,
    playlist TEXT NOT NULL,
    spotify_url TEXT
);
CREATE TABLE imported (
    path TEXT PRIMARY KEY
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


JUDGEMENT = ("track_id", "name", "artist", "liked", *FEATURE_NAMES)


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


@dataclass(frozen=True)
class Track:
    """A track as far as a judgement needs it.

    Attributes
    ----------
    track_id, name, artist
        As in its table.
    features
        The eight audio features in Spotify's units.
    """

    track_id: str
    name: str
    artist: str
    features: dict[str, float]


class Store:
    """The listener's memory; see the module."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    # ------------------------------------------------------------------------------ judgements

    def judge(self, track: Track, *, liked: bool) -> None:
        """Keep a judgement; a later one of the same track replaces it."""
        values = [track.features.get(name) for name in FEATURE_NAMES]
        places = ", ".join("?" * (5 + len(values)))
        with self._connection as writing:
            writing.execute("DELETE FROM judgement WHERE track_id = ?", (track.track_id,))
            writing.execute(
                f"INSERT INTO judgement (track_id, name, artist, liked, at, "
                f"{', '.join(FEATURE_NAMES)}) VALUES ({places})",
                (track.track_id, track.name, track.artist, int(liked), _now(), *values),
            )

    def take_back(self, track_id: str) -> bool:
        """Forget the judgement of a track; return whether there was one."""
        with self._connection as writing:
            gone = writing.execute("DELETE FROM judgement WHERE track_id = ?", (track_id,))
        return gone.rowcount > 0

    def judgements(self) -> pd.DataFrame:
        """Return all judgements, the latest last: track_id, name, artist, liked, features."""
        rows = self._connection.execute(
            f"SELECT {', '.join(JUDGEMENT)} FROM judgement ORDER BY number"
        ).fetchall()
        return _judgements(rows)

    # --------------------------------------------------------------------------------- history

    def remember(
        self, estimate: EmotionEstimate, playlist: Mapping[str, Any], *, source: str
    ) -> None:
        """Keep a playlist that was made, as its `to_dict` tells it.

        Of several people's estimate it keeps that of all together: the others are not the
        listener's to remember.
        """
        felt = replace(estimate, segments=(), people=()).to_dict()
        del felt["segments"]  # of an hour, 3600 of them
        told = (json.dumps(value) for value in (felt, playlist))
        with self._connection as writing:
            writing.execute(
                "INSERT INTO entry (at, source, emotion, estimate, playlist) "
                "VALUES (?, ?, ?, ?, ?)",
                (_now(), source, estimate.label, *told),
            )

    def link(self, track_ids: Sequence[str | None], url: str) -> None:
        """Keep where the latest playlist of these tracks is on Spotify."""
        for entry in self.entries():
            if [track["track_id"] for track in entry.playlist["tracks"]] == list(track_ids):
                with self._connection as writing:
                    writing.execute(
                        "UPDATE entry SET spotify_url = ? WHERE number = ?", (url, entry.number)
                    )
                return

    def entries(self, most: int | None = None) -> list[Entry]:
        """Return what was remembered, the latest first, at most `most`."""
        rows = self._connection.execute(
            "SELECT number, at, source, emotion, estimate, playlist, spotify_url FROM entry "
            "ORDER BY number DESC LIMIT ?",
            (-1 if most is None else most,),
        )
        return [_entry(row) for row in rows]

    def past_tracks(self) -> Iterator[Track]:
        """Yield the tracks of past playlists, in order, those of the latest first."""
        for entry in self.entries():
            for told in entry.playlist["tracks"]:
                yield Track(
                    told["track_id"],
                    told["name"],
                    told["artist"],
                    {name: told[name] for name in FEATURE_NAMES},
                )

    # ---------------------------------------------------------------------------------- tables

    def note_import(self, table: Path) -> None:
        """Keep where a table with the listener's own tracks is, so that it can be forgotten."""
        with self._connection as writing:
            writing.execute("INSERT OR IGNORE INTO imported VALUES (?)", (str(table.absolute()),))

    def imported(self) -> list[Path]:
        """Return where tables with the listener's own tracks were written."""
        rows = self._connection.execute("SELECT path FROM imported ORDER BY path")
        return [Path(path) for (path,) in rows]


def no_judgements() -> pd.DataFrame:
    """Return the judgements of somebody who gave none."""
    return _judgements([])


def _judgements(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(JUDGEMENT))
    texts = dict.fromkeys(("track_id", "name", "artist"), "str")
    return frame.astype({**texts, "liked": bool, **dict.fromkeys(FEATURE_NAMES, float)})


@contextmanager
def open_store(tell: Callable[[str], None], path: str | Path | None = None) -> Iterator[Store]:
    """Open the listener's memory; begin a new one if there is none.

    Parameters
    ----------
    tell
        Is told when a damaged file had to be set aside.
    path
        The file; None for that in the user's data folder.

    Raises
    ------
    InputError
        If the file cannot be opened or written, is in use for too long, or comes from a later
        version.
    """
    path = store_path() if path is None else Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connected(path, tell)) as connection:
            yield Store(path, connection)
    except (sqlite3.Error, OSError) as error:
        raise InputError(
            f"{path} cannot be used ({error}); see that its folder may be written to and that no "
            "other program keeps it busy"
        ) from error


def store_path() -> Path:
    """Return where the memory lies, there or not."""
    return user_data_folder("listener") / FILE


def _connected(path: Path, tell: Callable[[str], None]) -> sqlite3.Connection:
    for _ in range(2):
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
        try:
            _prepared(connection, path)
        except sqlite3.OperationalError:  # locked, or a disk that cannot be written to: not damaged
            connection.close()
            raise
        except sqlite3.DatabaseError as error:
            connection.close()
            aside = _set_aside(path)
            tell(
                f"{path} is damaged ({error}); it is kept as {aside.name}, and a new memory of "
                "likes and history begins"
            )
            continue
        except BaseException:
            connection.close()
            raise
        return connection
    raise sqlite3.DatabaseError("it is damaged again")


def _prepared(connection: sqlite3.Connection, path: Path) -> None:
    """Check a file, and make the tables of a new one.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is damaged or no memory of ours.
    """
    (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if health != "ok":
        raise sqlite3.DatabaseError(health)
    connection.execute("BEGIN IMMEDIATE")  # two runs may both meet a new file
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and owner != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is a database of something else")
    if version > VERSION:
        raise InputError(f"{path} was written by a later version of Emotify; update Emotify")
    if not tables:
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
    connection.commit()


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    number, aside = 0, path.with_name(f"{path.name}.damaged-{stamp}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    path.rename(aside)
    for tail in ("-journal", "-wal", "-shm"):  # of the damaged file; a new one must not meet it
        rest = path.with_name(path.name + tail)
        if rest.exists():
            rest.rename(aside.with_name(aside.name + tail))
    return aside


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _entry(row: Sequence[Any]) -> Entry:
    number, at, source, emotion, estimate, playlist, url = row
    return Entry(
        number=number,
        at=datetime.fromisoformat(at),
        source=source,
        emotion=emotion,
        estimate=json.loads(estimate),
        playlist=json.loads(playlist),
        spotify_url=url,
    )
