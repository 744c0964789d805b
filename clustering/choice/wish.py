"""What a listener asks of a playlist: one object, checked once, that goes whole to the choice."""

from dataclasses import dataclass, field

import numpy as np

from clustering.choice.filters import Filters
from clustering.choice.taste import NOTHING_KNOWN, Taste
from clustering.moods.mapping import checked_mode
from foundation.errors import InputError

MOST_TRACKS = 500
MOST_MINUTES = 1440.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a listener asks of a playlist; without more, 20 tracks that feel as they do.

    Attributes
    ----------
    mode
        ``"match"`` the emotion, ``"lift"`` towards calm or happy, or a ``"journey"`` from the
        one to the other. None of them claims an effect on the listener.
    n_tracks
        Number of tracks, 1-500. Ignored when `minutes` is given.
    minutes
        Playing time wanted, above 0 and at most 1440.
    seed
        The same wish and seed give the same playlist; another seed gives another.
    filters
        What tracks must be, and must not be.
    taste
        What the listener likes: draws the choice, and leaves out what they will not have. What a
        table cannot tell of that is left aside, with a note; what `filters` ask for wins.

    Raises
    ------
    InputError
        If the mode is unknown or a value is out of range.
    """

    mode: str = "match"
    n_tracks: int = 20
    minutes: float | None = None
    seed: int = 0
    filters: Filters = field(default_factory=Filters)
    taste: Taste = NOTHING_KNOWN

    def __post_init__(self) -> None:
        """Check every value; the mode may be in any case."""
        checked = {
            "mode": checked_mode(self.mode),
            "n_tracks": _checked_number("n_tracks", self.n_tracks, 1, MOST_TRACKS),
            "seed": _checked_number("seed", self.seed, 0, 2**32 - 1),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.minutes is not None and not 0 < self.minutes <= MOST_MINUTES:
            raise InputError(
                f"minutes is {self.minutes}; choose more than 0 and at most {MOST_MINUTES:g}"
            )

    @property
    def target_ms(self) -> float | None:
        """Playing time wanted in milliseconds; None where the number of tracks counts."""
        return None if self.minutes is None else self.minutes * 60_000


def _checked_number(name: str, value: int, lowest: int, highest: int) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not lowest <= value <= highest:
        raise InputError(f"{name} is {value!r}; choose a whole number from {lowest} to {highest}")
    return int(value)
