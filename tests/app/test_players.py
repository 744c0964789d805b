"""A playlist is handed to the player that is there, and to no other."""

import pytest

from app import players
from clustering.tables.tracks import read_tracks


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setattr(players, "PLAYERS", {"emotify-test-player": ("--quiet",)})
    return folder


@pytest.fixture
def table(tmp_path):
    frame = read_tracks().frame.head(40)
    frame = frame.assign(path=[f"/music/{i}.flac" for i in range(40)])
    frame.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


def player(folder, status=0):
    program = folder / "emotify-test-player"
    program.write_text(f'#!/bin/sh\necho "$1" > {folder}/said\ncat "$2" >> {folder}/said\n'
                       f"exit {status}\n")  # fmt: skip
    program.chmod(0o755)


def test_the_player_gets_the_list(emotify, bin_folder, table):
    player(bin_folder)
    asked = ("playlist", "--emotion", "happy", "--tracks", table, "-n", "3", "--play")
    code, out, _ = emotify(*asked)
    said = (bin_folder / "said").read_text()
    assert code == 0 and "happy" in out
    assert said.startswith("--quiet\n#EXTM3U") and said.count("/music/") == 3


def test_mistakes_are_answered(emotify, bin_folder, table):
    asked = ("playlist", "--emotion", "happy", "-n", "3", "--play")
    code, _, err = emotify(*asked, "--tracks", table)
    assert code == 2 and "no player is installed" in err
    player(bin_folder, status=3)
    code, _, err = emotify(*asked, "--tracks", table)
    assert code == 2 and "exit code 3" in err
    code, _, err = emotify(*asked)  # the default table has no files
    assert code == 2 and "has no sound file" in err
