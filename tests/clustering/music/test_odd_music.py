"""What lies in folders of music: each file becomes a track, or is named with the reason."""

import os
import shutil
import sys
from functools import partial

import numpy as np
import pytest
import soundfile

from clustering.music import files as music_files
from clustering.music.files import analyse_folder, read_music, table_of
from clustering.music.sound import Limits
from clustering.tables.tracks import read_tracks
from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE
from tests.clustering.music.conftest import in_turn

mutagen = pytest.importorskip("mutagen")
pytest.importorskip("librosa")
RATE = 22_050
LIMITS = partial(Limits, 3.0, 10.0)
TRACKS = {
    **{f"{n}.{ending}": None for n, ending in enumerate(("mp3", "flac", "ogg", "wav", "aiff"))},
    # What FFmpeg reads: how PyAV writes it.
    "phone.m4a": ("aac", "mp4"),
    "lossless.m4a": ("alac", "mp4"),
    "raw.aac": ("aac", "adts"),
    "windows.wma": ("wmav2", "asf"),
    "browser.webm": ("libopus", "webm"),
    "matroska.mka": ("flac", "matroska"),
    "video.mp4": ("aac", "mp4"),
    "short.opus": ("libopus", "ogg"),
    "m4a, really.mp3": ("aac", "mp4"),
    "8 kHz.wav": None,
    "surround.wav": None,
    "inverted.flac": None,
    "nine titles.flac": None,
    "damaged tags.mp3": None,
}
SKIPPED = {
    "tada.ogg": "lasts 2 s, less than 3 s (a sound effect?)",
    "mix.flac": "lasts 12 s, more than 10 s (a mix, or an audiobook?)",
    "chapter 1.flac": "sounds like spoken word",
    "silence.flac": "is silent",
    "empty.mp3": "is empty",
    "bytes.mp3": "is damaged",
    "cut.m4a": "is cut off or damaged",
    "gone.flac": "is a link that leads nowhere",
    "not numbers.wav": "not numbers",
}
NOT_UTF8 = b"caf\xe9.flac"


def tune(seconds=4, rate_hz=RATE, seed=0):
    """Three notes, struck in turn three times a second, with a little noise."""
    t = np.arange(seconds * rate_hz) / rate_hz
    hz = 220 * 2 ** (np.array([0, 4, 7])[(3 * t).astype(int) % 3] / 12)
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return 0.3 * np.sin(2 * np.pi * hz * t) * np.exp(-4 * (t % (1 / 3))) + 0.01 * noise


def babble(seconds=8):
    """Vowels of all lengths with hisses between them, and pauses: no word, but spoken."""
    rng = np.random.default_rng(0)
    parts, n = [], 0
    while n < seconds * RATE:
        t = np.arange(int(rng.uniform(0.08, 0.3) * RATE)) / RATE
        formants = rng.uniform((300, 900, 2300), (800, 2200, 3000))
        pulses = sum(np.sin(2 * np.pi * rng.uniform(100, 180) * k * t) for k in range(1, 30))
        vowel = sum(pulses * np.sin(2 * np.pi * hz * t) for hz in formants) * np.hanning(len(t))
        hiss = np.diff(rng.standard_normal(int(rng.uniform(0.03, 0.15) * RATE)))
        pause = np.zeros(int(rng.choice([0.02, 0.1, 0.6]) * rng.uniform(0.5, 1.5) * RATE))
        parts += [0.1 * vowel / (np.std(vowel) + 1e-9), 0.03 * hiss, pause]
        n += sum(map(len, parts[-3:]))
    return np.concatenate(parts)[: seconds * RATE]


@pytest.fixture(scope="module")
def library(tmp_path_factory, record):
    """A folder with all of them."""
    folder = tmp_path_factory.mktemp("odd") / "music"
    folder.mkdir()
    for name, written in TRACKS.items():
        path = folder / name
        if written is not None:
            codec, container = written
            rate = 48_000 if codec == "libopus" else RATE
            picture = "mpeg4" if name == "video.mp4" else None
            record(path, tune(rate_hz=rate), rate, codec, container=container, picture=picture)
    for number, ending in enumerate(("mp3", "flac", "ogg", "wav", "aiff")):
        soundfile.write(folder / f"{number}.{ending}", tune(seed=number), RATE)
    one = tune()
    soundfile.write(folder / "8 kHz.wav", tune(rate_hz=8000), 8000)
    eight = np.zeros((len(one), 8))
    eight[:, [0, 1, 3]] = one[:, None]
    soundfile.write(folder / "surround.wav", eight, RATE)
    soundfile.write(folder / "inverted.flac", np.column_stack([one, -one]), RATE)
    for name in ("nine titles.flac", "damaged tags.mp3"):
        soundfile.write(folder / name, one, RATE)
        tags = mutagen.File(folder / name, easy=True)
        if tags.tags is None:
            tags.add_tags()
        tags["title"] = [f"Title {number}" for number in range(9)]
        tags.save()
    raw = bytearray((folder / "damaged tags.mp3").read_bytes())
    raw[10:40] = bytes(range(200, 230))
    (folder / "damaged tags.mp3").write_bytes(raw)
    soundfile.write(folder / "tada.ogg", one[: 2 * RATE], RATE)
    soundfile.write(folder / "mix.flac", tune(12), RATE)
    soundfile.write(folder / "chapter 1.flac", babble(), RATE)
    soundfile.write(folder / "silence.flac", 0 * one, RATE)
    (folder / "empty.mp3").touch()
    (folder / "bytes.mp3").write_bytes(np.random.default_rng(0).bytes(3000))
    whole = (folder / "phone.m4a").read_bytes()
    (folder / "cut.m4a").write_bytes(whole[: len(whole) // 2])
    (folder / "gone.flac").symlink_to(folder / "nowhere.flac")
    soundfile.write(folder / "not numbers.wav", one * np.nan, RATE, subtype="FLOAT")
    (folder / "._0.mp3").write_bytes(b"a note of macOS")
    (folder / "cover.jpg").write_bytes(b"no music")
    if sys.platform == "linux":
        soundfile.write(folder / "cafe.flac", one, RATE)
        (folder / "cafe.flac").rename(folder / os.fsdecode(NOT_UTF8))
    return folder


@pytest.fixture(scope="module")
def analysis(library, tmp_path_factory):
    """What `tracks analyse` makes of it, and the table."""
    out = tmp_path_factory.mktemp("out") / "mine.parquet"
    with pytest.MonkeyPatch.context() as here:
        here.setattr(music_files, "each", in_turn)
        return analyse_folder(library, out, limits=LIMITS(), progress=False), out


@pytest.fixture
def at_home(library, analysis, tmp_path, monkeypatch):
    """A home in which the folder was analysed before, so that commands need not do it again."""
    monkeypatch.setattr(music_files, "each", in_turn)
    monkeypatch.setattr(music_files, "Limits", LIMITS)
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    table_of(library).parent.mkdir(parents=True)
    shutil.copyfile(analysis[1], table_of(library))


@pytest.mark.parametrize("name", TRACKS)
def test_music_of_any_kind_is_a_track(library, analysis, name):
    rows = analysis[0].frame.set_index("path")
    row = rows.loc[str(library / name)]
    assert row["duration_ms"] == pytest.approx(4000, abs=200)
    same = rows.loc[str(library / "1.flac")]
    narrow = name == "8 kHz.wav"  # without highs it sounds duller
    for feature, tolerance in (("energy", 0.25 if narrow else 0.1), ("loudness", 1.0)):
        expected = same[feature] + 10 * np.log10(1.5) * (name == "surround.wav") * (
            feature == "loudness"
        )  # three channels sound
        assert row[feature] == pytest.approx(expected, abs=tolerance), feature


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_no_music_is_named_with_the_reason(library, analysis, name):
    reasons = dict(analysis[0].skipped)
    assert SKIPPED[name] in reasons[str(library / name)]


def test_nothing_else_is_named(library, analysis):
    frame, skipped = analysis[0].frame, dict(analysis[0].skipped)
    others = [str(library / name) for name in (*TRACKS, *SKIPPED)]
    assert set(frame["path"]) | (set(skipped) & set(others)) == set(others)
    rest = [why for path, why in skipped.items() if path not in others]
    assert rest == ([music_files.NOT_UTF8] if sys.platform == "linux" else [])
    names = frame.set_index("path")["name"]
    assert names[str(library / "nine titles.flac")] == "Title 0"


def test_a_name_that_is_not_utf8_is_shown_escaped(analysis):
    if sys.platform != "linux":
        pytest.skip("other systems take no such names")
    assert any(path.endswith("caf\\xe9.flac") for path, _ in analysis[0].skipped)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_folder_of_nothing_but_such_names_is_not_without_music(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / os.fsdecode(NOT_UTF8)).touch()
    with pytest.raises(InputError, match=r"(?s)no music that can be used.*not UTF-8"):
        read_music(folder)


@pytest.mark.usefixtures("at_home")
def test_analyse_names_every_file_that_it_leaves_out(library, analysis, tmp_path, emotify):
    shutil.copyfile(analysis[1], tmp_path / "mine.parquet")
    asked = ("tracks", "analyse", library, "--out", tmp_path / "mine.parquet")
    code, out, err = emotify(*asked, "--shortest", "3", "--longest", 10 / 60)
    assert code == 0 and f"{len(TRACKS)} tracks" in out
    for name, reason in SKIPPED.items():
        assert f"{name}: " in err and reason in err


@pytest.mark.usefixtures("at_home")
def test_import_and_playlist_name_them_too(library, tmp_path, emotify):
    code, out, err = emotify("tracks", "import", library, "--out", tmp_path / "t.parquet")
    assert code == 0 and "tracks" in out
    said = [err]
    code, out, err = emotify("playlist", "--emotion", "calm", "--tracks", library, "-n", "3")
    assert code == 0 and str(library) in out
    said.append(err)
    for err in said:
        assert all(f"{name}: " in err and reason in err for name, reason in SKIPPED.items())


def test_spoken_word_is_remembered_and_no_track(library, analysis, tmp_path, monkeypatch):
    out = tmp_path / "mine.parquet"
    shutil.copyfile(analysis[1], out)
    heard = []
    monkeypatch.setattr(
        music_files, "each", lambda f, waiting, *a, **k: heard.extend(waiting) or iter(())
    )
    again = analyse_folder(library, out, limits=LIMITS(), progress=False)
    assert "chapter 1.flac" not in {path.name for path in heard}
    assert (str(library / "chapter 1.flac"), music_files.SPOKEN_WORD) in again.skipped
    table = read_tracks(out)
    assert "chapter 1" not in set(table.frame["name"]) and "1 spoken word" in table.summary()


@pytest.mark.usefixtures("at_home")
def test_spoken_word_counts_when_it_is_asked_for(library, tmp_path, emotify):
    folder = tmp_path / "books"
    folder.mkdir()
    shutil.copyfile(library / "chapter 1.flac", folder / "chapter 1.flac")
    asked = ("tracks", "analyse", folder, "--out", tmp_path / "t.csv", "--shortest", "3")
    code, _, err = emotify(*asked)
    assert code == 2 and "no music that can be used" in err and "spoken word" in err
    code, out, _ = emotify(*asked, "--spoken")
    assert code == 0 and "1 tracks" in out
