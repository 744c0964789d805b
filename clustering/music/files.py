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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm.auto import tqdm

from clustering.music.model import DEFAULT_FILE
from clustering.tables.reading import read_frame
from clustering.tables.tracks import UNKNOWN_ARTIST, write_tracks
from foundation.errors import InputError
from foundation.text import printable
from foundation.user_data import (
    DATA_HOME_VARIABLE,
    TRACK_TABLES,
    make_private_folder,
    user_data_folder,
)

ENDINGS = frozenset({".mp3", ".flac", ".ogg", ".oga", ".opus", ".wav", ".aif", ".aiff", ".aifc"})
ENDINGS |= {".m4a", ".aac", ".wma", ".alac", ".ape", ".mpc", ".wv"}  # these by FFmpeg
PACKAGES = ("librosa", "mutagen", "pyloudnorm")  # of the extra "music"
SAVE_SECONDS = 60.0  # at most this much work is lost
TAGS = {  # ours: what most kinds of files call it, and what WMA does
    "name": ("title", "Title"),
    "artist": ("artist", "Author"),
    "album": ("album", "WM/AlbumTitle"),
    "genre": ("genre", "WM/Genre"),
    "release_date": ("date", "WM/Year"),
    "isrc": ("isrc", "WM/ISRC"),
}


@dataclass(frozen=True)
class Analysis:
    """What came of analysing a folder.

    Attributes
    ----------
    frame
        A row for each file, features included; `clustering.tables.tracks` reads it as any table.
    n_read, n_unchanged
        Files analysed now, and files whose rows were there already.
    n_gone
        Rows left out because their file is no longer there.
    skipped
        Files and folders that cannot be used, with the reason.
    """

    frame: pd.DataFrame
    n_read: int
    n_unchanged: int
    n_gone: int
    skipped: tuple[tuple[str, str], ...]

    def summary(self) -> str:
        """Return the counts, then a line for each file skipped."""
        parts = [f"{self.n_read:,} analysed", f"{self.n_unchanged:,} unchanged"]
        parts += [f"{self.n_gone:,} gone"] if self.n_gone else []
        parts += [f"{len(self.skipped):,} skipped"] if self.skipped else []
        lines = [f"{len(self.frame):,} tracks: {', '.join(parts)}"]
        return "\n".join([*lines, *(f"  {path}: {reason}" for path, reason in self.skipped)])


def analyse_folder(
    folder: str | Path,
    out: str | Path,
    *,
    n_jobs: int = -1,
    vibenet: bool = False,
    progress: bool = True,
) -> Analysis:
    """Describe the music below a folder and write it as a table.

    Parameters
    ----------
    folder
        Where the music is; links are followed, each folder once.
    out
        The table, ``.parquet`` or ``.csv``; what it holds of unchanged files is kept, if the same
        models described them.
    n_jobs
        Files at once; one a core by default.
    vibenet
        Whether the features that VibeNet tells are taken from it (`clustering.music.vibenet`).
    progress
        Whether to show a bar.

    Raises
    ------
    InputError
        If a package is missing, there is no such folder, it holds no music that can be read, or
        `out` cannot be written.
    """
    _check_packages(vibenet)
    described_by = _described_by(vibenet)
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise InputError(f"{printable(folder)} is no folder; give the folder that your music is in")
    files, skipped = find_music(folder)
    known = _known_rows(out)
    rows, waiting = [], []
    for path in files:
        stamp = _stamp(path)
        kept = known.get(str(path))
        if kept is not None and _seal(kept) == (*stamp, described_by):
            rows.append(kept)
        else:
            waiting.append(path)
    n_unchanged = len(rows)
    saved = time.monotonic()
    heard = _analysed(waiting, n_jobs, vibenet)
    try:
        for path, row, reason in tqdm(
            heard, "music", len(waiting), unit="file", disable=not (progress and waiting)
        ):
            if row is None:
                skipped.append((printable(path), reason))
            else:
                rows.append(row | {"described_by": described_by})
            if time.monotonic() - saved > SAVE_SECONDS:
                write_tracks(_table(rows), out)
                saved = time.monotonic()
    except (KeyboardInterrupt, InputError):
        if len(rows) > n_unchanged:
            write_tracks(_table(rows), out)
        raise
    if not rows:
        raise InputError(
            f"{printable(folder)} holds no music that can be read; {len(skipped)} files were "
            "skipped" + "".join(f"\n  {path}: {why}" for path, why in skipped[:20])
        )
    table = _table(rows)
    write_tracks(table, out)
    present = {str(path) for path in files}
    return Analysis(
        frame=table,
        n_read=len(rows) - n_unchanged,
        n_unchanged=n_unchanged,
        n_gone=sum(path not in present for path in known),
        skipped=tuple(sorted(skipped)),
    )


def music_table(folder: Path) -> Path:
    """Return the table of a folder of music, brought up to date in the user's data folder.

    Raises
    ------
    InputError
        As `analyse_folder`.
    """
    if not find_music(folder)[0]:
        raise InputError(
            f"{printable(folder)} is a folder without music; give a table of tracks (CSV or "
            "Parquet), or the folder that your music is in"
        )
    name = hashlib.sha1(os.fsencode(folder.resolve()), usedforsecurity=False).hexdigest()[:16]
    table = user_data_folder(TRACK_TABLES) / f"music-{name}.parquet"
    make_private_folder(table.parent, DATA_HOME_VARIABLE)
    try:
        _known_rows(table)
    except InputError:  # damaged; it is ours, and can be made again
        table.unlink()
    analyse_folder(folder, table)
    return table


def _check_packages(vibenet: bool) -> None:
    wanted = (*PACKAGES, "vibenet") if vibenet else PACKAGES
    absent = [package for package in wanted if importlib.util.find_spec(package) is None]
    if absent:
        extra = "vibenet" if "vibenet" in absent else "music"
        raise InputError(
            f"analysing music needs {', '.join(absent)}; install with: pip install "
            f"'emotify[{extra}]'"
        )


def _described_by(vibenet: bool) -> str:
    """Return which models tell the features: rows of others are made anew."""
    digest = hashlib.sha1(DEFAULT_FILE.read_bytes(), usedforsecurity=False)
    own = f"emotify {digest.hexdigest()[:8]}"
    if not vibenet:
        return own
    from clustering.music.vibenet import version

    return f"{own}, {version()}"


def _seal(row: dict[Any, Any]) -> tuple[Any, Any, Any]:
    return row["file_bytes"], row["file_time"], row.get("described_by")


def find_music(folder: Path) -> tuple[list[Path], list[tuple[str, str]]]:
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
            ending = Path(name).suffix.lower()
            if ending in ENDINGS and not name.startswith("._"):  # macOS's notes on other files
                files.append(Path(top, name))
    return sorted(files), skipped


def _analysed(
    waiting: list[Path], n_jobs: int, vibenet: bool
) -> Iterator[tuple[Path, dict[str, Any] | None, str]]:
    if len(waiting) > 1 and n_jobs != 1:
        from clustering.music.descriptors import compile_first

        compile_first()
    pool = joblib.Parallel(n_jobs, return_as="generator_unordered")
    try:
        yield from pool(joblib.delayed(_analyse)(path, vibenet) for path in waiting)
    except TerminatedWorkerError as died:
        raise InputError(
            "a process that was reading music died, of a damaged file or for want of memory; what "
            "was done is kept: run it again with --jobs 1 to see at which file"
        ) from died


def _analyse(path: Path, vibenet: bool = False) -> tuple[Path, dict[str, Any] | None, str]:
    """Return the row of a file, or why there is none."""
    from clustering.music.descriptors import hear
    from clustering.music.model import load_model

    try:
        size, changed = _stamp(path)
        if not size:
            return path, None, "is empty"
        music = hear(path)
        row = read_tags(path) | load_model().describe(music)
        if vibenet:
            from clustering.music import vibenet as vibenet_features

            row |= vibenet_features.describe(path)
    except InputError as error:
        return path, None, str(error)
    except OSError as error:
        return path, None, error.strerror or str(error)
    except Exception as error:  # one broken file must not end a night's work
        return path, None, f"cannot be analysed ({type(error).__name__}: {str(error)[:80]})"
    row |= {"path": str(path), "file_bytes": size, "file_time": changed}
    digest = hashlib.sha1(os.fsencode(path), usedforsecurity=False)
    row["track_id"] = f"file-{digest.hexdigest()[:16]}"
    return path, row, ""


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0  # the reason comes when it is read
    return about.st_size, about.st_mtime_ns


def read_tags(path: Path) -> dict[str, str | None]:
    """Return what the tags of a file say, by our column names.

    Without a title the file's own name stands for it, split at ``" - "`` into artist and title.
    """
    import mutagen

    try:
        tags = mutagen.File(path, easy=True) or {}
    except (mutagen.MutagenError, OSError, ValueError, KeyError, IndexError):
        tags = {}
    told = {ours: _first(tags, theirs) for ours, theirs in TAGS.items()}
    if told["name"] is None:
        artist, dash, title = printable(Path(path.stem)).partition(" - ")
        told["name"] = title if dash else artist
        told["artist"] = told["artist"] or (artist if dash else None)
    told["artist"] = told["artist"] or UNKNOWN_ARTIST
    return told


def _first(tags: Any, keys: tuple[str, ...]) -> str | None:
    values: Any = []
    for key in keys:
        with suppress(KeyError, ValueError):
            values = values or tags.get(key) or []
    several = values if isinstance(values, list) else [values]
    # Tags in a wrong encoding hold what is no text, and some end in a zero byte.
    texts = (str(value).encode("utf-8", "replace").decode("utf-8") for value in several)
    clean = (" ".join(text.replace("\0", " ").split()) for text in texts)
    return ";".join(text for text in clean if text) or None


def _known_rows(out: Path) -> dict[str, dict[Any, Any]]:
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
