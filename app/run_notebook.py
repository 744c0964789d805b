"""Run `notebooks/playlist_generation.ipynb` without a browser, for `make playlist`.

    python -m app.run_notebook me.wav --mode lift

The notebook does the work; this passes it the parameters, prints the playlist that it wrote,
and leaves the page and the executed notebook in `build/`.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from app.terminal import complain, guarded
from clustering.tracklist import label
from emotions.labels import emotion_named
from foundation.errors import InputError
from foundation.shipped import CHECKOUT, require_checkout

NOTEBOOK = CHECKOUT / "notebooks" / "playlist_generation.ipynb"
BUILD = CHECKOUT / "build"


def run(
    recording: Annotated[Path, typer.Argument(help="Recording of one person speaking.")],
    mode: Annotated[str, typer.Option("--mode", help="match, lift or journey.")] = "match",
    n_tracks: Annotated[int, typer.Option("-n", help="Number of tracks.")] = 20,
    tracks: Annotated[str, typer.Option("--tracks", help="Track table; empty for our own.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", envvar="ANYWAY", help="Go by the probabilities even if nobody speaks."
        ),
    ] = False,
) -> None:
    """Run the notebook on a recording and print the playlist."""
    from ser.sound.audio import Recording

    require_checkout(
        "the notebook", "`emotify playlist me.wav --html playlist.html` makes the same page"
    )
    sound = Recording(recording)  # a wrong file is refused before a kernel starts
    page = BUILD / "playlist.html"
    execute(
        {
            "recording": str(sound.path.resolve()),
            "mode": mode,
            "n_tracks": n_tracks,
            "tracks": str(Path(tracks).resolve()) if tracks else None,
            "seed": seed,
            "page": str(page),
            "anyway": anyway,
        }
    )
    print(_as_text(json.loads(page.with_suffix(".json").read_text("utf-8"))))
    complain(f"the page is {_shown(page)}, the notebook {_shown(BUILD / NOTEBOOK.name)}")


def execute(parameters: dict[str, Any]) -> None:
    """Execute the notebook with these parameters; the result goes to `build/`.

    Raises
    ------
    InputError
        If a cell refuses what the user gave.
    """
    # A kernel asks for debugging support and warns about frozen modules; no listener needs it.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # The kernel of this very Python, also where a user has another one of the same name.
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import papermill

        BUILD.mkdir(exist_ok=True)
        try:
            papermill.execute_notebook(
                NOTEBOOK,
                BUILD / NOTEBOOK.name,
                parameters,
                cwd=NOTEBOOK.parent,
                kernel_name="python3",
                progress_bar=sys.stderr.isatty(),
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
            )
        except papermill.PapermillExecutionError as error:
            if error.ename == InputError.__name__:
                raise InputError(error.evalue) from error
            raise


def _as_text(playlist: dict[str, Any]) -> str:
    mood = playlist["mood"]
    sound = "may sound" if playlist["uncertain"] else "sound"
    lines = [
        f"You {sound} {emotion_named(playlist['emotion']).adjective}. Mode {playlist['mode']}: "
        f"{mood['name']} (its valence here {mood['valence']:+.2f}, arousal "
        f"{mood['arousal']:+.2f}), "
        f"coverage {playlist['coverage']:.0%}"
    ]
    lines += [
        f"{number:>3}. {label(track['artist'], track['name'])}"
        for number, track in enumerate(playlist["tracks"], 1)
    ]
    return "\n".join([*lines, *playlist["notes"]])


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    application = typer.Typer(add_completion=False, rich_markup_mode=None)
    application.command()(run)
    guarded(application)
