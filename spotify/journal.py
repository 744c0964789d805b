"""What is known of one publication, on disk: it lets a killed run go on where it was.

A `Journal` is one private JSON file. It is written before and after each step that another run
must know of; `spotify.publish` says which steps there are.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from foundation.errors import InputError
from foundation.records import RecordFormat
from foundation.text import one_line, printable
from spotify.matching import Match, WantedTrack

FORMAT = RecordFormat("emotify-spotify-playlist", 1, "record of a Spotify playlist")
MOST_NAME_LETTERS = 100  # of Spotify
MOST_DESCRIPTION_LETTERS = 300


@dataclass(frozen=True)
class Request:
    """A playlist that the listener wants in their account.

    Attributes
    ----------
    key
        Name of the journal: the same key means the same playlist.
    name, description
        As shown on Spotify; line breaks become blanks, and what is too long is cut.
    public
        Whether others may see it.
    tracks
        In playing order.
    """

    key: str
    name: str
    description: str
    public: bool
    tracks: tuple[WantedTrack, ...]

    def __post_init__(self) -> None:
        """Bring name and description into the form that Spotify keeps."""
        name = _kept(self.name, MOST_NAME_LETTERS)
        if not name:
            raise InputError(f"{self.name!r} is no name for a playlist; give one with letters")
        description = _kept(self.description, MOST_DESCRIPTION_LETTERS)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "tracks", tuple(self.tracks))

    @property
    def details(self) -> list[Any]:
        """What is shown of it besides the tracks, as plain values."""
        return [self.name, self.description, self.public]


@dataclass
class Journal:
    """How far a publication is.

    Attributes
    ----------
    path
        The file.
    request
        What is wanted.
    matches
        What was found so far, by place in `request.tracks`; None for what is not on Spotify.
    checked
        Places whose id was looked up, since Spotify refused a call that held it.
    playlist_id
        The playlist, once it is known to be there.
    creation
        Set before a playlist is made: its name, and the ids of all playlists of that name that
        were there before. One of that name that is not among them is ours.
    details
        `Request.details` as last written to Spotify.
    unavailable
        URIs that Spotify silently left out.
    is_done
        Whether the playlist was seen to hold what is wanted.
    """

    path: Path
    request: Request
    matches: dict[int, Match | None] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)
    playlist_id: str | None = None
    creation: tuple[str, frozenset[str]] | None = None
    details: list[Any] | None = None
    unavailable: set[str] = field(default_factory=set)
    is_done: bool = False

    def renewed(self, request: Request) -> "Journal":
        """Return the journal for a request with the same key: the playlist stays the same."""
        if request.tracks == self.request.tracks:
            self.request = request
            return self
        known = {
            self.request.tracks[place]: (match, place in self.checked)
            for place, match in self.matches.items()
            if match is not None
        }
        kept = {place: known[track] for place, track in enumerate(request.tracks) if track in known}
        return Journal(
            path=self.path,
            request=request,
            matches={place: match for place, (match, _) in kept.items()},
            checked={place for place, (_, was_checked) in kept.items() if was_checked},
            playlist_id=self.playlist_id,
            creation=self.creation,
            details=self.details,
        )

    def save(self) -> None:
        """Write the file.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        request = self.request
        content = {
            "key": request.key,
            "name": request.name,
            "description": request.description,
            "public": request.public,
            "is_done": self.is_done,
            "playlist_id": self.playlist_id,
            "creation": self.creation and [self.creation[0], sorted(self.creation[1])],
            "details": self.details,
            "unavailable": sorted(self.unavailable),
            "checked": sorted(self.checked),
            "matches": {
                str(place): match and match.to_dict() for place, match in self.matches.items()
            },
            "tracks": [track.to_dict() for track in request.tracks],
        }
        FORMAT.write(self.path, content)


def _kept(text: str, most_letters: int) -> str:
    """Return what Spotify keeps of a text: one line, not too long."""
    return one_line(" ".join(text.split()))[:most_letters].strip()


def read_journal(path: str | Path) -> Journal:
    """Read a journal.

    Raises
    ------
    InputError
        If there is none, or it is damaged or of another version.
    """
    path = Path(path)
    advice = "make the playlist anew"
    try:
        return FORMAT.read(path, partial(_journal, path), advice)
    except FileNotFoundError as error:
        raise InputError(
            f"{printable(path)}: no such file; give the one that the interrupted run named, or "
            f"{advice}"
        ) from error


def _journal(path: Path, stored: dict[str, Any]) -> Journal:
    tracks = tuple(map(WantedTrack.from_dict, stored["tracks"]))
    request = Request(
        str(stored["key"]),
        str(stored["name"]),
        str(stored["description"]),
        stored["public"] is True,
        tracks,
    )
    matches = {
        int(place): None if match is None else Match.from_dict(tracks[int(place)], match)
        for place, match in stored["matches"].items()
    }
    creation, details = stored["creation"], stored["details"]
    return Journal(
        path=path,
        request=request,
        matches=matches,
        checked={int(place) for place in stored["checked"]},
        playlist_id=None if stored["playlist_id"] is None else str(stored["playlist_id"]),
        creation=None if creation is None else (str(creation[0]), frozenset(creation[1])),
        details=None if details is None else list(details),
        unavailable=set(stored["unavailable"]),
        is_done=stored["is_done"] is True,
    )
