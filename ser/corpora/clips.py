"""What training and judging need of a clip, of whichever corpus it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emotions.labels import EMOTION_NAMES, Emotion


class SpokenClip(Protocol):
    """A clip of one person speaking."""

    @property
    def path(self) -> Path:
        """Where the recording is."""

    @property
    def clip_id(self) -> str:
        """A name that no other clip has."""

    @property
    def speaker(self) -> str:
        """Who speaks: the corpus, a slash, and a name that nobody else in it has."""

    @property
    def emotion(self) -> Emotion:
        """What is expressed."""

    @property
    def corpus(self) -> str:
        """Name of the corpus; what is not among its emotions was not asked for there."""


@dataclass(frozen=True)
class CorpusClip:
    """A clip of anybody's corpus; the attributes are those of `SpokenClip`."""

    path: Path
    clip_id: str
    speaker: str
    emotion: Emotion
    corpus: str

    @classmethod
    def of(cls, clip: SpokenClip, emotion: Emotion) -> "CorpusClip":
        """Return a clip under another label; what it is called stays, whatever it is called by."""
        return cls(clip.path, clip.clip_id, clip.speaker, emotion, clip.corpus)


def voice_of(clip: SpokenClip) -> str:
    """Return a speaker's name without the corpus: who is called alike may be the same person."""
    return clip.speaker.removeprefix(f"{clip.corpus}/")


def emotions_of(clips: Sequence[SpokenClip]) -> tuple[str, ...]:
    """Return the names of the emotions that there are, in the order of the eight."""
    there = {clip.emotion.name for clip in clips}
    return tuple(name for name in EMOTION_NAMES if name in there)


def corpora_of(clips: Sequence[SpokenClip]) -> tuple[str, ...]:
    """Return the names of the corpora that there are, in their order."""
    return tuple(dict.fromkeys(clip.corpus for clip in clips))
