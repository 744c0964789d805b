"""A model folder is replaced whole, whenever its writer is killed, and never by another kind."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest

from foundation.artefacts import SUMS_FILE, ArtefactKind, read_settings, update_settings
from foundation.errors import InputError

KIND = ArtefactKind("emotify-test", 1, "test model", ("a.npz", "b.npz"), "make it again")
# What a child process does with a folder, killed at the n-th time that it touches the disk.
WRITER = """
import os, signal
from pathlib import Path

import numpy as np

from foundation.artefacts import ArtefactKind, update_settings

KIND = ArtefactKind("emotify-test", 1, "test model", ("a.npz", "b.npz"), "make it again")
touched = 0

def counted(act, at):
    def acting(*given, **named):
        global touched
        touched += 1
        if touched == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*given, **named)
    return acting

def run(line):
    folder, what, value, at = line.split()
    for name in ("mkdir", "rename", "replace", "rmdir", "write_bytes"):
        setattr(Path, name, counted(getattr(Path, name), int(at)))
    if what == "settings":
        update_settings(Path(folder), {"value": int(value)})
        return
    with KIND.saving(folder, {"value": int(value)}) as staged:
        for name in KIND.files:
            np.savez(staged / name, value=int(value))
"""


def save(folder, value):
    with KIND.saving(folder, {"value": value}) as staged:
        for name in KIND.files:
            np.savez(staged / name, value=value)


def values(folder):
    """Return what settings and files hold, of a folder that loads."""
    return KIND.load(
        folder,
        lambda held: [held.settings["value"], *(int(held.arrays(n)["value"]) for n in KIND.files)],
    )


def test_what_was_saved_is_loaded_and_sha256sum_agrees(tmp_path):
    folder = tmp_path / "new" / "model"
    save(folder, 1)
    (folder / "notes.txt").write_text("mine")
    save(folder, 2)
    assert values(folder) == [2, 2, 2]
    assert (folder / "notes.txt").read_text() == "mine"
    assert {path.name for path in folder.iterdir()} == {
        "settings.json", "a.npz", "b.npz", SUMS_FILE, "notes.txt",
    }  # fmt: skip
    lines = (folder / SUMS_FILE).read_text().splitlines()
    assert f"{hashlib.sha256((folder / 'a.npz').read_bytes()).hexdigest()}  a.npz" in lines
    if shutil.which("sha256sum"):
        command = ["sha256sum", "-c", SUMS_FILE]
        checked = subprocess.run(command, cwd=folder, capture_output=True, check=True)
        assert checked.stdout.count(b": OK") == 3


def test_a_change_of_the_settings_keeps_the_checksums_right(tmp_path):
    save(tmp_path, 1)
    update_settings(tmp_path, {"value": 7, "more": [1]})
    assert values(tmp_path) == [7, 1, 1]
    assert read_settings(tmp_path)["more"] == [1]


def test_a_change_of_the_settings_gives_no_checksums_to_damage(tmp_path):
    save(tmp_path, 1)
    np.savez(tmp_path / "b.npz", value=3)
    update_settings(tmp_path, {"value": 7})
    with pytest.raises(InputError, match=r"b\.npz does not match SHA256SUMS"):
        values(tmp_path)


def test_a_folder_from_before_there_were_checksums_is_loaded_and_stays_so(tmp_path):
    save(tmp_path, 1)
    (tmp_path / SUMS_FILE).unlink()
    assert values(tmp_path) == [1, 1, 1]
    update_settings(tmp_path, {"value": 7})
    assert values(tmp_path) == [7, 1, 1]
    assert not (tmp_path / SUMS_FILE).exists()


@pytest.mark.parametrize("what", ["model", "settings"])
def test_a_killed_save_leaves_the_old_model_or_the_new_one(tmp_path, forking, what):
    write = forking(WRITER)
    folder = tmp_path / "model"
    save(folder, 1)
    new = [2, 2, 2] if what == "model" else [2, 1, 1]
    seen, code, at = [], -9, 0
    while code == -9:
        at += 1
        shutil.rmtree(folder)
        save(folder, 1)
        code = write(f"{folder} {what} 2 {at}")
        seen.append(values(folder))
    assert code == 0 and seen[-1] == new
    assert [1, 1, 1] in seen and seen.index(new) < len(seen) - 2  # killed on either side
    assert all(found in ([1, 1, 1], new) for found in seen)


def test_a_save_goes_on_where_a_killed_one_left_the_folder(tmp_path, forking):
    write, folder = forking(WRITER), tmp_path / "model"
    for at in range(1, 20):
        save(folder, 1)
        write(f"{folder} model 2 {at}")
        assert write(f"{folder} settings 3 99") == 0
        assert values(folder) in ([3, 1, 1], [3, 2, 2])
        assert {path.name for path in folder.iterdir()} == {
            "settings.json", "a.npz", "b.npz", SUMS_FILE,
        }  # fmt: skip


def test_a_save_that_fails_leaves_what_was_there(tmp_path):
    save(tmp_path, 1)
    with pytest.raises(FileNotFoundError), KIND.saving(tmp_path, {"value": 2}) as staged:
        np.savez(staged / "a.npz", value=2)  # and no b.npz
    assert values(tmp_path) == [1, 1, 1]
    assert len(list(tmp_path.iterdir())) == 4


def test_another_kind_of_model_is_not_written_over(tmp_path):
    save(tmp_path, 1)
    other = ArtefactKind("emotify-other", 1, "other model", ("c.npz",), "make it again")
    with pytest.raises(InputError, match=r"is no other model \(emotify-other\); choose a new"):
        other.check_target(tmp_path)
    with pytest.raises(InputError, match="is no other model"), other.saving(tmp_path, {}):
        pytest.fail("nothing may be written here")
    assert values(tmp_path) == [1, 1, 1]
    (tmp_path / "settings.json").write_text("{damaged")
    save(tmp_path, 2)  # training again mends it
    assert values(tmp_path) == [2, 2, 2]


def test_a_file_is_no_place_for_a_model(tmp_path):
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(InputError, match=r"letter .*exists and is no test model"):
        save(tmp_path / "letter", 1)
    with pytest.raises(InputError, match="cannot be written"):
        save(tmp_path / "letter" / "model", 1)


def test_the_folder_that_comes_with_emotify_is_to_be_installed_again(tmp_path):
    shipped = ArtefactKind("emotify-test", 1, "test model", ("a.npz",), "make it again", tmp_path)
    with pytest.raises(InputError, match="comes with Emotify: install that again"):
        shipped.load(tmp_path, lambda held: held)
    with pytest.raises(InputError, match="make it again"):
        shipped.load(tmp_path / "mine", lambda held: held)


def test_what_the_settings_must_say_is_named(tmp_path):
    save(tmp_path, 1)
    with pytest.raises(InputError, match="has value 1, expected 5; make it again"):
        KIND.load(tmp_path, lambda held: held.expect(value=5))
    assert json.loads((tmp_path / "settings.json").read_text())["value"] == 1
