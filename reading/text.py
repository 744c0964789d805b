"""Read the emotion in what somebody writes; no TensorFlow, no download.

>>> from reading.text import load_reader
>>> load_reader().predict("I cried all night, I miss her so much.").label
'sad'
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotions.calibration import softmax
from emotions.estimate import EmotionEstimate, Nuance, Segment
from emotions.labels import EMOTIONS
from emotions.places import Characters
from foundation.errors import InputError
from foundation.languages.identify import language_of
from foundation.languages.names import LANGUAGES
from foundation.progress import progress_bar
from reading.network.artefact import ReaderArtefact, load
from reading.nuances import NUANCES
from reading.sentences import LETTER, Passage, passages

ABSENCE = "no words found"
PASSAGES_AT_ONCE = 128
TEXTS_AT_ONCE = 64
LANGUAGE_FROM = 5000  # characters that tell the language of a text
LEAST_NUANCE, MOST_NUANCES = 0.2, 6  # what an estimate names: likely enough, and few
LONGEST_WORD = 60  # characters; longer ones are addresses, keys or a file in letters
NO_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
# Half of the words of plain English are among these, and few of any other language: the identifier,
# which takes as long to load as all the rest, need not be asked then.
ENGLISH_WORDS = frozenset(
    (
        "i", "i'm", "you", "he", "she", "it", "we", "they", "am", "is", "are", "was", "were",
        "been", "have", "has", "had", "don't", "not", "so", "and", "but", "or", "the", "a", "of",
        "to", "in", "at", "for", "with", "my", "me", "your", "his", "her", "our", "their",
        "this", "that", "what", "when", "just", "now", "very",
    )
)  # fmt: skip
PLAIN_ENGLISH, LEAST_WORDS = 0.5, 4
# Scripts that are written without blanks, where a sentence is one long run of letters.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# No alphabet puts three marks on one letter (Vietnamese two); so many hide it.
PILED_MARKS = re.compile(r"[\u0300-\u036f\u0489\u20d0-\u20ff]{3,}")


def load_reader(folder: str | os.PathLike[str] | None = None) -> "Reader":
    """Load a reader.

    Parameters
    ----------
    folder
        A model folder; the shipped ``models/reading`` by default.

    Raises
    ------
    InputError
        If the folder is missing, broken or foreign.
    """
    return Reader(load(None if folder is None else Path(folder)))


class Reader:
    """A trained network that answers for texts of any length.

    Parameters
    ----------
    artefact
        The model.
    """

    def __init__(self, artefact: ReaderArtefact) -> None:
        self.artefact = artefact

    def predict(self, text: str, *, progress: bool = False) -> EmotionEstimate:
        """Estimate the emotion of whoever wrote a text.

        It is read in passages, a few sentences each, for what a sentence says depends on those
        around it. With p the probabilities of a passage, c = max p and n its letters, the whole is
        the sum of n c p over the passages, divided by its own sum: a long passage says more than a
        short one, and one that tells something more than one that does not.

        Parameters
        ----------
        text
            What was written.
        progress
            Whether to show a bar on standard error for a long text.

        Returns
        -------
        EmotionEstimate
            With a segment for each sentence, read by itself, where there are several. Doubts say
            where the text is in a language that the reader has not learned; where there are no
            words `absence` does, and no emotion is named.

        Raises
        ------
        InputError
            If it is no text, or an empty one.
        """
        check_text(text)
        language = language_in(text)
        found: Iterable[Passage] = passages(text, language)
        if progress:
            found = progress_bar(found, "reading", None, unit="passage", leave=False, delay=2)
        summary = _Summary(self.artefact)
        rest = iter(found)
        while batch := list(islice(rest, PASSAGES_AT_ONCE)):
            self._add([(summary, text, passage) for passage in batch])
        return summary.estimate(language)

    def predict_many(
        self, texts: Iterable[str], *, total: int | None = None, progress: bool = False
    ) -> Iterator[EmotionEstimate]:
        """Yield the estimate of each text, as `predict` gives it, in order; faster for many.

        Parameters
        ----------
        texts
            What was written; taken as they are needed.
        total
            How many there are, if that is known, for the bar.
        progress
            Whether to show a bar on standard error.

        Raises
        ------
        InputError
            If one is no text, or an empty one; those before it have been answered.
        """
        texts = iter(texts)
        bar = progress_bar(None, "reading", total, unit="text", leave=False, delay=2, show=progress)
        with bar:
            while batch := list(islice(texts, TEXTS_AT_ONCE)):
                summaries = []
                found = []
                for text in batch:
                    check_text(text)
                    language = language_in(text)
                    summary = _Summary(self.artefact)
                    summaries.append((summary, language))
                    found += [(summary, text, passage) for passage in passages(text, language)]
                self._add(found)
                yield from (summary.estimate(language) for summary, language in summaries)
                bar.update(len(batch))

    def _add(self, found: Sequence[tuple["_Summary", str, Passage]]) -> None:
        """Judge passages of texts, and their sentences, and hand them to the texts' summaries."""
        asked: dict[str, int] = {}  # a passage of one sentence is asked about once

        def number_of(text: str, place: Characters) -> int | None:
            """Return the number of what stands there among all that is asked; None of no words."""
            words = readable(text[place.start : place.end])
            return asked.setdefault(words, len(asked)) if words else None

        numbered = [
            (
                summary,
                number_of(text, passage.place),
                [(place, number_of(text, place)) for place in passage.sentences],
            )
            for summary, text, passage in found
        ]
        texts = list(asked)
        probabilities, nuances = self._judged(texts)
        for summary, number, sentences in numbered:
            if number is not None:
                summary.add(texts[number], probabilities[number], nuances[number])
            for place, row in sentences:
                if row is not None:
                    summary.segments.append(Segment(place, tuple(probabilities[row].tolist())))

    def _judged(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return probabilities (n, 8), and of the nuances (n, n_nuances), of sentences."""
        artefact = self.artefact
        emotions, nuances = artefact.network(artefact.pieces.tokenizer(texts))
        probabilities = artefact.calibration.apply(softmax(emotions))
        there = 1 / (1 + np.exp(-nuances.astype(np.float64) / artefact.nuance_temperature))
        return probabilities, there


class _Summary:
    """The estimate of a text from those of its passages; `Reader.predict` has the formula."""

    def __init__(self, artefact: ReaderArtefact) -> None:
        self._artefact = artefact
        self.segments: list[Segment] = []
        self._weighted = np.zeros(len(EMOTIONS))
        self._nuances = np.zeros(len(NUANCES))
        self._weight = 0.0

    def add(
        self, words: str, probabilities: NDArray[np.float64], nuances: NDArray[np.float64]
    ) -> None:
        """Take the next passage."""
        weight = len(LETTER.findall(words)) * float(probabilities.max())
        self._weighted += weight * probabilities
        self._nuances += weight * nuances
        self._weight += weight

    def estimate(self, language: str | None) -> EmotionEstimate:
        """Return the estimate of all passages."""
        if not self._weight:
            return EmotionEstimate(
                (1 / len(EMOTIONS),) * len(EMOTIONS),
                doubts=("there is no word in it that can be read; write a sentence or two",),
                absence=ABSENCE,
            )
        probabilities = tuple((self._weighted / self._weighted.sum()).tolist())
        foreign = language is not None and language not in self._artefact.languages
        doubts = (
            _foreign(str(language), self._artefact.languages) if foreign else None,
            self._artefact.calibration.doubt(probabilities),
        )
        return EmotionEstimate(
            probabilities,
            segments=tuple(self.segments) if len(self.segments) > 1 else (),
            doubts=tuple(filter(None, doubts)),
            nuances=self._likely(),
        )

    def _likely(self) -> tuple[Nuance, ...]:
        there = self._nuances / self._weight
        order = np.argsort(-there, kind="stable")[:MOST_NUANCES]
        return tuple(
            Nuance(
                NUANCES[i].name, round(float(there[i]), 6), NUANCES[i].valence, NUANCES[i].arousal
            )
            for i in order
            if there[i] >= LEAST_NUANCE
        )


def language_in(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that a text begins in, None if it does not tell."""
    text = text[:LANGUAGE_FROM]
    words = text.lower().replace("\u2019", "'").split()
    known = sum(word.strip('.,;:!?"()') in ENGLISH_WORDS for word in words)
    if len(words) >= LEAST_WORDS and known >= PLAIN_ENGLISH * len(words):
        return "en"
    return language_of(text)


def check_text(text: object) -> None:
    """Raise `InputError` unless this is a text with something in it."""
    if not isinstance(text, str):
        raise InputError(
            f"a text is read, and this is {type(text).__name__}; give what was written as a str"
        )
    if not text.strip():
        raise InputError("the text is empty; write a sentence or two about how you feel")


def readable(text: str) -> str:
    """Return the words of a sentence as the reader sees them; empty where there are none.

    Emoji are spelled out by their Unicode names, capitals throughout become small letters, letters
    lose what is piled upon them, and what is too long to be a word is left out.
    """
    text = PILED_MARKS.sub("", unicodedata.normalize("NFD", text))
    text = unicodedata.normalize("NFC", text)
    if not UNSPACED.search(text):
        text = NO_WORD.sub(" ", text)
    text = "".join(_spelled(letter) for letter in text)
    text = " ".join(text.split())
    if text.isupper() and len(text) > len("OK!!"):  # shouted words are the same words
        text = text.lower()
    return text if LETTER.search(text) else ""


def _spelled(letter: str) -> str:
    if ord(letter) < 0x2600 or unicodedata.category(letter) != "So":
        return letter
    return f" {unicodedata.name(letter, '').lower()} "


def _foreign(language: str, known: Sequence[str]) -> str:
    names = ", ".join(LANGUAGES[code][0] for code in known)
    return (
        f"it seems to be {LANGUAGES[language][0]}, which the reader has not learned (it knows "
        f"{names}), so it may well be wrong"
    )
