"""What somebody feels, in whatever way they tell it: a recording, words, both, or by name."""

from dataclasses import dataclass
from pathlib import Path

from app.terminal import complain
from emotions.estimate import EmotionEstimate
from emotions.labels import emotion_named, in_percent
from foundation.errors import InputError


@dataclass(frozen=True)
class Told:
    """What a command was given to go by.

    Attributes
    ----------
    file
        A recording; - is standard input.
    text
        What was written.
    emotion
        An emotion by name; goes with neither of the others.
    model, speaker
        What hears the recording, and whose voice it is.

    Raises
    ------
    InputError
        If it is nothing, or too much.
    """

    file: Path | None = None
    text: str | None = None
    emotion: str | None = None
    model: Path | None = None
    speaker: str | None = None

    def __post_init__(self) -> None:
        """Check what goes together, before anything is loaded."""
        heard = self.file is not None or self.text is not None
        if heard == (self.emotion is not None):
            raise InputError(
                "give a recording, --text WORDS or both, or --emotion NAME alone: a name goes "
                "with neither, not both"
            )
        if self.file is None and self.speaker is not None:
            raise InputError("--speaker says whose voice a recording is: give a recording with it")

    @property
    def source(self) -> str:
        """What the history says of it: the name of the recording, and of words that it was some."""
        return " and ".join(filter(None, [self.name, "text" if self.text is not None else ""]))

    @property
    def name(self) -> str:
        """Name of the recording; empty without one."""
        if self.file is None:
            return ""
        from ser.sound.piped import shown_name

        return Path(shown_name(self.file)).name

    def estimate(self, *, anyway: bool) -> EmotionEstimate:
        """Return the estimate; that of a recording and words is fused of both.

        Parameters
        ----------
        anyway
            Whether to go by the probabilities even where there was nothing to judge.

        Raises
        ------
        InputError
            If a part cannot be used, or there was nothing to judge in any.
        """
        if self.emotion is not None:
            return EmotionEstimate.of(self.emotion)
        senses = {}
        if self.file is not None:
            from ser.recognizer import load_recognizer

            recognizer = load_recognizer(self.model, speaker=self.speaker)
            senses["voice"] = recognizer.predict(self.file, progress=True)
        if self.text is not None:
            from reading.text import load_reader

            senses["words"] = load_reader().predict(self.text, progress=True)
        for note in (note for one in senses.values() for note in one.notes):
            complain(f"{self.name}: {note}")
        from emotions.fusion import fuse

        felt = fuse(senses)
        if felt.absence and not anyway:
            about = f"{self.name}: " if self.file is not None else ""
            raise InputError(
                f"{about}{'; '.join(felt.doubts)}, or have music chosen all the same with --anyway"
            )
        return felt

    def said(self, estimate: EmotionEstimate) -> str:
        """Return in a sentence what the music is for."""
        emotion, sure = emotion_named(estimate.label), in_percent(estimate.confidence)
        if self.emotion is not None:
            return f"For {emotion.mood}."
        if estimate.absence:
            return (
                f"{estimate.absence.capitalize()}; this goes by what comes nearest: "
                f"{estimate.label}."
            )
        sure += "".join(f", {nuance.name} above all" for nuance in estimate.nuances[:1])
        from emotions.fusion import SAID

        apart = [doubt for doubt in estimate.doubts if doubt.startswith(tuple(SAID.values()))]
        if apart and self.file is not None and self.text is not None:
            return f"It is not one thing: {'; '.join(apart)}. The music serves both."
        if self.text is None:
            certain, perhaps = "You sound", "You may sound"
        elif self.file is None:
            certain, perhaps = "Your words are", "Your words may be"
        else:
            certain, perhaps = "Voice and words are", "Voice and words may be"
        if estimate.uncertain:
            return f"{perhaps} {emotion.adjective} ({sure}), but that is not sure."
        return f"{certain} {emotion.adjective} ({sure})."
