"""Judge the recipe on speakers it has never heard, and keep the evidence.

The protocol is that of REFERENCES in the model card: folds by actor, and inside each fold two
validation actors (`ser.evaluation.folds`); anybody's corpora go the same way, by speaker.
`cross_validate` goes through it in two steps, each a
set of independent jobs:

1. *choice*: for every fold, networks that have heard neither its validation nor its test actors
   predict the validation clips, and the calibration is fitted on those predictions;
2. *judgement*: for every fold and seed, networks trained on all but the test actors, with that
   calibration, predict the test clips. The test fold has chosen nothing.

Each judged network is saved as a model folder of its own; the out-of-fold predictions come from
that folder through `ser.recognizer`, the same way that a user's recording goes, and are
committed (`ser.evaluation.predictions`). With RAVDESS at hand those of the first seed are
reproduced (`predict_out_of_fold`).
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotions.calibration import Calibration, store_calibration
from emotions.calibration_fitting import fit_calibration
from emotions.predictions import PredictionFormat
from foundation import jobs
from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.text import printable
from ser.corpora.clips import CorpusClip, SpokenClip
from ser.corpora.ravdess import Clip
from ser.evaluation.folds import BY_SPEAKER, Fold, fold_folder, make_folds
from ser.evaluation.predictions import (
    OWN_PREDICTIONS,
    PREDICTIONS,
    PREDICTIONS_FILE,
    VALIDATION_FILE,
    committed_predictions,
    metrics_of,
)
from ser.features.mfcc import new_extractor
from ser.network.artefact import plain, stored_settings
from ser.recognizer import Recognizer, load_recognizer


def predict_clips(
    recognizer: Recognizer,
    clips: Sequence[SpokenClip],
    fold: int,
    seed: int,
    *,
    form: PredictionFormat = PREDICTIONS,
    progress: bool = True,
) -> pd.DataFrame:
    """Return a table of predictions by one model (`ser.evaluation.predictions`)."""
    rows = []
    for clip in progress_bar(clips, f"fold {fold}", unit="clip", leave=False, show=progress):
        probabilities = [round(p, 6) for p in recognizer.predict(clip.path).probabilities]
        person = getattr(clip, form.person)
        rows.append((clip.clip_id, person, fold, seed, clip.emotion.name, *probabilities))
    return pd.DataFrame(rows, columns=list(form.columns))


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
    return PREDICTIONS.in_order(
        [
            predict_clips(
                recognizer, fold.test, fold.number, recognizer.artefact.settings["recipe"]["seed"]
            )
            for recognizer, fold in fold_models(clips, model_folder)
        ]
    )


def cross_validate(
    clips: Sequence[SpokenClip],
    out: Path,
    *,
    protocol: str = "luna-jimenez",
    described: Mapping[str, Any] = {},
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
        See `ser.evaluation.folds.make_folds`.
    described
        What the recipe says of the corpus, as `ser.training.recipes.description_of` does; RAVDESS
        is known by its protocol. What was trained on another corpus is trained again.
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
        Out-of-fold predictions (`ser.evaluation.predictions`).
    """
    from ser.features.feature_copies import cached_feature_copies
    from ser.training import train  # imports TensorFlow

    settings = settings or train.TrainSettings()
    extractor = new_extractor()
    chosen = None if only_folds is None else set(only_folds)
    folds = [f for f in make_folds(clips, protocol) if chosen is None or f.number in chosen]
    form = OWN_PREDICTIONS if protocol == BY_SPEAKER else PREDICTIONS
    recipe = {
        "protocol": protocol,
        "shuffled_labels": shuffle_labels,
        **described,
        "training": settings.to_dict(),
    }
    cache = out / "features.npz"
    copies = cached_feature_copies(
        cache, clips, extractor, settings.augment, version=described.get("data", "")
    )
    if n_jobs is None:
        n_jobs = 1 if train.has_gpu() else -1

    def run(all_jobs: list[_Job], title: str) -> list[pd.DataFrame]:
        shared = (copies, extractor, settings, form)
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
    calibrations = {
        int(table["fold"].iloc[0]): fit_calibration(table, form.person) for table in validation
    }
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
    table = form.in_order(run(judgements, "judgement"))
    form.write(table, out / PREDICTIONS_FILE)
    if validation:
        form.write(form.in_order(validation), out / VALIDATION_FILE)
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
    train: tuple[SpokenClip, ...]
    judged: tuple[SpokenClip, ...]
    recipe: dict[str, Any]
    calibration: Calibration | None = None


def _train_and_predict(
    job: _Job, copies: Any, extractor: Any, settings: Any, form: PredictionFormat
) -> pd.DataFrame:
    # The predictions are written last: where they are, the job was done to its end.
    predictions = job.folder / "predictions.csv"
    stored, seed = stored_settings(job.folder), job.recipe["seed"]
    trained = (
        stored.get("recipe") == plain(job.recipe)
        and stored.get("features") == extractor.settings.to_dict()
        and predictions.is_file()
    )
    if trained and job.calibration in (None, Calibration.from_dict(stored.get("calibration"))):
        return form.read(predictions)
    if not trained:
        from ser.network import artefact
        from ser.training import train

        shutil.rmtree(job.folder, ignore_errors=True)
        clips = shuffled(job.train, seed) if job.recipe["shuffled_labels"] else job.train
        network = train.fit_network(copies, clips, extractor, settings, seed=seed, progress=False)
        artefact.save(job.folder, network, extractor, job.recipe, with_keras=False)
    predictions.unlink(missing_ok=True)
    if job.calibration is not None:
        store_calibration(job.folder, job.calibration)
    recognizer = load_recognizer(job.folder)
    table = predict_clips(recognizer, job.judged, job.fold, seed, form=form, progress=False)
    form.write(table, predictions)
    return table


def shuffled(clips: Sequence[SpokenClip], seed: int) -> list[CorpusClip]:
    """Return the clips, each under the label of another; their names and sound stay."""
    order = np.random.default_rng(seed).permutation(len(clips))
    return [
        CorpusClip.of(clip, clips[other].emotion) for clip, other in zip(clips, order, strict=True)
    ]
