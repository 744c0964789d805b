"""Fit what turns descriptors of music into features and moods, and say how well it does.

    python -m clustering.evaluation.music_training FOLDER CATALOGUE [OUT]

FOLDER holds ``spotify_6473_descriptors.parquet`` (descriptors of Spotify tracks with their real
features), ``fma_886_mfcc20_echonest.parquet`` (mean MFCCs of free tracks, most of them without
words, with Echo Nest's features), ``clips_900_mood_quadrants_descriptors.parquet`` (clips whose
quadrant of valence and arousal people agreed on: Panda, Malheiro & Paiva 2018,
doi 10.1109/TAFFC.2018.2820691) and ``chroma_and_key.parquet`` (mean chroma of songs with Spotify's
key, on which nothing is fitted). CATALOGUE is a large table of tracks as people have them: it says
how often each kind of track occurs, and over what range each feature goes.

Scores are cross-validated, no artist on both sides; the models that are written have seen
everything. `clustering.evaluation.music_scores` judges them on strangers, too. OUT gets the model
and ``scores.csv``; without it ``models/music/`` does, and then FOLDER must have all rows of these
tables.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.evaluation import music_scores
from clustering.evaluation.music_data import INSTRUMENTAL, LOUD_MFCC, WHOLE, Data, read_data
from clustering.evaluation.music_fitting import (
    catalogue_weights,
    cross_validated,
    fit_feature,
    fit_mood,
    folds_of,
    scale_to,
    scaled_by_others,
)
from clustering.evaluation.music_scores import score
from clustering.music.model import (
    DEFAULT_FOLDER,
    FEATURES,
    KIND,
    WORDLESS_SHARE,
    KernelModel,
    MusicModel,
    arousal,
    model_folder,
    probabilities,
    save_model,
)
from clustering.tables.reading import read_frame
from foundation.errors import InputError
from foundation.shipped import require_checkout
from foundation.tables import write_table

SCORES_FILE = "scores.csv"
# Over the range of the catalogue. Danceability and speechiness are told too poorly for that: the
# errors grow, on strangers, too.
STRETCHED = ("energy", "valence", "acousticness")
AS_IT_IS = np.array([[0.0, 1.0], [0.0, 1.0]])

Array = NDArray[Any]


def train(folder: Path, catalogue: Path, out: Path = DEFAULT_FOLDER) -> pd.DataFrame:
    """Fit everything, write model and scores into the folder `out`, and return the scores."""
    out = model_folder(out)
    KIND.check_target(out)  # before minutes of fitting
    data = read_data(folder, catalogue)
    features, scales, scores = {}, {}, []
    for feature in FEATURES:
        known = data.spotify[data.spotify[feature].notna()]
        weights = catalogue_weights(known, data.catalogue)
        values, aim = (t[feature].to_numpy(dtype=float) for t in (known, data.catalogue))
        heard = cross_validated(known, data.names, values, fit_feature, weights)[:, 0]
        rows = known[data.names].to_numpy(dtype=float)
        features[feature] = fit_feature(rows, values, data.names, weights)
        if feature == "instrumentalness":
            wordless, scales[feature], more = fit_wordless(data, known, heard)
            scores += more
            continue
        if feature not in STRETCHED:
            scales[feature] = AS_IT_IS
            scores.append(score(feature, values, heard, weights))
            continue
        scales[feature] = scale_to(heard, aim, weights)
        told = scaled_by_others(heard, aim, folds_of(known), weights)
        scores.append(score(feature, values, told, weights))
        scores.append(score(f"{feature}, before it is stretched", values, heard, weights))
    quadrants = data.quadrants
    chances = probabilities(cross_validated(data.clips, data.clip_names, quadrants, fit_mood))
    mood = fit_mood(data.clips[data.clip_names].to_numpy(dtype=float), quadrants, data.clip_names)
    scales |= fit_arousal(data, features["energy"], scales["energy"], chances)
    model = MusicModel(features, wordless, mood, scales)
    scores += music_scores.strangers(data, model, chances)
    scores += music_scores.genres_left_out(data, model, fit_feature)
    scores += music_scores.free_tracks(data, fit_feature)
    scores += music_scores.keys(data.keys)
    scores += music_scores.moods(chances, quadrants)
    scores += music_scores.picks(data, model, chances)
    save_model(model, out)
    table = pd.DataFrame(scores)[[*music_scores.COLUMNS]]
    write_table(table, out / SCORES_FILE, float_format="%.4f")
    return table


def fit_wordless(
    data: Data, spotify: pd.DataFrame, heard: Array
) -> tuple[KernelModel, Array, list[dict[str, Any]]]:
    """Fit the second model of instrumentalness, and the scale of both together.

    Parameters
    ----------
    data
        All tables.
    spotify
        Tracks with their real instrumentalness.
    heard
        What the first model, cross-validated, hears in them, (n,).

    Returns
    -------
    tuple
        The model, the scale, and scores.
    """
    free, names = data.free, data.free_names
    own = spotify[LOUD_MFCC].set_axis(names, axis=1).assign(artist=spotify["artist"])
    tables = [own, free[names].assign(artist=[f"free {n}" for n in range(len(free))])]
    both, counts = pd.concat(tables, ignore_index=True), [len(spotify), len(free)]
    true = np.concatenate([t["instrumentalness"].to_numpy(dtype=float) for t in (spotify, free)])
    even = np.repeat([len(both) / (2 * n) for n in counts], counts)
    model = fit_feature(both[names].to_numpy(dtype=float), true, names, even)
    # The first model cannot hear the free tracks, of which little is known: the same from MFCCs.
    truth, values = true[: counts[0]], true[counts[0] :]
    mfcc = own[names].to_numpy(dtype=float)
    like_first = fit_feature(mfcc, truth, names).many(free[names].to_numpy(dtype=float))[:, 0]
    said = cross_validated(both, names, true, fit_feature, even)[:, 0]
    said += WORDLESS_SHARE * np.concatenate([heard, like_first])
    # The one table hardly has wordless music, the other hardly anything else: together they count
    # so that as much is wordless as in the catalogue.
    aim = data.catalogue["instrumentalness"].to_numpy(dtype=float)
    wordless = [float((part > INSTRUMENTAL).mean()) for part in (aim, truth, values)]
    share = (wordless[0] - wordless[1]) / (wordless[2] - wordless[1])
    weights = np.repeat(np.array([1 - share, share]) / counts, counts)
    told = scaled_by_others(said, aim, folds_of(both), weights)
    ours = np.repeat([True, False], counts)
    scores = [
        score("instrumentalness", true, told, weights),
        score("instrumentalness, Spotify's tracks", true[ours], told[ours]),
        score("instrumentalness, free tracks", true[~ours], told[~ours]),
    ]
    right = (told > INSTRUMENTAL) == (true > INSTRUMENTAL)
    for name, where in {
        "free tracks, wordless": ~ours & (true > INSTRUMENTAL),
        "free tracks, sung": ~ours & (true <= INSTRUMENTAL),
        "Spotify's tracks, sung": ours,
    }.items():
        found = {"n": where.sum(), "accuracy": right[where].mean()}
        scores.append({"target": f"heard as such: {name}"} | found)
    return model, scale_to(said, aim, weights), scores


def fit_arousal(data: Data, energy: KernelModel, scale: Array, chances: Array) -> dict[str, Array]:
    """Return the scales by which the arousal heard, and both opinions together, mean energy.

    Only on the clips both can be asked; there, each is given the distribution that energy by its
    own model has.
    """
    rows = data.clips[[f"u_{name}" for name in energy.names]].to_numpy(dtype=float)
    alone = np.interp(energy.many(rows)[:, 0], *scale)
    aroused = arousal(chances)
    of_arousal = scale_to(aroused, alone)
    both = (alone + np.interp(aroused, *of_arousal)) / 2
    return {"arousal": of_arousal, "energy of both": scale_to(both, alone)}


def check_whole(folder: Path) -> None:
    """Refuse to write over the models that ship by what was fitted on less than all data."""
    require_checkout("fitting the shipped models of own music", "name a folder to write to")
    for name, n_rows in WHOLE.items():
        found = len(read_frame(folder / name)[0])
        if found != n_rows:
            raise InputError(
                f"{folder / name} has {found:,} rows of {n_rows:,}, too few for the models that "
                "ship; name a folder to write to: python -m clustering.evaluation.music_training "
                "FOLDER CATALOGUE OUT"
            )


def main() -> None:
    """Fit, and print the scores."""
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    folder, catalogue, *out = map(Path, sys.argv[1:])
    try:
        if not out:
            check_whole(folder)
        print(train(folder, catalogue, *out).round(3).to_string(index=False, na_rep=""))
    except InputError as error:
        print(f"emotify: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
