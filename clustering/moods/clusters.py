"""Moods: K-means clusters of a catalogue's audio features, with names people recognise.

A table of tracks flows in, a `MoodModel` flows out. The scaling lives in the model: every
feature becomes its quantile in the catalogue that the model was fitted on (0 lowest, 1
highest), then is weighted, then clustered; one scikit-learn pipeline does all three. Music has
no natural mood clusters (the silhouette is low for every k), so k is chosen by stability, see
`stability`, and the clusters are a tidy way to cut a continuum, not a discovery.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clustering.moods.words import is_true
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import TrackTable
from foundation.errors import InputError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# What a step in a feature's quantile counts for in the clustering. Energy and valence carry
# mood; loudness repeats energy; tempo and speechiness say little about mood. Instrumentalness
# jumps, because a third of all tracks share the value 0: at 0.6 that jump alone cuts clusters
# in two and a six-cluster fit of the default table is unstable (ARI .75 instead of .96).
CLUSTER_WEIGHTS: dict[str, float] = {
    "danceability": 0.7,
    "energy": 1.0,
    "loudness": 0.5,
    "speechiness": 0.3,
    "acousticness": 0.8,
    "instrumentalness": 0.3,
    "valence": 1.0,
    "tempo": 0.2,
}
# Measured with `stability` (mean ARI of full against half-sample fits; silhouette), on 69,391
# tracks of an open catalogue: 4 .98 .24, 5 .98 .24, 6 .97 .21, 7 .95 .21, 8 .76 .19; on the default
# table: 4 .98 .22, 5 .97 .20, 6 .96 .19, 7 .72 .18, 8 .93 .18. Six is the last k before the first
# fall on the default table, and the first that tells dance music from merely lively music.
DEFAULT_MOODS = 6
TRACKS_PER_MOOD = 10  # fewer tracks than this per cluster name a coincidence, so k shrinks
GRID = 1000  # quantiles kept for each feature
RESTARTS = 10
BIG_TABLE = 20_000  # tracks; from here on every restart finds the same optimum, so few will do


@dataclass(frozen=True)
class Mood:
    """One cluster of tracks.

    Attributes
    ----------
    index
        Cluster number; moods are numbered from the lowest arousal to the highest.
    name
        A few words, unique in the model, told from quantiles and centroid by `mood_names`.
    centroid
        Mean of each feature over the cluster, in Spotify's units.
    quantiles
        Mean quantile of each feature over the cluster, 0..1.
    valence, arousal
        -1..1: where the cluster lies in the catalogue by Spotify's valence and energy. This
        is the sound's place, which tells a listener's feeling only roughly (r about .4).
    size
        Number of tracks of the fitted table in the cluster.
    """

    index: int
    name: str
    centroid: dict[str, float]
    quantiles: dict[str, float]
    valence: float
    arousal: float
    size: int


@dataclass(frozen=True)
class MoodModel:
    """A fitted clustering.

    Attributes
    ----------
    pipeline
        Quantiles, weights, K-means.
    moods
        The clusters; ``moods[i].index == i``.
    seed
        Seed of the fit.
    n_tracks
        Number of tracks fitted on.
    """

    pipeline: "Pipeline"
    moods: tuple[Mood, ...]
    seed: int
    n_tracks: int

    def quantiles(self, frame: pd.DataFrame) -> np.ndarray:
        """Return each track's quantiles in the fitted catalogue, (n, 8), 0..1."""
        return self.pipeline["quantiles"].transform(_features(frame))

    def assign(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the index of each track's mood, (n,)."""
        return self.pipeline.predict(_features(frame))

    def nearest(self, quantiles: np.ndarray) -> np.ndarray:
        """Return the index of the mood nearest to each row of quantiles, (n,)."""
        return self.pipeline[1:].predict(quantiles)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a mood, the lowest arousal first, features in Spotify's units."""
        return pd.DataFrame(
            [
                {
                    "mood": mood.name,
                    "tracks": mood.size,
                    "mood valence": mood.valence,
                    "mood arousal": mood.arousal,
                    **{name: mood.centroid[name] for name in FEATURE_NAMES},
                }
                for mood in self.moods
            ]
        ).set_index("mood")

    def describe(self) -> str:
        """Return the moods as a table for a terminal."""
        table = self.to_frame().reset_index()
        return table.to_string(index=False, float_format=lambda value: f"{value:.2f}")


def fit_moods(
    table: TrackTable | pd.DataFrame, *, n_moods: int = DEFAULT_MOODS, seed: int = 0
) -> MoodModel:
    """Cluster a catalogue.

    Parameters
    ----------
    table
        The tracks; a listener's own table gets its own quantiles and its own moods.
    n_moods
        Clusters wanted, 1-30. A table with fewer than ten tracks per cluster gets fewer.
    seed
        Seed of K-means; the same table and seed give the same model.

    Raises
    ------
    InputError
        If `n_moods` or `seed` is out of range, or the table holds fewer than two tracks.
    """
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import QuantileTransformer

    if not 1 <= n_moods <= 30:
        raise InputError(f"{n_moods} moods cannot be fitted; choose 1 to 30")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed} cannot be used; choose a whole number from 0 to 4294967295")
    frame = table.frame if isinstance(table, TrackTable) else table
    features = _features(frame)
    if len(features) < 2:
        raise InputError(f"moods need at least 2 tracks, {len(features)} given; add tracks")
    quantiles = QuantileTransformer(n_quantiles=min(GRID, len(features)), subsample=None)
    placed = quantiles.fit_transform(features)
    n_clusters = min(n_moods, max(1, len(features) // TRACKS_PER_MOOD))
    n_clusters = min(n_clusters, len(np.unique(placed[: 50 * n_moods], axis=0)))
    restarts = RESTARTS if len(features) < BIG_TABLE else RESTARTS // 3
    kmeans = KMeans(n_clusters, n_init=restarts, random_state=seed)
    kmeans.fit(placed * cluster_weights())
    centres = kmeans.cluster_centers_
    calm_first = centres[np.argsort(centres[:, FEATURE_NAMES.index("energy")], kind="stable")]
    pipeline = mood_pipeline(quantiles, calm_first)
    return MoodModel(
        pipeline=pipeline,
        moods=_described(features, placed, pipeline[1:].predict(placed), len(calm_first)),
        seed=seed,
        n_tracks=len(features),
    )


def mood_pipeline(quantiles: object, centres: np.ndarray) -> "Pipeline":
    """Return the pipeline with fitted `quantiles` and K-means `centres` (weighted space).

    K-means started at its own centres, on its own centres, stays there: that sets the learned
    state through scikit-learn's public interface, whatever its version keeps inside.
    """
    from sklearn.cluster import KMeans
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    kmeans = KMeans(len(centres), init=centres, n_init=1, max_iter=1).fit(centres)
    weights = FunctionTransformer(_weighted, kw_args={"weights": cluster_weights()})
    return Pipeline([("quantiles", quantiles), ("weights", weights), ("kmeans", kmeans)])


def cluster_weights() -> np.ndarray:
    """Return `CLUSTER_WEIGHTS` in the order of the features, (8,)."""
    return np.array([CLUSTER_WEIGHTS[name] for name in FEATURE_NAMES])


def _weighted(quantiles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return quantiles * weights


def _features(frame: pd.DataFrame) -> np.ndarray:
    return frame.loc[:, list(FEATURE_NAMES)].to_numpy(dtype=float)


def _described(
    features: np.ndarray, placed: np.ndarray, labels: np.ndarray, n_clusters: int
) -> tuple[Mood, ...]:
    members = [labels == index for index in range(n_clusters)]
    means = np.array([placed[rows].mean(axis=0) for rows in members])
    centroids = np.array([features[rows].mean(axis=0) for rows in members])
    names = mood_names(means - placed.mean(axis=0), centroids)
    moods = []
    for index, rows in enumerate(members):
        place = dict(zip(FEATURE_NAMES, means[index].tolist(), strict=True))
        centre = centroids[index].tolist()
        moods.append(
            Mood(
                index=index,
                name=names[index],
                centroid=dict(zip(FEATURE_NAMES, centre, strict=True)),
                quantiles=place,
                valence=2 * place["valence"] - 1,
                arousal=2 * place["energy"] - 1,
                size=int(rows.sum()),
            )
        )
    return tuple(moods)


# (energy, valence), each low -1, middling 0 or high 1, to a first word. Quiet music of low valence
# is what calm aims at as well as sad, so its word says nothing of a feeling.
CHARACTERS: dict[tuple[int, int], str] = {
    (-1, -1): "quiet mellow",
    (-1, 0): "quiet",
    (-1, 1): "gentle bright",
    (0, -1): "dark",
    (0, 0): "even",
    (0, 1): "bright",
    (1, -1): "dark heavy",
    (1, 0): "driving",
    (1, 1): "bright lively",
}
# What else stands out, as (word when high, word when low).
TEXTURES: dict[str, tuple[str, str]] = {
    "acousticness": ("acoustic", "electric"),
    "instrumentalness": ("instrumental", "vocal"),
    "danceability": ("dance", "drifting"),
    "speechiness": ("wordy", "melodic"),
    "tempo": ("fast", "slow"),
}
NOTABLE = 0.12  # quantile steps away from the catalogue's mean before a word is deserved
MIDDLE = 0.5  # of Spotify's energy and valence


def mood_names(deviations: np.ndarray, centroids: np.ndarray | None = None) -> list[str]:
    """Name clusters by what they are, among the catalogue's tracks and by themselves.

    Energy and valence give the first word, the feature that stands out most the second. A
    name that is taken gets the next most outstanding feature, and in the end a number.

    Parameters
    ----------
    deviations
        How the clusters' mean quantiles differ from the catalogue's, (k, 8).
    centroids
        Their mean features in Spotify's units, (k, 8), so that no word is said that holds among
        these tracks alone: the quietest fifth of a table of metal is not quiet. None takes every
        word.
    """
    names: list[str] = []
    for row, deviation in enumerate(deviations):
        by_name = dict(zip(FEATURE_NAMES, deviation.tolist(), strict=True))
        # Half of it is the jump from 0 to a trace: only a large step means wordless music.
        by_name["instrumentalness"] /= 2
        centre = None
        if centroids is not None:
            centre = dict(zip(FEATURE_NAMES, centroids[row].tolist(), strict=True))
        energy, valence = (_level(name, by_name, centre) for name in ("energy", "valence"))
        character = CHARACTERS[energy, valence]
        ranked = sorted(TEXTURES, key=lambda feature: -abs(by_name[feature]))
        ranked = [f for f in ranked if centre is None or is_true(f, centre[f], high=by_name[f] > 0)]
        words = [TEXTURES[feature][0 if by_name[feature] > 0 else 1] for feature in ranked]
        told = words[: max(1, sum(abs(by_name[feature]) > NOTABLE for feature in ranked))]
        choices = [f"{character} {word}" for word in told] or [character]
        choices += [f"{character} {told[0]} {word}" for word in words if word != told[0]]
        choices += [f"{choices[0]} {number}" for number in range(2, len(deviations) + 2)]
        names.append(next(choice for choice in choices if choice not in names))
    return names


def _level(feature: str, deviation: dict[str, float], centre: dict[str, float] | None) -> int:
    """Return on which side a cluster lies, of the catalogue and of Spotify's scale: -1, 0 or 1."""
    side = int(np.sign(deviation[feature])) if abs(deviation[feature]) > NOTABLE else 0
    return side if centre is None or side * (centre[feature] - MIDDLE) > 0 else 0


def stability(
    table: TrackTable | pd.DataFrame, ks: range | list[int], *, seed: int = 0, repeats: int = 3
) -> pd.DataFrame:
    """Measure how far each number of moods depends on which tracks happened to be fitted.

    Returns
    -------
    pandas.DataFrame
        One row for each k: ``ari_mean`` and ``ari_min``, the adjusted Rand index (1 equal, 0
        chance) between a fit on all tracks and `repeats` fits on random halves, all tracks
        being assigned by both; ``silhouette`` on at most 3000 tracks; ``inertia`` a track.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    frame = table.frame if isinstance(table, TrackTable) else table
    rows = []
    for k in ks:
        rng = np.random.default_rng(seed)
        full = fit_moods(frame, n_moods=k, seed=seed)
        labels = full.assign(frame)
        scores = []
        for repeat in range(repeats):
            half = frame.iloc[rng.permutation(len(frame))[: max(2, len(frame) // 2)]]
            other = fit_moods(half, n_moods=k, seed=seed + 1 + repeat)
            scores.append(adjusted_rand_score(labels, other.assign(frame)))
        space = scaled(full, frame)
        few = rng.permutation(len(frame))[:3000]
        distinct = len(np.unique(labels[few]))
        rows.append(
            {
                "k": k,
                "ari_mean": float(np.mean(scores)),
                "ari_min": float(np.min(scores)),
                "silhouette": silhouette_score(space[few], labels[few]) if distinct > 1 else np.nan,
                "inertia": -full.pipeline.score(_features(frame)) / len(frame),
            }
        )
    return pd.DataFrame(rows).set_index("k")


def scaled(model: MoodModel, frame: pd.DataFrame) -> np.ndarray:
    """Return tracks in the space that K-means sees: weighted quantiles, (n, 8)."""
    return model.pipeline[:-1].transform(_features(frame))


def projection(model: MoodModel, frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Lay tracks out in a plane for a picture.

    Returns
    -------
    tuple
        A frame with ``x``, ``y`` (first two principal components of the space that K-means
        sees), ``mood`` and ``name``, and the two shares of variance explained.
    """
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="full")
    plane = pca.fit_transform(scaled(model, frame))
    labels = model.assign(frame)
    names = [model.moods[label].name for label in labels]
    points = pd.DataFrame(
        {"x": plane[:, 0], "y": plane[:, 1], "mood": labels, "name": names}, index=frame.index
    )
    return points, pca.explained_variance_ratio_
