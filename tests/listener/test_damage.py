"""A memory that is damaged loses what is damaged, says so, and nothing else."""

import json
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.user_data import user_data_folder
from listener import memory_file
from listener.rows import KINDS, Track
from listener.store import open_store, store_path

EMOTIONS = ("happy", "sad", "calm")
JUDGED = ["id-0", "id-1", "id-2"]
TEXTS = {
    "null": None,
    "empty": "",
    "number": 7,
    "no UTF-8": b"\xff\xfe gone \x80",
    "bytes": bytes(range(200, 240)),
    "huge": "x" * 200_000,
    "another word": "yesterday",
    "deep": "[" * 100_000,
    "no finite number": '{"probabilities": {"neutral": NaN}, "tracks": [1e999], "mood": Infinity}',
    "list": "[]",
    "object": "{}",
    "half a surrogate": '{"mode": "\\ud800", "tracks": [], "mood": {"name": "\\udcff"}}',
}
NUMBERS = {
    "null": None,
    "word": "abc",
    "infinite": float("inf"),
    "minus infinite": float("-inf"),
    "huge": 1.7e308,
    "negative": -1,
    "large": 2**62,
    "no UTF-8": b"\xff\xfe",
    "empty": "",
}
COLUMNS = {
    "judgement": (("track_id", "name", "artist", "at"), ("liked", *FEATURE_NAMES)),
    "entry": (("at", "source", "emotion", "estimate", "playlist", "spotify_url", "tracks_key"), ()),
    "past_track": (("track_id", "name", "artist", "title", "full_title"), ("entry", "energy")),
    "imported": (("path", "sha256"), ("n_bytes", "time_ns")),
}
CASES = [
    (table, column, values)
    for table, (texts, numbers) in COLUMNS.items()
    for columns, values in ((texts, TEXTS), (numbers, NUMBERS))
    for column in columns
]


def track(number):
    features = {name: (number % 10 + place) / 20 for place, name in enumerate(FEATURE_NAMES)}
    return Track(f"id-{number}", f"Title {number}", "Ann", features)


def playlist(*numbers):
    tracks = [vars(track(n)) | {"url": None, "distance": 0.1} for n in numbers]
    tracks = [told | told.pop("features") for told in tracks]
    return {"mode": "match", "mood": {"name": "quiet", "valence": 0.1}, "tracks": tracks}


def fill(store, tables=()):
    for number in range(3):
        store.judge(track(number), liked=number != 1)
    for number, emotion in enumerate(EMOTIONS):
        estimate = EmotionEstimate.of(emotion)
        store.remember(estimate, playlist(number, 10, 11), source=f"{emotion}.wav")
    for table in tables:
        store.note_import(table, is_written=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Make a memory with everything in it, and return its file."""
    folder = tmp_path_factory.mktemp("whole")
    tables = [folder / f"{name}.csv" for name in "abc"]
    for table in tables:
        table.write_text(table.name)
    with open_store(pytest.fail, folder / "listener.sqlite") as store:
        fill(store, tables)
    return folder / "listener.sqlite"


@pytest.fixture
def memory(whole):
    user_data_folder("listener").mkdir(parents=True)
    return shutil.copyfile(whole, store_path())


def spoil(path, table, column, value, which=1):
    """Put a value into a row, whatever the rules of its column are."""
    with closing(sqlite3.connect(path)) as memory:
        memory.execute("PRAGMA synchronous = OFF")
        memory.execute("PRAGMA writable_schema = ON")
        before = memory.execute("SELECT sql, name FROM sqlite_master").fetchall()
        memory.execute(
            "UPDATE sqlite_master SET sql = replace(replace(sql, ' NOT NULL', ''), "
            "' CHECK (liked IN (0, 1))', '') WHERE name = ?",
            (table,),
        )
        memory.commit()
    with closing(sqlite3.connect(path)) as memory:
        memory.execute("PRAGMA synchronous = OFF")
        text = isinstance(value, bytes) and value.startswith(b"\xff")  # bytes of a broken text
        place = "CAST(? AS TEXT)" if text else "?"
        rowid = f"(SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {which})"
        memory.execute(f"UPDATE {table} SET {column} = {place} WHERE rowid = {rowid}", (value,))
        memory.commit()
        memory.execute("PRAGMA writable_schema = ON")
        memory.executemany("UPDATE sqlite_master SET sql = ? WHERE name = ?", before)
        memory.commit()


def contents(tell):
    """Return what can be read, as the commands read it."""
    with open_store(tell) as store:
        entries = store.entries()
        for entry in entries:
            assert entry.describe() and json.dumps(entry.to_dict(), allow_nan=False)
        titles = [store.past_tracks("", f"Title {n}") for n in (0, 1, 2, 10, 11)]
        return {
            "judgement": set(store.judgements()["track_id"]),
            "entry": {entry.number for entry in entries},
            "past_track": {found.track_id for tracks in titles for found in tracks},
            "imported": {one.path.name for one in store.imported()},
        }


ALL = {
    "judgement": set(JUDGED),
    "entry": {1, 2, 3},
    "past_track": {"id-0", "id-1", "id-2", "id-10", "id-11"},
    "imported": {"a.csv", "b.csv", "c.csv"},
}


def test_a_whole_memory_says_nothing(memory):
    assert contents(pytest.fail) == ALL
    with open_store(pytest.fail) as store:
        assert store.repair() == ([], None)
    assert [path.name for path in memory.parent.iterdir()] == [memory.name]


@pytest.mark.parametrize(("table", "column", "values"), CASES)
def test_a_damaged_value_costs_its_row_alone(whole, memory, table, column, values):
    for name, value in values.items():
        shutil.copyfile(whole, memory)
        spoil(memory, table, column, value)
        told = []
        found = contents(told.append)
        for kind, all_of_it in ALL.items():
            expected_loss = kind == table
            assert len(all_of_it - found[kind]) <= expected_loss, (name, kind, found)
        assert not list(memory.parent.glob("*.damaged-*")), name
        assert all("`emotify history --repair` shows" in line for line in told)
        with open_store(told.append) as store:
            lost, path = store.repair()
        assert [row.kind.table for row in lost] in ([], [table])
        assert (table == "past_track") or bool(lost) == bool(told), (name, lost, told)
        for row in lost:
            assert len(row.describe()) < 1000 and stat.S_IMODE(path.stat().st_mode) == 0o600
            [kept] = json.loads(path.read_text("utf-8"))["rows"]
            assert kept["table"] == table and kept["row"] == row.number
        again = contents(pytest.fail)
        assert again["past_track"] == ALL["past_track"] or table == "entry"
        for path in memory.parent.glob("*.lost-*"):
            path.unlink()


@pytest.mark.parametrize("column", ["estimate", "playlist", "at", "emotion"])
def test_a_flipped_bit_costs_its_row_at_most(memory, column):
    with closing(sqlite3.connect(memory)) as changed:
        [text] = changed.execute(f"SELECT {column} FROM entry WHERE number = 2").fetchone()
        raw = text.encode()
        step = max(1, len(raw) // 40)
        for place in range(0, len(raw), step):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << (place % 8)
            changed.execute(
                f"UPDATE entry SET {column} = CAST(? AS TEXT) WHERE number = 2", (bytes(flipped),)
            )
            changed.commit()
            told = []
            found = contents(told.append)
            assert {1, 3} <= found["entry"], place
            assert (2 in found["entry"]) != bool(told), place
            assert {**found, "entry": None} == {**ALL, "entry": None}


def test_what_was_lost_is_shown_and_then_said_no_more(memory, emotify):
    spoil(memory, "entry", "playlist", '{"mode": "match", "tr')
    spoil(memory, "judgement", "energy", "abc")
    code, out, err = emotify("history")
    assert code == 0 and out.count("2") and "happy.wav" in out and "calm.wav" in out
    assert "sad.wav" not in out and "liked: 2, disliked: 0" in out
    assert "1 playlist of your history cannot be read" in err
    assert "1 like or dislike cannot be read" in err
    code, out, err = emotify("history", "--repair")
    assert code == 0 and "playlist is no JSON" in out and "source 'sad.wav'" in out
    assert "energy is 'abc'" in out and "name 'Title 1'" in out
    [path] = memory.parent.glob("*.lost-*.json")
    assert path.name in err and '{\\"mode\\": \\"match\\", \\"tr' in path.read_text()
    code, out, err = emotify("history")
    assert code == 0 and not err
    assert emotify("history", "--repair")[1] == "all that is remembered can be read\n"


def test_commands_go_on_with_what_is_left(memory, emotify):
    spoil(memory, "entry", "at", "yesterday", which=2)
    spoil(memory, "entry", "estimate", b"\xff{", which=1)
    spoil(memory, "judgement", "energy", float("inf"))
    spoil(memory, "imported", "path", 5)
    assert len(json.loads(emotify("history", "--json")[1])) == 1
    assert emotify("history", "--last")[1].count("Title") == 3
    code, out, _ = emotify("playlist", "like", "Title 2", "1")  # 1 of the latest that can be read
    assert code == 0 and out == "liked: Ann - Title 2\nliked: Ann - Title 0\n"
    code, out, err = emotify("playlist", "--emotion", "sad", "-n", "2")
    assert code == 0 and "cannot be read and is left out" in err
    assert emotify("history")[1].count("sad") == 1
    assert emotify("profile")[0] == 0
    code, out, err = emotify("forget", "--dry-run")
    assert code == 0 and "a.csv" in out and "1 imported table cannot be read" in err


def test_repair_stands_alone_and_needs_something_to_repair(emotify):
    code, _, err = emotify("history", "--repair", "--json")
    assert code == 2 and "--repair goes without" in err
    code, _, err = emotify("history", "--repair")
    assert code == 0 and "nothing to repair" in err


# ------------------------------------------------------------------------------- the whole file


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Make a memory of many pages."""
    path = tmp_path_factory.mktemp("large") / "listener.sqlite"
    with open_store(pytest.fail, path) as store:
        for number in range(60):
            store.judge(track(number), liked=True)
            source = f"{number}.wav"
            numbers = range(number, number + 8)
            store.remember(EmotionEstimate.of("sad"), playlist(*numbers), source=source)
    return path


def pages(path):
    """Return the size of a page, and what each page belongs to."""
    with closing(sqlite3.connect(path)) as memory:
        [size] = memory.execute("PRAGMA page_size").fetchone()
        [count] = memory.execute("PRAGMA page_count").fetchone()
        roots = dict(memory.execute("SELECT rootpage, name FROM sqlite_master"))
    return size, count, roots


@pytest.mark.parametrize("kind", ["zeros", "noise", "cut"])
def test_a_damaged_page_costs_what_is_on_it(large, kind):
    user_data_folder("listener").mkdir(parents=True)
    memory = store_path()
    content = large.read_bytes()
    size, count, roots = pages(large)
    for page in [*roots, *range(13, count, 9)]:  # from 1
        for path in memory.parent.iterdir():
            path.unlink()
        begin, end = (page - 1) * size, page * size
        middle = {"zeros": bytes(size), "noise": b"\x55" * size, "cut": b""}[kind]
        memory.write_bytes(content[:begin] + middle + (b"" if kind == "cut" else content[end:]))
        told = []
        with open_store(told.append) as store:
            n_entries, n_judged = len(store.entries()), len(store.judgements())
            store.judge(track(99), liked=True)  # it can be written to
        if told:
            assert "is damaged" in told[0] and len(list(memory.parent.glob("*.damaged-*"))) == 1
        name = roots.get(page)
        if kind == "cut":
            assert n_entries >= 60 * page / count - 20, page
        elif name != "entry":
            assert n_entries >= 55, (page, name)
        if kind != "cut" and name not in ("judgement", None):
            assert n_judged == 60, (page, name)
        with open_store(pytest.fail) as store:
            assert len(store.entries()) == n_entries


def test_a_damaged_index_costs_nothing(memory):
    size, _, roots = pages(memory)
    [page] = [number for number, name in roots.items() if name == "entry_of_tracks"]
    content = memory.read_bytes()
    memory.write_bytes(content[: (page - 1) * size] + bytes(size) + content[page * size :])
    told = []
    assert contents(told.append) == ALL
    assert "3 likes and dislikes, 3 playlists of your history, 3 imported tables" in told[0]


def test_a_mending_that_was_killed_is_begun_anew(memory):
    with closing(sqlite3.connect(memory)) as changed:
        changed.execute("DROP TABLE judgement")
    for name in (".partial", ".partial-journal"):
        memory.with_name(memory.name + name).write_bytes(b"half of it")
    assert contents([].append) == ALL | {"judgement": set()}
    assert not list(memory.parent.glob("*.partial*"))


@pytest.mark.parametrize("links", [True, False])
def test_several_runs_that_meet_a_damaged_file_mend_it_once(memory, monkeypatch, links):
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("none")))
    with closing(sqlite3.connect(memory)) as changed:
        changed.execute("DROP TABLE past_track")
    before = memory.read_bytes()
    told = []

    def judge(number):
        with open_store(told.append) as store:
            store.judge(track(number), liked=True)

    runs = [threading.Thread(target=judge, args=(n,)) for n in range(20, 26)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    with open_store(pytest.fail) as store:
        assert len(store.judgements()) == 9 and len(store.entries()) == 3
    [aside] = memory.parent.glob("*.damaged-*")
    assert aside.read_bytes() == before and len(told) == 1


def test_a_missing_table_costs_that_table(memory):
    with closing(sqlite3.connect(memory)) as changed:
        changed.execute("DROP TABLE judgement")
    told = []
    assert contents(told.append) == ALL | {"judgement": set()}
    assert len(told) == 1 and "no such table: judgement" in told[0]


def test_a_changed_mark_of_whose_file_it_is_costs_nothing(memory):
    with closing(sqlite3.connect(memory)) as changed:
        changed.execute("PRAGMA application_id = 5")
    told = []
    assert contents(told.append) == ALL
    assert len(told) == 1


def test_a_file_that_cannot_be_written_to_can_be_read(memory, monkeypatch):
    connect = sqlite3.connect

    def read_only(path, **options):
        return connect(f"file:{path}?mode=ro", uri=True, **options)

    monkeypatch.setattr(memory_file.sqlite3, "connect", read_only)
    assert contents(pytest.fail) == ALL
    with pytest.raises(InputError, match="readonly"), open_store(pytest.fail) as store:
        store.judge(track(1), liked=True)


def test_a_memory_of_the_first_version_is_brought_up_to_date(memory, whole):
    memory.unlink()
    with closing(sqlite3.connect(memory)) as old, closing(sqlite3.connect(whole)) as new:
        old.executescript(memory_file.FIRST_VERSION)
        old.execute(f"PRAGMA application_id = {memory_file.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
        for table, columns in (
            ("judgement", f"number, track_id, name, artist, liked, at, {', '.join(FEATURE_NAMES)}"),
            ("entry", "number, at, source, emotion, estimate, playlist, spotify_url"),
            ("imported", "path"),
        ):
            rows = new.execute(f"SELECT {columns} FROM {table}").fetchall()
            places = ", ".join("?" * len(rows[0]))
            old.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        old.execute("UPDATE entry SET estimate = 'gone' WHERE number = 1")
        old.commit()
    told = []
    found = contents(told.append)
    assert found["judgement"] == ALL["judgement"] and found["entry"] == {2, 3}
    assert found["imported"] == ALL["imported"]
    assert found["past_track"] == ALL["past_track"] - {"id-0"}
    assert len(told) == 1 and "1 playlist of your history" in told[0]
    with open_store(told.append) as store:
        assert not any(table.is_unchanged for table in store.imported())  # nobody noted how
        store.link(["id-1", "id-10", "id-11"], "https://open.spotify.com/playlist/x")
        assert [entry.spotify_url is not None for entry in store.entries()] == [False, True]


def test_linking_and_finding_tracks_read_no_past_playlist(memory, monkeypatch):
    [entry_kind] = [kind for kind in KINDS if kind.table == "entry"]
    with open_store(pytest.fail) as store:
        monkeypatch.setattr(
            type(entry_kind), "read", refused_for(entry_kind, type(entry_kind).read)
        )
        store.link(["id-2", "id-10", "id-11"], "https://open.spotify.com/playlist/x")
        assert store.past_tracks("id-2", "")[0].name == "Title 2"
        assert len(store.past_tracks("", "ann -  TITLE 10")) == 1
        monkeypatch.undo()
        assert store.entries(1)[0].spotify_url.endswith("/x")


def refused_for(kind, read):
    def checked(self, row):
        assert self is not kind, "a past playlist was read"
        return read(self, row)

    return checked
