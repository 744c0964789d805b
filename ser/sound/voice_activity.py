"""Where somebody speaks: the probability of speech in every 32 ms, while the sound comes in.

The network is Silero VAD (Silero Team, https://github.com/snakers4/silero-vad, MIT), the form
that takes many frames in one call, run by ONNX Runtime; `models/voice_activity/README.md` says
where it comes from and how it compares. It was trained on voices far from any emotion corpus, so
nothing here was fitted on what it is judged on.

The network hears hardly anything at -60 dBFS, where some people record themselves: sound is
amplified to `REFERENCE_DBFS` first, by what has been heard so far, so that a stream and a file
get the same gain.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soxr

from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped
from ser.settings import Samples

if TYPE_CHECKING:
    import onnxruntime

FOLDER = shipped("models", "voice_activity")
NETWORK_FILE = FOLDER / "silero_vad_16k_sequence.onnx"
SAMPLE_RATE_HZ = 16_000
FRAME_LENGTH = 512
FRAME_SECONDS = FRAME_LENGTH / SAMPLE_RATE_HZ
CONTEXT_LENGTH = 64  # samples before a frame that the network hears with it
STATE_SIZE = 128
SPEECH_BEGINS = 0.4  # probability; lower than usual: screams are speech here
SPEECH_GOES_ON = 0.25  # probability of speech, once it has begun
SLOWER = 1.5  # times, for whoever screams too high for the network
LEAST_SPEECH_SECONDS = 0.5  # a word or two

REFERENCE_DBFS = -20.0  # the loudest frame of speech at an ordinary distance
LARGEST_GAIN_DB = 60.0  # a recording at -80 dBFS is nearly all noise of the converter
FALL_DB_PER_SECOND = 1.0  # a slammed door is forgotten within half a minute

KIND = ArtefactKind(
    "emotify-voice-activity",
    1,
    title="voice activity",
    files=(NETWORK_FILE.name,),
    advice="fetch it again: python scripts/fetch_voice_activity.py",
    shipped=FOLDER,
)
SETTINGS = {
    "what": "Silero VAD, many frames in one call: sound in, probability of speech in each out",
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "frame_length": FRAME_LENGTH,
    "source": "https://github.com/snakers4/silero-vad",
    "licence": "MIT (LICENSE)",
}


class VoiceActivity:
    """Speech probabilities of one recording, chunk by chunk.

    The result depends on where chunks begin (the gain changes there), so whoever calls cuts them
    from the beginning of the recording, not as a microphone happens to give them.
    """

    def __init__(self) -> None:
        self._session = load_network()
        self._hidden = np.zeros((1, 1, STATE_SIZE), np.float32)
        self._cell = np.zeros((1, 1, STATE_SIZE), np.float32)
        self._context = np.zeros(CONTEXT_LENGTH, np.float32)
        self._loudest_db = -np.inf

    def __call__(self, chunk: Samples) -> Samples:
        """Return the probability of speech in each frame of the next chunk.

        Parameters
        ----------
        chunk
            Mono samples at `SAMPLE_RATE_HZ`; a last frame that is short is filled with zeros.

        Returns
        -------
        ndarray
            float32 of shape (ceil(len(chunk) / FRAME_LENGTH),), each 0..1.
        """
        n_frames = -(-len(chunk) // FRAME_LENGTH)
        chunk = np.pad(chunk, (0, n_frames * FRAME_LENGTH - len(chunk)))
        sound = np.concatenate([self._context, chunk]) * self._gain(chunk)
        self._context = chunk[-CONTEXT_LENGTH:]
        frames = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT_LENGTH + FRAME_LENGTH)
        inputs = {
            "input": np.ascontiguousarray(frames[::FRAME_LENGTH]),
            "h": self._hidden,
            "c": self._cell,
        }
        probabilities, self._hidden, self._cell = self._session.run(None, inputs)
        return probabilities

    def _gain(self, chunk: Samples) -> np.float32:
        power = np.square(chunk.reshape(-1, FRAME_LENGTH), dtype=np.float64).mean(axis=1).max()
        level_db = 10 * np.log10(max(power, 1e-12))  # the floor survives zeros
        remembered_db = self._loudest_db - FALL_DB_PER_SECOND * len(chunk) / SAMPLE_RATE_HZ
        self._loudest_db = max(level_db, remembered_db)
        gain_db = np.clip(REFERENCE_DBFS - self._loudest_db, 0.0, LARGEST_GAIN_DB)
        return np.float32(10 ** (gain_db / 20))


def spoken(probabilities: Iterable[float], speaking: bool = False) -> list[bool]:
    """Return in which frames somebody speaks.

    Parameters
    ----------
    probabilities
        Of speech in each.
    speaking
        Whether somebody does in the frame before.
    """
    frames = []
    for probability in probabilities:
        speaking = probability >= (SPEECH_GOES_ON if speaking else SPEECH_BEGINS)
        frames.append(speaking)
    return frames


def shrill_speech_seconds(samples: Samples) -> float:
    """Return how long somebody speaks in a sound, by how it is played slower.

    The shrillest screams are no speech to the network. Played half as long again they lie where
    voices do.

    Parameters
    ----------
    samples
        Mono at `SAMPLE_RATE_HZ`, at least one.
    """
    slow = soxr.resample(samples, SAMPLE_RATE_HZ, SLOWER * SAMPLE_RATE_HZ)
    return sum(spoken(VoiceActivity()(slow).tolist())) * FRAME_SECONDS / SLOWER


@cache
def load_network(folder: Path = FOLDER) -> "onnxruntime.InferenceSession":
    """Return the network: ``input``, ``h`` and ``c`` in; probabilities and both states out.

    Raises
    ------
    InputError
        If the folder is not that of voice activity, or not whole.
    """
    return KIND.load(folder, _built)


def _built(held: Contents) -> "onnxruntime.InferenceSession":
    held.expect(sample_rate_hz=SAMPLE_RATE_HZ, frame_length=FRAME_LENGTH)
    return held.network(NETWORK_FILE.name, "input", "h", "c")
