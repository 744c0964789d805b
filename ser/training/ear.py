"""Fit the linear layer of the larger ear on statistics of clips of several corpora.

Four logistic regressions are one layer (`ser.network.pooled_head.mean_layer`): on the means of the
frames alone and on means and deviations, and each once with the emotions that a corpus lacks left
out of what its clips are asked (`ser.network.masked_regression`) and once not. Means alone carry
over better to strangers, deviations know RAVDESS better; left out, an emotion that only RAVDESS has
(calm, surprised) is not taken for its rooms, kept in, neutral is not taken for calm elsewhere.

The fit is convex and nothing in it is drawn: it comes out the same each time, whatever the seed.
Altered copies of the clips are not learned from (three folds of RAVDESS by itself: 76.3 UAR with
three tenths of the weight on them, 77.1 without); they tell how sure the layer may be
(`ser.training.trust`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotions.labels import EMOTIONS
from ser.corpora.clips import SpokenClip
from ser.corpora.ravdess import CORPUS
from ser.network.masked_regression import fit_masked
from ser.network.pooled_head import PooledHead, mean_layer
from ser.training.balance import emotions_asked
from ser.training.pooled import PooledClips

UNLIKE_QUANTILE = 0.99  # of the distances of training clips


@dataclass(frozen=True)
class EarSettings:
    """The recipe.

    Attributes
    ----------
    strength
        Inverse strength of the L2 penalty of each regression, scikit-learn's ``C``.
    home, home_share
        The corpus that counts as much as so many others.
    """

    strength: float = 0.003
    home: str = CORPUS
    home_share: float = 3.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def clip_weights(clips: Sequence[SpokenClip], settings: EarSettings) -> NDArray[np.float64]:
    """Return what each clip counts, 1 on average: emotions alike within a corpus, corpora alike.

    `EarSettings.home` counts more.
    """
    kinds = [(clip.corpus, clip.emotion.name) for clip in clips]
    counts = Counter(kinds)
    n_emotions = Counter(corpus for corpus, _ in counts)
    weights = np.array(
        [
            (settings.home_share if corpus == settings.home else 1.0)
            / (n_emotions[corpus] * counts[corpus, emotion])
            for corpus, emotion in kinds
        ]
    )
    return weights * len(clips) / weights.sum()


def fit_head(
    pools: Sequence[tuple[Sequence[SpokenClip], PooledClips]],
    settings: EarSettings,
    *,
    labels: NDArray[np.int64] | None = None,
) -> PooledHead:
    """Fit the layer to clips.

    Parameters
    ----------
    pools
        Clips to train on with what was heard of them; others in the latter are not looked at.
    settings
        The recipe.
    labels
        Emotions 0-7 of all clips, in their order, where they are not the clips' own.

    Returns
    -------
    PooledHead
        With a trust of 1 in everything.
    """
    clips = [clip for some, _ in pools for clip in some]
    if labels is None:
        labels = np.array([clip.emotion.code - 1 for clip in clips])
    weights, asked = clip_weights(clips, settings), emotions_asked(clips)
    table = np.concatenate([heard.rows[heard.of(some), 0] for some, heard in pools])
    asked[np.arange(len(labels)), labels] = True  # labels that were shuffled
    centre = np.average(table, axis=0, weights=weights)
    spread = np.sqrt(np.average(np.square(table - centre), axis=0, weights=weights)) + 1e-6
    table = ((table - centre) / spread).astype(np.float32)  # twice as fast, and precise enough
    n_features = table.shape[1] // 2
    everything = np.ones_like(asked)
    layers = []
    for columns in (n_features, 2 * n_features):
        here = np.ascontiguousarray(table[:, :columns])
        for among in (asked, everything):
            kernel, bias = fit_masked(here, labels, among, weights, settings.strength)
            whole = np.zeros((2 * n_features, len(EMOTIONS)))
            whole[:columns] = kernel
            whole /= spread[:, None]
            layers.append((whole, bias - centre @ whole))
    head = PooledHead(*mean_layer(layers), centre.astype(np.float32), spread.astype(np.float32))
    distances = np.square(table[:, :n_features], dtype=np.float64).mean(axis=1)
    return replace(head, unlike_above=round(float(np.quantile(distances, UNLIKE_QUANTILE)), 4))


def frame_statistics(
    pools: Sequence[tuple[Sequence[SpokenClip], PooledClips]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation over all frames of the clips themselves, (n_features,) each."""
    rows = np.concatenate([heard.rows[heard.of(some), 0] for some, heard in pools])
    seconds = np.concatenate([heard.speech_seconds[heard.of(some), 0] for some, heard in pools])
    means, deviations = np.split(rows.astype(np.float64), 2, axis=1)
    mean = np.average(means, axis=0, weights=seconds)
    square = np.average(means**2 + deviations**2, axis=0, weights=seconds)
    return mean.astype(np.float32), np.sqrt(square - mean**2).astype(np.float32)
