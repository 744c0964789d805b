import os
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate, Nuance, Person, Segment
from emotions.places import Seconds
from foundation.errors import InputError
from listener import memory_file
from listener import store as module
from listener.rows import ImportedTable
from listener.store import Track, no_judgements, open_store, store_path

SAD = EmotionEstimate.of("sad")


def track(number, artist="Ann"):
    features = dict.fromkeys(FEATURE_NAMES, number / 10)
    return Track(f"id-{number}", f"Title {number}", artist, features)


@pytest.fixture
def told():
    return []


@pytest.fixture
def store(told):
    with open_store(told.append) as opened:
        yield opened


def test_judgements_are_kept_the_latest_last(store):
    for number in (1, 2, 3):
        store.judge(track(number), liked=number != 2)
    store.judge(track(1), liked=False)  # another mind
    known = store.judgements()
    assert known["track_id"].tolist() == ["id-2", "id-3", "id-1"]
    assert known["liked"].tolist() == [False, True, False]
    assert known["energy"].tolist() == pytest.approx([0.2, 0.3, 0.1])
    assert store.take_back("id-3") and not store.take_back("id-3")
    assert known.dtypes.equals(no_judgements().dtypes)


def test_history_is_kept_the_latest_first(store, catalogue):
    happy = make_playlist(EmotionEstimate.of("happy"), catalogue, Wish(n_tracks=2))
    sad = make_playlist(SAD, catalogue, Wish(n_tracks=3))
    store.remember(EmotionEstimate.of("happy"), happy.to_dict(), source="me.wav")
    store.remember(SAD, sad.to_dict(), source="")
    store.link([track.track_id for track in sad.tracks], "https://open.spotify.com/playlist/x")
    store.link(["of no playlist"], "https://open.spotify.com/playlist/y")
    latest, first = store.entries()
    assert (latest.emotion, latest.source) == ("sad", "")
    assert latest.spotify_url.endswith("/x") and first.spotify_url is None
    assert latest.playlist == sad.to_dict() and "segments" not in latest.estimate
    assert store.entries(1) == [latest]
    assert abs((datetime.now(UTC) - latest.at).total_seconds()) < 60
    assert "happy (100%), me.wav: match, 2 tracks" in first.describe()
    assert "sad, named" in latest.describe() and latest.describe().endswith("/x")
    for track in (*sad.tracks, *happy.tracks):
        [known] = store.past_tracks(track.track_id, "")
        assert (known.name, known.artist) == (track.name, track.artist)
        assert known.features == track.features
        assert known in store.past_tracks("no id", f" {track.artist.upper()}  - {track.name}")


def test_an_estimate_is_kept_without_its_timeline_and_without_other_people(store, catalogue):
    people = [Person(EmotionEstimate.of("happy"), name="Zoe"), Person(SAD)]
    segments = [Segment(Seconds(0, 4), SAD.probabilities)]
    nuances = [Nuance("grief", 0.8, -0.7, -0.2)]
    doubts = ["it was dark"]
    estimate = EmotionEstimate(SAD.probabilities, 4.0, segments, doubts, nuances, people)
    store.remember(
        estimate, make_playlist(SAD, catalogue, Wish(n_tracks=1)).to_dict(), source="us.jpg"
    )
    [entry] = store.entries()
    assert "Zoe" not in str(entry) and "segments" not in entry.estimate
    kept = EmotionEstimate.from_dict(entry.estimate)
    assert kept == replace(estimate, segments=(), people=())


def test_the_order_is_that_of_the_entries_whatever_the_clock_says(store, catalogue, monkeypatch):
    playlist = make_playlist(SAD, catalogue, Wish(n_tracks=1))
    for at in ("2030-01-01T00:00:00+00:00", "1999-12-31T23:00:00+00:00"):
        monkeypatch.setattr(module, "_now", lambda at=at: at)
        store.remember(SAD, playlist.to_dict(), source=at[:4])
    assert [entry.source for entry in store.entries()] == ["1999", "2030"]


def test_it_is_private_and_there_for_the_next_run(told):
    with open_store(told.append) as store:
        store.judge(track(1), liked=True)
    assert stat.S_IMODE(store_path().stat().st_mode) == 0o600
    with open_store(told.append) as store:
        assert len(store.judgements()) == 1
    assert not told


@pytest.mark.parametrize("damage", ["text", "cut", "torn", "other"])
def test_a_damaged_file_is_set_aside_and_said(told, damage):
    with open_store(told.append) as store:
        for number in range(300):
            store.judge(track(number), liked=True)
    path = store_path()
    content = path.read_bytes()
    if damage == "text":
        path.write_text("this is no database at all, not even nearly\n" * 50)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "torn":
        path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))
    else:
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE recipes (cake TEXT)")
        other.close()
    before = path.read_bytes()
    with open_store(told.append) as store:
        assert store.judgements().empty
        store.judge(track(1), liked=True)
    [aside] = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == before
    assert aside.name in told[0] and len(told) == 1
    with open_store(told.append) as store:
        assert len(store.judgements()) == 1
    assert len(told) == 1


def test_an_empty_file_is_a_new_one(told):
    store_path().parent.mkdir(parents=True)
    store_path().touch()
    with open_store(told.append) as store:
        assert store.judgements().empty
    assert not told


def test_a_later_version_is_not_touched(told):
    with open_store(told.append) as store:
        store.judge(track(1), liked=True)
    with sqlite3.connect(store_path()) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    before = store_path().read_bytes()
    with pytest.raises(InputError, match="later version"), open_store(told.append):
        pass
    assert store_path().read_bytes() == before


def test_a_folder_that_cannot_be_used_is_answered(told, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("EMOTIFY_DATA_HOME", str(blocked))
    with pytest.raises(InputError, match="cannot be made"), open_store(told.append):
        pass


def test_a_busy_file_is_waited_for_and_then_answered(told, monkeypatch):
    monkeypatch.setattr(memory_file, "PATIENCE_SECONDS", 0.1)
    with open_store(told.append) as store:
        store.judge(track(1), liked=True)
    holder = sqlite3.connect(store_path())
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(InputError, match="locked"), open_store(told.append):
        pass
    holder.rollback()
    holder.close()
    assert not told  # busy is not damaged
    with open_store(told.append) as store:
        assert len(store.judgements()) == 1


def test_many_runs_at_once(told):
    def judge(number):
        with open_store(told.append) as store:
            for i in range(5):
                store.judge(track(10 * number + i), liked=True)

    runs = [threading.Thread(target=judge, args=(n,)) for n in range(6)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    with open_store(told.append) as store:
        assert len(store.judgements()) == 30
    assert not told


def test_a_run_that_is_killed_leaves_whole_judgements(told):
    program = (
        "import sys, os\n"
        "from listener.store import Track, open_store\n"
        "with open_store(print) as store:\n"
        "    for n in range(100000):\n"
        "        store.judge(Track(str(n), 'T', 'A', {}), liked=True)\n"
        "        print(n, flush=True)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    while int(run.stdout.readline()) < 20:
        pass
    run.kill()
    run.wait()
    run.stdout.close()
    with open_store(told.append) as store:
        assert len(store.judgements()) >= 21
    assert not told


def test_a_memory_of_another_place_leaves_its_folder_as_it_is(told, tmp_path):
    tmp_path.chmod(0o755)
    with open_store(told.append, tmp_path / "mine.sqlite"):
        pass
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "mine.sqlite").stat().st_mode) == 0o600


def test_imported_tables_are_known_as_they_were_written(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    awkward = Path(os.fsdecode(b"\xff.csv"))  # a name that is not UTF-8
    for path in (tmp_path / "b.csv", Path("a.csv"), tmp_path / "b.csv", awkward):
        store.note_import(path, is_written=False)
    assert not any(table.is_unchanged for table in store.imported())
    for path in (tmp_path / "b.csv", Path("a.csv"), awkward):
        path.write_text("mine")
        store.note_import(path, is_written=True)
    store.note_import(tmp_path / "b.csv", is_written=False)  # another import begins, and is killed
    known = {table.path for table in store.imported()}
    assert known == {tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / awkward}
    assert all(table.is_unchanged for table in store.imported())


@pytest.mark.parametrize("change", ["content", "length", "folder", "link", "gone"])
def test_a_table_that_became_something_else_is_told_apart(tmp_path, change):
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    table = ImportedTable.of(path)
    os.utime(path)  # looked at, and not changed
    assert table.is_unchanged
    path.unlink()
    if change == "folder":
        path.mkdir()
    elif change == "link":
        (tmp_path / "other.csv").write_text("mine")
        path.symlink_to("other.csv")
    elif change != "gone":
        path.write_text({"content": "MINE", "length": "mine, and more"}[change])
        os.utime(path, ns=(table.time_ns, table.time_ns))
    assert not table.is_unchanged and "mine.csv" in table.describe()
