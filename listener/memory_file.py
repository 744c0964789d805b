"""The file of the memory: a path flows in, a connection to a whole and current database flows out.

A file that SQLite finds damaged is set aside under another name, and whatever can be read of it
begins the new one; nothing is ever written over. One of an earlier version is brought up to date.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clustering.tables.layouts import FEATURE_NAMES
from foundation.errors import InputError
from foundation.records import DAMAGE
from foundation.text import printable
from foundation.user_data import keep_private
from listener.rows import ENTRY, IMPORTED, JUDGEMENT, KINDS, PAST_TRACK, Entry, Kind, Track

APPLICATION_ID = 0x456D6F74  # "Emot", so that another program's file is not taken for ours
VERSION = 2
PATIENCE_SECONDS = 30.0  # for another run that is writing
# What quick_check says of a value that breaks a rule of its column: that row alone is damaged.
ROW_DAMAGE = (
    "NULL value in ",
    "NUMERIC value in ",
    "TEXT value in ",
    "CHECK constraint failed in ",
)
MOST_PROBED = 10_000  # rows that are looked for one by one where no scan gets through
FEATURES = ", ".join(f"{name} REAL" for name in FEATURE_NAMES)
FIRST_VERSION = f"""
CREATE TABLE judgement (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    artist TEXT NOT NULL,
    liked INTEGER NOT NULL CHECK (liked IN (0, 1)),
    at TEXT NOT NULL,
    {FEATURES}
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
)
"""
# So that a playlist and a track are found without reading all of the history: `tracks_key` stands
# for the tracks of an entry, and `past_track` has each track as the latest playlist told it.
SECOND_VERSION = f"""
ALTER TABLE entry ADD COLUMN tracks_key TEXT;
CREATE INDEX entry_of_tracks ON entry (tracks_key);
CREATE TABLE past_track (
    track_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    artist TEXT NOT NULL,
    title TEXT NOT NULL,
    full_title TEXT NOT NULL,
    entry INTEGER NOT NULL,
    {FEATURES}
);
CREATE INDEX past_track_of_title ON past_track (title);
CREATE INDEX past_track_of_full_title ON past_track (full_title);
ALTER TABLE imported ADD COLUMN n_bytes INTEGER;
ALTER TABLE imported ADD COLUMN time_ns INTEGER;
ALTER TABLE imported ADD COLUMN sha256 TEXT
"""


def connected(path: Path, tell: Callable[[str], None]) -> sqlite3.Connection:
    """Open the memory; begin a new one if there is none.

    Parameters
    ----------
    path
        The file; its folder is there.
    tell
        Is told when a damaged file had to be set aside.

    Raises
    ------
    InputError
        If the file comes from a later version.
    sqlite3.Error, OSError
        If it cannot be opened or written, or is in use for too long.
    """
    try:
        return _opened(path)
    except sqlite3.OperationalError:  # locked, or a disk that cannot be written to: not damaged
        raise
    except sqlite3.DatabaseError:
        pass
    try:
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=PATIENCE_SECONDS, mode=0o600):
            try:
                return _opened(path)  # another run may have seen to it meanwhile
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                tell(_renewed(path, error))
                return _opened(path)
    except Timeout as error:
        raise sqlite3.OperationalError("another run sees to its damage") from error


def folded(text: str) -> str:
    """Return a title as it is compared: case and blanks do not count."""
    return " ".join(text.casefold().split())


def tracks_key(track_ids: Iterable[str | None]) -> str:
    """Return what stands for a list of tracks."""
    return sha256(json.dumps([*track_ids]).encode()).hexdigest()


def note_tracks(connection: sqlite3.Connection, number: int, tracks: Iterable[Track]) -> None:
    """Let the entry of that number be found by these tracks, which are its own, and they by name.

    The caller commits.
    """
    tracks = list(tracks)
    key = tracks_key(track.track_id for track in tracks)
    connection.execute("UPDATE entry SET tracks_key = ? WHERE number = ?", (key, number))
    names = ("track_id", "name", "artist", "title", "full_title", "entry", *FEATURE_NAMES)
    connection.executemany(
        f"INSERT OR REPLACE INTO past_track ({', '.join(names)}) "
        f"VALUES ({', '.join('?' * len(names))})",
        [
            (
                *(track.track_id, track.name, track.artist, folded(track.name)),
                folded(f"{track.artist} - {track.name}"),
                number,
                *(track.features[name] for name in FEATURE_NAMES),
            )
            for track in tracks
        ],
    )


def note_all_tracks(connection: sqlite3.Connection) -> None:
    """Do so for every entry that can be read, the latest last; the caller commits."""
    connection.execute(f"DELETE FROM {PAST_TRACK.table}")
    numbers = [n for (n,) in connection.execute("SELECT number FROM entry ORDER BY number")]
    select = f"SELECT {', '.join(ENTRY.columns)} FROM entry WHERE number = ?"
    for number in numbers:
        with suppress(*DAMAGE):
            entry: Entry = ENTRY.read(connection.execute(select, (number,)).fetchone())
            note_tracks(connection, number, entry.tracks)


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)
    keep_private(path)
    connection = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
    connection.text_factory = _text
    try:
        _check(connection)
        if not _is_current(connection, path):
            _bring_up_to_date(connection, path)
        for kind in KINDS:
            _select_nothing(connection, kind)
    except BaseException:
        connection.close()
        raise
    return connection


def _text(raw: bytes) -> str | bytes:
    """Return a text of SQLite; one that is no UTF-8 as it is, so that its row alone is refused."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _check(connection: sqlite3.Connection) -> None:
    for (health,) in connection.execute("PRAGMA quick_check(1000000)"):
        if health != "ok" and not str(health).startswith(ROW_DAMAGE):
            raise sqlite3.DatabaseError(health)


def _is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether the tables are those of this version; there may be none yet.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is no memory of ours.
    InputError
        If it is of a later version.
    """
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and owner != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is a database of something else")
    if tables and version > VERSION:
        raise InputError(
            f"{printable(path)} was written by a later version of Emotify; update Emotify"
        )
    if tables and version < 1:
        raise sqlite3.DatabaseError(f"it has format version {version}")
    return bool(tables) and version == VERSION


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # two runs may both meet a new or an old file
    if not _is_current(connection, path):
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            _execute(connection, FIRST_VERSION)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _execute(connection, SECOND_VERSION)
        note_all_tracks(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.commit()


def _execute(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):  # executescript would commit before
        connection.execute(statement)


def _select_nothing(connection: sqlite3.Connection, kind: Kind) -> None:
    try:
        connection.execute(f"SELECT {', '.join(kind.columns)} FROM {kind.table} LIMIT 0")
    except sqlite3.OperationalError as error:
        if not str(error).startswith("no such"):  # table or column
            raise
        raise sqlite3.DatabaseError(str(error)) from error


# ---------------------------------------------------------------------------------- a damaged file


def _renewed(path: Path, damage: sqlite3.DatabaseError) -> str:
    """Put what can be read of a damaged file in its place, set it aside, and say so."""
    fresh = path.with_name(f"{path.name}.partial")
    for left_over in path.parent.glob(f"{fresh.name}*"):  # of a run that was killed
        left_over.unlink()
    with closing(_opened(fresh)) as connection, connection:
        saved = _saved(path, connection)
        note_all_tracks(connection)
    aside = _set_aside(path)
    fresh.replace(path)  # at once: another run never meets a place without a memory
    whole = f"{printable(path)} is damaged ({damage}); it is kept as {aside.name}, and "
    if not saved:
        return whole + "a new memory of likes and history begins"
    return whole + f"what can be read of it goes on: {', '.join(saved)}"


def _saved(damaged: Path, fresh: sqlite3.Connection) -> list[str]:
    """Copy the rows that can be read, and say how many of what."""
    told = []
    with closing(sqlite3.connect(damaged, timeout=PATIENCE_SECONDS)) as old:
        old.text_factory = _text
        old.execute("PRAGMA writable_schema = ON")  # else nothing is read of a file that is cut off
        for kind in (JUDGEMENT, ENTRY, IMPORTED):
            columns = ("rowid", *kind.columns)
            number = 0
            for row in _reachable(old, kind):
                with suppress(*DAMAGE):
                    kind.read(row[1:])
                    fresh.execute(
                        f"INSERT OR REPLACE INTO {kind.table} ({', '.join(columns)}) "
                        f"VALUES ({', '.join('?' * len(columns))})",
                        row,
                    )
                    number += 1
            told += [kind.counted(number)] if number else []
    return told


def _reachable(old: sqlite3.Connection, kind: Kind) -> list[tuple[Any, ...]]:
    """Return the rows of a table that lie on whole pages, with their row ids, in order."""
    present = {row[1] for row in _rows(old, f"PRAGMA table_info({kind.table})")}
    columns = ", ".join(name if name in present else "NULL" for name in kind.columns)
    select = f"SELECT rowid, {columns} FROM {kind.table} "
    first = list(_rows(old, select + "ORDER BY rowid"))
    last = list(_rows(old, select + "ORDER BY rowid DESC"))
    # Between the ends that scans get to, each row is looked for by itself.
    begin = first[-1][0] + 1 if first else 1
    if last:
        end = last[-1][0]
    else:
        highest = list(_rows(old, "SELECT seq FROM sqlite_sequence WHERE name = ?", (kind.table,)))
        end = highest[0][0] + 1 if highest and isinstance(highest[0][0], int) else begin + 1000
    end = min(end, begin + MOST_PROBED)
    between = (_rows(old, select + "WHERE rowid = ?", (number,)) for number in range(begin, end))
    found = {row[0]: row for rows in (first, last, *between) for row in rows}
    return [found[number] for number in sorted(found)]


def _rows(old: sqlite3.Connection, query: str, values: tuple = ()) -> Iterator[tuple[Any, ...]]:
    """Yield rows until there are no more, or the next one lies on a damaged page."""
    with suppress(sqlite3.Error):
        yield from old.execute(query, values)


def _set_aside(path: Path) -> Path:
    """Keep a file under another name, too, and return that."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    number, aside = 0, path.with_name(f"{path.name}.damaged-{stamp}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    try:
        aside.hardlink_to(path)
    except OSError:  # of a file system without
        shutil.copy2(path, aside)
    for tail in ("-journal", "-wal", "-shm"):  # of the damaged file; a new one must not meet it
        rest = path.with_name(path.name + tail)
        if rest.exists():
            rest.rename(aside.with_name(aside.name + tail))
    return aside
