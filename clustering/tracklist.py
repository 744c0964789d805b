"""What a playlist is made of, as plain data: the mood aimed at, and tracks that know why.

Tables and folders of moods come from anywhere. Here their words become text for one line
(`foundation.text`), so that no way out of the house need look at them again. Ids and paths stay as
they are, for they must be found again.
"""

import math
from dataclasses import dataclass

from foundation.text import one_line


def credits_of(artist: str) -> str:
    """Return artists as a reader expects them; tables join them with a semicolon."""
    return artist.replace(";", ", ")


def label(artist: str, name: str) -> str:
    """Return how a track is called in a line of text."""
    return one_line(f"{credits_of(artist)} - {name}")


@dataclass(frozen=True)
class PlaylistMood:
    """The mood of the music aimed at: the mood cluster nearest to the aim, of a journey to its end.

    Attributes
    ----------
    name
        Its name.
    valence, arousal
        Where it lies among the tracks of the table by Spotify's valence and energy, -1..1
        (`clustering.moods.clusters.Mood`). Music of a low valence may well be what calm, a
        pleasant feeling, aims at.
    """

    name: str
    valence: float
    arousal: float

    def __post_init__(self) -> None:
        """Make its name text for one line."""
        object.__setattr__(self, "name", one_line(self.name))


@dataclass(frozen=True)
class PlaylistTrack:
    """A track of a playlist, and why it is there.

    Attributes
    ----------
    track_id, name, artist
        As in the table.
    url
        Address on Spotify, or else the one that the table tells; None where there is neither.
    path
        The sound file, where the table has one.
    isrc
        International Standard Recording Code, where the table tells it.
    duration_ms
        Length in milliseconds; None where the table does not tell.
    mood
        Name of the track's mood cluster.
    distance
        Distance from what was aimed at in this place: 0 exactly the aim, 1 its opposite.
    features
        The eight audio features, in Spotify's units.
    why
        What speaks for the track, in words.
    """

    track_id: str
    name: str
    artist: str
    url: str | None
    path: str | None
    isrc: str | None
    duration_ms: float | None
    mood: str
    distance: float
    features: dict[str, float]
    why: str

    def __post_init__(self) -> None:
        """Make what is read of it text for one line."""
        for field in ("name", "artist", "mood", "why"):
            object.__setattr__(self, field, one_line(getattr(self, field)))
        if self.url is not None:
            object.__setattr__(self, "url", one_line(self.url))


@dataclass(frozen=True)
class Tracklist:
    """Tracks for an emotion.

    Attributes
    ----------
    emotion
        The most probable emotion of the estimate.
    mode
        ``"match"``, ``"lift"`` or ``"journey"``.
    mood
        The mood of the music aimed at.
    valence, arousal
        Expected valence and arousal of the feeling aimed at, -1..1; for a journey, of its end.
    clusters
        Names of the mood clusters that the tracks come from, in order of appearance.
    coverage
        How well the table serves the aim, 0..1. Each track asked for counts 1 minus twice the
        step between its valence and energy and those typical of the mood aimed at, in
        Spotify's own units (never below 0); a track that was not found counts 0. Distances are
        relative to the listener's catalogue, coverage is not: the calmest songs of a metal
        collection are near the aim and have a low coverage.
    seed
        Seed of the choice.
    tracks
        In playing order.
    uncertain
        Whether the estimate should not be acted on, which makes the playlist broader.
    notes
        What the listener should know: an uncertain or mixed estimate, fewer tracks than asked,
        a table that hardly serves the aim, or that gives the same tracks to other emotions.
    """

    emotion: str
    mode: str
    mood: PlaylistMood
    valence: float
    arousal: float
    clusters: tuple[str, ...]
    coverage: float
    seed: int
    tracks: tuple[PlaylistTrack, ...]
    uncertain: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make what is read of it text for one line."""
        for field in ("clusters", "notes"):
            object.__setattr__(self, field, tuple(map(one_line, getattr(self, field))))

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.tracks)

    @property
    def minutes(self) -> float | None:
        """Playing time in minutes; None where a duration is unknown."""
        lengths = [track.duration_ms for track in self.tracks]
        known = [length for length in lengths if length is not None]
        return math.fsum(known) / 60_000 if len(known) == len(lengths) else None
