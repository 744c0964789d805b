"""What the commands do with a Spotify account: log in, put a playlist there, renew, import."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import memory
from app.command.options import HeadlessOption
from app.terminal import complain
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError

if TYPE_CHECKING:
    from clustering.choice.wish import Wish
    from clustering.playlist import Playlist
    from spotify.client import Account
    from spotify.journal import Request
    from spotify.publish import Published

app = typer.Typer(help="Log in to Spotify, or out of it.", no_args_is_help=True)


@dataclass(frozen=True)
class Wanted:
    """What `emotify playlist` is asked to do on Spotify, by the names of its options."""

    spotify: bool
    name: str | None
    public: bool
    headless: bool
    dry_run: bool
    refresh: str | None
    install: bool

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises
        ------
        InputError
            If it does not.
        """
        needs_spotify = self.name is not None or self.public or self.dry_run
        if needs_spotify and not self.spotify:
            raise InputError("--name, --public and --dry-run go with --spotify")
        if self.install and self.refresh is None:
            raise InputError("--install goes with --refresh daily, weekly or monthly")
        if self.dry_run and self.refresh is not None:
            raise InputError("--dry-run goes without --refresh; leave one of them out")
        if self.refresh is not None:
            from listener.schedules import checked_every

            checked_every(self.refresh)


@dataclass(frozen=True)
class Made:
    """A playlist that was made, and how.

    Attributes
    ----------
    playlist, estimate
        The playlist, and the emotion that it was made for.
    wish
        What was asked for.
    favourites
        Artists to prefer, besides those of the profile.
    tracks, moods, profile
        What was given for these options.
    """

    playlist: "Playlist"
    estimate: EmotionEstimate
    wish: "Wish"
    favourites: tuple[str, ...]
    tracks: Path | None
    moods: Path | None
    profile: Path | None


def put(made: Made, wanted: Wanted, *, as_json: bool) -> dict[str, Any]:
    """Put a playlist into the listener's account, or say what would be done; return that."""
    if wanted.refresh is not None:
        return _put_and_keep_fresh(made, wanted, as_json=as_json)
    from spotify.errors import LoginNeededError
    from spotify.from_playlist import request_for, track_ids
    from spotify.login import is_logged_in
    from spotify.publish import plan, scopes

    request = request_for(made.playlist, today=date.today(), name=wanted.name, public=wanted.public)
    if wanted.dry_run:
        # Who is logged in learns which tracks would be found; for the others a login is too much.
        account = None
        if is_logged_in(scopes(wanted.public)):
            with contextlib.suppress(LoginNeededError):
                asked = _account(public=wanted.public, interactive=False)
                asked.me()
                account = asked
        planned = plan(account, request)
        if not as_json:
            print(planned.describe())
        return planned.to_dict()
    published = _published(request, _account(public=wanted.public, headless=wanted.headless))
    memory.link(track_ids(request.tracks), published.url)
    if not as_json:
        print(published.describe())
    return published.to_dict()


def go_on(path: Path, *, headless: bool, as_json: bool) -> None:
    """Go on with what Spotify interrupted."""
    from spotify.from_playlist import track_ids
    from spotify.journal import read_journal
    from spotify.publish import resume

    journal = read_journal(path)
    account = _account(public=journal.request.public, headless=headless)
    published = resume(account, path, tell=complain)
    memory.link(track_ids(journal.request.tracks), published.url)
    print(json.dumps(published.to_dict(), indent=2) if as_json else published.describe())


def refresh(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the schedule, as --list tells it.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Say what is renewed.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Renew it no more; on Spotify it stays as it is.")
    ] = False,
) -> None:
    """Renew a playlist on Spotify now, as its schedule does (`playlist --refresh`).

    Nobody is asked anything: this is what the system's scheduler runs.
    """
    from listener import schedules, system_jobs

    if listing or name is None:
        if name is not None or remove:
            raise InputError("give --list alone, or a NAME with or without --remove")
        for schedule in schedules.schedules(complain):
            print(f"{schedule.name}: {schedule.playlist}, {schedule.every}")
        return
    if remove:
        for line in system_jobs.uninstall(name):
            complain(line)
        schedules.remove(name)
        complain(f"{name} is renewed no more")
        return
    from listener import renewal
    from listener.profile import read_profile
    from listener.tastes import taste_of
    from spotify.from_playlist import track_ids

    today = date.today()
    schedule = schedules.load(name)
    choice = renewal.Choice.of(schedule)
    always = read_profile(choice.profile)
    always = replace(always, favourites=(*always.favourites, *choice.favourites))
    judged = memory.judgements()
    schedule, fresh = renewal.renewed(
        schedule, choice.opened, taste_of(always, judged), judged, today=today
    )
    if fresh is not None:
        schedules.save(schedule)
    request = renewal.request_of(schedule, today=today)
    if fresh is not None and always.keeps_history:
        told = renewal.told(fresh, request.tracks, judged)
        memory.remember(choice.estimate, told, source=f"renewal of {schedule.playlist}")
    published = _published(request, _account(public=schedule.public, interactive=False))
    memory.link(track_ids(request.tracks), published.url)
    print(published.describe())


@app.command()
def login(
    public: Annotated[
        bool, typer.Option("--public", help="For playlists that others may see, too.")
    ] = False,
    headless: HeadlessOption = False,
) -> None:
    """Log in, so that playlists can be put into your account; other commands ask when needed."""
    account = _account(public=public, headless=headless)
    print(f"logged in to Spotify as {account.me()}")


@app.command()
def logout() -> None:
    """Delete the login from this machine."""
    from spotify.token_store import forget_login

    path = forget_login()
    complain("was not logged in" if path is None else f"removed {path}")


def import_own(
    kinds: Sequence[str], tables: Sequence[Path], out: Path, *, reccobeats: bool, headless: bool
) -> None:
    """Write a table of the listener's own tracks on Spotify."""
    from listener import own_tracks
    from listener.store import open_store
    from spotify.client import Account
    from spotify.login import Dialogue, authorise

    dialogue = Dialogue(headless=headless, tell=complain)
    account = Account(authorise(own_tracks.scopes(kinds), dialogue), tell=complain)
    table = own_tracks.gather(account, kinds, tables, out, ask_reccobeats=reccobeats, tell=complain)
    with open_store(complain) as store:  # so that it can be forgotten
        store.note_import(out, is_written=False)
        table.write(out)
        store.note_import(out, is_written=True)
    complain(table.summary())
    n_with = len(table.frame) - len(table.without)
    print(f"{out}: {len(table.frame):,} tracks, {n_with:,} with features")


def _account(*, public: bool, headless: bool = False, interactive: bool = True) -> "Account":
    from spotify.client import Account
    from spotify.login import Dialogue, authorise
    from spotify.publish import scopes

    dialogue = Dialogue(interactive=interactive, headless=headless, tell=complain)
    return Account(authorise(scopes(public), dialogue), tell=complain)


def _published(
    request: "Request", account: "Account", takes_over: str | None = None
) -> "Published":
    from foundation.user_data import DATA_HOME_VARIABLE, make_private_folder, user_data_folder
    from listener.forget import PLAYLISTS
    from spotify.publish import publish

    folder = user_data_folder(PLAYLISTS)
    make_private_folder(folder, DATA_HOME_VARIABLE)
    return publish(account, request, folder=folder, takes_over=takes_over, tell=complain)


def _put_and_keep_fresh(made: Made, wanted: Wanted, *, as_json: bool) -> dict[str, Any]:
    """Put a playlist on Spotify, keep how it is renewed, and have the system do it if asked."""
    from listener import renewal, schedules, system_jobs
    from spotify.addresses import spotify_app
    from spotify.from_playlist import playlist_name, request_for, track_ids, wanted_tracks

    assert wanted.refresh is not None
    today = date.today()
    choice = renewal.Choice(
        estimate=made.estimate,
        wish=replace(made.wish, n_tracks=len(made.playlist), minutes=None),
        tracks=renewal.absolute(made.tracks),
        moods=renewal.absolute(made.moods),
        profile=renewal.absolute(made.profile),
        favourites=made.favourites,
    )
    schedule = schedules.Schedule.of(
        playlist_name(made.playlist) if wanted.name is None else wanted.name,
        every=wanted.refresh,
        choice={},
        public=wanted.public,
    )
    choice = choice.with_renewal(schedules.period(schedule, today), wanted_tracks(made.playlist))
    # A job knows no .env file; the id of an app is no secret.
    environment = schedule.environment | {"EMOTIFY_SPOTIFY_CLIENT_ID": spotify_app().client_id}
    schedule = replace(schedule, choice=choice.to_dict(), environment=environment)
    account = _account(public=wanted.public, headless=wanted.headless)
    schedules.save(schedule)  # first, so that it is there if Spotify interrupts
    # The same playlist may be there already, without a schedule.
    once = request_for(made.playlist, today=today, name=wanted.name, public=wanted.public)
    request = renewal.request_of(schedule, today=today)
    published = _published(request, account, once.key)
    memory.link(track_ids(request.tracks), published.url)
    if not as_json:
        print(published.describe())
    complain(f"its schedule is {schedules.schedule_path(schedule.name)}")
    cron, units = system_jobs.as_cron(schedule), system_jobs.as_systemd(schedule)
    if wanted.install:
        complain(system_jobs.install(schedule))
    else:
        complain("--install has the system renew it; what that is for cron or systemd:")
        if not as_json:
            print(cron, end="")
            for unit, text in units.items():
                print(f"\n# {unit}\n{text.rstrip()}")
    jobs = {"schedule": schedule.name, "crontab": cron, "systemd": units}
    return published.to_dict() | jobs
