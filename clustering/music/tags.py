"""What the tags of a sound file say, by our column names, whatever kind of file and tags it has."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from clustering.tables.tracks import UNKNOWN_ARTIST
from foundation.media import MediaError, tags_of
from foundation.text import printable

TAGS = {  # ours: what most kinds of files call it, what WMA does, and what FFmpeg does
    "name": ("title", "Title"),
    "artist": ("artist", "Author"),
    "album": ("album", "WM/AlbumTitle"),
    "genre": ("genre", "WM/Genre"),
    "release_date": ("date", "WM/Year"),
    "isrc": ("isrc", "WM/ISRC"),
}
SEVERAL = ("artist", "genre")  # of the others the first value counts
LONGEST = 300  # characters: some files carry a whole text


def read_tags(path: Path) -> dict[str, str | None]:
    """Return what the tags of a file say; damaged ones say nothing.

    Without a title the file's own name stands for it, split at ``" - "`` into artist and title.
    """
    tags = _tags(path)
    told = {ours: _told(tags, theirs, ours in SEVERAL) for ours, theirs in TAGS.items()}
    if told["name"] is None:
        artist, dash, title = printable(Path(path.stem)).partition(" - ")
        told["name"] = title if dash else artist
        told["artist"] = told["artist"] or (artist if dash else None)
    told["artist"] = told["artist"] or UNKNOWN_ARTIST
    return told


def _tags(path: Path) -> Any:
    import mutagen

    with suppress(Exception):  # damage may show in any way, and ends no night's work
        tags = mutagen.File(path, easy=True)
        if tags is not None:
            return tags
    with suppress(MediaError, OSError):  # kinds that Mutagen does not know: WebM, Matroska, AMR
        return tags_of(path)
    return {}


def _told(tags: Any, keys: tuple[str, ...], several: bool) -> str | None:
    values: Any = []
    for key in keys:
        with suppress(Exception):  # some tags are only decoded when they are asked for
            values = values or tags.get(key) or []
    # Tags in a wrong encoding hold what is no text, and some end in a zero byte.
    listed = values if isinstance(values, list) else [values]
    texts = (str(value).encode("utf-8", "replace").decode("utf-8") for value in listed)
    clean = (" ".join(text.replace("\0", " ").split())[:LONGEST].strip() for text in texts)
    known = dict.fromkeys(text for text in clean if text)
    return (";".join(known) if several else next(iter(known), None)) or None
