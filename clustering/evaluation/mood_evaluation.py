"""Is the mood right? Ways to pick tracks for an emotion, judged by what people said about them.

Judged tracks flow in, a table of scores flows out. Every way picks from the judged tracks alone,
since nobody can say whether another one fits, and is asked about one emotion at a time, certain:
`OURS` is what `clustering.playlist.make_playlist` does; the others are what one might do instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.selection import choose
from clustering.choice.wish import Wish
from clustering.evaluation.human_labels import JudgedTracks
from clustering.moods.clusters import fit_moods
from clustering.moods.mapping import aims_along
from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from foundation.shipped import restored, shipped
from foundation.tables import read_table

OURS = "K-means moods and aims (Emotify)"
N_TRACKS = 20
N_SEEDS = 10
N_HALVES = 3
CROSS_FITS = 5
SCORES_FILE = shipped("models", "mapping", "scores.csv")
COLUMNS = (
    "way", "emotion", "n_right", "chance", "precision", "precision_sd", "stability",
    "distance", "chance_distance",
)  # fmt: skip


@dataclass(frozen=True)
class Picker:
    """One way to pick tracks for an emotion.

    Attributes
    ----------
    name
        What it is called in the table.
    pick
        Takes catalogue, judged tracks, emotion name, number and seed; returns places in
        ``judged.rows``, the best first, not more than the number; None where it cannot say.
    draws
        Whether the seed matters.
    """

    name: str
    pick: Callable[[Catalogue, JudgedTracks, str, int, int], np.ndarray | None] = field(repr=False)
    draws: bool = False


def _ours(
    catalogue: Catalogue, judged: JudgedTracks, emotion: str, n_tracks: int, seed: int
) -> np.ndarray:
    aims = aims_along(EmotionEstimate.of(emotion), "match", n_tracks)
    choices = choose(catalogue, judged.rows, aims, Wish(seed=seed))
    return np.searchsorted(judged.rows, [choice.row for choice in choices])


def _nearest(valence: np.ndarray, energy: np.ndarray, emotion: str, n_tracks: int) -> np.ndarray:
    """Return the places nearest to a feeling's own, stretched to 0..1."""
    feeling = emotion_named(emotion)
    steps = np.hypot(valence - (feeling.valence + 1) / 2, energy - (feeling.arousal + 1) / 2)
    return np.argsort(steps, kind="stable")[:n_tracks]


def _valence_energy(
    catalogue: Catalogue, judged: JudgedTracks, emotion: str, n_tracks: int, _seed: int
) -> np.ndarray:
    """Pick the nearest in Spotify's units."""
    frame = catalogue.table.frame.iloc[judged.rows]
    valence, energy = (frame[name].to_numpy(dtype=float) for name in ("valence", "energy"))
    return _nearest(valence, energy, emotion, n_tracks)


def _valence_energy_quantiles(
    catalogue: Catalogue, judged: JudgedTracks, emotion: str, n_tracks: int, _seed: int
) -> np.ndarray:
    """Pick the nearest in quantiles of the listener's table."""
    places = catalogue.quantiles[judged.rows]
    valence, energy = (places[:, FEATURE_NAMES.index(name)] for name in ("valence", "energy"))
    return _nearest(valence, energy, emotion, n_tracks)


def _nearest_mood(
    catalogue: Catalogue, judged: JudgedTracks, emotion: str, n_tracks: int, seed: int
) -> np.ndarray:
    """Pick any tracks of the mood cluster nearest to the feeling in valence and arousal."""
    feeling = emotion_named(emotion)
    labels = catalogue.labels[judged.rows]
    here = [mood for mood in catalogue.model.moods if (labels == mood.index).any()]
    steps = [np.hypot(m.valence - feeling.valence, m.arousal - feeling.arousal) for m in here]
    members = np.flatnonzero(labels == here[int(np.argmin(steps))].index)
    return np.random.default_rng(seed).permutation(members)[:n_tracks]


def _learned(
    catalogue: Catalogue, judged: JudgedTracks, emotion: str, n_tracks: int, _seed: int
) -> np.ndarray | None:
    """Pick what a model fitted on these very labels finds likeliest.

    Each track is scored by a model that has seen no track of its artist. No listener has such
    labels; it says how far features go.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    right = right_tracks(judged, emotion)
    names = catalogue.table.frame["artist"].iloc[judged.rows].str.casefold()
    artists = np.unique(names, return_inverse=True)[1]
    if min(len(np.unique(artists[side])) for side in (right, ~right)) < 2 * CROSS_FITS:
        return None
    model = make_pipeline(
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(C=0.01, max_iter=1000),
    )
    scores = cross_val_predict(
        model,
        catalogue.quantiles[judged.rows],
        right,
        cv=_folds(right.tobytes(), artists.tobytes()),
        method="decision_function",
    )
    return np.argsort(-scores, kind="stable")[:n_tracks]


@lru_cache(maxsize=len(EMOTION_NAMES))
def _folds(right: bytes, artists: bytes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide tracks (booleans, and numbers of artists) so that no artist is on both sides.

    Dividing takes longer than fitting; emotions of one quadrant, and every half of a catalogue,
    are divided alike.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    fits, groups = np.frombuffer(right, bool), np.frombuffer(artists, np.intp)
    return list(StratifiedGroupKFold(CROSS_FITS).split(fits, fits, groups))


PICKERS: tuple[Picker, ...] = (
    Picker(OURS, _ours, draws=True),
    Picker("nearest in valence and energy", _valence_energy),
    Picker("nearest in quantiles of valence and energy", _valence_energy_quantiles),
    Picker("any track of the nearest K-means mood", _nearest_mood, draws=True),
    Picker("learned from these labels (cross-fitted)", _learned),
)


def asked_emotions(judged: JudgedTracks) -> tuple[str, ...]:
    """Return the emotions that the judgements can say something about, in their usual order."""
    if judged.moods is not None:
        return tuple(name for name in EMOTION_NAMES if (judged.moods == name).any())
    return tuple(e.name for e in EMOTIONS if e.valence and e.arousal)  # neutral has no quadrant


def right_tracks(judged: JudgedTracks, emotion: str) -> np.ndarray:
    """Return whether each judged track fits an emotion, (n,).

    By its mood label where there are labels; otherwise if it lies in the emotion's quadrant of
    valence and arousal, cut at the median of the judged tracks.
    """
    if judged.moods is not None:
        return judged.moods == emotion
    if judged.valence is None or judged.arousal is None:
        raise ValueError("nobody judged these tracks")
    feeling = emotion_named(emotion)
    return (judged.valence * feeling.valence > 0) & (judged.arousal * feeling.arousal > 0)


def evaluate_moods(
    catalogue: Catalogue,
    judged: JudgedTracks,
    *,
    n_tracks: int = N_TRACKS,
    n_seeds: int = N_SEEDS,
    pickers: Sequence[Picker] = PICKERS,
) -> pd.DataFrame:
    """Score ways to pick tracks against human judgements.

    Parameters
    ----------
    catalogue
        Tracks with their moods.
    judged
        What people said about some of them, or all.
    n_tracks
        Length of the playlists.
    n_seeds
        Playlists for each emotion, from seed 0 on, where a way draws at random.
    pickers
        The ways to compare.

    Returns
    -------
    DataFrame
        A row for each way and emotion: ``way``, ``emotion``, ``n_right`` (judged tracks that fit),
        ``chance`` (their share), ``precision`` (share of the `n_tracks` places filled with such a
        track, mean over seeds), ``precision_sd`` (over seeds), ``stability`` (share of the picks
        of seed 0 that stay when moods and quantiles are fitted on a random half of the catalogue,
        mean of three), and, where people rated valence and arousal, ``distance`` from the
        emotion's place to theirs (both -1..1; mean over tracks and seeds) with
        ``chance_distance``.
    """
    halves = [_fitted_on_half(catalogue, seed) for seed in range(N_HALVES)]
    lines = []
    for picker in pickers:
        for emotion in asked_emotions(judged):
            right = right_tracks(judged, emotion)
            seeds = range(n_seeds if picker.draws else 1)
            picks = [picker.pick(catalogue, judged, emotion, n_tracks, seed) for seed in seeds]
            made = [pick for pick in picks if pick is not None]
            precision = [float(right[pick].sum()) / n_tracks for pick in made] or [np.nan]
            line = {
                "way": picker.name,
                "emotion": emotion,
                "n_right": int(right.sum()),
                "chance": float(right.mean()),
                "precision": float(np.mean(precision)),
                "precision_sd": float(np.std(precision)),
                "stability": np.nan,
            }
            if made:
                others = [picker.pick(half, judged, emotion, n_tracks, 0) for half in halves]
                kept = [np.isin(made[0], o).mean() for o in others if o is not None]
                line["stability"] = float(np.mean(kept))
            if judged.valence is not None and judged.arousal is not None:
                feeling = emotion_named(emotion)
                steps = np.hypot(judged.valence - feeling.valence, judged.arousal - feeling.arousal)
                line["distance"] = float(np.mean([steps[pick].mean() for pick in made] or [np.nan]))
                line["chance_distance"] = float(steps.mean())
            lines.append(line)
    return pd.DataFrame(lines)


def _fitted_on_half(catalogue: Catalogue, seed: int) -> Catalogue:
    frame = catalogue.table.frame
    half = frame.sample(frac=0.5, random_state=seed) if len(frame) > 3 else frame
    model = fit_moods(half, n_moods=len(catalogue.model.moods), seed=catalogue.model.seed)
    return Catalogue.of(catalogue.table, model)


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each way, in order: the mean over emotions of every number."""
    numbers = ["chance", "precision", "stability", "distance", "chance_distance"]
    kept = [name for name in numbers if name in scores]
    return scores.groupby("way", sort=False)[kept].mean(skipna=False).reset_index()


def committed_scores() -> pd.DataFrame:
    """Return the scores that come with the project (``models/mapping/README.md`` says of what)."""
    return read_table(SCORES_FILE, COLUMNS, restored("models", "mapping"))


def markdown_table(scores: pd.DataFrame) -> str:
    """Return our scores for each emotion, and the mean of every way, as one Markdown table."""
    emotions = list(dict.fromkeys(scores["emotion"]))
    lines = [
        f"| share of the picks that fit | {' | '.join(emotions)} | mean | stability |",
        "|---" * (len(emotions) + 3) + "|",
    ]
    for way, rows in scores.groupby("way", sort=False):
        numbers = [*rows["precision"], rows["precision"].mean(), rows["stability"].mean()]
        name = f"**{OURS}**" if way == OURS else str(way)
        lines.append(f"| {name} | {' | '.join(f'{number:.2f}' for number in numbers)} |")
    chance = [*rows["chance"], rows["chance"].mean()]
    lines.append(f"| by chance | {' | '.join(f'{number:.2f}' for number in chance)} | |")
    return "\n".join(lines)


def as_dict(scores: pd.DataFrame, judged: JudgedTracks) -> dict[str, Any]:
    """Return plain values for JSON: the mean of every way, ours first, and its emotions."""

    def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
        return table.astype(object).where(table.notna(), None).to_dict("records")  # no NaN

    means = records(mean_scores(scores))
    ways = scores.groupby("way", sort=False)
    return {
        "n_judged": len(judged),
        "precision": means[0]["precision"],
        "ways": [
            {**mean, "emotions": records(rows.drop(columns="way"))}
            for mean, (_, rows) in zip(means, ways, strict=True)
        ],
    }


def as_text(scores: pd.DataFrame, judged: JudgedTracks, n_tracks: int = N_TRACKS) -> str:
    """Return scores for a terminal: ours for each emotion, then the mean of every way."""
    what = "mood label" if judged.moods is not None else "quadrant of human valence and arousal"
    head = (
        f"{len(judged):,} judged tracks; share of {n_tracks} picks with the right {what}, "
        "by chance, and how many there are"
    )
    lines = [head, ""]
    for row in scores[scores["way"] == scores["way"].iloc[0]].to_dict("records"):
        line = f"  {row['emotion']:10} {row['precision']:.2f} ± {row['precision_sd']:.2f}"
        line += f"  chance {row['chance']:.2f}  {row['n_right']:>6,}"
        if "distance" in row:
            line += f"  distance {row['distance']:.2f} (any track {row['chance_distance']:.2f})"
        lines.append(line)
    lines.append(
        "\nmean over these emotions, and share of picks that stay when half of the table is"
    )
    lines.append("used to fit moods and quantiles")
    for row in mean_scores(scores).to_dict("records"):
        numbers = (row["precision"], row["stability"])
        told = "  ".join("   -" if np.isnan(number) else f"{number:.2f}" for number in numbers)
        lines.append(f"  {told}  {row['way']}")
    lines.append(f"  {row['chance']:.2f}        by chance")
    return "\n".join(lines)
