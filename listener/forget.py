"""Everything that is stored of a listener, and its removal.

Not touched is what says nothing of anybody: open tables that were downloaded, trained models, and
playlists on Spotify, which are the listener's own.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import InputError
from foundation.user_data import SPEAKERS, TRACK_TABLES, user_config_folder, user_data_folder
from listener import schedules, system_jobs
from listener.own_tracks import IMPORTS
from listener.profile import profile_path
from listener.store import open_store, store_path
from spotify.token_store import FILE as TOKEN_FILE

LOGIN = "the login to Spotify"
PLAYLISTS = "spotify"  # kind of user data: what was put on Spotify


@dataclass(frozen=True)
class Stored:
    """One kind of thing that is stored.

    Attributes
    ----------
    what
        In words.
    paths
        Files and folders that hold it, all of them there.
    """

    what: str
    paths: tuple[Path, ...]


def stored(tell: Callable[[str], None]) -> list[Stored]:
    """Return what is stored of the listener.

    Parameters
    ----------
    tell
        Is told when the memory is damaged, so that imported tables are not known.
    """
    imported = _imported(tell)  # sets a damaged memory aside, before it is looked for
    memory = sorted(store_path().parent.glob(f"{store_path().name}*"))
    kinds = {
        "tables imported from Spotify": imported,
        "what an import had begun": [user_data_folder(IMPORTS)],
        "likes, dislikes and history": memory,
        LOGIN: sorted(user_config_folder().glob(f"{Path(TOKEN_FILE).stem}.*")),
        "what was put on Spotify, and what was begun": [user_data_folder(PLAYLISTS)],
        "schedules": [schedules.schedule_folder()],
        "the profile": [profile_path()],
        "voices": [user_data_folder(SPEAKERS)],
        "tables of your own music": sorted(user_data_folder(TRACK_TABLES).glob("music-*")),
    }
    found = (
        Stored(what, tuple(path for path in paths if path.exists() or path.is_symlink()))
        for what, paths in kinds.items()
    )
    return [kind for kind in found if kind.paths]


def _imported(tell: Callable[[str], None]) -> list[Path]:
    if not store_path().exists():
        return []
    try:
        with open_store(tell) as store:
            return store.imported()
    except InputError as error:
        tell(f"{error}; tables that were imported from Spotify are not known")
        return []


def forget(kinds: list[Stored]) -> list[str]:
    """Remove what `stored` gave, and jobs of the system's scheduler; return what was done.

    Raises
    ------
    InputError
        If something cannot be removed; the rest is.
    """
    done, failed = [], []
    for name in schedules.schedule_names():
        try:
            done += system_jobs.uninstall(name)
        except InputError as error:
            failed.append(f"the job of {name} ({error})")
    for kind in kinds:
        for path in kind.paths:
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                done.append(f"removed {path} ({kind.what})")
            except FileNotFoundError:
                pass
            except OSError as error:
                failed.append(f"{path} ({error.strerror})")
    if failed:
        raise InputError(f"removed all but {', '.join(failed)}; see to that, or remove it by hand")
    return done
