"""Sentences written for this project: what published corpora hardly have, in fourteen languages.

Calm, plain neutral, negation ("I am not happy"), somebody else's feeling, a feeling that is over,
and nuances. A file of `written/` has clauses by emotion and frames to put them in; which frames a
clause is put in is drawn by a seed. What `reading.evaluation.behaviour` tests is worded otherwise.
"""

import random
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from reading.corpora.texts import COLUMNS

FOLDER = Path(__file__).with_name("written")
FRAMES_OF_A_CLAUSE = 4
TURNS_OF_A_PAIR = 2
# Shares of sentences that end in a full stop, an exclamation mark, or are shouted; others are bare.
STOPPED, EXCLAIMED, SHOUTED = 0.25, 0.08, 0.04
EMOTION_OF = {
    "nostalgia": "sad", "loneliness": "sad", "contentment": "calm", "hope": "happy",
    "jealousy": "angry", "excitement": "happy", "gratitude": "happy", "pride": "happy",
    "love": "happy", "relief": "calm", "grief": "sad", "nervousness": "fearful",
}  # fmt: skip


def written_texts(seed: int = 0) -> pd.DataFrame:
    """Return the sentences with columns `reading.corpora.texts.COLUMNS`, all of split train."""
    chance = random.Random(seed)
    rows = []
    for path in sorted(FOLDER.glob("*.toml")):
        told = tomllib.loads(path.read_text("utf-8"))
        for text, emotion, nuance in _sentences(told, chance):
            nuances = (nuance,) if nuance else ()
            rows.append((_ended(text, chance), "written", path.stem, "train", (emotion,), nuances))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.drop_duplicates("text", ignore_index=True)


def _sentences(told: dict[str, Any], chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield sentence, emotion and nuance, which may be none."""
    for part in ("clauses", "negated"):
        for emotion, clauses in told.get(part, {}).items():
            for sentence in _framed(clauses, told["frames"], chance):
                yield sentence, emotion, ""
    yield from _of_others(told.get("others", {}))
    yield from _turned(told.get("turns", {}), chance)
    for nuance, clauses in told.get("nuances", {}).items():
        for sentence in _framed(clauses, told["frames"], chance):
            yield sentence, EMOTION_OF[nuance], nuance


def _framed(clauses: list[str], frames: list[str], chance: random.Random) -> Iterator[str]:
    for clause in clauses:
        for frame in chance.sample(frames, min(FRAMES_OF_A_CLAUSE, len(frames))):
            yield frame.format(clause)


def _of_others(told: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    people = product(told.get("subjects", ()), told.get("states", ()))
    for (subject, state), emotion in product(list(people), ("neutral", "calm")):
        for sentence in told.get(emotion, ()):
            yield sentence.format(s=subject, x=state), emotion, ""


def _turned(told: dict[str, list[str]], chance: random.Random) -> Iterator[tuple[str, str, str]]:
    words = {emotion: found for emotion, found in told.items() if emotion != "joins"}
    for join, before, after in product(told.get("joins", ()), words.items(), words.items()):
        for _ in range(TURNS_OF_A_PAIR if before != after else 0):
            yield join.format(a=chance.choice(before[1]), b=chance.choice(after[1])), after[0], ""


def _ended(text: str, chance: random.Random) -> str:
    drawn = chance.random()
    if drawn < SHOUTED:
        return text.upper()
    if drawn < SHOUTED + EXCLAIMED:
        return f"{text[:1].upper()}{text[1:]}!"
    return f"{text[:1].upper()}{text[1:]}." if drawn < SHOUTED + EXCLAIMED + STOPPED else text
