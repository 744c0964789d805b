"""What comes with Emotify is found, and what was lost comes back, whatever the installation."""

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from foundation import shipped
from foundation.shipped import CHECKOUT, beside_notebooks, restored


@pytest.mark.parametrize(
    ("installed", "git", "words"),
    [
        (True, False, r"`pip install --force-reinstall --no-deps \S+` brings"),
        (False, True, r"git -C .* checkout HEAD -- models/ser"),
        (False, False, r"neither an installation nor a checkout.*models/ser among.*pip install"),
    ],
)
def test_the_way_back_is_that_of_the_installation(tmp_path, monkeypatch, installed, git, words):
    monkeypatch.setattr(shipped, "IS_INSTALLED", installed)
    monkeypatch.setattr(shipped, "CHECKOUT", tmp_path)
    if git:
        (tmp_path / ".git").write_text("gitdir: elsewhere")  # as in a worktree
    assert re.search(words, restored("models", "ser"))


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ('{"url": "file:///srv/emotify", "dir_info": {}}', "file:///srv/emotify"),
        ('{"url": "https://host/e.git", "vcs_info": {"vcs": "git"}}', "git+https://host/e.git"),
        (None, "emotify-VERSION-py3-none-any.whl"),
    ],
)
def test_an_installation_names_what_it_was_made_of(monkeypatch, written, source):
    monkeypatch.setattr(shipped, "IS_INSTALLED", True)
    told = SimpleNamespace(read_text=lambda name: written)
    monkeypatch.setattr(shipped, "distribution", lambda name: told)
    assert f"--no-deps {source}`" in restored("models", "ser")


def test_the_command_that_brings_a_model_back_does_so(tmp_path):
    """In a clone of which somebody deleted it; the message itself is what is run."""
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", tmp_path)
    shutil.copytree(CHECKOUT / "foundation", tmp_path / "foundation")
    model = tmp_path / "models" / "ser" / "model.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"a network")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "models"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "models"], check=True)
    model.unlink()
    code = "from foundation.shipped import restored; print(restored('models', 'ser'))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    command = re.search(r"`(git .*)`", told)[1]
    subprocess.run(command.split(), check=True, capture_output=True)
    assert model.read_bytes() == b"a network"


@pytest.mark.parametrize("folder", ["notebooks", ".", ""])
def test_a_notebook_finds_its_files_wherever_its_kernel_runs(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(CHECKOUT / folder if folder else tmp_path)
    sample = beside_notebooks("../data/samples/reading_short.wav")
    assert sample.samefile(CHECKOUT / "data" / "samples" / "reading_short.wav")
    page = beside_notebooks("../build/no such page.html")
    assert page.parent.parent.resolve() == CHECKOUT
    assert beside_notebooks("data/samples/reading_short.wav").samefile(sample)  # from the top
    assert beside_notebooks(None) is None


def test_a_file_beside_the_kernel_and_an_absolute_path_are_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.wav").write_bytes(b"sound")
    assert beside_notebooks("me.wav") == tmp_path / "me.wav"
    assert beside_notebooks(tmp_path / "me.wav") == tmp_path / "me.wav"
    monkeypatch.setattr(shipped, "IS_INSTALLED", True)
    assert beside_notebooks("page.html") == tmp_path / "page.html"
