"""Text, as the list of checks sees it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotions.estimate import EmotionEstimate
from reading.documents import read_text_file
from reading.network.artefact import FOLDER, KIND
from reading.text import Reader, load_reader
from tests.senses.sense import Bad, Content, Form, Sense, a_folder, file

if TYPE_CHECKING:
    import pandas as pd

GLAD = "We got the keys today and I can't stop dancing around the empty rooms!"
DIARY = "I was so nervous all day. Then they called: I got the job! I could hug everyone."
TORN = "It was a day."
LETTER = "Ich vermisse dich so sehr, ich könnte nur weinen."


def from_file(reader: Reader, path: Any) -> EmotionEstimate:
    """Ask about what is written in a file."""
    return reader.predict(read_text_file(Path(path)))


def written(name: str, text: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    """Return what writes a text file."""
    return file(os.fsencode(name), text.encode(encoding))


def content(name: str, text: str, *, doubtful: bool = False, empty: bool = False) -> Content:
    """Return a text as a file, in another encoding, and as it is."""
    return Content(
        name,
        (
            Form("path", written(f"{name}.txt", text), from_file),
            Form("UTF-16", written(f"{name} 16.txt", text, "utf-16"), from_file),
            Form("text", lambda folder: text),
        ),
        doubtful,
        empty,
    )


def held_out() -> "pd.DataFrame":
    from reading.evaluation.judge import committed_predictions

    table = committed_predictions()  # of strangers its card tells how sure it wrongly is
    return table[table["text_id"].str.startswith(("goemotions/", "xed/", "brighter/"))]


TEXT = Sense(
    name="text",
    address="tests.senses.text:TEXT",
    load=load_reader,
    contents=(
        content("a sentence", GLAD),
        content("a diary", DIARY * 20, doubtful=True),
        content("German", LETTER),
        content("no words", "... 123 ?!", doubtful=True, empty=True),
    ),
    bad=(
        Bad("empty", file(b"empty.txt"), "is empty", "write something", from_file),
        Bad(
            "missing",
            lambda folder: folder / "none.txt",
            "cannot be read",
            "give the path of a text file",
            from_file,
            on_command_line=False,  # there, what is no file is a text
        ),
        Bad("directory", a_folder("folder.txt"), "is a directory", "give a text file", from_file),
        Bad(
            "wrong type",
            lambda folder: b"I am sad",
            "this is bytes",
            "give what was written",
            on_command_line=False,
        ),
        Bad(
            "damaged",
            file(b"cut.txt", "ä".encode("utf-16") + b"\xd8"),
            "holds no text",
            "plain text",
            from_file,
        ),
        Bad(
            "foreign",
            file(b"picture.txt", bytes(range(256)) * 40),
            "holds no text",
            "plain text",
            from_file,
        ),
        Bad(
            "unreadable",
            file(b"locked.txt", b"I am sad", mode=0),
            "cannot be read",
            "give the path",
            from_file,
        ),
        Bad("name not UTF-8", file(b"caf\xe9.txt"), r"caf\\xe9.*is empty", "write", from_file),
    ),
    cannot_be={
        "not finite": "a text holds no numbers",
        "too short": "one word is read as well as many",
        "too long": "texts of any length are read sentence by sentence",
        "nothing in it": "a text without words is answered: no emotion is named",
    },
    folder=FOLDER,
    files=(KIND.settings_file, *KIND.files),
    data="GoEmotions",
    held_out=held_out,
    most_calibration_error=0.05,
    command=("read", "--json"),
)
