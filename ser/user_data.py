"""Where Emotify keeps what belongs to a user: the system's folders for it, or chosen ones."""

import os
from pathlib import Path

DATA_HOME_VARIABLE = "EMOTIFY_DATA_HOME"
CONFIG_HOME_VARIABLE = "EMOTIFY_CONFIG_HOME"


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
