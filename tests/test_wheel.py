"""The wheel works in an empty virtual environment, away from any checkout.

It is built as for a release, the wheel out of the source distribution, and installed with the
versions of the lock. Every file that Python opens there is watched: none may lie in the checkout.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from clustering.tables.tracks import read_tracks
from foundation.shipped import CHECKOUT
from spotify.login import Dialogue, authorise
from spotify.stand_in.server import CatalogueTrack, StandIn

pytestmark = pytest.mark.heavy

SETTINGS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
ROOMS = set(SETTINGS["tool"]["importlinter"]["root_packages"])
LARGEST_BYTES = 65_000_000
NOT_INSTALLED = {"tensorflow", "keras", "librosa", "onnx", "matplotlib", "jupyter_core"}
WATCH = f"""import sys

def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir"):
        if str(arguments[0]).startswith({str(CHECKOUT)!r}):
            raise RuntimeError(f"{{arguments[0]}} is read from the checkout")

sys.addaudithook(watch)
"""
CRONTAB = """#!/bin/sh
[ "$1" = -l ] && { cat tab 2>/dev/null || { echo "no crontab for me" >&2; exit 1; }; }
[ "$1" = - ] && cat > tab
exit 0
"""


@dataclass(frozen=True)
class Installation:
    """A virtual environment with Emotify, and a folder to work in."""

    folder: Path
    python: Path
    environ: dict[str, str]

    def run(self, *command, **environ):
        """Run a program of the environment; return exit code, standard output and error."""
        done = subprocess.run(
            [self.python.with_name(command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def answer(self, *command):
        """Run a program that must succeed and return what it prints."""
        code, out, err = self.run(*command)
        assert code == 0, err
        return out


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel, tmp_path_factory):
    home, folder = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("work")
    venv.create(home / "venv", with_pip=True)
    python = home / "venv" / "bin" / "python"
    install_from_lock(python, wheel)
    [packages] = (home / "venv" / "lib").glob("python*/site-packages")
    (packages / "sitecustomize.py").write_text(WATCH, "utf-8")
    recording = CHECKOUT / "data" / "samples" / "reading_short.wav"
    for name in ("me.wav", "03-01-04-01-01-01-01.wav"):  # the second for a corpus of one clip
        shutil.copy(recording, folder / name)
    environ = {
        "HOME": str(home),
        "PATH": os.defpath,
        "EMOTIFY_DATA_HOME": str(home / "data"),
        "EMOTIFY_CONFIG_HOME": str(home / "config"),
        "NO_PROXY": "127.0.0.1",
    }
    return Installation(folder, python, environ)


def install_from_lock(python, wheel):
    """Install as `make` does: by uv, from what it has downloaded before, or else by pip."""
    lock = ["--constraint", CHECKOUT / "requirements-listener.lock"]
    of_uv = [sys.executable, "-m", "uv", "pip", "install", "--python", python, *lock, wheel]
    # To pip a constraint's hash is one that everything must have, the wheel, too.
    plain = python.parent / "versions.txt"
    locked = (CHECKOUT / "requirements-listener.lock").read_text("utf-8").splitlines()
    plain.write_text("\n".join(line.rstrip("\\") for line in locked if "==" in line), "utf-8")
    of_pip = [python, "-m", "pip", "install", "--constraint", plain, wheel]
    for command in (of_uv, of_pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
    probe = [python, "-m", "pip", "download", "--no-deps", "--dest", python.parent, "filelock"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no package index can be reached, so nothing can be installed")
    raise AssertionError(done.stdout + done.stderr)


def test_it_holds_the_rooms_with_models_tables_and_licences_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    about = f"emotify-{SETTINGS['project']['version']}.dist-info"
    assert {name.split("/")[0] for name in names} == ROOMS | {about}
    files = {name.removeprefix("foundation/files/") for name in names if "/files/" in name}
    assert {name.split("/")[0] for name in files} == {"models", "data"}
    cards = {path.relative_to(CHECKOUT) for path in CHECKOUT.glob("models/*/README.md")}
    assert {*map(str, cards), "data/README.md", "models/denoiser/LICENSE"} <= files
    assert f"{about}/licenses/models/voice_activity/LICENSE" in names
    assert not [name for name in files if name.endswith((".keras", ".png", ".wav"))]
    assert wheel.stat().st_size < LARGEST_BYTES


def test_nothing_for_training_is_installed_and_the_checkout_is_out_of_reach(installation):
    listing = "import importlib.metadata as m\nprint(*(d.name for d in m.distributions()))"
    installed = set(installation.answer("python", "-c", listing).split())
    assert {"emotify", "onnxruntime", "scikit-learn"} <= installed
    assert not NOT_INSTALLED & installed
    code, _, err = installation.run("python", "-c", f"open({str(CHECKOUT / 'README.md')!r})")
    assert code and "is read from the checkout" in err
    places = (
        "from ser.network.artefact import DEFAULT_FOLDER as model\n"
        "from clustering.tables.tracks import DEFAULT_TABLE as tracks\n"
        "print(model, tracks, sep='\\n')"
    )
    for place in installation.answer("python", "-c", places).splitlines():
        assert Path(place).is_relative_to(installation.python.parents[1])


def test_it_says_its_version(installation):
    assert installation.answer("emotify", "--version") == (
        f"emotify {SETTINGS['project']['version']}\n"
    )


def test_a_voice_is_heard_as_in_the_checkout(installation, emotify, monkeypatch):
    monkeypatch.chdir(installation.folder)
    here = json.loads(emotify("recognize", "me.wav", "--json")[1])
    there = json.loads(installation.answer("emotify", "recognize", "me.wav", "--json"))
    assert there["probabilities"] == pytest.approx(here["probabilities"], abs=1e-6)
    assert there["emotion"] == here["emotion"]
    from_python = (
        "from ser.recognizer import load_recognizer\n"
        "print(load_recognizer().predict('me.wav').label)"
    )
    assert installation.answer("python", "-c", from_python) == here["emotion"] + "\n"


@pytest.mark.parametrize("asked", [("me.wav",), ("--emotion", "sad")], ids=["voice", "sad"])
def test_the_playlist_is_that_of_the_checkout(installation, emotify, monkeypatch, asked):
    monkeypatch.chdir(installation.folder)
    command = ("playlist", *asked, "--json", "--html", "page.html")
    here = json.loads(emotify(*command)[1])
    page = Path("page.html").read_text("utf-8")
    there = json.loads(installation.answer("emotify", *command))
    assert there["tracks"] == here["tracks"] and there["mood"] == here["mood"]
    assert Path("page.html").read_text("utf-8") == page


def test_the_committed_predictions_are_judged_as_in_the_checkout(installation):
    here = json.loads((CHECKOUT / "models" / "ser" / "metrics.json").read_text("utf-8"))
    there = json.loads(installation.answer("emotify", "evaluate", "--json"))
    assert there == here["luna-jimenez"]


@pytest.mark.parametrize(
    "command",
    [
        ("python", "-m", "app.run_notebook", "me.wav"),
        ("python", "-m", "ser.figures"),
        ("python", "-m", "clustering.figures"),
        ("python", "-m", "clustering.default_playlists"),
        ("python", "-m", "clustering.evaluation.music_training", ".", "."),
        ("emotify", "evaluate", "--robustness", "--ravdess", "."),
    ],
    ids=lambda command: command[2],
)
def test_what_needs_a_checkout_says_so(installation, command):
    code, out, err = installation.run(*command)
    assert code == 2 and not out
    assert err.count("\n") == 1 and "needs a checkout of Emotify" in err


def test_the_system_renews_a_playlist_with_it(installation, monkeypatch):
    folder, environ = installation.folder, installation.environ
    (folder / "crontab").write_text(CRONTAB, "utf-8")
    (folder / "systemctl").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    for tool in ("crontab", "systemctl"):
        (folder / tool).chmod(0o755)
    tracks = read_tracks().frame.to_dict("records")
    known = [
        CatalogueTrack(row["track_id"], row["name"], (row["artist"],), f"QZEMO{n:07d}", 200_000)
        for n, row in enumerate(tracks)
    ]
    with StandIn(known) as spotify:
        for name, value in (environ | spotify.environment()).items():
            monkeypatch.setenv(name, value)
        log_in()
        make = ("playlist", "--emotion", "calm", "-n", "5", "--refresh", "weekly", "--install")
        code, _, err = installation.run(
            "emotify", *make, PATH=f"{folder}:{os.defpath}", **spotify.environment()
        )
        assert code == 0, err
        [playlist] = spotify.service.playlists.values()
        chosen, playlist.entries[:] = list(playlist.entries), []
        job = (folder / "tab").read_text("utf-8").splitlines()[1].split(" ", 5)[5]
        assert str(installation.python.parent) in job and str(CHECKOUT) not in job
        cron = {"HOME": "/", "PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1"}
        subprocess.run(["/bin/sh", "-c", job], env=cron, cwd="/", check=True, timeout=60)
        assert sorted(playlist.entries) == sorted(chosen) and len(chosen) == 5


def log_in():
    told = []

    def paste():
        address = next(line.strip() for line in told[-1].splitlines() if "authorize?" in line)
        return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]

    scopes = ("playlist-read-private", "playlist-modify-private")
    authorise(scopes, Dialogue(headless=True, tell=told.append, ask=paste))
