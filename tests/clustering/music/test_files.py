"""A folder of music becomes a table, again and again, whatever lies in it."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from clustering.choice.catalogue import Catalogue
from clustering.choice.opening import open_table
from clustering.choice.wish import Wish
from clustering.music import files as music_files
from clustering.music.files import analyse_folder, find_music
from clustering.music.sound import Limits
from clustering.music.tags import read_tags
from clustering.music.workers import each
from clustering.playlist import make_playlist
from clustering.sources import import_tracks
from clustering.tables.tracks import UNKNOWN_ARTIST, read_tracks
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE
from tests.clustering.music.conftest import tag

mutagen = pytest.importorskip("mutagen")
pytestmark = pytest.mark.usefixtures("short_sounds")
RATE = 22_050


def sound(seed, seconds=4):
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * RATE) / RATE
    tone = np.sin(2 * np.pi * 110 * 2 ** (seed / 12) * t) * np.exp(-3 * (t % (0.3 + 0.1 * seed)))
    return 0.3 * tone + 0.01 * rng.standard_normal(len(t))


@pytest.fixture
def library(tmp_path):
    """Four good files of four kinds, in two folders."""
    folder = tmp_path / "music"
    (folder / "album").mkdir(parents=True)
    for number, name in enumerate(("a.mp3", "b.flac", "album/c.ogg", "album/Bach - Fugue.wav")):
        soundfile.write(folder / name, sound(number), RATE)
    tag(folder / "a.mp3", title="One", artist="Ann", album="First", date="1999", genre="Folk")
    tag(folder / "b.flac", title="Zwei", artist=["Bo", "Cy"], isrc="NLA320000001")
    return folder


def analyse(folder, tmp_path):
    return analyse_folder(folder, tmp_path / "mine.parquet", n_jobs=1, progress=False)


def test_a_folder_becomes_a_table_that_plays(library, tmp_path):
    analysis = analyse(library, tmp_path)
    assert analysis.n_read == 4 and not analysis.skipped
    table = read_tracks(tmp_path / "mine.parquet")
    told = table.frame.set_index("name")
    assert set(told.index) == {"One", "Zwei", "c", "Fugue"}
    assert told.loc["Zwei", "artist"] == "Bo;Cy" and told.loc["Fugue", "artist"] == "Bach"
    assert told.loc["One", "year"] == 1999 and told.loc["c", "artist"] == UNKNOWN_ARTIST
    assert told["duration_ms"].to_numpy() == pytest.approx(4000, abs=60)  # MP3 pads
    assert told["key"].notna().all() and table.has("mood_calm")
    playlist = make_playlist(EmotionEstimate.of("calm"), Catalogue.of(table), Wish(n_tracks=3))
    playlist.to_m3u(tmp_path / "mine.m3u8")
    assert str(library) in (tmp_path / "mine.m3u8").read_text("utf-8")


@pytest.mark.parametrize(
    ("ending", "codec"), [(".m4a", "aac"), (".wma", "wmav2"), (".aac", "aac"), (".wv", "wavpack")]
)
def test_what_libsndfile_does_not_read_is_music_too(tmp_path, record, ending, codec):
    folder = tmp_path / "music"
    folder.mkdir()
    path = record(folder / f"Ann - One{ending}", sound(1, 8), RATE, codec)
    keys = {".m4a": ("title", "artist"), ".wma": ("Title", "Author")}.get(ending)
    if keys is not None:
        tags = mutagen.File(path, easy=True)
        if tags.tags is None:
            tags.add_tags()
        tags[keys[0]], tags[keys[1]] = "Uno", "Anna"
        tags.save()
    soundfile.write(folder / "same.flac", sound(1, 8), RATE)
    analysis = analyse(folder, tmp_path)
    assert not analysis.skipped
    told = analysis.frame.set_index("name")
    name = "One" if keys is None else "Uno"
    assert set(told.index) == {name, "same"}
    assert told.loc[name, "artist"] == ("Ann" if keys is None else "Anna")
    for feature, tolerance in (("energy", 0.05), ("loudness", 0.5), ("tempo", 0.1)):
        assert told.loc[name, feature] == pytest.approx(told.loc["same", feature], abs=tolerance)


def test_only_what_changed_is_read_again(library, tmp_path, monkeypatch):
    first = analyse(library, tmp_path)
    soundfile.write(library / "b.flac", sound(9), RATE)
    soundfile.write(library / "new.flac", sound(7), RATE)
    (library / "a.mp3").unlink()
    heard = []
    analyse_one = music_files._analyse
    monkeypatch.setattr(
        music_files, "_analyse", lambda p, *asked: heard.append(p.name) or analyse_one(p, *asked)
    )
    again = analyse(library, tmp_path)
    assert sorted(heard) == ["b.flac", "new.flac"]
    assert (again.n_read, again.n_unchanged, again.n_gone) == (2, 2, 1)
    assert len(again.frame) == 4
    both = first.frame.merge(again.frame, on="path", suffixes=("_then", "_now"))
    same = both[~both["path"].str.endswith("b.flac")]
    assert same["energy_then"].to_numpy() == pytest.approx(same["energy_now"].to_numpy())
    assert "1 gone" in again.summary()


def test_bad_files_are_named_and_the_good_ones_go_on(library, tmp_path):
    (library / "empty.mp3").touch()
    (library / "noise.mp3").write_bytes(os.urandom(3000))
    (library / "cut.flac").write_bytes((library / "b.flac").read_bytes()[:100])
    (library / "phone.m4a").write_bytes(b"x")
    (library / "._a.mp3").write_bytes(b"macOS")
    (library / "gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    (library / "notes.txt").write_text("no music")
    soundfile.write(library / "silent.flac", np.zeros(5 * RATE), RATE)
    analysis = analyse(library, tmp_path)
    assert analysis.n_read == 4
    reasons = {Path(path).name: reason for path, reason in analysis.skipped}
    names = {"empty.mp3", "noise.mp3", "cut.flac", "phone.m4a", "gone.mp3", "silent.flac"}
    assert set(reasons) == names
    assert reasons["empty.mp3"] == "is empty" and "is damaged" in reasons["phone.m4a"]
    assert "is silent" in analysis.summary()


def test_links_that_lead_back_are_walked_once(library):
    (library / "album" / "up").symlink_to(library)
    (library / "again").symlink_to(library / "album")
    files, skipped = find_music(library)
    assert len(files) == 4 and not skipped


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_a_folder_without_permission_is_named(library):
    (library / "album").chmod(0)
    try:
        files, skipped = find_music(library)
    finally:
        (library / "album").chmod(0o755)
    assert len(files) == 2 and "album" in skipped[0][0]


def test_an_interrupted_run_keeps_what_it_has(library, tmp_path, monkeypatch):
    analyse_one, done = music_files._analyse, []

    def stop_at_the_third(path, *asked):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(path)
        return analyse_one(path, *asked)

    monkeypatch.setattr(music_files, "_analyse", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        analyse(library, tmp_path)
    monkeypatch.setattr(music_files, "_analyse", analyse_one)
    rest = analyse(library, tmp_path)
    assert (rest.n_read, rest.n_unchanged) == (2, 2)


def test_tags_in_a_wrong_encoding_stay_text(library):
    from mutagen.id3 import ID3, TIT2, TPE1

    tags = ID3()
    tags.add(TIT2(encoding=0, text="Größe\0"))
    tags.add(TPE1(encoding=0, text="Björk".encode().decode("latin-1")))  # UTF-8 called Latin-1
    tags.save(library / "a.mp3")
    told = read_tags(library / "a.mp3")
    assert told["name"] == "Größe"
    assert told["artist"].encode("utf-8")
    raw = bytearray((library / "a.mp3").read_bytes())
    raw[12:16] = b"\xff\xfe\xfd\xfc"
    (library / "a.mp3").write_bytes(raw)
    assert read_tags(library / "a.mp3")["name"]


def test_long_files_cost_no_more_than_short_ones(tmp_path):
    soundfile.write(tmp_path / "long.flac", np.tile(sound(1), 60), RATE)
    analysis = analyse(tmp_path, tmp_path)
    assert analysis.frame["duration_ms"].iloc[0] == pytest.approx(240_000)


def test_mistakes_are_answered(library, tmp_path, emotify):
    with pytest.raises(InputError, match="is no folder"):
        analyse(library / "a.mp3", tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no music that can be used"):
        analyse(tmp_path / "none", tmp_path)
    pd.DataFrame({"track_id": ["x"]}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(InputError, match="no table of analysed music"):
        analyse_folder(library, tmp_path / "other.csv", progress=False)
    code, _, err = emotify("tracks", "analyse", library, "--out", tmp_path / "t.xlsx")
    assert code == 2 and ".parquet or .csv" in err


def test_the_command_says_what_it_did(library, tmp_path, emotify):
    asked = ("tracks", "analyse", library, "--out", tmp_path / "t.csv", "--shortest", "3")
    code, out, err = emotify(*asked)
    assert code == 0 and "4 tracks" in out and "4 analysed" in err
    assert "4 unchanged" in emotify(*asked)[2]


def test_a_folder_of_music_is_a_source_beside_tables(library, tmp_path, monkeypatch, emotify):
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    read_tracks().frame.head(30).to_csv(tmp_path / "a.csv", index=False)
    out = tmp_path / "t.parquet"
    code, text, _ = emotify("tracks", "import", library, tmp_path / "a.csv", "--out", out)
    assert code == 0 and "34 tracks" in text
    assert read_tracks(out).frame["path"].notna().sum() == 4
    [kept] = (tmp_path / "home" / "tables").iterdir()
    assert kept.suffix == ".parquet" and kept.parent.stat().st_mode & 0o777 == 0o700
    kept.write_bytes(kept.read_bytes()[:-50])  # damaged: it is ours, and made again
    code, text, err = emotify("playlist", "--emotion", "calm", "--tracks", library, "-n", "2")
    assert code == 0 and str(library) in text and "4 unchanged" not in text
    (tmp_path / "empty").mkdir()
    code, _, err = emotify("playlist", "--emotion", "calm", "--tracks", tmp_path / "empty")
    assert code == 2 and "without music" in err


def test_without_the_packages_the_command_says_what_to_install(library, tmp_path, monkeypatch,
                                                               emotify):  # fmt: skip
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = emotify("tracks", "analyse", library, "--out", tmp_path / "t.csv")
    assert code == 2 and "emotify[music]" in err


def test_rows_of_other_models_are_made_anew(library, tmp_path, monkeypatch):
    analyse(library, tmp_path)
    other = tmp_path / "model.npz"
    other.write_bytes(music_files.DEFAULT_FILE.read_bytes() + b" ")
    monkeypatch.setattr(music_files, "DEFAULT_FILE", other)
    assert analyse(library, tmp_path).n_unchanged == 0
    assert analyse(library, tmp_path).n_unchanged == 4


def test_vibenet_is_asked_for_its_features(library, tmp_path):
    pytest.importorskip("vibenet", reason="an extra: pip install 'emotify[vibenet]'")
    ours = analyse(library, tmp_path).frame
    theirs = analyse_folder(
        library, tmp_path / "mine.parquet", n_jobs=1, vibenet=True, progress=False
    )
    assert theirs.n_unchanged == 0
    assert (theirs.frame["valence"] != ours["valence"]).all()
    assert theirs.frame["liveness"].between(0, 1).all()
    assert theirs.frame["tempo"].to_numpy() == pytest.approx(ours["tempo"].to_numpy())
    assert theirs.frame["described_by"].str.contains("vibenet 0").all()


def test_vibenet_is_asked_for_by_name_when_absent(library, tmp_path, monkeypatch, emotify):
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "vibenet" else found(n))
    code, _, err = emotify("tracks", "analyse", library, "--out", tmp_path / "t.csv", "--vibenet")
    assert code == 2 and "emotify[vibenet]" in err


def test_processes_that_die_leave_what_was_done(library, tmp_path, monkeypatch):
    def dies(function, waiting, *asked, n_jobs, tell):
        yield function(waiting[0], *asked)
        raise InputError("processes died")

    with monkeypatch.context() as other:
        other.setattr(music_files, "each", dies)
        with pytest.raises(InputError, match="died"):
            analyse(library, tmp_path)
    assert analyse(library, tmp_path).n_unchanged == 1


def test_processes_find_the_same(library, tmp_path, monkeypatch):
    one = analyse(library, tmp_path).frame
    monkeypatch.setattr(music_files, "each", each)
    many = analyse_folder(library, tmp_path / "all.parquet", n_jobs=1, progress=False)
    assert not many.skipped and not many.notes
    assert many.frame["energy"].to_numpy() == pytest.approx(one["energy"].to_numpy())


def test_a_minute_of_useless_files_is_no_end(library, tmp_path, monkeypatch):
    """The table is saved on the way; a file that comes first and is of no use leaves none."""
    monkeypatch.setattr(music_files, "SAVE_SECONDS", -1.0)
    (library / "0.mp3").touch()
    analysis = analyse(library, tmp_path)
    assert analysis.n_read == 4 and len(analysis.skipped) == 1


def test_a_folder_is_walked_once(library, tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    walks, walk = [], os.walk
    monkeypatch.setattr(os, "walk", lambda *a, **k: walks.append(a) or walk(*a, **k))
    open_table(library)
    import_tracks([library])
    assert len(walks) == 2  # once for each


def test_other_limits_hear_only_what_they_concern(library, tmp_path):
    soundfile.write(library / "long.flac", sound(1, 12), RATE)
    first = analyse_folder(
        library, tmp_path / "t.parquet", limits=Limits(5.0, 60.0), progress=False
    )
    assert first.n_read == 1 and len(first.skipped) == 4
    assert all("less than 5 s (a sound effect?)" in why for _, why in first.skipped)
    all_of_them = analyse(library, tmp_path)
    assert all_of_them.n_read == 5
    short = analyse_folder(
        library, tmp_path / "mine.parquet", limits=Limits(3.0, 10.0), progress=False
    )
    assert (short.n_read, short.n_unchanged) == (0, 4)
    assert "more than 10 s (a mix, or an audiobook?)" in short.summary()
