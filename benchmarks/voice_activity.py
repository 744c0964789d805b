"""How often speech is taken for something else, and something else for speech.

Each row: recordings of which `Recognizer.predict` doubts that anybody speaks, those of them in
which it names no emotion, and recordings that it answers without any doubt. Every folder that is
given as an option or an environment variable is measured; RAVDESS also by telephone, in noise, in a
room, far too quiet, whispered, and a word of it.

    python benchmarks/voice_activity.py --noise DIR --ravdess DIR --crema-d DIR [--every 5]
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from foundation.progress import progress_bar
from ser.features.augment import add_noise, limit_band, reverberate
from ser.recognizer import load_recognizer
from ser.settings import Samples
from ser.sound.audio import Recording, read_whole

RATE_HZ = 16_000
SUFFIXES = {".wav", ".flac", ".opus", ".ogg", ".mp3"}
FOLDERS = {  # option: environment variable
    "noise": "EMOTIFY_NOISE",
    "ravdess": "EMOTIFY_RAVDESS",
    "ravdess-song": "EMOTIFY_RAVDESS_SONG",
    "crema-d": "EMOTIFY_CREMA_D",
}
Change = Callable[[Samples, np.random.Generator], Samples]


def by_telephone(samples: Samples, rng: np.random.Generator) -> Samples:
    """Return what is left between 300 and 3400 Hz at 8 kHz."""
    narrow = limit_band(samples, 300.0, 3400.0, RATE_HZ)
    return soxr.resample(soxr.resample(narrow, RATE_HZ, 8_000), 8_000, RATE_HZ)


def whispered(samples: Samples, rng: np.random.Generator) -> Samples:
    """Return speech with noise in place of the voice, by linear prediction."""
    order, frame = 18, 400
    window = np.hanning(frame)
    noise = rng.standard_normal(len(samples) + frame)
    padded = np.pad(samples.astype(np.float64), (0, frame))
    out = np.zeros(len(padded))
    for start in range(0, len(samples), frame // 2):
        heard = padded[start : start + frame] * window
        if len(heard) < frame or (power := float(heard @ heard)) < 1e-8:
            continue
        lags = np.correlate(heard, heard, "full")[frame - 1 : frame + order]
        lags[0] *= 1.0001
        filter_ = solve_toeplitz(lags[:-1], lags[1:])
        gain = np.sqrt(max(power - filter_ @ lags[1:], 1e-12) / frame * 2.7)
        voiceless = lfilter([gain], np.concatenate([[1.0], -filter_]), noise[start : start + frame])
        out[start : start + frame] += voiceless * window
    return out[: len(samples)].astype(np.float32)


def loudest(seconds: float) -> Change:
    """Return what cuts a word out."""

    def cut(samples: Samples, rng: np.random.Generator) -> Samples:
        power = np.convolve(np.square(samples), np.ones(800), "same")
        start = max(int(np.argmax(power)) - round(seconds * RATE_HZ / 2), 0)
        return samples[start : start + round(seconds * RATE_HZ)]

    return cut


def white_noise(ratio_db: float) -> Change:
    """Return what adds white noise."""
    return lambda samples, rng: add_noise(
        samples, rng.standard_normal(len(samples)), ratio_db, RATE_HZ
    )


CONDITIONS: dict[str, Change] = {
    "as recorded": lambda samples, rng: samples,
    "telephone": by_telephone,
    "noise, 10 dB": white_noise(10.0),
    "noise, 5 dB": white_noise(5.0),
    "room, RT60 0.5 s": lambda samples, rng: reverberate(samples, 0.5, RATE_HZ, rng),
    "30 dB quieter": lambda samples, rng: samples * np.float32(10**-1.5),
    "whispered": whispered,
    "loudest 0.3 s": loudest(0.3),
    "loudest 0.5 s": loudest(0.5),
    "loudest 1 s": loudest(1.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option, variable in FOLDERS.items():
        parser.add_argument(f"--{option}", type=Path, default=os.environ.get(variable))
    parser.add_argument("--other", type=Path, help="further speech, in all conditions")
    parser.add_argument("--every", type=int, default=5, help="take each n-th recording")
    arguments = vars(parser.parse_args())
    recognizer = load_recognizer()
    print(
        f"{'recordings':<14}{'condition':<18}{'n':>6}{'hardly any':>11}{'none':>8}{'no doubt':>10}"
    )
    for option in (*FOLDERS, "other"):
        folder = arguments[option.replace("-", "_")]
        if folder is None:
            continue
        found = sorted(path for path in Path(folder).rglob("*") if path.suffix in SUFFIXES)
        conditions = CONDITIONS if option in ("ravdess", "other") else ("as recorded",)
        for condition in conditions:
            # All of the noise and of RAVDESS as they are: these two carry the targets.
            whole = option in ("noise", "ravdess") and condition == "as recorded"
            paths = found if whole else found[:: arguments["every"]]
            rng = np.random.default_rng(0)
            hardly_any, none, no_doubt = [], [], []
            for path in progress_bar(paths, option, leave=False):
                samples = CONDITIONS[condition](read_whole(Recording(path), RATE_HZ), rng)
                estimate = recognizer.predict(samples, sample_rate_hz=RATE_HZ)
                hardly_any.append(any("speech was heard" in doubt for doubt in estimate.doubts))
                none.append(estimate.emotion is None)
                no_doubt.append(not estimate.uncertain)
            print(
                f"{option:<14}{condition:<18}{len(paths):>6}"
                f"{np.mean(hardly_any):>11.1%}{np.mean(none):>8.1%}{np.mean(no_doubt):>10.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
