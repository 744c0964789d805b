"""A fitted mood model as one folder: numbers, names and a card, and no code.

``moods.json`` holds what a person may read, ``arrays.npz`` the plain arrays that rebuild the
pipeline; nothing is unpickled, so a folder from a stranger cannot run anything.
"""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from clustering.moods.clusters import CLUSTER_WEIGHTS, Mood, MoodModel, mood_pipeline
from clustering.tables.layouts import FEATURE_NAMES
from foundation.errors import InputError
from foundation.shipped import shipped

FORMAT = "emotify-moods"
FORMAT_VERSION = 1
CARD_FEATURES = ("energy", "valence", "acousticness", "danceability", "instrumentalness")
DEFAULT_MOOD_FOLDER = shipped("models", "moods")


def save_moods(model: MoodModel, folder: str | Path) -> None:
    """Write a model to `folder`, replacing an older mood model there.

    The new folder is complete before the old one goes.

    Raises
    ------
    InputError
        If `folder` is a file, or holds something other than a mood model.
    """
    folder = Path(folder)
    if folder.is_file() or (
        folder.is_dir() and any(folder.iterdir()) and not (folder / "moods.json").exists()
    ):
        raise InputError(f"{folder} exists and is no mood model; choose a new or empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "seed": model.seed,
        "n_tracks": model.n_tracks,
        "features": list(FEATURE_NAMES),
        "weights": CLUSTER_WEIGHTS,
        "moods": [asdict(mood) for mood in model.moods],
    }
    with tempfile.TemporaryDirectory(dir=folder.parent, suffix=".partial") as scratch:
        new = Path(scratch, "new")
        new.mkdir()
        (new / "moods.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        np.savez_compressed(
            new / "arrays.npz",
            quantile_grid=model.pipeline["quantiles"].quantiles_,
            centres=model.pipeline["kmeans"].cluster_centers_,
        )
        (new / "README.md").write_text(_card(model), "utf-8")
        if folder.exists():
            folder.rename(Path(scratch, "old"))
        new.rename(folder)
        shutil.rmtree(Path(scratch, "old"), ignore_errors=True)


def load_moods(folder: str | Path = DEFAULT_MOOD_FOLDER) -> MoodModel:
    """Read a model that `save_moods` wrote; it assigns every track as the saved one did.

    Raises
    ------
    InputError
        If the folder is missing, damaged, of another format or version, or was made for other
        features or weights.
    """
    from sklearn.preprocessing import QuantileTransformer

    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give a folder written by save_moods")
    try:
        facts = json.loads((folder / "moods.json").read_text("utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            grid, centres = arrays["quantile_grid"], arrays["centres"]
        named = (facts["format"], facts["version"])
        made_for = (tuple(facts["features"]), facts["weights"])
        moods = tuple(Mood(**entry) for entry in facts["moods"])
        seed, n_tracks = int(facts["seed"]), int(facts["n_tracks"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{folder} is not a whole mood model ({type(error).__name__}: {error}); fit the moods "
            "again and save them with save_moods"
        ) from error
    if named != (FORMAT, FORMAT_VERSION):
        raise InputError(
            f"{folder} has format {named[0]!r} version {named[1]!r}, this release reads "
            f"{FORMAT!r} version {FORMAT_VERSION}; fit the moods again"
        )
    width = len(FEATURE_NAMES)
    shapes_fit = grid.ndim == 2 and grid.shape[1] == width and centres.shape == (len(moods), width)
    whole = shapes_fit and np.isfinite(grid).all() and np.isfinite(centres).all()
    if made_for != (FEATURE_NAMES, CLUSTER_WEIGHTS) or not whole or not moods:
        raise InputError(
            f"{folder} was made for other features or weights, or its arrays are damaged; fit the "
            "moods again"
        )
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
plain arrays). Written by `clustering.moods.folder.save_moods`, read by `load_moods`.
"""


def _weights() -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in CLUSTER_WEIGHTS.items())
