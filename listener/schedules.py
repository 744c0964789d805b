"""Playlists that renew themselves: what to renew and how often.

A schedule is one private JSON file in the user's data folder; it says how the picks are chosen
and how often. Within one day, week or month the seed of the draw stays the same (`picks_seed`), so
running it twice changes nothing. `listener.system_jobs` has it run by the system.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from foundation.errors import InputError
from foundation.records import RecordFormat, record_names
from foundation.user_data import DATA_HOME_VARIABLE, make_private_folder, user_data_folder

FORMAT = RecordFormat("emotify-schedule", 1, "schedule")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SLUG_LENGTH, HASH_LENGTH = 40, 8
PERIODS = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}  # %G, %V: ISO 8601's week


@dataclass(frozen=True)
class Schedule:
    """One playlist that is renewed in place.

    Attributes
    ----------
    name
        Of the schedule, a file name; see `schedule_name`.
    every
        ``daily``, ``weekly`` or ``monthly``.
    playlist
        Name of the playlist on Spotify.
    public
        Whether it is shown to others.
    choice
        How its tracks are chosen, plain JSON values; only who made it reads it.
    created
        When, ISO 8601 in UTC.
    environment
        Variables that Emotify is to run with; see `kept_environment`.
    """

    name: str
    every: str
    playlist: str
    public: bool
    choice: dict[str, Any]
    created: str
    environment: dict[str, str]

    @classmethod
    def of(cls, playlist: str, *, every: str, choice: dict[str, Any], public: bool) -> "Schedule":
        """Make a schedule now, for the folders that are in use now.

        Raises
        ------
        InputError
            If `every` is no interval.
        """
        created = datetime.now(UTC).isoformat(timespec="seconds")
        name, interval = schedule_name(playlist), checked_every(every)
        return cls(name, interval, playlist, public, choice, created, kept_environment())


def schedule_name(playlist: str) -> str:
    """Return a name for the schedule of a playlist: always the same, other ones for others."""
    folded = unicodedata.normalize("NFKD", playlist.casefold()).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall("[a-z0-9]+", folded))[:SLUG_LENGTH].strip("-") or "playlist"
    digest = hashlib.sha256(playlist.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}-{digest[:HASH_LENGTH]}"


def checked_every(text: str) -> str:
    """Return an interval in lower case.

    Raises
    ------
    InputError
        If it is none of ``daily``, ``weekly`` and ``monthly``.
    """
    every = text.strip().casefold()
    if every not in PERIODS:
        raise InputError(
            f"{text!r} is no interval to renew a playlist at; choose one of {', '.join(PERIODS)}"
        )
    return every


def kept_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that say where Emotify's files are, without secrets.

    A scheduler runs in another folder and knows none of them, so paths are made absolute.
    """
    kept = {}
    for name in sorted(environ):
        is_ours = name.startswith("EMOTIFY_") or name in {"XDG_CONFIG_HOME", "XDG_DATA_HOME"}
        is_secret = "SECRET" in name.upper() or "TOKEN" in name.upper()
        if is_ours and not is_secret and name.isidentifier():
            value = environ[name]
            kept[name] = str(Path(value).absolute()) if value and name.endswith("_HOME") else value
    return kept


def period(schedule: Schedule, today: date) -> str:
    """Return the day, ISO week or month of `today` for which picks stay the same."""
    return today.strftime(PERIODS[schedule.every])


def picks_seed(schedule: Schedule, today: date) -> int:
    """Return the seed of the draw, 0 to 2**32 - 1: one for each period."""
    digest = hashlib.sha256(f"{schedule.name}\n{period(schedule, today)}".encode()).digest()
    return int.from_bytes(digest[:4])


def schedule_folder() -> Path:
    """Return the folder of the schedules, there or not."""
    return user_data_folder("schedules")


def schedule_path(name: str) -> Path:
    """Return where a schedule is, or would be.

    Raises
    ------
    InputError
        If the name cannot be one.
    """
    if not NAME.fullmatch(name):
        raise _unknown(name)
    return schedule_folder() / f"{name}.json"


def log_path(name: str) -> Path:
    """Return where cron writes what the command says."""
    return schedule_path(name).with_suffix(".log").absolute()


def save(schedule: Schedule) -> Path:
    """Write a schedule so that its owner alone can read it, and return where it is.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = schedule_path(schedule.name)
    make_private_folder(path.parent, DATA_HOME_VARIABLE)
    FORMAT.write(path, asdict(schedule))
    return path


def load(name: str) -> Schedule:
    """Read a schedule.

    Raises
    ------
    InputError
        If there is none of that name, or it is damaged or of another version.
    """
    path = schedule_path(name)
    known = _listed(schedule_names())
    advice = f"delete it and make the schedule again; there are: {known}"
    try:
        return FORMAT.read(path, partial(_checked, name), advice)
    except FileNotFoundError as error:
        raise _unknown(name) from error


def _checked(name: str, stored: dict[str, Any]) -> Schedule:
    schedule = Schedule(**stored)
    if schedule.name != name or schedule.every not in PERIODS:
        raise ValueError(f"schedule {schedule.name!r}, {schedule.every!r}")
    datetime.fromisoformat(schedule.created)
    texts = (schedule.playlist, *schedule.environment, *schedule.environment.values())
    kinds = isinstance(schedule.choice, dict), isinstance(schedule.public, bool)
    if not all((*kinds, *(isinstance(text, str) for text in texts))):
        raise TypeError("values of the wrong kind")
    if not schedule.playlist.strip():
        raise ValueError("the playlist has no name")
    return schedule


def schedule_names() -> list[str]:
    """Return the names of all schedules, damaged ones too, sorted."""
    return record_names(schedule_folder(), NAME)


def schedules(tell: Callable[[str], None]) -> list[Schedule]:
    """Return all schedules by name; those that are damaged are told instead."""
    found = []
    for name in schedule_names():
        try:
            found.append(load(name))
        except InputError as error:
            tell(str(error))
    return found


def remove(name: str) -> None:
    """Delete a schedule, damaged or not, and its log; `uninstall` stops the job.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    path = schedule_path(name)
    if not path.exists():
        raise _unknown(name)
    path.unlink()
    log_path(name).unlink(missing_ok=True)


def _unknown(name: str) -> InputError:
    return InputError(
        f"there is no schedule {name!r}; there are: {_listed(schedule_names())}; "
        "`emotify playlist ... --refresh weekly` makes one"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
