"""What Spotify answers, made into frozen objects once: JSON flows in, tracks and pages flow out.

Titles and names become text for one line (`foundation.text`).

Where an answer is not as documented the functions raise KeyError, TypeError or ValueError, which
`spotify.transport.attempt` makes into one failure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from foundation.text import one_line

T = TypeVar("T")


@dataclass(frozen=True)
class SpotifyTrack:
    """A track as Spotify describes it.

    Attributes
    ----------
    track_id, uri
        Its id, and ``spotify:track:`` with the id. Where Spotify plays another issue instead of
        the one asked for, those of the one asked for.
    name, artists
        Title, and all artists in Spotify's order.
    isrc
        International Standard Recording Code; None where Spotify does not tell.
    duration_ms
        Length in milliseconds, or None.
    playable
        False if Spotify says that it may not be played where the listener lives.
    """

    track_id: str
    uri: str
    name: str
    artists: tuple[str, ...]
    isrc: str | None
    duration_ms: float | None
    playable: bool

    @property
    def artist(self) -> str:
        """All artists in one text, joined by ``;`` as in a track table."""
        return ";".join(self.artists)


@dataclass(frozen=True)
class Entry:
    """One place of a playlist.

    Attributes
    ----------
    uri
        What is there; None for an entry whose track is gone.
    track
        The track; None for an episode, a local file or nothing.
    """

    uri: str | None
    track: SpotifyTrack | None


@dataclass(frozen=True)
class OwnPlaylist:
    """A playlist in the listener's library, their own or one they follow."""

    playlist_id: str
    name: str
    owner_id: str
    collaborative: bool


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list.

    Attributes
    ----------
    items
        In Spotify's order.
    total
        Length of the whole list; None where Spotify does not tell.
    next_offset
        Where the next page begins; None on the last one.
    entries
        What it was read from, to be compared with another page.
    """

    items: tuple[T, ...]
    total: int | None
    next_offset: int | None
    entries: list[Any] = field(default_factory=list, compare=False, repr=False)

    def repeats(self, other: "Page[T] | None") -> bool:
        """Say whether it is another page once more; of one track alone two pages may be alike."""
        return (
            other is not None
            and self.entries == other.entries
            and any(entry != self.entries[0] for entry in self.entries)
        )


def page(answer: Any, offset: int, read: Callable[[Any], T | None]) -> Page[T]:
    """Read one page of a list; entries of which `read` makes None are left out.

    The next page is reached by offset alone: the addresses in ``next`` still lead to removed
    endpoints for some lists.
    """
    entries, total = answer["items"], answer.get("total")
    if not isinstance(entries, list):
        raise TypeError("items is no list")
    if isinstance(total, bool) or not isinstance(total, int):
        total = None
    end = offset + len(entries)
    is_short = total is not None and end >= total
    is_last = not entries or is_short or not answer.get("next", total)
    items = tuple(item for item in map(read, entries) if item is not None)
    return Page(items, total, None if is_last else end, entries)


def track(answer: Any) -> SpotifyTrack | None:
    """Read a track; None for what has no id here: nothing, an episode, a local file."""
    if not isinstance(answer, dict) or answer.get("type", "track") != "track":
        return None
    asked_for = answer.get("linked_from") or answer
    track_id = asked_for.get("id")
    if not isinstance(track_id, str) or not track_id or answer.get("is_local"):
        return None
    artists = (artist.get("name") for artist in answer["artists"] if isinstance(artist, dict))
    isrc = (answer.get("external_ids") or {}).get("isrc")
    duration = answer.get("duration_ms")
    return SpotifyTrack(
        track_id=track_id,
        uri=f"spotify:track:{track_id}",
        name=_text(answer["name"]),
        artists=tuple(name for name in map(_text, artists) if name),
        isrc=isrc.strip().upper() if isinstance(isrc, str) and isrc.strip() else None,
        duration_ms=float(duration) if isinstance(duration, int | float) and duration > 0 else None,
        playable=answer.get("is_playable") is not False and not answer.get("restrictions"),
    )


def existing_track(answer: Any) -> SpotifyTrack:
    """Read a track that was asked for by its id."""
    found = track(answer)
    if found is None:
        raise ValueError("no track")
    return found


def entry(answer: Any) -> Entry:
    """Read one place of a playlist; the track was called ``track`` until February 2026."""
    content = (answer.get("item") or answer.get("track")) if isinstance(answer, dict) else None
    if not isinstance(content, dict):
        return Entry(None, None)
    found = track(content)
    return Entry(found.uri if found else content.get("uri"), found)


def bare_entry(answer: Any) -> Entry:
    """Read one place of a list that holds the tracks themselves."""
    found = track(answer)
    return Entry(found.uri if found else None, found)


def playlist(answer: Any) -> OwnPlaylist | None:
    """Read a playlist of the listener's library; None for an empty place."""
    if answer is None:
        return None
    playlist_id, name = answer["id"], answer.get("name")
    if not isinstance(playlist_id, str) or not playlist_id:
        raise ValueError("a playlist without id")
    owner = (answer.get("owner") or {}).get("id")
    return OwnPlaylist(playlist_id, _text(name), _text(owner), answer.get("collaborative") is True)


def new_playlist(answer: Any) -> OwnPlaylist:
    """Read a playlist that was just made."""
    made = playlist(answer)
    if made is None:
        raise ValueError("no playlist")
    return made


def user_id(answer: Any) -> str:
    """Read the id of a listener."""
    found = answer["id"]
    if not isinstance(found, str) or not found:
        raise ValueError("no id")
    return found


def nothing(answer: Any) -> None:
    """Read nothing: the status has said it, and some such answers are empty."""


def text_or_none(value: Any) -> str | None:
    """Return what was stored as text or nothing."""
    return None if value is None else str(value)


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""
