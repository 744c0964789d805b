"""The estimate that every sense returns: what crosses from a sense to the music.

Nothing behind it may depend on where it came from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named

SUM_TOLERANCE = 1e-4  # float32 softmax sums to 1 within about 1e-6; a wrong vector misses by more


def _checked_probabilities(probabilities: Sequence[float]) -> tuple[float, ...]:
    values = tuple(float(value) for value in probabilities)
    if len(values) != len(EMOTIONS):
        raise ValueError(f"{len(EMOTIONS)} probabilities are needed, {len(values)} were given")
    if not all(0.0 <= value <= 1.0 + SUM_TOLERANCE for value in values):
        raise ValueError(f"probabilities must lie in 0..1, got {values}")
    total = math.fsum(values)
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"probabilities must sum to 1, they sum to {total:.6f}")
    return tuple(value / total for value in values)


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording with its own probabilities.

    Attributes
    ----------
    start_seconds, end_seconds
        Place in the recording, from its beginning, silence included.
    probabilities
        Eight probabilities in the order of `EMOTIONS`, summing to 1.
    """

    start_seconds: float
    end_seconds: float
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the probabilities once, here at the edge."""
        object.__setattr__(self, "probabilities", _checked_probabilities(self.probabilities))

    @property
    def label(self) -> str:
        """Name of the most probable emotion."""
        return _label(self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "start_seconds": round(self.start_seconds, 3),
            "end_seconds": round(self.end_seconds, 3),
            "emotion": self.label,
            "probabilities": _by_name(self.probabilities),
        }


@dataclass(frozen=True)
class EmotionEstimate:
    """What a sense says about a person's emotion.

    Attributes
    ----------
    probabilities
        Eight probabilities in the order of `EMOTIONS`, summing to 1.
    duration_seconds
        Length of what was observed, silence included; 0 where time has no meaning.
    segments
        Timeline, in order, for recordings longer than one window; else empty.
    doubts
        Why the estimate should not be acted on, in words for the person; empty when it may be.

    Raises
    ------
    ValueError
        If there are not eight probabilities in 0..1 that sum to 1.
    """

    probabilities: tuple[float, ...]
    duration_seconds: float = 0.0
    segments: tuple[Segment, ...] = ()
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the probabilities once, here at the edge."""
        object.__setattr__(self, "probabilities", _checked_probabilities(self.probabilities))

    @classmethod
    def of(cls, name: str) -> "EmotionEstimate":
        """Return the estimate of somebody who says what they feel: all weight on `name`.

        Raises
        ------
        InputError
            If there is no emotion called `name`.
        """
        chosen = emotion_named(name)
        return cls(tuple(1.0 if emotion is chosen else 0.0 for emotion in EMOTIONS))

    @property
    def label(self) -> str:
        """Name of the most probable emotion."""
        return _label(self.probabilities)

    @property
    def confidence(self) -> float:
        """Probability of the label, 0..1."""
        return max(self.probabilities)

    @property
    def uncertain(self) -> bool:
        """Whether the estimate should not be acted on; `doubts` says why."""
        return bool(self.doubts)

    @property
    def valence(self) -> float:
        """Expected valence over the eight emotions, -1..1."""
        return math.fsum(
            p * emotion.valence for p, emotion in zip(self.probabilities, EMOTIONS, strict=True)
        )

    @property
    def arousal(self) -> float:
        """Expected arousal over the eight emotions, -1..1."""
        return math.fsum(
            p * emotion.arousal for p, emotion in zip(self.probabilities, EMOTIONS, strict=True)
        )

    @property
    def entropy(self) -> float:
        """Shannon entropy divided by that of a uniform guess: 0 certain, 1 clueless."""
        bits = math.fsum(p * math.log(1 / p) for p in self.probabilities if p > 0)
        return bits / math.log(len(EMOTIONS))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "emotion": self.label,
            "probabilities": _by_name(self.probabilities),
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
            "confidence": round(self.confidence, 6),
            "uncertain": self.uncertain,
            "doubts": list(self.doubts),
            "duration_seconds": round(self.duration_seconds, 3),
            "segments": [segment.to_dict() for segment in self.segments],
        }


def _label(probabilities: Sequence[float]) -> str:
    return EMOTION_NAMES[max(range(len(EMOTIONS)), key=probabilities.__getitem__)]


def _by_name(probabilities: Sequence[float]) -> dict[str, float]:
    return {name: round(p, 6) for name, p in zip(EMOTION_NAMES, probabilities, strict=True)}
