"""Recordings of one's own: how `train` and `evaluate` take them, train on them and judge that."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.terminal import complain
from foundation.errors import InputError
from foundation.text import counted, printable

if TYPE_CHECKING:
    from ser.corpora.clips import SpokenClip
    from ser.corpora.own import OwnCorpora
    from ser.training.train import TrainSettings

CorporaOption = Annotated[
    list[Path] | None,
    typer.Option("--corpus", help="Folder with your own recordings; to train on, may be repeated."),
]
LabelsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--labels",
        help="For each --corpus: CSV with columns file, emotion (happy, HAP, joy...) and speaker "
        "(to train, needed).",
    ),
]


def paired(
    corpora: Sequence[Path] | None, labels: Sequence[Path] | None
) -> list[tuple[Path, Path]]:
    """Return each folder with its table, in the order in which they were given.

    Raises
    ------
    InputError
        If there are more of the one than of the other.
    """
    folders, tables = corpora or (), labels or ()
    if len(folders) != len(tables):
        raise InputError(
            f"--corpus DIR and --labels CSV belong together, and {len(folders)} of the one and "
            f"{len(tables)} of the other were given: give a table for each folder, in their order"
        )
    return list(zip(folders, tables, strict=True))


def ravdess_beside(context: typer.Context, ravdess: Path | None) -> Path | None:
    """Return the RAVDESS folder if the command line names it; a variable adds it to no corpus."""
    source = context.get_parameter_source("ravdess")
    return ravdess if source is not None and source.name == "COMMANDLINE" else None


def is_shipped(folder: Path) -> bool:
    """Return whether a folder is that of the small network that ships, or lies in it.

    Raises
    ------
    InputError
        If it is that of the larger ear, or lies in it: nothing is written there.
    """
    from ser.network.artefact import DEFAULT_FOLDER, EAR_FOLDER

    if folder.resolve().is_relative_to(EAR_FOLDER.resolve()):
        raise InputError(
            f"{printable(folder)} is the larger ear that ships, and nothing is trained over it; "
            "give another --out FOLDER"
        )
    return folder.resolve().is_relative_to(DEFAULT_FOLDER.resolve())


def training_needs(error: ImportError) -> InputError:
    """Return what to say where a package for training is missing."""
    return InputError(
        f"training needs {error.name}, which is not installed: pip install 'emotify[train]'"
    )


def checked_target(out: Path | None) -> Path:
    """Return the folder that a model of own corpora is written to.

    Raises
    ------
    InputError
        If there is none, it is one that ships, or something else lies there.
    """
    from ser.network.artefact import KIND

    if out is None:
        raise InputError("training on own corpora needs --out FOLDER for the model")
    if is_shipped(out):
        raise InputError(
            f"{printable(out)} is the model that ships, which is trained on RAVDESS alone; give "
            "another --out FOLDER"
        )
    KIND.check_target(out)
    return out


def read_sources(
    sources: Sequence[tuple[Path, Path]], speech: "Sequence[SpokenClip]"
) -> "OwnCorpora":
    """Read own corpora beside RAVDESS, and say what is left out of them."""
    from ser.corpora.own import read_corpora
    from ser.corpora.ravdess import CORPUS

    own = read_corpora(sources, taken=(CORPUS,) if speech else ())
    for line in own.summaries():
        complain(line)
    return own


@dataclass(frozen=True)
class OwnTraining:
    """What `train` and `evaluate --train` are asked to do with own corpora.

    Attributes
    ----------
    sources
        Folder and table of each corpus.
    speech
        Clips of RAVDESS to train on besides.
    out
        Model folder.
    recipe
        Makes the settings, once it is known that there is something to train on.
    """

    sources: Sequence[tuple[Path, Path]]
    speech: "Sequence[SpokenClip]"
    out: Path | None
    recipe: "Callable[[], TrainSettings]"

    def train(self, *, seed: int) -> None:
        """Train on everybody and write model and card."""
        out, own, clips, settings = self._prepared()
        from ser.evaluation.own_corpora import write_card
        from ser.training.final import train_on_all
        from ser.training.recipes import description_of, judged_folds

        train_on_all(clips, out, description_of(clips), seed=seed, settings=settings)
        write_card(out, _n_left_out(own))
        print(f"trained on {len(clips)} clips; wrote {printable(out)}")
        if not judged_folds(out):
            complain(
                "how it hears people whom it has not heard was not measured, and it is not "
                "calibrated; the same options and --out with `emotify evaluate --train` do both"
            )

    def judge(self, *, seeds: Sequence[int], shuffle_labels: bool, as_json: bool) -> None:
        """Train and judge every fold, write what was found, and print it."""
        out, own, clips, settings = self._prepared()
        from ser.evaluation.own_corpora import judge, write_card
        from ser.evaluation.predictions import own_metrics_of
        from ser.evaluation.report import describe

        table = judge(clips, out, seeds=seeds, shuffle_labels=shuffle_labels, settings=settings)
        write_card(out, _n_left_out(own))
        figures = own_metrics_of(table)
        print(json.dumps(figures, indent=2) if as_json else describe(figures, "speaker"))

    def _prepared(self) -> "tuple[Path, OwnCorpora, tuple[SpokenClip, ...], TrainSettings]":
        """Return where to write, what was read, what to train on and how, all of it checked."""
        out = checked_target(self.out)
        from ser.corpora.enough import check_judgeable
        from ser.evaluation.folds import speaker_folds

        own = read_sources(self.sources, self.speech)
        clips = (*own.clips, *self.speech)
        check_judgeable(clips)
        folds = speaker_folds(clips)
        settings = self.recipe()
        speakers = len({clip.speaker for clip in clips})
        complain(
            f"{counted(len(clips), 'clip')} of {counted(speakers, 'speaker')}; "
            f"{len(folds)} folds by speaker"
        )
        return out, own, clips, settings


def _n_left_out(own: "OwnCorpora") -> dict[str, int]:
    return {corpus: len(rows) for corpus, rows in own.left_out.items()}


def warn_of_own(figures: dict[str, Any], model: Path | None) -> None:
    """Say so where a model is judged on a corpus of the name of one that it was trained on."""
    if model is None:
        return
    from ser.training.recipes import recipe_in

    name = Path(figures["corpus"]).resolve().name
    if name in recipe_in(model).get("corpora", {}):
        complain(
            f"warning: this model was trained on a corpus called {name}; if it is this one, the "
            "figures say how well it remembers, and `emotify evaluate --train` how well it hears"
        )
