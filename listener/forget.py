"""Everything that is stored of a listener, and its removal.

Not touched is what says nothing of anybody: open tables that were downloaded, trained models, and
playlists on Spotify, which are the listener's own. A table that was imported to a place of the
listener's choice is removed if it is still what was written; somebody may have put something else
there since.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import InputError
from foundation.text import printable
from foundation.user_data import SPEAKERS, TRACK_TABLES, user_config_folder, user_data_folder
from listener import schedules, system_jobs
from listener.own_tracks import IMPORTS
from listener.profile import profile_path
from listener.rows import ImportedTable
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


@dataclass(frozen=True)
class Inventory:
    """All that is stored of the listener.

    Attributes
    ----------
    kinds
        What `forget` removes.
    imported
        Tables among them that were imported, as they were when they were written.
    left
        Tables that were imported, and are no more what was written there: these stay.
    """

    kinds: tuple[Stored, ...]
    imported: tuple[ImportedTable, ...]
    left: tuple[ImportedTable, ...]


def stored(tell: Callable[[str], None]) -> Inventory:
    """Return what is stored of the listener.

    Parameters
    ----------
    tell
        Is told when the memory is damaged, so that imported tables are not known.
    """
    known = _imported(tell)  # sets a damaged memory aside, before it is looked for
    known = [table for table in known if table.path.exists() or table.path.is_symlink()]
    imported = tuple(table for table in known if table.is_unchanged)
    memory = sorted(store_path().parent.glob(f"{store_path().name}*"))
    kinds = {
        "tables imported from Spotify": [table.path for table in imported],
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
    left = tuple(table for table in known if table not in imported)
    return Inventory(tuple(kind for kind in found if kind.paths), imported, left)


def _imported(tell: Callable[[str], None]) -> list[ImportedTable]:
    if not store_path().exists():
        return []
    try:
        with open_store(tell) as store:
            return store.imported()
    except InputError as error:
        tell(f"{error}; tables that were imported from Spotify are not known")
        return []


def forget(inventory: Inventory) -> list[str]:
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
    # Looked at once more: somebody may have thought about the question for a day.
    left = [table for table in inventory.imported if not table.is_unchanged]
    kept = {table.path for table in left}
    for kind in inventory.kinds:
        for path in kind.paths:
            if path in kept:
                continue
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                done.append(f"removed {printable(path)} ({kind.what})")
            except FileNotFoundError:
                pass
            except OSError as error:
                failed.append(f"{printable(path)} ({error.strerror})")
    done += [f"left {table.describe()}" for table in (*inventory.left, *left)]
    if failed:
        raise InputError(f"removed all but {', '.join(failed)}; see to that, or remove it by hand")
    return done
