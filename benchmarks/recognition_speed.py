"""Speed, memory and size of recognition, against Keras on librosa's features.

    python benchmarks/recognition_speed.py [--repeat 5] [--minutes 60] [--files 1440]

The long recording and the many files, made of the samples, are commands of their own, start-up
included, once free to use all cores and once held on one. One clip of 4 s and the first minute of
the long recording are then recognised over and over in this process, held on one core: by the
recogniser, and by the same network in Keras on the same features from librosa (the pitch, which
librosa finds in another way, comes from our code in both). Those two take turns, medians are
compared, and their probabilities must agree.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from cold_start import ROOT, TARGET_MB, run
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from foundation.parallel import n_cores
from ser.features.augment import add_noise
from ser.features.mfcc import FeatureExtractor, pad, scale_to_reference_level
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import WINDOWS_PER_BATCH, Recognizer, load_recognizer
from ser.settings import Matrix, Samples
from ser.sound import denoiser, voice_activity
from ser.sound.audio import Recording, read_whole

SAMPLES = sorted((ROOT / "data" / "samples").glob("*.wav"))
SERVED_FILES = (
    *(DEFAULT_FOLDER / name for name in ("model.onnx", "preprocessing.npz", "settings.json")),
    voice_activity.NETWORK_FILE,
    denoiser.NETWORK_FILE,
)
FILE_RATE_HZ = 44_100  # of the long recording: resampling belongs to the work
TARGET_CLIP_SECONDS = 0.020
TARGET_TIMES_REAL_TIME = 200
TARGET_SIZE_MB = 4.0

Network = Callable[[Matrix, Matrix], NDArray[np.float32]]


@contextmanager
def one_core() -> Iterator[None]:
    """Hold this process, and those it starts, on one core (where the system can do that)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def librosa_features(samples: Samples, extractor: FeatureExtractor) -> Matrix:
    """Return what the extractor returns, computed by librosa."""
    import librosa

    settings = extractor.settings
    if settings.level_free:
        samples = scale_to_reference_level(samples)
    rate = settings.sample_rate_hz
    frames = {"n_fft": settings.n_fft, "hop_length": settings.hop_length}
    mel = librosa.feature.melspectrogram(y=samples, sr=rate, n_mels=settings.n_mels, **frames)
    decibel = librosa.power_to_db(mel, top_db=settings.dynamic_range_db)
    parts = [librosa.feature.mfcc(S=decibel, n_mfcc=settings.n_mfcc)]
    if settings.n_chroma:
        parts += [librosa.feature.chroma_stft(y=samples, sr=rate, tuning=0, **frames)]
    if settings.pitch:
        parts += [extractor.pitch(extractor.power_spectrogram(samples))]
    static = np.concatenate(parts)
    if settings.delta_width:
        static = np.concatenate([static, librosa.feature.delta(static, width=settings.delta_width)])
    return static.T.astype(np.float32)


def keras_network() -> Network:
    """Return the shipped network in Keras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    import ser.network.model
    import ser.network.statistics_model  # these register their layers  # noqa: F401

    network = keras.saving.load_model(DEFAULT_FOLDER / "model.keras")
    return lambda batch, mask: network.predict_on_batch({"features": batch, "mask": mask})


def medians(works: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Return median seconds of processor time of each; they take turns, after a first round.

    On one core that is the time that passes when nothing else runs, and it is not lengthened by
    what else does.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for round_number in range(repeats + 1):
        for name, work in works.items():
            start = time.process_time()
            work()
            if round_number:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def in_noise(sound: Samples, rate_hz: int) -> Samples:
    """Return sound with noise 10 dB under it, and half a second of noise alone at both ends.

    There the recogniser learns how noisy it is, and hears every window twice.
    """
    around = np.pad(sound, rate_hz // 2)
    noise = np.random.default_rng(0).standard_normal(len(around))
    return add_noise(around, noise, 10, rate_hz)


def one_clip(recognizer: Recognizer, network: Network, repeats: int) -> None:
    """Print how long a window of sound takes, alone and among others."""
    extractor = recognizer.artefact.extractor
    rate, length = extractor.settings.sample_rate_hz, extractor.settings.window_length
    sound = np.concatenate([read_whole(Recording(path), rate) for path in SAMPLES])
    clip = sound[:length]
    noisy = in_noise(clip[rate // 2 : -rate // 2], rate)

    def instead() -> NDArray[np.float32]:
        return network(*pad([librosa_features(clip, extractor)]))

    batch, mask = pad([extractor(clip)])
    [ours, *_] = recognizer.artefact.session.run(None, {"features": batch, "mask": mask})
    difference = np.abs(ours - instead()).max()
    if difference > 1e-3:
        raise SystemExit(f"not the same work: probabilities differ by {difference:.3f}")
    seconds = medians(
        {
            "features": lambda: extractor(clip),
            "clip": lambda: recognizer.predict(clip, sample_rate_hz=rate),
            "noisy": lambda: recognizer.predict(noisy, sample_rate_hz=rate),
            "librosa": lambda: librosa_features(clip, extractor),
            "instead": instead,
        },
        10 * repeats,
    )
    print(f"one clip of {length / rate:.0f} s, one core, warm, processor time")
    print(
        f"  emotify            {1e3 * seconds['clip']:8.2f} ms (target "
        f"{1e3 * TARGET_CLIP_SECONDS:.0f}), of it features {1e3 * seconds['features']:.2f} ms"
    )
    print(
        f"  librosa and Keras  {1e3 * seconds['instead']:8.2f} ms, of it features "
        f"{1e3 * seconds['librosa']:.2f} ms; probabilities differ by {difference:.0e}"
    )
    print(f"  ratio {seconds['clip'] / seconds['instead']:.3f}")
    print(f"  in noise, heard twice {1e3 * seconds['noisy']:5.2f} ms")


def write_long(path: Path, minutes: float) -> None:
    """Write the samples one after the other, again and again."""
    sound = np.concatenate([read_whole(Recording(sample), FILE_RATE_HZ) for sample in SAMPLES])
    missing = round(60 * minutes * FILE_RATE_HZ)
    with soundfile.SoundFile(path, "w", FILE_RATE_HZ, 1, "PCM_16", format="WAV") as file:
        while missing > 0:
            file.write(sound[:missing])
            missing -= len(sound)


def one_minute(path: Path, recognizer: Recognizer, network: Network, repeats: int) -> None:
    """Print how long the first minute of a file takes: what a long recording costs, warm."""
    import librosa

    settings, extractor = recognizer.settings, recognizer.artefact.extractor
    rate, length = settings.sample_rate_hz, settings.window_length
    sound, file_rate = soundfile.read(path, frames=60 * FILE_RATE_HZ, dtype="float32")

    def instead() -> None:
        resampled = librosa.resample(sound, orig_sr=file_rate, target_sr=rate)
        starts = range(0, len(resampled) - length + 1, round(settings.window_hop_seconds * rate))
        features = [librosa_features(resampled[at : at + length], extractor) for at in starts]
        for first in range(0, len(features), WINDOWS_PER_BATCH):
            network(*pad(features[first : first + WINDOWS_PER_BATCH]))

    noisy = in_noise(sound[:-file_rate], file_rate)
    works = {
        "ours": lambda: recognizer.predict(sound, sample_rate_hz=file_rate),
        "noisy": lambda: recognizer.predict(noisy, sample_rate_hz=file_rate),
        "": instead,
    }
    seconds = medians(works, repeats)
    print("its first minute, one core, warm, processor time")
    print(f"  emotify            {60 / seconds['ours']:8.0f} x real time")
    print(f"  librosa and Keras  {60 / seconds['']:8.0f} x")
    print(f"  ratio {seconds['ours'] / seconds['']:.3f}")
    print(f"  in noise, heard twice {60 / seconds['noisy']:5.0f} x real time")


def commands(arguments: list[str]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (seconds, peak MB) of a recognition on all cores and on one."""
    emotify = shutil.which("emotify", path=str(Path(sys.executable).parent)) or "emotify"
    on_all = run([emotify, "recognize", "--json", *arguments])
    with one_core():
        return on_all, run([emotify, "recognize", "--json", *arguments])


def long_recording(path: Path, minutes: float) -> None:
    """Print the speed for a long recording as a multiple of real time, and the memory."""
    (on_all, memory), (on_one, _) = commands([str(path)])
    print(f"a recording of {minutes:.0f} minutes at {FILE_RATE_HZ} Hz, from start to exit")
    print(
        f"  emotify, {n_cores()} cores   {60 * minutes / on_all:8.0f} x real time (target "
        f"{TARGET_TIMES_REAL_TIME}), {memory:.0f} MB (target {TARGET_MB})"
    )
    print(f"  emotify, one core  {60 * minutes / on_one:8.0f} x")
    print(f"  ratio {on_all / on_one:.2f}")


def many_files(n_files: int) -> None:
    """Print the speed for many files."""
    files = [str(SAMPLES[number % len(SAMPLES)]) for number in range(n_files)]
    (on_all, memory), (on_one, _) = commands(files)
    print(f"{n_files} files of 3 to 5 s")
    print(f"  emotify, {n_cores()} cores   {n_files / on_all:8.0f} files/s, {memory:.0f} MB")
    print(f"  emotify, one core  {n_files / on_one:8.0f} files/s")
    print(f"  ratio {on_all / on_one:.2f}")


def size() -> None:
    """Print the size of what recognition reads."""
    sizes = {path.name: path.stat().st_size / 1e6 for path in SERVED_FILES}
    parts = ", ".join(f"{name} {megabytes:.2f}" for name, megabytes in sizes.items())
    keras_size = (DEFAULT_FOLDER / "model.keras").stat().st_size / 1e6
    print(f"artefact\n  emotify            {sum(sizes.values()):8.2f} MB (target", end=" ")
    print(f"{TARGET_SIZE_MB:.0f}): {parts}\n  model.keras        {keras_size:8.2f} MB")
    print(f"  ratio {sum(sizes.values()) / keras_size:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="tens of runs of the clip")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the long recording")
    parser.add_argument("--files", type=int, default=1440, help="number of the many files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emotify-benchmark-") as folder:
        path = Path(folder) / "long.wav"
        write_long(path, arguments.minutes)
        # Commands first: until it runs, a new process counts the memory of the one that starts it.
        long_recording(path, arguments.minutes)
        many_files(arguments.files)
        with one_core(), threadpool_limits(1):
            recognizer, network = load_recognizer(), keras_network()
            one_clip(recognizer, network, arguments.repeat)
            one_minute(path, recognizer, network, arguments.repeat)
    size()


if __name__ == "__main__":
    main()
