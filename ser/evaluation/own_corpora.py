"""Judge the recipe on anybody's corpora, and write the card of a model that was trained on them.

`judge` goes through the folds by speaker; `ser.training.final.train_on_all` makes the model. They
share a folder, in any order: the model takes its calibration from the folds, and the card
its figures, where both are of the same recordings and settings.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from emotions.calibration import stored_calibration
from emotions.labels import EMOTION_NAMES
from emotions.report import (
    calibration_table,
    confusion_table,
    headline_table,
    per_class_table,
    percent,
    uar_table,
)
from foundation.artefacts import SUMS_FILE
from foundation.safe_write import write_text
from foundation.text import counted
from ser.corpora.clips import SpokenClip
from ser.corpora.ravdess import CITATION, CORPUS, LICENCE
from ser.evaluation.cross_validation import cross_validate
from ser.evaluation.folds import BY_SPEAKER
from ser.evaluation.predictions import (
    OWN_PREDICTIONS,
    PREDICTIONS_FILE,
    VALIDATION_FILE,
    own_metrics_of,
)
from ser.network import artefact
from ser.training.recipes import calibrate_by_folds, description_of, judged_folds, recipe_in

CARD_FILE, METRICS_FILE = "README.md", "metrics.json"
FILES = {
    artefact.NETWORK_FILE: "the model as it is served by ONNX Runtime",
    "model.keras": "the same weights for Keras 3",
    artefact.PREPROCESSING_FILE: "filter banks; mean and scale of the training features",
    "settings.json": "labels in the order of the probabilities, every rate and size, the "
    "calibration, and the recipe",
    SUMS_FILE: f"checksums of what is loaded (`sha256sum -c {SUMS_FILE}`)",
    PREDICTIONS_FILE: "what each clip got from a model that had never heard its speaker",
    VALIDATION_FILE: "the same of the validation clips, before calibration",
    METRICS_FILE: "figures computed from these predictions",
    "folds": "the model of each fold",
    "choice": "the models that the calibrations were fitted on",
}


def judge(
    clips: Sequence[SpokenClip],
    out: Path,
    *,
    seeds: Sequence[int] = (0,),
    shuffle_labels: bool = False,
    settings: Any = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Train and judge the recipe with folds by speaker, and keep the evidence.

    Parameters
    ----------
    clips
        Of any corpora; whether they are enough, `ser.corpora.enough.check_judgeable` says.
    out
        Model folder; a model of the same recipe that is in it gets its calibration.
    seeds, shuffle_labels, settings, n_jobs
        As for `ser.evaluation.cross_validation.cross_validate`.

    Returns
    -------
    DataFrame
        Out-of-fold predictions, `ser.evaluation.predictions.OWN_PREDICTIONS`.

    Raises
    ------
    InputError
        If `out` holds another kind of model, or the clips cannot be divided.
    """
    artefact.KIND.check_target(out)
    table = cross_validate(
        clips,
        out,
        protocol=BY_SPEAKER,
        described=description_of(clips),
        seeds=seeds,
        shuffle_labels=shuffle_labels,
        settings=settings,
        calibrate=not shuffle_labels,
        n_jobs=n_jobs,
    )
    figures = {"shuffled labels" if shuffle_labels else BY_SPEAKER: own_metrics_of(table)}
    write_text(out / METRICS_FILE, json.dumps(figures, indent=1) + "\n")
    calibrate_by_folds(out)
    return table


def write_card(out: Path, left_out: Mapping[str, int], *, today: date | None = None) -> None:
    """Write ``README.md`` beside a model of own corpora from what was measured there.

    Nothing is written where there is no model.

    Parameters
    ----------
    out
        Model folder.
    left_out
        Rows of each corpus' table that could not be used.
    today
        Date of the card; the day on which it is written by default.
    """
    if recipe_in(out):
        write_text(out / CARD_FILE, card(out, left_out, today or date.today()))


def card(out: Path, left_out: Mapping[str, int], today: date) -> str:
    """Return the model card; parameters are those of `write_card`."""
    recipe = recipe_in(out)
    sections = [
        *_heading(recipe, today),
        *_corpora(recipe, left_out),
        *_judged(out, recipe),
        *_limits(recipe),
        "## What is in this folder\n",
        "| file | what |\n|---|---|",
    ]
    files = [f"| `{name}` | {what} |" for name, what in FILES.items() if (out / name).exists()]
    return "\n".join([*sections, *files]) + "\n"


def _heading(recipe: Mapping[str, Any], today: date) -> list[str]:
    training, known = recipe["training"], recipe["emotions"]
    unknown = [name for name in EMOTION_NAMES if name not in known]
    halves = counted(training["members"], "small ConvNet + LSTM network")
    if training["statistics_strength"]:
        halves += " and a classifier of utterance statistics"
    lines = [
        "# Model card: a speech emotion recogniser of own corpora\n",
        f"Written by Emotify on {today.isoformat()}. {halves[0].upper()}{halves[1:]} on MFCC, "
        f"trained from scratch on {recipe['n_clips']} clips ({training['epochs']} epochs, seed "
        f"{recipe['seed']}). It tells {', '.join(known)} apart.",
    ]
    if unknown:
        lines.append(
            f"\n**It never answers {', '.join(unknown)}**: no recording of these was given, their "
            "probability is 0, and every answer says so."
        )
    lines.append(
        "\n`emotify recognize FILE --model THIS_FOLDER` asks it, `emotify playlist` too.\n"
    )
    return lines


def _corpora(recipe: Mapping[str, Any], left_out: Mapping[str, int]) -> list[str]:
    known = recipe["emotions"]
    lines = [
        "## What it was trained on\n",
        "| corpus | clips | speakers | " + " | ".join(known) + " | rows left out |",
        "|---|---|---|" + "---|" * (len(known) + 1),
    ]
    for name, corpus in recipe["corpora"].items():
        counts = (str(corpus["emotions"].get(emotion, "-")) for emotion in known)
        lines.append(
            f"| {_cell(name)} | {corpus['clips']} | {corpus['speakers']} | {' | '.join(counts)} | "
            f"{left_out.get(name, 0)} |"
        )
    if len(recipe["corpora"]) > 1:
        lines.append(
            "\nEach corpus counted alike, and within it each of its emotions; clips were only told "
            "from the emotions of their own corpus."
        )
    return [*lines, ""]


def _judged(out: Path, recipe: Mapping[str, Any]) -> list[str]:
    title = "## How good it is\n"
    folds = judged_folds(out)
    if not folds or not (out / PREDICTIONS_FILE).is_file():
        return [
            title,
            "**Not judged.** Nothing here says how it hears people whom it has not heard, and its "
            "probabilities are not calibrated. `emotify evaluate --train` with the same corpora "
            "and this folder as `--out` does both.\n",
        ]
    table = OWN_PREDICTIONS.read(out / PREDICTIONS_FILE)
    figures = own_metrics_of(table)
    n_speakers, n_known = table["speaker"].nunique(), len(recipe["emotions"])
    rows = {f"{len(folds)} folds by speaker": figures}
    calibration = stored_calibration(out)
    lines = [
        title,
        f"{counted(len(folds), 'fold')} by speaker: of {n_speakers} speakers, each was judged by "
        "a model of this recipe that had never heard them, and the temperature of that model was "
        "fitted on other speakers whom it had not heard then; those who judge chose nothing. The "
        "model in this folder has heard them all, so these figures are the best estimate of how it "
        f"does on somebody new like them. Chance is {percent(1 / n_known)}.\n",
        headline_table(rows, people="speakers") + "\n",
        "Recall of each emotion (%):\n",
        per_class_table(figures) + "\n",
    ]
    if len(recipe["corpora"]) > 1:
        corpora = {_cell(name): uar for name, uar in figures["uar_per_group"].items()}
        lines += [uar_table(corpora, title="corpus") + "\n"]
    lines += [
        f"UAR of the worst and the best speaker: {_range(figures['uar_per_speaker'])}.\n",
        "What was meant, and what was heard instead (clips):\n",
        confusion_table(figures) + "\n",
        f"How sure it is (temperature {calibration.temperature:.2f}, the mean of those of the "
        f"folds; below {percent(calibration.confident_above)} % an answer is called uncertain):\n",
        calibration_table({"out of fold": figures}, examples="clips", people="speakers") + "\n",
    ]
    return lines


def _limits(recipe: Mapping[str, Any]) -> list[str]:
    lines = [
        "## What to use it for, and what not\n",
        "- The figures hold for people, rooms, microphones and languages like those of the corpora "
        "above; `emotify evaluate --corpus DIR --labels CSV --model THIS_FOLDER` says how it does "
        "on others.",
        "- An emotion here is what the labels say, which need not be what somebody feels.",
        "- **Not** for judging people: not for hiring, schooling, policing, health, insurance or "
        "lie detection. Recognising emotions at work or in schools is prohibited in the European "
        "Union (AI Act, article 5).\n",
        "## Licence\n",
        "The weights derive from the recordings. Under which licence they may be passed on is for "
        "whoever has the rights in these to say; nothing is granted here.",
    ]
    if CORPUS in recipe["corpora"]:
        lines.append(f"RAVDESS is {LICENCE}. {CITATION}")
    return [*lines, ""]


def _range(uars: Mapping[str, float]) -> str:
    if not uars:
        return "-"
    return f"{percent(min(uars.values()))} and {percent(max(uars.values()))} %"


def _cell(text: str) -> str:
    """Return a name for a cell of a Markdown table."""
    return text.replace("|", "\\|")
