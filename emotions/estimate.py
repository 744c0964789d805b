"""The estimate that every sense returns: what crosses from a sense to the music.

Nothing behind it may depend on where it came from. Eight probabilities come first, and whoever
acts on an estimate needs nothing else; nuances refine them, segments say how they change along
what was observed, people who is which of several. What was observed itself, be it sound, words or
a picture, is in none of them.

Where there was nothing to judge (a photo without a face, a text without words), `absence` says so:
no emotion is named then, and the confidence is 0. The probabilities are there all the same, for
whoever goes by them anyway.

`to_dict` gives plain values for JSON, `from_dict` makes the same estimate of them again,
probabilities to six decimals. Keys of what there is none of (absence, notes, nuances, people) are
left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from emotions.places import Box, Characters, Place, Seconds, place_from_dict
from foundation.errors import InputError

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


def _checked_parts(parts: Sequence[Any], kind: type, name: str) -> tuple[Any, ...]:
    if isinstance(parts, str) or not all(isinstance(part, kind) for part in parts):
        raise ValueError(f"{name} are a sequence of {kind.__name__}, got {parts!r}")
    return tuple(parts)


@dataclass(frozen=True)
class Nuance:
    """A finer word for what is felt, such as gratitude, beside the eight emotions.

    Attributes
    ----------
    name
        The word, such as ``"gratitude"``.
    probability
        That it is there, calibrated, 0..1. Several may be there at once: nuances do not sum to 1.
    valence, arousal
        Place in the circumplex, each in -1..1; the sense that names it says where they are from.

    Raises
    ------
    ValueError
        If it has no name, or a number is out of its range.
    """

    name: str
    probability: float
    valence: float
    arousal: float

    def __post_init__(self) -> None:
        """Check name and numbers once, here at the edge."""
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError(f"a nuance needs a name, not {self.name!r}")
        for name, least in (("probability", 0), ("valence", -1), ("arousal", -1)):
            value = float(getattr(self, name))
            if not least <= value <= 1:
                raise ValueError(f"{name} of {self.name} is {value}; it must lie in {least}..1")
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "probability": round(self.probability, 6),
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
        }


@dataclass(frozen=True)
class Segment:
    """A part of what was observed, with its own probabilities.

    Attributes
    ----------
    place
        A stretch of time (`emotions.places.Seconds`) or of text (`emotions.places.Characters`).
    probabilities
        Eight probabilities in the order of `EMOTIONS`, summing to 1.

    Raises
    ------
    ValueError
        If there is no place, or there are not eight probabilities in 0..1 that sum to 1.
    """

    place: Place
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check place and probabilities once, here at the edge."""
        if not isinstance(self.place, Seconds | Characters):
            raise ValueError(f"a segment has a place in time or text, not {self.place!r}")
        object.__setattr__(self, "probabilities", _checked_probabilities(self.probabilities))

    @property
    def label(self) -> str:
        """Name of the most probable emotion."""
        return _label(self.probabilities)

    @property
    def confidence(self) -> float:
        """Probability of the label, 0..1."""
        return max(self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **self.place.to_dict(),
            "emotion": self.label,
            "probabilities": _by_name(self.probabilities),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Segment":
        """Return the segment that gave these values; errors are those of what is wrong in them."""
        return cls(place_from_dict(stored), _in_order(stored["probabilities"]))


@dataclass(frozen=True)
class Person:
    """One of several people who were observed together.

    Attributes
    ----------
    estimate
        Theirs alone.
    name
        What they are called, if that is known: of an enrolled person, or of a sender in a chat.
    box
        Where they are in the picture, if they were seen.

    Raises
    ------
    ValueError
        If a part is of another kind, or the estimate is itself one of several people.
    """

    estimate: "EmotionEstimate"
    name: str = ""
    box: Box | None = None

    def __post_init__(self) -> None:
        """Check the parts once, here at the edge."""
        if not isinstance(self.estimate, EmotionEstimate) or self.estimate.people:
            raise ValueError(f"a person has an estimate of one, not {self.estimate!r}")
        if not isinstance(self.name, str) or not isinstance(self.box, Box | None):
            raise ValueError(f"{self.name!r} in {self.box!r} is no name in a box")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: name and box if there are, then those of the estimate."""
        return {
            **({"name": self.name} if self.name else {}),
            **({"box": self.box.to_dict()} if self.box else {}),
            **self.estimate.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Person":
        """Return the person that gave these values; errors are those of what is wrong in them."""
        box = Box(**stored["box"]) if "box" in stored else None
        return cls(EmotionEstimate.from_dict(stored), stored.get("name", ""), box)


@dataclass(frozen=True)
class EmotionEstimate:
    """What a sense says about a person's emotion, or about that of several people together.

    Attributes
    ----------
    probabilities
        Eight probabilities in the order of `EMOTIONS`, summing to 1.
    duration_seconds
        Length of what was observed, pauses included; 0 where time has no meaning.
    segments
        How the probabilities change along what was observed, in order of their starts and all in
        time or all in text; empty where it was judged as one.
    doubts
        Why the estimate should not be acted on, in words for the person; empty when it may be.
    nuances
        Finer words than the eight, the most probable first; empty where the sense knows none.
    people
        Each of several people, the probabilities being those of all of them; empty for one.
    absence
        What was not found in it, in a few words such as ``"no face found"``, if there was nothing
        to judge; the doubts then say what to do. Empty where an emotion is named.
    notes
        What the person should know, but is no reason to doubt.

    Raises
    ------
    ValueError
        If there are not eight probabilities in 0..1 that sum to 1, or another part is not as
        described.
    """

    probabilities: tuple[float, ...]
    duration_seconds: float = 0.0
    segments: tuple[Segment, ...] = ()
    doubts: tuple[str, ...] = ()
    nuances: tuple[Nuance, ...] = ()
    people: tuple[Person, ...] = ()
    absence: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every part once, here at the edge."""
        segments = _checked_parts(self.segments, Segment, "segments")
        nuances = _checked_parts(self.nuances, Nuance, "nuances")
        doubts = _checked_parts(self.doubts, str, "doubts")
        notes = _checked_parts(self.notes, str, "notes")
        if not 0 <= self.duration_seconds < math.inf:
            raise ValueError(f"duration_seconds is {self.duration_seconds}; it must be 0 or more")
        if len({type(segment.place) for segment in segments}) > 1:
            raise ValueError("segments must be all in seconds or all in characters")
        starts = [segment.place.start for segment in segments]
        if starts != sorted(starts):
            raise ValueError("segments must be in the order of their starts")
        if not all(words.strip() for words in (*doubts, *notes)):
            raise ValueError("a doubt or a note must say something")
        if not isinstance(self.absence, str) or (self.absence and not doubts):
            raise ValueError(f"absence is {self.absence!r}; it must be words, and have a doubt")
        if len({nuance.name for nuance in nuances}) < len(nuances):
            raise ValueError("a nuance must be there but once")
        checked = {
            "probabilities": _checked_probabilities(self.probabilities),
            "segments": segments,
            "doubts": doubts,
            "nuances": tuple(sorted(nuances, key=lambda nuance: -nuance.probability)),
            "people": _checked_parts(self.people, Person, "people"),
            "notes": notes,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

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
        """Name of the most probable emotion, also where there was nothing to judge."""
        return _label(self.probabilities)

    @property
    def emotion(self) -> str | None:
        """Name of the most probable emotion; None if there was nothing to judge (`absence`)."""
        return None if self.absence else self.label

    @property
    def confidence(self) -> float:
        """Probability of the emotion, 0..1; 0 if there was nothing to judge."""
        return 0.0 if self.absence else max(self.probabilities)

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
        """Return plain values for JSON.

        ``emotion`` is None and ``confidence`` 0 where there was nothing to judge. Keys ``absence``,
        ``notes``, ``nuances`` and ``people`` are there only where these are.
        """
        told: dict[str, Any] = {
            "emotion": self.emotion,
            "probabilities": _by_name(self.probabilities),
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
            "confidence": round(self.confidence, 6),
            "uncertain": self.uncertain,
            "doubts": list(self.doubts),
            "duration_seconds": round(self.duration_seconds, 3),
            "segments": [segment.to_dict() for segment in self.segments],
        }
        if self.absence:
            told["absence"] = self.absence
        if self.notes:
            told["notes"] = list(self.notes)
        if self.nuances:
            told["nuances"] = [nuance.to_dict() for nuance in self.nuances]
        if self.people:
            told["people"] = [person.to_dict() for person in self.people]
        return told

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "EmotionEstimate":
        """Return the estimate that gave these values.

        Parameters
        ----------
        stored
            What `to_dict` gave, possibly without ``segments`` and with other keys beside it. What
            follows from the probabilities, such as ``emotion``, is not read but found again.

        Raises
        ------
        InputError
            If it is no estimate.
        """
        try:
            return cls(
                _in_order(stored["probabilities"]),
                duration_seconds=float(stored["duration_seconds"]),
                segments=tuple(map(Segment.from_dict, stored.get("segments", ()))),
                doubts=stored["doubts"],
                nuances=tuple(Nuance(**nuance) for nuance in stored.get("nuances", ())),
                people=tuple(map(Person.from_dict, stored.get("people", ()))),
                absence=stored.get("absence", ""),
                notes=stored.get("notes", ()),
            )
        except InputError:
            raise  # of one of the people
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"{error} is missing" if isinstance(error, LookupError) else str(error)
            raise InputError(
                f"what is stored is no estimate of emotions ({reason}); take it as it was "
                "written, or have it estimated again"
            ) from error


def _label(probabilities: Sequence[float]) -> str:
    return EMOTION_NAMES[max(range(len(EMOTIONS)), key=probabilities.__getitem__)]


def _by_name(probabilities: Sequence[float]) -> dict[str, float]:
    return {name: round(p, 6) for name, p in zip(EMOTION_NAMES, probabilities, strict=True)}


def _in_order(by_name: Mapping[str, float]) -> tuple[float, ...]:
    """Return what `_by_name` was given; there are eight names, in any order."""
    if len(by_name) != len(EMOTIONS):
        raise ValueError(f"{len(EMOTIONS)} probabilities are needed, {len(by_name)} were given")
    return tuple(by_name[name] for name in EMOTION_NAMES)
