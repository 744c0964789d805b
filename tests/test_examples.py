"""What the docstrings of the packages show can be done, and gives what they say it gives."""

import doctest
import importlib
import tomllib

import pytest

from foundation.shipped import CHECKOUT

SETTINGS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
ROOMS = SETTINGS["tool"]["importlinter"]["root_packages"]
MODULES = [
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
    for room in ROOMS
    for path in sorted((CHECKOUT / room).rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


def test_modules_with_examples_are_found():
    assert {"ser.recognizer", "spotify.stand_in.server"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name, monkeypatch, capsys):
    monkeypatch.chdir(CHECKOUT)  # they name the recordings that come with the project
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0 and done.failed == 0, capsys.readouterr().out
