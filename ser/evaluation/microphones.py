"""What microphones and rooms do to a spectrum: curves of gain over frequency, and a laptop.

Every curve is a row of points, level in dB over frequency in Hz; between them it runs straight over
octaves, beyond them it stays as it is. They are drawn after what such microphones do, not measured
of one: a small capsule loses the bass, the slot that it lies behind rings at some kilohertz, and
cloth takes the treble.
"""

import numpy as np
from scipy import fft

from ser.features.augment import add_noise, reverberate
from ser.settings import Samples

Curve = tuple[tuple[float, float], ...]  # (Hz, dB), frequencies rising

LAPTOP: Curve = ((100, -12), (200, -5), (400, 0), (2_000, 0), (4_500, 6), (6_000, 2), (8_000, -6))
CURVES: dict[str, Curve] = {
    "spectral tilt +6 dB, 100 Hz to 8 kHz": ((100, -3), (8_000, 3)),
    "spectral tilt -6 dB, 100 Hz to 8 kHz": ((100, 3), (8_000, -3)),
    "presence +6 dB, 2-5 kHz": ((1_000, 0), (2_000, 6), (5_000, 6), (10_000, 0)),
    "microphone of a laptop": LAPTOP,
    "microphone of a cheap headset": (
        *((100, -18), (200, -9), (500, 0), (1_500, 0), (3_000, 8), (5_000, 0), (8_000, -12)),
    ),
    "microphone under cloth": (
        *((100, 3), (300, 3), (1_000, 0), (2_000, -6), (4_000, -14), (8_000, -24)),
    ),
}
FAN: Curve = ((200, 0), (8_000, -32))  # 6 dB an octave

SMALL_ROOM_SECONDS = 0.2  # RT60 of a small room with curtains and a carpet
FAN_DB = 20.0  # under the speech, before the microphone
_MARGIN_SECONDS = 0.1  # so that the end of the sound does not ring into its beginning


def equalised(samples: Samples, sample_rate_hz: int, curve: Curve) -> Samples:
    """Return the sound with the gain of a curve at every frequency, and no phase changed."""
    length = fft.next_fast_len(len(samples) + round(_MARGIN_SECONDS * sample_rate_hz), real=True)
    hertz = np.maximum(fft.rfftfreq(length, 1 / sample_rate_hz), 1.0)
    points_hz, points_db = np.array(curve, float).T
    gain_db = np.interp(np.log2(hertz), np.log2(points_hz), points_db)
    spectrum = fft.rfft(samples, length) * 10 ** (gain_db / 20)
    return fft.irfft(spectrum, length)[: len(samples)].astype(np.float32)


def laptop_in_a_room(samples: Samples, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Return the sound as a laptop's microphone hears it in a small room, with its fan."""
    heard = reverberate(samples, SMALL_ROOM_SECONDS, sample_rate_hz, rng)
    fan = equalised(rng.standard_normal(len(heard)).astype(np.float32), sample_rate_hz, FAN)
    return equalised(add_noise(heard, fan, FAN_DB, sample_rate_hz), sample_rate_hz, LAPTOP)
