"""A fitted mood model as one folder: numbers, names and a card, and no code.

``moods.json`` holds what a person may read, ``arrays.npz`` the plain arrays that rebuild the
pipeline; nothing is unpickled, so a folder from a stranger cannot run anything.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from clustering.moods.clusters import CLUSTER_WEIGHTS, Mood, MoodModel, mood_pipeline
from clustering.tables.layouts import FEATURE_NAMES
from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped

CARD_FEATURES = ("energy", "valence", "acousticness", "danceability", "instrumentalness")
ARRAYS_FILE = "arrays.npz"
DEFAULT_MOOD_FOLDER = shipped("models", "moods")
KIND = ArtefactKind(
    "emotify-moods",
    1,
    title="mood model",
    files=(ARRAYS_FILE,),
    advice="fit the moods again: emotify moods fit TABLE --out FOLDER",
    shipped=DEFAULT_MOOD_FOLDER,
    settings_file="moods.json",
    version_key="version",
    alone=True,
)


def save_moods(model: MoodModel, folder: str | Path) -> None:
    """Write a model to `folder`, replacing an older mood model there.

    Raises
    ------
    InputError
        If `folder` is a file, holds something other than a mood model, or cannot be written to.
    """
    facts = {
        "seed": model.seed,
        "n_tracks": model.n_tracks,
        "features": list(FEATURE_NAMES),
        "weights": CLUSTER_WEIGHTS,
        "moods": [asdict(mood) for mood in model.moods],
    }
    with KIND.saving(folder, facts) as staged:
        np.savez_compressed(
            staged / ARRAYS_FILE,
            quantile_grid=model.pipeline["quantiles"].quantiles_,
            centres=model.pipeline["kmeans"].cluster_centers_,
        )
        (staged / "README.md").write_text(_card(model), "utf-8")


def load_moods(folder: str | Path = DEFAULT_MOOD_FOLDER) -> MoodModel:
    """Read a model that `save_moods` wrote; it assigns every track as the saved one did.

    Raises
    ------
    InputError
        If the folder is missing, damaged, of another format or version, or was made for other
        features or weights.
    """
    return KIND.load(folder, _built)


def _built(held: Contents) -> MoodModel:
    from sklearn.preprocessing import QuantileTransformer

    facts, arrays = held.settings, held.arrays(ARRAYS_FILE)
    grid, centres = arrays["quantile_grid"], arrays["centres"]
    moods = tuple(Mood(**entry) for entry in facts["moods"])
    seed, n_tracks = int(facts["seed"]), int(facts["n_tracks"])
    held.expect(features=list(FEATURE_NAMES), weights=CLUSTER_WEIGHTS)
    width = len(FEATURE_NAMES)
    shapes_fit = grid.ndim == 2 and grid.shape[1] == width and centres.shape == (len(moods), width)
    if not (moods and shapes_fit and np.isfinite(grid).all() and np.isfinite(centres).all()):
        raise held.refusal(f"is broken ({ARRAYS_FILE} does not hold {len(moods)} moods)")
    # A grid of n values has itself as its n quantiles, but for rounding, which breaks ties.
    quantiles = QuantileTransformer(n_quantiles=len(grid), subsample=None).fit(grid)
    quantiles.quantiles_ = grid
    return MoodModel(mood_pipeline(quantiles, centres), moods, seed, n_tracks)


def _card(model: MoodModel) -> str:
    rows = "\n".join(
        f"| {mood.index} | {mood.name} | {mood.size:,} | {mood.valence:+.2f} | {mood.arousal:+.2f} "
        + "".join(f"| {mood.centroid[name]:.2f} " for name in CARD_FEATURES)
        + "|"
        for mood in model.moods
    )
    header = f"| mood | name | tracks | mood valence | mood arousal | {' | '.join(CARD_FEATURES)} |"
    header += "\n" + "|---" * (5 + len(CARD_FEATURES)) + "|"
    return f"""# Mood clusters

K-means with {len(model.moods)} clusters on {model.n_tracks:,} tracks, seed {model.seed}. Each of
Spotify's features becomes its quantile in that table, is weighted, and is clustered; weights:
{_weights()}.
The features below are means in Spotify's units. Mood valence and mood arousal are 2q - 1 of the
cluster's mean quantile of Spotify's valence and energy: the sound's place in the catalogue, not a
listener's feeling.

{header}
{rows}

Music has no natural mood clusters: the silhouette is low (about .2) for every k. The number of
clusters was chosen by stability and by what the clusters mean;
`clustering.moods.clusters.stability` prints both. Another table deserves its own fit:
`clustering.moods.clusters.fit_moods`.

Files: `moods.json` (names, centroids, sizes), `arrays.npz` (the quantile grid and the centres,
plain arrays), `SHA256SUMS` (of both). Written by `clustering.moods.folder.save_moods`, read by
`load_moods`.
"""


def _weights() -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in CLUSTER_WEIGHTS.items())
