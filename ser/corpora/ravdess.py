"""RAVDESS: acted emotional speech and song by 24 actors. A folder flows in, `Clip`s flow out.

The parts are those of a mirdata loader: citation, licence, an index and one frozen class per clip
here, the check of a whole copy in `ser.corpora.ravdess_validation`, remotes with checksums in
`ser.corpora.ravdess_download`. A clip's file name says everything about it, as in
``03-01-06-01-02-01-12.wav``: modality, channel, emotion, intensity, statement, repetition, actor.
Two sentences are spoken, and sung, twice each at two intensities; neutral has one intensity only,
song has neither disgust nor surprised, and actor 18 recorded no song.
"""

import itertools
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emotions.labels import EMOTION_NAMES, EMOTIONS, Emotion
from foundation.errors import InputError
from foundation.text import as_word, printable

CORPUS = "RAVDESS"
CITATION = (
    "Livingstone SR, Russo FA (2018) The Ryerson Audio-Visual Database of Emotional Speech and "
    "Song (RAVDESS). PLoS ONE 13(5): e0196391. https://doi.org/10.1371/journal.pone.0196391"
)
LICENCE = "CC BY-NC-SA 4.0 (non-commercial, share alike): what is trained on it must say so"

MODALITIES = ("audio-video", "video", "audio")
CHANNELS = ("speech", "song")
INTENSITIES = ("normal", "strong")
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
ACTORS = range(1, 25)
ACTOR_WITHOUT_SONG = 18
SONG_EMOTIONS = EMOTION_NAMES[:6]

SUFFIXES = (".wav", ".flac", ".opus")  # the first is taken where a clip is there in several
FOLDER_DEPTH = 8  # enough for Audio_Speech_Actors_01-24/Actor_01 six folders deeper
MOST_FOLDERS = 5000  # the corpus has 50 at most; a home folder given by mistake has more
# What systems add to the name of a second copy: "x (1)", "x - Copy (2)", "x copy 3".
_COPY = re.compile(r"( ?\([0-9]+\)| - Copy( \([0-9]+\))?| copy( [0-9]+)?)+", re.IGNORECASE)
_ID_LENGTH = len("03-01-06-01-02-01-12")

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


@dataclass(frozen=True)
class Clip:
    """One take of one actor, read from its file name.

    Attributes
    ----------
    path
        Where the recording is.
    modality
        ``"audio"`` for every clip of the audio archives; ``"audio-video"`` where the sound was
        taken from the videos.
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
    def from_path(cls, path: str | Path, *, name: str | None = None) -> "Clip":
        """Read a clip's name; the file itself is not opened.

        Parameters
        ----------
        path
            Where the recording is.
        name
            What to read; None for the file's name without its suffix.

        Raises
        ------
        InputError
            If the name is not one of RAVDESS; the message names the wrong part.
        """
        path = Path(path)
        parts = (path.stem if name is None else name).split("-")
        if len(parts) != len(_FIELDS):
            raise _wrong_name(path, f"it has {len(parts)} parts")
        for part, (field, largest) in zip(parts, _FIELDS, strict=True):
            if not re.fullmatch(r"[0-9]{2}", part) or not 1 <= int(part) <= largest:
                raise _wrong_name(path, f"{field} is {part!r}, not 01-{largest:02d}")
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
        """The name in the audio archive without its suffix, the same in every copy."""
        codes = (
            MODALITIES.index("audio") + 1,
            CHANNELS.index(self.channel) + 1,
            self.emotion.code,
            INTENSITIES.index(self.intensity) + 1,
            self.statement_number,
            self.repetition,
            self.actor,
        )
        return _joined(codes)

    @property
    def corpus(self) -> str:
        """Name of the corpus, the same for speech and song."""
        return CORPUS

    @property
    def speaker(self) -> str:
        """Who speaks, as `ser.corpora.clips` names people, such as ``"RAVDESS/07"``."""
        return f"{CORPUS}/{self.actor:02d}"

    @property
    def statement(self) -> str:
        """The sentence that is spoken or sung."""
        return STATEMENTS[self.statement_number - 1]

    @property
    def sex(self) -> str:
        """``"male"`` or ``"female"``."""
        return "male" if self.actor % 2 else "female"


def _joined(codes: Iterable[int]) -> str:
    return "-".join(f"{code:02d}" for code in codes)


def _wrong_name(path: Path, problem: str) -> InputError:
    return InputError(
        f"{printable(path.name)} is not a RAVDESS name: {problem}; a name is modality-channel-"
        "emotion-intensity-statement-repetition-actor, such as 03-01-06-01-02-01-12.wav"
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
        _joined(codes)
        for codes in grid
        if not (codes[2] == 1 and codes[3] == 2) and not (sung and codes[6] == ACTOR_WITHOUT_SONG)
    )


def index_clips(folder: str | Path) -> tuple[Clip, ...]:
    """Return the clips below `folder`, each once, by channel, actor and name.

    Any usual layout will do: ``Actor_01/...``, the same several folders deeper, or all files in one
    folder; WAV, FLAC or Opus. A clip that is there twice, as in Kaggle's archive, is taken from the
    place nearest to `folder`; one of which there is only a copy, ``03-01-...-12 (1).wav``, is taken
    from that. Where every name begins with 01, as the videos' do, the sound was taken from them,
    and is the clip. Other files are passed over; `passed_over` says which.

    Raises
    ------
    InputError
        If `folder` is not a folder or holds no clip.
    """
    return index_of(folder, sound_files(folder))


def index_of(folder: str | Path, files: Collection[Path]) -> tuple[Clip, ...]:
    """Return the clips among `files`, as `index_clips` does; `folder` is for the message."""
    named = [clip for path in files if (clip := named_clip(path)) is not None]
    taken = next(
        (m for m in ("audio", "audio-video") if any(clip.modality == m for clip in named)), None
    )
    clips: dict[str, Clip] = {}
    # A name as the corpus has it goes before that of a copy.
    for clip in sorted(named, key=lambda clip: len(clip.path.stem) > _ID_LENGTH):
        if clip.modality == taken:
            clips.setdefault(clip.clip_id, clip)
    if not clips:
        others = f" among {len(files):,} sound files, such as {files_named(files)}" if files else ""
        raise InputError(f"{printable(folder)} holds no RAVDESS clip{others}; {how_to_get(folder)}")
    order = sorted(clips.values(), key=lambda c: (CHANNELS.index(c.channel), c.actor, c.clip_id))
    return tuple(order)


def named_clip(path: Path) -> Clip | None:
    """Return what a file's name says, that of a copy included; None if it is no RAVDESS name."""
    try:
        return Clip.from_path(path, name=take_name(path))
    except InputError:
        return None


def take_name(path: Path) -> str:
    """Return a file's name without its suffix, and without what says that it is a copy."""
    stem = path.stem
    copied = _COPY.fullmatch(stem[_ID_LENGTH:])
    return stem[:_ID_LENGTH] if copied else stem


def passed_over(folder: str | Path, clips: Iterable[Clip]) -> tuple[Path, ...]:
    """Return the sound files below `folder` that are none of the takes in `clips`, by path."""
    takes = {clip.clip_id for clip in clips}
    modalities = {clip.modality for clip in clips}

    def is_one(path: Path) -> bool:
        clip = named_clip(path)
        return clip is not None and clip.clip_id in takes and clip.modality in modalities

    return tuple(sorted(path for path in sound_files(folder) if not is_one(path)))


def files_named(files: Collection[Path], shown: int = 3) -> str:
    """Return the names of the first files, and that there are more."""
    names = [printable(Path(path.name)) for path in itertools.islice(files, shown)]
    return ", ".join(names) + (" ..." if len(files) > shown else "")


def how_to_get(folder: str | Path) -> str:
    """Say in half a sentence how the corpus gets into `folder`."""
    return f"fetch the corpus with: emotify ravdess download {as_word(folder)}"


def sound_files(folder: str | Path) -> list[Path]:
    """List sound files, those nearest to `folder` first; hidden ones are macOS's shadows.

    Raises
    ------
    InputError
        If `folder` is not a folder, or may not be listed.
    """
    folder = Path(folder)
    if not folder.exists():
        raise InputError(f"there is no folder {printable(folder)}; {how_to_get(folder)}")
    if not folder.is_dir():
        raise InputError(
            f"{printable(folder)} is a file; give the folder with Actor_01 to Actor_24 in it"
        )
    try:
        found = [path for path in _walk(folder) if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise InputError(f"cannot list {error.filename}: {error.strerror}") from error
    return sorted(found, key=lambda p: (len(p.parts), SUFFIXES.index(p.suffix.lower()), str(p)))


def _walk(top: Path) -> Iterator[Path]:
    """Yield the files below a folder, the nearest first; links may lead round in circles."""
    known: set[tuple[int, int]] = set()
    waiting = deque([(top, FOLDER_DEPTH)])
    while waiting:
        folder, depth = waiting.popleft()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in known:
            continue
        known.add((status.st_dev, status.st_ino))
        if len(known) > MOST_FOLDERS:
            raise InputError(
                f"{top} has more than {MOST_FOLDERS:,} folders below it; give the one with "
                "Actor_01 to Actor_24 in it"
            )
        for entry in folder.iterdir():
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                yield entry
            elif depth:
                waiting.append((entry, depth - 1))
