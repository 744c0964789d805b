"""What is written in a file: bytes in any encoding flow in, text flows out."""

import codecs
import os
import stat
from pathlib import Path

from foundation.errors import InputError
from foundation.text import printable

MOST_BYTES = 64 << 20  # of a text file; ten times the Bible
LEAST_PRINTABLE = 0.95  # share of letters and the like; less is no text
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text_file(path: Path) -> str:
    """Return what is written in a file.

    Raises
    ------
    InputError
        If it cannot be read, is too long, or holds no text.
    """
    try:
        told = path.stat()
        if stat.S_ISDIR(told.st_mode):
            raise InputError(f"{printable(path)} is a directory; give a text file")
        if told.st_size > MOST_BYTES:
            raise InputError(
                f"{printable(path)} has {told.st_size >> 20} MB; at most {MOST_BYTES >> 20} MB of "
                "text are read: give a part of it"
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{printable(path)} cannot be read ({error.strerror}); give the path of a text file"
        ) from error
    return decoded(content, os.fspath(path))


def decoded(content: bytes, name: str) -> str:
    """Return the text that some bytes are.

    A byte order mark counts first, then UTF-8, then what charset-normalizer finds.

    Raises
    ------
    InputError
        If they are none.
    """
    if not content.strip():
        raise InputError(f"{printable(name)} is empty; write something in it")
    text = _decoded(content)
    if text is None or not _is_text(text):
        raise InputError(
            f"{printable(name)} holds no text, whatever it is called; give a file of plain text, "
            "in UTF-8 best"
        )
    return text


def _decoded(content: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(content[: 1 << 20]).best()
        return None if best is None else content.decode(best.encoding, errors="replace")


def _is_text(text: str) -> bool:
    sample = text[:100_000]
    good = sum(letter.isprintable() or letter.isspace() for letter in sample)
    return "\0" not in sample and good >= LEAST_PRINTABLE * len(sample)
