"""`make playlist`: the main notebook runs without a browser and leaves its page."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import soundfile

from app import run_notebook
from clustering.tables.tracks import DEFAULT_TABLE
from foundation.errors import InputError
from foundation.shipped import CHECKOUT
from foundation.user_data import DATA_HOME_VARIABLE

SAMPLES = CHECKOUT / "data" / "samples"


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setattr(run_notebook, "BUILD", tmp_path / "build")
    return tmp_path / "build"


def test_a_recording_and_an_own_table_become_a_page(build, tmp_path, capsys):
    table = pd.read_parquet(DEFAULT_TABLE)
    table[table["genre"].str.contains("country")].to_csv(tmp_path / "mine.csv", index=False)
    run_notebook.run(
        SAMPLES / "synthetic_slow.wav",
        mode="lift",
        n_tracks=6,
        tracks=str(tmp_path / "mine.csv"),
        seed=3,
    )
    out = capsys.readouterr().out
    playlist = json.loads((build / "playlist.json").read_text("utf-8"))
    country = set(table.loc[table["genre"].str.contains("country"), "track_id"])
    assert playlist["mode"] == "lift" and len(playlist["tracks"]) == 6
    assert {track["track_id"] for track in playlist["tracks"]} <= country
    assert all(track["name"] in out for track in playlist["tracks"])
    page = (build / "playlist.html").read_text("utf-8")
    assert all(track["url"] in page for track in playlist["tracks"])
    executed = nbformat.read(build / run_notebook.NOTEBOOK.name, as_version=4)
    shown = [o for c in executed.cells if c.cell_type == "code" for o in c.outputs]
    assert sum("image/png" in o.get("data", {}) for o in shown) >= 5


@pytest.mark.heavy
def test_an_own_folder_of_music_becomes_a_page(build, tmp_path, monkeypatch):
    pytest.importorskip("mutagen", reason="own music needs the extra: pip install 'emotify[music]'")
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    folder = tmp_path / "music"
    folder.mkdir()
    times = np.arange(31 * 22_050) / 22_050
    for number in range(3):
        tone = np.sin(2 * np.pi * 110 * 2 ** (number / 12) * times)
        beats = np.exp(-3 * (times % (0.25 + 0.05 * number)))
        soundfile.write(folder / f"Band {number} - Song.flac", 0.3 * tone * beats, 22_050)
    run_notebook.run(SAMPLES / "synthetic_slow.wav", n_tracks=2, tracks=str(folder))
    tracks = json.loads((build / "playlist.json").read_text("utf-8"))["tracks"]
    assert len(tracks) == 2
    assert all(Path(track["path"]).parent == folder.resolve() for track in tracks)


@pytest.mark.heavy
def test_a_table_that_stays_on_disk_becomes_a_page(build, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pd.read_parquet(DEFAULT_TABLE).to_parquet(folder / "tracks.parquet")
    run_notebook.run(SAMPLES / "synthetic_slow.wav", mode="journey", n_tracks=7, tracks=str(folder))
    assert len(json.loads((build / "playlist.json").read_text("utf-8"))["tracks"]) == 7


@pytest.mark.heavy
def test_where_nobody_speaks_another_recording_is_asked_for(build, tmp_path):
    path = tmp_path / "rain.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, 48_000), 16_000)
    with pytest.raises(InputError, match=r"no speech heard: .*record one person.*anyway = True"):
        run_notebook.run(path, n_tracks=2)
    run_notebook.run(path, n_tracks=2, anyway=True)
    assert len(json.loads((build / "playlist.json").read_text("utf-8"))["tracks"]) == 2


@pytest.mark.heavy
def test_a_wrong_wish_is_answered_as_by_the_command_line(build):
    with pytest.raises(InputError, match="match, lift, journey"):
        run_notebook.run(SAMPLES / "synthetic_slow.wav", mode="cure")
    with pytest.raises(InputError, match="no such file"):
        run_notebook.run(Path("nowhere.wav"))
