"""Is a copy of RAVDESS whole? A folder flows in, a `ValidationReport` flows out.

Every clip is read to its end: a name says nothing of a file that was cut off, is silent, or holds
the samples of another take.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import soundfile

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.progress import progress_bar
from ser.corpora.ravdess import (
    CHANNELS,
    Clip,
    expected_clip_ids,
    how_to_get,
    index_of,
    named_clip,
    sound_files,
    take_name,
)

SHORTEST_SECONDS = 2.0  # the shortest clip lasts 2.94 s: anything below was cut off
_CLIP_SHAPE = re.compile(r"\d+(-\d+){6}")


@dataclass(frozen=True)
class ValidationReport:
    """What `validate` found.

    Attributes
    ----------
    folder
        What was looked at.
    channels
        ``"speech"``, ``"song"`` or both: what `missing` refers to.
    counts
        Number of clips for each channel and emotion.
    missing
        Clip ids that the corpus has and the folder has not.
    invalid
        Why a file cannot be used, for each such file.
    duplicates
        Files of one clip id, where there are several.
    identical
        Clip ids whose samples are the same. The corpus itself has one such pair, of actor 7.
    others
        Sound files with names of something else; they do no harm.
    """

    folder: Path
    channels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    missing: tuple[str, ...] = ()
    invalid: Mapping[Path, str] = field(default_factory=dict)
    duplicates: tuple[tuple[Path, ...], ...] = ()
    identical: tuple[tuple[str, ...], ...] = ()
    others: tuple[Path, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every clip is there and can be read; duplicates do no harm."""
        return not self.missing and not self.invalid

    def summary(self) -> str:
        """Return the report as text, a few lines long."""
        lines = []
        for channel in self.channels:
            by_emotion = self.counts[channel]
            lines.append(f"{self.folder}: {sum(by_emotion.values())} {channel} clips")
            lines.append("  " + ", ".join(f"{name} {n}" for name, n in by_emotion.items()))
        lines += _listing("missing", self.missing)
        lines += _listing("invalid", [f"{path}: {why}" for path, why in self.invalid.items()])
        lines += _listing(
            "there more than once", [" = ".join(map(str, paths)) for paths in self.duplicates]
        )
        lines += _listing("identical takes", [" = ".join(ids) for ids in self.identical])
        lines += _listing("passed over, names of something else", list(map(str, self.others)))
        if self.ok:
            lines.append("complete")
        else:
            first = "delete the invalid files and " if self.invalid else ""
            lines.append(f"NOT complete; {first}{how_to_get(self.folder)}")
        return "\n".join(lines)


def _listing(title: str, entries: Sequence[str], shown: int = 5) -> list[str]:
    if not entries:
        return []
    more = [f"    and {len(entries) - shown} more"] if len(entries) > shown else []
    return [f"  {title}: {len(entries)}", *(f"    {entry}" for entry in entries[:shown]), *more]


def validate(
    folder: str | Path, *, channels: Sequence[str] | None = None, progress: bool = False
) -> ValidationReport:
    """Read every clip below `folder` and say which are missing, broken or there twice.

    Parameters
    ----------
    folder
        As for `index_clips`.
    channels
        What ought to be there; by default the channels of which something is.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        If `folder` is not a folder or holds no clip, or a channel does not exist.
    """
    files = sound_files(folder)
    clips = index_of(folder, files)
    present = {clip.channel for clip in clips}
    wanted = tuple(channels or (channel for channel in CHANNELS if channel in present))
    expected = [clip_id for channel in wanted for clip_id in expected_clip_ids(channel)]
    clips = tuple(clip for clip in clips if clip.channel in wanted)

    modalities = {clip.modality for clip in clips}
    invalid = {path: why for path in files if (why := _name_problem(path, modalities))}
    takes = defaultdict(list)
    for clip in progress_bar(clips, "validating", unit="clip", show=progress):
        try:
            takes[_fingerprint(clip.path)].append(clip.clip_id)
        except InputError as error:
            invalid[clip.path] = str(error)

    places: dict[str, list[Path]] = {clip.clip_id: [] for clip in clips}
    others: list[Path] = []
    for path in files:
        named = named_clip(path)
        if named is None and path not in invalid:
            others.append(path)
        elif named is not None and named.modality in modalities and named.clip_id in places:
            places[named.clip_id].append(path)
    return ValidationReport(
        folder=Path(folder),
        channels=wanted,
        counts={channel: _count_emotions(clips, channel) for channel in wanted},
        missing=tuple(clip_id for clip_id in expected if clip_id not in places),
        invalid=invalid,
        duplicates=tuple(tuple(paths) for paths in places.values() if len(paths) > 1),
        identical=tuple(tuple(ids) for ids in takes.values() if len(ids) > 1),
        others=tuple(others),
    )


def _count_emotions(clips: Iterable[Clip], channel: str) -> dict[str, int]:
    counts = Counter(clip.emotion.name for clip in clips if clip.channel == channel)
    return {name: counts[name] for name in EMOTION_NAMES if counts[name]}


def _name_problem(path: Path, modalities: Collection[str]) -> str | None:
    """Say what is wrong with a name that looks like RAVDESS; other names are not our business."""
    name = take_name(path)
    if not _CLIP_SHAPE.fullmatch(name):
        return None
    try:
        modality = Clip.from_path(path, name=name).modality
    except InputError as error:
        return str(error)
    if modality in modalities:
        return None
    if modality == "video":
        return "its modality is 02, a video without sound"
    return "its modality is 01, of the videos, beside clips of modality 03, audio only"


def _fingerprint(path: Path) -> bytes:
    """Return a digest of the samples, so that the same take is known in any container."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise InputError("cannot be read as sound") from error
    if len(samples) < SHORTEST_SECONDS * rate_hz:
        raise InputError(f"holds only {len(samples) / rate_hz:.2f} s")
    if not samples.any():
        raise InputError("is silent throughout")
    # Stereo files of the corpus have the same sound twice: the first channel stands for both.
    return hashlib.sha256(samples[:, 0].tobytes() + b"%d" % rate_hz).digest()
