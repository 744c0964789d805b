"""The logarithm of mel bands, as the encoder of Whisper hears sound.

The conventions are those of Whisper (https://github.com/openai/whisper, ``audio.py``): frames of
25 ms every 10 ms at 16 kHz, the sound mirrored at its ends, the last frame left out; 80 bands of
Slaney's mel scale, equal to ``librosa.filters.mel`` (a test holds this); what is 80 dB fainter
than the loudest is raised to there.
"""

from functools import cache

import numpy as np

from ser.settings import Matrix, Samples

SAMPLE_RATE_HZ = 16_000
N_FFT, HOP_LENGTH, N_MELS = 400, 160, 80
FLOOR = 1e-10  # power
LINEAR_UNTIL_HZ, HZ_PER_MEL = 1000.0, 200 / 3
MELS_PER_LOG_HZ = 27 / np.log(6.4)


@cache
def mel_filters() -> Matrix:
    """Return triangles of one area each, shape (80, 201): Slaney's mel scale up to 8 kHz."""
    turn = LINEAR_UNTIL_HZ / HZ_PER_MEL
    highest = turn + MELS_PER_LOG_HZ * np.log(SAMPLE_RATE_HZ / 2 / LINEAR_UNTIL_HZ)
    mels = np.linspace(0, highest, N_MELS + 2)
    above = LINEAR_UNTIL_HZ * np.exp(np.maximum(mels - turn, 0) / MELS_PER_LOG_HZ)
    edges_hz = np.where(mels < turn, HZ_PER_MEL * mels, above)
    low, middle, high = (edges_hz[n : n + N_MELS, None] for n in range(3))
    bins_hz = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (high - low)).astype(np.float32)


def log_mel(samples: Samples) -> Matrix:
    """Return the bands of some sound.

    Parameters
    ----------
    samples
        Mono float32 at `SAMPLE_RATE_HZ`, at least `HOP_LENGTH`.

    Returns
    -------
    ndarray
        float32 of shape (80, len(samples) // 160).
    """
    padded = np.pad(np.asarray(samples, np.float32), N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    frames = frames[: len(samples) // HOP_LENGTH]
    # Periodic, as torch.hann_window.
    spectrum = np.fft.rfft(frames * np.hanning(N_FFT + 1)[:-1].astype(np.float32), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    bands = np.log10(np.maximum(mel_filters() @ power.T, FLOOR))
    return ((np.maximum(bands, bands.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
