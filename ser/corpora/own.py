"""Anybody's labelled folders as one corpus to train on: folders and tables flow in, clips out.

Each folder is a corpus of its own and goes by its name. What cannot be used is left out and told,
with its reason, before anything is computed. A speaker is somebody within a corpus; the name alone
says who must stay on one side of a split (`ser.evaluation.folds`).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib

from emotions.labels import emotion_named
from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.text import one_line, printable
from ser.corpora.clips import CorpusClip, SpokenClip
from ser.corpora.labelled_folders import (
    UNREADABLE,
    LabelledFile,
    LeftOut,
    read_labels,
    summary_of,
)
from ser.settings import FeatureSettings
from ser.sound.audio import Recording
from ser.sound.windows import trimmed

DIGEST_LENGTH = 16  # hexadecimal digits; enough to tell one selection of clips from another


@dataclass(frozen=True)
class OwnCorpora:
    """What some folders and tables hold.

    Attributes
    ----------
    clips
        To train on, by corpus and path.
    left_out
        By corpus: the rows that are not, with their reasons.
    n_rows
        By corpus: rows of its table.
    """

    clips: tuple[CorpusClip, ...]
    left_out: Mapping[str, tuple[LeftOut, ...]]
    n_rows: Mapping[str, int]

    def summaries(self) -> list[str]:
        """Say what was left out of each corpus, a line each; nothing where nothing was."""
        return [
            f"{corpus}: {summary_of(rows, self.n_rows[corpus])}"
            for corpus, rows in self.left_out.items()
            if rows
        ]


def read_corpora(
    sources: Sequence[tuple[Path, Path]],
    *,
    taken: Sequence[str] = (),
    settings: FeatureSettings | None = None,
) -> OwnCorpora:
    """Read folders with their tables of labels, and try every recording.

    Parameters
    ----------
    sources
        Folder and table of each corpus; see `ser.corpora.labelled_folders.read_labels`.
    taken
        Names of corpora that are there besides; a folder called so gets a number.
    settings
        By what rate and window a recording must be readable; the usual ones by default.

    Raises
    ------
    InputError
        If a folder or table cannot be used, a table does not say who speaks, a folder is given
        twice, or a recording is in two of them.
    """
    names = _names([folder for folder, _ in sources], taken)
    clips: list[CorpusClip] = []
    left_out: dict[str, tuple[LeftOut, ...]] = {}
    n_rows: dict[str, int] = {}
    for name, (folder, labels) in zip(names, sources, strict=True):
        table = read_labels(labels, folder)
        if not table.has_speakers:
            raise InputError(
                f"{printable(labels)}: has no column speaker; whether a model hears an emotion or "
                "knows a voice can only be told by people it has not heard: name in the column "
                "speaker who speaks in each recording"
            )
        good, refused = _readable(table.files, settings or FeatureSettings(), name)
        clips += [_clip(name, folder, file) for file in good]
        rows = sorted((*table.left_out, *refused), key=lambda row: row.line)
        left_out[name], n_rows[name] = tuple(rows), table.n_rows
    _refuse_shared(clips)
    return OwnCorpora(tuple(clips), left_out, n_rows)


def digest_of(clips: Sequence[SpokenClip]) -> str:
    """Return what tells these clips from others: their names, speakers, emotions and bytes."""
    digest = hashlib.sha256()
    for clip in sorted(clips, key=lambda clip: clip.clip_id):
        words = (clip.clip_id, clip.speaker, clip.emotion.name)
        digest.update("\0".join(words).encode("utf-8", "surrogateescape"))
        digest.update(hashlib.sha256(clip.path.read_bytes()).digest())
    return digest.hexdigest()[:DIGEST_LENGTH]


def _names(folders: Sequence[Path], taken: Sequence[str]) -> list[str]:
    names: list[str] = []
    for number, folder in enumerate(folders):
        if any(folder.resolve() == other.resolve() for other in folders[:number]):
            raise InputError(
                f"{printable(folder)} is given twice; put the rows of its tables into one CSV"
            )
        plain = one_line(printable(folder.resolve().name)) or "corpus"
        name, count = plain, 1
        while name in (*names, *taken):
            count += 1
            name = f"{plain} {count}"
        names.append(name)
    return names


def _readable(
    files: Sequence[LabelledFile], settings: FeatureSettings, title: str
) -> tuple[list[LabelledFile], list[LeftOut]]:
    def tried(file: LabelledFile) -> LeftOut | None:
        try:
            trimmed(Recording(file.path), settings)
        except InputError as error:
            return LeftOut(file.line, UNREADABLE, str(error))
        return None

    # Decoding and voice activity run outside Python's lock.
    run = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    answers = run(joblib.delayed(tried)(file) for file in files)
    shown = progress_bar(answers, title, len(files), unit="clip", delay=1)
    good, refused = [], []
    for file, answer in zip(files, shown, strict=True):
        if answer is None:
            good.append(file)
        else:
            refused.append(answer)
    return good, refused


def _clip(corpus: str, folder: Path, file: LabelledFile) -> CorpusClip:
    inside = file.path.is_relative_to(folder)
    name = file.path.relative_to(folder) if inside else file.path
    return CorpusClip(
        path=file.path,
        clip_id=f"{corpus}/{one_line(printable(name.as_posix()))}",
        speaker=f"{corpus}/{one_line(file.speaker or '')}",
        emotion=emotion_named(file.emotion),
        corpus=corpus,
    )


def _refuse_shared(clips: Sequence[CorpusClip]) -> None:
    """Refuse a recording that lies in two of the folders, one inside the other."""
    counts = Counter(clip.path.resolve() for clip in clips)
    shared = [path for path, count in counts.items() if count > 1]
    if shared:
        raise InputError(
            f"{printable(shared[0])} is listed in two tables"
            f"{f', and {len(shared) - 1} more' if len(shared) > 1 else ''}; a recording belongs to "
            "one corpus: leave it out of the other table"
        )
