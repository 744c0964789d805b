"""An uncertain estimate widens the playlist and says so; a certain or a named one does not."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from clustering.choice.wish import Wish
from clustering.moods.mapping import MODES, SETTINGS, aim_for, aims_along, chosen_moods
from clustering.playlist import make_playlist
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from ser.evaluation.cross_validation import committed_predictions

DOUBTS = ("sad has only 42%, angry 31%",)
PREDICTED = committed_predictions()[list(EMOTION_NAMES)].to_numpy()
# What the network says of real recordings, from torn to sure, and certainty itself, which may
# be doubted too: a dog can be a very angry speaker.
REAL = [
    tuple(row / row.sum())
    for row in PREDICTED[np.argsort(PREDICTED.max(axis=1))[:: len(PREDICTED) // 6]]
]
ONE_HOT = EmotionEstimate.of("angry").probabilities


def spread(playlist):
    """Root mean square distance of the tracks from their middle, in valence and energy."""
    return np.sqrt(playlist.to_frame()[["valence", "energy"]].var(ddof=0).sum())


def pair(probabilities):
    certain = EmotionEstimate(probabilities)
    return certain, replace(certain, doubts=DOUBTS)


@pytest.mark.parametrize("mode", ["match", "lift"])
@pytest.mark.parametrize("probabilities", [*REAL, ONE_HOT])
def test_doubt_widens_the_playlist_for_the_same_probabilities(catalogue, probabilities, mode):
    certain, uncertain = (
        np.mean([spread(make_playlist(e, catalogue, Wish(mode=mode, seed=s))) for s in range(6)])
        for e in pair(probabilities)
    )
    assert uncertain > certain  # a single draw may be wide or narrow


def test_every_stretch_of_an_uncertain_journey_is_broader(catalogue):
    estimates = pair(REAL[0])
    certain, uncertain = (
        make_playlist(estimate, catalogue, Wish(mode="journey", n_tracks=60)).to_frame()
        for estimate in estimates
    )
    for start in (0, 20, 40):
        parts = [
            frame[["valence", "energy"]][start : start + 20].var().sum()
            for frame in (certain, uncertain)
        ]
        assert parts[1] > parts[0]
    assert uncertain["valence"][:20].mean() < uncertain["valence"][-20:].mean()


@pytest.mark.parametrize("mode", MODES)
def test_the_middle_of_the_playlist_stays_where_the_probabilities_put_it(mode):
    certain, uncertain = pair(REAL[2])
    for feature in ("valence", "energy"):
        sure, shared = (
            np.mean([aim.quantiles[feature] for aim in aims_along(estimate, mode, 400)])
            for estimate in (certain, uncertain)
        )
        assert shared == pytest.approx(sure, abs=0.005)


@pytest.mark.parametrize("n_tracks", [1, 2, 7, 20, 500])
def test_places_are_shared_out_as_the_probabilities_say(n_tracks):
    estimate = pair(REAL[1])[1]
    leaning = {
        tuple(aim_for(estimate, leaning_to=index).quantiles.values()): name
        for index, name in enumerate(EMOTION_NAMES)
    }
    counts = Counter(
        leaning[tuple(aim.quantiles.values())] for aim in aims_along(estimate, "match", n_tracks)
    )
    assert counts.total() == n_tracks
    for name, p in zip(EMOTION_NAMES, estimate.probabilities, strict=True):
        assert abs(counts[name] - p * n_tracks) < 1


def test_an_uncertain_aim_reaches_further(catalogue):
    for probabilities in (*REAL, ONE_HOT):
        certain, uncertain = map(aim_for, pair(probabilities))
        assert uncertain.spread == pytest.approx(certain.spread + SETTINGS.uncertain)
        near, far = (
            {mood.index for mood in chosen_moods(aim, catalogue.model)}
            for aim in (certain, uncertain)
        )
        assert near <= far and len(far) >= 2


def test_an_uncertain_playlist_is_full_and_the_seed_decides(catalogue):
    estimate = pair(REAL[0])[1]
    first = make_playlist(estimate, catalogue, Wish(seed=3))
    assert len(first) == 20
    assert make_playlist(estimate, catalogue, Wish(seed=3)) == first
    assert make_playlist(estimate, catalogue, Wish(seed=4)) != first
    hour = make_playlist(estimate, catalogue, Wish(minutes=60))
    assert hour.minutes == pytest.approx(60, abs=2)


def test_text_json_and_page_say_that_it_is_not_sure(catalogue, tmp_path):
    certain, uncertain = (make_playlist(estimate, catalogue) for estimate in pair(REAL[4]))
    sentence = f"that it is {uncertain.emotion} is not sure ({DOUBTS[0]}), so the playlist is"
    uncertain.to_html(tmp_path / "uncertain.html")
    page = (tmp_path / "uncertain.html").read_text("utf-8")
    told = json.loads(uncertain.to_json())
    assert told["uncertain"] is True and told["notes"][0].startswith(sentence)
    assert sentence in uncertain.describe()
    assert sentence in page and f"<h1>{uncertain.emotion}?" in page
    assert json.loads(certain.to_json())["uncertain"] is False
    assert "not sure" not in certain.describe()


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_a_named_emotion_is_never_uncertain(catalogue, name):
    playlist = make_playlist(EmotionEstimate.of(name), catalogue)
    assert not playlist.uncertain
    assert not any("not sure" in note for note in playlist.notes)
