"""The list of checks that every sense passes, in the manner of scikit-learn's estimator checks.

`CHECKS` are functions of a sense and a bench, `REFUSALS` of a sense, one of its bad inputs and a
bench. Each fails with an AssertionError that says what is wrong.
"""

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotions import calibration_metrics
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS
from emotions.predictions import labels_of, probabilities_of
from foundation.errors import InputError
from foundation.shipped import CHECKOUT
from foundation.text import printable
from tests.senses.sense import KINDS_OF_BAD_INPUT, Bad, Content, Sense, sums_to_one

NEVER_IMPORTED = {"tensorflow", "keras", "torch", "librosa"}
ALWAYS_TOLD = (
    "emotion", "probabilities", "valence", "arousal", "confidence", "uncertain", "doubts",
    "duration_seconds", "segments",
)  # fmt: skip
ABOVE_CHANCE = 0.02  # ECE of probabilities that are right is above 0; more than this is not chance
FOR_A_MACHINE = r"[_{}<>]|(?i:\b(nan|inf|none|null|true|false)\b|error|exception)"
SUMS_FILE = "SHA256SUMS"
WRONG_INPUT = 2  # exit code of the command
NOBODY = 65534


@dataclass(frozen=True)
class Bench:
    """Where a check is done.

    Attributes
    ----------
    folder
        An empty folder.
    emotify
        Runs the command: arguments in, exit code, standard output and standard error out.
    """

    folder: Path
    emotify: Callable[..., tuple[int, str, str]]


@cache
def model_of(sense: Sense) -> Any:
    """Return the shipped model, loaded once."""
    return sense.load()


@cache
def answers_of(sense: Sense) -> list[tuple[str, Content, EmotionEstimate]]:
    """Return the estimate of every content in every form, with its name; asked once."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            (
                f"{content.name}, {form.name}",
                content,
                form.predict(model_of(sense), form.make(Path(folder))),
            )
            for content in sense.contents
            for form in content.forms
        ]


def answer_of(sense: Sense, content: Content) -> EmotionEstimate:
    """Return the estimate of a content in its first form."""
    return next(estimate for _, judged, estimate in answers_of(sense) if judged is content)


@cache
def fresh_run(sense: Sense) -> dict[str, Any]:
    """Ask the sense in an interpreter of its own (`tests.senses.fresh`), once for all checks."""
    with tempfile.TemporaryDirectory() as name:
        home, given = Path(name, "home"), Path(name, "given")
        home.mkdir()
        given.mkdir()
        before = [(path, path.stat().st_mtime_ns) for path in sorted(sense.folder.rglob("*"))]
        homes = dict.fromkeys(("HOME", "EMOTIFY_DATA_HOME", "EMOTIFY_CONFIG_HOME"), str(home))
        done = subprocess.run(
            [sys.executable, "-m", "tests.senses.fresh", sense.address, given],
            env={
                **os.environ,
                **homes,
                "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        after = [(path, path.stat().st_mtime_ns) for path in sorted(sense.folder.rglob("*"))]
        left = [str(path.relative_to(home)) for path in home.rglob("*")]
        return {**json.loads(done.stdout), "left": left, "folder changed": before != after}


# -------------------------------------------------------------------------------- the estimate


def eight_probabilities_that_sum_to_one(sense: Sense, bench: Bench) -> None:
    """Probabilities of the whole and of every segment are eight, in order, and sum to 1."""
    for name, _, estimate in answers_of(sense):
        assert isinstance(estimate, EmotionEstimate), name
        parts = [estimate, *estimate.segments, *(person.estimate for person in estimate.people)]
        for part in parts:
            assert len(part.probabilities) == len(EMOTIONS), name
            assert sums_to_one(part.probabilities), (name, part.probabilities)
        assert tuple(estimate.to_dict()["probabilities"]) == EMOTION_NAMES, name


def what_follows_from_the_probabilities(sense: Sense, bench: Bench) -> None:
    """Label, confidence, valence and arousal are those of the probabilities."""
    for name, _, estimate in answers_of(sense):
        pairs = list(zip(EMOTIONS, estimate.probabilities, strict=True))
        emotion, most = max(pairs, key=lambda pair: pair[1])
        valence = math.fsum(p * emotion.valence for emotion, p in pairs)
        arousal = math.fsum(p * emotion.arousal for emotion, p in pairs)
        named = (None, 0.0) if estimate.absence else (emotion.name, most)
        assert estimate.label == emotion.name, name
        assert (estimate.emotion, estimate.confidence) == named, name
        assert estimate.valence == pytest.approx(valence, abs=1e-9), name
        assert estimate.arousal == pytest.approx(arousal, abs=1e-9), name
        for segment in estimate.segments:
            assert segment.label == EMOTION_NAMES[int(np.argmax(segment.probabilities))], name


def json_that_is_read_back(sense: Sense, bench: Bench) -> None:
    """The keys of every estimate are there, in order, and the estimate comes back from them."""
    for name, _, estimate in answers_of(sense):
        told = json.loads(json.dumps(estimate.to_dict(), allow_nan=False))
        assert tuple(told)[: len(ALWAYS_TOLD)] == ALWAYS_TOLD, name
        again = EmotionEstimate.from_dict(told)
        close = pytest.approx(estimate.probabilities, abs=5e-6)
        assert again.probabilities == close, name
        assert (again.doubts, again.nuances) == (estimate.doubts, estimate.nuances), name
        assert len(again.segments) == len(estimate.segments), name
        assert told["emotion"] == estimate.emotion, name
        assert told["uncertain"] == estimate.uncertain, name


def doubts_in_words(sense: Sense, bench: Bench) -> None:
    """An estimate is uncertain where it has doubts and nowhere else; a person understands them."""
    assert {content.doubtful for content in sense.contents} == {True, False}
    for name, content, estimate in answers_of(sense):
        assert bool(estimate.doubts) == content.doubtful, (name, estimate.doubts)
        assert estimate.uncertain == bool(estimate.doubts), name
        for doubt in estimate.doubts:
            assert len(re.findall(r"[a-z]{2,}", doubt)) >= 3, f"no sentence: {doubt}"
            assert not re.search(FOR_A_MACHINE, doubt), f"for a machine: {doubt}"


def no_emotion_where_nothing_is_there(sense: Sense, bench: Bench) -> None:
    """Where there is nothing to judge it says so instead of naming an emotion."""
    assert {content.empty for content in sense.contents} == {True, False}
    for name, content, estimate in answers_of(sense):
        assert (estimate.emotion is None) == content.empty, (name, estimate.emotion)
        assert bool(estimate.absence) == content.empty, (name, estimate.absence)
        if content.empty:
            assert len(re.findall(r"[a-z]{2,}", estimate.absence)) >= 2, estimate.absence
            assert estimate.doubts and not estimate.segments, name
            told = estimate.to_dict()
            assert (told["emotion"], told["confidence"]) == (None, 0.0), name


def calibrated_on_held_out_data(sense: Sense, bench: Bench) -> None:
    """On people whom the model had not met it is about as right as it is sure."""
    table = sense.held_out()
    errors, by_chance = [], []
    for seed in table["seed"].unique():
        rows = table[table["seed"] == seed]
        probabilities = probabilities_of(rows)
        errors.append(
            calibration_metrics.expected_calibration_error(labels_of(rows), probabilities)
        )
        by_chance.append(calibration_metrics.calibration_error_by_chance(probabilities))
    error, chance = float(np.mean(errors)), float(np.mean(by_chance))
    assert error <= sense.most_calibration_error, f"ECE is {error:.3f}"
    assert error <= chance + ABOVE_CHANCE, f"ECE is {error:.3f}, by chance {chance:.3f}"


# ------------------------------------------------------------------------- the same input again


def same_input_same_answer(sense: Sense, bench: Bench) -> None:
    """Asked again, in threads and in another process, it says the same.

    Probabilities are the same to the sixth decimal, which JSON tells: over how many threads a
    matrix product is spread shows in the seventh.
    """
    elsewhere = fresh_run(sense)["answers"]
    for name, _, first in answers_of(sense):
        again = EmotionEstimate.from_dict(elsewhere[name])
        _check_same(again, first, f"{name}: in another process", tolerance=5e-6)

    def ask(content: Content) -> EmotionEstimate:
        form = content.forms[0]
        return form.predict(model_of(sense), paths[content.name])

    # Each by two threads at once, beside all others.
    paths = {content.name: content.forms[0].make(bench.folder) for content in sense.contents}
    with ThreadPoolExecutor(2 * len(paths)) as pool:
        answers = list(pool.map(ask, 2 * sense.contents))
    for content, answer in zip(2 * sense.contents, answers, strict=True):
        _check_same(answer, ask(content), f"{content.name}: in threads", tolerance=1e-6)


def _check_same(
    one: EmotionEstimate, other: EmotionEstimate, name: str, *, tolerance: float
) -> None:
    assert one.probabilities == pytest.approx(other.probabilities, abs=tolerance), name
    assert [s.place for s in one.segments] == [s.place for s in other.segments], name
    for segment, another in zip(one.segments, other.segments, strict=True):
        close = pytest.approx(another.probabilities, abs=tolerance)
        assert segment.probabilities == close, (name, segment.place)
    assert len(one.doubts) == len(other.doubts), name


def same_content_same_answer(sense: Sense, bench: Bench) -> None:
    """A content gets one answer, in whichever form it is given."""
    first: dict[str, EmotionEstimate] = {}
    for name, content, estimate in answers_of(sense):
        one = first.setdefault(content.name, estimate)
        _check_same(estimate, one, name, tolerance=sense.tolerance)


def _content(value: Any) -> Any:
    if isinstance(value, Path):
        return value.read_bytes(), value.stat().st_mtime_ns
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    return value


def input_is_left_as_it_is(sense: Sense, bench: Bench) -> None:
    """What is given is the same afterwards."""
    for content in sense.contents:
        for form in content.forms:
            value = form.make(bench.folder)
            before = _content(value)
            form.predict(model_of(sense), value)
            assert _content(value) == before, f"{content.name}, {form.name}"


# -------------------------------------------------------------------- what it does beside answering


def nothing_heavy_is_imported(sense: Sense, bench: Bench) -> None:
    """To answer takes no training framework."""
    imported = {name.split(".")[0] for name in fresh_run(sense)["modules"]}
    assert not imported & NEVER_IMPORTED


def nothing_is_left_or_sent(sense: Sense, bench: Bench) -> None:
    """To answer writes nothing, connects to nobody, starts nothing and prints nothing."""
    run = fresh_run(sense)
    assert run["touched"] == []
    assert run["left"] == [] and not run["folder changed"]
    assert run["printed"] == ""


# ------------------------------------------------------------------------------------ the artefact


def card_is_there(sense: Sense, bench: Bench) -> None:
    """README.md beside the model says what it learned from, under which licence, and its limits."""
    card = (sense.folder / "README.md").read_text("utf-8")
    headings = "\n".join(re.findall(r"^#+ .*$", card, re.M)).lower()
    assert re.search(sense.data, card), f"no word of {sense.data}"
    assert re.search(r"\blicen[cs]e\b", headings), headings
    assert re.search(r"\bnot\b|\blimits?\b", headings), headings


def checksums_are_right(sense: Sense, bench: Bench) -> None:
    """SHA256SUMS beside the model names all that is loaded, and every line is right."""
    lines = (sense.folder / SUMS_FILE).read_text("utf-8").splitlines()
    listed = dict(reversed(re.split(r" [ *]", line, maxsplit=1)) for line in lines)
    assert set(sense.files) <= set(listed), f"not listed: {set(sense.files) - set(listed)}"
    for name, expected in listed.items():
        found = hashlib.sha256((sense.folder / name).read_bytes()).hexdigest()
        assert found == expected, name


def broken_folder_is_refused(sense: Sense, bench: Bench) -> None:
    """A model folder that is missing, empty, foreign or damaged is refused in words."""
    folder = bench.folder / "model"
    _refused(sense.load, folder, named="model")
    folder.touch()
    _refused(sense.load, folder, named="model")
    folder.unlink()
    folder.mkdir()
    _refused(sense.load, folder, named="model")
    folder.rmdir()
    shutil.copytree(sense.folder, folder)
    sense.load(folder)  # what is refused below is refused for the damage
    for name in sense.files:
        path = folder / name
        content = path.read_bytes()
        for damaged in (content[: len(content) // 2], b"something else", b""):
            path.write_bytes(damaged)
            _refused(sense.load, folder, named="model")
        path.unlink()
        _refused(sense.load, folder, named=name)
        path.write_bytes(content)


def _refused(load: Callable[..., Any], folder: Path, *, named: str) -> None:
    try:
        load(folder)
    except InputError as error:
        _check_words(str(error), named)
    else:
        raise AssertionError(f"{folder.name} was loaded")


def _check_words(message: str, named: str) -> None:
    """A message is one line for a person, can be printed, and names what was given."""
    assert named in message, message
    assert len(message.splitlines()) == 1 and len(message.split()) >= 5, message
    assert message.encode("utf-8").decode("utf-8") == message
    assert not re.search(r"Traceback|object at 0x|Error\(|<class", message), message


# ------------------------------------------------------------------------------------ the command


def command_says_what_python_says(sense: Sense, bench: Bench) -> None:
    """The command prints one JSON object with the estimate in it."""
    for content in sense.contents:
        form = content.forms[0]
        path = form.make(bench.folder)
        expected = answer_of(sense, content).to_dict()
        code, out, err = bench.emotify(*sense.command, path)
        assert (code, "Traceback" in err) == (0, False), err
        told = json.loads(out)
        assert {key: told.get(key) for key in expected} == expected, content.name


def every_kind_of_bad_input_is_known(sense: Sense, bench: Bench) -> None:
    """Nothing was forgotten: a kind that is not refused has a reason."""
    refused = {bad.kind for bad in sense.bad}
    assert refused | set(sense.cannot_be) == set(KINDS_OF_BAD_INPUT)
    assert not refused & set(sense.cannot_be)
    assert all(len(reason.split()) >= 4 for reason in sense.cannot_be.values())


CHECKS = (
    eight_probabilities_that_sum_to_one,
    what_follows_from_the_probabilities,
    json_that_is_read_back,
    doubts_in_words,
    no_emotion_where_nothing_is_there,
    calibrated_on_held_out_data,
    same_input_same_answer,
    same_content_same_answer,
    input_is_left_as_it_is,
    nothing_heavy_is_imported,
    nothing_is_left_or_sent,
    card_is_there,
    checksums_are_right,
    broken_folder_is_refused,
    command_says_what_python_says,
    every_kind_of_bad_input_is_known,
)


# ------------------------------------------------------------------------------------- bad input


@contextmanager
def _given(bad: Bad) -> Iterator[Any]:
    """Make what is bad in a folder that other users reach; unlock it afterwards."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        value = bad.make(Path(name))
        yield value
        if isinstance(value, Path) and value.exists() and not value.is_symlink():
            value.chmod(0o755)


@contextmanager
def _as_ordinary_user(bad: Bad) -> Iterator[None]:
    """Root may read everything: become nobody for a moment."""
    if bad.kind != "unreadable" or os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(NOBODY)
    except OSError as error:
        pytest.skip(f"permissions mean nothing to this user, and it cannot be another: {error}")
    try:
        yield
    finally:
        os.seteuid(0)


def refused_in_words(sense: Sense, bad: Bad, bench: Bench) -> None:
    """Python raises InputError: what was given, and what is accepted or to be done."""
    model = model_of(sense)
    with _given(bad) as value:
        try:
            with _as_ordinary_user(bad):
                estimate = bad.predict(model, value)
        except InputError as error:
            message = str(error)
        else:
            raise AssertionError(f"{bad.kind} was answered: {estimate}")
        _check_words(message, printable(value) if isinstance(value, Path) else "")
        assert re.search(bad.given, message), message
        assert re.search(bad.advice, message), message


def refused_by_the_command(sense: Sense, bad: Bad, bench: Bench) -> None:
    """The command exits with 2, says why on standard error, and prints no answer."""
    if bad.kind == "unreadable" and os.geteuid() == 0:
        pytest.skip("to root nothing is unreadable, and nobody else may run the command")
    with _given(bad) as value:
        code, out, err = bench.emotify(*sense.command, value)
        assert code == WRONG_INPUT, (code, err)
        assert out == ""
        assert "Traceback" not in err and re.search(bad.given, err), err


REFUSALS = (refused_in_words, refused_by_the_command)
