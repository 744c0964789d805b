"""Several senses, one estimate: what the voice says and what the words say flow in, one flows out.

With p_s the calibrated probabilities of sense s and w_s how much it counts beside another::

    log p = sum over s of w_s log p_s + constant

a product of experts. A sense that knows nothing (all eight alike) changes nothing, the order does
not matter, and one sense by itself stays as it is. Senses that hear the same person at the same
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

from emotions.calibration import SMALLEST_PROBABILITY
from emotions.estimate import EmotionEstimate, Nuance
from emotions.labels import EMOTION_NAMES, emotion_named
from foundation.errors import InputError

SURE = 0.5  # probability from which a sense is taken at its word where another contradicts


_SENSES = tomllib.loads(Path(__file__).with_name("fusion.toml").read_text("utf-8"))["sense"]
WEIGHTS: dict[str, float] = {name: float(sense["weight"]) for name, sense in _SENSES.items()}


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
    logits = np.zeros(len(EMOTION_NAMES))
    for name, estimate in judged.items():
        floored = np.maximum(estimate.probabilities, SMALLEST_PROBABILITY)
        logits += WEIGHTS[name] * np.log(floored)
    powers = np.exp(logits - logits.max())
    nuances: dict[str, Nuance] = {}
    for estimate in judged.values():
        for nuance in estimate.nuances:
            nuances.setdefault(nuance.name, nuance)
    apart = contradictions(judged)
    doubts = tuple(apart)
    if not apart and all(estimate.uncertain for estimate in judged.values()):
        doubts = tuple(dict.fromkeys(d for one in judged.values() for d in one.doubts))
    return EmotionEstimate(
        tuple((powers / powers.sum()).tolist()),
        duration_seconds=max(estimate.duration_seconds for estimate in judged.values()),
        doubts=doubts,
        nuances=tuple(nuances.values()),
        notes=tuple(dict.fromkeys(note for one in judged.values() for note in one.notes)),
    )


def contradictions(senses: Mapping[str, EmotionEstimate]) -> list[str]:
    """Return in words which senses are sure of different emotions."""
    sure = {name: one for name, one in senses.items() if one.confidence >= SURE}
    return [
        ", ".join(
            f"{_SENSES[name]['said']} {emotion_named(sure[name].label).adjective}"
            for name in (first, second)
        )
        for first, second in combinations(sure, 2)
        if sure[first].label != sure[second].label
    ]
