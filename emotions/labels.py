"""The eight emotions, each with its place in the circumplex and its colour.

`EMOTIONS` is read once from `emotions.toml`, in RAVDESS order; every vector of eight
probabilities in the project has this order.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import InputError


@dataclass(frozen=True)
class Emotion:
    """One emotion category.

    Attributes
    ----------
    name
        The RAVDESS name, such as ``"fearful"``.
    code
        The RAVDESS file-name code, 1-8.
    valence, arousal
        Place in the circumplex, each in -1..1 (source in ``emotions.toml``).
    colour
        Hex colour for plots.
    adjective
        What somebody is who feels it, where that is not the name.
    """

    name: str
    code: int
    valence: float
    arousal: float
    colour: str
    adjective: str = ""

    def __post_init__(self) -> None:
        """Take the name for the adjective where there is none."""
        object.__setattr__(self, "adjective", self.adjective or self.name)

    @property
    def mood(self) -> str:
        """The emotion as a mood in a sentence, such as ``"an angry mood"``."""
        return f"{'an' if self.adjective[0] in 'aeiou' else 'a'} {self.adjective} mood"


def _read_emotions() -> tuple[Emotion, ...]:
    settings = tomllib.loads(Path(__file__).with_name("emotions.toml").read_text("utf-8"))
    return tuple(Emotion(**entry) for entry in settings["emotion"])


EMOTIONS: tuple[Emotion, ...] = _read_emotions()
EMOTION_NAMES: tuple[str, ...] = tuple(emotion.name for emotion in EMOTIONS)


def emotion_named(name: str) -> Emotion:
    """Return the emotion called `name` (case and surrounding blanks are ignored).

    Raises
    ------
    InputError
        If there is no such emotion; the message lists the eight that exist.
    """
    wanted = name.strip().lower()
    for emotion in EMOTIONS:
        if emotion.name == wanted:
            return emotion
    raise InputError(f"unknown emotion {name!r}; choose one of: {', '.join(EMOTION_NAMES)}")


def in_percent(probability: float) -> str:
    """Return a probability for a sentence, in whole percent.

    What lies below one half or below certainty is never rounded up to it: beside "only 50%" nobody
    would understand why that is too little.
    """
    percent = round(100 * probability)
    return f"{percent - (percent in (50, 100) and 100 * probability < percent)}%"
