"""Fitting finds what is there to find, keeps artists apart, and says so."""

import numpy as np
import pandas as pd
import pytest

from clustering.evaluation.music_training import (
    FMA_TABLE,
    MOOD_TABLE,
    SPOTIFY_TABLE,
    cross_validated,
    fit_feature,
    main,
    read_mood_data,
    train,
)
from clustering.music.model import FEATURES, QUADRANTS, load_model

pytest.importorskip("librosa")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Tracks whose energy is one descriptor, clips whose quadrant is two others."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    model = load_model()
    names = model.features["energy"].names
    tracks = pd.DataFrame(rng.standard_normal((300, len(names))), columns=list(names))
    for feature in FEATURES:
        tracks[feature] = 1 / (1 + np.exp(-2 * tracks[names[3]]))
    tracks["artist"] = [f"artist {i // 3}" for i in range(300)]
    tracks.assign(mfcc_1_mean=0.0).to_parquet(folder / SPOTIFY_TABLE)
    noise = np.random.default_rng(1).standard_normal((120, 20))
    free = pd.DataFrame(noise, columns=[f"mfcc_{n}" for n in range(20)])
    free["instrumentalness"] = 1 / (1 + np.exp(-2 * free["mfcc_4"]))
    free.to_parquet(folder / FMA_TABLE)
    clips = pd.DataFrame(
        rng.standard_normal((200, len(model.mood.names))), columns=list(model.mood.names)
    )
    bright, strong = clips[model.mood.names[5]] > 0, clips[model.mood.names[9]] > 0
    clips["Quadrant"] = np.select(
        [bright & strong, ~bright & strong, ~bright & ~strong], ["Q1", "Q2", "Q3"], "Q4"
    )
    clips["Artist"] = [f"artist {i // 2}" for i in range(200)]
    clips.loc[0, "Artist"] = None
    clips["f_loud_mean"], clips["f_tempo"] = -10.0, 120.0
    for name in names:
        clips[f"u_{name}"] = rng.standard_normal(200)
    clips.to_parquet(folder / MOOD_TABLE)
    return folder


def test_models_and_scores_are_written_and_right(data, tmp_path):
    out = tmp_path / "music" / "model.npz"
    scores = train(data, out).set_index("target")
    assert scores.loc["energy", "spearman"] > 0.8
    assert scores.loc["quadrant", "accuracy"] > 0.35
    assert scores.loc["20 picks, angry, and mood heard", "accuracy"] > 0.3
    assert (tmp_path / "music" / "scores.csv").is_file()
    model = load_model(out)
    assert scores.loc["instrumentalness, free tracks, by MFCCs alone", "spearman"] > 0.8
    assert model.wordless.names[3] == "f_mfcc05_mean"  # librosa counts from 0, we do from 1
    assert (model.wordless_mix[1:] > 0).all()  # what sounds wordless to either sounds so to both
    clips, names = read_mood_data(data)
    told = model.mood.many(clips[names].to_numpy()).argmax(axis=1)
    right = clips["Quadrant"].map({"Q1": 0, "Q2": 1, "Q3": 2, "Q4": 3})
    assert (told == right).mean() > 0.9 and len(QUADRANTS) == 4  # these it has seen


def test_no_artist_is_on_both_sides(data):
    frame = pd.read_parquet(data / SPOTIFY_TABLE)
    names = list(load_model().features["energy"].names)
    order = {tuple(row): artist for row, artist in zip(frame[names].to_numpy(), frame["artist"],
                                                       strict=True)}  # fmt: skip

    def fit(rows, values, names):
        model = fit_feature(rows, values, names)
        seen = {order[tuple(row)] for row in rows}

        class Watched:
            def many(self, tested):
                assert not seen & {order[tuple(row)] for row in tested}
                return model.many(tested)

        return Watched()

    values = frame["energy"].to_numpy()
    assert cross_validated(frame, names, values, fit).shape == (300, 1)


def test_a_folder_without_the_data_is_answered(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["music_training", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2 and "there is no file" in capsys.readouterr().err


def test_part_of_the_data_is_not_written_over_the_shipped_models(data, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["music_training", str(data)])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr().err
    assert stop.value.code == 2 and "300 rows of 6,473" in told and "FOLDER OUT" in told
