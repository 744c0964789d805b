"""Fit what turns descriptors of music into features and moods, and say how well it does.

    python -m clustering.evaluation.music_training FOLDER [OUT]

FOLDER holds ``spotify_6473_descriptors.parquet`` (descriptors of Spotify tracks with their real
features), ``fma_886_mfcc20_echonest.parquet`` (mean MFCCs of free tracks, most of them without
words, with Echo Nest's features) and ``clips_900_mood_quadrants_descriptors.parquet`` (clips whose
quadrant of valence and arousal people agreed on: Panda, Malheiro & Paiva 2018,
doi 10.1109/TAFFC.2018.2820691). Scores are
cross-validated, no artist on both sides; the models that are written have seen everything.
OUT gets the model and ``scores.csv``; without it ``models/music/`` does, and then FOLDER must have
all rows of these tables.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.choice.catalogue import Catalogue
from clustering.evaluation.human_labels import JudgedTracks
from clustering.evaluation.mood_evaluation import PICKERS, evaluate_moods
from clustering.music.descriptors import Music
from clustering.music.model import (
    CLIPPED,
    DEFAULT_FOLDER,
    FEATURES,
    KIND,
    QUADRANTS,
    KernelModel,
    MusicModel,
    model_folder,
    probabilities,
    save_model,
)
from clustering.tables.layouts import MOOD_COLUMNS
from clustering.tables.reading import read_frame
from clustering.tables.tracks import UNKNOWN_ARTIST, tracks_from_frame
from foundation.errors import InputError
from foundation.shipped import require_checkout
from foundation.tables import write_table

SPOTIFY_TABLE = "spotify_6473_descriptors.parquet"
FMA_TABLE = "fma_886_mfcc20_echonest.parquet"
MOOD_TABLE = "clips_900_mood_quadrants_descriptors.parquet"
WHOLE = {SPOTIFY_TABLE: 6473, FMA_TABLE: 886, MOOD_TABLE: 900}  # rows
SCORES_FILE = "scores.csv"
QUADRANT_OF = {"Q1": "happy", "Q2": "angry", "Q3": "sad", "Q4": "calm"}
N_FOLDS = 10
SEED = 0
# Width of the kernel and penalty, chosen by cross-validation within the training data below.
FEATURE_LANDMARKS, FEATURE_GAMMA = 400, 0.01
FEATURE_PENALTIES = np.logspace(-3, 2, 6)
# Mean MFCCs that both tables of tracks have; beyond the first, which is the level.
N_WORDLESS_MFCC = 13
# Of the two models for instrumentalness. On Spotify's tracks 0, 4, 8 and 16 give a Spearman of .34,
# .46, .49 and .51, on the free ones (of both models the same 12 MFCCs) .65, .65, .63 and .61.
WORDLESS_SHARE = 8.0
WORDLESS_TRACKS = 0.14  # of 75,952 tracks of an open catalogue those with more than .5
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


def read_wordless_data(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return free tracks with mean MFCCs, under our names, and these."""
    frame = read_frame(folder / FMA_TABLE)[0]
    names = {f"mfcc_{n - 1}": f"f_mfcc{n:02d}_mean" for n in range(2, N_WORDLESS_MFCC + 1)}
    return frame.rename(columns=names), list(names.values())


def fit_wordless(
    free: pd.DataFrame, free_names: list[str], spotify: pd.DataFrame, heard: Array
) -> tuple[KernelModel, Array, list[dict[str, Any]]]:
    """Fit the second model of instrumentalness, and how both come together.

    Parameters
    ----------
    free, free_names
        As from `read_wordless_data`.
    spotify
        Tracks with their real instrumentalness.
    heard
        What the first model, cross-validated, hears in them, (n,).

    Returns
    -------
    tuple
        The model, `MusicModel.wordless_mix`, and scores.
    """
    values = free["instrumentalness"].to_numpy(dtype=float)
    rows = free[free_names].to_numpy(dtype=float)
    model = fit_feature(rows, values, free_names)
    alone = cross_validated(free, free_names, values, fit_feature)[:, 0]
    # The first model cannot hear the free tracks, of which little is known: the same from MFCCs.
    loud = [f"mfcc_{n}_mean" for n in range(2, N_WORDLESS_MFCC + 1)]
    mfcc = spotify[loud].to_numpy(dtype=float)
    truth = spotify["instrumentalness"].to_numpy(dtype=float)
    like_first = fit_feature(mfcc, truth, loud).many(rows)[:, 0]
    sums = [model.many(mfcc)[:, 0] + WORDLESS_SHARE * heard, alone + WORDLESS_SHARE * like_first]
    # The one catalogue hardly has wordless music, the other hardly anything else.
    shares = [(1 - WORDLESS_TRACKS) / len(spotify), WORDLESS_TRACKS / len(free)]
    weights = np.repeat(shares, [len(spotify), len(free)])
    slope, start = np.polyfit(
        np.concatenate(sums), np.concatenate([truth, values]), 1, w=np.sqrt(weights)
    )
    scores = [_score("instrumentalness, free tracks, by MFCCs alone", values, alone)]
    scores += [_score("instrumentalness, both models", truth, start + slope * sums[0])]
    return model, np.array([start, slope, slope * WORDLESS_SHARE]), scores


def _score(target: str, values: Array, heard: Array) -> dict[str, Any]:
    from scipy.stats import spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score

    heard = heard.clip(0, 1)
    return {
        "target": target,
        "n": len(values),
        "r2": r2_score(values, heard),
        "spearman": spearmanr(values, heard).statistic,
        "mean_absolute_error": mean_absolute_error(values, heard),
        "accuracy": np.nan,
    }


def read_mood_data(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return clips with descriptors and quadrant, and the names of those that we compute."""
    from clustering.music.descriptors import describe_centre

    frame = read_frame(folder / MOOD_TABLE)[0]
    noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32)
    ours = set(describe_centre(noise)[0])
    return frame, [name for name in map(str, frame.columns) if name in ours]


def cross_validated(frame: pd.DataFrame, names: list[str], values: Array, fit: Any) -> Array:
    """Return predictions of each track by a model that has heard nothing of its artist, (n, t)."""
    from sklearn.model_selection import GroupKFold

    artists = pd.Series([f"nobody {i}" for i in range(len(frame))], frame.index)
    for column in {"artist", "Artist"} & {*frame.columns}:  # the free tracks tell none
        artists = frame[column].fillna(artists).str.casefold()
    rows = frame[names].to_numpy(dtype=float)
    predicted: list[tuple[Array, Array]] = []
    for train, test in GroupKFold(N_FOLDS, shuffle=True, random_state=SEED).split(
        rows, groups=artists
    ):
        predicted.append((test, fit(rows[train], values[train], names).many(rows[test])))
    order = np.concatenate([test for test, _ in predicted])
    return np.concatenate([part for _, part in predicted])[np.argsort(order)]


def train(folder: Path, out: Path = DEFAULT_FOLDER) -> pd.DataFrame:
    """Fit everything, write model and scores into the folder `out`, and return the scores."""
    out = model_folder(out)
    KIND.check_target(out)  # before minutes of fitting
    frame, names = read_feature_data(folder)
    features, scores = {}, []
    free, free_names = read_wordless_data(folder)
    for feature in FEATURES:
        known = frame[frame[feature].notna()]
        values = known[feature].to_numpy(dtype=float)
        heard = cross_validated(known, names, values, fit_feature)[:, 0]
        scores.append(_score(feature, values, heard))
        if feature == "instrumentalness":
            wordless, mix, more = fit_wordless(free, free_names, known, heard)
            scores += more
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
    mood = fit_mood(clips[mood_names].to_numpy(dtype=float), quadrants, mood_names)
    model = MusicModel(features, wordless, mix, mood)
    scores += _precision(clips, model, chances, quadrants)
    save_model(model, out)
    table = pd.DataFrame(scores)
    write_table(table, out / SCORES_FILE, float_format="%.4f")
    return table


def _precision(
    clips: pd.DataFrame, model: MusicModel, chances: Array, quadrants: Array
) -> list[dict[str, Any]]:
    """Score playlists picked from the clips, as if they were somebody's own files."""
    described = []
    clips_as_rows: list[dict[Any, Any]] = clips.to_dict("records")
    for number, clip in enumerate(clips_as_rows):
        music = Music(
            loud={name.removeprefix("u_"): value for name, value in clip.items()},
            centre=clip,
            loudness=clip["f_loud_mean"],
            tempo=clip["f_tempo"],
            key=0,
            mode=1,
            duration_seconds=30.0,
        )
        named = {"track_id": f"clip-{number}", "name": f"clip-{number}"}
        described.append(named | model.describe(music))
    frame = pd.DataFrame(described).assign(artist=clips["Artist"].fillna(UNKNOWN_ARTIST))
    right = np.array(QUADRANTS)[quadrants]
    scores = []
    # What the model says of the mood has seen the clips; the cross-validated chances have not.
    frame = frame.drop(columns=list(MOOD_COLUMNS))
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


def check_whole(folder: Path) -> None:
    """Refuse to write over the models that ship by what was fitted on less than all data."""
    require_checkout("fitting the shipped models of own music", "name a folder to write to")
    for name, n_rows in WHOLE.items():
        found = len(read_frame(folder / name)[0])
        if found != n_rows:
            raise InputError(
                f"{folder / name} has {found:,} rows of {n_rows:,}, too few for the models that "
                "ship; name a folder to write to: python -m clustering.evaluation.music_training "
                "FOLDER OUT"
            )


def main() -> None:
    """Fit, and print the scores."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder, *out = map(Path, sys.argv[1:])
    try:
        if not out:
            check_whole(folder)
        print(train(folder, *out).round(3).to_string(index=False, na_rep=""))
    except InputError as error:
        print(f"emotify: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
