"""What a listener always wants: one TOML file in, filters and favourite artists out.

The file is `profile.toml` in the user's config folder (``EMOTIFY_CONFIG_HOME`` names another one).
`EXAMPLE` shows every key; each may be left out.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clustering.choice.filters import Filters
from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.user_data import (
    CONFIG_HOME_VARIABLE,
    keep_private,
    make_private_folder,
    user_config_folder,
)

FILE = "profile.toml"
EXAMPLE = """\
# What you always want. Every line may be left out; `emotify profile` says how it is understood.

[genres]
include = []            # such as ["rock", "jazz"]: only these
exclude = []            # never these

[artists]
include = []            # only these
exclude = []            # never these
favourites = []         # music that sounds like theirs is preferred

[languages]
include = []            # such as ["en", "German"]: where the table or the title tells it
exclude = []

[tracks]
# years = [1980, 2005]  # first and last year of release
# popularity = [20, 100]  # lowest and highest, 0-100
# explicit = false      # false leaves out tracks marked explicit

[history]
keep = true             # whether estimates and playlists are remembered, on this machine
"""


@dataclass(frozen=True)
class Profile:
    """What a listener always wants.

    Attributes
    ----------
    filters
        What tracks must be and must not be.
    favourites
        Artists that draw the choice.
    keeps_history
        Whether estimates and playlists are remembered.
    """

    filters: Filters = field(default_factory=Filters)
    favourites: tuple[str, ...] = ()
    keeps_history: bool = True

    def describe(self) -> str:
        """Return what is wanted, a line each, for a terminal."""
        wishes = {
            **{name.replace("not_", "no "): value for name, value in vars(self.filters).items()},
            "favourite artists": self.favourites,
        }
        lines = [
            f"{name}: {', '.join(map(str, value)) if isinstance(value, tuple) else value}"
            for name, value in wishes.items()
            if value not in (None, ())
        ]
        lines.append(f"history: {'kept' if self.keeps_history else 'not kept'}")
        return "\n".join(lines)


def profile_path() -> Path:
    """Return where the profile lies, there or not."""
    return user_config_folder() / FILE


def read_profile(path: str | Path | None = None) -> Profile:
    """Read a profile; without a path the listener's own, which need not be there.

    Raises
    ------
    InputError
        If a named file is missing, a file is no TOML, or has an unknown key, a value of a wrong
        type, or one out of range.
    """
    where = profile_path() if path is None else Path(path)
    try:
        text = where.read_text("utf-8-sig")
    except FileNotFoundError:
        if path is None:
            return Profile()
        raise InputError(
            f"there is no profile {where}; `emotify profile --init` makes one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where} cannot be read ({error}); it should be UTF-8 text") from error
    if path is None:
        make_private_folder(where.parent, CONFIG_HOME_VARIABLE)
        keep_private(where)
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(
            f"{where} is no valid TOML ({error}); `emotify profile --example` shows how it looks"
        ) from error
    values = _checked(tables, where)
    try:
        return Profile(
            filters=Filters(
                genres=values.get("genres.include", ()),
                not_genres=values.get("genres.exclude", ()),
                artists=values.get("artists.include", ()),
                not_artists=values.get("artists.exclude", ()),
                languages=values.get("languages.include", ()),
                not_languages=values.get("languages.exclude", ()),
                years=values.get("tracks.years"),
                popularity=values.get("tracks.popularity"),
                explicit=values.get("tracks.explicit"),
            ),
            favourites=tuple(values.get("artists.favourites", ())),
            keeps_history=values.get("history.keep", True),
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def write_example(path: Path | None = None) -> Path:
    """Write `EXAMPLE` to begin with, and return where.

    Raises
    ------
    InputError
        If there is a profile already, or it cannot be written.
    """
    path = profile_path() if path is None else path
    if path.exists():
        raise InputError(f"{path} is there already; open it in an editor")
    make_private_folder(path.parent, CONFIG_HOME_VARIABLE)
    write_text(path, EXAMPLE, private=True)
    return path


def _names(value: Any) -> list[str] | None:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return value
    return None


def _range(value: Any) -> tuple[float, float] | None:
    if isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value):
        return value[0], value[1]
    return None


def _years(value: Any) -> tuple[int, int] | None:
    if _range(value) is None or not all(type(v) is int for v in value):
        return None
    return value[0], value[1]


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


# Each key: what reads it (None if it cannot), and what it should be.
KEYS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **{
        f"{table}.{key}": (_names, 'a list of names, such as ["one", "two"]')
        for table in ("genres", "artists", "languages")
        for key in ("include", "exclude")
    },
    "artists.favourites": (_names, 'a list of names, such as ["one", "two"]'),
    "tracks.years": (_years, "the first and the last year, such as [1980, 2005]"),
    "tracks.popularity": (_range, "the lowest and the highest, such as [20, 100]"),
    "tracks.explicit": (_truth, "true or false"),
    "history.keep": (_truth, "true or false"),
}


def _checked(tables: Mapping[str, Any], where: Path) -> dict[str, Any]:
    values = {}
    for table, content in tables.items():
        known = [key.partition(".")[2] for key in KEYS if key.startswith(f"{table}.")]
        if not known:
            names = dict.fromkeys(key.partition(".")[0] for key in KEYS)
            raise InputError(
                f"{where} has an unknown entry {table!r}; it may have the tables "
                f"{', '.join(f'[{name}]' for name in names)}"
            )
        if not isinstance(content, dict):
            raise InputError(
                f"{where}: {table} is a table, written as [{table}] on a line of its own"
            )
        for key, value in content.items():
            if key not in known:
                raise InputError(
                    f"{where} has an unknown key {key!r} in [{table}]; choose from: "
                    f"{', '.join(known)}"
                )
            read, wanted = KEYS[f"{table}.{key}"]
            values[f"{table}.{key}"] = read(value)
            if values[f"{table}.{key}"] is None:
                raise InputError(f"{where}: {key} in [{table}] is {value!r}; give {wanted}")
    return values
