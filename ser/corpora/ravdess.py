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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emotions.labels import EMOTION_NAMES, EMOTIONS, Emotion
from foundation.errors import InputError
from foundation.text import as_word, printable

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
FOLDER_DEPTH = 3  # enough for Audio_Speech_Actors_01-24/Actor_01 one folder deeper

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
    return index_of(folder, sound_files(folder))


def index_of(folder: str | Path, files: Iterable[Path]) -> tuple[Clip, ...]:
    """Return the clips among `files`, as `index_clips` does; `folder` is for the message."""
    clips: dict[str, Clip] = {}
    for path in files:
        try:
            clip = Clip.from_path(path)
        except InputError:
            continue
        if clip.modality == "audio":
            clips.setdefault(clip.clip_id, clip)
    if not clips:
        raise InputError(f"{printable(folder)} holds no RAVDESS clip; {how_to_get(folder)}")
    order = sorted(clips.values(), key=lambda c: (CHANNELS.index(c.channel), c.actor, c.clip_id))
    return tuple(order)


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
