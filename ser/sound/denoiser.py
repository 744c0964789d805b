"""Sound without its noise, by a small network that was trained for that alone.

The network is GTCRN (Rong et al., ICASSP 2024, https://github.com/Xiaobin-Rong/gtcrn, MIT), run by
ONNX Runtime on the short-time Fourier transform; `models/denoiser/README.md` says where it comes
from, what it was trained on and what it does to the answers.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped
from ser.settings import Samples

if TYPE_CHECKING:
    import onnxruntime

FOLDER = shipped("models", "denoiser")
NETWORK_FILE = FOLDER / "gtcrn_all_frames.onnx"
SAMPLE_RATE_HZ = 16_000
FRAME_LENGTH, HOP_LENGTH = 512, 256
REFERENCE_PEAK = 0.5  # the network hears sound of an ordinary level; the result has its own again
KIND = ArtefactKind(
    "emotify-denoiser",
    1,
    title="denoiser",
    files=(NETWORK_FILE.name,),
    advice="fetch it again: python scripts/fetch_denoiser.py",
    shipped=FOLDER,
)
SETTINGS = {
    "what": "GTCRN, all frames in one call: spectrum of sound in, spectrum of its speech out",
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "frame_length": FRAME_LENGTH,
    "hop_length": HOP_LENGTH,
    "source": "https://github.com/Xiaobin-Rong/gtcrn",
    "licence": "MIT (LICENSE)",
}


def denoise(samples: Samples) -> Samples:
    """Return the sound without what is not speech in it.

    Parameters
    ----------
    samples
        Mono float32 at `SAMPLE_RATE_HZ`, at least one.

    Returns
    -------
    ndarray
        float32, as long as `samples` and at their level.
    """
    gain = REFERENCE_PEAK / max(float(np.abs(samples).max()), 1e-6)
    n_frames = 1 + -(-len(samples) // HOP_LENGTH)
    padded = np.zeros((n_frames + 1) * HOP_LENGTH, np.float32)
    padded[HOP_LENGTH : HOP_LENGTH + len(samples)] = gain * samples
    # Root of Hann, before and after: the squares of overlapping halves add up to 1.
    window = np.sqrt(np.hanning(FRAME_LENGTH + 1)[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_LENGTH)[::HOP_LENGTH]
    spectrum = np.fft.rfft(frames * window, axis=1).T
    mix = np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32)
    [[enhanced]] = load_network().run(None, {"mix": mix[None]})
    halves = np.fft.irfft(enhanced[..., 0] + 1j * enhanced[..., 1], axis=0).T * window
    sound = np.zeros((n_frames + 1, HOP_LENGTH))
    sound[:-1] = halves[:, :HOP_LENGTH]
    sound[1:] += halves[:, HOP_LENGTH:]
    sound = sound.reshape(-1)[HOP_LENGTH : HOP_LENGTH + len(samples)]
    return (sound / gain).astype(np.float32)


@cache
def load_network(folder: Path = FOLDER) -> "onnxruntime.InferenceSession":
    """Return the network: ``mix`` in, ``enh`` out, both of shape (1, 257, frames, 2).

    Raises
    ------
    InputError
        If the folder is not the denoiser's, or not whole.
    """
    return KIND.load(folder, _built)


def _built(held: Contents) -> "onnxruntime.InferenceSession":
    held.expect(sample_rate_hz=SAMPLE_RATE_HZ, frame_length=FRAME_LENGTH, hop_length=HOP_LENGTH)
    return held.network(NETWORK_FILE.name, "mix")
