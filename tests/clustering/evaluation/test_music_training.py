"""Fitting finds what is there to find, keeps artists apart, and says so."""

import numpy as np
import pandas as pd
import pytest

from clustering.evaluation.music_data import (
    FMA_TABLE,
    KEY_TABLE,
    MOOD_TABLE,
    SPOTIFY_TABLE,
    read_data,
)
from clustering.evaluation.music_fitting import (
    catalogue_weights,
    cross_validated,
    fit_feature,
    scale_to,
    scaled_by_others,
)
from clustering.evaluation.music_training import main, train
from clustering.music.keys import PROFILES
from clustering.music.model import FEATURES, QUADRANTS, load_model

pytest.importorskip("librosa")
CATALOGUE = "tracks.parquet"


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
    tracks["spotify_id"] = [f"{i:022d}" for i in range(300)]
    tracks.assign(mfcc_1_mean=0.0).to_parquet(folder / SPOTIFY_TABLE)
    catalogue = tracks[list(FEATURES)].assign(
        track_id=tracks["spotify_id"],
        artist=tracks["artist"],
        loudness=-8.0,
        speechiness=0.05,
        tempo=120.0,
        name=[f"song {i}" for i in range(300)],
        genre=["dub" if i < 60 else "rock" for i in range(300)],
    )
    catalogue.loc[200:, "artist"] = [f"stranger {i // 2}" for i in range(100)]
    catalogue.to_parquet(folder / CATALOGUE)
    noise = np.random.default_rng(1).standard_normal((120, 20))
    free = pd.DataFrame(noise, columns=[f"mfcc_{n}" for n in range(20)])
    free["instrumentalness"] = 1 / (1 + np.exp(-2 * free["mfcc_4"]))
    for feature in ("energy", "valence", "acousticness", "danceability"):
        free[feature] = free["instrumentalness"]
    free.to_parquet(folder / FMA_TABLE)
    clips = pd.DataFrame(
        rng.standard_normal((200, len(model.mood.names))), columns=list(model.mood.names)
    )
    bright, strong = clips[model.mood.names[5]] > 0, clips[model.mood.names[9]] > 0
    clips["Quadrant"] = np.select(
        [bright & strong, ~bright & strong, ~bright & ~strong], ["Q1", "Q2", "Q3"], "Q4"
    )
    clips["Artist"] = [f"stranger {i // 2}" for i in range(200)]
    clips["Title"] = [f"song {i + 200}" for i in range(200)]
    clips.loc[0, "Artist"] = None
    clips["f_loud_mean"], clips["f_tempo"] = -10.0, 120.0
    for name in names:
        clips[f"u_{name}"] = rng.standard_normal(200)
    clips.to_parquet(folder / MOOD_TABLE)
    songs = pd.DataFrame(
        [np.roll(PROFILES[0, 0], key) for key in range(12)],
        columns=[f"harmonic_cqt_{n}" for n in range(12)],
    )
    songs.assign(key=np.arange(12.0), mode=1.0).to_parquet(folder / KEY_TABLE)
    return folder


@pytest.mark.heavy
def test_models_and_scores_are_written_and_right(data, tmp_path):
    out = tmp_path / "music" / "model.npz"
    scores = train(data, data / CATALOGUE, out).set_index("target")
    assert scores.loc["energy", "spearman"] > 0.8
    assert scores.loc["heard: quadrant", "accuracy"] > 0.35
    assert scores.loc["20 picks, angry, and mood heard", "accuracy"] > 0.3
    assert (tmp_path / "music" / "scores.csv").is_file()
    model = load_model(out)
    assert model.wordless.names[3] == "f_mfcc05_mean"  # librosa counts from 0, we do from 1
    read = read_data(data, data / CATALOGUE)
    told = model.mood.many(read.clips[read.clip_names].to_numpy()).argmax(axis=1)
    assert (told == read.quadrants).mean() > 0.9 and len(QUADRANTS) == 4  # these it has seen
    assert scores.loc["key, the tonic and the mode", "accuracy"] == 1
    assert scores.loc["valence, strangers", "n"] == 99  # of one the artist is not known
    assert scores.loc["energy, dub left out", "n"] == 60
    assert np.isfinite(scores.loc["energy, free tracks, by MFCCs alone", "bias"])


def test_tracks_of_the_corners_count_as_often_as_in_a_catalogue():
    rng = np.random.default_rng(0)
    corners = pd.DataFrame(rng.choice([0.1, 0.9], (400, 2)), columns=["energy", "valence"])
    corners.loc[:299, "valence"] = 0.1  # mostly sad
    catalogue = pd.DataFrame(rng.choice([0.1, 0.9], (9000, 2)), columns=["energy", "valence"])
    weights = catalogue_weights(corners, catalogue)
    assert np.average(corners["valence"], weights=weights) == pytest.approx(0.5, abs=0.02)
    assert weights.mean() == pytest.approx(1)


def test_what_is_heard_gets_the_distribution_of_a_catalogue():
    rng = np.random.default_rng(0)
    heard, aim = rng.normal(0.45, 0.05, 3000), rng.beta(2, 2, 5000)
    told = scaled_by_others(heard, aim, np.arange(3000) % 5)
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(told, share) == pytest.approx(np.quantile(aim, share), abs=0.02)
    assert (np.diff(told[np.argsort(heard)][::300]) > 0).all()  # the order stays


def test_heavy_tracks_move_the_scale():
    heard, aim = np.linspace(0, 1, 1000), np.linspace(0, 1, 1000)
    weights = np.where(heard < 0.5, 3.0, 1.0)
    said, meant = scale_to(heard, aim, weights)
    assert np.interp(1 / 3, said, meant) == pytest.approx(0.5, abs=0.02)


def test_equal_predictions_are_one_place():
    said, _ = scale_to(np.full(50, 0.3), np.linspace(0, 1, 50))
    assert len(said) == 1


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
    monkeypatch.setattr("sys.argv", ["music_training", str(tmp_path), str(tmp_path / CATALOGUE)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2 and "there is no file" in capsys.readouterr().err


def test_part_of_the_data_is_not_written_over_the_shipped_models(data, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["music_training", str(data), str(data / CATALOGUE)])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr().err
    assert stop.value.code == 2 and "300 rows of 6,473" in told and "FOLDER CATALOGUE OUT" in told
