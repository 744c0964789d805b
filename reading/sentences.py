"""Where the sentences of a text are: a text flows in, stretches of it flow out.

Boundaries are those of sentencex [1]_ for the text's language; a line is a sentence of its own, and
what goes on without an end is cut at blanks, so that no piece of text is too long to be read at
once. Nothing is copied or changed: a stretch says where it begins and ends.

.. [1] https://github.com/wikimedia/sentencex, rules for some 300 languages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emotions.places import Characters

# Characters of a passage: of the texts that the reader learned from, hardly any is longer.
PASSAGE = 280
LONGEST = 600  # characters; some 150 pieces, a long sentence three times over
PARAGRAPH = re.compile(r"[^\n\r\x85\u2028\u2029]+")
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Passage:
    """Some sentences that follow each other.

    Attributes
    ----------
    place
        From the beginning of the first to the end of the last.
    sentences
        Where each of them is.
    """

    place: Characters
    sentences: tuple[Characters, ...]


def passages(text: str, language: str | None = None) -> Iterator[Passage]:
    """Yield the sentences of a text in passages of at most `PASSAGE` characters, in order.

    Parameters are those of `sentences`; a longer sentence is a passage of its own.
    """
    held: list[Characters] = []
    for place in sentences(text, language):
        if held and place.end - held[0].start > PASSAGE:
            yield _passage(held)
            held = []
        held.append(place)
    if held:
        yield _passage(held)


def _passage(held: list[Characters]) -> Passage:
    return Passage(Characters(held[0].start, held[-1].end), tuple(held))


def sentences(text: str, language: str | None = None) -> Iterator[Characters]:
    """Yield where each sentence of a text is, in order.

    Parameters
    ----------
    text
        Of any length; it is gone through line by line.
    language
        ISO 639-1 code, for abbreviations; English where it is not known.
    """
    from sentencex import segment

    for line in PARAGRAPH.finditer(text):
        start = line.start()
        for piece in segment(language or "en", line.group()):
            yield from _bounded(text, start, start + len(piece))
            start += len(piece)


def _bounded(text: str, start: int, end: int) -> Iterator[Characters]:
    """Yield a stretch without the blanks around it, in parts if it is too long."""
    while start < end:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if start >= end:
            return
        stop = end
        if end - start > LONGEST:
            blank = text.rfind(" ", start + 1, start + LONGEST)
            stop = blank + 1 if blank > start else start + LONGEST
        yield Characters(start, len(text[start:stop].rstrip()) + start)
        start = stop
