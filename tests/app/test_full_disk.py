"""A full disk, and a reader that has gone, end in a message; what was there stays whole."""

import errno
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.safe_write import ON_THE_WAY, files_together, whole_file, write_text
from foundation.shipped import CHECKOUT
from foundation.user_data import user_data_folder
from listener.profile import profile_path
from listener.schedules import Schedule, save, schedule_names
from listener.store import open_store, store_path
from spotify.addresses import spotify_app
from spotify.from_playlist import request_for
from spotify.journal import Journal, read_journal
from spotify.token_store import TokenStore

ROOM = 64  # bytes of a file that the disk takes


@contextmanager
def full_disk():
    """Let the system refuse every file beyond `ROOM` bytes, as it refuses a full disk's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def table(tmp_path, catalogue):
    path = tmp_path / "music.csv"
    frame = catalogue.table.frame.head(80)
    frame.assign(path=[f"/music/{n}.mp3" for n in range(80)]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["csv", "m3u", "html"])
def test_a_playlist_that_finds_no_room_is_answered(emotify, tmp_path, table, kind):
    target = tmp_path / f"list.{kind}"
    target.write_text("before")
    with full_disk():
        code, _, err = emotify(
            "playlist", "--emotion", "sad", "-n", "5", "--tracks", table, f"--{kind}", target
        )
    assert code == 2 and f"{target} cannot be written (File too large); make room" in err
    assert target.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, "music.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("profile", "--init"),
        ("moods", "fit", "TABLE", "--out", "OUT"),
        ("tracks", "import", "TABLE", "--out", "OUT/t.csv"),
        ("tracks", "import", "TABLE", "--out", "OUT/t.parquet"),
        ("playlist", "like", "1"),
        ("history", "--plot", "OUT/m.png"),
        ("history", "--repair"),
    ],
    ids=" ".join,
)
def test_a_command_that_finds_no_room_is_answered(emotify, tmp_path, table, arguments):
    out = tmp_path / "out"
    with open_store(pytest.fail) as store:
        tracks = make_playlist(EmotionEstimate.of("sad"), _catalogue(table), Wish(n_tracks=3))
        store.remember(EmotionEstimate.of("sad"), tracks.to_dict(), source="")
        if "--repair" in arguments:
            store._connection.execute("UPDATE entry SET estimate = '{'")
            store._connection.commit()
    before = store_path().read_bytes()
    words = {"TABLE": str(table), "OUT": str(out)}
    if "--plot" in arguments:
        out.mkdir()
    with full_disk():
        code, _, err = emotify(*(words.get(a, a.replace("OUT/", f"{out}/")) for a in arguments))
    assert code == 2 and ("make room" in err or "there is room on the disk" in err), err
    assert not [path for path in out.rglob("*") if path.is_file()]
    assert not profile_path().exists() and store_path().read_bytes() == before
    with open_store(pytest.fail) as store:
        assert store.imported() == []


def _catalogue(table):
    from clustering.choice.opening import open_catalogue

    return open_catalogue(table)


def test_music_plays_though_it_cannot_be_remembered(emotify, table):
    with full_disk():
        code, out, err = emotify("playlist", "--emotion", "sad", "-n", "3", "--tracks", table)
    assert code == 0 and out.count("valence") and "not remembered" in err


def test_journals_and_schedules_that_find_no_room_stay_as_they_were(table):
    playlist = make_playlist(EmotionEstimate.of("sad"), _catalogue(table), Wish(n_tracks=3))
    folder = user_data_folder("spotify")
    folder.mkdir(parents=True)
    journal = Journal(folder / "one.json", request_for(playlist, today=date(2026, 11, 1)))
    journal.save()
    journal.playlist_id = "new"
    schedule = Schedule.of("Quiet", every="daily", choice={}, public=False)
    with full_disk():
        with pytest.raises(InputError, match=r"one\.json cannot be written .*; make room"):
            journal.save()
        with pytest.raises(InputError, match="make room"):
            save(schedule)
    assert read_journal(journal.path).playlist_id is None
    assert [path.name for path in folder.iterdir()] == ["one.json"]
    assert schedule_names() == []


def test_a_login_that_finds_no_room_keeps_the_one_before(monkeypatch):
    monkeypatch.setenv("EMOTIFY_SPOTIFY_CLIENT_ID", "0" * 32)
    store = TokenStore(spotify_app(), pytest.fail)
    token = {"access_token": "a" * 99, "refresh_token": "r", "expires_at": 2e9, "scope": "s"}
    store.save_token_to_cache(token)
    with (
        full_disk(),
        pytest.raises(InputError, match=r"token\.json cannot be .* make room"),
    ):
        store.save_token_to_cache(token | {"refresh_token": "another"})
    assert store.get_cached_token() == token


def test_a_model_that_finds_no_room_leaves_the_old_one(tmp_path):
    with files_together(tmp_path) as staged:
        (staged / "model").write_text("old")
    with (
        full_disk(),
        pytest.raises(InputError, match=r"cannot be written \(File too large\); make room"),
        files_together(tmp_path) as staged,
    ):
        (staged / "model").write_text("new" * ROOM)
    assert (tmp_path / "model").read_text() == "old"
    assert not any((tmp_path / name).exists() for name in ON_THE_WAY)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_to_have_no_room_is_told_alike(tmp_path, number):
    with pytest.raises(InputError, match="make room"), whole_file(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


def test_what_another_file_refuses_is_not_told_of_this_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"), whole_file(tmp_path / "a"):
        Path("/absent/b").read_text()
    with pytest.raises(InputError, match="choose an existing folder"):
        write_text(tmp_path / "absent" / "a", "")


# ------------------------------------------------------------------------------ standard output


def run(*arguments, **streams):
    return subprocess.run(
        [sys.executable, "-m", "app.command.main", *arguments],
        **{"stderr": subprocess.PIPE, "text": True, "cwd": CHECKOUT} | streams,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("profile", "--example"), ("--version",), ("--help",)])
def test_standard_output_that_is_full_is_answered(arguments):
    with Path("/dev/full").open("w") as full:
        done = run(*arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr == (
        "emotify: standard output (or a temporary file) cannot be written (No space left on "
        "device); make room or choose another disk; what was there before is as it was\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_playlist_into_full_standard_output_is_answered_once(emotify, monkeypatch):
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        code, _, err = emotify("playlist", "--emotion", "sad", "-n", "2")
    assert code == 2 and err.count("standard output (or a temporary file) cannot be written") == 1


def test_a_reader_that_has_gone_is_no_error_to_speak_of():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = run("profile", "--example", stdout=pipe)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_messages_that_nobody_can_read_stop_nothing():
    with Path("/dev/full").open("w") as full:
        done = run("history", "--json", stdout=subprocess.PIPE, stderr=full)
    assert (done.returncode, done.stdout) == (0, "[]\n")
