"""Speech, as the list of checks sees it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from emotions.estimate import EmotionEstimate
from foundation.shipped import shipped
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import Recognizer, load_recognizer
from ser.sound.audio import Recording
from tests.senses.sense import Bad, Content, Form, Sense, a_folder, file

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = shipped("data", "samples")
PROMPT = SAMPLES / "telephone_prompt.wav"
READING = SAMPLES / "reading_short.wav"
RATE_HZ = 16_000
BLOCK_SAMPLES = 3000


def rate_of(path: Path) -> int:
    return soundfile.info(path).samplerate


def samples_of(path: Path) -> np.ndarray[Any, Any]:
    return soundfile.read(path, dtype="float32")[0]


def at(rate_hz: int) -> Callable[[Recognizer, Any], EmotionEstimate]:
    """Ask about an array of this rate."""
    return lambda recognizer, samples: recognizer.predict(samples, sample_rate_hz=rate_hz)


def by_blocks(rate_hz: int) -> Callable[[Recognizer, Any], EmotionEstimate]:
    """Ask as a microphone does."""

    def predict(recognizer: Recognizer, samples: Any) -> EmotionEstimate:
        stream = recognizer.stream(rate_hz)
        for start in range(0, len(samples), BLOCK_SAMPLES):
            stream.feed(samples[start : start + BLOCK_SAMPLES])
        return stream.finish()

    return predict


def written(name: str, samples: Any, rate_hz: int = RATE_HZ) -> Callable[[Path], Path]:
    """Return what writes a recording with all of the samples' digits."""

    def make(folder: Path) -> Path:
        path = folder / name
        soundfile.write(path, samples, rate_hz, format="WAV", subtype="FLOAT")
        return path

    return make


def content(
    name: str,
    samples: Any,
    rate_hz: int,
    *more: Form,
    doubtful: bool = False,
    empty: bool = False,
) -> Content:
    """Return a recording as a file, as an array, and block by block."""
    return Content(
        name,
        (
            Form("path", written(f"{name}.wav", samples, rate_hz)),
            Form("array", lambda folder: samples, at(rate_hz)),
            Form("stream", lambda folder: samples, by_blocks(rate_hz)),
            *more,
        ),
        doubtful,
        empty,
    )


def sound(seconds: float = 1.0) -> np.ndarray[Any, Any]:
    return 0.1 * np.sin(np.arange(round(seconds * RATE_HZ)) / 5).astype(np.float32)


def spoiled() -> np.ndarray[Any, Any]:
    samples = sound()
    samples[9000] = np.nan
    return samples


def held_out() -> "pd.DataFrame":
    from ser.evaluation.predictions import committed_predictions  # answering does not need it

    return committed_predictions()


NOISE = np.random.default_rng(0).normal(0, 0.05, 3 * RATE_HZ).astype(np.float32)

SPEECH = Sense(
    name="speech",
    address="tests.senses.speech:SPEECH",
    load=load_recognizer,
    contents=(
        content(
            "a prompt",
            samples_of(PROMPT),
            rate_of(PROMPT),
            Form("path as text", lambda folder: str(PROMPT)),
            Form("file that comes with Emotify", lambda folder: PROMPT),
            Form("open recording", lambda folder: Recording(PROMPT)),
            Form("name not UTF-8", file(b"caf\xe9.wav", PROMPT.read_bytes())),
        ),
        content("a long reading", np.tile(samples_of(READING), 4), rate_of(READING)),
        content("an even reading", samples_of(READING), rate_of(READING), doubtful=True),
        content("noise", NOISE, RATE_HZ, doubtful=True, empty=True),
    ),
    bad=(
        Bad("empty", file(b"empty.wav"), "the file is empty", "give a recording"),
        Bad(
            "missing",
            lambda folder: folder / "none.wav",
            "no such file",
            r"give the path of a recording \(wav",
        ),
        Bad("directory", a_folder("folder.wav"), "is a directory", "give a recording"),
        Bad(
            "wrong type",
            lambda folder: np.array(["a", "b"]),
            "type <U1 is no recording",
            "accepted are numbers of shape",
            at(RATE_HZ),
            on_command_line=False,
        ),
        Bad(
            "not finite",
            lambda folder: spoiled(),
            "NaN or infinite",
            "export",
            at(RATE_HZ),
            on_command_line=False,
        ),
        Bad("not finite", written("spoiled.wav", spoiled()), "NaN or infinite", "export"),
        Bad("too short", written("short.wav", sound(0.05)), "0.050 s .* too short", "record at"),
        Bad("nothing in it", written("silent.wav", 0 * sound()), "is silent", "record again"),
        Bad(
            "damaged",
            file(b"cut.wav", READING.read_bytes()[:30_000]),
            "is cut off",
            "copy or export",
        ),
        Bad(
            "foreign",
            file(b"letter.wav", b"This is a letter. " * 50),
            "is not a recording",
            "accepted are wav",
        ),
        Bad(
            "unreadable",
            file(b"locked.wav", READING.read_bytes(), mode=0),
            "may not be read",
            "change its permissions",
        ),
        Bad("name not UTF-8", file(b"caf\xe9.wav"), r"caf\\xe9.*is empty", "give a recording"),
    ),
    cannot_be={"too long": "recordings of any length are judged in windows"},
    folder=DEFAULT_FOLDER,
    files=("settings.json", "preprocessing.npz", "model.onnx"),
    data="RAVDESS",
    held_out=held_out,
    most_calibration_error=0.05,
    command=("recognize", "--json"),
)
