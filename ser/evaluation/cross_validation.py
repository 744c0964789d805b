"""Judge the recipe on speakers it has never heard, and keep the evidence.

The protocol is that of REFERENCES in the model card: folds by actor (`folds.json`), and inside
each fold two validation actors. `cross_validate` goes through it in two steps, each a set of
independent jobs:

1. *choice*: for every fold, networks that have heard neither its validation nor its test actors
   predict the validation clips, and the calibration is fitted on those predictions;
2. *judgement*: for every fold and seed, networks trained on all but the test actors, with that
   calibration, predict the test clips. The test fold has chosen nothing.

Each judged network is saved as a model folder of its own; the out-of-fold predictions come from
that folder through `ser.recognizer`, the same way that a user's recording goes, and are
committed. So every figure rebuilds without audio (`metrics_of`), and with RAVDESS at hand the
predictions of the first seed are reproduced (`predict_out_of_fold`).
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from emotions import metrics
from emotions.calibration import Calibration, store_calibration
from emotions.calibration_fitting import fit_calibration
from emotions.labels import EMOTION_NAMES
from foundation import jobs
from foundation.errors import InputError
from foundation.tables import read_table, write_table
from foundation.text import printable
from ser.corpora.ravdess import INTENSITIES, Clip
from ser.features.mfcc import new_extractor
from ser.network.artefact import DEFAULT_FOLDER, plain, stored_settings
from ser.recognizer import Recognizer, load_recognizer

PROTOCOLS = ("luna-jimenez", "emobox", "random-split")
PREDICTIONS_FILE = "out_of_fold.csv"
VALIDATION_FILE = "validation.csv"  # what the calibrations were fitted on
TABLE_COLUMNS = ("clip_id", "actor", "fold", "seed", "emotion", *EMOTION_NAMES)
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


def fold_folder(model_folder: Path, number: int, seed: int = 0) -> Path:
    """Return where the network of a fold is kept; those of seed 0 are committed."""
    top = model_folder / "seeds" / str(seed) if seed else model_folder
    return top / "folds" / str(number)


def predict_clips(
    recognizer: Recognizer,
    clips: Sequence[Clip],
    fold: int,
    seed: int,
    *,
    progress: bool = True,
) -> pd.DataFrame:
    """Return a table of predictions by one model (columns `TABLE_COLUMNS`)."""
    rows = []
    for clip in tqdm(clips, f"fold {fold}", unit="clip", leave=False, disable=not progress):
        probabilities = [round(p, 6) for p in recognizer.predict(clip.path).probabilities]
        rows.append((clip.clip_id, clip.actor, fold, seed, clip.emotion.name, *probabilities))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def fold_models(clips: Sequence[Clip], model_folder: Path) -> list[tuple[Recognizer, Fold]]:
    """Return the folds that the networks of a model folder were trained under, each with its own.

    Raises
    ------
    InputError
        If a fold's network is missing, or was trained under another protocol than its siblings.
    """
    recognizers = {
        int(folder.name): load_recognizer(folder)
        for folder in sorted((model_folder / "folds").glob("[0-9]*"))
    }
    recipes = [one.artefact.settings["recipe"] for one in recognizers.values()]
    protocols = {(recipe["protocol"], recipe["seed"]) for recipe in recipes}
    if not recipes:
        raise InputError(
            f"{printable(model_folder)}: holds no networks of folds; train them: "
            "`emotify evaluate --ravdess DIR --train --out FOLDER`"
        )
    if len(protocols) != 1:
        raise InputError(
            f"{printable(model_folder)}: its fold networks follow {sorted(protocols)}, one is "
            "needed; train them again: `emotify evaluate --ravdess DIR --train --out FOLDER`"
        )
    folds = make_folds(clips, protocols.pop()[0])
    absent = {fold.number for fold in folds} - set(recognizers)
    if absent:
        raise InputError(
            f"{printable(model_folder)}: the networks of folds {sorted(absent)} are missing; run "
            "`emotify evaluate --ravdess DIR --train --out FOLDER` to its end"
        )
    return [(recognizers[fold.number], fold) for fold in folds]


def predict_out_of_fold(clips: Sequence[Clip], model_folder: Path) -> pd.DataFrame:
    """Predict every clip with the network of the fold that has never heard its speaker.

    The protocol and the seed are those that the networks in ``folds/`` were trained under.

    Raises
    ------
    InputError
        As `fold_models`.
    """
    return _in_order(
        [
            predict_clips(
                recognizer, fold.test, fold.number, recognizer.artefact.settings["recipe"]["seed"]
            )
            for recognizer, fold in fold_models(clips, model_folder)
        ]
    )


def cross_validate(
    clips: Sequence[Clip],
    out: Path,
    *,
    protocol: str = "luna-jimenez",
    seeds: Sequence[int] = (0,),
    shuffle_labels: bool = False,
    settings: Any = None,
    only_folds: Iterable[int] | None = None,
    calibrate: bool = True,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Train the networks of every fold and seed from audio and predict the test clips.

    What a folder in `out` holds already of the same recipe is not trained again, so an
    interrupted run goes on where it stopped.

    Parameters
    ----------
    clips
        The corpus.
    out
        Model folder: networks go to `fold_folder`, predictions to ``out/out_of_fold.csv`` and
        those of the validation clips to ``out/validation.csv``.
    protocol
        See `make_folds`.
    seeds
        Seeds of weights, order and masks. The calibration of a fold is chosen with the first.
    shuffle_labels
        Train on labels that are shuffled: the harness must then fall to chance.
    settings
        A `ser.training.train.TrainSettings`; the shipped recipe by default.
    only_folds
        Numbers of the folds to run; all by default.
    calibrate
        Whether to go through the choice; labels do not depend on it.
    n_jobs
        Jobs at once on this machine: one a core by default, one where there is a GPU.

    Returns
    -------
    DataFrame
        Out-of-fold predictions, columns `TABLE_COLUMNS`.
    """
    from ser.features.feature_copies import cached_feature_copies
    from ser.training import train  # imports TensorFlow

    settings = settings or train.TrainSettings()
    extractor = new_extractor()
    chosen = None if only_folds is None else set(only_folds)
    folds = [f for f in make_folds(clips, protocol) if chosen is None or f.number in chosen]
    recipe = {
        "protocol": protocol,
        "shuffled_labels": shuffle_labels,
        "training": settings.to_dict(),
    }
    cache = out / "features.npz"
    copies = cached_feature_copies(cache, clips, extractor, settings.augment)
    if n_jobs is None:
        n_jobs = 1 if train.has_gpu() else -1

    def run(all_jobs: list[_Job], title: str) -> list[pd.DataFrame]:
        shared = (copies, extractor, settings)
        return list(jobs.run(_train_and_predict, all_jobs, *shared, title=title, n_jobs=n_jobs))

    choices = [
        _Job(
            folder=out / "choice" / str(fold.number),
            fold=fold.number,
            train=fold.train,
            judged=fold.validation,
            recipe={**recipe, "seed": seeds[0]},
        )
        for fold in folds
        if calibrate and fold.validation
    ]
    validation = run(choices, "choice") if choices else []
    calibrations = {int(table["fold"].iloc[0]): fit_calibration(table) for table in validation}
    judgements = [
        _Job(
            folder=fold_folder(out, fold.number, seed),
            fold=fold.number,
            train=fold.train + fold.validation,
            judged=fold.test,
            recipe={**recipe, "seed": seed},
            calibration=calibrations.get(fold.number, Calibration()),
        )
        for seed in seeds
        for fold in folds
    ]
    table = _in_order(run(judgements, "judgement"))
    write_predictions(table, out / PREDICTIONS_FILE)
    if validation:
        write_predictions(_in_order(validation), out / VALIDATION_FILE)
    cache.unlink()
    return table


QUICK_FOLD, QUICK_SEED = 0, 0
QUICK_TOLERANCE = 0.03  # other machines sum in another order, and training magnifies that


def retrain_one_fold(clips: Sequence[Clip], out: Path) -> tuple[float, float]:
    """Train one fold of one seed from audio and return its UAR, now and as committed."""
    table = cross_validate(
        clips, out, seeds=(QUICK_SEED,), only_folds=(QUICK_FOLD,), calibrate=False
    )
    then = committed_predictions()
    then = then[(then["fold"] == QUICK_FOLD) & (then["seed"] == QUICK_SEED)]
    return metrics_of(table)["uar"], metrics_of(then)["uar"]


@dataclass(frozen=True)
class _Job:
    """Networks to train, and the clips they are asked about."""

    folder: Path
    fold: int
    train: tuple[Clip, ...]
    judged: tuple[Clip, ...]
    recipe: dict[str, Any]
    calibration: Calibration | None = None


def _train_and_predict(job: _Job, copies: Any, extractor: Any, settings: Any) -> pd.DataFrame:
    # The predictions are written last: where they are, the job was done to its end.
    predictions = job.folder / "predictions.csv"
    stored, seed = stored_settings(job.folder), job.recipe["seed"]
    trained = (
        stored.get("recipe") == plain(job.recipe)
        and stored.get("features") == extractor.settings.to_dict()
        and predictions.is_file()
    )
    if trained and job.calibration in (None, Calibration.from_dict(stored.get("calibration"))):
        return read_predictions(predictions)
    if not trained:
        from ser.network import artefact
        from ser.training import train

        shutil.rmtree(job.folder, ignore_errors=True)
        clips = _shuffled(job.train, seed) if job.recipe["shuffled_labels"] else job.train
        network = train.fit_network(copies, clips, extractor, settings, seed=seed, progress=False)
        artefact.save(job.folder, network, extractor, job.recipe, with_keras=False)
    predictions.unlink(missing_ok=True)
    if job.calibration is not None:
        store_calibration(job.folder, job.calibration)
    recognizer = load_recognizer(job.folder)
    table = predict_clips(recognizer, job.judged, job.fold, seed, progress=False)
    write_predictions(table, predictions)
    return table


def _in_order(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables).sort_values(["seed", "clip_id"], ignore_index=True)


def _shuffled(clips: Sequence[Clip], seed: int) -> list[Clip]:
    order = np.random.default_rng(seed).permutation(len(clips))
    return [
        replace(clip, emotion=clips[other].emotion)
        for clip, other in zip(clips, order, strict=True)
    ]


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions; an existing one is replaced at the end."""
    write_table(table, path, float_format="%.6f")


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a table of predictions.

    Raises
    ------
    InputError
        If the file is missing or is not such a table.
    """
    advice = "make predictions with `emotify evaluate --ravdess DIR --train --out FOLDER`"
    return read_table(path, TABLE_COLUMNS, advice, dtype={"clip_id": str})


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return `emotions.metrics.evaluate` of a table of predictions, averaged over its seeds.

    ``uar_per_seed`` and ``uar_sd_over_seeds`` say how much the seeds differ; ``uar_per_group`` has
    the speaker's sex and the intensity that was asked for (without neutral, which has but one).
    """
    per_seed = {}
    for seed in table["seed"].unique():
        rows = table[table["seed"] == seed]
        probabilities = rows[list(EMOTION_NAMES)].to_numpy()
        labels = rows["emotion"].map(EMOTION_NAMES.index).to_numpy()
        per_seed[int(seed)] = metrics.evaluate(
            labels,
            probabilities / probabilities.sum(axis=1, keepdims=True),  # six decimals are stored
            rows["actor"],
            rows["fold"],
        )
        predicted = probabilities.argmax(axis=1)
        per_seed[int(seed)]["uar_per_group"] = {
            group: metrics.uar(labels[members], predicted[members])
            for group, members in _groups(rows["clip_id"]).items()
            if members.any()
        }
    return metrics.over_seeds(per_seed)


def _groups(clip_ids: Iterable[str]) -> dict[str, NDArray[np.bool_]]:
    clips = [Clip.from_path(clip_id) for clip_id in clip_ids]
    sexes = {"men": "male", "women": "female"}
    return {
        **{name: np.array([clip.sex == sex for clip in clips]) for name, sex in sexes.items()},
        **{
            f"{intensity} intensity": np.array(
                [clip.intensity == intensity and clip.emotion.name != "neutral" for clip in clips]
            )
            for intensity in INTENSITIES
        },
    }


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
    """Compare predictions with the committed ones of the same seeds, clip by clip."""
    committed = committed[committed["seed"].isin(table["seed"].unique())]
    both = table.merge(committed, on=["clip_id", "seed"], suffixes=("_now", "_then"))
    now = both[[f"{name}_now" for name in EMOTION_NAMES]].to_numpy()
    then = both[[f"{name}_then" for name in EMOTION_NAMES]].to_numpy()
    ours, theirs = (set(zip(t["clip_id"], t["seed"], strict=True)) for t in (table, committed))
    return Reproduction(
        n_clips=len(both),
        largest_difference=float(np.abs(now - then).max()) if len(both) else 1.0,
        n_labels_changed=int((now.argmax(axis=1) != then.argmax(axis=1)).sum()),
        missing=tuple(sorted(clip_id for clip_id, _ in ours ^ theirs)),
    )


def committed_predictions(name: str = PREDICTIONS_FILE) -> pd.DataFrame:
    """Return predictions that ship with the model."""
    return read_predictions(DEFAULT_FOLDER / name)
