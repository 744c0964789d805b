"""Which jobs the rows of the ablation table need: rows, folds and seeds flow in, `Job`s out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.errors import InputError
from ser.ablations.rows import BASE, EPOCHS, ROWS, Row
from ser.corpora.crema_d import Clip as CremaClip
from ser.corpora.ravdess import Clip
from ser.evaluation.cross_validation import Fold


@dataclass(frozen=True)
class Job:
    """What one network, or another learner, hears, and what it is asked.

    Attributes
    ----------
    row, fold, seed
        Which job this is.
    train, validation, judged
        RAVDESS speech. Only ResLSTM-SA has validation clips: it picks its epoch by them.
    extra
        Clips of another corpus to train on.
    epochs
        Passes over the training clips.
    folder
        Where all jobs keep their predictions.
    """

    row: Row
    fold: int
    seed: int
    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    judged: tuple[Clip, ...]
    extra: tuple[Clip, ...] | tuple[CremaClip, ...]
    epochs: int
    folder: Path


def plan(
    rows: Sequence[Row],
    folds: Sequence[Fold],
    folder: Path,
    *,
    n_seeds: int = 3,
    extra: Mapping[str, Sequence[Any]] = {},
    epochs: int = EPOCHS,
) -> list[Job]:
    """Return the jobs that some rows need, each once, no test actor on its training side.

    An ensemble of m networks of seed s has those of the base with seeds s, s + n_seeds, ...: its
    first is the base of the same seed, and no two ensembles share one. Clips of further corpora are
    given by the names that rows call them by (`ser.ablations.rows.Row.corpus`).

    Raises
    ------
    InputError
        If a row needs a corpus that is not given.
    """
    wanted: dict[tuple[str, int], Row] = {}
    trained = {row.name: row for row in ROWS if not row.combined}
    for row in rows:
        for name, seed in (need for s in range(n_seeds) for need in parts_of(row, s, n_seeds)):
            wanted[name, seed] = trained[name]
    corpora: dict[str, Sequence[Any]] = {"": (), **extra}
    absent = {row.corpus for row in wanted.values() if row.corpus and not corpora.get(row.corpus)}
    if absent:
        raise InputError(
            f"rows that train on {' and '.join(sorted(absent))} need that corpus: give "
            f"{' and '.join('--' + name + ' DIR' for name in sorted(absent))}, or choose others "
            "with --row"
        )
    planned = []
    for (_, seed), row in wanted.items():
        for fold in folds:
            picks_epoch = row.learner == "reslstm-sa"
            judged_actors = {clip.actor for clip in fold.test}
            also = tuple(
                clip
                for clip in corpora[row.corpus]
                if row.corpus != "song" or clip.actor not in judged_actors
            )
            planned.append(
                Job(
                    row=row,
                    fold=fold.number,
                    seed=seed,
                    train=fold.train if picks_epoch else fold.train + fold.validation,
                    validation=fold.validation if picks_epoch else (),
                    judged=fold.test,
                    extra=also,
                    epochs=epochs,
                    folder=folder,
                )
            )
    return planned


def parts_of(row: Row, seed: int, n_seeds: int) -> list[tuple[str, int]]:
    """Return the trained rows, with their seeds, whose predictions make this row."""
    if not row.combined:
        return [(row.name, seed)]
    networks = [(BASE, seed + member * n_seeds) for member in range(row.members)]
    networks += [(view, seed) for view in row.views]
    return networks + [("statistics", seed)] * row.statistics
