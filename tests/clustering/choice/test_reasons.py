"""Words say what is true: of a track, of a mood, of what was chosen, in English."""

import re

import numpy as np
import pandas as pd
import pytest

from clustering.choice.catalogue import Catalogue
from clustering.choice.reasons import COMPARED, WORDLESS, WORDS, reason
from clustering.choice.wish import Wish
from clustering.moods.clusters import CHARACTERS, MIDDLE, TEXTURES, fit_moods, mood_names
from clustering.moods.mapping import MODES, aim_for, placed
from clustering.moods.words import BOUNDS
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, emotion_named

# Which of the default table's tracks somebody might have.
TABLES = {
    "all": lambda frame: frame.index >= 0,
    "metal": lambda frame: frame["genre"].str.contains("metal"),
    "quiet": lambda frame: frame["energy"] < 0.4,
    "bright": lambda frame: frame["valence"] > 0.8,
    "dark": lambda frame: frame["valence"] < 0.2,
    "few": lambda frame: frame.index < 60,
}


@pytest.fixture(scope="module", params=TABLES)
def table(request, catalogue):
    """A catalogue of its own, of at most 2,000 tracks."""
    frame = catalogue.table.frame[TABLES[request.param]]
    return Catalogue.of(tracks_from_frame(frame.iloc[:: 1 + len(frame) // 2000]))


def plain_words(text):
    """Return what is said of each feature, comparisons left out: (feature, high, very)."""
    sayings = {word: (f, high) for f, pair in WORDS.items() for high, word in enumerate(pair)}
    parts = text.split(";")[0].split(", ")
    bare = [(part.removeprefix("very "), part.startswith("very ")) for part in parts]
    return [(*sayings[word], very) for word, very in bare if word in sayings]


@pytest.mark.parametrize("emotion", EMOTION_NAMES)
def test_every_word_of_every_reason_is_true(table, emotion):
    order = {name: place for place, name in enumerate(FEATURE_NAMES)}
    rows = {track_id: row for row, track_id in enumerate(table.table.frame["track_id"])}
    for mode in MODES:
        playlist = make_playlist(EmotionEstimate.of(emotion), table, Wish(mode=mode))
        for track in playlist.tracks:
            quantiles = table.quantiles[rows[track.track_id]]
            for feature, high, very in plain_words(track.why):
                value, bounds = track.features[feature], BOUNDS[feature]
                assert (quantiles[order[feature]] > 0.5) == high, track.why
                if high:
                    assert value >= bounds[3 if very else 2], (track.why, feature, value)
                else:
                    assert value <= bounds[0 if very else 1], (track.why, feature, value)
            for feature, pair in COMPARED.items():
                for high, word in enumerate(pair):
                    if f"{word} than most here" in track.why:
                        assert (quantiles[order[feature]] > 0.5) == high
            if "middling" in track.why:
                assert all(abs(quantiles[order[f]] - 0.5) <= 0.2 for f in ("valence", "energy"))


def test_low_in_energy_is_said_of_nothing_energetic():
    calm = aim_for(EmotionEstimate.of("calm"))
    place = dict.fromkeys(FEATURE_NAMES, 0.5) | {"energy": 0.05}
    features = {name: BOUNDS[name][1] for name in FEATURE_NAMES}
    assert "very low in energy" in reason(calm, place, features | {"energy": 0.1})
    assert reason(calm, place, features | {"energy": 0.35}).startswith("low in energy")
    assert reason(calm, place, features | {"energy": 0.6}).startswith("less energetic than most")


def test_a_track_that_answers_nothing_is_not_called_as_aimed_at():
    sad = aim_for(EmotionEstimate.of("sad"))
    opposite = {name: 1 - sad.quantiles[name] for name in FEATURE_NAMES}
    features = {name: BOUNDS[name][2] for name in FEATURE_NAMES}
    assert reason(sad, opposite, features).startswith("among the nearest that were left; ")
    neutral = aim_for(EmotionEstimate.of("neutral"))
    middle = dict.fromkeys(FEATURE_NAMES, 0.5)
    assert reason(neutral, middle, features).startswith("middling in tone and energy")


def test_a_moods_name_fits_its_place_and_its_sound(table):
    assert len({mood.name for mood in table.model.moods}) == len(table.model.moods)
    for mood in table.model.moods:
        for word, feature, side in (
            ("quiet", "energy", -1), ("gentle", "energy", -1), ("heavy", "energy", 1),
            ("driving", "energy", 1), ("lively", "energy", 1),
            ("dark", "valence", -1), ("mellow", "valence", -1), ("bright", "valence", 1),
        ):  # fmt: skip
            if word in mood.name.split():
                place = mood.valence if feature == "valence" else mood.arousal
                assert side * place > 0 and side * (mood.centroid[feature] - MIDDLE) > 0, mood
        for feature, pair in TEXTURES.items():
            for low, word in enumerate(pair):
                if word in mood.name.split():
                    low_end, high_end = BOUNDS[feature][1:3]
                    value = mood.centroid[feature]
                    assert value <= low_end if low else value >= high_end, mood


def test_moods_without_a_true_texture_are_told_apart_by_number():
    centre = [sum(BOUNDS[name][1:3]) / 2 for name in FEATURE_NAMES]
    centre[FEATURE_NAMES.index("instrumentalness")] = 0.501
    deviations = np.full((3, len(FEATURE_NAMES)), -0.01)
    names = mood_names(deviations, np.array([centre] * 3))
    assert names == ["even", "even 2", "even 3"]
    assert set(CHARACTERS.values()) >= {"even"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("emotion", EMOTION_NAMES)
def test_the_mood_of_a_playlist_is_told_with_its_own_place(catalogue, emotion, mode, tmp_path):
    playlist = make_playlist(EmotionEstimate.of(emotion), catalogue, Wish(mode=mode))
    told, (goal,) = playlist.to_dict(), placed([aim_for(EmotionEstimate.of(emotion), mode)],
                                               catalogue.model)  # fmt: skip
    [mood] = [mood for mood in catalogue.model.moods if mood.name == told["mood"]["name"]]
    assert told["mood"]["valence"] == pytest.approx(mood.valence, abs=1e-4)
    assert told["mood"]["arousal"] == pytest.approx(mood.arousal, abs=1e-4)
    assert told["feeling"]["valence"] == pytest.approx(goal.valence, abs=1e-4)
    assert f"its valence here {mood.valence:+.2f}" in playlist.describe()
    playlist.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    text = " ".join(re.sub(r"<(style|title).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL).split())
    assert f"this mood {emotion} 20 tracks" in text
    assert f"{mood.valence:+.2f}".replace("-", "\u2212") in text


def test_one_track_of_a_minute_is_told_in_the_singular(catalogue):
    frame = catalogue.table.frame.head(40).assign(duration_ms=60_000.0)
    playlist = make_playlist(EmotionEstimate.of("sad"), tracks_from_frame(frame), Wish(n_tracks=1))
    assert "; 1 track, 1 minute, " in playlist.describe().splitlines()[0]


def test_every_emotion_is_said_in_english():
    assert [emotion_named(name).mood for name in EMOTION_NAMES] == [
        "a neutral mood", "a calm mood", "a happy mood", "a sad mood", "an angry mood",
        "a fearful mood", "a disgusted mood", "a surprised mood",
    ]  # fmt: skip


def test_wordless_music_alone_is_called_instrumental(catalogue):
    calm = aim_for(EmotionEstimate.of("calm"))
    place = dict.fromkeys(FEATURE_NAMES, 0.5) | {"instrumentalness": 0.9}
    features = {name: BOUNDS[name][2] for name in FEATURE_NAMES}
    trace, whole = ({**features, "instrumentalness": value} for value in (0.1, WORDLESS + 0.1))
    assert "instrumental" not in reason(calm, place, trace)
    assert "instrumental" in reason(calm, place, whole)


def test_moods_of_metal_are_not_called_quiet(catalogue):
    frame = pd.DataFrame(catalogue.table.frame)
    metal = fit_moods(frame[frame["genre"].str.contains("metal") & (frame["energy"] > 0.6)])
    assert not any("quiet" in mood.name for mood in metal.moods)
