"""A playlist that renews itself: a schedule and its past picks in, what is in it now out.

What the listener has liked stays, in its order; fresh picks follow, none of them from the last
renewals as long as the table has others. Within one day, week or month nothing changes, so a job
that the system runs twice does no harm.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters
from clustering.choice.opening import open_catalogue
from clustering.choice.shortlist import LargeCatalogue
from clustering.choice.taste import Taste
from clustering.choice.wish import Wish
from clustering.playlist import Playlist, make_playlist
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.records import DAMAGE
from listener.schedules import Schedule, period, picks_seed
from spotify.from_playlist import described, track_ids, wanted_tracks
from spotify.journal import Request
from spotify.matching import WantedTrack

REMEMBERED = 4  # renewals whose picks are not fresh
LEAST_FRESH_SHARE = 0.25  # of the tracks, even if all of the last ones were liked


@dataclass(frozen=True)
class Choice:
    """How the tracks of a schedule are chosen, and what was chosen last.

    Attributes
    ----------
    estimate
        The emotion.
    wish
        Mode, number of tracks and filters; the seed is that of the period, the taste that of the
        day.
    tracks, moods, profile
        Paths of the table, its moods and the profile; None for the usual ones.
    favourites
        Artists that were asked for besides those of the profile.
    renewals
        Period and tracks of the last ones, the latest at the end.
    """

    estimate: EmotionEstimate
    wish: Wish
    tracks: str | None
    moods: str | None
    profile: str | None
    favourites: tuple[str, ...] = ()
    renewals: tuple[tuple[str, tuple[WantedTrack, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a schedule."""
        return {
            "probabilities": list(self.estimate.probabilities),
            "doubts": list(self.estimate.doubts),
            "mode": self.wish.mode,
            "n_tracks": self.wish.n_tracks,
            "tracks": self.tracks,
            "moods": self.moods,
            "profile": self.profile,
            "filters": asdict(self.wish.filters),
            "favourites": list(self.favourites),
            "renewals": [
                {"period": period, "tracks": [track.to_dict() for track in tracks]}
                for period, tracks in self.renewals
            ],
        }

    @classmethod
    def of(cls, schedule: Schedule) -> "Choice":
        """Return the choice of a schedule.

        Raises
        ------
        InputError
            If it is damaged.
        """
        told = schedule.choice
        try:
            return cls(
                estimate=EmotionEstimate(
                    tuple(told["probabilities"]), doubts=tuple(told["doubts"])
                ),
                wish=Wish(
                    mode=told["mode"],
                    n_tracks=int(told["n_tracks"]),
                    filters=Filters(**told["filters"]),
                ),
                tracks=_text_or_none(told["tracks"]),
                moods=_text_or_none(told["moods"]),
                profile=_text_or_none(told["profile"]),
                favourites=tuple(map(str, told["favourites"])),
                renewals=tuple(
                    (str(one["period"]), tuple(WantedTrack.from_dict(t) for t in one["tracks"]))
                    for one in told["renewals"]
                ),
            )
        except DAMAGE as error:
            raise InputError(
                f"the schedule {schedule.name!r} is damaged ({error!r}); remove it with `emotify "
                f"playlist refresh {schedule.name} --remove`, and make it again"
            ) from error

    def with_renewal(self, period: str, tracks: tuple[WantedTrack, ...]) -> "Choice":
        """Return the choice with one renewal more; the oldest are forgotten."""
        return replace(self, renewals=(*self.renewals, (period, tracks))[-REMEMBERED:])

    def opened(self) -> Catalogue | LargeCatalogue:
        """Open the table that is chosen from."""
        return open_catalogue(self.tracks, moods=self.moods)


def _text_or_none(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError(f"{value!r} is no path")
    return value


def renewed(
    schedule: Schedule,
    opened: Callable[[], Catalogue | LargeCatalogue],
    taste: Taste,
    judgements: pd.DataFrame,
    *,
    today: date,
) -> tuple[Schedule, Playlist | None]:
    """Return a schedule with the picks of today's period, and the fresh ones as a playlist.

    Parameters
    ----------
    schedule
        With a choice that holds the last renewals.
    opened
        As `Choice.opened`; called only where fresh picks are due.
    taste, judgements
        What is known of the listener.
    today
        The day.

    Returns
    -------
    schedule, playlist
        The playlist is None if the picks of this period are there already.

    Raises
    ------
    InputError
        As `clustering.playlist.make_playlist`, and if the schedule is damaged.
    """
    choice, now = Choice.of(schedule), period(schedule, today)
    if choice.renewals and choice.renewals[-1][0] == now:
        return schedule, None
    liked = set(judgements.loc[judgements["liked"], "track_id"])
    last = choice.renewals[-1][1] if choice.renewals else ()
    kept = tuple(track for track in last if track.track_id in liked)
    n_tracks = choice.wish.n_tracks
    n_fresh = max(n_tracks - len(kept), math.ceil(LEAST_FRESH_SHARE * n_tracks))
    wish = replace(choice.wish, n_tracks=n_fresh, seed=picks_seed(schedule, today), taste=taste)
    catalogue, fresh = opened(), None
    for n_past in range(len(choice.renewals), -1, -1):
        past = [t for _, tracks in choice.renewals[len(choice.renewals) - n_past :] for t in tracks]
        known = Filters(not_tracks=tuple(dict.fromkeys(track_ids((*past, *kept)))))
        try:
            this = replace(wish, filters=wish.filters.with_more(known))
            fresh = make_playlist(choice.estimate, catalogue, this)
        except InputError:
            if n_past == 0:
                raise
            continue
        if len(fresh) == n_fresh:
            break
    assert fresh is not None
    choice = choice.with_renewal(now, (*kept, *wanted_tracks(fresh)))
    return replace(schedule, choice=choice.to_dict()), fresh


def told(
    fresh: Playlist, tracks: Sequence[WantedTrack], judgements: pd.DataFrame
) -> dict[str, Any]:
    """Return what is remembered of a renewal: fresh picks, and before them those that were kept.

    Parameters
    ----------
    fresh
        As `renewed` gives it.
    tracks
        All that is in the playlist now, in order.
    judgements
        What is known of the tracks that were kept, since they were liked.
    """
    rows = judgements.drop(columns="liked").set_index("track_id", drop=False).astype(object)
    rows = rows.where(rows.notna(), None)  # a feature that is not known
    kept = [track.track_id for track in tracks[: len(tracks) - len(fresh)]]
    playlist = fresh.to_dict()
    return playlist | {"tracks": [*rows.loc[kept].to_dict("records"), *playlist["tracks"]]}


def request_of(schedule: Schedule, *, today: date) -> Request:
    """Return the request that brings the picks of a schedule into its playlist on Spotify."""
    choice = Choice.of(schedule)
    felt = choice.estimate
    return Request(
        key=f"schedule-{schedule.name}",
        name=schedule.playlist,
        description=described(felt.label, choice.wish.mode, felt.uncertain, today),
        public=schedule.public,
        tracks=choice.renewals[-1][1],
    )


def absolute(path: Path | None) -> str | None:
    """Return a path that a job in another folder understands."""
    return None if path is None else str(path.absolute())
