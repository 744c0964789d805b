"""A sense that reads eight weights, without a flaw or with one, to try the checks on.

The flaw and the folder of its model come from the environment, so that a fresh interpreter meets
the same sense.
"""

import hashlib
import json
import os
import random
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import printable
from tests.senses.sense import Bad, Content, Form, Sense

FLAW_VARIABLE, FOLDER_VARIABLE = "EMOTIFY_TESTS_FLAW", "EMOTIFY_TESTS_FOLDER"
FLAW = os.environ.get(FLAW_VARIABLE, "")
SURE = (1.0, 1.0, 8.0, 0.5, 0.5, 0.5, 0.25, 0.25)
EVEN = (1.0,) * 8
TORN = (1.0, 1.0, 3.0, 2.5, 0.5, 0.5, 0.5, 1.0)


def weights_of(source: Any) -> list[float]:
    """Return eight weights of a file, an open one, or an array.

    Raises
    ------
    InputError
        If there are none.
    """
    if isinstance(source, Path):
        name = printable(source)
        try:
            text = source.read_text("utf-8")
        except FileNotFoundError as error:
            raise InputError(f"{name}: no such file; give one with eight weights") from error
        except IsADirectoryError as error:
            raise InputError(f"{name}: is a directory; give a file with eight weights") from error
        except PermissionError as error:
            raise InputError(f"{name}: may not be read; change its permissions") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{name}: is no text; accepted are eight weights in text") from error
    else:
        name = "what was given"
        text = source.read() if hasattr(source, "read") else " ".join(map(str, source))
    if not text.strip():
        raise InputError(f"{name}: the file is empty; write eight weights into it")
    try:
        weights = [float(word) for word in text.split()]
    except ValueError as error:
        raise InputError(f"{name}: holds what is no number; accepted are weights") from error
    if not np.isfinite(weights).all():
        raise InputError(f"{name}: a weight is not finite; give weights that are")
    if len(weights) != len(EMOTION_NAMES):
        raise InputError(f"{name}: has {len(weights)} weights, not eight; give eight")
    if sum(weights) == 0:
        raise InputError(f"{name}: has no weight above zero; give one at least")
    return weights


class FakeModel:
    """What `load` returns."""

    def predict(self, source: Any) -> EmotionEstimate:
        """Return the weights as shares."""
        self._misbehave(source)
        try:
            weights = weights_of(source)
        except InputError as error:
            if FLAW == "answers whatever comes":
                return EmotionEstimate.of("neutral")
            if FLAW == "raises what nobody understands":
                raise KeyError("w") from error
            if FLAW == "refuses without a word":
                raise InputError("bad input") from error
            raise
        if FLAW == "answers as it likes":
            weights = random.sample(weights, len(weights))
        if FLAW == "takes arrays otherwise" and isinstance(source, np.ndarray):
            weights = [weight + 0.1 for weight in weights]
        shares = tuple(weight / sum(weights) for weight in weights)
        doubts = () if max(shares) >= 0.5 else (f"{max(shares):.0%} is too little to rely on",)
        if FLAW == "never doubts":
            doubts = ()
        if FLAW == "doubts like a machine" and doubts:
            doubts = ("LOW_CONFIDENCE: nan",)
        absence = "no weight stands out" if len(set(weights)) == 1 else ""
        if FLAW == "names what is not there":
            absence = ""
        estimate = EmotionEstimate(shares, doubts=doubts, absence=absence if doubts else "")
        if FLAW == "sums to two":
            object.__setattr__(estimate, "probabilities", tuple(2 * p for p in shares))
        kinds = {"calls it otherwise": Mislabelled, "cannot be stored": Untold}
        return kinds[FLAW](shares, doubts=doubts, absence=absence) if FLAW in kinds else estimate

    def _misbehave(self, source: Any) -> None:
        if FLAW == "imports a training framework":
            sys.modules["tensorflow.keras"] = ModuleType("tensorflow.keras")
        elif FLAW == "writes a file":
            Path("notes.txt").write_text("heard something", "utf-8")
        elif FLAW == "writes beside the model":
            (shipped_folder() / "seen.txt").touch()
        elif FLAW == "calls somebody":
            with socket.socket() as line:
                line.connect_ex(("127.0.0.1", 9))
        elif FLAW == "chatters":
            print("thinking ...")
        elif FLAW == "changes what it is given" and isinstance(source, np.ndarray):
            source[:] = source / source.sum()


class Mislabelled(EmotionEstimate):
    """An estimate that says something else than its probabilities."""

    label = "bored"  # type: ignore[assignment]


class Untold(EmotionEstimate):
    """An estimate that does not tell all of its keys."""

    def to_dict(self) -> dict[str, Any]:
        """Return too little."""
        return {"probabilities": super().to_dict()["probabilities"]}


def shipped_folder() -> Path:
    """Return the folder of the model."""
    return Path(os.environ.get(FOLDER_VARIABLE, "nowhere"))


def load(folder: Path | None = None) -> FakeModel:
    """Return the model of a folder.

    Raises
    ------
    InputError
        If the folder is of no use.
    """
    path = (shipped_folder() if folder is None else folder) / "settings.json"
    if FLAW == "loads anything":
        return FakeModel()
    name = printable(path)
    try:
        right = json.loads(path.read_text("utf-8")) == {"format": "fake"}
    except (OSError, ValueError) as error:
        if FLAW == "breaks on a broken folder":
            raise
        raise InputError(f"{name}: cannot be read ({error}); take it as it came") from error
    if not right:
        raise InputError(f"{name}: is of another model; give the folder of this one")
    return FakeModel()


def make_model(folder: Path) -> None:
    """Write the model's folder."""
    folder.mkdir()
    (folder / "settings.json").write_text('{"format": "fake"}', "utf-8")
    digest = hashlib.sha256((folder / "settings.json").read_bytes()).hexdigest()
    if FLAW == "has a wrong checksum":
        digest = "0" * 64
    listed = "README.md" if FLAW == "forgets a checksum" else "settings.json"
    (folder / "SHA256SUMS").write_text(f"{digest}  {listed}\n", "utf-8")
    card = "# A fake\n\nIt learned from nothing at all.\n\n## What not to use it for\n"
    licence = "" if FLAW == "has no licence" else "\n## Licence\n\nMIT\n"
    (folder / "README.md").write_text(card + licence, "utf-8")


def held_out() -> Any:
    """Return predictions that are exactly right about themselves, or too sure."""
    import pandas as pd

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(8, 0.4), 3000)
    drawn = (probabilities.cumsum(axis=1) < rng.random((3000, 1))).sum(axis=1)
    if FLAW == "is too sure":
        probabilities = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    table = pd.DataFrame(probabilities, columns=list(EMOTION_NAMES))
    return table.assign(seed=0, emotion=[EMOTION_NAMES[label] for label in drawn])


def command(*arguments: Any) -> tuple[int, str, str]:
    """Answer as `emotify` would."""
    if FLAW == "ends in a traceback":
        return 1, "", "Traceback (most recent call last): no such file"
    try:
        told = load().predict(Path(arguments[-1])).to_dict()
    except InputError as error:
        code = 0 if FLAW == "exits as if all were well" else 2
        return code, "{}" if FLAW == "answers and refuses" else "", f"emotify: {error}"
    if FLAW == "the command says something else":
        told["confidence"] = 1.0
    return 0, json.dumps({"file": str(arguments[-1]), **told}), ""


def file(name: bytes, content: bytes = b"", mode: int = 0o644) -> Callable[[Path], Path]:
    """Return what writes a file."""

    def make(folder: Path) -> Path:
        path = folder / os.fsdecode(name)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return make


def folder_like_a_file(folder: Path) -> Path:
    """Make a folder where a file is expected."""
    path = folder / "weights"
    path.mkdir()
    return path


def closing(model: FakeModel, opened: Any) -> EmotionEstimate:
    """Ask about an open file, and close it."""
    with opened:
        return model.predict(opened)


def content(
    name: str, weights: tuple[float, ...], *, doubtful: bool, empty: bool = False
) -> Content:
    """Return weights as a file, as an array, and as an open file."""
    text = " ".join(map(str, weights)).encode()
    write = file(f"{name}.txt".encode(), text)
    return Content(
        name,
        (
            Form("path", write),
            Form("array", lambda folder: np.array(weights)),
            Form("open file", lambda folder: write(folder).open(encoding="utf-8"), closing),
        ),
        doubtful,
        empty,
    )


EIGHT = b"1 2 3 4 5 6 7 8"
FAKE = Sense(
    name="fake",
    address="tests.senses.fakes:FAKE",
    load=load,
    contents=(
        content("sure", SURE, doubtful=False),
        content("torn", TORN, doubtful=True),
        content("even", EVEN, doubtful=True, empty=True),
    ),
    bad=(
        Bad("empty", file(b"empty"), "the file is empty", "write eight weights"),
        Bad("missing", lambda folder: folder / "none", "no such file", "give one with eight"),
        Bad("directory", folder_like_a_file, "is a directory", "give a file"),
        Bad("wrong type", lambda folder: ["a"] * 8, "no number", "accepted", on_command_line=False),
        Bad("not finite", file(b"nan", EIGHT.replace(b"8", b"nan")), "not finite", "give weights"),
        Bad("too short", file(b"short", EIGHT[:5]), "has 3 weights", "give eight"),
        Bad("too long", file(b"long", EIGHT + b" 9"), "has 9 weights", "give eight"),
        Bad("nothing in it", file(b"zero", b"0 " * 8), "no weight", "give one"),
        Bad("damaged", file(b"damaged", EIGHT.replace(b"4", b"?")), "no number", "accepted are"),
        Bad("foreign", file(b"foreign", b"\x89PNG\r\n\x1a\n"), "is no text", "accepted are"),
        Bad("unreadable", file(b"locked", EIGHT, mode=0), "may not be read", "change its"),
        Bad("name not UTF-8", file(b"caf\xe9"), r"caf\\xe9.*is empty", "write eight"),
    )[1 if FLAW == "forgets a kind of bad input" else 0 :],
    folder=shipped_folder(),
    files=("settings.json",),
    data="learned from",
    held_out=held_out,
    most_calibration_error=0.05,
    command=("weigh", "--json"),
)
