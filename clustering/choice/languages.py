"""The language of a track: a table's own word for it, or its title, in; an ISO 639-1 code out.

A title is a few words, so most of them tell nothing (`foundation.languages.identify`), and None
says so. A title says what language it is written in, which is a guess of what is sung: a band from
Tokyo may sing under an English title.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np
import pandas as pd

from clustering.tables.tracks import EDITION
from foundation.languages.identify import language_of
from foundation.languages.names import CODES

BRACKETS = re.compile(r"(?<=\S)\s*[(\[][^)\]]*(?:[)\]]|$)")  # one that begins a title belongs to it
GUESTS = re.compile(r"\b(?:feat|ft|featuring)\b\.?.*", re.IGNORECASE)
TAIL = re.compile(r"\s[-\u2013\u2014]\s.*")  # " - Live at ...", " - 2011 Mix"


def languages(frame: pd.DataFrame) -> np.ndarray:
    """Return the language of each row, shape (rows,): an ISO 639-1 code, or None if nothing tells.

    The column ``language`` counts where it is filled, even with a word that is unknown here,
    which gives None; elsewhere the title in ``name`` does.

    Raises
    ------
    InputError
        If a title has to be read and py3langid is not installed.
    """
    told = np.full(len(frame), None, dtype=object)
    unfilled = np.ones(len(frame), dtype=bool)
    if "language" in frame:
        cells = frame["language"].astype("str").str.strip()
        unfilled = (cells.isna() | (cells == "")).to_numpy(dtype=bool)
        told[~unfilled] = [_stated(cell) for cell in cells[~unfilled]]
    if "name" in frame:
        titles = frame["name"].astype("str").fillna("")[unfilled]
        told[unfilled] = [language_of_title(title) for title in titles]
    return told


@lru_cache(maxsize=1 << 17)
def language_of_title(title: str) -> str | None:
    """Return the ISO 639-1 code of the language that a title is in, None if it does not tell.

    Guests, editions, what stands in brackets and what follows a dash do not count.

    Raises
    ------
    InputError
        If py3langid is needed and not installed.
    """
    code = language_of(_bare(title))
    # A Japanese title may keep its kana in a bracket: "紅(イントロ)".
    return "ja" if code == "zh" and re.search(r"[\u3041-\u30fa]", title) else code


def _stated(cell: str) -> str | None:
    """Return the code of the first language in a cell such as "eng", "pt-BR", "Hindi/English"."""
    for part in re.split(r"[;,/|]", cell):
        word = part.strip().casefold()
        code = CODES.get(word) or CODES.get(re.split(r"[-_]|\s*\(", word)[0])
        if code:
            return code
    return None


def _bare(title: str) -> str:
    """Return a title without guests, editions, brackets and what follows a dash."""
    text = unicodedata.normalize("NFKC", title)
    for pattern in (TAIL, EDITION, BRACKETS, GUESTS):
        text = pattern.sub(" ", text)
    return " ".join(text.split()).lower()
