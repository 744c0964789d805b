"""Playlists on their way out: a frame, JSON, CSV, one web page, M3U.

Every file is written by `foundation.safe_write`, so that a reader never meets half a playlist.
"""

import json
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clustering.tracklist import PlaylistTrack, Tracklist
from emotions.labels import emotion_named
from foundation.errors import InputError
from foundation.safe_write import write_text

if TYPE_CHECKING:
    from jinja2 import Template

# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    length = "" if minutes is None else f", {_number(round(minutes), 'minute')}"
    lines = [
        f"{playlist.mode}: {mood.name} (its valence here {mood.valence:+.2f}, arousal "
        f"{mood.arousal:+.2f}); {_number(len(playlist), 'track')}{length}, "
        f"coverage {playlist.coverage:.0%}",
        "",
    ]
    for number, track in enumerate(playlist.tracks, 1):
        lines.append(f"{number:>3}. {_credits(track.artist)} - {track.name}")
        lines.append(f"     {track.why}")
        if track.url or track.path:
            lines.append(f"     {track.url or track.path}")
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
            "artist": escape(_credits(track.artist)),
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


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _credits(artist: str) -> str:
    """Return artists as a reader expects them; tables join them with a semicolon."""
    return artist.replace(";", ", ")


def _linked(text: str, url: str | None) -> str:
    return escape(text) if url is None else f'<a href="{escape(url)}">{escape(text)}</a>'


def as_json(playlist: Tracklist, path: str | Path | None = None) -> str:
    """Return JSON text, and write it to `path` if one is given."""
    text = json.dumps(as_dict(playlist), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if path is not None:
        write_text(path, text)
    return text


def write_csv(playlist: Tracklist, path: str | Path) -> None:
    """Write CSV; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    frame = as_frame(playlist)
    texts = {"track_id", "name", "artist", "path", "mood", "why"} & {*frame.columns}
    for column in texts:
        dangerous = frame[column].str.startswith(FORMULA_STARTS).fillna(False).astype(bool)
        frame[column] = frame[column].where(~dangerous, "'" + frame[column])
    write_text(path, frame.to_csv(index=False))


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
        lines.append(f"#EXTINF:{seconds},{_one_line(f'{track.artist} - {track.name}')}")
        lines.append(_one_line(track.path))
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


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


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
