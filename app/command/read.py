"""`emotify read`: which emotion is in what somebody writes."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from app.command.estimates import print_estimate
from app.command.options import JsonOption
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.text import printable

STANDARD_INPUT = "-"
SHOWN_NAME = 40  # characters of a text that stand for it


def read(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT|FILE|-",
            help="What was written, or the path of a text file; - is standard input.",
        ),
    ],
    as_json: JsonOption = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also print what each sentence says.")
    ] = False,
    lines: Annotated[
        bool,
        typer.Option("--lines", help="Every line is a text; with --json an object a line."),
    ] = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder.", show_default="models/reading")
    ] = None,
) -> None:
    """Say which emotion is in a text, sentence by sentence where there are several.

    Nothing of the text is stored or sent anywhere. Where there are no words no emotion is named: in
    JSON it is null, and the confidence 0.
    """
    text, name = _given(words)
    from reading.text import load_reader

    reader = load_reader(model)
    if lines:
        _print_lines(reader, text, as_json=as_json)
        return
    estimate = reader.predict(text, progress=True)
    if as_json:
        told = {"text": name, **_told(estimate, text)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print_estimate(name, estimate, timeline=timeline, text=text)


def _given(words: list[str]) -> tuple[str, str]:
    """Return the text that the arguments give, and what to call it."""
    if words == [STANDARD_INPUT]:
        from reading.documents import decoded

        return decoded(sys.stdin.buffer.read(), "standard input"), "standard input"
    if len(words) == 1 and (path := _existing(words[0])):
        from reading.documents import read_text_file

        return read_text_file(path), printable(path.name)
    text = " ".join(words)
    first = " ".join(text.split())
    return text, first if len(first) <= SHOWN_NAME else first[: SHOWN_NAME - 1] + "…"


def _existing(word: str) -> Path | None:
    try:
        path = Path(word)
        return path if word.strip() and path.exists() else None
    except (OSError, ValueError):  # too long for a name, or with a null in it: a text
        return None


def _told(estimate: EmotionEstimate, text: str) -> dict[str, Any]:
    from reading.text import language_in

    told = estimate.to_dict()
    return {**told, "nuances": told.get("nuances", []), "language": language_in(text)}


def _print_lines(reader: Any, text: str, *, as_json: bool) -> None:
    """Print the estimate of every line."""
    found = [line for line in text.splitlines() if line.strip()]
    if not found:
        raise InputError("there is no line in it; give one text a line")
    answered: Iterator[EmotionEstimate] = reader.predict_many(
        found, total=len(found), progress=True
    )
    for line, estimate in zip(found, answered, strict=True):
        if as_json:
            told = {"text": line, **_told(estimate, line)}
            print(json.dumps(told, ensure_ascii=False))
        else:
            named = estimate.absence or f"{estimate.label} {estimate.confidence:.0%}"
            print(f"{named:<18}{line}")
