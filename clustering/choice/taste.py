"""A listener's taste: tracks liked and disliked flow in, a pull on every other track flows out.

The rule, in one sentence: a track counts as nearer to the aim the more the tracks *near it* have
been liked, and as farther the more they have been disliked.

What is near is told by a Gaussian kernel in the quantiles of the eight features, of width `WIDTH`.
A track's chance of being liked is the share of likes in that neighbourhood (the regression of
Nadaraya and Watson, 1964), with as many likes and dislikes added that nobody gave as the average
track of the table has judgements around it, and a half (Jeffreys' prior of a proportion): so one
like alone says little, and forty spread everywhere say no more of one track than of another. The
pull is twice that chance less one: 0 where nothing is known, towards 1 among likes, towards -1
among dislikes. `REACH` is what all of it is worth in distance, so that a liked song of another mood
stays a song of another mood. A liked track itself has the whole pull: of that there is no doubt.

Tracks of artists whom the listener named as favourites count as liked.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters, of_artists
from clustering.tables.layouts import FEATURE_NAMES

# Both were looked at in benchmarks/simulated_listener.py; neither matters much from half to twice.
WIDTH = 0.15  # of a neighbourhood, root mean square step over the eight quantiles
REACH = 0.15  # in the distance from the aim
PRIOR = 0.5
MOST = 200  # judgements that count, the latest; older taste is forgotten
TRACKS_OF_FAVOURITES = 50
ROWS_AT_ONCE = 4096


COLUMNS = ("track_id", *FEATURE_NAMES)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS))


@dataclass(frozen=True, eq=False)
class Taste:
    """What is known of a listener's taste; equal to itself alone, as tables are not compared.

    Attributes
    ----------
    liked, disliked
        Tracks, one row each, the latest judgement last: ``track_id`` and the eight features in
        Spotify's units.
    favourites
        Artists whose tracks in the catalogue count as liked.
    filters
        What they always want, and what follows from dislikes: tracks and artists to leave out.
    """

    liked: pd.DataFrame = field(default_factory=_nothing)
    disliked: pd.DataFrame = field(default_factory=_nothing)
    favourites: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)

    @property
    def pulls_at_all(self) -> bool:
        """Whether anything is known that draws the choice."""
        return bool(len(self.liked) or len(self.disliked) or self.favourites)

    def pulls(self, catalogue: Catalogue) -> np.ndarray:
        """Return each track's pull, -1 (among dislikes) to 1 (among likes), (n,)."""
        liked = [_places(catalogue, self.liked)]
        if self.favourites:
            theirs = np.flatnonzero(of_artists(catalogue.table.frame["artist"], self.favourites))
            # Of a large work, tracks spread over all of it.
            step = max(1, -(-len(theirs) // TRACKS_OF_FAVOURITES))
            liked.append(catalogue.quantiles[theirs[::step]])
        likes = np.concatenate(liked)
        dislikes = _places(catalogue, self.disliked)
        for_it, against = (_nearness(catalogue.quantiles, judged) for judged in (likes, dislikes))
        doubt = PRIOR + (for_it + against).mean()
        pulls = 2 * (for_it + doubt) / (for_it + against + 2 * doubt) - 1
        ids = catalogue.table.frame["track_id"]
        pulls[ids.isin(self.liked["track_id"]).to_numpy(dtype=bool)] = 1.0
        return pulls


NOTHING_KNOWN = Taste()


def unknown_favourites(catalogue: Catalogue, taste: Taste) -> tuple[str, ...]:
    """Return a note if the table has nothing by some of the favourite artists."""
    artists = catalogue.table.frame["artist"]
    unknown = [name for name in taste.favourites if not of_artists(artists, [name]).any()]
    if not unknown:
        return ()
    return (f"the table has nothing by {', '.join(unknown)}, so that does not draw the choice",)


def _places(catalogue: Catalogue, judged: pd.DataFrame) -> np.ndarray:
    """Return the quantiles of the latest judgements in a catalogue, (n, 8)."""
    known = judged[list(FEATURE_NAMES)].dropna().tail(MOST).astype(float)
    if not len(known):
        return np.empty((0, len(FEATURE_NAMES)))
    return catalogue.model.quantiles(known)


def _nearness(places: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Return how much has been judged near each place: a sum of kernels, (n,)."""
    from sklearn.metrics.pairwise import rbf_kernel

    if not len(judged):
        return np.zeros(len(places))
    gamma = 1 / (2 * len(FEATURE_NAMES) * WIDTH**2)
    sums = [
        rbf_kernel(np.ascontiguousarray(places[first : first + ROWS_AT_ONCE]), judged, gamma).sum(1)
        for first in range(0, len(places), ROWS_AT_ONCE)
    ]
    return np.concatenate(sums)
