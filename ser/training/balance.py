"""What each clip of several corpora counts, and what it is asked: clips flow in, arrays out."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotions.labels import EMOTION_NAMES
from ser.corpora.clips import SpokenClip, corpora_of, emotions_of

# No clip counts more than so many average ones: of a corpus of a few clips among thousands every
# one would otherwise be learned by heart.
MOST_WEIGHT = 8.0


def balanced_weights(clips: Sequence[SpokenClip]) -> NDArray[np.float64]:
    """Return what each clip counts, shape (n_clips,); 1 is the average before `MOST_WEIGHT`.

    Every corpus counts alike, however large it is, and within it every emotion that it has.
    """
    kinds = [(clip.corpus, clip.emotion.name) for clip in clips]
    counts = Counter(kinds)
    n_emotions = Counter(corpus for corpus, _ in counts)
    n_corpora = len(n_emotions)
    weights = [len(clips) / (n_corpora * n_emotions[kind[0]] * counts[kind]) for kind in kinds]
    return np.minimum(weights, MOST_WEIGHT)


def emotions_asked(clips: Sequence[SpokenClip]) -> NDArray[np.bool_]:
    """Return which emotions the corpus of each clip has, shape (n_clips, 8).

    A corpus without an emotion says nothing about it: its clips are told from each other alone.
    """
    asked = {}
    for corpus in corpora_of(clips):
        there = emotions_of([clip for clip in clips if clip.corpus == corpus])
        asked[corpus] = [name in there for name in EMOTION_NAMES]
    return np.array([asked[clip.corpus] for clip in clips])
