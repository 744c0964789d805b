"""Sound as files keep it: what MP3 and the codecs of messengers leave of it.

Encoders are those of libsndfile (MP3) and of FFmpeg, which PyAV brings along: libopus as in voice
messages, and OpenCORE AMR-NB as in telephones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Protocol, cast

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from foundation.errors import InputError


class Encoding(Protocol):
    """A way to keep sound in a file."""

    @property
    def suffix(self) -> str:
        """Of the name of such a file, with its dot."""

    def check(self) -> None:
        """Raise an InputError if it cannot be written here."""

    def write(self, path: Path, samples: NDArray[Any], sample_rate_hz: int) -> None:
        """Write a file of mono samples."""


@dataclass(frozen=True)
class Mp3:
    """An MP3 file of constant bit rate (libsndfile; LAME takes the nearest rate it has)."""

    kbits: int
    suffix: str = ".mp3"

    def check(self) -> None:
        """Do nothing: libsndfile always writes it."""

    def write(self, path: Path, samples: NDArray[Any], sample_rate_hz: int) -> None:
        """Write a file of mono samples.

        libsndfile knows a level of compression, which runs through the bit rates that MPEG-1, 2 and
        2.5 have at a sample rate (its src/mpeg_l3_encode.c; a test measures the files).
        """
        high, low = next(
            rates
            for least_hz, rates in ((32_000, (320, 32)), (16_000, (160, 8)), (0, (64, 8)))
            if sample_rate_hz >= least_hz
        )
        soundfile.write(
            path,
            samples,
            sample_rate_hz,
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=(high - min(self.kbits, high)) / (high - low),
        )


@dataclass(frozen=True)
class Encoded:
    """A file that FFmpeg writes.

    Attributes
    ----------
    container, codec
        FFmpeg's names of them.
    sample_rate_hz
        Rate at which the codec hears; sound of another rate is resampled.
    bit_rate
        Bits a second; 0 for the codec's own.
    options, container_options
        FFmpeg's, of codec and container.
    """

    container: str
    codec: str
    sample_rate_hz: int
    bit_rate: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """Of the name of such a file."""
        return f".{self.container}"

    def check(self) -> None:
        """Raise an InputError if this FFmpeg has no such encoder."""
        try:
            av.codec.Codec(self.codec, "w")
        except ValueError as error:  # PyAV's UnknownCodecError is one
            raise InputError(
                f"the FFmpeg of this PyAV has no encoder {self.codec}; the wheels of PyAV have it: "
                "pip install --force-reinstall --only-binary av av"
            ) from error

    def write(self, path: Path | IO[bytes], samples: NDArray[Any], sample_rate_hz: int) -> None:
        """Write a file of mono samples, floats in -1..1."""
        rate_hz = self.sample_rate_hz
        if sample_rate_hz != rate_hz:
            samples = soxr.resample(samples, sample_rate_hz, rate_hz)
        with av.open(
            path, "w", format=self.container, container_options=dict(self.container_options)
        ) as out:
            added = out.add_stream(self.codec, rate_hz, dict(self.options), layout="mono")
            track = cast("av.AudioStream", added)
            if self.bit_rate:
                track.bit_rate = self.bit_rate
            encoder = track.codec_context
            mono = np.asarray(samples, np.float32)[None]
            sound = av.AudioFrame.from_ndarray(mono, format="flt", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = rate_hz, 0, Fraction(1, rate_hz)
            fitting = av.AudioResampler(
                encoder.format, encoder.layout, rate_hz, frame_size=encoder.frame_size or 1024
            )
            for frame in (*fitting.resample(sound), *fitting.resample(None), None):
                out.mux(track.encode(frame))


def voice_message(kbits: int) -> Encoded:
    """Return Opus as messengers keep a voice message: 16 kHz, tuned for speech, in Ogg."""
    return Encoded("ogg", "libopus", 16_000, 1000 * kbits, {"application": "voip"})


AMR_NB = Encoded("amr", "libopencore_amrnb", 8_000, 12_200)
