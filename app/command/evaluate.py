"""`emotify evaluate`: the recipe on unseen speakers, or a model on recordings of one's own."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from app.command.larger_ear import EarTraining, ListedOption
from app.command.options import (
    Ear,
    EarOption,
    JsonOption,
    ModelOption,
    RavdessOption,
    SeedOption,
    model_of,
)
from app.command.own_corpora import (
    CorporaOption,
    LabelsOption,
    OwnTraining,
    is_shipped,
    paired,
    ravdess_beside,
    warn_of_own,
)
from app.command.research import (
    check_no_network_options,
    check_shipped_target,
    ravdess_speech,
    recipe,
)
from app.terminal import FAILED, complain
from foundation.errors import InputError
from foundation.shipped import require_checkout
from foundation.text import printable


def evaluate(
    context: typer.Context,
    ravdess: RavdessOption = None,
    retrain: Annotated[
        bool, typer.Option("--train", help="Train every fold's network again, into --out.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder to write, for --train; for --corpus a CSV with a row for each recording.",
            show_default=False,
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            "--protocol",
            help="Of RAVDESS: luna-jimenez, emobox, or random-split (a warning).",
            show_default="luna-jimenez",
        ),
    ] = None,
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="With --train: a check that must give chance.")
    ] = False,
    members: Annotated[
        int | None, typer.Option("--members", min=1, help="With --train: networks averaged.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="With --train: fewer epochs, to try things out."),
    ] = None,
    seed: SeedOption = 0,
    n_seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="With --train: how many seeds, from --seed on.")
    ] = 1,
    folds: Annotated[
        list[int] | None,
        typer.Option("--fold", help="With --train: this fold alone; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
    model: ModelOption = None,
    ear: EarOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train one fold from audio and compare: some minutes.")
    ] = False,
    corpora: CorporaOption = None,
    labels: LabelsOption = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Judge noisy, distant, cut... copies of RAVDESS.")
    ] = False,
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise", envvar="EMOTIFY_NOISE", help="For --robustness: real noise, sound files."
        ),
    ] = None,
    enrolled: Annotated[
        bool, typer.Option("--enrolled", help="Judge RAVDESS speakers before and after enrolment.")
    ] = False,
    listed: ListedOption = None,
) -> None:
    """Judge the recipe on unseen speakers, or a model on your own recordings.

    Without RAVDESS: the figures of the committed out-of-fold predictions. With RAVDESS: predicts
    every clip with the network of its fold and compares with the committed table (exit code 1
    if it is not reproduced). With --train: trains the networks of all folds from audio first.
    With --robustness: changes every clip in many ways and writes robustness.csv into the model
    folder, or --out (exit code 1 if a limit does not hold). With --enrolled: what it gains from
    knowing the speaker, into enrolled.csv there. Beside the model that ships either is written of
    all of RAVDESS alone. With --corpus and --labels: judges one model (--model) on labelled
    recordings of yours, by the likeliest of all eight emotions, as a user meets it, and among the
    emotions that they have; what it says of each is in --json and in the CSV --out. With --train
    besides: the recipe on speakers that it has not heard, into --out, which is where `emotify
    train` with the same options puts the model. With --quick: trains one fold again and compares
    its UAR with the committed one (exit code 1 if it is off by more than 3 points). With --train
    and --ear whisper: the larger ear, on RAVDESS and the corpora given, by RAVDESS's folds and,
    without --protocol and --shuffle-labels, by each corpus left out.
    """
    sources = paired(corpora, labels)
    if retrain and ear is Ear.WHISPER:
        check_no_network_options(epochs, members, seed, n_seeds - 1, folds)
        _check_alone(robustness, enrolled, quick, model)
        EarTraining(ravdess_speech(ravdess), sources, out, listed).judge(
            protocol=protocol, shuffle_labels=shuffle_labels, as_json=as_json
        )
        return
    if listed:
        raise InputError("--listed goes with --train --ear whisper")
    model = model_of(model, ear)
    if sources:
        if robustness or enrolled or quick:
            raise InputError("--corpus goes without --robustness, --enrolled and --quick")
        if not retrain:
            _evaluate_corpus(sources, model=model, out=out, as_json=as_json)
            return
        if protocol or folds:
            raise InputError(
                "--protocol and --fold are of RAVDESS; own corpora have folds by speaker: leave "
                "them out"
            )
        own_ravdess = ravdess_beside(context, ravdess)
        speech = ravdess_speech(own_ravdess) if own_ravdess else ()
        wanted = partial(recipe, members=members, epochs=epochs)
        OwnTraining(sources, speech, out, wanted).judge(
            seeds=range(seed, seed + n_seeds), shuffle_labels=shuffle_labels, as_json=as_json
        )
        return
    if robustness or enrolled:
        if retrain or (robustness and enrolled):
            raise InputError(
                "--robustness and --enrolled each judge networks that are there: give one of them, "
                "and leave out --train"
            )
        measure = partial(_evaluate_robustness, noise=noise) if robustness else _evaluate_enrolled
        measure(ravdess, model=model, out=out, as_json=as_json)
        return
    if quick:
        _evaluate_quickly(
            ravdess_speech(ravdess), Path("build/evaluate-quick") if out is None else out
        )
        return
    if retrain:
        table = _trained_again(
            ravdess,
            out,
            changes={"members": members, "epochs": epochs},
            protocol=protocol,
            seeds=range(seed, seed + n_seeds),
            shuffle_labels=shuffle_labels,
            only_folds=folds,
        )
    elif protocol not in (None, "luna-jimenez") or shuffle_labels or members or epochs:
        raise InputError(
            "--protocol, --shuffle-labels, --members and --epochs say how to train: add --train "
            "--out FOLDER; the committed predictions are those of luna-jimenez"
        )
    else:
        table = None
    _print_figures(table, ravdess, model=model, as_json=as_json)


def _check_alone(*others: object) -> None:
    if any(others):
        raise InputError(
            "--train --ear whisper goes without --robustness, --enrolled, --quick and --model"
        )


def _trained_again(
    ravdess: Path | None,
    out: Path | None,
    *,
    changes: dict[str, int | None],
    protocol: str | None,
    shuffle_labels: bool,
    only_folds: list[int] | None,
    seeds: range,
) -> Any:
    """Train RAVDESS's folds and return the predictions."""
    from ser.evaluation import cross_validation as evaluation
    from ser.evaluation.folds import PROTOCOLS

    if out is None:
        raise InputError("--train needs --out FOLDER for the networks and predictions")
    clips = ravdess_speech(ravdess)
    chosen = protocol or PROTOCOLS[0]
    if is_shipped(out):
        shortened = any(changes.values()) or only_folds or shuffle_labels or chosen != PROTOCOLS[0]
        what = "what was measured of the model that ships"
        check_shipped_target(clips, what, shortened=bool(shortened))
    return evaluation.cross_validate(
        clips,
        out,
        protocol=chosen,
        seeds=seeds,
        shuffle_labels=shuffle_labels,
        settings=recipe(**changes),
        only_folds=only_folds,
        calibrate=not shuffle_labels,
    )


def _print_figures(table: Any, ravdess: Path | None, *, model: Path | None, as_json: bool) -> None:
    """Print the figures of a table, or of the committed one, compared where RAVDESS is there."""
    from ser.evaluation import cross_validation as evaluation
    from ser.evaluation.predictions import PREDICTIONS, PREDICTIONS_FILE, metrics_of
    from ser.evaluation.report import describe
    from ser.network.artefact import DEFAULT_FOLDER

    reproduction = None
    if table is None:
        folder = DEFAULT_FOLDER if model is None else model
        table = committed = PREDICTIONS.read(folder / PREDICTIONS_FILE)
        if ravdess is not None:
            table = evaluation.predict_out_of_fold(ravdess_speech(ravdess), folder)
            reproduction = PREDICTIONS.compare(table, committed)
    figures = metrics_of(table)
    print(json.dumps(figures, indent=2) if as_json else describe(figures))
    if reproduction is not None:
        complain(reproduction.summary())
        if not reproduction.ok:
            raise typer.Exit(FAILED)


def _evaluate_quickly(clips: Any, out: Path) -> None:
    from ser.evaluation import cross_validation as evaluation

    recipe()  # says so if training is not installed
    now, then = evaluation.retrain_one_fold(clips, out)
    print(
        f"fold {evaluation.QUICK_FOLD}, seed {evaluation.QUICK_SEED}, trained again: UAR "
        f"{100 * now:.1f}; committed: {100 * then:.1f}"
    )
    if abs(now - then) > evaluation.QUICK_TOLERANCE:
        complain(f"they differ by more than {100 * evaluation.QUICK_TOLERANCE:.0f} points")
        raise typer.Exit(FAILED)


def _evaluate_corpus(
    sources: list[tuple[Path, Path]], *, model: Path | None, out: Path | None, as_json: bool
) -> None:
    from foundation.safe_write import write_text
    from foundation.tables import as_csv
    from ser.evaluation.corpus_text import describe, warnings
    from ser.evaluation.cross_corpus import evaluate_corpus

    if len(sources) > 1:
        raise InputError(
            f"a model is judged on one corpus at a time, and {len(sources)} were given; with "
            "--train they are trained on together"
        )
    [(corpus, labels)] = sources
    if out is not None:
        _check_csv(out, labels)
    figures = evaluate_corpus(corpus, labels, model=model)
    warn_of_own(figures, model)
    if out is not None:
        write_text(out, as_csv(figures["clips"]))
        complain(f"wrote {printable(out)}")
    if not as_json:
        print(describe(figures))
        return
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    for warning in warnings(figures):
        complain(f"warning: {warning}")


def _check_csv(out: Path, labels: Path) -> None:
    """Refuse a target before the work begins that would be refused, or regretted, after it."""
    from foundation.safe_write import check_target

    if out.suffix.lower() != ".csv":
        raise InputError(
            f"--out {printable(out)}: with --corpus it is a table; give a name that ends in .csv"
        )
    if out.exists() and labels.exists() and out.samefile(labels):
        raise InputError(
            f"--out {printable(out)} is the table of --labels; give another name to write to"
        )
    check_target(out)


def _evaluate_robustness(
    ravdess: Path | None, *, noise: Path | None, model: Path | None, out: Path | None, as_json: bool
) -> None:
    from foundation.tables import write_table
    from ser.evaluation import robustness
    from ser.evaluation.conditions import conditions
    from ser.network.artefact import DEFAULT_FOLDER

    folder = DEFAULT_FOLDER if model is None else model
    clips, target = _clips_and_target(ravdess, model, out)
    path = target / robustness.FILE
    table = robustness.evaluate_robustness(clips, folder, conditions(noise))
    write_table(table, path)
    print(table.to_json(orient="records", indent=2) if as_json else robustness.describe(table))
    complain(f"wrote {printable(path)}")
    if not table["holds"].all():
        raise typer.Exit(FAILED)


def _evaluate_enrolled(
    ravdess: Path | None, *, model: Path | None, out: Path | None, as_json: bool
) -> None:
    from foundation.tables import write_table
    from ser.evaluation import enrolled
    from ser.network.artefact import DEFAULT_FOLDER

    folder = DEFAULT_FOLDER if model is None else model
    clips, target = _clips_and_target(ravdess, model, out)
    path = target / enrolled.FILE
    table = enrolled.evaluate_enrolled(clips, folder)
    write_table(table, path)
    print(table.to_json(orient="records", indent=2) if as_json else enrolled.describe(table))
    complain(f"wrote {printable(path)}")


def _clips_and_target(
    ravdess: Path | None, model: Path | None, out: Path | None
) -> tuple[Any, Path]:
    from ser.network.artefact import DEFAULT_FOLDER

    named = out or model
    if named is not None:
        return ravdess_speech(ravdess), named
    require_checkout("writing beside the shipped model", "give --out FOLDER")
    clips = ravdess_speech(ravdess)
    check_shipped_target(clips, "what was measured of the model that ships")
    return clips, DEFAULT_FOLDER
