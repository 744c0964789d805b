"""What languages are called: codes of ISO 639-1, English names, and the longer codes."""

from foundation.errors import InputError

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
CODES = {word.casefold(): code for code, words in LANGUAGES.items() for word in (code, *words)}


def known_language(text: str) -> str:
    """Return the ISO 639-1 code of a language that a user names by code or in English.

    Raises
    ------
    InputError
        If it is none of `LANGUAGES`.
    """
    code = CODES.get(text.strip().casefold())
    if code is None:
        accepted = ", ".join(f"{code} ({words[0]})" for code, words in LANGUAGES.items())
        raise InputError(f"{text!r} is no language known here; choose from: {accepted}")
    return code
