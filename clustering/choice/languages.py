"""The language of a track: a table's own word for it, or its title, in; an ISO 639-1 code out.

A title is a few words, so most of them tell nothing, and None says so. What is told comes from
the script first (kana is Japanese, Hangul Korean), and for scripts that many languages share
from py3langid [1]_, where it is sure. A title says what language it is written in, which is a
guess of what is sung: a band from Tokyo may sing under an English title.

.. [1] A. Barbaresi, "py3langid", https://github.com/adbar/py3langid, after M. Lui and
   T. Baldwin, "langid.py: an off-the-shelf language identification tool", ACL 2012.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clustering.tables.tracks import EDITION
from foundation.errors import InputError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Code of ISO 639-1: its English names, then the codes of ISO 639-2 and 639-3.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "af": ("Afrikaans", "afr"),
    "am": ("Amharic", "amh"),
    "ar": ("Arabic", "ara", "arb", "arz"),
    "az": ("Azerbaijani", "aze"),
    "be": ("Belarusian", "bel"),
    "bg": ("Bulgarian", "bul"),
    "bn": ("Bengali", "Bangla", "ben"),
    "bs": ("Bosnian", "bos"),
    "ca": ("Catalan", "cat"),
    "cs": ("Czech", "ces", "cze"),
    "cy": ("Welsh", "cym", "wel"),
    "da": ("Danish", "dan"),
    "de": ("German", "Deutsch", "deu", "ger"),
    "el": ("Greek", "ell", "gre"),
    "en": ("English", "eng"),
    "es": ("Spanish", "Castilian", "Español", "spa"),
    "et": ("Estonian", "est"),
    "eu": ("Basque", "eus", "baq"),
    "fa": ("Persian", "Farsi", "fas", "per"),
    "fi": ("Finnish", "Suomi", "fin"),
    "fr": ("French", "Français", "fra", "fre"),
    "ga": ("Irish", "gle"),
    "gl": ("Galician", "glg"),
    "gu": ("Gujarati", "guj"),
    "he": ("Hebrew", "heb"),
    "hi": ("Hindi", "hin"),
    "hr": ("Croatian", "hrv"),
    "hu": ("Hungarian", "hun"),
    "hy": ("Armenian", "hye", "arm"),
    "id": ("Indonesian", "ind"),
    "is": ("Icelandic", "isl", "ice"),
    "it": ("Italian", "Italiano", "ita"),
    "ja": ("Japanese", "jpn"),
    "ka": ("Georgian", "kat", "geo"),
    "kk": ("Kazakh", "kaz"),
    "km": ("Khmer", "khm"),
    "kn": ("Kannada", "kan"),
    "ko": ("Korean", "kor"),
    "la": ("Latin", "lat"),
    "lo": ("Lao",),
    "lt": ("Lithuanian", "lit"),
    "lv": ("Latvian", "lav"),
    "mk": ("Macedonian", "mkd", "mac"),
    "ml": ("Malayalam", "mal"),
    "mn": ("Mongolian", "mon"),
    "mr": ("Marathi", "mar"),
    "ms": ("Malay", "msa", "may"),
    "my": ("Burmese", "mya", "bur"),
    "ne": ("Nepali", "nep"),
    "nl": ("Dutch", "Flemish", "Nederlands", "nld", "dut"),
    "no": ("Norwegian", "Norwegian Bokmål", "nor", "nb", "nob", "nn", "nno"),
    "pa": ("Punjabi", "Panjabi", "pan"),
    "pl": ("Polish", "Polski", "pol"),
    "pt": ("Portuguese", "Português", "por"),
    "ro": ("Romanian", "ron", "rum"),
    "ru": ("Russian", "rus"),
    "si": ("Sinhala", "Sinhalese", "sin"),
    "sk": ("Slovak", "slk", "slo"),
    "sl": ("Slovenian", "Slovene", "slv"),
    "sq": ("Albanian", "sqi", "alb"),
    "sr": ("Serbian", "srp"),
    "sv": ("Swedish", "Svenska", "swe"),
    "sw": ("Swahili", "swa"),
    "ta": ("Tamil", "tam"),
    "te": ("Telugu", "tel"),
    "th": ("Thai", "tha"),
    "tl": ("Tagalog", "Filipino", "tgl", "fil"),
    "tr": ("Turkish", "Türkçe", "tur"),
    "uk": ("Ukrainian", "ukr"),
    "ur": ("Urdu", "urd"),
    "vi": ("Vietnamese", "vie"),
    "yo": ("Yoruba", "yor"),
    "zh": ("Chinese", "Mandarin", "Cantonese", "zho", "chi", "cmn", "yue"),
    "zu": ("Zulu", "zul"),
}
_CODES = {word.casefold(): code for code, words in LANGUAGES.items() for word in (code, *words)}

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
# larger table: English is hardly ever wrong, titles in transliterated Hindi or Tamil and
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
BRACKETS = re.compile(r"(?<=\S)\s*[(\[][^)\]]*(?:[)\]]|$)")  # one that begins a title belongs to it
GUESTS = re.compile(r"\b(?:feat|ft|featuring)\b\.?.*", re.IGNORECASE)
TAIL = re.compile(r"\s[-\u2013\u2014]\s.*")  # " - Live at ...", " - 2011 Mix"


def known_language(text: str) -> str:
    """Return the ISO 639-1 code of a language that a user names by code or in English.

    Raises
    ------
    InputError
        If it is none of `LANGUAGES`.
    """
    code = _CODES.get(text.strip().casefold())
    if code is None:
        accepted = ", ".join(f"{code} ({words[0]})" for code, words in LANGUAGES.items())
        raise InputError(f"{text!r} is no language known here; choose from: {accepted}")
    return code


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
    text = _bare(title)
    script = "LATIN" if text.isascii() else _script(text)
    if script in ONE_LANGUAGE:
        return ONE_LANGUAGE[script]
    if script == "CJK":
        # A Japanese title may keep its kana in a bracket: "紅(イントロ)".
        return "ja" if re.search(r"[\u3041-\u30fa]", title) else _of_han(text)
    if script == "CYRILLIC":
        return _of_cyrillic(text)
    if script == "ARABIC":
        code = _by_letters(text, ARABIC_LETTERS) or _guessed(text)
        return code if code in {"fa", "ur"} else "ar"
    if script != "LATIN" or not _is_long_enough(text):
        return None
    return _guessed(text)


def _stated(cell: str) -> str | None:
    """Return the code of the first language in a cell such as "eng", "pt-BR", "Hindi/English"."""
    for part in re.split(r"[;,/|]", cell):
        word = part.strip().casefold()
        code = _CODES.get(word) or _CODES.get(re.split(r"[-_]|\s*\(", word)[0])
        if code:
            return code
    return None


def _bare(title: str) -> str:
    """Return a title without guests, editions, brackets and what follows a dash."""
    text = unicodedata.normalize("NFKC", title)
    for pattern in (TAIL, EDITION, BRACKETS, GUESTS):
        text = pattern.sub(" ", text)
    return " ".join(text.split()).lower()


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
            "telling the language of titles needs py3langid, which is not installed: "
            "pip install py3langid"
        ) from error
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LEAST_PROBABILITY, *DECOYS])
    return identifier
