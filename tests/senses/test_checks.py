"""The list of checks is able to fail: a sense with a flaw is found out, one without is not."""

import importlib

import pytest

from tests.senses import fakes
from tests.senses.checks import CHECKS, REFUSALS, Bench

BY_NAME = {check.__name__: check for check in (*CHECKS, *REFUSALS)}
# Flaw: which check finds it, and what that says.
FOUND_BY = {
    "sums to two": ("eight_probabilities_that_sum_to_one", r"1\.333"),
    "calls it otherwise": ("what_follows_from_the_probabilities", "bored"),
    "cannot be stored": ("json_that_is_read_back", "'emotion'"),
    "never doubts": ("doubts_in_words", "torn"),
    "doubts like a machine": ("doubts_in_words", "LOW_CONFIDENCE"),
    "names what is not there": ("no_emotion_where_nothing_is_there", "even"),
    "is too sure": ("calibrated_on_held_out_data", "ECE is 0"),
    "answers as it likes": ("same_input_same_answer", "in another process"),
    "takes arrays otherwise": ("same_content_same_answer", "sure, array"),
    "changes what it is given": ("input_is_left_as_it_is", "sure, array"),
    "imports a training framework": ("nothing_heavy_is_imported", "tensorflow"),
    "writes a file": ("nothing_is_left_or_sent", "notes.txt"),
    "writes beside the model": ("nothing_is_left_or_sent", "seen.txt"),
    "calls somebody": ("nothing_is_left_or_sent", "socket"),
    "chatters": ("nothing_is_left_or_sent", "thinking"),
    "has no licence": ("card_is_there", "licen"),
    "has a wrong checksum": ("checksums_are_right", "settings.json"),
    "forgets a checksum": ("checksums_are_right", "not listed"),
    "loads anything": ("broken_folder_is_refused", "model was loaded"),
    "breaks on a broken folder": ("broken_folder_is_refused", "No such file"),
    "the command says something else": ("command_says_what_python_says", "confidence"),
    "forgets a kind of bad input": ("every_kind_of_bad_input_is_known", "empty"),
    "answers whatever comes": ("refused_in_words", "empty was answered"),
    "raises what nobody understands": ("refused_in_words", "w"),
    "refuses without a word": ("refused_in_words", "bad input"),
    "ends in a traceback": ("refused_by_the_command", "Traceback"),
    "exits as if all were well": ("refused_by_the_command", "write eight weights"),
    "answers and refuses": ("refused_by_the_command", "{}"),
}


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Return the fake sense with a flaw, and the bench for it."""

    def made(flaw=""):
        monkeypatch.setenv(fakes.FLAW_VARIABLE, flaw)
        monkeypatch.setenv(fakes.FOLDER_VARIABLE, str(tmp_path / "shipped"))
        module = importlib.reload(fakes)
        module.make_model(tmp_path / "shipped")
        folder = tmp_path / "bench"
        folder.mkdir()
        return module.FAKE, Bench(folder, module.command)

    yield made
    monkeypatch.undo()
    importlib.reload(fakes)


def run(check, sense, bench):
    if check in REFUSALS:
        for bad in sense.bad:
            if bad.on_command_line and bad.kind != "unreadable":
                check(sense, bad, bench)
    else:
        check(sense, bench)


def test_a_sense_without_a_flaw_passes_all_of_them(fake):
    sense, bench = fake()
    for check in BY_NAME.values():
        run(check, sense, bench)


@pytest.mark.parametrize("flaw", FOUND_BY)
def test_a_flaw_is_found(fake, flaw):
    sense, bench = fake(flaw)
    name, words = FOUND_BY[flaw]
    with pytest.raises((AssertionError, KeyError, OSError), match=words):
        run(BY_NAME[name], sense, bench)


def test_every_check_is_known_to_fail():
    assert {name for name, _ in FOUND_BY.values()} == set(BY_NAME)
