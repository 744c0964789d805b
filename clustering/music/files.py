"""One's own music: a folder of sound files in, a table of tracks out, kept up to date.

Tags say what a track is called, the sound itself what it is like (`clustering.music.descriptors`,
`clustering.music.model`). The table remembers size and time of each file, so a second run reads
only what is new or changed; it is written now and then on the way, so an interrupted run goes on
where it stopped. A file that cannot be used is named with the reason, and the others go on.
"""

import hashlib
import importlib.util
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.music.model import DEFAULT_FILE
from clustering.music.sound import Limits
from clustering.music.spoken import SPOKEN
from clustering.music.tags import read_tags
from clustering.music.workers import Found, each
from clustering.tables.layouts import in_our_columns
from clustering.tables.reading import read_frame
from clustering.tables.tracks import (
    SPOKEN_WORD_SPEECHINESS,
    TrackTable,
    check_writable,
    tidied,
    write_tracks,
)
from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.text import printable
from foundation.user_data import (
    DATA_HOME_VARIABLE,
    TRACK_TABLES,
    make_private_folder,
    user_data_folder,
)

ENDINGS = frozenset({
    *(".mp3", ".mp2", ".flac", ".ogg", ".oga", ".opus", ".spx", ".wav", ".w64", ".rf64", ".aif"),
    *(".aiff", ".aifc", ".au", ".snd", ".caf"),
    # These by FFmpeg.
    *(".m4a", ".m4b", ".mp4", ".aac", ".alac", ".3gp", ".3g2", ".wma", ".asf", ".mka", ".webm"),
    *(".weba", ".ape", ".mpc", ".wv", ".tta", ".amr", ".ac3"),
})  # fmt: skip
PACKAGES = ("librosa", "mutagen", "pyloudnorm")  # of the extra "music"
SAVE_SECONDS = 60.0  # at most this much work is lost
WANTED = f"files that end in {', '.join(sorted(ENDINGS))}"
SPOKEN_WORD = "sounds like spoken word, not like music"
NOT_UTF8 = "has a name that is not UTF-8, which tables cannot hold; rename it"
SHOWN = 20  # files skipped that are named where nobody asked for the analysis

Rows = dict[str, dict[Any, Any]]  # of a table of music, by path
MusicFiles = tuple[list[Path], list[tuple[str, str]]]  # files, and what is not read, with reasons


@dataclass(frozen=True)
class Analysis:
    """What came of analysing a folder.

    Attributes
    ----------
    frame
        A row for each track, features included; `clustering.tables.tracks` reads it as any table.
    n_read, n_unchanged
        Files analysed now, and files whose rows were there already.
    n_gone
        Rows left out because their file is no longer there.
    skipped
        Files and folders that are not used, with the reason.
    notes
        What else a reader should know.
    """

    frame: pd.DataFrame
    n_read: int
    n_unchanged: int
    n_gone: int
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return the counts, then a line for each file skipped."""
        parts = [f"{self.n_read:,} analysed", f"{self.n_unchanged:,} unchanged"]
        parts += [f"{self.n_gone:,} gone"] if self.n_gone else []
        parts += [f"{len(self.skipped):,} skipped"] if self.skipped else []
        lines = [f"{len(self.frame):,} tracks: {', '.join(parts)}"]
        return "\n".join([*lines, *self.notes, *_named(self.skipped)])

    @property
    def left_out(self) -> tuple[str, ...]:
        """What to say where a folder of music is one of many things that are read."""
        if not self.skipped:
            return self.notes
        n = f"{len(self.skipped):,} files" if len(self.skipped) > 1 else "one file"
        lines = [f"{n} skipped:", *_named(self.skipped[:SHOWN])]
        if len(self.skipped) > SHOWN:
            lines.append("  ... all are named by `emotify tracks analyse FOLDER --out TABLE`")
        return (*self.notes, "\n".join(lines))


def _named(skipped: Sequence[tuple[str, str]]) -> list[str]:
    return [f"  {path}: {reason}" for path, reason in skipped]


def analyse_folder(
    folder: str | Path,
    out: str | Path,
    *,
    limits: Limits | None = None,
    n_jobs: int = -1,
    vibenet: bool = False,
    progress: bool = True,
    found: MusicFiles | None = None,
    known: Rows | None = None,
) -> Analysis:
    """Describe the music below a folder and write it as a table.

    Parameters
    ----------
    folder
        Where the music is; links are followed, each folder once.
    out
        The table, ``.parquet`` or ``.csv``; what it holds of unchanged files is kept, if the same
        models described them. Spoken word is remembered in it, by a speechiness that no track has.
    limits
        Which files count as music; `clustering.music.sound.Limits` by default.
    n_jobs
        Files at once; one a core by default.
    vibenet
        Whether the features that VibeNet tells are taken from it (`clustering.music.vibenet`).
    progress
        Whether to show a bar.
    found
        What `find_music` found there, if it was asked already.
    known
        What `out` holds, if it was read already: rows by path.

    Raises
    ------
    InputError
        If a package is missing, there is no such folder, it holds no music that can be used, or
        `out` cannot be written.
    """
    _check_packages(vibenet)
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise InputError(f"{printable(folder)} is no folder; give the folder that your music is in")
    check_writable(out)
    limits = Limits() if limits is None else limits
    described_by = _described_by(limits.spoken, vibenet)
    files, unread = find_music(folder) if found is None else found
    skipped = list(unread)
    known = _known_rows(out) if known is None else known
    rows, waiting = [], []
    for path in files:
        kept = known.get(str(path))
        if (
            kept is not None
            and _seal(kept) == (*_stamp(path), described_by)
            and limits.admit(kept["duration_ms"] / 1000)
        ):
            rows.append(kept)
        else:
            waiting.append(path)
    n_unchanged = len(rows)
    saved = time.monotonic()
    notes: list[str] = []
    heard = each(_analyse, waiting, limits, vibenet, n_jobs=n_jobs, tell=notes.append)
    try:
        for path, row, reason in progress_bar(
            heard, "music", len(waiting), unit="file", show=progress and bool(waiting)
        ):
            if row is None:
                skipped.append((printable(path), reason))
            else:
                rows.append(row | {"described_by": described_by})
            if rows and time.monotonic() - saved > SAVE_SECONDS:
                write_tracks(_table(rows), out)
                saved = time.monotonic()
    except (KeyboardInterrupt, InputError):
        if len(rows) > n_unchanged:
            write_tracks(_table(rows), out)
        raise
    table = _table(rows) if rows else pd.DataFrame({"path": [], "speechiness": []})
    spoken = table["speechiness"] > SPOKEN_WORD_SPEECHINESS
    skipped += [(printable(Path(path)), SPOKEN_WORD) for path in table["path"][spoken]]
    if spoken.all():
        raise _nothing(folder, skipped)
    write_tracks(table, out)
    present = {str(path) for path in files}
    return Analysis(
        frame=table[~spoken].reset_index(drop=True),
        n_read=len(rows) - n_unchanged,
        n_unchanged=n_unchanged,
        n_gone=sum(path not in present for path in known),
        skipped=tuple(sorted(skipped)),
        notes=tuple(notes),
    )


def _nothing(folder: Path, skipped: list[tuple[str, str]]) -> InputError:
    n = len(skipped)
    named = "\n".join(_named(sorted(skipped)[:SHOWN]))
    return InputError(
        f"{printable(folder)} holds no music that can be used"
        + (f"; skipped {'was' if n == 1 else 'were'}:\n{named}" if n else "; " + WANTED)
        + (f"\n  ... and {n - SHOWN} more" if n > SHOWN else "")
    )


def read_music(folder: Path, found: MusicFiles | None = None, *, fewest: int = 2) -> TrackTable:
    """Return the tracks of a folder of music, whose table in the user's data folder is renewed.

    Raises
    ------
    InputError
        As `analyse_folder`, or if fewer than `fewest` tracks can be used.
    """
    found = find_music(folder) if found is None else found
    if not any(found):
        raise InputError(
            f"{printable(folder)} is a folder without music; give a table of tracks (CSV or "
            f"Parquet), or the folder that your music is in: {WANTED}"
        )
    table = table_of(folder)
    make_private_folder(table.parent, DATA_HOME_VARIABLE)
    try:
        known = _known_rows(table)
    except InputError:  # damaged; it is ours, and can be made again
        table.unlink()
        known = {}
    analysis = analyse_folder(folder, table, found=found, known=known)
    raw = in_our_columns(analysis.frame, printable(folder))
    notes = (*raw.notes, *analysis.left_out)
    return tidied(raw.frame, printable(folder), raw.layout, notes, fewest=fewest)


def table_of(folder: Path) -> Path:
    """Return where the table of a folder of music lies in the user's data folder."""
    return user_data_folder(TRACK_TABLES) / f"music-{_hash(folder.resolve())}.parquet"


def _hash(path: Path) -> str:
    return hashlib.sha1(os.fsencode(path), usedforsecurity=False).hexdigest()[:16]


def _check_packages(vibenet: bool) -> None:
    wanted = (*PACKAGES, "vibenet") if vibenet else PACKAGES
    absent = [package for package in wanted if importlib.util.find_spec(package) is None]
    if absent:
        extra = "vibenet" if "vibenet" in absent else "music"
        raise InputError(
            f"analysing music needs {', '.join(absent)}; install with: pip install "
            f"'emotify[{extra}]'"
        )


def _described_by(spoken: bool, vibenet: bool) -> str:
    """Return which models tell the features: rows of others are made anew."""
    model = hashlib.sha1(DEFAULT_FILE.read_bytes(), usedforsecurity=False).hexdigest()[:8]
    own = f"emotify {model}" + (", spoken word too" if spoken else "")
    if not vibenet:
        return own
    from clustering.music.vibenet import version

    return f"{own}, {version()}"


def _seal(row: dict[Any, Any]) -> tuple[Any, Any, Any]:
    return row["file_bytes"], row["file_time"], row.get("described_by")


def find_music(folder: Path) -> MusicFiles:
    """Return the sound files below a folder, sorted, and what cannot be looked at, with reasons."""
    files: list[Path] = []
    skipped: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        skipped.append((printable(Path(error.filename)), error.strerror or "cannot be opened"))

    for top, below, names in os.walk(folder.resolve(), onerror=unreadable, followlinks=True):
        about = Path(top).stat()
        if (about.st_dev, about.st_ino) in seen:  # a link back into the tree
            below.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        below.sort()
        for name in names:
            path = Path(top, name)
            if path.suffix.lower() not in ENDINGS or name.startswith("._"):  # macOS's own notes
                continue
            try:
                str(path).encode()
            except UnicodeEncodeError:
                skipped.append((printable(path), NOT_UTF8))
            else:
                files.append(path)
    return sorted(files), skipped


def _analyse(path: Path, limits: Limits, vibenet: bool = False) -> Found:
    """Return the row of a file, or why there is none."""
    from clustering.music.descriptors import hear
    from clustering.music.model import load_model

    try:
        size, changed = _stamp(path)
        if not path.exists():
            return path, None, "is a link that leads nowhere, or was removed meanwhile"
        if not size:
            return path, None, "is empty"
        music = hear(path, limits)
        row = read_tags(path) | load_model().describe(music)
        if vibenet:
            from clustering.music import vibenet as vibenet_features

            row |= vibenet_features.describe(path)
        if music.spoken >= SPOKEN and not limits.spoken:
            row["speechiness"] = music.spoken  # so high that whoever reads the table leaves it out
    except InputError as error:
        return path, None, str(error)
    except OSError as error:
        return path, None, error.strerror or str(error)
    except Exception as error:  # one broken file must not end a night's work
        return path, None, f"cannot be analysed ({type(error).__name__}: {str(error)[:80]})"
    row |= {"path": str(path), "file_bytes": size, "file_time": changed}
    row["track_id"] = f"file-{_hash(path)}"
    return path, row, ""


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0  # the reason comes when it is read
    return about.st_size, about.st_mtime_ns


def _known_rows(out: Path) -> Rows:
    if not out.exists():
        return {}
    frame = read_frame(out)[0]
    if not {"path", "file_bytes", "file_time"} <= set(frame.columns):
        raise InputError(
            f"{printable(out)} is there and is no table of analysed music; choose another --out"
        )
    rows: Iterator[dict[Any, Any]] = iter(frame.to_dict("records"))
    return {str(row["path"]): row for row in rows}


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).sort_values("path", ignore_index=True)
