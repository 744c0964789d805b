"""What a sense says about itself, so that the list of checks can be run on it."""

import importlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotions.estimate import EmotionEstimate

if TYPE_CHECKING:
    import pandas as pd

# A sense refuses each of these, or says why there is no such thing for it.
KINDS_OF_BAD_INPUT = (
    "empty",
    "missing",
    "directory",
    "wrong type",
    "not finite",
    "too short",
    "too long",
    "nothing in it",
    "damaged",
    "foreign",
    "unreadable",
    "name not UTF-8",
)

Predict = Callable[[Any, Any], EmotionEstimate]


def plainly(model: Any, value: Any) -> EmotionEstimate:
    """Ask a model as most are asked."""
    return model.predict(value)


@dataclass(frozen=True)
class Form:
    """One way to give a content to a sense: path, array, open stream.

    Attributes
    ----------
    name
        Of the form.
    make
        Returns what is given; may write into the folder that it gets.
    predict
        Asks the model about it.
    """

    name: str
    make: Callable[[Path], Any]
    predict: Predict = plainly


@dataclass(frozen=True)
class Content:
    """Something that a sense can judge; all forms of it must get the same answer.

    Attributes
    ----------
    name
        What it is.
    forms
        Ways to give it. The first is a path, and is given to the command, too.
    doubtful
        Whether its estimate must not be acted on.
    empty
        Whether there is nothing in it to judge, so that no emotion is named; it is doubtful, too.
    """

    name: str
    forms: tuple[Form, ...]
    doubtful: bool = False
    empty: bool = False


@dataclass(frozen=True)
class Bad:
    """Something that a sense must refuse.

    Attributes
    ----------
    kind
        One of `KINDS_OF_BAD_INPUT`.
    make
        Returns what is given, a path if it can be; may write into the folder that it gets.
    given, advice
        Patterns of the message: what was given, and what is accepted or to be done.
    predict
        Asks the model about it.
    on_command_line
        Whether it is a path, and so can be given to the command.
    """

    kind: str
    make: Callable[[Path], Any]
    given: str
    advice: str
    predict: Predict = plainly
    on_command_line: bool = True


@dataclass(frozen=True, eq=False)
class Sense:
    """All that the checks need to know; see README.md.

    Attributes
    ----------
    name
        Of the sense.
    address
        ``"module:NAME"`` under which a fresh interpreter finds this description.
    load
        Returns the shipped model, or that of a folder.
    contents
        What it can judge; one at least is doubtful, one is empty, and one neither.
    bad
        What it must refuse.
    cannot_be
        Kinds of bad input that do not exist for it, each with the reason.
    folder
        Where its model lies, with card and checksums.
    files
        Names of what `load` reads there.
    data
        Pattern of the card: what it was trained on.
    held_out
        Returns its committed predictions (`emotions.predictions`) of people whom the model had
        not met.
    most_calibration_error
        Limit of ECE on it, 0..1.
    command
        Arguments of `emotify` before the path: prints one JSON object.
    tolerance
        How far probabilities of two forms may be apart.
    """

    name: str
    address: str
    load: Callable[..., Any]
    contents: tuple[Content, ...]
    bad: tuple[Bad, ...]
    folder: Path
    files: tuple[str, ...]
    data: str
    held_out: Callable[[], "pd.DataFrame"]
    most_calibration_error: float
    command: tuple[str, ...]
    cannot_be: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 1e-5


def file(name: bytes, data: bytes = b"", mode: int = 0o644) -> Callable[[Path], Path]:
    """Return what writes a file."""

    def make(folder: Path) -> Path:
        path = folder / os.fsdecode(name)
        path.write_bytes(data)
        path.chmod(mode)
        return path

    return make


def a_folder(name: str) -> Callable[[Path], Path]:
    """Return what makes a folder, which may be called like a file."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.mkdir()
        return path

    return make


def found(address: str) -> Sense:
    """Return the sense of an address."""
    module, name = address.split(":")
    return getattr(importlib.import_module(module), name)


def sums_to_one(probabilities: tuple[float, ...]) -> bool:
    """Whether these are probabilities of which one comes true."""
    return all(0 <= p <= 1 for p in probabilities) and abs(math.fsum(probabilities) - 1) < 1e-9
