"""What music sounds like in numbers: a sound file in, named descriptors out.

Two sets, both from librosa and both untouched by the level of the recording:

- *loud*: 33 statistics over the 15 s with the highest level (timbre, harmony, brightness), as they
  were published for thousands of Spotify tracks with their features;
- *centre*: 132 statistics over 30 s in the middle, rhythm included, as they were published for
  clips whose mood people labelled.

The names are those of the tables that `clustering.evaluation.music_training` fits on. Beside them
stand measurements that are no input of a model: loudness, tempo, key.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.music.keys import Key, harmonic_chroma, key_of
from clustering.music.sound import ANY_LENGTH, Limits, Samples, loudness, mono, read_middle
from clustering.music.spoken import spoken_chance

SAMPLE_RATE_HZ = 22_050
LOUD_SECONDS, CENTRE_SECONDS = 15.0, 30.0
HOP = 512
COMMON_LUFS = -14.0  # what streaming services play at
N_LOUD_MFCC, N_CENTRE_MFCC = 13, 20
# Mel bands whose shares tell the balance of bass and treble.
MEL_RANGES = ((0, 8), (8, 20), (20, 40), (40, 70), (70, 100), (100, 128))
SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
# How much each pitch class belongs to a key, from listeners' ratings (Krumhansl & Kessler 1982,
# Psychological Review 89:334): for what the published tables describe. The key is found by others.
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


@dataclass(frozen=True)
class Music:
    """One file as it is heard.

    Attributes
    ----------
    loud, centre
        Descriptors by name.
    loudness
        Integrated loudness of what was read (ITU-R BS.1770-4), LUFS; -60 of what is quieter.
    tempo
        Beats a minute. Half or double the true tempo about as often as not wrong at all: of
        real tracks, 54-68 % come within 4 %, 66-78 % when half and double count as right.
    key
        By the profiles that fit best.
    spoken
        The chance that it is spoken word.
    duration_seconds
        Of the whole file.
    """

    loud: dict[str, float]
    centre: dict[str, float]
    loudness: float
    tempo: float
    key: Key
    spoken: float
    duration_seconds: float


def hear(path: str | Path, limits: Limits = ANY_LENGTH) -> Music:
    """Read the middle of a sound file and describe it.

    Raises
    ------
    InputError
        If the file cannot be read as sound, is silent, or of a length that `limits` leave out.
    """
    import librosa

    samples, rate_hz, duration = read_middle(Path(path), limits)
    level = loudness(samples, rate_hz)
    heard = librosa.resample(
        mono(samples), orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ, res_type="soxr_hq"
    )
    heard *= 10 ** ((COMMON_LUFS - level) / 20)  # floors in dB then lie where they were
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # drums have no pitch to tune to
        middle = _middle(heard, CENTRE_SECONDS)
        centre, onsets = describe_centre(middle)
        loud = describe_loud(heard)
        key = key_of(harmonic_chroma(middle, SAMPLE_RATE_HZ))
    tempo = librosa.feature.tempo(onset_envelope=onsets, sr=SAMPLE_RATE_HZ, hop_length=HOP)
    return Music(
        loud=loud,
        centre=centre,
        loudness=level,
        tempo=float(tempo[0]),
        key=key,
        spoken=spoken_chance(centre),
        duration_seconds=duration,
    )


def compile_first() -> None:
    """Have librosa's compiled functions compiled, and kept, by this process alone.

    Processes that do so at the same time write Numba's cache over each other, and what then is read
    from it crashes them.
    """
    noise = np.random.default_rng(0).standard_normal(4 * SAMPLE_RATE_HZ).astype(np.float32)
    describe_loud(noise)
    describe_centre(noise)
    key_of(harmonic_chroma(noise, SAMPLE_RATE_HZ))


def _middle(samples: Samples, seconds: float) -> Samples:
    n = int(seconds * SAMPLE_RATE_HZ)
    start = max(0, (len(samples) - n) // 2)
    return samples[start : start + n]


def describe_loud(samples: Samples) -> dict[str, float]:
    """Return the *loud* descriptors of mono sound at 22,050 Hz; shorter sound is padded."""
    import librosa

    n = int(LOUD_SECONDS * SAMPLE_RATE_HZ)
    if len(samples) > n:
        level = librosa.feature.rms(y=samples, frame_length=2048, hop_length=HOP)[0]
        n_frames = n // HOP
        summed = np.convolve(level, np.ones(n_frames), "valid")
        start = int(np.argmax(summed)) * HOP
        samples = samples[start : start + n]
    samples = librosa.util.fix_length(samples, size=n)
    magnitudes = np.abs(librosa.stft(samples))
    mel = librosa.feature.melspectrogram(S=magnitudes**2, sr=SAMPLE_RATE_HZ)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=N_LOUD_MFCC)
    found = {}
    for number, row in enumerate(mfcc, start=1):
        if number > 1:  # the mean of the first is the level
            found[f"mfcc_{number}_mean"] = row.mean()
        found[f"mfcc_{number}_std"] = row.std()
    others = {
        "chroma": librosa.feature.chroma_stft(S=magnitudes**2, sr=SAMPLE_RATE_HZ),
        "contrast": librosa.feature.spectral_contrast(S=magnitudes, sr=SAMPLE_RATE_HZ),
        "zcr": librosa.feature.zero_crossing_rate(samples),
        "centroid": librosa.feature.spectral_centroid(S=magnitudes, sr=SAMPLE_RATE_HZ),
    }
    for name, values in others.items():
        found[f"{name}_mean"], found[f"{name}_std"] = values.mean(), values.std()
    return _plain(found)


def describe_centre(samples: Samples) -> tuple[dict[str, float], NDArray[Any]]:
    """Return the *centre* descriptors, and onset strength by frame."""
    import librosa

    magnitudes = np.abs(librosa.stft(samples))
    mel = librosa.feature.melspectrogram(S=magnitudes**2, sr=SAMPLE_RATE_HZ)
    mel_db = librosa.power_to_db(mel)
    chroma = librosa.feature.chroma_stft(S=magnitudes**2, sr=SAMPLE_RATE_HZ, tuning=0.0)
    onsets = librosa.onset.onset_strength(S=mel_db, sr=SAMPLE_RATE_HZ)
    found: dict[str, Any] = {}
    for number, row in enumerate(librosa.feature.mfcc(S=mel_db, n_mfcc=N_CENTRE_MFCC), start=1):
        name = f"f_mfcc{number:02d}"
        moments = _moments(name, row)
        if number == 1:
            del moments[f"{name}_mean"]
        found |= moments
        found[f"f_dmfcc{number:02d}_std"] = np.diff(row).std()
    contrast = librosa.feature.spectral_contrast(S=magnitudes, sr=SAMPLE_RATE_HZ)
    for number, row in enumerate(contrast, start=1):
        found[f"f_contrast{number}_mean"] = row.mean()
        found[f"f_contrast{number}_std"] = row.std()
    shapes = {
        "centroid": librosa.feature.spectral_centroid(S=magnitudes, sr=SAMPLE_RATE_HZ)[0],
        "bandwidth": librosa.feature.spectral_bandwidth(S=magnitudes, sr=SAMPLE_RATE_HZ)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=magnitudes, sr=SAMPLE_RATE_HZ)[0],
        "flatness": librosa.feature.spectral_flatness(S=magnitudes)[0],
        "zcr": librosa.feature.zero_crossing_rate(samples)[0],
    }
    for name, row in shapes.items():
        found |= _moments(f"f_{name}", row)
    found |= _dynamics(librosa.feature.rms(S=magnitudes)[0])
    shares = mel.mean(axis=1) / mel.mean(axis=1).sum()
    for number, (low, high) in enumerate(MEL_RANGES):
        found[f"f_band{number}"] = shares[low:high].sum()
    found |= _harmony(chroma.mean(axis=1))
    found["f_chroma_std"] = chroma.std(axis=1).mean()
    found |= _rhythm(onsets, len(samples) / SAMPLE_RATE_HZ)
    flux = np.maximum(0, np.diff(magnitudes / (magnitudes.sum(axis=0) + 1e-9), axis=1)).sum(axis=0)
    found["f_flux_mean"], found["f_flux_std"] = flux.mean(), flux.std()
    return _plain(found), onsets


def _moments(name: str, values: NDArray[Any]) -> dict[str, Any]:
    from scipy.stats import skew

    return {
        f"{name}_mean": values.mean(),
        f"{name}_std": values.std(),
        f"{name}_skew": skew(values),
    }


def _dynamics(level: NDArray[Any]) -> dict[str, Any]:
    level_db = 20 * np.log10(level + 1e-6)
    spectrum = np.abs(np.fft.rfft(level_db - level_db.mean()))
    rates = np.fft.rfftfreq(len(level_db), HOP / SAMPLE_RATE_HZ)
    whole = spectrum[(rates > 0.5) & (rates < 20)].sum() + 1e-9
    return {
        "f_dynrange": np.percentile(level_db, 95) - np.percentile(level_db, 10),
        "f_lowenergy": (level < level.mean()).mean(),
        "f_mod_speech": spectrum[(rates > 3) & (rates < 7)].sum() / whole,  # syllables
        "f_mod_slow": spectrum[(rates > 0.5) & (rates < 2)].sum() / whole,
    }


def _harmony(chroma: NDArray[Any]) -> dict[str, Any]:
    share = chroma / chroma.sum()
    major, minor = (_profile_fit(chroma, profile) for profile in (MAJOR, MINOR))
    return {
        "f_chroma_max": chroma.max(),
        "f_chroma_ent": -(share * np.log(share + 1e-9)).sum(),
        "f_majorness": major.max() - minor.max(),
        "f_keyclarity": max(major.max(), minor.max()),
    }


def _profile_fit(chroma: NDArray[Any], profile: NDArray[Any]) -> NDArray[Any]:
    """Return the correlation with a key profile on each of the 12 pitch classes."""
    return np.array([np.corrcoef(np.roll(profile, key), chroma)[0, 1] for key in range(12)])


def _rhythm(onsets: NDArray[Any], seconds: float) -> dict[str, Any]:
    import librosa

    found = _moments("f_onset", onsets) | {"f_onset_median": np.median(onsets)}
    repeats = librosa.autocorrelate(onsets, max_size=len(onsets) // 2)
    repeats = repeats / (repeats[0] + 1e-9)
    per_minute = 60 * SAMPLE_RATE_HZ / HOP
    lags = np.arange(len(repeats))
    beats = (lags > per_minute / FASTEST_BPM) & (lags < per_minute / SLOWEST_BPM)
    share = np.maximum(repeats[beats], 0)
    share = share / (share.sum() + 1e-9)
    found["f_pulse"] = repeats[beats].max(initial=0.0)
    found["f_tg_ent"] = -(share * np.log(share + 1e-9)).sum()
    peaks = librosa.util.peak_pick(
        onsets, pre_max=3, post_max=3, pre_avg=10, post_avg=10, delta=0.5, wait=3
    )
    found["f_onsetrate"] = len(peaks) / seconds
    return found


def _plain(found: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in found.items()}
