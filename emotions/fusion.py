"""Several senses, one estimate: what the voice says and what the words say flow in, one flows out.

With p_s the calibrated probabilities of sense s and w_s how much it counts beside another::

    log p = sum over s of w_s log p_s + constant

a product of experts. A sense that knows nothing (all eight alike) changes no order of the eight and
makes the others little less sure, the order of senses does not matter, and one sense by itself
stays as it is. Senses that hear the same person at the same
moment err together more often than by chance, so each counts less than 1 beside another: weights
and how they were found stand in `fusion.toml`.

Where two senses are sure of different things, that is said, and the estimate is not acted on as
one: music then serves both.
"""

import tomllib
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.calibration import SMALLEST_PROBABILITY, softmax
from emotions.estimate import EmotionEstimate, Nuance
from emotions.labels import emotion_named
from foundation.errors import InputError

SURE = 0.5  # probability from which a sense is taken at its word where another contradicts
_SENSES = tomllib.loads(Path(__file__).with_name("fusion.toml").read_text("utf-8"))["sense"]
WEIGHTS: dict[str, float] = {name: float(sense["weight"]) for name, sense in _SENSES.items()}
SAID: dict[str, str] = {name: sense["said"] for name, sense in _SENSES.items()}


def fuse(senses: Mapping[str, EmotionEstimate]) -> EmotionEstimate:
    """Return one estimate of what several senses say about the same person.

    Parameters
    ----------
    senses
        By name, of `WEIGHTS`. Those that found nothing to judge take no part.

    Returns
    -------
    EmotionEstimate
        Nuances of all of them; a doubt where two that are sure contradict each other, or where all
        are in doubt, and none where one sense settles what another doubted. The only one that
        found something is returned as it is, and the first where none did.

    Raises
    ------
    InputError
        If there is no sense, or one of another name.
    """
    unknown = [name for name in senses if name not in WEIGHTS]
    if unknown or not senses:
        raise InputError(
            f"estimates are fused by the names {', '.join(WEIGHTS)}, and "
            f"{', '.join(unknown) or 'nothing'} was given"
        )
    judged = {name: senses[name] for name in sorted(senses) if not senses[name].absence}
    if len(judged) < 2:
        return next(iter(judged.values() or senses.values()))
    rows = product({name: one.probabilities for name, one in judged.items()}, WEIGHTS)
    nuances: dict[str, Nuance] = {}
    for estimate in judged.values():
        for nuance in estimate.nuances:
            nuances.setdefault(nuance.name, nuance)
    apart = contradictions(judged)
    doubts = tuple(apart)
    if not apart and all(estimate.uncertain for estimate in judged.values()):
        doubts = tuple(dict.fromkeys(d for one in judged.values() for d in one.doubts))
    return EmotionEstimate(
        tuple(rows.tolist()),
        duration_seconds=max(estimate.duration_seconds for estimate in judged.values()),
        doubts=doubts,
        nuances=tuple(nuances.values()),
        notes=tuple(dict.fromkeys(note for one in judged.values() for note in one.notes)),
    )


def product(
    probabilities: Mapping[str, ArrayLike], weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the product of what several senses say, each to the power of its weight.

    Parameters
    ----------
    probabilities
        By sense, shape (..., 8).
    weights
        By sense, too.

    Returns
    -------
    ndarray
        Shape (..., 8); each row sums to 1.
    """
    logarithms = [
        weights[name] * np.log(np.maximum(rows, SMALLEST_PROBABILITY))
        for name, rows in probabilities.items()
    ]
    return softmax(np.sum(logarithms, axis=0))


def contradictions(senses: Mapping[str, EmotionEstimate]) -> list[str]:
    """Return in words which senses are sure of different emotions."""
    sure = {name: one for name, one in senses.items() if one.confidence >= SURE}
    return [
        ", ".join(
            f"{SAID[name]} {emotion_named(sure[name].label).adjective}" for name in (first, second)
        )
        for first, second in combinations(sure, 2)
        if sure[first].label != sure[second].label
    ]
