"""Ways in which the same speech may come to the recogniser: louder, noisier, further away, cut.

Each `Condition` changes a clip and leaves its emotion as it was; `ser.evaluation.robustness`
measures what that does to the answers. Levels of noise are relative to the speech of the clip: the
RMS of the frames that lie within `ser.features.augment.SPEECH_RANGE_DB` of the loudest, so that
silence around the speech changes no ratio.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.text import printable
from ser.corpora.labelled_folders import SOUND_SUFFIXES
from ser.evaluation import microphones
from ser.evaluation.encodings import AMR_NB, Encoding, Mp3, voice_message
from ser.features.augment import add_noise, limit_band, reverberate, speech_rms
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, read_whole
from ser.sound.windows import trimmed

SILENCE_SECONDS = 2.0
QUIET_NOISE_DB = -40.0  # under the speech: a calm room
ROOM_SECONDS = 0.3  # RT60 of a furnished room
CLIPPED_SHARE = 0.05
MP3_KBITS = (64,)
OPUS_KBITS = (24, 12)
SHORT_SPEECH = ((1.5, 8.0), (1.0, None), (0.6, None))  # seconds, and the limit of UAR in points

Sound = tuple[NDArray[Any], int]  # samples and their rate in Hz
Change = Callable[[Samples, int, np.random.Generator], Sound]


@dataclass(frozen=True)
class Condition:
    """One way in which a clip is changed, and what that may do.

    Attributes
    ----------
    change_name
        What is done to the sound; conditions that share it share its chance, too.
    change
        From mono float32 samples, their rate and a source of chance to what is recorded instead.
    largest_uar_change
        Limit of the change in UAR, in points, up or down; None for no limit.
    least_unchanged_percent
        Limit of the share of clips with the same label as before; 0 for none.
    encoding
        Of the file as which the sound is kept; None for no file.
    denoised
        Whether the recogniser may hear the sound without its noise, too, as it does for users.
    """

    change_name: str
    change: Change
    largest_uar_change: float | None = 5.0
    least_unchanged_percent: float = 0.0
    encoding: Encoding | None = None
    denoised: bool = True

    @property
    def name(self) -> str:
        """As the table calls it."""
        return self.change_name + ("" if self.denoised else ", without the denoiser")

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.largest_uar_change is None:
            return ""
        words = f"UAR ±{self.largest_uar_change:g}"
        if self.least_unchanged_percent:
            words += f", labels ≥ {self.least_unchanged_percent:g} %"
        return words


def without_denoiser(condition: Condition) -> Condition:
    """Return the same change, heard as it is alone: what the denoiser is worth."""
    return replace(condition, largest_uar_change=None, denoised=False)


def as_recorded(samples: Samples, rate: int, _rng: np.random.Generator) -> Sound:
    """Return the clip itself."""
    return samples, rate


def gain(samples: Samples, rate: int, _rng: np.random.Generator, *, gain_db: float) -> Sound:
    """Return the clip louder or softer, in floats, which do not clip."""
    return (samples * np.float32(10 ** (gain_db / 20))).astype(np.float32), rate


def gain_16_bit(samples: Samples, rate: int, rng: np.random.Generator, *, gain_db: float) -> Sound:
    """Return the clip louder or softer as 16-bit integers: rounded, and clipped where too loud."""
    louder, _ = gain(samples, rate, rng, gain_db=gain_db)
    return np.clip(np.round(louder * 32768.0), -32768, 32767).astype(np.int16), rate


def white_noise(samples: Samples, rate: int, rng: np.random.Generator, *, ratio_db: float) -> Sound:
    """Return the clip with white noise `ratio_db` under its speech."""
    noise = rng.standard_normal(len(samples))
    return add_noise(samples, noise, ratio_db, rate), rate


def real_noise(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    files: Sequence[Path],
    ratio_db: float,
) -> Sound:
    """Return the clip with a random stretch of a random recording `ratio_db` under its speech."""
    for number in rng.permutation(len(files)):
        noise = read_whole(Recording(files[number]), rate)
        noise = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), len(samples))
        if noise.any():  # some recordings of short sounds are mostly digital zeros
            return add_noise(samples, noise, ratio_db, rate), rate
    raise InputError(f"{files[0].parent} and beyond: all recordings of noise are silent")


def telephone(samples: Samples, rate: int, _rng: np.random.Generator) -> Sound:
    """Return the clip as an analogue telephone carries it: 300-3400 Hz, 8 kHz."""
    narrow = limit_band(samples, 300.0, 3400.0, rate)
    return soxr.resample(narrow, rate, 8_000), 8_000


def room(samples: Samples, rate: int, rng: np.random.Generator) -> Sound:
    """Return the clip in a synthetic room."""
    return reverberate(samples, ROOM_SECONDS, rate, rng), rate


def silence_around(samples: Samples, rate: int, _rng: np.random.Generator) -> Sound:
    """Return the clip between two stretches of digital zeros."""
    return np.pad(samples, round(SILENCE_SECONDS * rate)), rate


def quiet_around(samples: Samples, rate: int, rng: np.random.Generator) -> Sound:
    """Return the clip between two stretches of low noise."""
    level = speech_rms(samples, rate) * 10 ** (QUIET_NOISE_DB / 20)
    before, after = rng.standard_normal((2, round(SILENCE_SECONDS * rate))) * level
    return np.concatenate([before, samples, after]).astype(np.float32), rate


def clipped(samples: Samples, rate: int, _rng: np.random.Generator) -> Sound:
    """Return the clip with its loudest samples cut to one level."""
    level = np.quantile(np.abs(samples), 1 - CLIPPED_SHARE)
    return np.clip(samples, -level, level), rate


def resampled(
    samples: Samples, rate: int, _rng: np.random.Generator, *, sample_rate_hz: int
) -> Sound:
    """Return the clip at another rate."""
    return soxr.resample(samples, rate, sample_rate_hz), sample_rate_hz


def equalised(
    samples: Samples, rate: int, _rng: np.random.Generator, *, curve: microphones.Curve
) -> Sound:
    """Return the clip through a microphone, or a tone control."""
    return microphones.equalised(samples, rate, curve), rate


def laptop(samples: Samples, rate: int, rng: np.random.Generator) -> Sound:
    """Return the clip as a laptop hears it in a small room."""
    return microphones.laptop_in_a_room(samples, rate, rng), rate


def speech_alone(
    samples: Samples, rate: int, _rng: np.random.Generator, *, seconds: float = math.inf
) -> Sound:
    """Return what is left when the clip is cut to its speech, and of that the middle."""
    settings = FeatureSettings()
    speech = trimmed(Recording(samples, rate), settings)
    n_samples = round(min(seconds * settings.sample_rate_hz, len(speech)))
    start = (len(speech) - n_samples) // 2
    return speech[start : start + n_samples], settings.sample_rate_hz


def in_turn(
    samples: Samples, rate: int, rng: np.random.Generator, *, changes: Sequence[Change]
) -> Sound:
    """Return the clip after several changes, one upon the other."""
    for change in changes:
        samples, rate = change(samples, rate, rng)
    return samples, rate


def conditions(noise_folder: Path | None = None) -> tuple[Condition, ...]:
    """Return all conditions, the clip as recorded first.

    Parameters
    ----------
    noise_folder
        Folder with recordings of real noise, at any depth; without it these two conditions are
        left out.

    Raises
    ------
    InputError
        If the folder is missing or holds no recording.
    """
    plain = Condition("as recorded", as_recorded)
    noises = _noises(noise_folder)
    speech = Condition("speech alone", speech_alone)
    # What is cut to the speech has no pause in which its noise could be heard.
    cut_noises = [
        replace(
            noise,
            change_name=f"{noise.change_name}, speech alone",
            change=partial(in_turn, changes=(noise.change, speech_alone)),
        )
        for noise in noises
    ]
    return (
        plain,
        *_levels(),
        *noises,
        *_channels(),
        Condition(f"{SILENCE_SECONDS:g} s of zeros before and after", silence_around),
        Condition(f"{SILENCE_SECONDS:g} s of low noise before and after", quiet_around),
        speech,
        *cut_noises,
        *(
            Condition(
                f"{seconds:g} s from the middle of the speech",
                partial(speech_alone, seconds=seconds),
                limit,
            )
            for seconds, limit in SHORT_SPEECH
        ),
        *map(without_denoiser, (plain, *noises, *cut_noises)),
    )


def _levels() -> list[Condition]:
    return [
        Condition("gain -30 dB", partial(gain, gain_db=-30), 5.0, 97.0),
        Condition("gain -10 dB", partial(gain, gain_db=-10), 5.0, 97.0),
        Condition("gain +10 dB", partial(gain, gain_db=10), 5.0, 97.0),
        Condition("gain -30 dB, 16 bit", partial(gain_16_bit, gain_db=-30)),
        Condition("gain +10 dB, 16 bit", partial(gain_16_bit, gain_db=10), 10.0),
        Condition(f"{CLIPPED_SHARE:.0%} of samples clipped", clipped, 10.0),
    ]


def _noises(folder: Path | None) -> list[Condition]:
    kinds: list[tuple[str, Callable[..., Sound]]] = [("white noise", white_noise)]
    if folder is not None:
        kinds.append(("real noise", partial(real_noise, files=_sounds_below(folder))))
    return [
        Condition(f"{name}, {ratio_db} dB SNR", partial(change, ratio_db=ratio_db), limit)
        for name, change in kinds
        for ratio_db, limit in ((20, 5.0), (10, 10.0))
    ]


def _channels() -> list[Condition]:
    return [
        *(
            Condition(name, partial(equalised, curve=curve))
            for name, curve in microphones.CURVES.items()
        ),
        Condition("telephone, 300-3400 Hz at 8 kHz", telephone),
        *(
            Condition(f"{rate_hz / 1000:g} kHz", partial(resampled, sample_rate_hz=rate_hz))
            for rate_hz in (44_100, 22_050, 8_000)
        ),
        *(
            Condition(f"MP3 at {kbits} kbit/s", as_recorded, encoding=Mp3(kbits))
            for kbits in MP3_KBITS
        ),
        *(
            Condition(f"Opus at {kbits} kbit/s", as_recorded, encoding=voice_message(kbits))
            for kbits in OPUS_KBITS
        ),
        # A narrow band and a codec, a room, a microphone and noise: each has a limit of its own.
        Condition("AMR-NB at 12.2 kbit/s", as_recorded, 10.0, encoding=AMR_NB),
        Condition(f"room, RT60 {ROOM_SECONDS} s", room),
        Condition("laptop in a small room, its fan on", laptop, 10.0),
    ]


def _sounds_below(folder: Path) -> list[Path]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".")
    )
    if not files:
        raise InputError(
            f"{printable(folder)}: holds no recording of noise ({', '.join(SOUND_SUFFIXES)}); give "
            "another --noise DIR, or leave it out (EMOTIFY_NOISE, too) to do without real noise"
        )
    return files
