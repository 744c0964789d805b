"""What RAVDESS is, that any usual copy of it is understood, and that broken copies are noticed."""

import hashlib
import os
import re
import shutil
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foundation.download import DownloadError, Remote
from foundation.errors import InputError
from ser.corpora import ravdess_download
from ser.corpora.ravdess import (
    Clip,
    expected_clip_ids,
    index_clips,
    passed_over,
    sound_files,
)
from ser.corpora.ravdess_validation import validate

A_FEW = ("03-01-01-01-01-01-01", "03-01-05-02-02-01-02", "03-01-08-01-01-02-10")


def corpus_folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"set {variable} to the folder with Actor_01 to Actor_24 to run this test")
    return Path(folder)


def record(path: Path, pitch_hz: float = 200.0, seconds: float = 2.1) -> Path:
    rate_hz = 8000
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.1 * np.sin(2 * np.pi * pitch_hz * np.arange(int(seconds * rate_hz)) / rate_hz)
    options = {".opus": ("OGG", "OPUS")}.get(path.suffix.lower(), (path.suffix[1:].upper(), None))
    soundfile.write(path, tone, rate_hz, format=options[0], subtype=options[1])
    return path


def small_corpus(folder: Path, layout: str = "Actor_{actor}", suffix: str = ".wav") -> Path:
    for number, clip_id in enumerate(A_FEW):
        place = layout.format(actor=clip_id[-2:])
        record(folder / place / f"{clip_id}{suffix}", 200 + 50 * number)
    return folder


def ids(clips: tuple[Clip, ...]) -> tuple[str, ...]:
    return tuple(clip.clip_id for clip in clips)


def test_a_name_says_everything() -> None:
    clip = Clip.from_path("corpus/Actor_12/03-01-06-01-02-01-12.wav")
    assert clip.clip_id == "03-01-06-01-02-01-12"
    assert (clip.modality, clip.channel, clip.emotion.name) == ("audio", "speech", "fearful")
    assert (clip.intensity, clip.statement) == ("normal", "Dogs are sitting by the door")
    assert (clip.statement_number, clip.repetition, clip.actor) == (2, 1, 12)
    assert clip.sex == "female"
    other = Clip.from_path("02-02-02-02-01-02-07.flac")
    assert (other.modality, other.channel, other.intensity) == ("video", "song", "strong")
    assert (other.statement, other.sex) == ("Kids are talking by the door", "male")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("speech.wav", "it has 1 parts"),
        ("03-01-06-01-02-01.wav", "it has 6 parts"),
        ("03-01-06-01-02-01-12-01.wav", "it has 8 parts"),
        ("04-01-06-01-02-01-12.wav", "modality is '04', not 01-03"),
        ("03-03-06-01-02-01-12.wav", "channel is '03', not 01-02"),
        ("03-01-09-01-02-01-12.wav", "emotion is '09', not 01-08"),
        ("03-01-00-01-02-01-12.wav", "emotion is '00'"),
        ("03-01-06-03-02-01-12.wav", "intensity is '03'"),
        ("03-01-06-01-03-01-12.wav", "statement is '03'"),
        ("03-01-06-01-02-03-12.wav", "repetition is '03'"),
        ("03-01-06-01-02-01-25.wav", "actor is '25', not 01-24"),
        ("3-1-6-1-2-1-12.wav", "modality is '3'"),
        ("03-01-06-01-02-01-1२.wav", "actor is"),
        ("03-01-06-01-02-01-12 (1).wav", "actor is"),
        ("03-01-01-02-02-01-12.wav", "neutral has no strong intensity"),
        ("03-02-07-01-02-01-12.wav", "song has no disgust"),
        ("03-02-06-01-02-01-18.wav", "actor 18 recorded no song"),
    ],
)
def test_other_names_are_refused_and_the_wrong_part_is_named(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")) as caught:
        Clip.from_path(name)
    assert "03-01-06-01-02-01-12.wav" in str(caught.value)


def test_the_naming_grid_has_the_published_size() -> None:
    speech, song = expected_clip_ids("speech"), expected_clip_ids("song")
    assert (len(speech), len(song)) == (1440, 1012)
    assert len(set(speech)) == 1440
    assert list(speech) == sorted(speech)
    clips = [Clip.from_path(f"{clip_id}.wav") for clip_id in speech]
    assert set(Counter(clip.actor for clip in clips).values()) == {60}
    emotions = Counter(clip.emotion.name for clip in clips)
    assert emotions.pop("neutral") == 96
    assert set(emotions.values()) == {192}
    singers = {Clip.from_path(f"{clip_id}.wav").actor for clip_id in song}
    assert singers == set(range(1, 25)) - {18}
    with pytest.raises(InputError, match="speech, song"):
        expected_clip_ids("opera")


@pytest.mark.parametrize("suffix", [".wav", ".WAV", ".flac", ".opus"])
@pytest.mark.parametrize(
    "layout", [".", "Actor_{actor}", "Audio_Speech_Actors_01-24/Actor_{actor}", "a/b/c"]
)
def test_any_usual_layout_is_indexed(tmp_path: Path, layout: str, suffix: str) -> None:
    clips = index_clips(small_corpus(tmp_path, layout, suffix))
    assert ids(clips) == A_FEW
    assert all(clip.path.is_file() for clip in clips)


def test_the_order_is_channel_actor_name(tmp_path: Path) -> None:
    for name in ("03-02-01-01-01-01-01", "03-01-02-01-01-01-02", "03-01-03-01-01-01-01"):
        (tmp_path / f"{name}.wav").touch()
    assert ids(index_clips(tmp_path)) == (
        "03-01-03-01-01-01-01",
        "03-01-02-01-01-01-02",
        "03-02-01-01-01-01-01",
    )


def test_foreign_files_are_passed_over(tmp_path: Path) -> None:
    small_corpus(tmp_path)
    (tmp_path / "manifest.csv").write_text("clip,level\n")
    (tmp_path / "Actor_01" / f"._{A_FEW[0]}.wav").write_bytes(b"shadow")
    (tmp_path / "Actor_01" / f"{A_FEW[0]}.wav.partial").write_bytes(b"half")
    (tmp_path / "Actor_01" / f"{A_FEW[0]}.txt").write_text("notes")
    record(tmp_path / "hello.wav")
    record(tmp_path / "Actor_01" / "hello.wav")
    assert ids(index_clips(tmp_path)) == A_FEW
    report = validate(tmp_path)
    assert not report.invalid
    assert not report.duplicates


def test_kaggles_second_copy_counts_once(tmp_path: Path) -> None:
    small_corpus(tmp_path)
    small_corpus(tmp_path, "audio_speech_actors_01-24/Actor_{actor}")
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW
    assert all(clip.path.parent.parent == tmp_path for clip in clips)
    report = validate(tmp_path)
    assert [len(paths) for paths in report.duplicates] == [2, 2, 2]
    assert not report.identical
    assert not report.invalid
    assert "there more than once: 3" in report.summary()


def test_the_doubled_tree_is_found_also_where_it_lies_deep_and_inside_itself(
    tmp_path: Path,
) -> None:
    top = tmp_path / "downloads" / "data" / "raw" / "ravdess"
    small_corpus(top, "audio_speech_actors_01-24/Actor_{actor}")
    small_corpus(top, "audio_speech_actors_01-24/audio_speech_actors_01-24/Actor_{actor}")
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW
    assert all(clip.path.parent.parent.parent == top for clip in clips)
    assert [len(paths) for paths in validate(tmp_path).duplicates] == [2, 2, 2]


def test_links_that_lead_round_are_walked_once(tmp_path: Path) -> None:
    small_corpus(tmp_path)
    (tmp_path / "Actor_01" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(sound_files(tmp_path)) == len(A_FEW)


def test_a_folder_with_far_too_many_folders_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.corpora.ravdess.MOST_FOLDERS", 3)
    small_corpus(tmp_path)
    with pytest.raises(
        InputError, match="more than 3 folders below it; give the one with Actor_01"
    ):
        index_clips(tmp_path)


@pytest.mark.parametrize("copied", [" (1)", "(2)", " - Copy", " - Copy (3)", " copy 2"])
def test_a_copy_counts_where_there_is_no_original(tmp_path: Path, copied: str) -> None:
    small_corpus(tmp_path, ".")
    alone, beside = (tmp_path / f"{clip_id}.wav" for clip_id in A_FEW[:2])
    shutil.copy(beside, tmp_path / f"{beside.stem}{copied}.wav")
    alone.rename(tmp_path / f"{alone.stem}{copied}.wav")
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW
    assert clips[0].path.stem == A_FEW[0] + copied and clips[1].path == beside
    report = validate(tmp_path)
    assert [sorted(paths) for paths in report.duplicates] == [
        sorted([beside, tmp_path / f"{beside.stem}{copied}.wav"])
    ]
    assert not report.invalid and not passed_over(tmp_path, clips)


def test_names_of_the_videos_are_clips_where_all_are_so_named(tmp_path: Path) -> None:
    for path in small_corpus(tmp_path).rglob("*.wav"):
        path.rename(path.with_name("01" + path.name[2:]))
    silent = record(tmp_path / "02-01-02-01-01-01-01.wav")  # a video without sound
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW and {clip.modality for clip in clips} == {"audio-video"}
    assert passed_over(tmp_path, clips) == (silent,)
    assert "a video without sound" in validate(tmp_path).invalid[silent]


def test_names_of_the_videos_beside_clips_are_counted_and_named(tmp_path: Path) -> None:
    small_corpus(tmp_path)
    stray = record(tmp_path / "01-01-02-01-01-01-01.wav")
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW and passed_over(tmp_path, clips) == (stray,)
    assert "modality is 01, of the videos, beside" in validate(tmp_path).invalid[stray]


def test_another_corpus_beside_it_is_counted_and_named(tmp_path: Path) -> None:
    small_corpus(tmp_path / "ravdess")
    foreign = [record(tmp_path / "CREMA-D" / f"100{n}_DFA_ANG_XX.wav") for n in range(7)]
    clips = index_clips(tmp_path)
    assert ids(clips) == A_FEW and passed_over(tmp_path, clips) == tuple(foreign)
    report = validate(tmp_path)
    assert set(report.others) == set(foreign) and not report.invalid
    assert "passed over, names of something else: 7" in report.summary()
    assert "1000_DFA_ANG_XX.wav" in report.summary()
    with pytest.raises(InputError, match=r"among 7 sound files, such as 1000_DFA_ANG_XX\.wav"):
        index_clips(tmp_path / "CREMA-D")


@pytest.mark.parametrize("case", ["missing", "a file", "empty", "foreign"])
def test_a_folder_without_clips_says_what_to_do(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "corpus"
    if case == "a file":
        folder.write_text("here")
    elif case != "missing":
        folder.mkdir()
    if case == "foreign":
        record(folder / "hello.wav")
    advice = "Actor_01" if case == "a file" else f"emotify ravdess download {folder}"
    for function in (index_clips, validate):
        with pytest.raises(InputError, match=advice):
            function(folder)


def test_validate_counts_what_is_missing(tmp_path: Path) -> None:
    report = validate(small_corpus(tmp_path))
    assert report.channels == ("speech",)
    assert len(report.missing) == 1440 - len(A_FEW)
    assert not set(A_FEW) & set(report.missing)
    assert report.counts == {"speech": {"neutral": 1, "angry": 1, "surprised": 1}}
    assert not report.ok
    assert "missing: 1437" in report.summary()
    assert "NOT complete; fetch the corpus" in report.summary()
    assert len(report.summary().splitlines()) < 15


def test_validate_sees_both_channels(tmp_path: Path) -> None:
    small_corpus(tmp_path)
    record(tmp_path / "03-02-02-01-01-01-01.opus")
    assert validate(tmp_path).channels == ("speech", "song")
    assert validate(tmp_path, channels=["song"]).counts == {"song": {"calm": 1}}


def silence(path: Path) -> None:
    soundfile.write(path, np.zeros(24000), 8000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"<html>no sound</html>" * 99), "cannot be read"),
        (lambda path: soundfile.write(path, np.zeros(0), 8000), r"0\.00 s"),
        (silence, "silent"),
        (cut, r"only 0\.\d\d s"),
    ],
)
def test_validate_names_files_without_sound(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    small_corpus(tmp_path)
    bad = index_clips(tmp_path)[1].path
    spoil(bad)
    report = validate(tmp_path)
    assert list(report.invalid) == [bad]
    assert A_FEW[1] not in report.missing
    assert re.search(words, report.summary())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("03-01-09-01-01-01-01.wav", "emotion is '09'"),
        ("03-01-01-02-01-01-01.wav", "neutral has no strong"),
        ("01-01-02-01-01-01-01.wav", "modality"),
    ],
)
def test_validate_names_files_outside_the_grid(tmp_path: Path, name: str, words: str) -> None:
    small_corpus(tmp_path)
    stray = record(tmp_path / name)
    report = validate(tmp_path)
    assert words in report.invalid[stray]
    assert ids(index_clips(tmp_path)) == A_FEW


def test_validate_finds_the_same_take_in_any_container(tmp_path: Path) -> None:
    first = record(tmp_path / "03-01-03-01-02-01-07.wav")
    samples, rate_hz = soundfile.read(first, dtype="int16")
    both = np.stack([samples, samples], axis=1)  # five clips of the corpus have two channels
    soundfile.write(tmp_path / "03-01-03-01-02-02-07.flac", both, rate_hz)
    record(tmp_path / "03-01-03-01-01-02-07.wav", pitch_hz=201)
    report = validate(tmp_path)
    assert report.identical == (("03-01-03-01-02-01-07", "03-01-03-01-02-02-07"),)
    assert not report.duplicates


def test_validate_can_show_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    validate(small_corpus(tmp_path), progress=True)
    assert "3/3" in capsys.readouterr().err


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the whole grid out as Zenodo does, with two seconds of the same tone in every clip."""
    folder = tmp_path_factory.mktemp("zenodo")
    tone = folder / "tone.flac"
    soundfile.write(tone, 0.1 * np.sin(np.arange(8800) / 3), 4000, subtype="PCM_S8")
    path = folder / "Audio_Speech_Actors_01-24.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for clip_id in expected_clip_ids():
            zipped.write(tone, f"Actor_{clip_id[-2:]}/{clip_id}.flac")
    return path


@pytest.fixture
def mirror(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in for Zenodo: the address in the environment, the checksum in `REMOTES`."""
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    remote = Remote(archive.name, "http://127.0.0.1:9/unused.zip", md5)
    monkeypatch.setattr(ravdess_download, "REMOTES", {"speech": remote})
    monkeypatch.setattr("foundation.download.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setenv("NO_PROXY", "*")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=archive.parent))
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv(
        "EMOTIFY_RAVDESS_URL", f"http://127.0.0.1:{http.server_address[1]}/{archive.name}"
    )
    yield archive
    http.shutdown()
    http.server_close()


def test_download_brings_the_whole_corpus_once(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ravdess"
    report = ravdess_download.download(folder, progress=False)
    assert report.ok
    assert sum(report.counts["speech"].values()) == 1440
    assert sorted(path.name for path in folder.iterdir()) == [
        f"Actor_{actor:02d}" for actor in range(1, 25)
    ]

    monkeypatch.delenv("EMOTIFY_RAVDESS_URL")
    assert ravdess_download.download(
        folder, progress=False
    ).ok  # nothing is fetched: nobody is there

    lost = index_clips(folder)[700].path
    lost.unlink()
    with pytest.raises(DownloadError, match="cut or refused"):
        ravdess_download.download(folder, progress=False)
    shutil.copy(mirror, folder)  # by hand
    assert ravdess_download.download(folder, keep_archive=True, progress=False).ok
    assert lost.is_file()
    assert (folder / mirror.name).is_file()


def test_download_of_an_incomplete_archive_is_said(mirror: Path, tmp_path: Path) -> None:
    small_corpus(tmp_path, ".")
    (tmp_path / f"{A_FEW[0]}.wav").write_bytes(b"broken, and not replaced by the archive")
    with pytest.raises(InputError, match="delete the invalid files"):
        ravdess_download.download(tmp_path, progress=False)


def test_download_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of: speech"):
        ravdess_download.download(tmp_path, channel="song")
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match="is a file"):
        ravdess_download.download(tmp_path / "file")


def test_the_real_speech_corpus_is_complete() -> None:
    report = validate(corpus_folder("EMOTIFY_RAVDESS"), channels=["speech"])
    assert report.ok
    counts = dict(report.counts["speech"])
    assert sum(counts.values()) == 1440
    assert counts.pop("neutral") == 96
    assert set(counts.values()) == {192}
    assert ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07") in report.identical


def test_the_real_song_corpus_is_indexed() -> None:
    clips = index_clips(corpus_folder("EMOTIFY_RAVDESS_SONG"))
    assert ids(clips) and set(ids(clips)) == set(expected_clip_ids("song"))
