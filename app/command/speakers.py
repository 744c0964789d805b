"""`emotify enrol`: get to know a voice."""

from pathlib import Path
from typing import Annotated

import typer

from app.command.options import EarOption, ModelOption, model_of
from app.terminal import WRONG_INPUT, complain
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import printable


def enrol(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the speaker, as for --speaker.")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", readable=False, help="Recordings of this person alone."),
    ] = None,
    emotion: Annotated[
        str | None,
        typer.Option(
            "--emotion", help=f"If all FILEs express the same: {', '.join(EMOTION_NAMES)}."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget this speaker.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Say who is enrolled.")] = False,
    model: ModelOption = None,
    ear: EarOption = None,
) -> None:
    """Get to know a voice, so that --speaker NAME hears its emotions better.

    About eight recordings are a good start, in various moods; three of each emotion, told with
    --emotion, help most. Recordings are added to those before, none counts twice. Statistics are
    kept in your data folder, no sound.
    """
    model = model_of(model, ear)
    files = files or []
    if listing:
        if name is not None or emotion or remove:
            raise InputError("--list stands alone: `emotify enrol --list`")
        _list_speakers()
        return
    if name is None or bool(files) == remove or (remove and emotion):
        raise InputError(
            "give a name and recordings (`emotify enrol ann *.wav`), a name and --remove, or --list"
        )
    from ser.voices import enrolment

    if remove:
        complain(f"removed {enrolment.remove_profile(name)}")
        return
    from ser.recognizer import load_recognizer

    profile, result = enrolment.enrol(load_recognizer(model), name, files, emotion=emotion)
    for refusal in result.refused:
        complain(str(refusal))
    if result.known:
        complain(f"known before, not counted again: {', '.join(map(printable, result.known))}")
    if profile is not None:
        print(profile.summary())
        if len(profile.digests) < enrolment.ENOUGH_CLIPS:
            complain(f"{enrolment.ENOUGH_CLIPS} recordings or more tell a voice better")
    if result.refused:
        raise typer.Exit(WRONG_INPUT)


def _list_speakers() -> None:
    from ser.voices import enrolment

    names = enrolment.speakers()
    for name in names:
        try:
            print(enrolment.load_profile(name).summary())
        except InputError as error:
            complain(str(error))
    if not names:
        complain(f"nobody is enrolled in {printable(enrolment.data_folder())}")
