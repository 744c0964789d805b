"""What the stand-in knows: tracks, playlists and a listener, and Spotify's rules for them.

`Service.answer` takes one call apart and gives a status and a body, as an app that was registered
after February 2026 gets them: ten hits a search, fifty entries a page, one hundred URIs a call,
``item`` in playlists, no popularity, and nothing at all from what was removed. Only calls that are
as documented are answered (`spotify.stand_in.reference`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clustering.tables.tracks import title_key
from spotify.stand_in.accounts import Answer
from spotify.stand_in.reference import CALLS

PRIVATE, PUBLIC = "playlist-modify-private", "playlist-modify-public"


@dataclass(frozen=True)
class CatalogueTrack:
    """A track of the catalogue.

    Attributes
    ----------
    track_id, name, artists, isrc, duration_ms
        As Spotify tells them.
    playable
        Whether it may be played, and so be put into a playlist, where the listener lives.
    kept
        Whether a playlist keeps it; False for what is accepted and silently left out.
    """

    track_id: str
    name: str
    artists: tuple[str, ...]
    isrc: str = ""
    duration_ms: int = 200_000
    playable: bool = True
    kept: bool = True

    @property
    def uri(self) -> str:
        """``spotify:track:`` with the id."""
        return f"spotify:track:{self.track_id}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as Spotify writes it."""
        market = (
            {} if self.playable else {"is_playable": False, "restrictions": {"reason": "market"}}
        )
        return {
            "type": "track",
            "id": self.track_id,
            "uri": self.uri,
            "name": self.name,
            "artists": [{"type": "artist", "name": name} for name in self.artists],
            "duration_ms": self.duration_ms,
            "external_ids": {"isrc": self.isrc} if self.isrc else {},
            "is_local": False,
            **market,
        }


@dataclass
class StandInPlaylist:
    """A playlist; `is_listed` is False once the listener has removed it from their library."""

    playlist_id: str
    name: str
    description: str = ""
    public: bool = False
    owner: str = "listener"
    collaborative: bool = False
    is_listed: bool = True
    entries: list[Any] = field(default_factory=list)  # URIs, and whole entries to be given as is

    def to_dict(self) -> dict[str, Any]:
        """Return it as Spotify writes it in a list."""
        return {
            "type": "playlist",
            "id": self.playlist_id,
            "name": self.name,
            "description": self.description,
            "public": self.public,
            "collaborative": self.collaborative,
            "owner": {"id": self.owner},
            "items": {"total": len(self.entries)},
        }


class Service:
    """One listener's account and the catalogue.

    Attributes
    ----------
    tracks
        The catalogue, by id.
    playlists
        By id, oldest first, removed ones too.
    liked
        Ids, or whole entries to be given as they are.
    top
        Ids by time range.
    """

    listener = "listener"

    def __init__(self, tracks: tuple[CatalogueTrack, ...], refuse: Callable[[str], Any]) -> None:
        self.tracks = {track.track_id: track for track in tracks}
        self.playlists: dict[str, StandInPlaylist] = {}
        self.liked: list[Any] = []
        self.top: dict[str, list[Any]] = {}
        self._refuse = refuse  # a scope in, why the call may not be made out

    def add_playlist(self, name: str, **more: Any) -> StandInPlaylist:
        """Put a playlist into the account, as if the listener had made it."""
        playlist_id = f"{len(self.playlists) + 1:022d}"
        self.playlists[playlist_id] = StandInPlaylist(playlist_id, name, **more)
        return self.playlists[playlist_id]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Answer one call; `path` has no version in front."""
        routes: dict[str, tuple[str, Callable[..., Answer]]] = {
            "GET /me": ("", self._me),
            "GET /search": ("", self._search),
            "GET /tracks/{id}": ("", self._track),
            "GET /me/playlists": ("playlist-read-private", self._my_playlists),
            "GET /me/tracks": ("user-library-read", self._liked),
            "GET /me/top/tracks": ("user-top-read", self._top),
            "GET /playlists/{id}/items": ("playlist-read-private", self._items),
            "POST /me/playlists": ("", self._create),
            "POST /playlists/{id}/items": ("", partial(self._write, replaces=False)),
            "PUT /playlists/{id}/items": ("", partial(self._write, replaces=True)),
            "PUT /playlists/{id}": ("", self._change),
        }
        for call in CALLS:
            ids = call.ids(method, path)
            if ids is not None:
                scope, answer = routes[f"{call.method} {call.path}"]
                if problem := call.problem(query, body):
                    return error(400, problem)
                refusal: Answer | None = self._refuse(scope)
                return refusal or answer(*ids, query=query, body=body)
        return error(404, "Service not found")  # as for all that was closed or removed

    def _me(self, **_: Any) -> Answer:
        return 200, {"type": "user", "id": self.listener, "display_name": "A listener"}

    def _search(self, query: dict[str, str], **_: Any) -> Answer:
        hits = [track.to_dict() for track in self.tracks.values() if fits(track, query["q"])]
        status, page = self._page(hits, query, 5)
        return status, {"tracks": page}

    def _track(self, track_id: str, **_: Any) -> Answer:
        track = self.tracks.get(track_id)
        return (200, track.to_dict()) if track else error(404, "Non existing id")

    def _my_playlists(self, query: dict[str, str], **_: Any) -> Answer:
        listed = [one.to_dict() for one in self.playlists.values() if one.is_listed]
        return self._page(listed[::-1], query)

    def _liked(self, query: dict[str, str], **_: Any) -> Answer:
        return self._page([self._entry(each, "track") for each in self.liked], query)

    def _top(self, query: dict[str, str], **_: Any) -> Answer:
        ids = self.top.get(query.get("time_range", "medium_term"), [])
        return self._page([self.tracks[each].to_dict() for each in ids], query)

    def _items(self, playlist_id: str, query: dict[str, str], **_: Any) -> Answer:
        one = self.playlists.get(playlist_id)
        if one is None:
            return error(404, "Resource not found")
        if one.owner != self.listener and not one.collaborative:
            return error(403, "Forbidden")
        return self._page([self._entry(each, "item") for each in one.entries], query)

    def _create(self, body: Any, **_: Any) -> Answer:
        public = body.get("public", True)
        if refusal := self._refuse(PUBLIC if public else PRIVATE):
            return refusal
        made = self.add_playlist(
            body["name"], description=body.get("description", ""), public=public
        )
        return 201, made.to_dict()

    def _change(self, playlist_id: str, body: Any, **_: Any) -> Answer:
        one = self.playlists.get(playlist_id)
        if refusal := self._not_mine(one) or self._refuse(
            PUBLIC if body.get("public") else PRIVATE
        ):
            return refusal
        assert one is not None
        for key in ("name", "description", "public"):
            setattr(one, key, body.get(key, getattr(one, key)))
        return 200, {}  # sent as an empty body

    def _write(self, playlist_id: str, body: Any, replaces: bool, **_: Any) -> Answer:
        one = self.playlists.get(playlist_id)
        if refusal := self._not_mine(one):
            return refusal
        assert one is not None
        if refusal := self._refuse(PUBLIC if one.public else PRIVATE):
            return refusal
        tracks = [self.tracks.get(uri.removeprefix("spotify:track:")) for uri in body["uris"]]
        if any(track is None or not track.playable for track in tracks):
            return error(400, "Invalid track uri")
        place = 0 if replaces else body.get("position", len(one.entries))
        if place > len(one.entries):
            return error(400, "Index out of bounds.")
        kept = [track.uri for track in tracks if track and track.kept]
        one.entries[place : len(one.entries) if replaces else place] = kept
        return (200 if replaces else 201), {"snapshot_id": f"{playlist_id}-{len(one.entries)}"}

    def _not_mine(self, one: StandInPlaylist | None) -> Answer | None:
        if one is None:
            return error(404, "Resource not found")
        return None if one.owner == self.listener else error(403, "You cannot change this playlist")

    def _entry(self, entry: Any, key: str) -> Any:
        if not isinstance(entry, str):
            return entry
        track = self.tracks[entry.removeprefix("spotify:track:")]
        return {"added_at": "2026-11-01T00:00:00Z", "is_local": False, key: track.to_dict()}

    def _page(self, entries: list[Any], query: dict[str, str], limit: int = 20) -> Answer:
        limit, offset = int(query.get("limit", limit)), int(query.get("offset", 0))
        end = offset + limit
        return 200, {
            "items": entries[offset:end],
            "limit": limit,
            "offset": offset,
            "total": len(entries),
            # Leads nowhere, as such addresses do for playlists: pages are reached by offset.
            "next": "https://api.spotify.invalid/v1/next" if end < len(entries) else None,
        }


def fits(track: CatalogueTrack, query: str) -> bool:
    """Say whether a track is a hit: ``isrc:``, ``track:"..."`` and ``artist:"..."``, and words."""
    title, artists = _words(track.name), [_words(name) for name in track.artists]
    rest = query
    for name, quoted, bare in re.findall(r'(isrc|track|artist):(?:"([^"]*)"|(\S+))', query):
        rest = re.sub(rf'{name}:(?:"[^"]*"|\S+)', " ", rest, count=1)
        value = quoted or bare
        if name == "isrc" and track.isrc.upper() != value.upper():
            return False
        if name == "track" and not _words(value) <= title:
            return False
        if name == "artist" and not any(_words(value) <= words for words in artists):
            return False
    return _words(rest) <= title.union(*artists)


def error(status: int, message: str) -> Answer:
    """Return an error in Spotify's form."""
    return status, {"error": {"status": status, "message": message}}


def _words(text: str) -> set[str]:
    """Return the words of a text as `clustering.tables.tracks.title_key` folds them."""
    return set(title_key("", text).partition("\n")[2].split()) if text.strip() else set()
