"""Who is on which side: the clips of RAVDESS, divided as published protocols ask (`folds.json`).

Folds are by actor in every protocol but ``random-split``, and inside each fold there are validation
actors, so that the test actors choose nothing. Each network of a fold is kept in a folder of its
own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundation.errors import InputError
from ser.corpora.ravdess import Clip

PROTOCOLS = ("luna-jimenez", "emobox", "random-split")


@dataclass(frozen=True)
class Fold:
    """One division of the clips.

    Attributes
    ----------
    number
        The fold's number in its publication.
    train, validation, test
        Clips; by actor in every protocol but ``random-split``.
    """

    number: int
    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    test: tuple[Clip, ...]


def make_folds(clips: Sequence[Clip], protocol: str) -> tuple[Fold, ...]:
    """Divide clips as a protocol asks.

    Parameters
    ----------
    clips
        The corpus.
    protocol
        ``"luna-jimenez"`` (five folds by actor, the headline), ``"emobox"`` (six), or
        ``"random-split"``: five folds drawn over clips, with every speaker on both sides. The
        last is here to show how much it flatters, and for nothing else.

    Raises
    ------
    InputError
        If the protocol is unknown or its actors are not in the corpus.
    """
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


def _random_folds(clips: Sequence[Clip], n_folds: int = 5) -> tuple[Fold, ...]:
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
