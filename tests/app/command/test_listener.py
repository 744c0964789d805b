"""Likes and dislikes, history, profile: what a listener does with their own commands."""

import io
import json
import stat

import pytest

from app import memory
from foundation.shipped import shipped
from foundation.user_data import make_private_folder, user_data_folder
from listener.forget import forget, stored
from listener.profile import profile_path
from listener.store import open_store, store_path

ROCK = "[genres]\ninclude = ['rock']\n"


def picked(emotify, *arguments):
    number = () if "-n" in arguments else ("-n", "8")
    code, out, err = emotify("playlist", "--emotion", "happy", "--json", *number, *arguments)
    assert code == 0, err
    return [track["track_id"] for track in json.loads(out)["tracks"]]


def test_a_dislike_is_heeded_at_once_and_can_be_taken_back(emotify):
    first = picked(emotify)
    code, out, _ = emotify("playlist", "dislike", first[0], f"spotify:track:{first[1]}", "3")
    assert code == 0 and out.count("disliked: ") == 3
    second = picked(emotify)
    assert not set(first[:3]) & set(second)
    code, out, _ = emotify("playlist", "dislike", "--undo", *first[:3], second[0])
    assert out.count("no judgement any more") == 3 and out.count("was not judged") == 1
    assert picked(emotify) == first


def test_an_artist_is_left_out_after_three_dislikes(emotify, catalogue):
    frame = catalogue.table.frame
    theirs = frame.loc[frame["artist"] == "R.E.M.", "track_id"].tolist()[:3]
    only = ("--artist", "R.E.M.", "--artist", "Toby Keith")
    artists = frame.set_index("track_id")["artist"]
    assert "R.E.M." in set(artists[picked(emotify, *only)])
    emotify("playlist", "dislike", *theirs)
    assert "R.E.M." not in set(artists[picked(emotify, *only)])


def test_likes_draw_the_next_playlists(emotify, catalogue):
    genres = catalogue.table.frame.set_index("track_id")["genre"]
    before = picked(emotify)
    liked = [track for track in before if "country" in genres[track]]
    emotify("playlist", "like", *liked)
    emotify("playlist", "dislike", *[track for track in before if track not in liked])
    after = picked(emotify, "--seed", "1")
    assert len(set(liked) & set(after)) >= len(liked) - 1


def test_a_word_that_means_no_track_is_answered(emotify):
    code, _, err = emotify("playlist", "like", "no such track at all")
    assert code == 2 and "no track" in err
    code, _, err = emotify("playlist", "like", "1")
    assert code == 2 and "no number 1" in err


def test_history_tells_what_was(emotify):
    code, out, err = emotify("history")
    assert code == 0 and "nothing is remembered yet" in err and not out
    assert emotify("history", "--json")[1] == "[]\n"
    first = picked(emotify)
    picked(emotify, "--mode", "lift")
    emotify("playlist", "like", first[0])
    code, out, _ = emotify("history")
    lines = out.splitlines()
    assert code == 0 and "lift" in lines[0] and "match" in lines[1]
    assert lines[2] == "liked: 1, disliked: 0"
    assert len(json.loads(emotify("history", "--json", "-n", "1")[1])) == 1
    assert emotify("history", "--last")[1].count("\n") == 8


def test_a_recording_is_remembered_by_its_name(emotify, samples):
    code, _, _ = emotify("playlist", samples / "reading_short.wav", "-n", "2")
    [entry] = json.loads(emotify("history", "--json")[1])
    assert code == 0 and entry["source"] == "reading_short.wav"
    assert sum(entry["estimate"]["probabilities"].values()) == pytest.approx(1, abs=1e-4)


@pytest.fixture
def samples():

    return shipped("data", "samples")


@pytest.mark.parametrize(("name", "start"), [("m.png", b"\x89PNG"), ("m.svg", b"<?xml")])
def test_the_mood_over_time_is_drawn(emotify, tmp_path, name, start):
    for emotion in ("happy", "sad", "calm"):
        emotify("playlist", "--emotion", emotion, "-n", "1")
    code, _, err = emotify("history", "--plot", tmp_path / name)
    assert code == 0 and name in err
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_picture_that_cannot_be_drawn_is_answered(emotify, tmp_path):
    picked(emotify)
    code, _, err = emotify("history", "--plot", tmp_path / "m.gif")
    assert code == 2 and ".png, .svg, .pdf" in err
    code, _, err = emotify("history", "--plot", tmp_path / "absent" / "m.png")
    assert code == 2 and "m.png" in err


def test_who_wants_no_history_has_none(emotify):
    picked(emotify, "--no-history")
    assert not store_path().exists()
    profile_path().parent.mkdir(parents=True)
    profile_path().write_text("[history]\nkeep = false\n")
    picked(emotify)
    assert not store_path().exists()


def test_a_profile_is_heeded_and_the_command_line_wins(emotify, catalogue):
    genres = catalogue.table.frame.set_index("track_id")["genre"]
    code, out, _ = emotify("profile")
    assert code == 0 and "--init" in out
    code, out, _ = emotify("profile", "--init")
    assert code == 0 and out.strip() == str(profile_path())
    profile_path().write_text(ROCK)
    assert "genres: rock" in emotify("profile")[1]
    assert genres[picked(emotify)].str.contains("rock").all()
    assert genres[picked(emotify, "--genre", "country")].str.contains("country").all()
    assert emotify("profile", "--example")[1].startswith("# What you always want")


def test_a_profile_of_another_name(emotify, tmp_path, catalogue):
    path = tmp_path / "rock.toml"
    path.write_text(ROCK)
    genres = catalogue.table.frame.set_index("track_id")["genre"]
    assert genres[picked(emotify, "--profile", path)].str.contains("rock").all()
    path.write_text("[genre]\ninclude = ['rock']\n")
    code, out, err = emotify("playlist", "--emotion", "sad", "--profile", path)
    assert code == 2 and "unknown entry 'genre'" in err and not out


def test_options_leave_out_and_prefer(emotify, catalogue):
    frame = catalogue.table.frame.set_index("track_id")
    chosen = frame.loc[
        picked(emotify, "--not-genre", "country", "--not-artist", "MKTO", "--popularity", "40-",
               "--language", "en", "--favourite", "R.E.M.")
    ]  # fmt: skip
    assert not chosen["genre"].str.contains("country").any()
    assert chosen["popularity"].min() >= 40


def test_a_damaged_memory_is_set_aside_and_the_music_plays(emotify):
    store_path().parent.mkdir(parents=True)
    store_path().write_bytes(b"SQLite format 3\x00 and then nonsense" * 100)
    code, _, err = emotify("playlist", "--emotion", "sad", "-n", "2")
    assert code == 0 and "is damaged" in err and ".damaged-" in err
    assert emotify("history")[1].count("sad") == 1


def test_a_damaged_memory_is_forgotten_too(emotify, own_folders):
    store_path().parent.mkdir(parents=True)
    store_path().write_text("garbage, and no database")
    assert emotify("forget", "--yes")[0] == 0
    assert not [path for path in own_folders.rglob("*") if path.is_file()]


def test_years_may_be_open(emotify, tmp_path, catalogue):
    frame = catalogue.table.frame.head(60).assign(year=range(1960, 2020))
    frame.to_csv(tmp_path / "t.csv", index=False)
    years = frame.set_index("track_id")["year"]
    table = ("--tracks", tmp_path / "t.csv", "-n", "60")
    assert years[picked(emotify, "--years", "2010-", *table)].min() >= 2010
    assert years[picked(emotify, "--years", "-1969", *table)].max() <= 1969
    assert set(years[picked(emotify, "--years", "1990", *table)]) == {1990}


def test_a_profile_that_cannot_be_written_is_answered(emotify, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EMOTIFY_CONFIG_HOME", str(tmp_path / "file" / "x"))
    code, _, err = emotify("profile", "--init")
    assert code == 2 and "cannot be made" in err


def test_a_memory_that_cannot_be_written_does_not_stop_the_music(emotify, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EMOTIFY_DATA_HOME", str(tmp_path / "file"))
    code, out, err = emotify("playlist", "--emotion", "sad", "-n", "2")
    assert code == 0 and "not remembered" in err and "For a sad mood" in out


def test_forgetting_asks_first_at_a_terminal(emotify, monkeypatch):
    picked(emotify)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question: False)
    code, _, err = emotify("forget")
    assert code == 0 and "nothing was deleted" in err and store_path().exists()
    code, _, _ = emotify("forget", "--yes")
    assert code == 0 and not store_path().exists()


@pytest.mark.parametrize("stdin", ["pipe", "closed"])
def test_forgetting_without_a_terminal_needs_yes(emotify, monkeypatch, stdin):
    picked(emotify)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n") if stdin == "pipe" else None)
    code, out, err = emotify("forget")
    assert code == 2 and "--yes" in err and "likes, dislikes and history" in out
    assert store_path().exists()
    assert emotify("forget", "--dry-run")[0] == 0 and store_path().exists()
    assert emotify("forget", "--yes")[0] == 0 and not store_path().exists()


def test_forgetting_leaves_what_somebody_put_where_an_import_was(emotify, tmp_path):
    same, other, folder, unknown = (tmp_path / f"{name}.csv" for name in ("a", "b", "c", "d"))
    with open_store(pytest.fail) as store:
        for path in (same, other, folder):
            path.write_text("track_id")
            store.note_import(path, is_written=True)
        unknown.write_text("diary")  # an import was killed before it wrote
        store.note_import(unknown, is_written=False)
    other.write_text("my diary")
    folder.unlink()
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    code, out, _ = emotify("forget", "--dry-run")
    for path in (other, folder, unknown):
        [line] = [line for line in out.splitlines() if str(path) in line]
        assert code == 0 and line.startswith("imported from Spotify and left alone: ")
    code, out, _ = emotify("forget", "--yes")
    assert code == 0 and f"removed {same}" in out and not same.exists()
    assert f"left {other} (not what the import wrote on " in out
    assert f"left {unknown} (what was written there is not known)" in out
    assert other.read_text() == "my diary" and (folder / "diary.txt").exists()
    assert unknown.read_text() == "diary" and not store_path().exists()


def test_a_table_that_is_changed_while_one_is_asked_is_left(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("track_id")
    with open_store(pytest.fail) as store:
        store.note_import(table, is_written=True)
    inventory = stored(pytest.fail)
    table.write_text("my diary")
    [line] = [line for line in forget(inventory) if str(table) in line]
    assert line.startswith("left ")
    assert table.read_text() == "my diary"


def test_forgetting_takes_voices_and_own_music_but_no_open_tables(emotify):
    for path in ("speakers/ann.json", "tables/music-1.parquet", "tables/fma.zip"):
        where = user_data_folder(path)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text("x")
    code, out, _ = emotify("forget", "--yes")
    assert code == 0 and "voices" in out
    left = [path.name for path in user_data_folder("").rglob("*") if path.is_file()]
    assert left == ["fma.zip"]


def test_all_that_is_kept_is_private_and_what_is_too_open_becomes_so(emotify, own_folders):
    emotify("profile", "--init")
    picked(emotify)

    def modes():
        paths = [path for path in own_folders.rglob("*") if path.parent != own_folders]
        assert {profile_path(), store_path(), store_path().parent} <= {*paths}
        return {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()}, {
            stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()
        }

    assert modes() == ({0o700}, {0o600})
    for path in (store_path(), profile_path()):
        path.chmod(0o644)
    store_path().parent.chmod(0o755)
    assert emotify("history")[0] == emotify("profile")[0] == 0
    assert modes() == ({0o700}, {0o600})
    assert memory.judgements().empty


def test_a_folder_that_the_listener_chose_stays_as_open_as_it_is(monkeypatch, own_folders):
    chosen = own_folders / "shared"
    chosen.mkdir(mode=0o755)
    monkeypatch.setenv("EMOTIFY_CONFIG_HOME", str(chosen))
    make_private_folder(chosen, "EMOTIFY_CONFIG_HOME")
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o755
    monkeypatch.delenv("EMOTIFY_CONFIG_HOME")
    make_private_folder(chosen, "EMOTIFY_CONFIG_HOME")  # now as if it were the usual one
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o700
