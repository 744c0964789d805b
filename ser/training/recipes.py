"""What a model folder says of its training, and which networks of folds are of that recipe."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotions.calibration import store_calibration, stored_calibration
from emotions.calibration_fitting import mean_calibration
from ser.corpora.clips import SpokenClip, corpora_of, emotions_of
from ser.corpora.own import digest_of
from ser.network.artefact import stored_settings

OF_ONE_RECIPE = ("data", "training")


def description_of(clips: Sequence[SpokenClip]) -> dict[str, Any]:
    """Return what a recipe says of the clips of any corpora, as plain values.

    Returns
    -------
    dict
        ``data`` tells these clips from others, ``emotions`` names those that there are, and
        ``corpora`` has for each its numbers of ``clips``, ``speakers`` and of clips by emotion.
    """
    corpora = {}
    for corpus in corpora_of(clips):
        of_it = [clip for clip in clips if clip.corpus == corpus]
        counts = Counter(clip.emotion.name for clip in of_it)
        corpora[corpus] = {
            "clips": len(of_it),
            "speakers": len({clip.speaker for clip in of_it}),
            "emotions": {name: counts[name] for name in emotions_of(of_it)},
        }
    return {"data": digest_of(clips), "emotions": list(emotions_of(clips)), "corpora": corpora}


def judged_folds(out: Path) -> list[Path]:
    """Return the folders of fold networks that are of the recipe of the model in `out`, by number.

    A recipe is its settings and the clips, whatever the seed; with shuffled labels it is none.
    """
    recipe = recipe_in(out)
    folders = sorted((out / "folds").glob("[0-9]*"), key=lambda folder: int(folder.name))
    return [folder for folder in folders if recipe and _is_of(recipe_in(folder), recipe)]


def calibrate_by_folds(out: Path) -> None:
    """Give the model in `out` the mean calibration of its folds' networks, if there are any."""
    chosen = [stored_calibration(folder) for folder in judged_folds(out)]
    if chosen:
        store_calibration(out, mean_calibration(chosen))


def recipe_in(folder: Path) -> dict[str, Any]:
    """Return the recipe of a model folder; empty where there is no model."""
    return dict(stored_settings(folder).get("recipe", {}))


def _is_of(fold: dict[str, Any], recipe: dict[str, Any]) -> bool:
    same = all(fold.get(name) == recipe.get(name) for name in OF_ONE_RECIPE)
    return same and not fold.get("shuffled_labels")
