"""What a table should not offer to somebody who did not choose its tracks: rows in, reasons out.

The default table is made by these rules (`scripts/make_default_tracks.py`; data/README.md counts
what each left out). They go by words and lengths alone, so they work in any table that is in our
columns; nobody's own table is touched unless it is asked for (`emotify tracks import --curated`).
"""

import re

import numpy as np
import pandas as pd

from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import title_keys

SHORTEST_MS, LONGEST_MS = 60_000, 900_000  # below are interludes, above are mixes
OPENED, CLOSED = "([{", ")]}"
APOSTROPHE = "['\u2019]"
INVISIBLE = r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


# Somebody else's song sold under its name. "Tribute" alone may be anything: a song, a remix.
IMITATION = _any_of(
    "karaoke",
    "originally (?:performed|recorded|sung) by",
    "made famous by",
    "in the style of",
    "tribute (?:to|band)",
    "cover (?:version|band)",
    "sound-?alikes?",
    f"pickin{APOSTROPHE}? on",
)
NO_MUSIC = _any_of(
    "(?:white|brown|pink) noise",
    "natur(?:e|al) sounds?",
    "sounds? of (?:the )?(?:nature|jungle)",
    "(?:rain|ocean|forest|jungle|thunder(?:storm)?|bird) sounds?",
    "sounds? (?:fx|nature)",
    "for (?:deep )?sleep",
    "asmr",
    "binaural",
)
# No lone "santa", which is a saint in half of the Romance languages, and no lone "holiday".
CHRISTMAS_TITLE = _any_of(
    "christmas(?:time)?",
    "x-?mas",
    "navidad",
    r"weihnacht\w*",
    "natale",
    "noël",
    "the first noel",
    "kalikimaka",
    "yule",
    "santa (?:claus|baby|looked)",
    "(?:back ?door|hey|me) santa",
    "saint nick",
    "mistletoe",
    "reindeer",
    "red-?nosed",
    "run rudolph",
    "jingle bells?",
    "sleigh ride",
    "let it snow",
    "winter wonderland",
    f"it{APOSTROPHE}s cold outside",
    "silent night",
    "o holy night",
    "o,? come,? all ye",
    "herald angels",
    "we three kings",
    "bleak midwinter",
    "mary,? did you know",
    "(?:little )?drummer boy",
    "frosty the snowman",
    "deck the halls?",
    "present without a bow",
    "favorite time of year",
    "happy holidays?",
    "soul holidays",
    f"new year{APOSTROPHE}s eve",
)
CHRISTMAS_ALBUM = _any_of(
    "christmas",
    "x-?mas",
    "navidad",
    r"weihnacht\w*",
    "natale",
    "jul(?:mys|pynta)",
    "santa claus",
    "jingle bells?",
    "mistletoe",
    "holly jolly",
    "silent night",
)
BUT_NO_CHRISTMAS = _any_of("not christmas")

WORDS = {
    "name": "without a whole name",
    "imitation": "karaoke, tributes and other imitations",
    "noise": "sounds of nature and noise",
    "christmas": "Christmas music",
    "length": "under a minute or over a quarter of an hour",
}


def reasons_against(frame: pd.DataFrame) -> pd.Series:
    """Return for each row the key of `WORDS` that speaks against it, or ``""``.

    Parameters
    ----------
    frame
        Tracks with ``track_id``, ``name`` and ``artist``, and ``album`` and ``duration_ms`` where
        they are known. All issues of a recording should be in it: one that is known from another
        album, too, is not taken for Christmas music because of a sampler for Christmas.
    """
    text = {
        column: (frame[column] if column in frame else pd.Series("", frame.index))
        .fillna("")
        .astype("str")
        for column in ("name", "artist", "album")
    }
    whole = text["name"] + "\n" + text["artist"] + "\n" + text["album"]
    told = (text["name"].str.strip() != "") & (text["artist"].str.strip() != "")
    lengths = frame["duration_ms"] if "duration_ms" in frame else pd.Series(np.nan, frame.index)
    against = {
        "name": ~told | text["name"].map(_is_cut) | text["artist"].map(_is_cut),
        "imitation": whole.str.contains(IMITATION),
        "noise": whole.str.contains(NO_MUSIC),
        "christmas": _christmas(text["name"], text["album"], frame, told),
        "length": (lengths < SHORTEST_MS) | (lengths > LONGEST_MS),
    }
    reasons = pd.Series("", frame.index, dtype="str")
    for key, rows in reversed(against.items()):
        reasons[rows.fillna(False).astype(bool)] = key
    return reasons


def _is_cut(text: str) -> bool:
    """Say whether a name was cut off: a bracket is open at its end."""
    depth = 0
    for mark in text:
        depth += (mark in OPENED) - (mark in CLOSED)
        depth = max(depth, 0)  # ":)" opens nothing
    return depth > 0


def _christmas(
    names: pd.Series, albums: pd.Series, frame: pd.DataFrame, told: pd.Series
) -> pd.Series:
    """Say which rows are Christmas music: by title, or by every album that a recording is on."""
    by_title = names.str.contains(CHRISTMAS_TITLE)
    by_album = albums.str.contains(CHRISTMAS_ALBUM) & ~albums.str.contains(BUT_NO_CHRISTMAS)
    keys = pd.Series("", frame.index, dtype="str")
    keys[told] = title_keys(frame[told].astype({"name": "str", "artist": "str"}))
    return by_title | by_album.groupby(keys).transform("all")


def without_invisible(names: pd.Series) -> pd.Series:
    """Return names without control characters and marks of writing direction: nobody sees them."""
    return names.str.replace(INVISIBLE, "", regex=True)


def sound_keys(frame: pd.DataFrame) -> pd.Series:
    """Return a number that issues of one recording share whatever they are called.

    Spotify computes features from the sound, so two tracks that agree in all eight and in length
    are the same sound.
    """
    columns = [*FEATURE_NAMES, "duration_ms"]
    return frame[columns].round(6).groupby(columns, sort=False, dropna=False).ngroup()
