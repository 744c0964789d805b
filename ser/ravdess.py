"""RAVDESS: acted emotional speech and song by 24 actors. A folder flows in, `Clip`s flow out.

The parts are those of a mirdata loader: citation, remotes with checksums, licence, an index, one
frozen class per clip, and `validate`. A clip's file name says everything about it, as in
``03-01-06-01-02-01-12.wav``: modality, channel, emotion, intensity, statement, repetition, actor.
Two sentences are spoken, and sung, twice each at two intensities; neutral has one intensity only,
song has neither disgust nor surprised, and actor 18 recorded no song.
"""

import hashlib
import itertools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import soundfile
from tqdm import tqdm

from ser.download import Remote, unpack
from ser.download import download as fetch
from ser.emotions import EMOTION_NAMES, EMOTIONS, Emotion
from ser.errors import InputError

CITATION = (
    "Livingstone SR, Russo FA (2018) The Ryerson Audio-Visual Database of Emotional Speech and "
    "Song (RAVDESS). PLoS ONE 13(5): e0196391. https://doi.org/10.1371/journal.pone.0196391"
)
LICENCE = "CC BY-NC-SA 4.0 (non-commercial, share alike): what is trained on it must say so"

# The song archive can join once its publisher's checksum is known; the key is the channel.
REMOTES: Mapping[str, Remote] = {
    "speech": Remote(
        filename="Audio_Speech_Actors_01-24.zip",
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
        md5="bc696df654c87fed845eb13823edef8a",
    ),
}
URL_VARIABLE = "EMOTIFY_RAVDESS_URL"  # environment: a mirror of the archive

MODALITIES = ("audio-video", "video", "audio")
CHANNELS = ("speech", "song")
INTENSITIES = ("normal", "strong")
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
ACTORS = range(1, 25)
ACTOR_WITHOUT_SONG = 18
SONG_EMOTIONS = EMOTION_NAMES[:6]

SUFFIXES = (".wav", ".flac", ".opus")  # the first is taken where a clip is there in several
FOLDER_DEPTH = 3  # enough for Audio_Speech_Actors_01-24/Actor_01 one folder deeper
SHORTEST_SECONDS = 2.0  # the shortest clip lasts 2.94 s: anything below was cut off

# (name of the field, largest code); every code starts at 01
_FIELDS = (
    ("modality", len(MODALITIES)),
    ("channel", len(CHANNELS)),
    ("emotion", len(EMOTIONS)),
    ("intensity", len(INTENSITIES)),
    ("statement", len(STATEMENTS)),
    ("repetition", 2),
    ("actor", len(ACTORS)),
)
_CLIP_SHAPE = re.compile(r"\d+(-\d+){6}")


@dataclass(frozen=True)
class Clip:
    """One take of one actor, read from its file name.

    Attributes
    ----------
    path
        Where the recording is.
    modality
        ``"audio"`` for every clip of the corpus that this project uses.
    channel
        ``"speech"`` or ``"song"``.
    emotion
        What the actor was asked to express.
    intensity
        ``"normal"`` or ``"strong"``.
    statement, statement_number
        The sentence, and 1 or 2.
    repetition
        1 or 2.
    actor
        1-24; odd numbers are men, even numbers are women.
    """

    path: Path
    modality: str
    channel: str
    emotion: Emotion
    intensity: str
    statement_number: int
    repetition: int
    actor: int

    @classmethod
    def from_path(cls, path: str | Path) -> "Clip":
        """Read a clip's name; the file itself is not opened.

        Raises
        ------
        InputError
            If the name is not one of RAVDESS; the message names the wrong part.
        """
        path = Path(path)
        parts = path.stem.split("-")
        if len(parts) != len(_FIELDS):
            raise _wrong_name(path, f"it has {len(parts)} parts")
        for part, (name, largest) in zip(parts, _FIELDS, strict=True):
            if not re.fullmatch(r"[0-9]{2}", part) or not 1 <= int(part) <= largest:
                raise _wrong_name(path, f"{name} is {part!r}, not 01-{largest:02d}")
        modality, channel, emotion, intensity, statement, repetition, actor = map(int, parts)
        clip = cls(
            path=path,
            modality=MODALITIES[modality - 1],
            channel=CHANNELS[channel - 1],
            emotion=EMOTIONS[emotion - 1],
            intensity=INTENSITIES[intensity - 1],
            statement_number=statement,
            repetition=repetition,
            actor=actor,
        )
        if clip.emotion.name == "neutral" and clip.intensity == "strong":
            raise _wrong_name(path, "neutral has no strong intensity")
        if clip.channel == "song" and clip.emotion.name not in SONG_EMOTIONS:
            raise _wrong_name(path, f"song has no {clip.emotion.name} takes")
        if clip.channel == "song" and clip.actor == ACTOR_WITHOUT_SONG:
            raise _wrong_name(path, f"actor {ACTOR_WITHOUT_SONG} recorded no song")
        return clip

    @property
    def clip_id(self) -> str:
        """The file name without its suffix, the same in every copy of the corpus."""
        return self.path.stem

    @property
    def statement(self) -> str:
        """The sentence that is spoken or sung."""
        return STATEMENTS[self.statement_number - 1]

    @property
    def sex(self) -> str:
        """``"male"`` or ``"female"``."""
        return "male" if self.actor % 2 else "female"


def _wrong_name(path: Path, problem: str) -> InputError:
    return InputError(
        f"{path.name} is not a RAVDESS name: {problem}; a name is modality-channel-emotion-"
        "intensity-statement-repetition-actor, such as 03-01-06-01-02-01-12.wav"
    )


def expected_clip_ids(channel: str = "speech") -> tuple[str, ...]:
    """Return the names that the corpus holds, sorted: 1440 for speech, 1012 for song.

    Raises
    ------
    InputError
        If `channel` is neither ``"speech"`` nor ``"song"``.
    """
    if channel not in CHANNELS:
        raise InputError(f"unknown channel {channel!r}; choose one of: {', '.join(CHANNELS)}")
    sung = channel == "song"
    grid = itertools.product(
        (MODALITIES.index("audio") + 1,),
        (CHANNELS.index(channel) + 1,),
        range(1, len(SONG_EMOTIONS if sung else EMOTIONS) + 1),
        (1, 2),
        (1, 2),
        (1, 2),
        ACTORS,
    )
    return tuple(
        "-".join(f"{code:02d}" for code in codes)
        for codes in grid
        if not (codes[2] == 1 and codes[3] == 2) and not (sung and codes[6] == ACTOR_WITHOUT_SONG)
    )


def index_clips(folder: str | Path) -> tuple[Clip, ...]:
    """Return the clips below `folder`, each once, by channel, actor and name.

    Any usual layout will do: ``Actor_01/...``, the same one or two folders deeper, or all files in
    one folder; WAV, FLAC or Opus. Files that are not RAVDESS clips are passed over. A clip that is
    there twice, as in Kaggle's archive, is taken from the place nearest to `folder`.

    Raises
    ------
    InputError
        If `folder` is not a folder or holds no clip.
    """
    return _index(folder, _sound_files(folder))


def _index(folder: str | Path, files: Iterable[Path]) -> tuple[Clip, ...]:
    clips: dict[str, Clip] = {}
    for path in files:
        try:
            clip = Clip.from_path(path)
        except InputError:
            continue
        if clip.modality == "audio":
            clips.setdefault(clip.clip_id, clip)
    if not clips:
        raise InputError(f"{folder} holds no RAVDESS clip; {_how_to_get(folder)}")
    order = sorted(clips.values(), key=lambda c: (CHANNELS.index(c.channel), c.actor, c.clip_id))
    return tuple(order)


def _how_to_get(folder: str | Path) -> str:
    return f"fetch the corpus with: emotify ravdess download {folder}"


def _sound_files(folder: str | Path) -> list[Path]:
    """List sound files, those nearest to `folder` first; hidden ones are macOS's shadows."""
    folder = Path(folder)
    if not folder.exists():
        raise InputError(f"there is no folder {folder}; {_how_to_get(folder)}")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the folder with Actor_01 to Actor_24 in it")
    try:
        found = [path for path in _walk(folder, FOLDER_DEPTH) if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise InputError(f"cannot list {error.filename}: {error.strerror}") from error
    return sorted(found, key=lambda p: (len(p.parts), SUFFIXES.index(p.suffix.lower()), str(p)))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    # The depth ends loops of links, and a home folder given by mistake.
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            yield entry
        elif depth:
            yield from _walk(entry, depth - 1)


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
    """

    folder: Path
    channels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    missing: tuple[str, ...] = ()
    invalid: Mapping[Path, str] = field(default_factory=dict)
    duplicates: tuple[tuple[Path, ...], ...] = ()
    identical: tuple[tuple[str, ...], ...] = ()

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
        if self.ok:
            lines.append("complete")
        else:
            first = "delete the invalid files and " if self.invalid else ""
            lines.append(f"NOT complete; {first}{_how_to_get(self.folder)}")
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
    files = _sound_files(folder)
    clips = _index(folder, files)
    present = {clip.channel for clip in clips}
    wanted = tuple(channels or (channel for channel in CHANNELS if channel in present))
    expected = [clip_id for channel in wanted for clip_id in expected_clip_ids(channel)]
    clips = tuple(clip for clip in clips if clip.channel in wanted)

    invalid = {path: why for path in files if (why := _name_problem(path))}
    takes = defaultdict(list)
    for clip in tqdm(clips, desc="validating", unit="clip", disable=not progress):
        try:
            takes[_fingerprint(clip.path)].append(clip.clip_id)
        except InputError as error:
            invalid[clip.path] = str(error)

    places: dict[str, list[Path]] = {clip.clip_id: [] for clip in clips}
    for path in files:
        if path.stem in places:
            places[path.stem].append(path)
    return ValidationReport(
        folder=Path(folder),
        channels=wanted,
        counts={channel: _count_emotions(clips, channel) for channel in wanted},
        missing=tuple(clip_id for clip_id in expected if clip_id not in places),
        invalid=invalid,
        duplicates=tuple(tuple(paths) for paths in places.values() if len(paths) > 1),
        identical=tuple(tuple(ids) for ids in takes.values() if len(ids) > 1),
    )


def _count_emotions(clips: Iterable[Clip], channel: str) -> dict[str, int]:
    counts = Counter(clip.emotion.name for clip in clips if clip.channel == channel)
    return {name: counts[name] for name in EMOTION_NAMES if counts[name]}


def _name_problem(path: Path) -> str | None:
    """Say what is wrong with a name that looks like RAVDESS; other names are not our business."""
    if not _CLIP_SHAPE.fullmatch(path.stem):
        return None
    try:
        modality = Clip.from_path(path).modality
    except InputError as error:
        return str(error)
    return None if modality == "audio" else "its modality is not 03, audio only"


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


def download(
    folder: str | Path,
    *,
    channel: str = "speech",
    url: str | None = None,
    keep_archive: bool = False,
    progress: bool = True,
) -> ValidationReport:
    """Fetch the corpus into `folder`, unpack it, and return what `validate` says of it.

    Nothing is fetched where the corpus is already complete. An interrupted call goes on where it
    stopped. The archive is deleted once its clips are there and valid, as it would only take room;
    one that was put into `folder` by hand is used instead of the network.

    Parameters
    ----------
    folder
        Where ``Actor_01`` to ``Actor_24`` go; made if it does not exist.
    channel
        Which archive; only that of speech has a known checksum.
    url
        A mirror of the archive; else the one in the environment's ``EMOTIFY_RAVDESS_URL``, else
        Zenodo's. The checksum is the same for all.
    keep_archive
        Whether to leave the zip file in `folder`.
    progress
        Whether to show progress bars on standard error.

    Raises
    ------
    InputError
        If `channel` has no archive, or the clips are not complete after unpacking.
    DownloadError
        If the archive cannot be fetched or unpacked; it is an `InputError` too.
    """
    if channel not in REMOTES:
        raise InputError(
            f"there is no archive for {channel!r}; choose one of: {', '.join(REMOTES)}"
        )
    complete = _complete(folder, channel, progress)
    if complete:
        return complete
    address = url or os.environ.get(URL_VARIABLE)
    archive = fetch(REMOTES[channel], folder, url=address, progress=progress)
    unpack(archive, folder, progress=progress)
    report = validate(folder, channels=[channel], progress=progress)
    if not report.ok:
        raise InputError(f"all of {archive} is unpacked, and yet:\n{report.summary()}")
    if not keep_archive:
        archive.unlink()
    return report


def _complete(folder: str | Path, channel: str, progress: bool) -> ValidationReport | None:
    if Path(folder).is_file():
        raise InputError(f"{folder} is a file; give a folder to put the corpus into")
    try:
        report = validate(folder, channels=[channel], progress=progress)
    except InputError:
        return None  # nothing there yet
    return report if report.ok else None
