"""`emotify tracks`: gather or fetch tables of tracks."""

from pathlib import Path
from typing import Annotated

import typer

from app.command.options import HeadlessOption
from app.command.spotify import import_own
from app.terminal import complain
from foundation.errors import InputError
from foundation.text import as_word, printable

app = typer.Typer(help="Gather or fetch tables of tracks.", no_args_is_help=True)


@app.command("import")
def import_tables(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="CSV or Parquet files, folders or zip archives of them, FMA's metadata (folder or "
            "zip), or folders of music; or your own tracks on Spotify: spotify:liked, "
            "spotify:playlists, spotify:top.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Table to write, .parquet or .csv.")],
    features: Annotated[
        list[Path] | None,
        typer.Option(
            "--features",
            help="For lists without audio features, and your own tracks on Spotify: table to take "
            "them from, by id, ISRC, or artist and title; may be repeated. What no table has is "
            "asked of ReccoBeats.",
        ),
    ] = None,
    reccobeats: Annotated[
        bool,
        typer.Option(
            "--reccobeats/--no-reccobeats",
            help="For the same: ask ReccoBeats, which is told Spotify's ids of the tracks.",
        ),
    ] = True,
    headless: HeadlessOption = False,
    curated: Annotated[
        bool,
        typer.Option(
            "--curated",
            help="Leave out karaoke and tributes, Christmas music, sounds of nature, names cut "
            "off, and what is under a minute or over a quarter of an hour.",
        ),
    ] = False,
) -> None:
    """Merge tables of tracks into one, or make one of your own tracks on Spotify.

    Read are Spotify's column names, Kaggle's "Spotify Tracks", tidytuesday, Exportify in any of its
    languages and the Echo Nest features of FMA; and lists without audio features (TuneMyMusic,
    Soundiiz, Exportify's short form), for which these are looked up. Where sources have the same
    track, the one given first wins. What is left out is said, and why. Your own tracks are fetched
    page by page; the same command goes on where it was interrupted.
    """
    from clustering.sources import import_tracks
    from clustering.tables.tracks import check_writable, write_tracks
    from listener.own_tracks import Finder, kinds_of

    kinds = kinds_of(sources)
    if not kinds:
        if headless:
            raise InputError("--headless goes with spotify: sources")
        check_writable(out)
        finder = Finder(features or [], out, ask_reccobeats=reccobeats, tell=complain)
        imported = import_tracks(sources, curated=curated, look_up=finder.look_up)
        write_tracks(imported.frame, out)
        finder.finished()
        complain(imported.summary())
        if features and not finder.n_asked:
            complain("--features was not needed: every source has features of its own")
        print(f"{printable(out)}: {len(imported.frame):,} tracks")
        return
    if len(kinds) < len(set(sources)):
        raise InputError(
            "your own tracks on Spotify stand alone; give tables to take features from with "
            "--features, and merge the tables that come out in a second step"
        )
    if curated:
        raise InputError("--curated goes with tables; import your tracks without it first")
    check_writable(out)
    import_own(kinds, features or [], out, reccobeats=reccobeats, headless=headless)


@app.command("analyse")
def analyse(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", readable=False, help="Where your music is.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Table to write, .parquet or .csv.")],
    jobs: Annotated[
        int, typer.Option("--jobs", help="Files at once.", show_default="one a core")
    ] = -1,
    vibenet: Annotated[
        bool,
        typer.Option("--vibenet", help="Features by VibeNet (pip install 'emotify[vibenet]')."),
    ] = False,
    shortest: Annotated[
        float, typer.Option("--shortest", help="Leave out what lasts fewer seconds.")
    ] = 30.0,
    longest: Annotated[
        float, typer.Option("--longest", help="Leave out what lasts more minutes.")
    ] = 20.0,
    spoken: Annotated[
        bool, typer.Option("--spoken", help="Keep what sounds like spoken word.")
    ] = False,
) -> None:
    """Make a table of your own music files: tags, and features computed from the sound.

    Files that did not change since the last time are not read again; what is left out is named,
    with the reason. `emotify playlist --tracks FOLDER` leaves out what this does unless told
    otherwise; give it the table instead.
    """
    from clustering.music.files import analyse_folder
    from clustering.music.sound import Limits

    limits = Limits(shortest, 60 * longest, spoken)
    analysis = analyse_folder(folder, out, limits=limits, n_jobs=jobs, vibenet=vibenet)
    complain(analysis.summary())
    print(f"{printable(out)}: {len(analysis.frame):,} tracks")


@app.command("download")
def download_tracks(
    name: Annotated[
        str | None, typer.Argument(help="Table to fetch.", show_default="list what there is")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder.", show_default="Emotify's own data folder"),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Mirror of the file, or of the folder of files.")
    ] = None,
) -> None:
    """Fetch an open table of tracks and check it; resumes.

    Without a name: what there is, with sizes and licences.
    """
    from clustering.tables.downloads import download_table, known_table, known_tables

    if name is None:
        print(known_tables())
        return
    complain(known_table(name).notice())
    path = download_table(name, out, url=url)
    print(path)
    complain(f"make a table of it: emotify tracks import {as_word(path)} --out tracks.parquet")
