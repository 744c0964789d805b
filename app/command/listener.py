"""A listener's own commands: likes and dislikes, history, profile, and forgetting."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.command.options import JsonOption, ProfileOption, TracksOption
from app.terminal import complain
from clustering.tracklist import label
from foundation.errors import InputError
from foundation.text import printable

TrackArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="TRACK...",
        help="A number of the latest playlist, an id, an address, a title, or 'artist - title'.",
    ),
]
UndoOption = Annotated[bool, typer.Option("--undo", help="Take the judgement back.")]
PICTURES = (".png", ".svg", ".pdf")
MANY = 15  # more lines than that are hard to read at once


def like(tracks: TrackArguments, table: TracksOption = None, undo: UndoOption = False) -> None:
    """Say that you like tracks: what sounds like them comes more often."""
    _judge(tracks, table, liked=True, undo=undo)


def dislike(tracks: TrackArguments, table: TracksOption = None, undo: UndoOption = False) -> None:
    """Say that you dislike tracks: they do not come again, and what sounds like them less often.

    An artist is left out after three disliked tracks, as long as you like none of theirs.
    """
    _judge(tracks, table, liked=False, undo=undo)


def _judge(words: Sequence[str], table: Path | None, *, liked: bool, undo: bool) -> None:
    from listener.store import open_store
    from listener.tastes import find_track

    with open_store(complain) as store:
        meant = [find_track(word, store, table) for word in words]
        for track in meant:
            called = label(track.artist, track.name)
            if undo:
                known = store.take_back(track.track_id)
                print(f"no judgement any more: {called}" if known else f"was not judged: {called}")
            else:
                store.judge(track, liked=liked)
                print(f"{'liked' if liked else 'disliked'}: {called}")


def history(
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many entries, the latest.")
    ] = 20,
    last: Annotated[
        bool, typer.Option("--last", help="Show the tracks of the latest playlist.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Draw your mood over time: a .png, .svg or .pdf."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Show what cannot be read any more, and take it out of the memory."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show past estimates and playlists, and what you liked and disliked."""
    if repair:
        if last or plot is not None or as_json:
            raise InputError("--repair goes without --last, --plot and --json")
        _repair()
        return
    from listener.store import open_store, store_path

    if not store_path().exists():
        complain("nothing is remembered yet; `emotify playlist me.wav` makes the first entry")
        if as_json:
            print("[]")
        return
    with open_store(complain) as store:
        entries = store.entries(None if plot is not None else 1 if last else number)
        judgements = store.judgements()
    verdicts = dict(zip(judgements["track_id"], judgements["liked"], strict=True))
    if plot is not None:
        _plot(entries, plot)
        entries = entries[:number]
    if as_json:
        print(json.dumps([entry.to_dict() for entry in entries], indent=2, ensure_ascii=False))
    elif last:
        words = {True: "  (liked)", False: "  (disliked)", None: ""}
        for place, track in enumerate(entries[0].playlist["tracks"] if entries else [], 1):
            verdict = words[verdicts.get(track["track_id"])]
            print(f"{place:>3}. {label(track['artist'], track['name'])}{verdict}")
    else:
        for entry in entries:
            print(entry.describe())
        n_liked = sum(map(bool, verdicts.values()))
        print(f"liked: {n_liked}, disliked: {len(verdicts) - n_liked}")


def _repair() -> None:
    from listener.store import open_store, store_path

    if not store_path().exists():
        complain("nothing is remembered yet, so there is nothing to repair")
        return
    with open_store(complain) as store:
        lost, path = store.repair()
    for row in lost:
        print(row.describe())
    if path is None:
        print("all that is remembered can be read")
    else:
        complain(
            f"wrote what is left of {'it' if len(lost) == 1 else 'them'} to {printable(path)}; the "
            "memory is whole again. `emotify playlist like` and `dislike` say a lost one anew"
        )
    for aside in sorted(store_path().parent.glob(f"{store_path().name}.damaged-*")):
        complain(f"a damaged memory was kept as {printable(aside)}; what could be read went on")


def _plot(entries: Sequence, path: Path) -> None:
    if path.suffix.lower() not in PICTURES:
        raise InputError(
            f"{printable(path)}: a picture is written as {', '.join(PICTURES)}; choose such a name"
        )
    if not entries:
        raise InputError("nothing is remembered yet, so there is nothing to draw")
    try:
        from listener.plots import save_history
    except ImportError as error:
        raise InputError(
            f"a picture needs {error.name}; install with: pip install 'emotify[notebooks]'"
        ) from error
    save_history(entries, path)
    complain(f"wrote {printable(path)}")


def profile(
    path: ProfileOption = None,
    init: Annotated[bool, typer.Option("--init", help="Write one to begin with.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print one.")] = False,
) -> None:
    """Show what you always want: genres, artists, years, languages (a TOML file that you edit)."""
    from listener import profile as profiles

    if example:
        print(profiles.EXAMPLE, end="")
        return
    if init:
        print(profiles.write_example(path))
        return
    where = profiles.profile_path() if path is None else path
    known = profiles.read_profile(path)
    lacks = "" if where.exists() else " (not there; `emotify profile --init` makes it)"
    print(f"{printable(where)}{lacks}")
    print(known.describe())


def forget(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is stored, only.")] = False,
) -> None:
    """Delete everything that is stored of you on this machine.

    That is: likes and history, the login to Spotify and what was put there, schedules, the profile,
    voices, and tables of your own tracks and music. Playlists on Spotify stay, and so does a table
    that is no more what the import wrote: it is named.
    """
    from listener.forget import LOGIN, stored
    from listener.forget import forget as forget_all

    inventory = stored(complain)
    for kind in inventory.kinds:
        print(f"{kind.what}: {', '.join(map(printable, kind.paths[:MANY]))}")
    for table in inventory.left:
        print(f"imported from Spotify and left alone: {table.describe()}")
    if not inventory.kinds:
        print("nothing is stored of you")
    if dry_run or not inventory.kinds:
        return
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise InputError(
                "nothing was deleted: there is no terminal to ask at; give --yes to delete all of "
                "this, or --dry-run to see it only"
            )
        if not typer.confirm("Delete all of this?"):
            complain("nothing was deleted")
            return
    for line in forget_all(inventory):
        print(line)
    if any(kind.what == LOGIN for kind in inventory.kinds):
        complain("Spotify still trusts your app; end that at https://www.spotify.com/account/apps")
