"""From a playlist that Emotify chose to what is asked of Spotify."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date

from clustering.playlist import Playlist
from spotify.journal import Request
from spotify.matching import WantedTrack


def wanted_tracks(playlist: Playlist) -> tuple[WantedTrack, ...]:
    """Return the tracks of a playlist as they are looked for on Spotify."""
    return tuple(
        WantedTrack(track.track_id, track.name, track.artist, track.isrc, track.duration_ms)
        for track in playlist.tracks
    )


def playlist_name(playlist: Playlist) -> str:
    """Return what a playlist is called if nobody gave it a name."""
    mode = "" if playlist.mode == "match" else f" ({playlist.mode})"
    return f"Emotify: {playlist.emotion}{mode}"


def request_for(
    playlist: Playlist,
    *,
    today: date,
    name: str | None = None,
    public: bool = False,
) -> Request:
    """Return the request that puts a playlist into the listener's account.

    The same tracks under the same name are the same playlist on Spotify, whatever the day: so a
    repeat after a failure at midnight makes no second one.
    """
    name = playlist_name(playlist) if name is None else name
    tracks = wanted_tracks(playlist)
    identity = json.dumps([name, public, [track.to_dict() for track in tracks]])
    return Request(
        key=f"playlist-{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
        name=name,
        description=described(playlist.emotion, playlist.mode, playlist.uncertain, today),
        public=public,
        tracks=tracks,
    )


def described(emotion: str, mode: str, uncertain: bool, today: date) -> str:
    """Return what a playlist on Spotify says of itself: emotion, mode and date."""
    perhaps = "perhaps " if uncertain else ""
    return f"Emotion: {perhaps}{emotion}. Mode: {mode}. Chosen by Emotify on {today.isoformat()}."


def track_ids(tracks: Sequence[WantedTrack]) -> list[str]:
    """Return the ids that tracks have in their table."""
    return [track.track_id for track in tracks if track.track_id is not None]
