"""What is remembered of a listener: judgements of tracks, and past estimates with their playlists.

One private SQLite file in the user's data folder (`listener.memory_file`). Entries are ordered as
they came, not by their time: clocks jump. A row that cannot be read is left out and said
(`listener.rows`); `Store.repair` tells what it was.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.records import DAMAGE, RecordFormat
from foundation.text import printable
from foundation.user_data import DATA_HOME_VARIABLE, make_private_folder, user_data_folder
from listener.memory_file import connected, folded, note_all_tracks, note_tracks, tracks_key
from listener.rows import (
    ENTRY,
    IMPORTED,
    JUDGEMENT,
    KINDS,
    PAST_TRACK,
    Entry,
    ImportedTable,
    Kind,
    LostRow,
    Track,
)

T = TypeVar("T")
FILE = "listener.sqlite"
LOST = RecordFormat("emotify-lost-rows", 1, "list of rows that could not be read")
JUDGED = ("track_id", "name", "artist", "liked", *FEATURE_NAMES)


class Store:
    """The listener's memory; see the module."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, tell: Callable[[str], None]
    ) -> None:
        self.path = path
        self._connection = connection
        self._tell = tell
        self._told: set[str] = set()

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
        return _judgements(self._read(JUDGEMENT, "ORDER BY number"))

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
        told = _as_json(felt), _as_json(playlist)
        values = (_now(), source, estimate.label, *told)
        with self._connection as writing:
            number = writing.execute(
                "INSERT INTO entry (at, source, emotion, estimate, playlist) "
                "VALUES (?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            for entry in self._read(ENTRY, "WHERE number = ?", number):
                note_tracks(writing, entry.number, entry.tracks)

    def link(self, track_ids: Sequence[str | None], url: str) -> None:
        """Keep where the latest playlist of these tracks is on Spotify."""
        with self._connection as writing:
            writing.execute(
                "UPDATE entry SET spotify_url = ? WHERE number = "
                "(SELECT max(number) FROM entry WHERE tracks_key = ?)",
                (url, tracks_key(track_ids)),
            )

    def entries(self, most: int | None = None) -> list[Entry]:
        """Return what was remembered, the latest first, at most `most`."""
        return self._read(ENTRY, "ORDER BY number DESC", most=most)

    def past_tracks(self, track_id: str, title: str) -> list[Track]:
        """Return the track of past playlists that has this id, else those of this title.

        Parameters
        ----------
        track_id
            As in its table.
        title
            Or artist and title, as ``artist - title``; case and blanks do not count.

        Returns
        -------
        list of Track
            Those of the latest playlist first, each as that told it.
        """
        by_id = self._read(PAST_TRACK, "WHERE track_id = ?", _as_text(track_id))
        if by_id:
            return by_id
        wanted = _as_text(folded(title))
        by_title = "WHERE title = ? OR full_title = ? ORDER BY entry DESC, rowid"
        return self._read(PAST_TRACK, by_title, wanted, wanted)

    # ---------------------------------------------------------------------------------- tables

    def note_import(self, table: Path, *, is_written: bool) -> None:
        """Keep where a table with the listener's own tracks is, so that it can be forgotten.

        Parameters
        ----------
        table
            The file.
        is_written
            Whether it is there as the import made it; else it is about to be, and what is there
            now is none of ours.

        Raises
        ------
        OSError
            If it should be there and cannot be read.
        """
        name = os.fsencode(table.absolute())
        try:
            key: str | bytes = name.decode()
        except UnicodeDecodeError:
            key = name
        with self._connection as writing:
            writing.execute("INSERT OR IGNORE INTO imported (path) VALUES (?)", (key,))
            if is_written:
                now = ImportedTable.of(table)
                writing.execute(
                    "UPDATE imported SET n_bytes = ?, time_ns = ?, sha256 = ? WHERE path = ?",
                    (now.n_bytes, now.time_ns, now.sha256, key),
                )

    def imported(self) -> list[ImportedTable]:
        """Return the tables with the listener's own tracks that were written."""
        return self._read(IMPORTED, "ORDER BY path")

    # --------------------------------------------------------------------------------- damage

    def repair(self) -> tuple[list[LostRow], Path | None]:
        """Take out the rows that cannot be read, and keep them in a file; mend the index of tracks.

        Returns
        -------
        lost
            What they were.
        path
            The private file that holds all that is left of them; None if there are none.

        Raises
        ------
        InputError
            If that file cannot be written; then nothing is taken out.
        """
        lost = [row for kind in KINDS for row in self._lost(kind)]
        path = None
        if lost:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            path = self.path.with_name(f"{self.path.name}.lost-{stamp}.json")
            LOST.write(path, {"rows": [row.to_dict() for row in lost]})
        with self._connection as writing:
            for row in lost:
                writing.execute(f"DELETE FROM {row.kind.table} WHERE rowid = ?", (row.number,))
            note_all_tracks(writing)
        return lost, path

    def _lost(self, kind: Kind) -> list[LostRow]:
        rows = self._connection.execute(
            f"SELECT rowid, {', '.join(kind.columns)} FROM {kind.table} ORDER BY rowid"
        )
        found = (LostRow.of(kind, number, row) for number, *row in rows)
        return [row for row in found if row is not None]

    def _read(self, kind: Kind[T], which: str, *values: Any, most: int | None = None) -> list[T]:
        """Return the rows of a table that can be read, and say once if there are others."""
        rows = self._connection.execute(
            f"SELECT {', '.join(kind.columns)} FROM {kind.table} {which}", values
        )
        found: list[T] = []
        n_lost = 0
        for row in rows:
            if most is not None and len(found) >= most:
                break
            try:
                found.append(kind.read(row))
            except DAMAGE:
                n_lost += 1
        if n_lost and kind.table not in self._told:
            self._told.add(kind.table)
            self._tell(
                f"{kind.counted(n_lost)} cannot be read and {'is' if n_lost == 1 else 'are'} left "
                "out; `emotify history --repair` shows what was lost"
            )
        return found


def no_judgements() -> pd.DataFrame:
    """Return the judgements of somebody who gave none."""
    return _judgements([])


def _judgements(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(JUDGED))
    texts = dict.fromkeys(("track_id", "name", "artist"), "str")
    return frame.astype({**texts, "liked": bool, **dict.fromkeys(FEATURE_NAMES, float)})


@contextmanager
def open_store(tell: Callable[[str], None], path: str | Path | None = None) -> Iterator[Store]:
    """Open the listener's memory; begin a new one if there is none.

    Parameters
    ----------
    tell
        Is told when a damaged file had to be set aside, and when rows cannot be read.
    path
        The file; None for that in the user's data folder.

    Raises
    ------
    InputError
        If the file cannot be opened or written, is in use for too long, or comes from a later
        version.
    """
    if path is None:
        path = store_path()
        make_private_folder(path.parent, DATA_HOME_VARIABLE)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connected(path, tell)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from error
    with closing(connection):
        try:
            yield Store(path, connection, tell)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{printable(path)} cannot be used ({error}); see that there is room on the disk, that its "
        "folder may be written to, and that no other program keeps it busy"
    )


def store_path() -> Path:
    """Return where the memory lies, there or not."""
    return user_data_folder("listener") / FILE


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _as_text(text: str) -> str:
    """Return a text that SQLite can hold: half a pair of surrogates is none."""
    return text.encode("utf-8", "replace").decode()


def _as_json(value: Any) -> str:
    return _as_text(json.dumps(value, ensure_ascii=False, allow_nan=False))
