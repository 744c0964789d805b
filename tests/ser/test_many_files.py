"""Many files get the answers of each alone, in order, from this process and from others."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.shipped import shipped
from ser import many_files
from ser.many_files import recognize_files
from ser.recognizer import Recognizer, load_recognizer

SAMPLES = sorted(shipped("data", "samples").glob("*.wav"))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "text.wav").write_text("no sound")
    return [SAMPLES[1], tmp_path / "gone.wav", *SAMPLES, tmp_path / "text.wav", SAMPLES[0]]


def check(answers: Iterator[EmotionEstimate | InputError], files: list[Path]) -> None:
    recognizer = load_recognizer()
    for path, answer in zip(files, answers, strict=True):
        if path in SAMPLES:
            assert isinstance(answer, EmotionEstimate)
            alone = recognizer.predict(path)
            assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
            assert answer.duration_seconds == alone.duration_seconds
        else:
            assert isinstance(answer, InputError)
            assert str(path) in str(answer)


def test_few_files_are_answered_here(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_files, "_in_processes", lambda *_: pytest.fail("processes started"))
    check(recognize_files(files), files)
    assert list(recognize_files([])) == []


def test_many_files_are_answered_by_other_processes(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_files, "n_cores", lambda: 2)
    monkeypatch.setattr(many_files, "TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(many_files, "WORTH_SECONDS", 0.0)
    asked_here = []
    tried = many_files._tried

    def noted(
        question: Any, recognizer: Recognizer, path: Path, *, progress: bool = False
    ) -> EmotionEstimate | InputError:
        asked_here.append((os.getpid(), path))
        return tried(question, recognizer, path, progress=progress)

    monkeypatch.setattr(many_files, "_tried", noted)
    check(recognize_files(files), files)
    assert asked_here == [(os.getpid(), files[0])]


def test_a_model_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        next(recognize_files(SAMPLES, tmp_path / "none"))
