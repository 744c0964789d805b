"""Which of the eight emotions a label means, as corpora and people write it.

The spellings are in ``emotion_words.toml``. Words stand for themselves: ``anger``, ``HAP``,
``pleasant_surprise``, ``Trauer``. Codes of a letter or two, or of figures, do not: they are read
only where all labels of a table are codes of one corpus, or of several that mean the same by them.
"""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emotions.labels import EMOTION_NAMES

Codes = Mapping[str, str]


def plain(label: str) -> str:
    """Return a label as it is looked up: without capitals, accents, or what joins its words."""
    text = unicodedata.normalize("NFKD", label.casefold())
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(text.replace("_", " ").replace("-", " ").split())


class EmotionWords:
    """What the labels of one table mean.

    Parameters
    ----------
    labels
        All labels of the table; empty ones say nothing of how it is written.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        used = {plain(label) for label in labels} - {""}
        read = [
            {code: codes[code] for code in used}
            for codes in _codes().values()
            if used <= set(codes)
        ]
        # Several corpora may fit: a table that they read differently is not guessed at.
        self._codes: Codes = read[0] if read and all(codes == read[0] for codes in read) else {}

    def emotion(self, label: str) -> str | None:
        """Return the name of the emotion that a label means; None if it is none of the eight."""
        word = plain(label)
        return _words().get(word) or self._codes.get(word) or None

    def is_unclear(self, label: str) -> bool:
        """Whether a label is the code of some corpora, but not known to be of which."""
        word = plain(label)
        return word not in self._codes and any(word in codes for codes in _codes().values())


def codes_of(corpus: str) -> Codes:
    """Return the codes of a corpus of the settings, in small letters, with what they mean."""
    return _codes()[corpus]


@cache
def _settings() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("emotion_words.toml").read_text("utf-8"))


@cache
def _words() -> dict[str, str]:
    words = {name: name for name in EMOTION_NAMES}
    for name, spellings in _settings()["words"].items():
        words |= {plain(spelling): name for spelling in spellings}
    return words


@cache
def _codes() -> dict[str, Codes]:
    return {
        corpus: {plain(code): name for code, name in codes.items()}
        for corpus, codes in _settings()["codes"].items()
    }
