"""`make playlist`: the main notebook runs without a browser and leaves its page."""

import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from app import run_notebook
from clustering.tracks import DEFAULT_TABLE
from ser.errors import InputError

SAMPLES = run_notebook.ROOT / "data" / "samples"


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


def test_a_wrong_wish_is_answered_as_by_the_command_line(build):
    with pytest.raises(InputError, match="match, lift, journey"):
        run_notebook.run(SAMPLES / "synthetic_slow.wav", mode="cure")
    with pytest.raises(InputError, match="no such file"):
        run_notebook.run(Path("nowhere.wav"))
