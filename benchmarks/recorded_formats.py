"""How far the estimate of a recording in another format is from that of its WAV.

Each row: the largest change of any of the eight probabilities, over recordings that were encoded by
PyAV and read again.

    python benchmarks/recorded_formats.py FOLDER [--every 120]
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soxr

from foundation.progress import progress_bar
from ser.evaluation.encodings import AMR_NB, Encoded
from ser.recognizer import load_recognizer
from ser.sound.audio import Recording, read_whole

RATE_HZ = 16_000
SUFFIXES = {".wav", ".flac", ".opus", ".ogg"}
SAFARI = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
FORMATS = {  # a "live" one is written without going back
    "ALAC, M4A": Encoded("ipod", "alac", 44_100),
    "FLAC, MKA": Encoded("matroska", "flac", 48_000),
    "AAC 128k, M4A": Encoded("ipod", "aac", 44_100, 128_000),
    "AAC 128k, MP4": Encoded("mp4", "aac", 48_000, 128_000),
    "AAC 128k, live MP4": Encoded("mp4", "aac", 48_000, 128_000, container_options=SAFARI),
    "AAC 128k, 3GP": Encoded("3gp", "aac", 48_000, 128_000),
    "AAC 128k, ADTS": Encoded("adts", "aac", 48_000, 128_000),
    "AAC 64k, M4A": Encoded("ipod", "aac", 44_100, 64_000),
    "Opus 128k, live WebM": Encoded("webm", "libopus", 48_000, 128_000),
    "Opus 64k, WebM": Encoded("webm", "libopus", 48_000, 64_000),
    "Opus 32k, WebM": Encoded("webm", "libopus", 48_000, 32_000),
    "MP3 128k": Encoded("mp3", "libmp3lame", 44_100, 128_000),
    "MP3 64k": Encoded("mp3", "libmp3lame", 44_100, 64_000),
    "WMA 128k": Encoded("asf", "wmav2", 44_100, 128_000),
    "AMR 12.2k": AMR_NB,
    "AMR 12.2k, 3GP": replace(AMR_NB, container="3gp"),
}
LEFT_OUT = {"WMA 128k": 2048}  # samples, by FFmpeg's decoder of what its encoder wrote


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=120, help="take each n-th recording")
    arguments = parser.parse_args()
    found = sorted(path for path in arguments.folder.rglob("*") if path.suffix in SUFFIXES)
    recordings = [read_whole(Recording(path), RATE_HZ) for path in found[5 :: arguments.every]]
    recognizer = load_recognizer()
    print(f"{'format':<24}{'n':>4}{'median':>9}{'90 %':>9}{'largest':>9}{'within .02':>12}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        for name in progress_bar(FORMATS, "formats"):
            encoding, apart = FORMATS[name], []
            rate_hz = encoding.sample_rate_hz
            for recording in recordings:
                samples = soxr.resample(recording, RATE_HZ, rate_hz)
                with path.open("wb") as file:
                    if "live" in name:
                        file.seekable = lambda: False  # type: ignore[method-assign]
                    encoding.write(file, samples, rate_hz)
                plain = samples[LEFT_OUT.get(name, 0) :]
                of_wav = recognizer.predict(plain, sample_rate_hz=rate_hz).probabilities
                of_path = recognizer.predict(path).probabilities
                apart.append(np.abs(np.subtract(of_path, of_wav)).max())
            print(
                f"{name:<24}{len(apart):>4}{np.median(apart):>9.3f}{np.quantile(apart, 0.9):>9.3f}"
                f"{np.max(apart):>9.3f}{np.mean(np.array(apart) <= 0.02):>12.0%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
