"""Playlists on their way out: a frame, JSON, CSV, one web page, M3U.

What is read of a playlist is text for one line already (`clustering.tracklist`); paths and ids,
which are not, are spelled out here. Every file is written by `foundation.safe_write`, so that a
reader never meets half a playlist.
"""

import json
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clustering.tracklist import PlaylistTrack, Tracklist, credits_of
from emotions.labels import emotion_named
from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import as_cell, counted, shown, shown_lines

if TYPE_CHECKING:
    from jinja2 import Template


def as_dict(playlist: Tracklist) -> dict[str, Any]:
    """Return plain values: what was aimed at, and each track with its features."""
    return {
        "emotion": playlist.emotion,
        "uncertain": playlist.uncertain,
        "mode": playlist.mode,
        "mood": {
            "name": playlist.mood.name,
            "valence": round(playlist.mood.valence, 4),
            "arousal": round(playlist.mood.arousal, 4),
        },
        "feeling": {
            "valence": round(playlist.valence, 4),
            "arousal": round(playlist.arousal, 4),
        },
        "clusters": list(playlist.clusters),
        "coverage": round(playlist.coverage, 4),
        "seed": playlist.seed,
        "notes": list(playlist.notes),
        "tracks": [
            {
                "track_id": track.track_id,
                "name": track.name,
                "artist": track.artist,
                "url": track.url,
                **_path(track),
                "distance": round(track.distance, 4),
                **track.features,
            }
            for track in playlist.tracks
        ],
    }


def _path(track: PlaylistTrack) -> dict[str, str]:
    """Return the path of a track that has one: only tables of sound files tell it."""
    return {} if track.path is None else {"path": track.path}


def as_text(playlist: Tracklist) -> str:
    """Return text for a terminal: what was aimed at, the tracks and why, the notes."""
    mood = playlist.mood
    minutes = playlist.minutes
    length = "" if minutes is None else f", {counted(round(minutes), 'minute')}"
    lines = [
        f"{playlist.mode}: {mood.name} (its valence here {mood.valence:+.2f}, arousal "
        f"{mood.arousal:+.2f}); {counted(len(playlist), 'track')}{length}, "
        f"coverage {playlist.coverage:.0%}",
        "",
    ]
    for number, track in enumerate(playlist.tracks, 1):
        lines.append(f"{number:>3}. {credits_of(track.artist)} - {track.name}")
        lines.append(f"     {track.why}")
        if track.url:
            lines.append(f"     {track.url}")
        elif track.path:
            lines.append(f"     {_file_address(track.path)}")
    return "\n".join([*lines, *(f"note: {note}" for note in playlist.notes)])


def as_frame(playlist: Tracklist) -> pd.DataFrame:
    """Return one row a track."""
    return pd.DataFrame(
        [
            {
                "track_id": track.track_id,
                "name": track.name,
                "artist": track.artist,
                "url": track.url,
                **_path(track),
                "mood": track.mood,
                "distance": round(track.distance, 4),
                "why": track.why,
                "duration_ms": track.duration_ms,
                **track.features,
            }
            for track in playlist.tracks
        ]
    )


def as_html_table(playlist: Tracklist) -> str:
    """Return an HTML table, every text in it escaped, titles linked where there is an address."""
    rows = [
        {
            "track": _linked(track.name, track.url),
            "artist": escape(credits_of(track.artist)),
            "why": escape(track.why),
            "mood": escape(track.mood),
            "energy": f"{track.features['energy']:.2f}",
            "valence": f"{track.features['valence']:.2f}",
            "distance": f"{track.distance:.2f}",
        }
        for track in playlist.tracks
    ]
    frame = pd.DataFrame(rows, index=range(1, len(rows) + 1))
    return frame.to_html(escape=False, border=0)


def _linked(text: str, url: str | None) -> str:
    return escape(text) if url is None else f'<a href="{escape(url)}">{escape(text)}</a>'


def as_json(playlist: Tracklist, path: str | Path | None = None) -> str:
    """Return JSON text, and write it to `path` if one is given."""
    told = json.dumps(as_dict(playlist), indent=2, ensure_ascii=False, allow_nan=False)
    text = shown_lines(told) + "\n"
    if path is not None:
        write_text(path, text)
    return text


def write_csv(playlist: Tracklist, path: str | Path) -> None:
    """Write CSV; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    frame = as_frame(playlist)
    if "path" in frame:
        frame["path"] = frame["path"].map(_file_address, na_action="ignore")
    for column in {"track_id", "name", "artist", "path", "mood", "why"} & {*frame.columns}:
        frame[column] = frame[column].map(as_cell, na_action="ignore")
    write_text(path, frame.to_csv(index=False))


def _file_address(path: str) -> str:
    """Return a path for one line: as it is, or as an address where it holds what is not seen.

    Players take either.
    """
    is_plain = shown(path) == path == path.strip() and not path.startswith("#")
    return path if is_plain else Path(path).absolute().as_uri()


def write_m3u(playlist: Tracklist, path: str | Path) -> None:
    """Write an extended M3U in UTF-8.

    Raises
    ------
    InputError
        If a track has no sound file: M3U lists files, not streams.
    """
    lines = ["#EXTM3U"]
    for track in playlist.tracks:
        if track.path is None:
            raise InputError(
                f"{track.name!r} has no sound file, and M3U lists files; give a table with a "
                "column path, or write CSV, JSON or HTML"
            )
        seconds = -1 if track.duration_ms is None else round(track.duration_ms / 1000)
        lines.append(f"#EXTINF:{seconds},{track.artist} - {track.name}")
        lines.append(_file_address(track.path))
    write_text(path, "\n".join(lines) + "\n")


def write_html(playlist: Tracklist, path: str | Path) -> None:
    """Write one self-contained page: no script, no font, no picture from elsewhere."""
    total = playlist.minutes
    page = _template().render(
        playlist=playlist,
        colour=emotion_named(playlist.emotion).colour,
        minutes=None if total is None else round(total),
    )
    write_text(path, page)


@lru_cache(maxsize=1)
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(clock=_clock, signed=_signed)
    source = Path(__file__).with_name("playlist.html").read_text("utf-8")
    return environment.from_string(source)


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "\u2212")


def _clock(milliseconds: float) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02d}"
