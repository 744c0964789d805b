"""What is given to make is text: no sign in it is lost, and none of it is run."""

import os
import shutil
import subprocess

import pytest

from foundation.shipped import CHECKOUT

MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")

ODD = [
    "Anna's voice.wav",
    "x'; touch pwned; '",
    'x"; touch pwned; "',
    "$(shell touch pwned)",
    "$$(touch pwned)",
    "`touch pwned`",
    "${HOME} $HOME $5.wav $$",
    "a & touch pwned | b > c",
    "-rf.wav",
    "#1 hit, 100%.wav",
    "a\\b\\",
    "Ö 声 🎧.wav",
    "a\nb.wav",
]
NAMES = ("WAV", "MODE", "N", "TRACKS")


@pytest.fixture
def made(tmp_path):
    """`made(target, **variables)` runs a recipe with programs that tell what they are given."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    for program in ("python", "uv"):
        path = venv / "bin" / program
        path.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" '' >> '{tmp_path}/given'\n")
        path.chmod(0o755)
    for stamp in (".listener", ".developer"):
        (venv / stamp).touch()

    def run(target, *options, in_environment=False, **variables):
        variables = {"VENV": str(venv), **variables}
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MAKE") and name not in {*NAMES, "PYTHON", "UPGRADE"}
        }
        words = [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [MAKE, "--file", CHECKOUT / "Makefile", *options, target]
            + ([] if in_environment else words),
            cwd=tmp_path,
            env=environment | (variables if in_environment else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not list(tmp_path.rglob("pwned*")), done.stderr
        given = tmp_path / "given"
        told = given.read_text("utf-8").split("\0") if given.exists() else []
        given.unlink(missing_ok=True)
        return done, told

    for name in ("pyproject.toml", "requirements.lock", "requirements-listener.lock",
                 "requirements-setup.lock"):  # fmt: skip
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    return run


@pytest.mark.parametrize("in_environment", [False, True], ids=["argument", "environment"])
@pytest.mark.parametrize("odd", ODD)
def test_a_playlist_is_made_of_what_was_given(made, odd, in_environment):
    done, told = made("playlist", in_environment=in_environment, **dict.fromkeys(NAMES, odd))
    assert done.returncode == 0, done.stderr
    assert told[:9] == [
        "-m", "app.run_notebook", "--mode", odd, "-n", odd, "--tracks", odd, "--",
    ]  # fmt: skip
    assert told[9] == odd


def test_what_is_not_given_has_its_default(made):
    done, told = made("playlist")
    assert done.returncode == 0, done.stderr
    assert told[2:10] == [
        "--mode", "match", "-n", "20", "--tracks", "", "--", "data/samples/reading_short.wav",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["help", "playlist", "lint"])
@pytest.mark.parametrize("name", [*NAMES, "UPGRADE", "PYTHON", "UNKNOWN"])
def test_nothing_is_run_for_a_variable(made, target, name):
    if name != "UNKNOWN":  # make itself runs what any other variable says
        made(target, **{name: "$(shell touch pwned)"})
    made(target, "--dry-run", **{name: "'; touch pwned; '"})


def test_options_of_uv_are_words(made):
    given = "--upgrade-package numpy; touch pwned $(shell touch pwned)"
    done, told = made("lock", UPGRADE=given)
    assert done.returncode == 0, done.stderr
    first = told[: told.index("--output-file")]
    assert first[-7:] == given.split()


@pytest.mark.parametrize(
    "venv", ["my venv", "x;touch pwned", "$(shell touch pwned)", "a'b", "a:b", "a#b", ""]
)
def test_a_folder_that_cannot_be_a_target_is_refused(made, venv):
    done, told = made("playlist", VENV=venv)
    assert done.returncode == 2 and "give a folder without blanks" in done.stderr
    assert not told
