"""The listener's own tracks: an account flows in, a table of what is in it flows out.

The tracks come without audio features, which Spotify no longer gives; `spotify.reccobeats` knows
them for many ids. Each page is kept in a state file at once, so an interrupted fetch goes on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.records import RecordFormat
from spotify.answers import Entry, Page, text_or_none
from spotify.client import READ_LIKED, READ_PLAYLISTS, READ_SHARED, READ_TOP, Account, say
from spotify.errors import ForbiddenError, NotFoundError

KINDS = {
    "liked": (READ_LIKED,),
    "playlists": (READ_PLAYLISTS, READ_SHARED),
    "top": (READ_TOP,),
}
TIME_RANGES = ("long_term", "medium_term", "short_term")
COLUMNS = ("track_id", "name", "artist", "isrc")
MOST_TRACKS = 10**9  # no list is longer
NO_TRACK = "are no tracks of Spotify (episodes, local files, removed ones)"
FORMAT = RecordFormat(
    "emotify-spotify-import", 1, "begun import from Spotify", unnamed=True, indent=None
)


@dataclass(frozen=True)
class OwnTracks:
    """Tracks of the listener.

    Attributes
    ----------
    frame
        One row a track, each once: track_id, name, artist (several joined by ``;``), isrc.
    n_repeated
        Entries whose track was there already.
    n_skipped
        Entries that are no tracks of Spotify: episodes, local files, removed ones.
    notes
        What could not be read.
    """

    frame: pd.DataFrame
    n_repeated: int
    n_skipped: int
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Return the counts in one line, then a line for each note."""
        parts = [f"{self.n_repeated:,} were there twice"] if self.n_repeated else []
        parts += [f"{self.n_skipped:,} {NO_TRACK}"] if self.n_skipped else []
        line = f"{len(self.frame):,} tracks" + (f" ({'; '.join(parts)})" if parts else "")
        return "\n".join([line, *(f"  {note}" for note in self.notes)])


@dataclass
class _State:
    """What was fetched so far: `rows` in order, where each list goes on, and how long it is."""

    path: Path
    kind: str
    listener: str
    rows: dict[str, list[str | None]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, int | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    totals: dict[str, int | None] = field(default_factory=dict)

    def save(self) -> None:
        FORMAT.write(self.path, {key: value for key, value in vars(self).items() if key != "path"})

    def take(self, source: str, page: Page[Entry]) -> None:
        for entry in page.items:
            track = entry.track
            if track is None:
                self.counts["skipped"] += 1
            elif track.track_id in self.rows:
                self.counts["repeated"] += 1
            else:
                self.rows[track.track_id] = [track.name, track.artist, track.isrc]
        self.places[source] = page.next_offset
        self.save()


def scopes(kind: str) -> tuple[str, ...]:
    """Return the permissions that fetching needs.

    Raises
    ------
    InputError
        If `kind` is none of `KINDS`.
    """
    if kind not in KINDS:
        raise InputError(f"there are no tracks of the kind {kind!r}; choose {', '.join(KINDS)}")
    return KINDS[kind]


def fetch_tracks(
    account: Account, kind: str, *, state: Path, tell: Callable[[str], None] = say
) -> OwnTracks:
    """Fetch the listener's tracks.

    Parameters
    ----------
    account
        Logged in with `scopes`.
    kind
        ``"liked"``; ``"playlists"``, their own and those they work on with others; or ``"top"``,
        those heard most in a year, half a year and four weeks.
    state
        File in which what was fetched is kept, and from which a repeat goes on. When the result
        is stored call `finished` with it.
    tell
        Called with what the listener should know meanwhile.

    Raises
    ------
    InputError
        If `kind` is none, or `state` cannot be written.
    SpotifyError
        As `spotify.client.Account` says; what was fetched is kept.
    """
    scopes(kind)
    listener = account.me()
    known = _read_state(state, kind, listener, tell)
    for source, name, read in _sources(account, kind, listener):
        try:
            _fetch(known, source, name, read)
        except (ForbiddenError, NotFoundError) as error:
            if kind != "playlists":
                raise
            known.notes[source] = f"playlist {name!r} was left out: {error}"
            known.places[source] = None
            known.save()
    rows = [(track_id, *rest) for track_id, rest in known.rows.items()]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")
    return OwnTracks(
        frame, known.counts["repeated"], known.counts["skipped"], tuple(known.notes.values())
    )


def finished(state: Path) -> None:
    """Forget what was fetched, because it is stored elsewhere now."""
    state.unlink(missing_ok=True)


def _sources(
    account: Account, kind: str, listener: str
) -> Sequence[tuple[str, str, Callable[[int], Page[Entry]]]]:
    """Return the lists to read: a key, a name to show, and what reads one page."""
    if kind == "liked":
        return [("liked", "liked tracks", account.saved_tracks)]
    if kind == "top":
        return [
            (span, span.replace("_", " "), partial(account.top_tracks, span))
            for span in TIME_RANGES
        ]
    return [
        (one.playlist_id, one.name, partial(account.items_page, one.playlist_id))
        for one in account.playlists()
        if one.owner_id == listener or one.collaborative
    ]


def _fetch(known: _State, source: str, name: str, read: Callable[[int], Page[Entry]]) -> None:
    offset = known.places.get(source, 0)
    if offset is None:
        return
    with progress_bar(None, name, unit="track", initial=offset) as bar:
        while offset is not None:
            page = read(offset)
            if known.totals.setdefault(source, page.total) != page.total:
                # Tracks came or went since, so that every place has shifted.
                known.totals[source], offset = page.total, 0
                bar.reset()
                continue
            bar.total = page.total
            bar.update(len(page.items))
            known.take(source, page)
            offset = page.next_offset


def _read_state(path: Path, kind: str, listener: str, tell: Callable[[str], None]) -> _State:
    """Return what an interrupted fetch of the same kind and listener left, if anything."""
    fresh = _State(path, kind, listener)

    def state(stored: dict[str, Any]) -> _State:
        if (stored["kind"], stored["listener"]) != (kind, listener):
            return fresh
        rows = {str(key): [*map(text_or_none, row)] for key, row in stored["rows"].items()}
        if any(len(row) != len(COLUMNS) - 1 for row in rows.values()):
            raise ValueError("rows of another form")
        return _State(
            path,
            kind,
            listener,
            rows,
            Counter({str(key): int(count) for key, count in stored["counts"].items()}),
            {key: None if at is None else _place(at) for key, at in stored["places"].items()},
            {str(key): str(note) for key, note in stored["notes"].items()},
            {key: None if n is None else int(n) for key, n in stored["totals"].items()},
        )

    return FORMAT.recall(path, state, tell, "everything is fetched anew") or fresh


def _place(value: Any) -> int:
    place = int(value)
    if not 0 <= place < MOST_TRACKS:
        raise ValueError(f"a list does not go on at {place}")
    return place
