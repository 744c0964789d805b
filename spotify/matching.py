"""Finding a track on Spotify: what a table knows of it flows in, a `Match` flows out.

The ISRC is asked for first, since it names the recording; then artist and title, first in the
fields of Spotify's query language and then as plain words. Names are compared as
`clustering.tables.tracks.title_key` folds them: case, accents, "Remastered 2011" and guests do not
count. A live recording, a remix, a karaoke or tribute version is another recording, and none
stands for the original.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rapidfuzz import fuzz

from clustering.tables.tracks import UNKNOWN_ARTIST, credited_artists, spotify_url, title_key
from foundation.text import one_line
from spotify.answers import SpotifyTrack, text_or_none
from spotify.client import Account
from spotify.errors import RefusedError

ACCEPTED_SCORE = 85.0  # one letter wrong in seven; "John Legend" for "John Lennon" has 73
ACCEPTED_ISRC_TITLE_SCORE = 50.0  # the recording is the same, its title may be in another language
PAGES = 2  # of ten, for each way of asking
FREE_SECONDS = 15.0  # two issues of one recording may differ by that much
LOST_PER_SECOND = 0.5  # points for each second beyond
MOST_LOST = 20.0
MOST_QUERY_LETTERS = 100  # of title and of artist: Spotify takes 250 letters in all

VERSION_WORDS = re.compile(
    r"\b(live|unplugged|en vivo|ao vivo|dal vivo|en directo|remix|rmx|mix|bootleg|mashup|karaoke|"
    r"tribute|cover|covered|instrumental|acoustic|demo|rehearsal|nightcore|sped up|slowed|8 ?bit|"
    r"lullaby|piano version|originally performed|made famous|in the style of|\d+)\b"
)  # and numbers: "Symphony No. 5" is not "Symphony No. 6"
OTHERS_SINGING = re.compile(r"\b(karaoke|tribute|cover)\b")  # in the name of an artist
SAME_RECORDING = re.compile(
    r"[-(\[]?\s*\b(?:original (?:mix|version)|(?:\d{4}|stereo|mono)(?: stereo)? (?:mix|version))\b"
    r"[)\]]?",
    re.IGNORECASE,
)
# Guests in brackets are left out by `title_key`.
GUESTS = re.compile(r"(?<![(\[])\b(?:feat|ft|featuring)\b\.?\s.*?(?=\s-\s|[(\[]|$)", re.IGNORECASE)
FROM_A_FILM = re.compile(
    r"[-(\[]\s*from\s+(?:\"[^\"]*\"|'[^']*'|“[^”]*”|‘[^’]*’)\s*[)\]]?",  # noqa: RUF001
    re.IGNORECASE,
)


@dataclass(frozen=True)
class WantedTrack:
    """A track to be found.

    Attributes
    ----------
    track_id
        Its id on Spotify, None if it is not from there; other ids count as None.
    name, artist
        Title, and artists as in a track table.
    isrc
        International Standard Recording Code, or None.
    duration_ms
        Length in milliseconds, or None.
    """

    track_id: str | None
    name: str
    artist: str
    isrc: str | None = None
    duration_ms: float | None = None

    @property
    def spotify_id(self) -> str | None:
        """`track_id` if it has the form of Spotify's ids."""
        return self.track_id if self.track_id and spotify_url(self.track_id) else None

    @property
    def label(self) -> str:
        """Title and artist for a message."""
        return one_line(f"{self.name} by {self.artist}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "WantedTrack":
        """Return what `to_dict` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is no wanted track.
        """
        duration = values["duration_ms"]
        return cls(
            track_id=text_or_none(values["track_id"]),
            name=str(values["name"]),
            artist=str(values["artist"]),
            isrc=text_or_none(values["isrc"]),
            duration_ms=None if duration is None else float(duration),
        )


@dataclass(frozen=True)
class Match:
    """A wanted track and what stands for it on Spotify.

    Attributes
    ----------
    wanted
        What was wanted.
    uri
        ``spotify:track:`` with an id.
    name, artist
        As Spotify writes them; as wanted, where the id was known.
    score
        How alike they are, 0-100.
    by
        ``"id"``, ``"isrc"`` or ``"search"``.
    """

    wanted: WantedTrack
    uri: str
    name: str
    artist: str
    score: float
    by: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the wanted track."""
        return {key: getattr(self, key) for key in ("uri", "name", "artist", "score", "by")}

    @classmethod
    def from_dict(cls, wanted: WantedTrack, values: Any) -> "Match":
        """Return what `to_dict` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is no match.
        """
        texts = {key: str(values[key]) for key in ("uri", "name", "artist", "by")}
        return cls(wanted=wanted, score=float(values["score"]), **texts)


def by_id(wanted: WantedTrack) -> Match | None:
    """Return the match of a track whose id is known, without asking anybody."""
    if wanted.spotify_id is None:
        return None
    uri = f"spotify:track:{wanted.spotify_id}"
    return Match(wanted, uri, wanted.name, wanted.artist, 100.0, "id")


def find(account: Account, wanted: WantedTrack) -> Match | None:
    """Search for a track, whether or not its id is known.

    Returns
    -------
    Match or None
        The best hit that can be played where the listener lives; None if none is good enough.

    Raises
    ------
    SpotifyError
        As `spotify.client.Account` says.
    """
    for by, query in _queries(wanted):
        offset: int | None = 0
        for _ in range(PAGES):
            if offset is None:
                break
            try:
                page = account.search_tracks(query, offset)
            except RefusedError:  # a name that Spotify cannot search for; another way may do
                break
            best = _best(wanted, page.items, by)
            if best is not None:
                return best
            offset = page.next_offset
    return None


def _best(wanted: WantedTrack, hits: Iterable[SpotifyTrack], by: str) -> Match | None:
    """Return the best acceptable hit: highest score, then nearest duration, then first."""
    best: Match | None = None
    best_rank = (-math.inf, -math.inf)
    for track in hits:
        total = accepted_score(wanted, track, by) if track.playable else None
        if total is None:
            continue
        apart = seconds_apart(wanted, track)
        rank = (total, -(FREE_SECONDS if apart is None else apart))
        if rank > best_rank:
            best_rank = rank
            best = Match(wanted, track.uri, track.name, track.artist, round(total, 1), by)
    return best


def accepted_score(wanted: WantedTrack, track: SpotifyTrack, by: str) -> float | None:
    """Return how alike the two are, 0-100; None if it is not enough."""
    if by == "isrc":
        title = title_score(wanted, track)
        is_it = track.isrc in {None, bare_isrc(wanted.isrc)}
        return title if is_it and title >= ACCEPTED_ISRC_TITLE_SCORE else None
    total = score(wanted, track)
    return total if total >= ACCEPTED_SCORE else None


def score(wanted: WantedTrack, track: SpotifyTrack) -> float:
    """Return how alike a hit is: the weaker of title and artist, less what the duration costs."""
    if _versions(wanted.name, wanted.artist) != _versions(track.name, track.artist):
        return 0.0
    alike = min(title_score(wanted, track), artist_score(wanted, track))
    beyond = (seconds_apart(wanted, track) or 0.0) - FREE_SECONDS
    return max(alike - min(max(beyond, 0.0) * LOST_PER_SECOND, MOST_LOST), 0.0)


def title_score(wanted: WantedTrack, track: SpotifyTrack) -> float:
    """Return how alike the titles are, 0-100."""
    return fuzz.ratio(_folded_title(wanted.name), _folded_title(track.name))


def artist_score(wanted: WantedTrack, track: SpotifyTrack) -> float:
    """Return how alike the first artist wanted and any of the hit's are, 0-100."""
    if wanted.artist in {"", UNKNOWN_ARTIST} or not track.artists:
        return 0.0
    first = _without_article(credited_artists(wanted.artist)[0])
    names = credited_artists(track.artist)
    return max(fuzz.ratio(first, _without_article(name)) for name in names)


def seconds_apart(wanted: WantedTrack, track: SpotifyTrack) -> float | None:
    """Return the difference of the durations; None where one is unknown."""
    if wanted.duration_ms is None or track.duration_ms is None:
        return None
    apart = abs(wanted.duration_ms - track.duration_ms) / 1000
    return apart if math.isfinite(apart) else None


def bare_isrc(isrc: str | None) -> str | None:
    """Return an ISRC as Spotify writes it, without hyphens; None if it cannot be one."""
    bare = re.sub(r"[\s-]", "", isrc or "").upper()
    return bare if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", bare) else None


def _queries(wanted: WantedTrack) -> Iterator[tuple[str, str]]:
    isrc = bare_isrc(wanted.isrc)
    if isrc:
        yield "isrc", f"isrc:{isrc}"
    if wanted.artist in {"", UNKNOWN_ARTIST}:  # a title alone fits many songs
        return
    title = _for_query(_plain_title(wanted.name))
    artist = _for_query(re.split(r";|,", wanted.artist)[0])
    if title and artist:
        yield "search", f'track:"{title}" artist:"{artist}"'
        yield "search", f"{title} {artist}"


def _for_query(text: str) -> str:
    """Return text without the signs that mean something in a query."""
    return " ".join(re.sub(r'["*:]', " ", text).split())[:MOST_QUERY_LETTERS].strip()


def _plain_title(name: str) -> str:
    for words in (GUESTS, FROM_A_FILM, SAME_RECORDING):
        name = words.sub(" ", name).strip() or name
    return name


def _folded_title(name: str) -> str:
    return title_key("", _plain_title(name)).partition("\n")[2]


def _versions(name: str, artist: str) -> frozenset[str]:
    """Return the words that say which version it is; "Karaoke" may stand in the artist's name."""
    title = title_key("", SAME_RECORDING.sub(" ", name)).partition("\n")[2]
    artists = " ".join(credited_artists(artist)) if artist else ""
    return frozenset(VERSION_WORDS.findall(title) + OTHERS_SINGING.findall(artists))


def _without_article(name: str) -> str:
    return name.removeprefix("the ")
