"""`emotify recognize`: which emotion is heard in each recording."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.command.estimates import print_estimate
from app.command.options import EarOption, JsonOption, ModelOption, SpeakerOption, model_of
from app.terminal import WRONG_INPUT, complain
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.progress import progress_bar

BAR_DELAY_SECONDS = 2.0  # work that takes no longer needs no progress bar


def recognize(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            readable=False,
            help="Recordings of one person speaking; - is standard input.",
        ),
    ],
    as_json: JsonOption = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also print how the emotion changes over time.")
    ] = False,
    speaker: SpeakerOption = None,
    model: ModelOption = None,
    ear: EarOption = None,
) -> None:
    """Say which emotion is heard in each recording.

    With --json one file gives an object and several give a list. A file that cannot be used is
    named on standard error, the others are still answered, and the exit code is 2. Where nobody
    speaks no emotion is named: in JSON it is null, and the confidence 0.
    """
    model = model_of(model, ear)
    from ser.sound.piped import shown_name

    answers: list[dict[str, Any]] = []
    n_refused = 0
    for path, estimate in _estimates(files, model, speaker):
        if isinstance(estimate, InputError):
            complain(str(estimate))
            n_refused += 1
            continue
        name = shown_name(path)
        for note in estimate.notes:
            complain(f"{name}: {note}")
        answers.append({"file": name, **estimate.to_dict()})
        if not as_json:
            print_estimate(name, estimate, timeline=timeline)
    if as_json and answers:
        print(json.dumps(answers[0] if len(files) == 1 else answers, indent=2, ensure_ascii=False))
    if n_refused:
        raise typer.Exit(WRONG_INPUT)


def _estimates(
    files: Sequence[Path], model: Path | None, speaker: str | None
) -> Iterator[tuple[Path, EmotionEstimate | InputError]]:
    """Yield every file with its estimate, or with the reason why there is none, in order."""
    from ser.many_files import recognize_files

    several = len(files) > 1  # a long recording has a bar of its own
    bar = progress_bar(
        None, None, len(files), unit="file", leave=False, delay=BAR_DELAY_SECONDS, show=several
    )
    with bar:
        for path, estimate in zip(files, recognize_files(files, model, speaker), strict=True):
            if not bar.disable and bar.format_dict["elapsed"] > BAR_DELAY_SECONDS:
                bar.clear()  # room for what is printed about this file
            yield path, estimate
            bar.update()
