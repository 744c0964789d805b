"""CREMA-D: six emotions acted by 91 speakers, with what listeners heard. A folder flows in.

Twelve sentences, one of them at three intensities. There is neither calm nor surprised. The table
``manifest.csv`` says for each clip who speaks, which emotion was meant, and in ``voice_vote`` which
one most listeners of the sound alone heard, all of them where several had equally many votes
(``F:N``); they agree with what was meant in 42 % of the clips. Rows with a ``note`` are passed
over: a clip that is silent, and clips whose sound is there twice under different labels.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from emotions.labels import Emotion, emotion_named
from foundation.errors import InputError
from foundation.text import printable
from ser.corpora.emotion_words import codes_of

CITATION = (
    "Cao H, Cooper DG, Keutmann MK, Gur RC, Nenkova A, Verma R (2014) CREMA-D: Crowd-sourced "
    "Emotional Multimodal Actors Dataset. IEEE Transactions on Affective Computing 5(4). "
    "https://doi.org/10.1109/TAFFC.2014.2336244"
)
LICENCE = "Open Database License 1.0, contents Database Contents License 1.0"

MANIFEST = "manifest.csv"
COLUMNS = ("file", "speaker", "emotion", "voice_vote", "note")
EMOTION_OF_LETTER = {letter.upper(): name for letter, name in codes_of("crema-d").items()}


@dataclass(frozen=True)
class Clip:
    """One clip.

    Attributes
    ----------
    path
        Where the recording is.
    speaker
        Such as ``"1001"``.
    emotion
        What the speaker was asked to express.
    heard
        What most listeners heard; several emotions where they had equally many votes.
    """

    path: Path
    speaker: str
    emotion: Emotion
    heard: tuple[Emotion, ...]

    @property
    def clip_id(self) -> str:
        """The file name without its suffix."""
        return self.path.stem


def index_clips(folder: str | Path) -> tuple[Clip, ...]:
    """Return the clips that the manifest in `folder` lists, by speaker and name.

    Raises
    ------
    InputError
        If there is no manifest, or it is not one of CREMA-D.
    """
    folder = Path(folder)
    manifest = folder / MANIFEST
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            absent = set(COLUMNS) - set(reader.fieldnames or ())
            if absent:
                raise InputError(f"{printable(manifest)}: lacks the columns {sorted(absent)}")
            clips = [_clip(folder, row) for row in reader if not row["note"]]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{printable(manifest)}: cannot be read ({error}); give the folder of CREMA-D with its "
            "manifest.csv"
        ) from error
    except KeyError as error:
        raise InputError(
            f"{printable(manifest)}: {error} is no emotion of CREMA-D; they begin with one of "
            f"{', '.join(EMOTION_OF_LETTER)}"
        ) from error
    return tuple(sorted(clips, key=lambda clip: (clip.speaker, clip.clip_id)))


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    return Clip(
        path=folder / row["file"],
        speaker=row["speaker"],
        emotion=_emotion(row["emotion"]),
        heard=tuple(_emotion(letter) for letter in row["voice_vote"].split(":")),
    )


def _emotion(code: str) -> Emotion:
    return emotion_named(EMOTION_OF_LETTER[code[:1]])  # ANG and A mean the same
