"""The playlist: an emotion estimate and a catalogue in, tracks that each know why out.

`make_playlist` is the whole way from estimate to tracks; writing a `Playlist` to a file is left
to `clustering.export`, which its methods call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clustering import export
from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters, allowed_rows
from clustering.choice.reasons import reason
from clustering.choice.selection import (
    TYPICAL_TRACK_MS,
    Choice,
    choose,
    choose_by_time,
    smooth_order,
)
from clustering.choice.sharing import sharing_emotions
from clustering.choice.shortlist import LargeCatalogue
from clustering.choice.taste import COLUMNS, TRACKS_OF_FAVOURITES, Taste, unknown_favourites
from clustering.choice.wish import MOST_TRACKS, Wish
from clustering.moods.mapping import Aim, aim_for, aims_along, placed, ranked_moods
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import TrackTable, spotify_url
from clustering.tracklist import PlaylistMood, PlaylistTrack, Tracklist
from emotions.calibration import in_percent
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError

FAR = 0.5  # a step in Spotify's valence-energy square beyond which a track does not serve the aim
THIN_COVERAGE = 0.5
MIXED = 0.5  # entropy above which an estimate is called mixed
TIMES_FOR_TASTE = 8  # as long a shortlist of a large table, for taste may prefer farther tracks
MOST_TIMES = 512  # how often a shortlist of a large table is made longer: eightfold, thrice


@dataclass(frozen=True)
class Playlist(Tracklist):
    """A `clustering.tracklist.Tracklist` that can be shown and written to a file."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a track: id, name, artist, url, mood, distance, why, the features."""
        return export.as_frame(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return export.as_dict(self)

    def describe(self) -> str:
        """Return the playlist as text for a terminal."""
        return export.as_text(self)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the playlist as JSON text, and write it to `path` if one is given."""
        return export.as_json(self, path)

    def to_csv(self, path: str | Path) -> None:
        """Write the playlist as CSV."""
        export.write_csv(self, path)

    def to_html_table(self) -> str:
        """Return a small HTML table with links, for a notebook."""
        return export.as_html_table(self)

    def to_html(self, path: str | Path) -> None:
        """Write the playlist as one self-contained page."""
        export.write_html(self, path)

    def to_m3u(self, path: str | Path) -> None:
        """Write an M3U playlist of the sound files, if every track has one."""
        export.write_m3u(self, path)


def make_playlist(
    estimate: EmotionEstimate,
    catalogue: Catalogue | TrackTable | LargeCatalogue,
    wish: Wish | None = None,
) -> Playlist:
    """Choose music for an emotion.

    Parameters
    ----------
    estimate
        The emotion, as eight probabilities. An uncertain one gives a broader playlist, with
        music for each emotion that it may be, and a note that says so.
    catalogue
        Where to choose from; a bare table is given moods first, which takes seconds. A table
        larger than memory is scanned for tracks near the aims, and these are chosen from.
    wish
        What the listener asks for; None for what ``Wish()`` does. The same arguments give the
        same playlist.

    Raises
    ------
    InputError
        If a genre or an artist is unknown, the table lacks what a filter needs, or no track
        passes the filters.
    """
    wish = Wish() if wish is None else wish
    if isinstance(catalogue, TrackTable):
        catalogue = Catalogue.of(catalogue)
    always, notes = wish.taste.filters.told_by(catalogue.table)
    wish = replace(wish, filters=always.with_more(wish.filters))
    try:
        if isinstance(catalogue, LargeCatalogue):
            playlist = _from_large(estimate, catalogue, wish)
            return replace(playlist, notes=playlist.notes + notes)
        rows = allowed_rows(catalogue, wish.filters)
    except InputError as error:
        if always == Filters():
            raise
        raise InputError(f"{error}; your profile and your dislikes count, too") from error
    notes += unknown_favourites(catalogue, wish.taste)
    playlist = _from_rows(estimate, catalogue, rows, wish, all_there=True)
    return replace(playlist, notes=playlist.notes + notes)


def _from_rows(
    estimate: EmotionEstimate,
    catalogue: Catalogue,
    rows: np.ndarray,
    wish: Wish,
    *,
    all_there: bool = False,
) -> Playlist:
    """Choose from rows that pass the filters; `all_there` says that there are no others."""
    # Once, though a length in minutes is tried with several numbers of tracks.
    pulls = wish.taste.pulls(catalogue) if wish.taste.pulls_at_all else None
    if wish.minutes is None:
        aims = aims_along(estimate, wish.mode, wish.n_tracks)
        choices = choose(catalogue, rows, aims, wish, pulls)
    else:
        aims, choices = choose_by_time(estimate, catalogue, rows, wish, pulls)
    if wish.mode != "journey":
        choices = smooth_order(catalogue, choices)
    playlist = _told(estimate, catalogue, choices, wish, n_places=len(aims))
    if not all_there or estimate.uncertain or estimate.entropy > MIXED:
        return playlist
    sharing = sharing_emotions(estimate, catalogue, rows, choices, wish, pulls)
    return replace(playlist, notes=playlist.notes + _shared(sharing, wish.mode, len(playlist)))


def _shared(sharing: dict[str, int], mode: str, n_tracks: int) -> tuple[str, ...]:
    """Return a note on emotions that would be given the same tracks, if there are any."""
    if not sharing:
        return ()
    of = "" if mode == "match" else f"the {mode} from "
    others = ", ".join(
        f"{count} of {n_tracks} for {of}{emotion}" for emotion, count in sharing.items()
    )
    return (
        f"others would be given the same tracks: {others}; there is too little to choose from to "
        "tell them apart",
    )


def _from_large(estimate: EmotionEstimate, catalogue: LargeCatalogue, wish: Wish) -> Playlist:
    """Choose from tracks near the aims; from more of them, where those do not suffice."""
    n_places = wish.n_tracks
    if wish.minutes is not None:  # a playlist of short tracks has more places
        n_places = min(MOST_TRACKS, math.ceil(1.5 * wish.minutes * 60_000 / TYPICAL_TRACK_MS))
    aims = aims_along(estimate, wish.mode, n_places)
    near_wish = replace(wish, taste=_known_by_features(wish.taste, catalogue, aims))
    times = TIMES_FOR_TASTE if near_wish.taste.pulls_at_all else 1
    while True:
        near = catalogue.shortlist(aims, wish.filters, times=times)
        rows = np.arange(len(near.catalogue.table))  # they have passed the filters
        playlist = _from_rows(estimate, near.catalogue, rows, near_wish, all_there=near.complete)
        enough = len(playlist) >= wish.n_tracks
        if wish.minutes is not None:
            enough = _filled(playlist, wish.minutes)
        if enough or near.complete or times >= MOST_TIMES:
            return playlist
        times *= 8


def _known_by_features(taste: Taste, catalogue: LargeCatalogue, aims: Sequence[Aim]) -> Taste:
    """Return a taste that needs no other tracks of the table, and whose filters are dealt with.

    Of the favourite artists, the tracks near the aims stand for all.
    """
    liked = taste.liked
    if taste.favourites:
        try:
            theirs = catalogue.shortlist(aims, Filters(artists=taste.favourites)).catalogue.table
            near = theirs.frame.head(TRACKS_OF_FAVOURITES)[list(COLUMNS)].assign(track_id="")
            liked = pd.concat([near, liked], ignore_index=True)
        except InputError:
            pass  # the table has none of them
    return Taste(liked=liked, disliked=taste.disliked)


def _filled(playlist: Playlist, minutes: float) -> bool:
    return playlist.minutes is None or abs(playlist.minutes - minutes) <= 0.05 * minutes + 1


def _told(
    estimate: EmotionEstimate,
    catalogue: Catalogue,
    choices: Sequence[Choice],
    wish: Wish,
    *,
    n_places: int,
) -> Playlist:
    """Turn chosen rows into a playlist that explains itself."""
    (goal,) = placed([aim_for(estimate, wish.mode)], catalogue.model)
    mood = ranked_moods(goal, catalogue.model)[0][0]
    frame = catalogue.table.frame.iloc[[choice.row for choice in choices]]
    records = frame.to_dict("records")
    tracks = tuple(
        _track(catalogue, choice, record) for choice, record in zip(choices, records, strict=True)
    )
    served = (_service(choice.aim, record) for choice, record in zip(choices, records, strict=True))
    coverage = math.fsum(served) / n_places
    playlist = Playlist(
        emotion=estimate.label,
        mode=goal.mode,
        mood=PlaylistMood(name=mood.name, valence=mood.valence, arousal=mood.arousal),
        valence=goal.valence,
        arousal=goal.arousal,
        clusters=tuple(dict.fromkeys(track.mood for track in tracks)),
        coverage=coverage,
        seed=wish.seed,
        tracks=tracks,
        uncertain=estimate.uncertain,
    )
    notes = _notes(playlist, estimate, wish, n_places)
    return replace(playlist, notes=notes)


def _service(aim: Aim, record: dict[Any, Any]) -> float:
    step = math.hypot(
        record["valence"] - aim.typical_valence, record["energy"] - aim.typical_energy
    )
    return max(0.0, 1.0 - step / FAR)


def _notes(
    playlist: Playlist, estimate: EmotionEstimate, wish: Wish, n_places: int
) -> tuple[str, ...]:
    notes, minutes = [], wish.minutes
    if estimate.uncertain:
        notes.append(
            f"that it is {playlist.emotion} is not sure ({'; '.join(estimate.doubts)}), so the "
            "playlist is broader and has something for each emotion that it may be"
        )
    elif estimate.entropy > MIXED:
        notes.append(
            f"the estimate is mixed ({playlist.emotion} at {in_percent(estimate.confidence)}), so "
            "the choice is milder and broader"
        )
    if len(playlist) < n_places and minutes is None:
        notes.append(
            f"{len(playlist)} of {n_places} tracks: no more pass the filters and the limit of two "
            "tracks per artist"
        )
    total = playlist.minutes
    if minutes is not None and total is None:
        notes.append("the table lacks durations, so the playing time is a guess")
    elif minutes is not None and total is not None and not _filled(playlist, minutes):
        notes.append(f"{total:.0f} of {minutes:g} minutes: no better fit was found")
    if playlist.coverage < THIN_COVERAGE:
        notes.append(
            f"this table serves the aim poorly (coverage {playlist.coverage:.2f}): these are its "
            "nearest tracks, not typical ones"
        )
    return tuple(notes)


def _track(catalogue: Catalogue, choice: Choice, record: dict[Any, Any]) -> PlaylistTrack:
    duration = record.get("duration_ms")
    path, isrc, url = (record.get(column) for column in ("path", "isrc", "url"))
    mood = catalogue.model.moods[catalogue.labels[choice.row]].name
    place = dict(zip(FEATURE_NAMES, catalogue.quantiles[choice.row].tolist(), strict=True))
    features = {name: float(record[name]) for name in FEATURE_NAMES}
    return PlaylistTrack(
        track_id=record["track_id"],
        name=record["name"],
        artist=record["artist"],
        url=spotify_url(record["track_id"]) or (None if url is None or pd.isna(url) else str(url)),
        path=None if path is None or pd.isna(path) else str(path),
        isrc=None if isrc is None or pd.isna(isrc) else str(isrc),
        duration_ms=None if duration is None or pd.isna(duration) else float(duration),
        mood=mood,
        distance=choice.distance,
        features=features,
        why=reason(choice.aim, place, features),
    )
