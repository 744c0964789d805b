"""Private JSON files that say what they are: written whole, read with an answer to what is wrong.

Profiles, journals, schedules, logins and what an import has fetched are such files. Each begins
with the name and the version of its format, so that a file of another kind, or of another Emotify,
is told apart from a damaged one.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import printable
from foundation.user_data import keep_private

T = TypeVar("T")
# What reading stored values raises where they are not as they were written.
DAMAGE = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


def strict_json(text: str) -> Any:
    """Return what a JSON text says.

    Raises
    ------
    RecursionError
        If it is nested too deep.
    ValueError
        If it is no JSON, or a number in it is not finite.
    """

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{digits[:20]} is no finite number")
        return value

    return json.loads(text, parse_constant=number, parse_float=number)


@dataclass(frozen=True)
class RecordFormat:
    """A kind of file.

    Attributes
    ----------
    name
        In the file, such as ``"emotify-speaker"``.
    version
        The only one that is read.
    title
        For a message: "is no ...".
    unnamed
        Whether files without name or version are taken for this kind, which had none once.
    indent
        Blanks before a value of the JSON; None for large files that nobody looks into.
    """

    name: str
    version: int
    title: str
    unnamed: bool = False
    indent: int | None = 1

    def write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a file that its owner alone can read.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        stored = {"format": self.name, "format_version": self.version, **content}
        write_text(
            path, json.dumps(stored, indent=self.indent, allow_nan=False) + "\n", private=True
        )

    def read(self, path: Path, make: Callable[[dict[str, Any]], T], advice: str) -> T:
        """Return what `make` makes of a file.

        Parameters
        ----------
        path
            The file.
        make
            Takes what `write` was given, and checks it: of damage it may raise one of `DAMAGE`.
        advice
            What to do if it is of no use; the message ends with it.

        Raises
        ------
        FileNotFoundError
            If there is none.
        InputError
            If it cannot be read, is damaged, or is of another kind or version.
        """

        def refused(what: str) -> InputError:
            return InputError(f"{printable(path)}: {what}; {advice}")

        try:
            stored = strict_json(path.read_text("utf-8"))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise refused(f"cannot be read ({error.strerror})") from error
        except DAMAGE as error:
            raise refused(f"is damaged ({error})") from error
        name, version = (self.name, self.version) if self.unnamed else (None, None)
        if not isinstance(stored, dict) or stored.pop("format", name) != self.name:
            raise refused(f"is no {self.title}")
        found = stored.pop("format_version", version)
        if found != self.version:
            raise refused(f"has format version {found}, this Emotify reads {self.version}")
        keep_private(path)  # it may have been copied here
        try:
            return make(stored)
        except DAMAGE as error:
            raise refused(f"is damaged ({error!r})") from error

    def recall(
        self,
        path: Path,
        make: Callable[[dict[str, Any]], T],
        tell: Callable[[str], None],
        loss: str,
    ) -> T | None:
        """Return what `make` makes of a file that can be done without; None if there is none.

        Parameters
        ----------
        path, make
            As for `read`.
        tell
            Called with a sentence if the file is there and of no use.
        loss
            What that means; the sentence ends with it.
        """
        try:
            return self.read(path, make, loss)
        except FileNotFoundError:
            return None
        except InputError as error:
            tell(str(error))
            return None


def record_names(folder: Path, name: re.Pattern[str]) -> list[str]:
    """Return the names of the records in a folder, damaged ones too, sorted.

    Parameters
    ----------
    folder
        There or not; a record is ``NAME.json``.
    name
        What a name must match as a whole.
    """
    names = (path.stem for path in folder.glob("*.json"))
    return sorted(stem for stem in names if name.fullmatch(stem))
