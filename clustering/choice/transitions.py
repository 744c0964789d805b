"""How well one track follows another, and an order in which neighbours fit.

Two tracks follow each other well when their tempi, keys and energies are near; `Transitions` says
how near, `smoothest_order` puts tracks into an order with a small sum of such steps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clustering.tables.layouts import FEATURE_NAMES

# What a step in each counts for. A convention: disc jockeys heed all three, and nobody has
# measured which of them listeners mind most.
TEMPO_WEIGHT, KEY_WEIGHT, ENERGY_WEIGHT = 1.0, 1.0, 1.0
SURE = 1.0  # of a key whose table does not say how sure it is
FARTHEST_KEY = 6 + 1  # steps: half round the wheel, and from major to minor


def camelot(key: np.ndarray, mode: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the Camelot wheel, on which compatible keys are neighbours.

    Parameters
    ----------
    key
        Pitch class, 0 (C) to 11 (B), as Spotify writes it; NaN where unknown.
    mode
        1 major, 0 minor.

    Returns
    -------
    tuple
        Hour, 1 to 12, and ring, 1 (B, major) or 0 (A, minor). An hour is a fifth; C major is 8B,
        and A minor, with the same notes, 8A.
    """
    relative_major = np.where(mode == 1, key, key + 3)
    return (relative_major * 7 % 12 + 7) % 12 + 1, np.where(mode == 1, 1, 0)


@dataclass(frozen=True)
class Transitions:
    """What tracks must be known by to follow each other.

    Attributes
    ----------
    octaves
        log2 of the tempo, (n,).
    hours, rings
        Place on the Camelot wheel, (n,); NaN hours where the key or mode is unknown.
    energies
        Quantile of energy in the catalogue, (n,).
    sure
        The chance that the place on the wheel is right but for its ring, (n,); 0 where it is
        unknown.
    """

    octaves: np.ndarray
    hours: np.ndarray
    rings: np.ndarray
    energies: np.ndarray
    sure: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, quantiles: np.ndarray) -> "Transitions":
        """Take what is needed of tracks and their quantiles, (n, 8)."""
        unknown = np.full(len(frame), np.nan)
        key, mode, confidence = (
            frame[name].to_numpy(dtype=float) if name in frame else unknown
            for name in ("key", "mode", "key_confidence")
        )
        hours, rings = camelot(np.where(np.isnan(mode), np.nan, key), mode)
        octaves = np.log2(frame["tempo"].to_numpy(dtype=float))
        sure = np.where(np.isnan(hours), 0.0, np.where(np.isnan(confidence), SURE, confidence))
        return cls(octaves, hours, rings, quantiles[:, FEATURE_NAMES.index("energy")], sure)

    def costs(self, first: np.ndarray, then: np.ndarray) -> np.ndarray:
        """Return what it costs to play tracks `then` after tracks `first`, 0 (none) to 1.

        The mean of three steps, each 0..1: tempo, in octaves with half and double time counting
        as the same, half an octave being 1; key, in steps on the Camelot wheel, of seven at most;
        energy, in quantiles. Key counts by the chance that both keys are right: where one is
        unknown, the other two steps count. The two index arrays are broadcast against each other.
        """
        octaves = self.octaves[first] - self.octaves[then]
        tempo = 2 * np.abs(octaves - np.round(octaves))
        energy = np.abs(self.energies[first] - self.energies[then])
        hours = np.abs(self.hours[first] - self.hours[then])
        steps = np.minimum(hours, 12 - hours) + np.abs(self.rings[first] - self.rings[then])
        key_weight = KEY_WEIGHT * self.sure[first] * self.sure[then]
        total = TEMPO_WEIGHT * tempo + ENERGY_WEIGHT * energy
        total += key_weight * np.nan_to_num(steps) / FARTHEST_KEY
        return total / (TEMPO_WEIGHT + ENERGY_WEIGHT + key_weight)

    def matrix(self) -> np.ndarray:
        """Return the cost of every track after every other, (n, n)."""
        every = np.arange(len(self.octaves))
        return self.costs(every[:, None], every)


def smoothest_order(costs: np.ndarray, first: int) -> np.ndarray:
    """Return places in an order with a small sum of costs from neighbour to neighbour.

    Each is followed by the one that fits best of those left; then stretches are turned round as
    long as that lowers the sum (2-opt: Croes 1958, Operations Research 6:791).

    Parameters
    ----------
    costs
        Symmetric, (n, n).
    first
        What comes first.
    """
    left = np.ones(len(costs), dtype=bool)
    left[first] = False
    order = [first]
    while left.any():
        order.append(int(np.argmin(np.where(left, costs[order[-1]], np.inf))))
        left[order[-1]] = False
    return _turned(np.array(order), costs)


def _turned(order: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Turn round the stretch that saves most, until none saves anything; the first one stays."""
    n = len(order)
    while n > 2:
        along = costs[np.ix_(order, order)]
        # Turning i..j replaces the steps into i and out of j by (i-1 to j) and (i to j+1).
        onward = np.append(np.diagonal(along, 1), 0.0)  # from each place; none from the last
        out_of = np.column_stack([along[1:, 1:], np.zeros(n - 1)])
        saved = onward[:-1, None] + onward - along[:-1] - out_of  # [i - 1, j]
        saved = np.where(np.arange(n) > np.arange(1, n)[:, None], saved, 0.0)  # j > i
        before, j = np.unravel_index(int(np.argmax(saved)), saved.shape)
        if saved[before, j] < 1e-9:
            break
        i = before + 1
        order = np.concatenate([order[:i], order[i : j + 1][::-1], order[j + 1 :]])
    return order
