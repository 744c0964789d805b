"""The second half of publishing: matches in, a playlist that holds them out.

`fill` finds or makes the playlist of a journal and writes to it until it holds what is wanted.
Whenever it is not known whether a call was carried out, it looks, rather than call again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from foundation.errors import InputError
from spotify.answers import OwnPlaylist
from spotify.client import MOST_URIS, Account
from spotify.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnreachableError,
    UnsureError,
)
from spotify.journal import Journal
from spotify.matching import Match, WantedTrack, find

ROUNDS = 3  # of looking again, after a call that may have been carried out
SETTLE_SECONDS = 2.0  # Spotify may show a change a moment later


@dataclass
class Filled:
    """What `fill` did.

    Attributes
    ----------
    changed
        Whether anything was written.
    notes
        What the listener should know.
    """

    changed: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Together:
    """What the matches of a journal come to.

    Attributes
    ----------
    matches
        Each track on Spotify once, in order.
    missing
        What was wanted and is not there.
    notes
        Which tracks are one on Spotify.
    """

    matches: tuple[Match, ...]
    missing: tuple[WantedTrack, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, journal: Journal) -> "Together":
        """Put the matches of `journal` in order."""
        by_uri: dict[str, Match] = {}
        missing, notes = [], []
        for place, track in enumerate(journal.request.tracks):
            match = journal.matches.get(place)
            if match is None:
                missing.append(track)
            elif match.uri in by_uri:
                first = by_uri[match.uri].wanted
                same = "" if first.label == track.label else f", the same track as {first.label}"
                notes.append(f"there once only: {track.label}{same}")
            else:
                by_uri[match.uri] = match
        return cls(tuple(by_uri.values()), tuple(missing), tuple(notes))

    def uris(self, journal: Journal) -> list[str]:
        """Return what the playlist should hold."""
        return [match.uri for match in self.matches if match.uri not in journal.unavailable]


def fill(account: Account, journal: Journal, tell: Callable[[str], None]) -> Filled:
    """Make the playlist of a journal hold its matches.

    Raises
    ------
    SpotifyError
        As `spotify.client.Account` says; `UnsureError` if it stays unsure what was done.
    """
    filled = Filled()
    has_been_removed = False
    while True:
        playlist_id = _found_or_made(account, journal, filled, tell)
        try:
            _fill(account, journal, playlist_id, filled)
            break
        except NotFoundError:
            if has_been_removed or _is_listed(account, playlist_id):
                raise
            has_been_removed = True  # _found_or_made says so and makes another
    journal.is_done = True
    journal.save()
    return filled


# ---------------------------------------------------------------------------------- the playlist


def _found_or_made(
    account: Account, journal: Journal, filled: Filled, tell: Callable[[str], None]
) -> str:
    """Return the id of the playlist; one that is not listed was removed, though its id answers."""
    mine = list(account.playlists())
    if journal.playlist_id in {playlist.playlist_id for playlist in mine}:
        assert journal.playlist_id is not None
        _update_details(account, journal, filled)
        return journal.playlist_id
    if journal.playlist_id is not None:
        note = f"{journal.request.name} is no longer among your playlists, so a new one was made"
        tell(note)
        filled.notes.append(note)
        journal.playlist_id, journal.creation = None, None
    for _ in range(ROUNDS):
        if journal.creation is None:
            name = journal.request.name
            there = frozenset(other.playlist_id for other in _named(mine, name))
            journal.creation = (name, there)
            journal.details = None
            journal.save()
        elif (adopted := _made_before(account, journal)) is not None:
            filled.changed = True
            return _known(account, journal, adopted, filled)
        try:
            made = account.create_playlist(
                journal.creation[0],
                public=journal.request.public,
                description=journal.request.description,
            )
        except UnsureError as error:
            unsure = error
            account.sleep(SETTLE_SECONDS)
            continue
        filled.changed = True
        if journal.creation[0] == journal.request.name:
            journal.details = journal.request.details
        return _known(account, journal, made.playlist_id, filled)
    if (adopted := _made_before(account, journal)) is not None:
        filled.changed = True
        return _known(account, journal, adopted, filled)
    raise unsure


def _made_before(account: Account, journal: Journal) -> str | None:
    """Return the playlist that an earlier call made, though it could not tell its id."""
    assert journal.creation is not None
    name, there = journal.creation
    for playlist in _named(account.playlists(), name):
        # One with tracks is not ours: tracks are added only once the id is kept.
        if playlist.playlist_id not in there and _is_empty(account, playlist.playlist_id):
            return playlist.playlist_id
    return None


def _named(playlists: Iterable[OwnPlaylist], name: str) -> Iterator[OwnPlaylist]:
    return (playlist for playlist in playlists if " ".join(playlist.name.split()) == name)


def _is_empty(account: Account, playlist_id: str) -> bool:
    try:
        return not account.items_page(playlist_id).items
    except (ForbiddenError, NotFoundError):  # somebody else's
        return False


def _known(account: Account, journal: Journal, playlist_id: str, filled: Filled) -> str:
    journal.playlist_id, journal.creation = playlist_id, None
    journal.save()
    _update_details(account, journal, filled)
    return playlist_id


def _update_details(account: Account, journal: Journal, filled: Filled) -> None:
    request = journal.request
    if journal.details == request.details:
        return
    assert journal.playlist_id is not None
    account.change_details(
        journal.playlist_id,
        name=request.name,
        description=request.description,
        public=request.public,
    )
    filled.changed = True
    journal.details = request.details
    journal.save()


def _is_listed(account: Account, playlist_id: str) -> bool:
    return any(playlist.playlist_id == playlist_id for playlist in account.playlists())


# ------------------------------------------------------------------------------------ the tracks


def _fill(account: Account, journal: Journal, playlist_id: str, filled: Filled) -> None:
    rounds = 0
    while True:
        wanted = Together.of(journal).uris(journal)
        have = _uris(account, playlist_id)
        if have == wanted:
            return
        filled.changed = True
        try:
            _write(account, playlist_id, wanted, have)
        except _RefusedTracksError as refused:
            is_gone = isinstance(refused.cause, NotFoundError) and not _is_listed(
                account, playlist_id
            )
            if is_gone or not _sort_out(account, journal, refused.uris):
                raise refused.cause from refused
            if not any(journal.matches.values()):
                raise InputError(
                    "none of the tracks can be played where you live, so the playlist "
                    f"{journal.request.name} was left as it is; choose from another table"
                ) from refused
            continue
        except (UnsureError, UnreachableError):
            rounds += 1
            if rounds > ROUNDS:
                raise
            account.sleep(SETTLE_SECONDS)
            continue
        if _settled(account, journal, playlist_id, wanted):
            return
        rounds += 1
        if rounds > ROUNDS:
            raise UnsureError(
                "Spotify keeps showing other tracks in the playlist than were put there; look "
                "whether somebody else changes it, and run the same command again"
            )


class _RefusedTracksError(Exception):
    """Spotify refused to take these tracks."""

    def __init__(self, uris: Sequence[str], cause: RefusedError | NotFoundError) -> None:
        super().__init__(str(cause))
        self.uris = uris
        self.cause = cause


def _uris(account: Account, playlist_id: str) -> list[str]:
    """Return what is in the playlist, places without anything left out."""
    return [entry.uri for entry in account.playlist_items(playlist_id) if entry.uri is not None]


def _write(account: Account, playlist_id: str, wanted: Sequence[str], have: Sequence[str]) -> None:
    """Add what is missing at the end, or else replace everything."""
    start = len(have)
    part: Sequence[str] = []
    try:
        if list(wanted[:start]) != list(have):
            start, part = MOST_URIS, wanted[:MOST_URIS]
            account.replace_items(playlist_id, part)
        for place in range(start, len(wanted), MOST_URIS):
            part = wanted[place : place + MOST_URIS]
            account.add_items(playlist_id, part, position=place)
    except (RefusedError, NotFoundError) as error:
        raise _RefusedTracksError(part, error) from error


def _settled(account: Account, journal: Journal, playlist_id: str, wanted: Sequence[str]) -> bool:
    """Compare after writing; what Spotify did not take though it said so is not available."""
    have = _uris(account, playlist_id)
    if have == list(wanted):
        return True
    account.sleep(SETTLE_SECONDS)
    have = _uris(account, playlist_id)
    left_out = set(wanted) - set(have)
    if have != [uri for uri in wanted if uri not in left_out]:
        return False
    journal.unavailable |= left_out
    journal.save()
    return True


def _sort_out(account: Account, journal: Journal, uris: Sequence[str]) -> bool:
    """Look up the ids among refused tracks, and search for those that do not exist any more.

    Returns
    -------
    bool
        Whether anything is different now.
    """
    refused, has_changed = set(uris), False
    for place, match in list(journal.matches.items()):
        if match is None or match.uri not in refused or place in journal.checked:
            continue
        if not _exists(account, match.uri):
            has_changed = True
            other = find(account, match.wanted) if match.by == "id" else None
            journal.matches[place] = None if other and other.uri == match.uri else other
        else:
            journal.checked.add(place)
        journal.save()
    return has_changed


def _exists(account: Account, uri: str) -> bool:
    try:
        return account.track(uri.rpartition(":")[2]).playable
    except (NotFoundError, RefusedError):
        return False
