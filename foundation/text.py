r"""Text as it may be shown: what would steer a terminal or is not seen at all is spelled out.

Titles, names of files and messages of servers come from anywhere. Printed as they are, they can
move the cursor, end a line, turn a line round, or look like another name. Such signs are spelled as
JSON spells them (``\u001b``), so that text stays text, and JSON stays JSON. Every script, accents
put together and emoji stay as they are.
"""

import json
import os
import re
import shlex
import unicodedata
from pathlib import Path

# Joiners mean something after a letter of Arabic or of India, or after a picture. After Latin,
# Greek, Cyrillic or nothing they only make a name look like another one.
_UNSEEN = "\u180e\u200b-\u200d\u2060-\u2064\ufeff"
_JOINS = "\u0590-\u180d\u180f-\u1fff\u2070-\ufefe\uff00-\U0010ffff"
_HIDDEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # steer a terminal; 9b alone begins what esc [ begins
    "\u2028\u2029"  # end a line
    "\u202a-\u202e\u2066-\u2069"  # turn what follows round
    "\u206a-\u206f\ufff9-\ufffb\U000e0001-\U000e007f"  # no text at all
    "\ud800-\udfff]"  # bytes of a name that are not UTF-8
    f"|(?<![{_JOINS}])[{_UNSEEN}]"
)
_FLAG = "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"  # of England, Scotland, Wales
_CONTROL = re.compile(f"{_FLAG}|{_HIDDEN}")
_CONTROL_OR_BREAK = re.compile(f"{_FLAG}|[\t\n]|{_HIDDEN}")
# A spreadsheet runs a cell that begins with one of these as a formula, in full width too.
_FORMULA_STARTS = frozenset("=+-@")
_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]+")


def shown(text: str) -> str:
    """Return text for one line, with everything spelled out that is not seen, line breaks too."""
    return _CONTROL_OR_BREAK.sub(_spelled, text)


def shown_lines(text: str) -> str:
    """Return text of several lines, as `shown` but for its line breaks and tabs."""
    return _CONTROL.sub(_spelled, text)


def one_line(text: str) -> str:
    """Return a title for one line: a line break in it is a blank, the rest is as `shown`."""
    return shown(_BREAKS.sub(" ", text))


def printable(path: str | Path) -> str:
    """Return a path for a message, also where its bytes are not UTF-8."""
    return shown(os.fsencode(path).decode("utf-8", "backslashreplace"))


def as_word(path: str | Path) -> str:
    """Return a path as one word of a command that a person may copy into a shell."""
    return shlex.quote(printable(path))


def as_cell(text: str) -> str:
    """Return text for a CSV that a spreadsheet takes for text, by an apostrophe if it must be.

    A spreadsheet passes over what is not seen before it looks for a formula, too.
    """
    text = shown(text)
    for sign in text:
        if not sign.isspace() and unicodedata.category(sign) not in {"Cc", "Cf"}:
            is_formula = unicodedata.normalize("NFKC", sign)[0] in _FORMULA_STARTS
            return f"'{text}" if is_formula else text
    return text


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: ``1 track``, ``2 tracks``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _spelled(found: re.Match[str]) -> str:
    return found[1] or json.dumps(found[0])[1:-1]
