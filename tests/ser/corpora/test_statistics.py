"""The shipped table describes the whole corpus, and measuring it again gives the same numbers."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from ser.corpora.ravdess import Clip, expected_clip_ids, index_clips
from ser.corpora.statistics import (
    COLUMNS,
    MFCC_COLUMNS,
    SHIPPED_TABLE,
    main,
    measure_all,
    read_statistics,
)

RATE = 16_000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read_statistics()


def test_the_shipped_table_has_a_row_for_every_clip(table: pd.DataFrame) -> None:
    assert tuple(table.index) == expected_clip_ids("speech")
    assert table.notna().all(axis=None)
    assert tuple(table["emotion"].cat.categories) == EMOTION_NAMES
    assert SHIPPED_TABLE.stat().st_size < 500_000


def test_the_shipped_table_holds_what_is_known_of_ravdess(table: pd.DataFrame) -> None:
    assert table["duration_seconds"].between(2.9, 5.3).all()
    level = table.groupby("emotion", observed=True)["level_dbfs"].mean()
    assert level["calm"] == pytest.approx(-49, abs=1)
    assert level["angry"] == pytest.approx(-30, abs=1)
    assert set(table.loc[table["level_dbfs"] < -60, "actor"]) == {9, 20}
    twins = table.index[table.duplicated("fingerprint", keep=False)]
    assert list(twins) == ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]


def record(folder: Path, name: str = "03-01-06-01-02-01-12") -> Clip:
    """Write a clip of 3 s: 0.8 s of zeros, 2 s of sound, 0.2 s of zeros."""
    tone = 0.1 * np.sin(np.arange(2 * RATE) / 4)
    samples = np.concatenate([np.zeros(8 * RATE // 10), tone, np.zeros(RATE // 5)])
    path = folder / f"{name}.wav"
    soundfile.write(path, samples, RATE)
    return Clip.from_path(path)


def test_a_row_says_what_the_clip_is_like(tmp_path: Path) -> None:
    [row] = measure_all([record(tmp_path)])
    assert tuple(row) == COLUMNS
    assert row["clip_id"] == "03-01-06-01-02-01-12"
    assert float(row["duration_seconds"]) == 3.0
    assert float(row["leading_seconds"]) == pytest.approx(0.8, abs=0.07)
    assert float(row["trailing_seconds"]) == pytest.approx(0.2, abs=0.07)
    assert float(row["level_dbfs"]) == pytest.approx(20 * np.log10(0.1 * np.sqrt(1 / 3)), abs=0.05)
    assert float(row["zero_share"]) == pytest.approx(1 / 3, abs=0.001)


def test_the_command_writes_a_table_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path)
    record(tmp_path, "03-01-02-01-02-01-11")
    target = tmp_path / "table.csv"
    assert main([str(tmp_path), str(target)]) == 0
    assert "2 clips" in capsys.readouterr().out
    table = read_statistics(target)
    assert list(table["emotion"]) == ["calm", "fearful"]
    assert list(table["sex"]) == ["male", "female"]
    assert table["fingerprint"].nunique() == 1


def test_mistakes_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert main([str(tmp_path), str(tmp_path / "table.csv")]) == 2
    assert "emotify ravdess download" in capsys.readouterr().err
    other = tmp_path / "other.csv"
    other.write_text("clip_id,level_dbfs\n03-01-06-01-02-01-12,-40\n")
    with pytest.raises(InputError, match=r"expected.*duration_seconds.*make it again"):
        read_statistics(other)
    with pytest.raises(InputError, match="no such file"):
        read_statistics(tmp_path / "nowhere.csv")


def test_the_real_corpus_measures_as_shipped(table: pd.DataFrame) -> None:
    folder = os.environ.get("EMOTIFY_RAVDESS")
    if not folder:
        pytest.skip("set EMOTIFY_RAVDESS to the folder with Actor_01 to Actor_24 to run this test")
    clips = [clip for clip in index_clips(folder) if clip.channel == "speech"][::97]
    for row in measure_all(clips):
        shipped = table.loc[row["clip_id"]]
        # Another copy, at another rate, differs a little; another take would differ a lot.
        assert float(row["duration_seconds"]) == pytest.approx(
            shipped["duration_seconds"], abs=0.01
        )
        assert float(row["level_dbfs"]) == pytest.approx(shipped["level_dbfs"], abs=0.3)
        assert float(row["leading_seconds"]) == pytest.approx(shipped["leading_seconds"], abs=0.1)
        measured = np.array([float(row[name]) for name in MFCC_COLUMNS])
        assert measured == pytest.approx(shipped[list(MFCC_COLUMNS)].to_numpy(float), abs=5)
