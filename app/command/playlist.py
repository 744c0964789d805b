"""`emotify playlist`: from a recording or a feeling to music, here and on Spotify."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app import memory
from app.command.options import (
    EarOption,
    HeadlessOption,
    JsonOption,
    ModelOption,
    MoodsOption,
    ProfileOption,
    SeedOption,
    SpeakerOption,
    TracksOption,
    model_of,
    open_catalogue,
)
from app.command.spotify import Made, Wanted, go_on, put
from app.felt import Told
from app.terminal import complain
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import printable


def playlist(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            readable=False,
            help="Recording of one person speaking; - is standard input.",
        ),
    ] = None,
    emotion: Annotated[
        str | None,
        typer.Option("--emotion", help=f"Instead of FILE: {', '.join(EMOTION_NAMES)}."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="What you write, with or without FILE.")
    ] = None,
    tracks: TracksOption = None,
    moods: MoodsOption = None,
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            help="match: music that feels as you do; lift: towards calm or happy; "
            "journey: from the one to the other.",
        ),
    ] = "match",
    n_tracks: Annotated[int, typer.Option("-n", "--number", help="Number of tracks.")] = 20,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Length instead of a number of tracks.")
    ] = None,
    seed: SeedOption = 0,
    genre: Annotated[
        list[str] | None, typer.Option("--genre", help="Keep this genre; may be repeated.")
    ] = None,
    artist: Annotated[
        list[str] | None, typer.Option("--artist", help="Keep this artist; may be repeated.")
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Leave out tracks marked explicit.")
    ] = False,
    years: Annotated[
        str | None, typer.Option("--years", metavar="FROM-TO", help="Years of release.")
    ] = None,
    popularity: Annotated[
        str | None, typer.Option("--popularity", metavar="FROM-TO", help="Popularity, 0-100.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            help="Keep this language, where the table or the title tells it; may be repeated.",
        ),
    ] = None,
    not_genre: Annotated[
        list[str] | None, typer.Option("--not-genre", help="Leave this genre out; may be repeated.")
    ] = None,
    not_artist: Annotated[
        list[str] | None,
        typer.Option("--not-artist", help="Leave this artist out; may be repeated."),
    ] = None,
    favourite: Annotated[
        list[str] | None,
        typer.Option(
            "--favourite",
            metavar="ARTIST",
            help="Prefer music that sounds like theirs; may be repeated.",
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Go by the probabilities even if nobody speaks in FILE."),
    ] = False,
    as_json: JsonOption = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file.")] = None,
    m3u: Annotated[
        Path | None, typer.Option("--m3u", help="Write an M3U (the table needs a path column).")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a web page.")] = None,
    play: Annotated[
        bool, typer.Option("--play", help="Play it (the table needs a path column).")
    ] = False,
    speaker: SpeakerOption = None,
    model: ModelOption = None,
    ear: EarOption = None,
    profile: ProfileOption = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history/--no-history", help="Remember it, the default.", show_default=False
        ),
    ] = True,
    spotify: Annotated[
        bool, typer.Option("--spotify", help="Put it into your Spotify account, too.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="On Spotify: its name.")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="On Spotify: let others see it.")
    ] = False,
    headless: HeadlessOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --spotify: say what would be done, only.")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="FILE", help="Go on with what Spotify interrupted, nothing else."
        ),
    ] = None,
    refresh: Annotated[
        str | None,
        typer.Option(
            "--refresh",
            metavar="DAILY|WEEKLY|MONTHLY",
            help="Put it on Spotify and renew it there that often.",
        ),
    ] = None,
    install: Annotated[
        bool,
        typer.Option("--install", help="With --refresh: have the system's scheduler do it."),
    ] = False,
) -> None:
    """Choose music that fits a recording, a text, or an emotion by name.

    `emotify playlist like` and `dislike` say what you think of a track, and the next playlist
    knows. A recording of the name like, dislike or refresh is given as ./like.
    """
    model = model_of(model, ear)
    if resume is not None:
        sources = {name: context.get_parameter_source(name) for name in context.params}
        given = {
            name for name, source in sources.items() if source and source.name == "COMMANDLINE"
        }
        if given - {"resume", "headless", "as_json"}:
            raise InputError("--resume goes on with one playlist alone; leave the rest out")
        go_on(resume, headless=headless, as_json=as_json)
        return
    wanted = Wanted(
        spotify or refresh is not None, name, public, headless, dry_run, refresh, install
    )
    told_by = Told(file, text, emotion, model, speaker)
    from clustering.choice.filters import Filters
    from clustering.choice.wish import Wish
    from clustering.playlist import make_playlist
    from listener.profile import read_profile
    from listener.tastes import taste_of

    always = read_profile(profile)
    always = replace(always, favourites=(*always.favourites, *(favourite or ())))
    wish = Wish(
        mode=mode,
        n_tracks=n_tracks,
        minutes=minutes,
        seed=seed,
        filters=Filters(
            genres=genre or (),
            artists=artist or (),
            explicit=False if clean else None,
            years=_years(years),
            popularity=_popularity(popularity),
            languages=language or (),
            not_genres=not_genre or (),
            not_artists=not_artist or (),
        ),
        taste=taste_of(always, memory.judgements()),
    )
    estimate = told_by.estimate(anyway=anyway)
    chosen = make_playlist(estimate, open_catalogue(tracks, moods), wish)
    for write, path in ((chosen.to_csv, csv), (chosen.to_m3u, m3u), (chosen.to_html, html)):
        if path is not None:
            write(path)
            complain(f"wrote {printable(path)}")
    if not as_json:
        print(told_by.said(estimate))
        print(chosen.describe(), flush=True)
    if history and always.keeps_history and not dry_run:
        memory.remember(estimate, chosen.to_dict(), source=told_by.source)
    made = Made(chosen, estimate, wish, tuple(favourite or ()), tracks, moods, profile)
    told: dict[str, Any] | None = None
    try:
        if wanted.spotify:
            told = put(made, wanted, as_json=as_json)
    finally:
        if as_json:  # nothing is lost if Spotify fails
            answer = chosen.to_dict() | ({"spotify": told} if wanted.spotify else {})
            print(json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False), flush=True)
    if play:
        from app.players import play as play_list

        play_list(chosen)


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, dash, last = text.partition("-")
    try:
        return int(first or 0), int(last or (9999 if dash else first))
    except ValueError as error:
        raise InputError(
            f"--years {text!r}: give a year or FROM-TO, such as 1990-1999, 1990- or -1999"
        ) from error


def _popularity(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        return float(first or 0), float(last or 100)
    except ValueError as error:
        raise InputError(
            f"--popularity {text!r}: give FROM-TO from 0 to 100, such as 20-80, 50- or -30"
        ) from error
