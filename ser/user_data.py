"""Where Emotify keeps what belongs to a user: the system's folder for it, or a chosen one."""

import os
from pathlib import Path

DATA_HOME_VARIABLE = "EMOTIFY_DATA_HOME"


def user_data_folder(kind: str) -> Path:
    """Return the folder for one kind of data, there or not; ``EMOTIFY_DATA_HOME`` moves all."""
    chosen = os.environ.get(DATA_HOME_VARIABLE)
    if chosen:
        return Path(chosen) / kind
    from platformdirs import user_data_path

    return user_data_path("emotify", appauthor=False) / kind
