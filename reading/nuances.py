"""The finer words that the reader knows, each with its place in the plane (`nuances.toml`)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NuanceKind:
    """One of them.

    Attributes
    ----------
    name
        Such as ``"gratitude"``.
    valence, arousal
        Place in the circumplex, each in -1..1.
    source
        Whose numbers these are.
    word
        The word that was rated, where the numbers are published ones.
    """

    name: str
    valence: float
    arousal: float
    source: str
    word: str = ""


def _read() -> tuple[NuanceKind, ...]:
    stored = tomllib.loads(Path(__file__).with_name("nuances.toml").read_text("utf-8"))
    return tuple(NuanceKind(**entry) for entry in stored["nuance"])


NUANCES: tuple[NuanceKind, ...] = _read()
NUANCE_NAMES: tuple[str, ...] = tuple(nuance.name for nuance in NUANCES)
