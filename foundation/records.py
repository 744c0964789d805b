"""Private JSON files that say what they are: written whole, read with an answer to what is wrong.

Profiles, journals and schedules are such files. Each begins with the name and the version of its
format, so that a file of another kind, or of another Emotify, is told apart from a damaged one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import printable


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
    """

    name: str
    version: int
    title: str

    def write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a file that its owner alone can read.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        stored = {"format": self.name, "format_version": self.version, **content}
        write_text(path, json.dumps(stored, indent=1) + "\n", private=True)

    def read(self, path: Path, advice: str) -> dict[str, Any]:
        """Return what `write` was given; its values are still to be checked.

        Parameters
        ----------
        path
            The file.
        advice
            What to do if it is of no use; the message ends with it.

        Raises
        ------
        FileNotFoundError
            If there is none.
        InputError
            If it cannot be read, or is of another kind or version.
        """
        try:
            stored = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            raise InputError(f"{printable(path)}: cannot be read ({error}); {advice}") from error
        if not isinstance(stored, dict) or stored.pop("format", None) != self.name:
            raise InputError(f"{printable(path)}: is no {self.title}; {advice}")
        version = stored.pop("format_version", None)
        if version != self.version:
            raise InputError(
                f"{printable(path)}: has format version {version}, this Emotify reads "
                f"{self.version}; {advice}"
            )
        return stored
