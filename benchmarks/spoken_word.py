"""How often spoken word is set aside among one's own music, and music with it.

    python benchmarks/spoken_word.py --speech DIR [--speech DIR ...] [--clips TABLE] [--every 4]

DIR holds recordings of sentences, a folder for each speaker, or with ``labels.csv`` (file,
speaker):
of each speaker half a minute is joined with pauses. TABLE holds descriptors of music under our
names, such as ``clips_900_mood_quadrants_descriptors.parquet``.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from clustering.music.descriptors import CENTRE_SECONDS, SAMPLE_RATE_HZ, describe_centre
from clustering.music.sound import mono
from clustering.music.spoken import SPOKEN, WEIGHTS, spoken_chance
from foundation.progress import progress_bar

SUFFIXES = {".wav", ".flac", ".opus", ".ogg", ".mp3"}
PAUSE_SECONDS = (0.15, 0.7)
Samples = NDArray[np.float32]
Change = Callable[[Samples, np.random.Generator], Samples]


def noisy(snr_db: float) -> Change:
    """Return what adds noise with the spectrum of a room's hum to speech of a level of 0.1."""

    def add(samples: Samples, rng: np.random.Generator) -> Samples:
        spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
        hum = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(samples))
        return samples + (hum / hum.std() * 0.1 * 10 ** (-snr_db / 20)).astype(np.float32)

    return add


def in_a_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """Return speech with an echo that dies away in about 0.8 s."""
    times = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    echo = rng.standard_normal(len(times)) * np.exp(-times / 0.12)
    echo[0] = 6.0
    n = len(samples) + len(echo)
    whole = np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(echo, n), n)[: len(samples)]
    return (whole / np.sqrt((echo**2).sum())).astype(np.float32)


CONDITIONS: dict[str, Change] = {
    "as recorded": lambda samples, rng: samples,
    "noise, 40 dB": noisy(40.0),
    "noise, 25 dB": noisy(25.0),
    "room": in_a_room,
}


def speakers(folder: Path) -> dict[str, list[Path]]:
    """Return the recordings of each speaker."""
    found = defaultdict(list)
    labels = folder / "labels.csv"
    told = pd.read_csv(labels, dtype="str").set_index("file")["speaker"] if labels.exists() else {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            found[told.get(path.name, path.parent.name)].append(path)
    return found


def joined(paths: list[Path], rng: np.random.Generator) -> Samples:
    """Return half a minute of sentences with pauses between them."""
    parts: list[Samples] = []
    while sum(map(len, parts)) < CENTRE_SECONDS * SAMPLE_RATE_HZ:
        sound, rate_hz = soundfile.read(rng.choice(paths), dtype="float32", always_2d=True)
        sentence = librosa.resample(mono(sound), orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ)
        sentence, _ = librosa.effects.trim(sentence, top_db=35)
        pause = np.zeros(int(rng.uniform(*PAUSE_SECONDS) * SAMPLE_RATE_HZ), np.float32)
        parts += [0.1 * sentence / (sentence.std() + 1e-6), pause]
    whole = np.concatenate(parts)[: int(CENTRE_SECONDS * SAMPLE_RATE_HZ)]
    return whole + 1e-4 * rng.standard_normal(len(whole)).astype(np.float32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, action="append", default=[])
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take each n-th speaker")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    for folder in asked.speech:
        chances = defaultdict(list)
        for paths in progress_bar([*speakers(folder).values()][:: asked.every], folder.name):
            speech = joined(paths, rng)
            for name, change in CONDITIONS.items():
                centre, _ = describe_centre(change(speech, rng))
                chances[name].append(spoken_chance(centre))
        for name, found in chances.items():
            share = np.mean(np.array(found) >= SPOKEN)
            print(f"{folder.name:<16}{name:<14}{len(found):>5} speakers {share:>7.1%} set aside")
    if asked.clips is not None:
        table = pd.read_parquet(asked.clips)
        rows = table[list(WEIGHTS)].to_dict("records")
        share = np.mean([spoken_chance(row) >= SPOKEN for row in rows])
        print(f"{asked.clips.name}: {len(rows)} clips of music, {share:.1%} set aside")


if __name__ == "__main__":
    main()
