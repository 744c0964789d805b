"""`emotify moods`: clusters are fitted, saved, shown, and used for their own table alone."""

import json

import pandas as pd

from clustering.tables.tracks import DEFAULT_TABLE
from foundation.shipped import shipped

SAMPLES = shipped("data", "samples")


def test_moods_are_fitted_saved_and_shown(emotify, tmp_path):
    code, out, _ = emotify("moods", "fit", DEFAULT_TABLE, "--out", tmp_path / "moods", "--moods", 4)
    assert code == 0 and (tmp_path / "moods").is_dir()
    assert len([line for line in out.splitlines() if line.strip()]) >= 4
    code, out, _ = emotify("moods", "show", "--json")
    moods = json.loads(out)
    assert code == 0 and len({mood["name"] for mood in moods}) == len(moods) >= 3
    code, out, _ = emotify("moods", "show")
    assert all(mood["name"] in out for mood in moods)


def test_fitted_moods_are_used_again_but_not_for_another_table(emotify, tmp_path):
    folder = tmp_path / "moods"
    emotify("moods", "fit", DEFAULT_TABLE, "--out", folder, "--moods", 4)
    code, out, _ = emotify("moods", "show", "--moods", folder, "--json")
    names = {mood["name"] for mood in json.loads(out)}
    assert code == 0 and len(names) == 4
    code, out, _ = emotify("playlist", "--emotion", "angry", "--moods", folder, "--json")
    assert code == 0 and set(json.loads(out)["clusters"]) <= names
    pd.read_parquet(DEFAULT_TABLE).head(200).to_csv(tmp_path / "other.csv", index=False)
    code, _, err = emotify(
        "playlist", "--emotion", "angry", "--tracks", tmp_path / "other.csv", "--moods", folder
    )
    assert code == 2 and "fit it again" in err
    code, _, err = emotify("playlist", "--emotion", "angry", "--moods", SAMPLES)
    assert code == 2 and str(SAMPLES) in err
