"""What stands in the cells of people's tables: spellings of all kinds in, plain values out.

Each function takes a column and returns it in one form, missing where a cell cannot be read.
Whether a value makes sense is not asked here.
"""

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

MISSING_WORDS = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "undefined", "unknown", "-", "--"}
)
UNIT = re.compile(r"\s*(?:%|db|bpm|ms|s|sec|seconds)$")
DECIMAL_COMMA = re.compile(r"^([-+]?\d*),(\d+)$")
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SHARP, FLAT = "#\u266f", "b\u266d"
KEY = re.compile(
    rf"([a-g])([{SHARP}{FLAT}]?)(?:\s*/\s*[a-g][{SHARP}{FLAT}]?)?"  # "C#/Db" is one key
    r"(?:\s*(?:m|min|minor|maj|major))?"
)
MODES = {"major": 1.0, "maj": 1.0, "minor": 0.0, "min": 0.0}
TRUTHS = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "explicit"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "clean", "not explicit"), False),
}


def texts(values: pd.Series) -> pd.Series:
    """Return trimmed text; what is empty is missing."""
    text = values.astype("str").str.strip()
    return text.where(text != "")


def numbers(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return a column as floats, and which cells hold something that is no number.

    Units, per cent signs and decimal commas are read over, a duration may be ``3:07``; keys, modes
    and time signatures may be spelled as musicians do (``C#``, ``Major``, ``4/4``).
    """
    found = pd.to_numeric(_scalars(values), errors="coerce").astype(float)
    found = found.replace([np.inf, -np.inf], np.nan)
    left = found.isna() & values.notna()
    if not left.any():
        return found, left
    text = values[left].astype("str").str.strip().str.casefold()
    text = text.str.replace("\u2212", "-", regex=False)
    spelled = SPELLED.get(str(values.name), float)
    known = {word: _read(spelled, word) for word in text.unique()}
    found[left] = text.map(known).astype(float)
    return found, left & found.isna() & ~values.astype("str").str.strip().str.casefold().isin(
        MISSING_WORDS
    )


def truths(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return a column as truth values, and which cells hold something else."""
    words = values.astype("str").str.strip().str.casefold()
    found = words.map(TRUTHS).astype("boolean")
    return found, found.isna() & values.notna() & ~words.isin(MISSING_WORDS)


def years(dates: pd.Series) -> pd.Series:
    """Return the year of a date; a decade such as ``80s`` counts as its first year."""
    text = dates.astype("str")
    found = pd.to_numeric(text.str.extract(r"^\s*(\d{4})", expand=False), errors="coerce")
    decades = pd.to_numeric(text.str.extract(r"^\s*(\d0)s\s*$", expand=False), errors="coerce")
    return found.fillna(decades + np.where(decades < 30, 2000, 1900)).astype(float)


def several(values: pd.Series) -> pd.Series:
    r"""Return text in which several names of a cell are joined by ``;``, however it lists them.

    Lists are ``['A', 'B']``, in Parquet also real ones. Where some cell has ``\,`` for a comma that
    is part of a name, all other commas stand between names.
    """
    if values.dtype == object:
        values = values.map(lambda cell: ";".join(map(str, cell)) if _is_list(cell) else cell)
    text = values.astype("str")
    rows = text.str.startswith("[", na=False) & text.str.endswith("]", na=False)
    if rows.any():
        known = {cell: _from_list(cell) for cell in text[rows].unique()}
        text = text.where(~rows, text.map(known))
    if text.str.contains("\\,", regex=False, na=False).any():
        text = text.str.replace(r"(?<!\\),\s*", ";", regex=True)
        text = text.str.replace("\\,", ",", regex=False)
    return text


def _read(spelled: Callable[[str], float], word: str) -> float:
    for form in (word, DECIMAL_COMMA.sub(r"\1.\2", UNIT.sub("", word))):  # "Db" is a key first
        try:
            value = spelled(form)
        except ValueError:
            continue
        return value if np.isfinite(value) else np.nan
    return np.nan


def _key(word: str) -> float:
    found = KEY.fullmatch(word)
    if found is None:
        return float(word)
    step, accidental = found.groups()
    shift = 0 if not accidental else 1 if accidental in SHARP else -1
    return float((STEPS[step] + shift) % 12)


def _mode(word: str) -> float:
    return MODES[word] if word in MODES else float(word)


def _time_signature(word: str) -> float:
    beats, slash, unit = word.partition("/")
    return float(beats) if not slash or unit.strip().isdigit() else np.nan


def _seconds(word: str) -> float:
    total = 0.0
    for part in word.split(":"):
        total = 60 * total + float(part)
    return total


SPELLED: dict[str, Callable[[str], float]] = {
    "key": _key,
    "mode": _mode,
    "time_signature": _time_signature,
    "duration_ms": _seconds,  # which unit a column is in, all its values say
}


def _is_list(cell: Any) -> bool:
    return isinstance(cell, Iterable) and not isinstance(cell, str | bytes)


def _from_list(cell: str) -> str:
    try:
        names = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return cell
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return cell
    return ";".join(name.strip() for name in names)


def _scalars(values: pd.Series) -> pd.Series:
    """Return a column that can be searched for numbers: lists in it are none."""
    if values.dtype != object:
        return values
    return values.map(lambda cell: None if _is_list(cell) else cell)
