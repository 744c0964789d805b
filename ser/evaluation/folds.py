"""Who is on which side: clips divided so that no speaker is on two.

RAVDESS is divided as published protocols ask (`folds.json`), anybody's corpora by `speaker_folds`.
Folds are by person in every protocol but ``random-split``, and inside each fold there are
validation people, so that those of the test choose nothing. Each network of a fold is kept in a
folder of its own.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foundation.errors import InputError
from ser.corpora.clips import SpokenClip, emotions_of, voice_of

PROTOCOLS = ("luna-jimenez", "emobox", "random-split")
BY_SPEAKER = "by-speaker"
MOST_FOLDS = 5
# So many parts are made of the people who are not tested, and one of them validates.
LEAST_PARTS, MOST_PARTS = 3, 8


@dataclass(frozen=True)
class Fold:
    """One division of the clips.

    Attributes
    ----------
    number
        The fold's number in its publication.
    train, validation, test
        Clips; by person in every protocol but ``random-split``.
    """

    number: int
    train: tuple[Any, ...]
    validation: tuple[Any, ...]
    test: tuple[Any, ...]


def make_folds(clips: Sequence[Any], protocol: str) -> tuple[Fold, ...]:
    """Divide clips as a protocol asks.

    Parameters
    ----------
    clips
        The corpus: RAVDESS, but with ``"by-speaker"``.
    protocol
        ``"luna-jimenez"`` (five folds by actor, the headline), ``"emobox"`` (six),
        ``"by-speaker"`` (`speaker_folds`), or ``"random-split"``: five folds drawn over clips, with
        every speaker on both sides. The last is here to show how much it flatters, and for nothing
        else.

    Raises
    ------
    InputError
        If the protocol is unknown or its actors are not in the corpus.
    """
    if protocol == BY_SPEAKER:
        return speaker_folds(clips)
    if protocol == "random-split":
        return _random_folds(clips)
    if protocol not in PROTOCOLS:
        raise InputError(f"unknown protocol {protocol!r}; choose one of: {', '.join(PROTOCOLS)}")
    published = json.loads(Path(__file__).with_name("folds.json").read_text("utf-8"))
    folds = []
    for entry in published[protocol]["folds"]:
        test, validation = set(entry["test_actors"]), set(entry["validation_actors"])
        absent = (test | validation) - {clip.actor for clip in clips}
        if absent:
            raise InputError(
                f"protocol {protocol} needs all 24 actors; the corpus lacks {sorted(absent)}; "
                "run `emotify ravdess validate DIR` to see what is missing"
            )
        folds.append(
            Fold(
                entry["fold"],
                tuple(clip for clip in clips if clip.actor not in test | validation),
                tuple(clip for clip in clips if clip.actor in validation),
                tuple(clip for clip in clips if clip.actor in test),
            )
        )
    return tuple(folds)


def speaker_folds(clips: Sequence[SpokenClip]) -> tuple[Fold, ...]:
    """Divide clips of any corpora by speaker, corpora and emotions shared out evenly.

    Five folds, or as many as there are speakers. Of the speakers who are not tested in a fold about
    an eighth validate, two at least where there are enough. The same clips are divided the same way
    in any order. Speakers of one name in several corpora may be one person, and stay together.

    Raises
    ------
    InputError
        If in some fold nobody is left to learn an emotion from; `ser.corpora.enough` says before
        what is needed.
    """
    ordered = sorted(clips, key=lambda clip: clip.clip_id)
    n_folds = min(MOST_FOLDS, len({voice_of(clip) for clip in ordered}))
    folds = []
    for number, tested in enumerate(_parts(ordered, n_folds)):
        rest = [clip for clip in ordered if voice_of(clip) not in tested]
        n_parts = len({voice_of(clip) for clip in rest}) // 2
        parts = _parts(rest, min(max(n_parts, LEAST_PARTS), MOST_PARTS))
        validating = parts[number % len(parts)]  # not the same people in every fold
        fold = Fold(
            number,
            tuple(clip for clip in rest if voice_of(clip) not in validating),
            tuple(clip for clip in rest if voice_of(clip) in validating),
            tuple(clip for clip in ordered if voice_of(clip) in tested),
        )
        unheard = set(emotions_of(ordered)) - set(emotions_of(fold.train))
        if unheard:
            raise InputError(
                f"in fold {number} nobody is left to learn {' and '.join(sorted(unheard))} from, "
                "for those who express it test and validate; give recordings of it by more "
                "speakers, or leave it out of the table"
            )
        folds.append(fold)
    return tuple(folds)


def _parts(clips: Sequence[SpokenClip], n_parts: int) -> list[set[str]]:
    """Divide speakers into parts, each of which has its share of every corpus and emotion."""
    from sklearn.model_selection import StratifiedGroupKFold

    kinds = [f"{clip.corpus}/{clip.emotion.name}" for clip in clips]
    voices = np.array([voice_of(clip) for clip in clips])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a kind may have fewer clips than parts
        divided = list(StratifiedGroupKFold(n_parts).split(kinds, kinds, voices))
    return [set(voices[part].tolist()) for _, part in divided]


def _random_folds(clips: Sequence[Any], n_folds: int = 5) -> tuple[Fold, ...]:
    part = np.random.default_rng(0).permutation(len(clips)) % n_folds
    return tuple(
        Fold(
            number,
            tuple(clip for clip, p in zip(clips, part, strict=True) if p != number),
            (),
            tuple(clip for clip, p in zip(clips, part, strict=True) if p == number),
        )
        for number in range(n_folds)
    )


def fold_folder(model_folder: Path, number: int, seed: int = 0) -> Path:
    """Return where the network of a fold is kept; those of seed 0 are committed."""
    top = model_folder / "seeds" / str(seed) if seed else model_folder
    return top / "folds" / str(number)
