"""Judge the recipe on speakers it has never heard, and keep the evidence.

The protocol is that of REFERENCES in the model card: folds by actor (`folds.json`), inside each
fold two validation actors that are watched but not trained on, and a test fold that chooses
nothing. Each fold's network is saved as a model folder of its own; the out-of-fold predictions
come from that folder through `ser.recognizer`, the same way that a user's recording goes, and
are committed. So every figure rebuilds without audio (`metrics_of`), and with RAVDESS at hand
the predictions themselves are reproduced (`predict_out_of_fold`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ser import metrics
from ser.artefact import DEFAULT_FOLDER, load
from ser.audio import printable
from ser.emotions import EMOTION_NAMES
from ser.errors import InputError
from ser.ravdess import Clip
from ser.recognizer import load_recognizer
from ser.safe_write import write_text

PROTOCOLS = ("luna-jimenez", "emobox", "random-split")
PREDICTIONS_FILE = "out_of_fold.csv"
TABLE_COLUMNS = ("clip_id", "actor", "fold", "emotion", *EMOTION_NAMES)
REPRODUCTION_TOLERANCE = 1e-3  # resampling, FFT and float32 sums differ a little between machines


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


def fold_folder(model_folder: Path, number: int) -> Path:
    """Return where the network of a fold is kept."""
    return model_folder / "folds" / str(number)


def predict_clips(model_folder: Path, clips: Sequence[Clip], fold: int) -> pd.DataFrame:
    """Return a table of predictions by one model folder (columns `TABLE_COLUMNS`)."""
    recognizer = load_recognizer(model_folder)
    rows = []
    for clip in tqdm(clips, desc=f"fold {fold}", unit="clip", leave=False):
        estimate = recognizer.predict(clip.path)
        probabilities = [round(p, 6) for p in estimate.probabilities]
        rows.append((clip.clip_id, clip.actor, fold, clip.emotion.name, *probabilities))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def predict_out_of_fold(clips: Sequence[Clip], model_folder: Path) -> pd.DataFrame:
    """Predict every clip with the network of the fold that has never heard its speaker.

    The protocol is the one that the networks were trained under.

    Raises
    ------
    InputError
        If a fold's network is missing, or was trained under another protocol than its siblings.
    """
    protocols = {
        load(folder).settings["recipe"]["protocol"]
        for folder in sorted((model_folder / "folds").glob("*"))
    }
    if len(protocols) != 1:
        raise InputError(
            f"{printable(model_folder)}: its fold networks follow {sorted(protocols) or 'no'} "
            "protocol, one is needed; train them again: "
            "`emotify evaluate --ravdess DIR --train --out FOLDER`"
        )
    tables = [
        predict_clips(fold_folder(model_folder, fold.number), fold.test, fold.number)
        for fold in make_folds(clips, protocols.pop())
    ]
    return pd.concat(tables).sort_values("clip_id", ignore_index=True)


def cross_validate(
    clips: Sequence[Clip],
    out: Path,
    *,
    protocol: str = "luna-jimenez",
    seed: int = 0,
    shuffle_labels: bool = False,
    settings: Any = None,
    only_folds: Iterable[int] | None = None,
) -> pd.DataFrame:
    """Train the network of every fold from audio and predict its test clips.

    Folds whose folder already holds a network of the same recipe are not trained again, so an
    interrupted run goes on where it stopped.

    Parameters
    ----------
    clips
        The corpus.
    out
        Model folder: networks go to ``out/folds/N``, predictions to ``out/out_of_fold.csv``.
    protocol
        See `make_folds`.
    seed
        Seed of weights, order and augmentation.
    shuffle_labels
        Train on labels that are shuffled: the harness must then fall to chance.
    settings
        A `ser.train.TrainSettings`; the shipped recipe by default.
    only_folds
        Numbers of the folds to run; all by default.

    Returns
    -------
    DataFrame
        Out-of-fold predictions, columns `TABLE_COLUMNS`.
    """
    from ser import artefact, train  # imports TensorFlow

    settings = settings or train.TrainSettings()
    extractor = train.default_extractor()
    folds = [
        fold
        for fold in make_folds(clips, protocol)
        if only_folds is None or fold.number in set(only_folds)
    ]
    recipe = {
        "protocol": protocol,
        "seed": seed,
        "shuffled_labels": shuffle_labels,
        "training": settings.to_dict(),
    }
    waveforms: dict[str, Any] = {}
    tables = []
    for fold in folds:
        folder = fold_folder(out, fold.number)
        if not _holds_recipe(folder, recipe, extractor.settings.to_dict()):
            if not waveforms:
                waveforms = dict(
                    zip(
                        (clip.clip_id for clip in clips),
                        train.read_waveforms(clips, extractor),
                        strict=True,
                    )
                )
            labelled = _shuffled(fold.train, seed) if shuffle_labels else fold.train
            network = train.fit_network(
                [waveforms[clip.clip_id] for clip in fold.train],
                train.one_hot(labelled),
                extractor,
                settings,
                seed=seed,
                progress=f"fold {fold.number}",
            )
            artefact.save(folder, network, extractor, recipe, with_keras=False)
        tables.append(predict_clips(folder, fold.test, fold.number))
        if fold.validation:
            validation = predict_clips(folder, fold.validation, fold.number)
            tqdm.write(
                f"fold {fold.number}: validation UAR {100 * _uar(validation):.1f} "
                f"({len(fold.validation)} clips)"
            )
    table = pd.concat(tables).sort_values("clip_id", ignore_index=True)
    write_predictions(table, out / PREDICTIONS_FILE)
    return table


def _holds_recipe(folder: Path, recipe: dict[str, Any], features: dict[str, Any]) -> bool:
    try:
        stored = json.loads((folder / "settings.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return stored["recipe"] == json.loads(json.dumps(recipe)) and stored["features"] == features


def _shuffled(clips: Sequence[Clip], seed: int) -> list[Clip]:
    order = np.random.default_rng(seed).permutation(len(clips))
    return [
        replace(clip, emotion=clips[other].emotion)
        for clip, other in zip(clips, order, strict=True)
    ]


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions; an existing one is replaced at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a table of predictions.

    Raises
    ------
    InputError
        If the file is missing or is not such a table.
    """
    name = printable(path)
    try:
        table = pd.read_csv(path, dtype={"clip_id": str})
    except FileNotFoundError as error:
        raise InputError(
            f"{name}: no predictions there; make them with "
            "`emotify evaluate --ravdess DIR --train --out FOLDER`"
        ) from error
    except (ValueError, OSError) as error:
        raise InputError(f"{name}: is not a table of predictions ({error})") from error
    if tuple(table.columns) != TABLE_COLUMNS:
        raise InputError(
            f"{name}: has columns {list(table.columns)}, expected {list(TABLE_COLUMNS)}"
        )
    return table


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return `ser.metrics.evaluate` of a table of predictions."""
    labels = table["emotion"].map(EMOTION_NAMES.index).to_numpy()
    probabilities = table[list(EMOTION_NAMES)].to_numpy()
    return metrics.evaluate(
        labels,
        probabilities / probabilities.sum(axis=1, keepdims=True),  # six decimals are stored
        table["actor"],
        table["fold"],
    )


def _uar(table: pd.DataFrame) -> float:
    labels = table["emotion"].map(EMOTION_NAMES.index)
    return metrics.uar(labels, table[list(EMOTION_NAMES)].to_numpy().argmax(axis=1))


@dataclass(frozen=True)
class Reproduction:
    """How predictions made now compare with the committed ones.

    Attributes
    ----------
    n_clips
        Clips compared.
    largest_difference
        Largest absolute difference of any probability.
    n_labels_changed
        Clips whose most probable emotion is another one now.
    missing
        Committed clips that were not predicted now, or the other way round.
    """

    n_clips: int
    largest_difference: float
    n_labels_changed: int
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the committed table is reproduced."""
        return not self.missing and self.largest_difference <= REPRODUCTION_TOLERANCE

    def summary(self) -> str:
        """Say it in one line."""
        verdict = "reproduced" if self.ok else "NOT reproduced"
        text = (
            f"committed predictions {verdict}: {self.n_clips} clips, largest difference "
            f"{self.largest_difference:.1e}, labels changed {self.n_labels_changed}"
        )
        return f"{text}, clips on one side only {len(self.missing)}" if self.missing else text


def compare(table: pd.DataFrame, committed: pd.DataFrame) -> Reproduction:
    """Compare predictions with the committed ones, clip by clip."""
    both = table.merge(committed, on="clip_id", suffixes=("_now", "_then"))
    now = both[[f"{name}_now" for name in EMOTION_NAMES]].to_numpy()
    then = both[[f"{name}_then" for name in EMOTION_NAMES]].to_numpy()
    missing = set(table["clip_id"]) ^ set(committed["clip_id"])
    return Reproduction(
        n_clips=len(both),
        largest_difference=float(np.abs(now - then).max()) if len(both) else 1.0,
        n_labels_changed=int((now.argmax(axis=1) != then.argmax(axis=1)).sum()),
        missing=tuple(sorted(missing)),
    )


def committed_predictions(name: str = PREDICTIONS_FILE) -> pd.DataFrame:
    """Return predictions that ship with the model."""
    return read_predictions(DEFAULT_FOLDER / name)
