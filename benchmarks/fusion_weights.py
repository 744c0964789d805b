"""Find how much voice and words count when they are fused, from committed predictions of both.

    python benchmarks/fusion_weights.py

draws pairs of a RAVDESS clip and a GoEmotions text of the same emotion, each judged by a model that
had not met it; fits the exponents of `emotions.fusion` on one half of people and texts and judges
the other. The shipped weights stand in `emotions/fusion.toml`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from emotions import calibration_metrics
from emotions.fusion import product
from emotions.labels import EMOTION_NAMES
from emotions.predictions import labels_of, probabilities_of
from reading.evaluation.judge import committed_predictions as of_texts
from ser.evaluation.predictions import committed_predictions as of_voices

PAIRS_OF_AN_EMOTION = 2000
NAMES = ("voice", "words")


def pairs(voices: pd.DataFrame, texts: pd.DataFrame, seed: int) -> tuple[np.ndarray, ...]:
    """Return probabilities of voices and of texts, (n, 8) each, and their labels (n,)."""
    chance = np.random.default_rng(seed)
    drawn = []
    for table in (voices, texts):
        labels = labels_of(table)
        rows = [
            chance.choice(np.flatnonzero(labels == emotion), PAIRS_OF_AN_EMOTION)
            for emotion in range(len(EMOTION_NAMES))
        ]
        drawn.append(probabilities_of(table)[np.concatenate(rows)])
    return (*drawn, np.repeat(np.arange(len(EMOTION_NAMES)), PAIRS_OF_AN_EMOTION))


def fused(weights: Sequence[float], voices: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return what both say together, each counting by its weight."""
    return product({"voice": voices, "words": words}, dict(zip(NAMES, weights, strict=True)))


def main() -> None:
    """Fit, judge and print."""
    voices, texts = of_voices(), of_texts()
    voices = voices[voices["seed"] == 0]
    texts = texts[texts["text_id"].str.startswith("goemotions/")]
    odd, even = voices["actor"] % 2 == 1, np.arange(len(texts)) % 2 == 0
    first, second, labels = pairs(voices[odd], texts[even], 0)

    def loss(weights: Sequence[float]) -> float:
        rows = fused(weights, first, second)
        return float(-np.log(rows[np.arange(len(labels)), labels]).mean())

    found = minimize(loss, np.array([0.8, 0.8]), method="Nelder-Mead").x
    print(f"weights: voice {found[0]:.2f}, words {found[1]:.2f}")
    first, second, labels = pairs(voices[~odd], texts[~even], 1)
    for name, weights in (("both", found), ("voice", (1, 0)), ("words", (0, 1))):
        rows = fused(weights, first, second)
        error = calibration_metrics.expected_calibration_error(labels, rows)
        right = float(np.mean(rows.argmax(axis=1) == labels))
        print(f"{name:<6} right {right:.3f}, sure {rows.max(axis=1).mean():.3f}, ECE {error:.3f}")


if __name__ == "__main__":
    main()
