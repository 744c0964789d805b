"""Fit what turns descriptors of music into features and moods, and say how well it does.

    python -m clustering.music_training FOLDER

FOLDER holds ``spotify_6473_descriptors.parquet`` (descriptors of Spotify tracks with their real
features) and ``clips_900_mood_quadrants_descriptors.parquet`` (clips whose quadrant of valence and
arousal people agreed on: Panda, Malheiro & Paiva 2018, doi 10.1109/TAFFC.2018.2820691). Scores are
cross-validated, no artist on both sides; the models that are written have seen everything.
``models/music/`` gets the model and ``scores.csv``.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.catalogue import Catalogue
from clustering.human_labels import JudgedTracks
from clustering.layouts import MOOD_COLUMNS, read_frame
from clustering.mood_evaluation import PICKERS, evaluate_moods
from clustering.music_model import (
    CLIPPED,
    DEFAULT_FILE,
    FEATURES,
    HIGHEST,
    LOWEST,
    QUADRANTS,
    KernelModel,
    MusicModel,
    probabilities,
    save_model,
)
from clustering.tracks import UNKNOWN_ARTIST, tracks_from_frame
from ser.errors import InputError
from ser.tables import write_table

SPOTIFY_TABLE = "spotify_6473_descriptors.parquet"
MOOD_TABLE = "clips_900_mood_quadrants_descriptors.parquet"
SCORES_FILE = "scores.csv"
QUADRANT_OF = {"Q1": "happy", "Q2": "angry", "Q3": "sad", "Q4": "calm"}
N_FOLDS = 10
SEED = 0
# Width of the kernel and penalty, chosen by cross-validation within the training data below.
FEATURE_LANDMARKS, FEATURE_GAMMA = 400, 0.01
FEATURE_PENALTIES = np.logspace(-3, 2, 6)
MOOD_LANDMARKS, MOOD_GAMMA, MOOD_STRENGTH = 400, 0.002, 1.0

Array = NDArray[Any]


def fit_kernel(
    rows: Array, targets: Array, names: list[str], *, landmarks: int, gamma: float, learner: Any
) -> KernelModel:
    """Fit a linear learner on what tracks have in common with landmarks.

    Parameters
    ----------
    rows
        Descriptors, (n, d).
    targets
        What `learner` is fitted on, (n,).
    names
        Of the descriptors.
    landmarks, gamma
        How many training tracks to compare with, and the kernel's width.
    learner
        With ``fit``, ``coef_`` and ``intercept_``, as scikit-learn's linear models have.
    """
    from sklearn.kernel_approximation import Nystroem

    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    placed = np.clip((rows - mean) / scale, -CLIPPED, CLIPPED)
    kernel = Nystroem(gamma=gamma, n_components=min(landmarks, len(rows)), random_state=SEED).fit(
        placed
    )
    learner.fit(kernel.transform(placed), targets)
    # transform(x) = k(x) @ N.T, so the learner's coefficients and N become one matrix.
    weights = kernel.normalization_.T @ np.atleast_2d(learner.coef_).T
    bias = np.atleast_1d(learner.intercept_)
    return KernelModel(tuple(names), mean, scale, kernel.components_, gamma, weights, bias)


def fit_feature(rows: Array, values: Array, names: list[str]) -> KernelModel:
    """Fit a regression of one of Spotify's features."""
    from sklearn.linear_model import RidgeCV

    return fit_kernel(
        rows,
        values,
        names,
        landmarks=FEATURE_LANDMARKS,
        gamma=FEATURE_GAMMA,
        learner=RidgeCV(FEATURE_PENALTIES),
    )


def fit_mood(rows: Array, quadrants: Array, names: list[str]) -> KernelModel:
    """Fit a classifier of quadrants (indices into `QUADRANTS`)."""
    from sklearn.linear_model import LogisticRegression

    return fit_kernel(
        rows,
        quadrants,
        names,
        landmarks=MOOD_LANDMARKS,
        gamma=MOOD_GAMMA,
        learner=LogisticRegression(C=MOOD_STRENGTH, max_iter=2000),
    )


def read_feature_data(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return Spotify tracks with descriptors and features, and the descriptors' names."""
    frame = read_frame(folder / SPOTIFY_TABLE)[0]
    ends = ("_mean", "_std")
    columns = map(str, frame.columns)
    names = [name for name in columns if name.endswith(ends) and name != "mfcc_1_mean"]  # level
    return frame, names


def read_mood_data(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return clips with descriptors and quadrant, and the names of those that we compute."""
    from clustering.music_descriptors import describe_centre

    frame = read_frame(folder / MOOD_TABLE)[0]
    noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32)
    ours = set(describe_centre(noise)[0])
    return frame, [name for name in map(str, frame.columns) if name in ours]


def cross_validated(frame: pd.DataFrame, names: list[str], values: Array, fit: Any) -> Array:
    """Return predictions of each track by a model that has heard nothing of its artist, (n, t)."""
    from sklearn.model_selection import GroupKFold

    column = "artist" if "artist" in frame else "Artist"
    unknown = pd.Series([f"nobody {i}" for i in range(len(frame))], frame.index)
    artists = frame[column].fillna(unknown).str.casefold()
    rows = frame[names].to_numpy(dtype=float)
    predicted: list[tuple[Array, Array]] = []
    for train, test in GroupKFold(N_FOLDS, shuffle=True, random_state=SEED).split(
        rows, groups=artists
    ):
        predicted.append((test, fit(rows[train], values[train], names).many(rows[test])))
    order = np.concatenate([test for test, _ in predicted])
    return np.concatenate([part for _, part in predicted])[np.argsort(order)]


def train(folder: Path, out: Path = DEFAULT_FILE) -> pd.DataFrame:
    """Fit everything, write model and scores, and return the scores."""
    from scipy.stats import spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score

    frame, names = read_feature_data(folder)
    features, scores = {}, []
    for feature in FEATURES:
        known = frame[frame[feature].notna()]
        values = known[feature].to_numpy(dtype=float)
        heard = cross_validated(known, names, values, fit_feature)[:, 0].clip(0, 1)
        scores.append(
            {
                "target": feature,
                "n": len(known),
                "r2": r2_score(values, heard),
                "spearman": spearmanr(values, heard).statistic,
                "mean_absolute_error": mean_absolute_error(values, heard),
                "accuracy": np.nan,
            }
        )
        features[feature] = fit_feature(known[names].to_numpy(dtype=float), values, names)
    clips, mood_names = read_mood_data(folder)
    quadrants = clips["Quadrant"].map(QUADRANT_OF).map(QUADRANTS.index).to_numpy()
    chances = probabilities(cross_validated(clips, mood_names, quadrants, fit_mood))
    told = chances.argmax(axis=1)
    pairs = {"quadrant": range(4), "arousal": (1, 1, 0, 0), "valence": (1, 0, 0, 1)}
    for name, side in pairs.items():
        sides = np.array(side)
        right = float((sides[told] == sides[quadrants]).mean())
        scores.append({"target": name, "n": len(clips), "accuracy": right})
    scores += _precision(clips, features, chances, quadrants)
    mood = fit_mood(clips[mood_names].to_numpy(dtype=float), quadrants, mood_names)
    save_model(MusicModel(features, mood), out)
    table = pd.DataFrame(scores)
    write_table(table, out.with_name(SCORES_FILE), float_format="%.4f")
    return table


def _precision(
    clips: pd.DataFrame, features: dict[str, KernelModel], chances: Array, quadrants: Array
) -> list[dict[str, Any]]:
    """Score playlists picked from the clips, as if they were somebody's own files."""
    frame = pd.DataFrame({"track_id": [f"clip-{number}" for number in range(len(clips))]})
    frame["name"], frame["artist"] = frame["track_id"], clips["Artist"].fillna(UNKNOWN_ARTIST)
    for name, model in features.items():
        rows = clips[[f"u_{descriptor}" for descriptor in model.names]].to_numpy(dtype=float)
        frame[name] = model.many(rows)[:, 0].clip(LOWEST, HIGHEST)
    frame["loudness"], frame["tempo"] = clips["f_loud_mean"], clips["f_tempo"]
    right = np.array(QUADRANTS)[quadrants]
    scores = []
    moods = dict(zip(MOOD_COLUMNS, chances.T, strict=True))
    for what, heard in (("features alone", {}), ("and mood heard", moods)):
        catalogue = Catalogue.of(tracks_from_frame(frame.assign(**heard)))
        kept = catalogue.table.frame["track_id"].str.removeprefix("clip-").astype(int)
        judged = JudgedTracks(np.arange(len(kept)), right[kept], None, None)
        found = evaluate_moods(catalogue, judged, pickers=PICKERS[:1])
        for emotion, share in zip(found["emotion"], found["precision"], strict=True):
            scores.append(
                {"target": f"20 picks, {emotion}, {what}", "n": len(kept), "accuracy": share}
            )
    return scores


def main() -> None:
    """Fit, and print the scores."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(train(Path(sys.argv[1])).round(3).to_string(index=False, na_rep=""))
    except InputError as error:
        print(f"emotify: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
