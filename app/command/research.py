"""`emotify train` and `emotify ablate`, and what each command of research needs first."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.command.larger_ear import EarTraining, ListedOption
from app.command.options import Ear, EarOption, RavdessOption, SeedOption
from app.command.own_corpora import (
    CorporaOption,
    LabelsOption,
    OwnTraining,
    is_shipped,
    paired,
    ravdess_beside,
    training_needs,
)
from app.terminal import complain
from foundation.errors import InputError
from foundation.shipped import require_checkout
from foundation.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser.corpora.ravdess import Clip
    from ser.training.train import TrainSettings


def train(
    context: typer.Context,
    ravdess: RavdessOption = None,
    corpora: CorporaOption = None,
    labels: LabelsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Model folder to write. The model that ships is written by the full recipe alone.",
            show_default="models/ser",
        ),
    ] = None,
    seed: SeedOption = 0,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Fewer epochs, to try things out.")
    ] = None,
    members: Annotated[
        int | None, typer.Option("--members", min=1, help="Networks averaged; fewer are faster.")
    ] = None,
    ear: EarOption = None,
    listed: ListedOption = None,
) -> None:
    """Train the model that ships, on all actors (some minutes on two cores), or one of your own.

    With --corpus and --labels: on your own recordings, of any of the eight emotions and of one
    corpus or several, and of RAVDESS besides where --ravdess names it. Before or after it, the same
    options with `emotify evaluate --train` say how well that works, for people who were not
    heard, and calibrate it.

    With --ear whisper: the larger ear, on RAVDESS and the corpora given, judged on the way by folds
    of RAVDESS and by each corpus left out; --out gets the model, the evidence and a card (some
    twenty minutes on two cores for what the one that ships was trained on).
    """
    sources = paired(corpora, labels)
    if ear is Ear.WHISPER:
        check_no_network_options(epochs, members, seed)
        EarTraining(ravdess_speech(ravdess), sources, out, listed).train()
        return
    if listed:
        raise InputError("--listed goes with --ear whisper")
    if sources:
        own_ravdess = ravdess_beside(context, ravdess)
        speech = ravdess_speech(own_ravdess) if own_ravdess else ()
        OwnTraining(sources, speech, out, partial(recipe, epochs=epochs, members=members)).train(
            seed=seed
        )
        return
    clips = ravdess_speech(ravdess)
    from ser.corpora.enough import check_enough
    from ser.network.artefact import DEFAULT_FOLDER

    check_enough(clips)
    if out is None or is_shipped(out):
        check_shipped_target(clips, "the model that ships", shortened=bool(epochs or members))
    folder = DEFAULT_FOLDER if out is None else out
    settings = recipe(epochs=epochs, members=members)
    from ser.training.final import train_shipped_model

    train_shipped_model(clips, folder, seed=seed, settings=settings)
    print(f"trained on {len(clips)} clips; wrote {printable(folder)}")


def ablate(
    out: Annotated[Path, typer.Option("--out", help="Folder for the predictions of the jobs.")],
    ravdess: RavdessOption = None,
    song: Annotated[
        Path | None,
        typer.Option("--song", envvar="EMOTIFY_RAVDESS_SONG", help="Folder with RAVDESS song."),
    ] = None,
    crema_d: Annotated[
        Path | None, typer.Option("--crema-d", envvar="EMOTIFY_CREMA_D", help="CREMA-D's folder.")
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--row", help="This row alone; may be repeated.")
    ] = None,
    n_seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds of each row.")] = 3,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Passes over the clips; few by default.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="CSV to write.", show_default="models/ser/ablations.csv"),
    ] = None,
) -> None:
    """Change one thing of the recipe at a time and judge it on the same folds and seeds; resumes.

    Rows of the table that --out has no predictions of stay as they are: delete it to start anew,
    as after a change of the recipe. `make figures` puts it into the model card.
    """
    speech = ravdess_speech(ravdess)
    recipe()  # says so if training is not installed
    from foundation.tables import write_table
    from ser.ablations import runs as ablation
    from ser.ablations import table as ablation_table
    from ser.corpora import crema_d as crema_d_corpus
    from ser.corpora.ravdess import index_clips
    from ser.network.artefact import DEFAULT_FOLDER

    if table is None:
        check_shipped_target(speech, "the ablations that ship", option="--table FILE")
        table = DEFAULT_FOLDER / ablation_table.FILE
    sung = [clip for clip in index_clips(song) if clip.channel == "song"] if song else []
    other = crema_d_corpus.index_clips(crema_d) if crema_d else ()
    written = ablation_table.read_table(table) if table.exists() else None
    measured = ablation.run_ablations(
        speech,
        out,
        chosen=rows or (),
        n_seeds=n_seeds,
        extra={"song": sung, "crema-d": other},
        epochs=epochs or ablation.EPOCHS,
    )
    judged = measured if written is None else ablation_table.joined(measured, written)
    write_table(judged, table)
    print(ablation_table.as_markdown(ablation_table.summary(judged)))
    kept = judged["row"].nunique() - measured["row"].nunique()
    complain(
        f"wrote {printable(table)}" + (f"; {kept} of its rows are as they were" if kept else "")
    )


def check_no_network_options(*given: object) -> None:
    """Refuse options of the small network for the larger ear, in whose fit nothing is drawn.

    Raises
    ------
    InputError
        If one of them says anything.
    """
    if any(given):
        raise InputError(
            "--epochs, --members, --seed, --seeds and --fold are of the small network; the larger "
            "ear is one convex fit, in which nothing is drawn: leave them out"
        )


def ravdess_speech(folder: Path | None) -> "tuple[Clip, ...]":
    """Return the clips of the speech corpus.

    Raises
    ------
    InputError
        If no folder is given, or it holds no clip of speech.
    """
    from ser.corpora.ravdess import files_named, how_to_get, index_clips, passed_over

    if folder is None:
        raise InputError(
            "this needs the RAVDESS speech corpus: give --ravdess DIR or set EMOTIFY_RAVDESS; "
            "`emotify ravdess download DIR` fetches it"
        )
    clips = index_clips(folder)
    others = passed_over(folder, clips)
    if others:
        complain(
            f"{printable(folder)}: {len(others):,} sound files passed over, which are no clips of "
            f"RAVDESS, or not certainly: {files_named(others)} (more: emotify ravdess validate)"
        )
    speech = tuple(clip for clip in clips if clip.channel == "speech")
    if not speech:
        raise InputError(
            f"{printable(folder)} holds song alone, and this needs speech; {how_to_get(folder)}"
        )
    return speech


def check_shipped_target(
    clips: "Sequence[Clip]", what: str, *, shortened: bool = False, option: str = "--out FOLDER"
) -> None:
    """Refuse to write over what comes with Emotify by less than all clips and the whole recipe.

    Raises
    ------
    InputError
        If this is no checkout, clips are missing, or the recipe is `shortened`; the message names
        the `option` that says where else to write.
    """
    from ser.corpora.enough import is_whole

    require_checkout(f"writing over {what}", f"give {option}")
    if shortened or not is_whole(clips):
        having = "the recipe is shortened" if shortened else f"these are {len(clips)} of 1440 clips"
        raise InputError(
            f"{what} would be written over, and {having}; only the full recipe on all of RAVDESS "
            f"does that: give {option}"
        )


def recipe(**changes: Any) -> "TrainSettings":
    """Return the shipped recipe with changes; this imports TensorFlow, quietly.

    Raises
    ------
    InputError
        If the packages for training are not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from ser.training.train import TrainSettings
    except ImportError as error:
        raise training_needs(error) from error
    return replace(TrainSettings(), **{k: v for k, v in changes.items() if v is not None})
