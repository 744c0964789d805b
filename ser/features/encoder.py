"""From samples to the frames of a frozen encoder: what the first layers of Whisper make of speech.

The networks in the folder were made from OpenAI's weights (`models/encoder/README.md`) and learn
nothing here. Serving needs NumPy and ONNX Runtime alone.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foundation.artefacts import ArtefactKind, Contents
from foundation.errors import InputError
from foundation.shipped import shipped
from ser.features.log_mel import SAMPLE_RATE_HZ, log_mel
from ser.settings import EncoderSettings, Matrix, Samples
from ser.sound.audio import speech_rms

if TYPE_CHECKING:
    import onnxruntime

# The encoders, and which layers of each come out; scripts/fetch_encoder.py builds these.
LAYERS: dict[str, tuple[int, ...]] = {"base": (2, 3)}
REFERENCE_SPEECH_RMS = 0.05  # -26 dBFS: all windows are heard at the same level of speech
LONGEST_SECONDS = 6.0  # a window of 4 s, or a clip for training that was slowed down
FOLDER = shipped("models", "encoder")
KIND = ArtefactKind(
    "emotify-encoder",
    1,
    title="encoder",
    files=tuple(f"{name}.onnx" for name in LAYERS),
    advice="fetch it again: python scripts/fetch_encoder.py",
    shipped=FOLDER,
)
SETTINGS = {
    "what": "encoder of Whisper: log-mel bands of sound in, frames of some layers out",
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "layers": {name: list(layers) for name, layers in LAYERS.items()},
    "longest_seconds": LONGEST_SECONDS,
    "source": "https://github.com/openai/whisper",
    "licence": "MIT (LICENSE)",
}


class EncoderFrames:
    """Turns a window of samples into frames of the encoders, side by side.

    Parameters
    ----------
    sessions
        ONNX Runtime sessions by name: ``log_mel`` (1, 80, 2 * frames) in, ``frames``
        (1, frames, columns) out.
    digests
        SHA-256 of each network in hexadecimal: what is trained on its frames fits no other.

    Attributes
    ----------
    settings
        Rate, windows, layers and number of columns.
    """

    def __init__(
        self, sessions: dict[str, "onnxruntime.InferenceSession"], digests: dict[str, str]
    ) -> None:
        self.sessions = sessions
        self.digests = digests
        columns = [session.get_outputs()[0].shape[-1] for session in sessions.values()]
        self.settings = EncoderSettings(
            layers={name: list(LAYERS[name]) for name in sessions},
            n_features=sum(columns),
            longest_seconds=LONGEST_SECONDS,
        )

    def __call__(self, samples: Samples) -> Matrix:
        """Return the frames of one window.

        Parameters
        ----------
        samples
            Mono float32 samples at the settings' rate, at most `longest_seconds` of them. Their
            level changes nothing.

        Returns
        -------
        ndarray
            float32 of shape (n_frames, n_features), a frame for each whole 20 ms.

        Raises
        ------
        InputError
            If there is less sound than one frame, or more than the networks take.
        """
        settings = self.settings
        seconds = len(samples) / settings.sample_rate_hz
        if not settings.n_frames(seconds):
            raise InputError(
                f"{1000 * seconds:.0f} ms of sound are too short for the encoder, which needs at "
                f"least {1000 * settings.hop_seconds:.0f} ms; record a longer piece"
            )
        if settings.n_frames(seconds) > settings.n_frames(settings.longest_seconds):
            raise InputError(
                f"{seconds:.1f} s of sound are too long for the encoder, which takes at most "
                f"{settings.longest_seconds:g} s at once; cut it into windows of "
                f"{settings.window_seconds:g} s"
            )
        bands = log_mel(scale_to_speech_level(samples))
        even = bands[None, :, : bands.shape[1] // 2 * 2]  # two of them become one frame
        frames = [session.run(None, {"log_mel": even})[0][0] for session in self.sessions.values()]
        return np.concatenate(frames, axis=1)


def scale_to_speech_level(samples: Samples) -> Samples:
    """Return the samples scaled so that their speech has an RMS of `REFERENCE_SPEECH_RMS`."""
    gain = REFERENCE_SPEECH_RMS / speech_rms(samples, SAMPLE_RATE_HZ)
    return (samples * np.float32(gain)).astype(np.float32)


@cache
def load_encoder(folder: Path = FOLDER) -> EncoderFrames:
    """Return the encoder of a folder that `scripts/fetch_encoder.py` wrote.

    Raises
    ------
    InputError
        If the folder is not the encoder's, or not whole.
    """
    return KIND.load(folder, _built)


def _built(held: Contents) -> EncoderFrames:
    held.expect(**{key: SETTINGS[key] for key in ("sample_rate_hz", "layers", "longest_seconds")})
    sessions = {name: held.network(f"{name}.onnx", "log_mel") for name in LAYERS}
    return EncoderFrames(sessions, {name: held.digests[f"{name}.onnx"] for name in LAYERS})
