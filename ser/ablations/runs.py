"""One change at a time, on the same folds with the same seeds: what each part of the recipe does.

Rows (`ser.ablations.rows`), folds and seeds make independent jobs; each trains on all but the test
actors of its fold, predicts their clips, and keeps the predictions in a folder, so that an
interrupted run goes on where it stopped. Rows that combine others (ensembles) only read their
predictions. `collect` judges everything that is in the folder and gives one table, a line for each
row, seed and fold; `ser.ablations.table` compares with the base, paired by seed.

The test actors judge here, and nothing of the shipped recipe was chosen by this table: it explains.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emotions import metrics
from emotions.labels import EMOTION_NAMES
from foundation import jobs
from foundation.safe_write import write_text
from ser.ablations.features import view
from ser.ablations.plan import Job, parts_of, plan
from ser.ablations.rows import EPOCHS, ROWS, Row, rows_named
from ser.ablations.table import COLUMNS
from ser.corpora.ravdess import Clip
from ser.evaluation.cross_validation import (
    TABLE_COLUMNS,
    make_folds,
    read_predictions,
    write_predictions,
)
from ser.features.augment import AugmentSettings
from ser.features.feature_copies import FeatureCopies, cached_feature_copies
from ser.features.mfcc import new_extractor
from ser.network.artefact import plain
from ser.settings import FeatureSettings

if TYPE_CHECKING:
    from ser.training.train import TrainSettings

PROTOCOL = "luna-jimenez"


def run_ablations(
    speech: Sequence[Clip],
    folder: Path,
    *,
    chosen: Sequence[str] = (),
    n_seeds: int = 3,
    extra: Mapping[str, Sequence[Any]] = {},
    epochs: int = EPOCHS,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Train and judge rows and return the table of all that `folder` holds.

    Parameters
    ----------
    speech
        RAVDESS speech, all actors.
    folder
        Where features and predictions are kept.
    chosen
        Names of rows; all by default.
    n_seeds
        Seeds of each row, from 0 on.
    extra
        Further training data for the rows that ask for it: clips by the name of their corpus,
        ``song`` or ``crema-d``.
    epochs
        Passes over the training clips; predictions of another number are not taken up.
    n_jobs
        Jobs at once on this machine: one a core by default, one where there is a GPU.

    Raises
    ------
    InputError
        If a row does not exist or its corpus is not given, or an actor is missing.
    """
    folds = make_folds(speech, PROTOCOL)
    rows = rows_named(chosen)
    planned = plan(rows, folds, folder, n_seeds=n_seeds, extra=extra, epochs=epochs)
    missing = [
        job for job in planned if _stored(job.row, job.fold, job.seed, folder, epochs) is None
    ]
    if missing and n_jobs is None:
        from ser.training.train import has_gpu  # imports TensorFlow

        n_jobs = 1 if has_gpu() else -1
    for settings, augment, group in _groups(missing):
        clips = list({clip.clip_id: clip for job in group for clip in _sounds(job)}.values())
        cache = folder / "features.npz"
        copies = cached_feature_copies(cache, clips, new_extractor(settings), augment)
        names = list(dict.fromkeys(job.row.name for job in group))
        title = names[0] + (f" + {len(names) - 1}" if len(names) > 1 else "")
        for _ in jobs.run(
            _train_and_predict, group, copies, settings, augment, title=title, n_jobs=n_jobs or 1
        ):
            pass
        cache.unlink()
    return collect(folder, [fold.number for fold in folds], n_seeds, epochs)


def _groups(planned: Sequence[Job]) -> Iterator[tuple[FeatureSettings, AugmentSettings, list[Job]]]:
    """Yield jobs that read the same stored features together: these are made once for all."""
    groups: dict[str, list[Job]] = {}
    for job in planned:
        groups.setdefault(json.dumps([dict(job.row.features), job.row.corpus]), []).append(job)
    for group in groups.values():
        settings = replace(FeatureSettings(), **group[0].row.features)
        yield settings, copies_for({kind for job in group for kind in job.row.view.copies}), group


def copies_for(kinds: set[str]) -> AugmentSettings:
    """Return what makes copies of these kinds and no others: they take most of the time."""
    every = AugmentSettings()
    return AugmentSettings(
        speed_factors=every.speed_factors if "speed" in kinds else (),
        n_noisy=every.n_noisy if "noise" in kinds else 0,
        n_band_limited=every.n_band_limited if "band" in kinds else 0,
        n_reverberated=every.n_reverberated if "room" in kinds else 0,
    )


def _sounds(job: Job) -> tuple[Any, ...]:
    return job.train + job.validation + job.judged + job.extra


def settings_of(row: Row, epochs: int) -> "TrainSettings":
    """Return the recipe of one network of a row."""
    from ser.training import train  # imports TensorFlow, and tells it first how many threads

    changed: Mapping[str, Any] = {
        "members": 1,
        "statistics_strength": 0.0,
        "epochs": epochs,
        **row.training,
    }
    return train.TrainSettings(
        **changed,
        model=train.ModelSettings(**row.model),
        augment=AugmentSettings(**row.augment),
    )


def _train_and_predict(
    job: Job, copies: FeatureCopies, settings: FeatureSettings, augment: AugmentSettings
) -> None:
    recipe = settings_of(job.row, job.epochs)
    from ser.ablations.training import predict

    seen = view(copies, settings, job.row.view)
    probabilities = predict(job, seen, recipe)
    rows = [
        (clip.clip_id, clip.actor, job.fold, job.seed, clip.emotion.name, *map(float, row))
        for clip, row in zip(job.judged, probabilities, strict=True)
    ]
    path = _job_file(job.row, job.fold, job.seed, job.folder)
    write_predictions(pd.DataFrame(rows, columns=list(TABLE_COLUMNS)), path)
    # Written last: where it is, the job was done to its end.
    done = {"recipe": recipe_of(job.row, job.epochs)}
    write_text(path.with_suffix(".json"), json.dumps(done, indent=1) + "\n")


def _job_file(row: Row, fold: int, seed: int, folder: Path) -> Path:
    return folder / row.name / f"seed-{seed}-fold-{fold}.csv"


def recipe_of(row: Row, epochs: int) -> dict[str, Any]:
    """Return all that predictions of a row depend on, as JSON would give it back."""
    described = {"title", "kind", "name"}
    if not row.combined:
        described.add("views")  # which predictions are combined says nothing about a training
    changes = {name: value for name, value in asdict(row).items() if name not in described}
    features = replace(FeatureSettings(), **row.features).to_dict()
    training = settings_of(row, epochs).to_dict()
    return plain({**changes, "features": features, "training": training})


def _stored(row: Row, fold: int, seed: int, folder: Path, epochs: int) -> pd.DataFrame | None:
    """Return the predictions of a finished job; None if it is not there."""
    path = _job_file(row, fold, seed, folder)
    try:
        done = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if done["recipe"] != recipe_of(row, epochs):
        return None
    return read_predictions(path)


def collect(folder: Path, folds: Sequence[int], n_seeds: int, epochs: int = EPOCHS) -> pd.DataFrame:
    """Judge every finished job in `folder` and return a table with the columns `COLUMNS`."""
    trained = {row.name: row for row in ROWS if not row.combined}
    judged = []
    for row in ROWS:
        for seed in range(n_seeds):
            for fold in folds:
                parts = [
                    _stored(trained[name], fold, part_seed, folder, epochs)
                    for name, part_seed in parts_of(row, seed, n_seeds)
                ]
                held = [part for part in parts if part is not None]
                if len(held) < len(parts):
                    continue
                labels = held[0]["emotion"].map(EMOTION_NAMES.index).to_numpy()
                heard = combine(held, len(held) - row.statistics).argmax(axis=1)
                judged.append(
                    (
                        row.name,
                        seed,
                        fold,
                        round(metrics.uar(labels, heard), 5),
                        round(float(np.mean(labels == heard)), 5),
                    )
                )
    return pd.DataFrame(judged, columns=list(COLUMNS))


def combine(tables: Sequence[pd.DataFrame], members: int) -> Any:
    """Return probabilities of shape (n, 8): of networks their mean, with a classifier geometric.

    As `ser.network.model.average_of` and `ser.network.statistics_model.GeometricMean` do it; the
    first `members` tables are networks, one more may be the classifier's.
    """
    ids = tables[0]["clip_id"].tolist()
    if any(table["clip_id"].tolist() != ids for table in tables):
        raise ValueError("predictions of other clips cannot be combined")
    probabilities = [table[list(EMOTION_NAMES)].to_numpy() for table in tables]
    network = np.mean(probabilities[:members], axis=0)
    if len(tables) == members:
        return network
    root = np.sqrt(np.maximum(network, 1e-7) * np.maximum(probabilities[members], 1e-7))
    return root / root.sum(axis=1, keepdims=True)
