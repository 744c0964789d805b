"""What a playlist needs of the listener's memory, and leaves in it.

Not to be able to remember is no reason to fail: it is said, and the music plays.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.terminal import complain
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def judgements() -> "pd.DataFrame":
    """Return what the listener thinks of tracks; nothing if that cannot be read."""
    from listener.store import no_judgements, open_store, store_path

    if not store_path().exists():
        return no_judgements()
    try:
        with open_store(complain) as store:
            return store.judgements()
    except InputError as error:
        complain(f"{error}; this playlist is made without your likes and dislikes")
        return no_judgements()


def remember(estimate: EmotionEstimate, playlist: Mapping[str, Any], *, source: str) -> None:
    """Keep a playlist."""
    from listener.store import open_store

    try:
        with open_store(complain) as store:
            store.remember(estimate, playlist, source=source)
    except InputError as error:
        complain(f"{error}; this playlist is not remembered")


def link(track_ids: Sequence[str | None], url: str) -> None:
    """Keep where the latest playlist of these tracks is on Spotify, if it is remembered."""
    from listener.store import open_store, store_path

    if not store_path().exists():
        return
    try:
        with open_store(complain) as store:
            store.link(track_ids, url)
    except InputError as error:
        complain(f"{error}; that it is on Spotify is not remembered")
