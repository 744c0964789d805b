"""Where Emotify keeps what belongs to a user: the system's folders for it, or chosen ones."""

import contextlib
import os
import stat
from pathlib import Path

from foundation.errors import InputError

DATA_HOME_VARIABLE = "EMOTIFY_DATA_HOME"
CONFIG_HOME_VARIABLE = "EMOTIFY_CONFIG_HOME"
CACHE_HOME_VARIABLE = "EMOTIFY_CACHE_HOME"

# Kinds of data that one room keeps and another must know, to forget them.
SPEAKERS = "speakers"  # profiles of voices
TRACK_TABLES = "tables"  # tracks that were fetched, and `music-*` that were measured


def user_data_folder(kind: str) -> Path:
    """Return the folder for one kind of data, there or not; ``EMOTIFY_DATA_HOME`` moves all."""
    chosen = os.environ.get(DATA_HOME_VARIABLE)
    if chosen:
        return Path(chosen) / kind
    from platformdirs import user_data_path

    return user_data_path("emotify", appauthor=False) / kind


def user_config_folder() -> Path:
    """Return the folder for settings, there or not; ``EMOTIFY_CONFIG_HOME`` moves it."""
    chosen = os.environ.get(CONFIG_HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("emotify", appauthor=False)


def user_cache_folder() -> Path:
    """Return the folder for what can be made anew; ``EMOTIFY_CACHE_HOME`` moves it."""
    chosen = os.environ.get(CACHE_HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("emotify", appauthor=False)


def make_private_folder(folder: Path, variable: str) -> None:
    """Make a folder that only its owner may look into; one that is there is made so.

    Parameters
    ----------
    folder
        Under `user_data_folder` or `user_config_folder`.
    variable
        What moves it: `DATA_HOME_VARIABLE` or `CONFIG_HOME_VARIABLE`. The folder that it names
        itself is left as it is: other things may lie there.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        from foundation.text import printable  # not for everybody who asks where a folder is

        raise InputError(
            f"{printable(folder)} cannot be made ({error.strerror}); set {variable} to a folder "
            "that you may write to"
        ) from error
    chosen = os.environ.get(variable)
    if not chosen or Path(chosen) != folder:
        keep_private(folder)


def keep_private(path: Path) -> None:
    """Take from others what they may do with a file or folder; what is not there stays so."""
    with contextlib.suppress(OSError):  # somebody else's, or of a system that knows no such thing
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
