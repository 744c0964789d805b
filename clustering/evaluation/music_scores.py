"""How well the models of music do: on tracks of other artists, of other genres, and of strangers.

Strangers are clips of which only a mood was known when the models were fitted: those that a
catalogue has, too, by artist and title, have Spotify's features there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.choice.catalogue import Catalogue
from clustering.evaluation.human_labels import JudgedTracks
from clustering.evaluation.mood_evaluation import PICKERS, evaluate_moods
from clustering.evaluation.music_data import LOUD_MFCC, Data
from clustering.evaluation.music_fitting import catalogue_weights, scale_to
from clustering.music.descriptors import Music
from clustering.music.keys import Key, key_of
from clustering.music.model import FEATURES, QUADRANTS, MusicModel
from clustering.tables.layouts import MOOD_COLUMNS
from clustering.tables.tracks import UNKNOWN_ARTIST, title_keys, tracks_from_frame

COLUMNS = ("target", "n", "r2", "spearman", "mean_absolute_error", "bias", "accuracy")
FEWEST_OF_A_GENRE = 50

Array = NDArray[Any]
Score = dict[str, Any]


def score(target: str, values: Array, heard: Array, weights: Array | None = None) -> Score:
    """Return how near what was heard is to the truth; `bias` is above 0 where it lies too high."""
    from scipy.stats import spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score

    heard = heard.clip(0, 1)
    return {
        "target": target,
        "n": len(values),
        "r2": r2_score(values, heard, sample_weight=weights),
        "spearman": spearmanr(values, heard).statistic,
        "mean_absolute_error": mean_absolute_error(values, heard, sample_weight=weights),
        "bias": np.average(heard - values, weights=weights),
        "accuracy": np.nan,
    }


def strangers(data: Data, model: MusicModel, chances: Array) -> list[Score]:
    """Score clips that the catalogue knows, by artists that no feature was fitted on."""
    clips = data.clips.assign(
        track_id=[f"clip {i}" for i in range(len(data.clips))],
        artist=data.clips["Artist"].fillna(UNKNOWN_ARTIST),
        name=data.clips["Title"].fillna(""),
    )
    known = data.catalogue.assign(title_key=title_keys(data.catalogue))
    known = known.drop_duplicates("title_key").set_index("title_key")
    keys = title_keys(clips)
    own = set(data.spotify["artist"].str.casefold())
    there = (keys.isin(known.index) & ~clips["artist"].str.casefold().isin(own)).to_numpy()
    truth = known.loc[keys[there]]
    told, unscaled = _told(model, clips[there], chances[there])
    scores = []
    for feature in FEATURES:
        values = truth[feature].to_numpy(dtype=float)
        scores.append(score(f"{feature}, strangers", values, told[feature]))
        if feature in ("energy", "valence"):
            before = score(
                f"{feature}, strangers, before it is stretched", values, unscaled[feature]
            )
            scores.append(before)
    return scores


def _told(
    model: MusicModel, clips: pd.DataFrame, chances: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return what the model says of clips, by feature, and what it says before it is stretched."""
    loud = clips[[f"u_{name}" for name in model.features["energy"].names]].to_numpy(dtype=float)
    heard = {name: part.many(loud)[:, 0] for name, part in model.features.items()}
    centre = clips[list(model.wordless.names)].to_numpy(dtype=float)
    return model.told(heard, model.wordless.many(centre)[:, 0], chances), heard


def genres_left_out(data: Data, model: MusicModel, fit: Callable[..., Any]) -> list[Score]:
    """Score energy and valence of genres that nothing was fitted on, where the genre is known."""
    genre = data.spotify["spotify_id"].map(
        data.catalogue.drop_duplicates("track_id").set_index("track_id")["genre"]
    )
    common = genre.str.split(";").str[0]
    counts = common.value_counts()
    rows = data.spotify[data.names].to_numpy(dtype=float)
    weights = catalogue_weights(data.spotify, data.catalogue)
    scores = []
    for name in counts.index[counts >= FEWEST_OF_A_GENRE]:
        left = (common == name).to_numpy()
        kept = ~left & ~data.spotify["artist"].isin(data.spotify["artist"][left]).to_numpy()
        for feature in ("energy", "valence"):
            values = data.spotify[feature].to_numpy(dtype=float)
            fitted = fit(rows[kept], values[kept], data.names, weights[kept])
            heard = model.scaled(feature, fitted.many(rows[left])[:, 0])
            scores.append(score(f"{feature}, {name} left out", values[left], heard))
    return scores


def free_tracks(data: Data, fit: Callable[..., Any]) -> list[Score]:
    """Score free tracks by models of Spotify's, both of mean MFCCs: more is not known of them."""
    scores = []
    rows = data.free[data.free_names].to_numpy(dtype=float)
    for feature in ("energy", "valence", "acousticness", "danceability"):
        known = data.spotify[data.spotify[feature].notna()]
        weights = catalogue_weights(known, data.catalogue)
        mfcc, values = (known[name].to_numpy(dtype=float) for name in (LOUD_MFCC, feature))
        model = fit(mfcc, values, LOUD_MFCC, weights)
        scale = scale_to(model.many(mfcc)[:, 0], data.catalogue[feature].to_numpy(), weights)
        heard = np.interp(model.many(rows)[:, 0], *scale)
        truth = data.free[feature].to_numpy(dtype=float)
        scores.append(score(f"{feature}, free tracks, by MFCCs alone", truth, heard))
    return scores


def keys(songs: pd.DataFrame) -> list[Score]:
    """Score the key of songs against Spotify's."""
    columns = [f"harmonic_cqt_{n}" for n in range(12)]
    found = [key_of(row) for row in songs[columns].to_numpy(dtype=float)]
    key = np.array([one.pitch_class for one in found])
    mode = np.array([one.mode for one in found])
    tonic = key == songs["key"].to_numpy()
    notes = [(k + 3 * (m == 0)) % 12 for k, m in ((key, mode), (songs["key"], songs["mode"]))]
    right = {
        "key, the tonic": tonic,
        "key, the tonic and the mode": tonic & (mode == songs["mode"].to_numpy()),
        "key, or its relative": notes[0] == np.asarray(notes[1]),
        "key, a fifth too high": (key - songs["key"].to_numpy()) % 12 == 7,
        "key, its mean confidence": np.array([one.confidence for one in found]),
    }
    n = len(songs)
    return [{"target": name, "n": n, "accuracy": hit.mean()} for name, hit in right.items()]


def moods(chances: Array, quadrants: Array) -> list[Score]:
    """Score quadrants, and the two halves that they make."""
    told = chances.argmax(axis=1)
    scores = []
    sides_of = {"quadrant": range(4), "arousal": (1, 1, 0, 0), "valence": (1, 0, 0, 1)}
    for name, side in sides_of.items():
        sides = np.array(side)
        right = float((sides[told] == sides[quadrants]).mean())
        scores.append({"target": f"heard: {name}", "n": len(quadrants), "accuracy": right})
    return scores


def picks(data: Data, model: MusicModel, chances: Array) -> list[Score]:
    """Score playlists picked from the clips, as if they were somebody's own files."""
    described = []
    clips_as_rows: list[dict[Any, Any]] = data.clips.to_dict("records")
    for number, clip in enumerate(clips_as_rows):
        music = Music(
            loud={name.removeprefix("u_"): value for name, value in clip.items()},
            centre=clip,
            loudness=clip["f_loud_mean"],
            tempo=clip["f_tempo"],
            key=Key(0, 1, 0.0),
            spoken=0.0,
            duration_seconds=30.0,
        )
        named = {"track_id": f"clip-{number}", "name": f"clip-{number}"}
        described.append(named | model.describe(music))
    frame = pd.DataFrame(described).assign(artist=data.clips["Artist"].fillna(UNKNOWN_ARTIST))
    # The model of moods has seen the clips; the cross-validated chances have not.
    frame["energy"] = _told(model, data.clips, chances)[0]["energy"]
    frame = frame.drop(columns=list(MOOD_COLUMNS))
    heard_moods = dict(zip(MOOD_COLUMNS, chances.T, strict=True))
    right = np.array(QUADRANTS)[data.quadrants]
    scores = []
    for what, heard in (("features alone", {}), ("and mood heard", heard_moods)):
        catalogue = Catalogue.of(tracks_from_frame(frame.assign(**heard)))
        kept = catalogue.table.frame["track_id"].str.removeprefix("clip-").astype(int)
        judged = JudgedTracks(np.arange(len(kept)), right[kept], None, None)
        found = evaluate_moods(catalogue, judged, pickers=PICKERS[:1])
        for emotion, share in zip(found["emotion"], found["precision"], strict=True):
            scores.append(
                {"target": f"20 picks, {emotion}, {what}", "n": len(kept), "accuracy": share}
            )
    return scores
