"""What RAVDESS measures like, clip by clip: a folder flows in, a table of numbers flows out.

The table that the project ships, ``data/ravdess_statistics.csv``, lets the corpus be looked at
without its recordings: it holds lengths, levels and averages, no sound. It was made from the whole
of RAVDESS speech (CC BY-NC-SA 4.0; see `ser.corpora.ravdess.CITATION`), resampled to 16 kHz, with

    python -m ser.corpora.statistics FOLDER data/ravdess_statistics.csv

Columns: `clip_id`; `duration_seconds`; `leading_seconds` and `trailing_seconds`, the silence that
`ser.sound.audio.find_sound` trims; `level_dbfs`, the RMS of the whole clip; `zero_share`, the share
of samples that are exactly 0; `fingerprint`, equal for equal samples; `mfcc_mean_01` and so on, the
mean and standard deviation over time of 13 MFCCs of the trimmed sound at a common level.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.shipped import shipped
from foundation.tables import read_table, write_table
from foundation.text import printable
from ser.corpora.ravdess import Clip, index_clips
from ser.features.mfcc import FeatureExtractor, make_filter_banks
from ser.settings import FeatureSettings
from ser.sound.audio import Recording, find_sound, frame_levels_db

SHIPPED_TABLE = shipped("data", "ravdess_statistics.csv")
# librosa's own range of 80 dB, not the model's: this tells of the corpus, whatever model is in use.
SETTINGS = FeatureSettings(n_mfcc=13, n_chroma=0, pitch=False, delta_width=0, dynamic_range_db=80.0)
MFCC_COLUMNS = tuple(
    f"mfcc_{what}_{number:02d}" for what in ("mean", "std") for number in range(1, 14)
)
COLUMNS = (
    "clip_id",
    "duration_seconds",
    "leading_seconds",
    "trailing_seconds",
    "level_dbfs",
    "zero_share",
    "fingerprint",
    *MFCC_COLUMNS,
)


def measure(clip: Clip, extractor: FeatureExtractor) -> dict[str, str]:
    """Return one row of the table, numbers rounded to what they can be trusted for.

    Parameters
    ----------
    clip
        A clip whose recording is there.
    extractor
        Feature extraction with `SETTINGS`.

    Raises
    ------
    InputError
        If the recording cannot be read or is silent.
    """
    recording = Recording(clip.path)
    rate_hz = extractor.settings.sample_rate_hz
    samples = np.concatenate(list(recording.blocks(rate_hz)))
    bounds = find_sound(recording, extractor.settings)
    features = extractor(samples[bounds.start : bounds.end])
    (level,) = frame_levels_db(samples, len(samples))
    row = {
        "clip_id": clip.clip_id,
        "duration_seconds": f"{recording.duration_seconds:.3f}",
        "leading_seconds": f"{bounds.start / rate_hz:.3f}",
        "trailing_seconds": f"{(len(samples) - bounds.end) / rate_hz:.3f}",
        "level_dbfs": f"{level:.2f}",
        "zero_share": f"{np.mean(samples == 0):.4f}",
        "fingerprint": hashlib.sha256(samples.tobytes()).hexdigest()[:12],
    }
    averages = np.concatenate([features.mean(axis=0), features.std(axis=0)])
    return row | {name: f"{value:.2f}" for name, value in zip(MFCC_COLUMNS, averages, strict=True)}


def measure_all(clips: Iterable[Clip]) -> Iterator[dict[str, str]]:
    """Yield the rows of the clips in their order (needs librosa, of the ``train`` extra)."""
    extractor = FeatureExtractor(SETTINGS, make_filter_banks(SETTINGS))
    for clip in clips:
        yield measure(clip, extractor)


def write_statistics(folder: str | Path, target: str | Path) -> int:
    """Measure the speech clips below `folder`, write the table, and return the number of rows.

    Raises
    ------
    InputError
        If `folder` holds no clip, or one that cannot be read.
    """
    clips = [clip for clip in index_clips(folder) if clip.channel == "speech"]
    rows = sorted(measure_all(clips), key=lambda row: row["clip_id"])
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_table(table, Path(target))
    return len(rows)


def read_statistics(path: str | Path = SHIPPED_TABLE) -> pd.DataFrame:
    """Return the table, with what each clip's name says as columns in front.

    Returns
    -------
    DataFrame
        Index ``clip_id``; columns ``emotion`` and ``intensity`` (ordered categories),
        ``statement``, ``repetition``, ``actor``, ``sex``, and those of the table.

    Raises
    ------
    InputError
        If there is no such table, or it has other columns.
    """
    advice = f"make it again with: python -m ser.corpora.statistics FOLDER {printable(path)}"
    measured = read_table(Path(path), COLUMNS, advice, dtype={"fingerprint": str})
    clips = [Clip.from_path(clip_id) for clip_id in measured["clip_id"]]
    said = pd.DataFrame(
        {
            "emotion": pd.Categorical([c.emotion.name for c in clips], EMOTION_NAMES, ordered=True),
            "intensity": pd.Categorical(
                [c.intensity for c in clips], ["normal", "strong"], ordered=True
            ),
            "statement": [c.statement for c in clips],
            "repetition": [c.repetition for c in clips],
            "actor": [c.actor for c in clips],
            "sex": [c.sex for c in clips],
        }
    )
    return pd.concat([said, measured], axis=1).set_index("clip_id")


def main(arguments: list[str] | None = None) -> int:
    """Run as a command: FOLDER and the table's path; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 2:
        print("usage: python -m ser.corpora.statistics FOLDER TABLE.csv", file=sys.stderr)
        return 2
    try:
        n_rows = write_statistics(*given)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{given[1]}: {n_rows} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
