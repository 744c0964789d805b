"""A playlist into the listener's account: a `Request` in, one playlist with its tracks out.

Publishing can be killed at any point and repeated; there is one playlist in the end, and nothing
is written where it is right already. Each step leaves a trace in a `spotify.journal.Journal`
first:

1. what is wanted; each match as it is found,
2. before a playlist is made, which ones of that name there are: a new one of that name is ours,
3. the playlist's id as soon as it is known; its items are then compared with what is wanted, and
   added to or replaced, until they are the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clustering.tracklist import credits_of
from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.text import as_word, printable
from foundation.user_data import DATA_HOME_VARIABLE
from spotify import filling
from spotify.client import READ_PLAYLISTS, WRITE_PRIVATE, WRITE_PUBLIC, Account, say
from spotify.errors import (
    LoginNeededError,
    QuotaExceededError,
    UnreachableError,
    UnsureError,
)
from spotify.journal import Journal, Request, read_journal
from spotify.matching import Match, WantedTrack, by_id, find

SCOPES = (READ_PLAYLISTS, WRITE_PRIVATE)
PUBLIC_SCOPES = (*SCOPES, WRITE_PUBLIC)
KEY = re.compile(r"[^\W_][\w-]{0,127}")  # a file name on every system
LOCK_SECONDS = 120.0
FINDINGS = {"isrc": "by its ISRC", "search": "by a search"}


@dataclass(frozen=True)
class Plan:
    """What publishing would do, as far as is known without writing.

    Attributes
    ----------
    name
        Of the playlist.
    matches
        Tracks that would be in it.
    missing
        Tracks that are not on Spotify.
    to_search
        Tracks that would be searched for, if nobody was asked.
    """

    name: str
    matches: tuple[Match, ...]
    missing: tuple[WantedTrack, ...]
    to_search: tuple[WantedTrack, ...]

    def describe(self) -> str:
        """Return the plan as text for a terminal."""
        lines = [f"{self.name}: {len(self.matches)} tracks would be in it; nothing was written"]
        lines += _found_lines(self.matches)
        lines += [f"  would be searched for: {track.label}" for track in self.to_search]
        lines += [f"  not found: {track.label}" for track in self.missing]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "dry_run": True,
            "tracks": [_told(match) for match in self.matches],
            "to_search": [track.to_dict() for track in self.to_search],
            "missing": [track.to_dict() for track in self.missing],
        }


@dataclass(frozen=True)
class Published:
    """What became of a request.

    Attributes
    ----------
    playlist_id, url, name
        The playlist on Spotify.
    matches
        Tracks that are in it, in order.
    missing
        Tracks that are not on Spotify, or not where the listener lives.
    unavailable
        Tracks that were found, but that Spotify leaves out.
    notes
        What the listener should know, such as two tracks that are one on Spotify.
    changed
        Whether anything was written.
    """

    playlist_id: str
    url: str
    name: str
    matches: tuple[Match, ...]
    missing: tuple[WantedTrack, ...]
    unavailable: tuple[Match, ...]
    notes: tuple[str, ...]
    changed: bool

    def describe(self) -> str:
        """Return the result as text for a terminal."""
        count = f"{len(self.matches)} track{'s' * (len(self.matches) != 1)}"
        how = "" if self.changed else " (was there already, nothing was changed)"
        lines = [f"{self.name}: {count} on Spotify{how}", f"  {self.url}"]
        lines += _found_lines(self.matches)
        lines += [f"  not found: {track.label}" for track in self.missing]
        lines += [f"  left out by Spotify: {match.wanted.label}" for match in self.unavailable]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "playlist_id": self.playlist_id,
            "url": self.url,
            "name": self.name,
            "changed": self.changed,
            "tracks": [_told(match) for match in self.matches],
            "missing": [track.to_dict() for track in self.missing],
            "unavailable": [_told(match) for match in self.unavailable],
            "notes": list(self.notes),
        }


def scopes(public: bool) -> tuple[str, ...]:
    """Return the permissions that publishing needs."""
    return PUBLIC_SCOPES if public else SCOPES


def publish(
    account: Account,
    request: Request,
    *,
    folder: str | Path,
    takes_over: str | None = None,
    tell: Callable[[str], None] = say,
) -> Published:
    """Make the listener's playlist hold the tracks of a request, in order.

    One of the same kind and name that was begun and never finished is gone on with, even if its
    tracks are others by now.

    Parameters
    ----------
    account
        Logged in with `scopes`.
    request
        What is wanted. One with a known key renews that playlist in place.
    folder
        Where journals are kept, as ``KEY.json``; made if it does not exist.
    takes_over
        Key of another request whose playlist this one makes its own, if it has none yet.
    tell
        Called with what the listener should know meanwhile.

    Raises
    ------
    InputError
        If the key is none, none of the tracks is on Spotify, or another run takes too long.
    SpotifyError
        As `spotify.client.Account` says. The message names the journal to go on from.
    """
    if not KEY.fullmatch(request.key):
        raise InputError(
            f"{request.key!r} cannot be the key of a playlist; use letters, digits, - and _"
        )
    folder = Path(folder)
    path = folder / f"{request.key}.json"
    with _alone(folder, tell):
        journal = _known(path, tell) or _taken_over(path, request, takes_over, tell)
        journal = journal.renewed(request) if journal else Journal(path, request)
        return _carried_out(account, journal, tell)


def resume(account: Account, path: str | Path, *, tell: Callable[[str], None] = say) -> Published:
    """Go on with a publication from its journal alone, as `publish` would.

    Raises
    ------
    InputError
        As `publish`, and if there is no journal, or it is damaged.
    """
    path = Path(path)
    read_journal(path)  # before a folder is locked that holds none
    with _alone(path.parent, tell):
        return _carried_out(account, read_journal(path), tell)


def plan(account: Account | None, request: Request) -> Plan:
    """Say what publishing would do, without writing; without an account, without asking anybody.

    Raises
    ------
    SpotifyError
        As `spotify.client.Account` says.
    """
    matches, missing, to_search = [], [], []
    for track in request.tracks:
        match = by_id(track)
        if match is None and account is None:
            to_search.append(track)
        elif match or (account and (match := find(account, track))):
            matches.append(match)
        else:
            missing.append(track)
    return Plan(request.name, tuple(matches), tuple(missing), tuple(to_search))


@contextmanager
def _alone(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Let one run at a time work in `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell("another run is writing to Spotify; waiting for it")
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise InputError(
            f"another run has been writing to Spotify for {LOCK_SECONDS:.0f} s; run the same "
            "command again when it has ended"
        ) from error
    except OSError as error:
        raise InputError(
            f"{printable(folder)} cannot be used ({error.strerror}); set {DATA_HOME_VARIABLE} to "
            "a folder that you may write to"
        ) from error
    try:
        for left_over in folder.glob("*.partial"):  # of a run that was killed while it wrote
            left_over.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _known(path: Path, tell: Callable[[str], None]) -> Journal | None:
    if not path.exists():
        return None
    try:
        return read_journal(path)
    except InputError as error:
        aside = path.with_name(path.name + ".damaged")
        path.replace(aside)
        tell(f"{error}; it was set aside as {printable(aside)}, and a new playlist is made")
        return None


def _taken_over(
    path: Path, request: Request, key: str | None, tell: Callable[[str], None]
) -> Journal | None:
    """Return the journal of another request, under our name, if its playlist becomes ours."""
    others = [path.with_name(f"{key}.json")] if key is not None else []
    kind = request.key.partition("-")[0]
    for other in (*others, *sorted(path.parent.glob(f"{kind}-*.json"))):
        journal = _known(other, tell)
        if journal is None or (journal.is_done and other not in others):
            continue
        if (journal.request.name, journal.request.public) == (request.name, request.public):
            other.replace(path)
            journal.path = path
            return journal
    return None


def _carried_out(account: Account, journal: Journal, tell: Callable[[str], None]) -> Published:
    try:
        if journal.is_done:  # what no search found then may be there now
            tracks = journal.request.tracks
            journal.matches = {
                place: match
                for place, match in journal.matches.items()
                if match or by_id(tracks[place])
            }
        journal.is_done = False
        journal.save()
        _match_all(account, journal)
        filled = filling.fill(account, journal, tell)
    except (QuotaExceededError, LoginNeededError, UnreachableError, UnsureError) as error:
        error.add_advice(
            f"what was done is kept; go on with `emotify playlist --resume {as_word(journal.path)}`"
        )
        raise
    assert journal.playlist_id is not None
    together = filling.Together.of(journal)
    unavailable = [match for match in together.matches if match.uri in journal.unavailable]
    return Published(
        playlist_id=journal.playlist_id,
        url=f"https://open.spotify.com/playlist/{journal.playlist_id}",
        name=journal.request.name,
        matches=tuple(match for match in together.matches if match not in unavailable),
        missing=together.missing,
        unavailable=tuple(unavailable),
        notes=(*filled.notes, *together.notes),
        changed=filled.changed,
    )


def _match_all(account: Account, journal: Journal) -> None:
    """Find what was not looked for yet, keeping each finding at once."""
    for place, track in enumerate(journal.request.tracks):
        if place not in journal.matches and (match := by_id(track)) is not None:
            journal.matches[place] = match
    waiting = [
        place for place in range(len(journal.request.tracks)) if place not in journal.matches
    ]
    for place in progress_bar(waiting, "Spotify", unit="track", show=bool(waiting)):
        journal.matches[place] = find(account, journal.request.tracks[place])
        journal.save()
    if any(journal.matches.values()):
        return
    journal.matches = {}  # a repeat searches again
    journal.save()
    names = [track.label for track in journal.request.tracks[:5]]
    raise InputError(
        f"none of the {len(journal.request.tracks)} tracks is on Spotify"
        + (f" ({'; '.join(names)})" if names else "")
        + "; no playlist was made or changed: choose from a table with Spotify ids, ISRCs or "
        "well-known titles"
    )


def _found_lines(matches: Sequence[Match]) -> list[str]:
    return [
        f"  {match.wanted.label}: {match.name} by {credits_of(match.artist)}, found "
        f"{FINDINGS[match.by]} (score {match.score:.0f})"
        for match in matches
        if match.by in FINDINGS
    ]


def _told(match: Match) -> dict[str, Any]:
    return {"wanted": match.wanted.to_dict(), **match.to_dict()}
