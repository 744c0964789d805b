"""Moods are stable, named apart, saved whole and loaded without code."""

import json

import numpy as np
import pytest

from clustering.choice.opening import open_catalogue
from clustering.moods import clusters as moods
from clustering.moods.clusters import fit_moods, mood_names, projection, stability
from clustering.moods.folder import DEFAULT_MOOD_FOLDER, load_moods, save_moods
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import DEFAULT_TABLE, read_tracks, tracks_from_frame
from foundation.errors import InputError


@pytest.fixture(scope="module")
def table():
    return read_tracks()


@pytest.fixture(scope="module")
def model(table):
    return fit_moods(table)


def test_the_shipped_moods_are_those_of_the_default_table(table, model):
    shipped = load_moods(DEFAULT_MOOD_FOLDER)
    assert [mood.name for mood in shipped.moods] == [mood.name for mood in model.moods]
    assert (shipped.assign(table.frame) == model.assign(table.frame)).mean() > 0.999
    assert open_catalogue().model.n_tracks == len(table)


def test_moods_are_numbered_named_and_counted(table, model):
    labels = model.assign(table.frame)
    assert len({mood.name for mood in model.moods}) == len(model.moods) == 6
    for mood in model.moods:
        members = table.frame[labels == mood.index]
        assert mood.size == len(members) > 100
        assert mood.centroid["energy"] == pytest.approx(members["energy"].mean())
        assert -1 <= mood.valence <= 1
    arousals = [mood.arousal for mood in model.moods]
    assert arousals == sorted(arousals)


def test_names_say_what_is_in_the_moods(model):
    quietest, loudest = model.moods[0], model.moods[-1]
    assert "quiet" in quietest.name
    assert quietest.centroid["acousticness"] > 5 * loudest.centroid["acousticness"]
    bright = [m.centroid["valence"] for m in model.moods if "bright" in m.name]
    dark = [m.centroid["valence"] for m in model.moods if "dark" in m.name]
    assert min(bright) > max(dark)


def test_names_stay_unique_when_clusters_resemble_each_other():
    names = mood_names(np.full((12, len(FEATURE_NAMES)), 0.2))
    assert len(set(names)) == 12


def test_quantiles_are_those_of_the_catalogue(table, model):
    quantiles = model.quantiles(table.frame)
    energy = quantiles[:, FEATURE_NAMES.index("energy")]
    assert np.allclose(energy, table.frame["energy"].rank(pct=True), atol=2e-3)
    assert quantiles.min() >= 0
    assert quantiles.max() <= 1


def test_the_same_seed_gives_the_same_moods(table, model):
    again = fit_moods(table)
    assert np.array_equal(again.assign(table.frame), model.assign(table.frame))


def test_a_saved_model_assigns_every_track_as_before(table, model, tmp_path):
    save_moods(model, tmp_path / "moods")
    save_moods(model, tmp_path / "moods")
    loaded = load_moods(tmp_path / "moods")
    assert loaded.moods == model.moods
    assert np.array_equal(loaded.quantiles(table.frame), model.quantiles(table.frame))
    assert np.array_equal(loaded.assign(table.frame), model.assign(table.frame))
    assert [path.name for path in tmp_path.iterdir()] == ["moods"]


def break_json(folder):
    (folder / "moods.json").write_text("{")


def break_arrays(folder):
    (folder / "arrays.npz").write_bytes(b"not a zip")


def drop_arrays(folder):
    (folder / "arrays.npz").unlink()


def another_version(folder):
    facts = json.loads((folder / "moods.json").read_text())
    (folder / "moods.json").write_text(json.dumps(facts | {"version": 99}))


def other_features(folder):
    facts = json.loads((folder / "moods.json").read_text())
    (folder / "moods.json").write_text(json.dumps(facts | {"features": ["energy"]}))


def not_a_number(folder):
    np.savez(folder / "arrays.npz", quantile_grid=np.full((9, 8), np.nan), centres=np.ones((6, 8)))


def pickled(folder):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(folder / "arrays.npz", quantile_grid=objects, centres=objects, allow_pickle=True)


@pytest.mark.parametrize(
    "damage",
    [break_json, break_arrays, drop_arrays, another_version, other_features, not_a_number, pickled],
)
def test_a_damaged_folder_is_refused_in_words(model, tmp_path, damage):
    folder = tmp_path / "moods"
    save_moods(model, folder)
    damage(folder)
    with pytest.raises(InputError, match="again"):
        load_moods(folder)


def test_foreign_folders_are_neither_read_nor_overwritten(model, tmp_path):
    with pytest.raises(InputError, match="no folder"):
        load_moods(tmp_path / "nowhere")
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="no mood model"):
        save_moods(model, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("rows", [2, 3, 15, 60])
def test_small_tables_get_fewer_moods(table, rows):
    small = tracks_from_frame(table.frame.head(rows))
    model = fit_moods(small)
    assert 1 <= len(model.moods) <= max(1, rows // 10)
    assert sum(mood.size for mood in model.moods) == rows


def test_a_table_of_equal_tracks_has_one_mood(table):
    frame = table.frame.head(40).copy()
    frame[list(FEATURE_NAMES)] = frame.loc[0, list(FEATURE_NAMES)].to_numpy()
    assert len(fit_moods(frame).moods) == 1


@pytest.mark.parametrize("wrong", [{"n_moods": 0}, {"n_moods": 31}, {"seed": -1}])
def test_impossible_settings_are_refused(table, wrong):
    with pytest.raises(InputError, match="choose"):
        fit_moods(table, **wrong)


def test_the_chosen_number_of_moods_is_stable(table):
    scores = stability(table, [6], repeats=1)
    assert scores.loc[6, "ari_mean"] > 0.9
    assert 0.1 < scores.loc[6, "silhouette"] < 0.4  # a continuum, cut in pieces


def test_the_projection_keeps_quiet_and_loud_apart(table, model):
    points, shares = projection(model, table.frame)
    assert len(points) == len(table)
    assert 0.4 < shares.sum() < 1
    assert abs(np.corrcoef(points["x"], table.frame["energy"])[0, 1]) > 0.6


def test_the_default_table_is_fitted_when_it_is_asked_for(tmp_path, emotify, monkeypatch):
    fitted = []
    fit = moods.fit_moods
    monkeypatch.setattr(
        moods, "fit_moods", lambda *given, **how: fitted.append(1) or fit(*given, **how)
    )
    code, _, _ = emotify("moods", "fit", DEFAULT_TABLE, "--out", tmp_path / "moods")
    assert code == 0 and fitted
