"""The `emotify` command: what its commands are called, in the order in which help lists them.

Each command is a function of a module beside this one, thin over the packages; heavy ones are
imported inside it, so that `emotify recognize` starts quickly. Results go to standard output,
everything else to standard error; exit codes are those of `app.terminal`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from app.command import moods, ravdess, tracks
from app.command.evaluate import evaluate
from app.command.listener import dislike, forget, history, like, profile
from app.command.playlist import playlist
from app.command.read import read
from app.command.recognize import recognize
from app.command.research import ablate, train
from app.command.speakers import enrol
from app.command.spotify import app as spotify_app
from app.command.spotify import refresh
from app.terminal import guarded


class _Commands(TyperGroup):
    """Lets `playlist like` and its like stand beside `playlist FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments begin with; a name may be two words."""
        if " ".join(args[:2]) in self.commands:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="emotify",
    cls=_Commands,
    help="From the emotion in a voice to a playlist that fits it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(recognize)
app.command()(read)
app.command()(enrol)
app.command()(playlist)
app.command("playlist like")(like)
app.command("playlist dislike")(dislike)
app.command("playlist refresh")(refresh)
app.command()(history)
app.command()(profile)
app.command()(forget)
app.command()(train)
app.command()(evaluate)
app.command()(ablate)
app.add_typer(moods.app, name="moods")
app.add_typer(tracks.app, name="tracks")
app.add_typer(spotify_app, name="spotify")
app.add_typer(ravdess.app, name="ravdess")


def _tell_version(asked: bool) -> None:
    if asked:
        try:
            print(f"emotify {version('emotify')}")
        except PackageNotFoundError:
            print("emotify, a checkout that is not installed")
        raise typer.Exit


@app.callback()
def _before_any_command(
    asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Say the version and stop."
        ),
    ] = False,
) -> None:
    """Options of `emotify` itself."""


def main() -> NoReturn:
    """Run the `emotify` command."""
    guarded(app)


if __name__ == "__main__":
    main()
