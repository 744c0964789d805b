"""Options that several commands share, and what they stand for."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.terminal import complain
from foundation.errors import InputError

if TYPE_CHECKING:
    from clustering.choice.catalogue import Catalogue
    from clustering.choice.shortlist import LargeCatalogue

ModelOption = Annotated[
    Path | None, typer.Option("--model", help="Model folder.", show_default="models/ser")
]


class Ear(StrEnum):
    """What hears: the small network on MFCC, or the layer on Whisper's frozen encoder."""

    MFCC = "mfcc"
    WHISPER = "whisper"


EarOption = Annotated[
    Ear | None,
    typer.Option("--ear", help="Which model hears.", show_default="mfcc"),
]
TracksOption = Annotated[
    Path | None,
    typer.Option(
        "--tracks",
        help="Track table, CSV or Parquet (Spotify column names, Kaggle, tidytuesday, Exportify), "
        "a folder or zip archive of tables, or a folder of music.",
        show_default="the table that ships with Emotify",
    ),
]
MoodsOption = Annotated[
    Path | None,
    typer.Option(
        "--moods",
        help="What `emotify moods fit` wrote for it.",
        show_default="moods are fitted now",
    ),
]
SpeakerOption = Annotated[
    str | None,
    typer.Option("--speaker", metavar="NAME", help="Whose voice it is (`emotify enrol`)."),
]
RavdessOption = Annotated[
    Path | None,
    typer.Option("--ravdess", envvar="EMOTIFY_RAVDESS", help="Folder with the RAVDESS speech."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
ProfileOption = Annotated[
    Path | None,
    typer.Option(
        "--profile", help="What you always want, TOML.", show_default="`emotify profile` says where"
    ),
]
HeadlessOption = Annotated[
    bool,
    typer.Option(
        "--headless",
        help="Log in to Spotify by a browser elsewhere: the address is printed, and the one that "
        "the browser ends at is read from standard input.",
    ),
]


def model_of(model: Path | None, ear: Ear | None) -> Path | None:
    """Return the model folder that `--model` or `--ear` names; None is the default of the ser room.

    Raises
    ------
    InputError
        If both are given.
    """
    if ear is None:
        return model
    if model is not None:
        raise InputError("--model names a folder and --ear a model that ships: give one of them")
    if ear is Ear.MFCC:
        return None
    from ser.network.artefact import EAR_FOLDER

    return EAR_FOLDER


def open_catalogue(path: Path | None, moods: Path | None) -> "Catalogue | LargeCatalogue":
    """Open a table with its moods, and say what is in it."""
    from clustering.choice import opening

    opened = opening.open_catalogue(path, moods=moods)
    complain(opened.table.summary())
    return opened
