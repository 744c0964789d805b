"""Read a table that says which emotion is meant in which recording, as people really write them.

A CSV with the columns ``file`` and ``emotion`` flows in, and ``speaker`` where it is known;
`LabelTable` flows out: the recordings to judge, and every row that was left out, with the reason.
Commas, semicolons or tabs, a byte-order mark, Excel's encodings, capitals and blanks, backslashes,
names without a suffix and emotions as corpora call them (`ser.corpora.emotion_words`) are all
understood.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import InputError
from foundation.text import printable
from ser.corpora.emotion_words import EmotionWords

# Where a table names no suffix, the first that is there is taken.
SOUND_SUFFIXES = (
    *(".wav", ".flac", ".aiff", ".aif", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".webm", ".3gp"),
    *(".amr", ".wma", ".mp4", ".mov", ".mkv"),
)
DELIMITERS = ",;\t"
NEEDED_COLUMNS = ("file", "emotion")
N_NAMED = 5  # rows that a summary names of each kind; JSON has them all

OTHER_EMOTION = "emotion is none of the eight"
UNCLEAR_CODE = "emotion is a code that corpora read differently: write the word"
NO_FILE_NAME = "no file name"
NO_SUCH_FILE = "no such file"
NO_SPEAKER = "no speaker"
LISTED_AGAIN = "listed more than once"
CONTRADICTION = "labelled in different ways"
UNREADABLE = "cannot be judged"


@dataclass(frozen=True)
class LabelledFile:
    """A recording and what is meant in it.

    Attributes
    ----------
    path
        Where it is.
    emotion
        One of `emotions.labels.EMOTION_NAMES`.
    speaker
        Who speaks; None where the table has no such column.
    line
        Line of the table.
    """

    path: Path
    emotion: str
    speaker: str | None
    line: int


@dataclass(frozen=True)
class LeftOut:
    """A row that is not judged.

    Attributes
    ----------
    line
        Line of the table, from 1, the header included.
    reason
        One of the kinds named above.
    what
        What the row says: a file's name or an emotion's.
    """

    line: int
    reason: str
    what: str


@dataclass(frozen=True)
class LabelTable:
    """What a table says.

    Attributes
    ----------
    files
        Recordings to judge, by path, so that the order of the rows cannot matter.
    left_out
        The other rows, in order.
    n_rows
        Number of rows, without header and empty lines.
    has_speakers
        Whether there is a column ``speaker``.
    """

    files: tuple[LabelledFile, ...]
    left_out: tuple[LeftOut, ...]
    n_rows: int
    has_speakers: bool


def summary_of(left_out: Sequence[LeftOut], n_rows: int) -> str:
    """Say in one line how many rows were left out, why, and the first of each kind by name."""
    kinds = []
    for reason, count in Counter(row.reason for row in left_out).most_common():
        names = list(dict.fromkeys(row.what for row in left_out if row.reason == reason))
        shown = ", ".join(name or "empty" for name in names[:N_NAMED])
        more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
        kinds.append(f"{count} {reason} ({shown}{more})")
    return f"{len(left_out)} of {n_rows} rows left out: {'; '.join(kinds)}"


def read_labels(table: Path, folder: Path) -> LabelTable:
    """Read a table of labels.

    Parameters
    ----------
    table
        The CSV.
    folder
        Where names that are not absolute begin.

    Raises
    ------
    InputError
        If table or folder is missing, the table is no CSV, lacks a column, or has no row.
    """
    if not folder.is_dir():
        raise InputError(f"{printable(folder)}: no such folder; give the one with the recordings")
    header, rows = _rows(table)
    column = {name: header.index(name) for name in (*NEEDED_COLUMNS, "speaker") if name in header}
    finder = _Finder(folder)
    found: dict[Path, list[LabelledFile]] = {}
    left_out: list[LeftOut] = []
    told = [
        tuple(
            cells[column[name]].strip() if column.get(name, len(cells)) < len(cells) else ""
            for name in (*NEEDED_COLUMNS, "speaker")
        )
        for _, cells in rows
    ]
    words = EmotionWords(label for _, label, _ in told)
    for (line, _), (file, label, speaker) in zip(rows, told, strict=True):
        path = finder.find(file) if file else None
        emotion = words.emotion(label)
        if emotion is None:
            reason = UNCLEAR_CODE if words.is_unclear(label) else OTHER_EMOTION
            left_out.append(LeftOut(line, reason, label))
        elif not file:
            left_out.append(LeftOut(line, NO_FILE_NAME, f"line {line}"))
        elif "speaker" in column and not speaker:
            left_out.append(LeftOut(line, NO_SPEAKER, file))
        elif path is None:
            left_out.append(LeftOut(line, NO_SUCH_FILE, file))
        else:
            entry = LabelledFile(path, emotion, speaker or None, line)
            found.setdefault(path.resolve(), []).append(entry)
    files = []
    for entries in found.values():
        first, *others = entries
        if len({(entry.emotion, entry.speaker) for entry in entries}) == 1:
            files.append(first)
            left_out += [LeftOut(e.line, LISTED_AGAIN, e.path.name) for e in others]
        else:
            left_out += [LeftOut(e.line, CONTRADICTION, e.path.name) for e in entries]
    return LabelTable(
        tuple(sorted(files, key=lambda entry: entry.path)),
        tuple(sorted(left_out, key=lambda row: row.line)),
        len(rows),
        "speaker" in column,
    )


def _rows(table: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and each row with its line."""
    name = printable(table)
    advice = "give a CSV with the columns file and emotion, and speaker where it is known"
    try:
        text = _decoded(table.read_bytes())
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); {advice}") from error
    if not text.strip():
        raise InputError(f"{name}: is empty; {advice}")
    if "\0" in text:
        raise InputError(f"{name}: is not a CSV; save the table as CSV, then {advice}")
    best: tuple[list[str], list[tuple[int, list[str]]]] = ([], [])
    try:
        for delimiter in DELIMITERS:
            rows = list(_lines(text, delimiter))
            header = [cell.strip().lower() for cell in rows[0][1]]
            if len(header) > len(best[0]):
                best = header, rows[1:]
    except csv.Error as error:
        raise InputError(f"{name}: is not a CSV ({error}); {advice}") from error
    header, rows = best
    missing = [column for column in NEEDED_COLUMNS if column not in header]
    if missing:
        raise InputError(
            f"{name}: has no column {' and no column '.join(missing)}; its columns are "
            f"{', '.join(header[:20])}; {advice}"
        )
    if not rows:
        raise InputError(f"{name}: has no row under its header; {advice}")
    return header, rows


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls Unicode text
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # Excel's CSV in western Europe


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


class _Finder:
    """Finds files by the names that tables give them; lists each folder once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listings: dict[Path, dict[str, Path]] = {}

    def find(self, name: str) -> Path | None:
        for spelling in dict.fromkeys((name, name.replace("\\", "/"))):
            path = self.folder / spelling
            try:
                if path.is_file():
                    return path
            except OSError:  # too long for a name
                continue
            without_suffix = self._listing(path.parent).get(path.name)
            if without_suffix is not None:
                return without_suffix
        return None

    def _listing(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listings:
            try:
                files = [p for p in folder.iterdir() if p.suffix.lower() in SOUND_SUFFIXES]
            except (OSError, ValueError):
                files = []
            files.sort(key=lambda p: SOUND_SUFFIXES.index(p.suffix.lower()), reverse=True)
            self._listings[folder] = {path.stem: path for path in files}  # the first suffix wins
        return self._listings[folder]
