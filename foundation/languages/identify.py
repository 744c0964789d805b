"""The language of a text: words in, an ISO 639-1 code out.

The script comes first (kana is Japanese, Hangul Korean), and for scripts that many languages share
py3langid [1]_, where it is sure. A few words fit several languages: None says that they do not
tell.

.. [1] A. Barbaresi, "py3langid", https://github.com/adbar/py3langid, after M. Lui and
   T. Baldwin, "langid.py: an off-the-shelf language identification tool", ACL 2012.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from foundation.errors import InputError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Scripts, as Unicode names their letters, that belong to one language, or nearly.
ONE_LANGUAGE = {
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "DEVANAGARI": "hi",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "KHMER": "km",
    "LAO": "lo",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
# Letters that one language has and its neighbours have not; the first line that matches counts.
CYRILLIC_LETTERS = (("be", "ў"), ("kk", "әғқңөұүһ"), ("sr", "ђћ"), ("mk", "ѓќѕ"), ("uk", "іїєґ"))
RUSSIAN_LETTERS = "ыэё"  # and not ъ, which is a common vowel in Bulgarian
ARABIC_LETTERS = (("ur", "ٹڈڑںےھ"), ("fa", "پچژ"))

# Least probability at which py3langid is believed. Read by eye on `data/tracks.parquet` and a
# larger table of tracks: English is hardly ever wrong, titles in transliterated Hindi or Tamil and
# stammering English ("Boogie Oogie Oogie") are taken for Dutch or Finnish.
LEAST_PROBABILITY = {
    "en": 0.5,
    **dict.fromkeys(("ca", "de", "es", "fr", "hu", "it", "pl", "pt", "sv", "tr"), 0.7),
    **dict.fromkeys(("cs", "da", "fi", "hr", "is", "nl", "no", "ro", "vi"), 0.9),
    **{"ru": 0.4, "bg": 0.7, "fa": 0.5, "ur": 0.5},  # few share their scripts
}
# Weighed as well, but never told by py3langid: nearly always it is another language.
DECOYS = ("ar", "be", "et", "id", "mk", "sl", "sq", "sr", "tl", "uk")
LEAST_WORDS, LEAST_LETTERS = 3, 15  # one of them; shorter titles fit several languages


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that a text is in, None if it does not tell.

    Raises
    ------
    InputError
        If py3langid is needed and not installed.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    script = "LATIN" if text.isascii() else _script(text)
    if script in ONE_LANGUAGE:
        return ONE_LANGUAGE[script]
    if script == "CJK":
        return _of_han(text)
    if script == "CYRILLIC":
        return _of_cyrillic(text)
    if script == "ARABIC":
        code = _by_letters(text, ARABIC_LETTERS) or _guessed(text)
        return code if code in {"fa", "ur"} else "ar"
    if script != "LATIN" or not _is_long_enough(text):
        return None
    return _guessed(text)


def _script(text: str) -> str:
    """Return the script of the most letters; kana among Han counts as all, as does Hangul."""
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    counts = Counter(name.split("-")[0] for name in names)
    japanese = counts["HIRAGANA"] + counts["KATAKANA"]
    if japanese:
        counts["KATAKANA"] = japanese + counts.pop("CJK", 0)
    elif counts["HANGUL"]:
        counts["HANGUL"] += counts.pop("CJK", 0)
    # Fewer letters say as much as Latin ones in these scripts.
    for name in ("KATAKANA", "HANGUL", "CJK"):
        if 3 * counts[name] >= counts["LATIN"] and counts[name]:
            return name
    return max(counts, key=counts.__getitem__, default="")


def _of_han(text: str) -> str:
    """Return Japanese for characters that only Japan has simplified so, otherwise Chinese."""
    han = "".join(letter for letter in text if "\u4e00" <= letter <= "\u9fff")
    is_japanese = _fits(han, "shift_jis") and not (_fits(han, "big5") or _fits(han, "gb2312"))
    return "ja" if is_japanese else "zh"


def _fits(text: str, character_set: str) -> bool:
    try:
        text.encode(character_set)
    except UnicodeEncodeError:
        return False
    return True


def _of_cyrillic(text: str) -> str | None:
    code = _by_letters(text, CYRILLIC_LETTERS)
    if code is None and any(letter in RUSSIAN_LETTERS for letter in text):
        return "ru"
    return code or _guessed(text)


def _by_letters(text: str, letters: tuple[tuple[str, str], ...]) -> str | None:
    return next((code for code, own in letters if any(letter in own for letter in text)), None)


def _is_long_enough(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return len(words) >= LEAST_WORDS or sum(map(len, words)) >= LEAST_LETTERS


def _guessed(text: str) -> str | None:
    """Return what py3langid says of a text, None if it is not sure."""
    code, probability = _identifier().classify(text)
    return code if probability >= LEAST_PROBABILITY.get(code, np.inf) else None


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise InputError(
            "telling the language of a text needs py3langid, which is not installed: "
            "pip install py3langid"
        ) from error
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LEAST_PROBABILITY, *DECOYS])
    return identifier
