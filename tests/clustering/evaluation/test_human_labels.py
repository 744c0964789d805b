"""What people said about tracks is read from any common file, and mistakes in it are answered."""

import numpy as np
import pandas as pd
import pytest

from clustering.evaluation.human_labels import read_judgements
from clustering.tables.tracks import read_tracks
from foundation.errors import InputError


@pytest.fixture(scope="module")
def table():
    return read_tracks()


def written(frame, path):
    frame.to_csv(path, index=False)
    return path


def test_words_of_others_become_our_emotions_whatever_the_id_is_called(table, tmp_path):
    ids = table.frame["track_id"].head(5)
    labels = pd.DataFrame(
        {"uri": "spotify:track:" + ids, "Mood": ["Energetic", " calm ", "sad", "dreamy", None]}
    )
    judged = read_judgements(written(labels, tmp_path / "labels.csv"), table)
    assert judged.rows.tolist() == [0, 1, 2, 3]
    assert judged.moods.tolist() == ["angry", "calm", "sad", ""]
    assert judged.valence is None
    assert "1 of 5" in judged.notes[0] and "dreamy" in judged.notes[1]


def test_labels_keep_to_their_tracks_in_any_order(table, tmp_path):
    few = table.frame.sample(60, random_state=0)
    words = np.where(few["valence"] > 0.5, "happy", "sad")
    labels = pd.DataFrame({"id": few["track_id"], "label": words})
    judged = read_judgements(written(labels, tmp_path / "labels.csv"), table)
    assert len(judged) == 60
    bright = table.frame["valence"].to_numpy()[judged.rows] > 0.5
    assert (judged.moods == np.where(bright, "happy", "sad")).all()


@pytest.mark.parametrize("scale", [lambda x: x, lambda x: 1 + 8 * x, lambda x: np.exp(5 * x)])
def test_any_scale_of_ratings_gives_the_same_places(table, tmp_path, scale):
    few = table.frame.head(101)
    labels = pd.DataFrame(
        {
            "track_id": few["track_id"],
            "valence": scale(few["valence"]),
            "arousal": scale(few["energy"]),
        }
    )
    judged = read_judgements(written(labels, tmp_path / "labels.csv"), table)
    assert judged.moods is None
    ranks = few["valence"].rank().to_numpy()
    assert judged.valence == pytest.approx(2 * (ranks - 0.5) / 101 - 1)
    assert np.abs(judged.arousal).max() < 1 and abs(np.median(judged.arousal)) < 0.02


def test_moods_may_be_a_column_of_the_table(table, tmp_path):
    frame = table.frame.assign(feel=np.where(table.frame["energy"] > 0.8, "angry", "calm"))
    path = written(frame, tmp_path / "tracks.csv")
    judged = read_judgements("feel", read_tracks(path), table_path=path)
    assert len(judged) == len(table)
    assert ((judged.moods == "angry") == (table.frame["energy"].to_numpy() > 0.8)).all()


def test_spotifys_own_valence_is_not_taken_for_peoples(table, tmp_path):
    frame = table.frame.head(50).assign(arousal=0.5)
    path = written(frame, tmp_path / "tracks.csv")
    with pytest.raises(InputError, match="says nothing about moods"):
        read_judgements(path, table)
    assert read_judgements(path, table, valence="valence").valence is not None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"mood": "happy"}, "no track id"),
        ({"track_id": "nobody", "mood": "happy"}, "none of the 1 judged"),
        ({"track_id": None, "mood": "groovy"}, "no mood is one of"),
        ({"track_id": None, "valence": "high", "arousal": 1}, "'high', which is no number"),
        ({"track_id": None, "colour": "red"}, "says nothing about moods"),
    ],
)
def test_labels_that_cannot_be_used_are_answered(table, tmp_path, columns, words):
    frame = pd.DataFrame([columns])
    if "track_id" in columns and columns["track_id"] is None:
        frame["track_id"] = table.frame["track_id"].iloc[0]
    with pytest.raises(InputError, match=words):
        read_judgements(written(frame, tmp_path / "labels.csv"), table)


def test_only_some_of_the_judgements_may_be_asked_for(table, tmp_path):
    ids = table.frame["track_id"].head(4)
    labels = pd.DataFrame({"track_id": ids, "mood": "sad", "split": [1, 2, 1, 2]})
    path = written(labels, tmp_path / "labels.csv")
    assert read_judgements(path, table, where="split=2").rows.tolist() == [1, 3]
    with pytest.raises(InputError, match="no judgement"):
        read_judgements(path, table, where="split=3")
    with pytest.raises(InputError, match="no column 'part'"):
        read_judgements(path, table, where="part=2")


def test_a_column_that_is_asked_for_must_be_there(table, tmp_path):
    labels = pd.DataFrame({"track_id": table.frame["track_id"].head(2), "mood": "sad"})
    with pytest.raises(InputError, match="no column 'feeling'; they have: track_id, mood"):
        read_judgements(written(labels, tmp_path / "labels.csv"), table, mood="feeling")
