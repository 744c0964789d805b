"""The listener's own tracks on Spotify flow in, a table to choose from flows out.

Spotify tells id, name, artists and ISRC, and no features any more. These come first from tables at
hand, by id, else by ISRC, else by artist and title, and then from ReccoBeats. Tracks for which
nobody has features stay in the table, without: whoever reads it says how many those are.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clustering.sources import read_source
from clustering.tables.layouts import FEATURE_NAMES, OPTIONAL_COLUMNS
from clustering.tables.tracks import title_keys, write_tracks
from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE, make_private_folder, user_data_folder
from spotify import library, reccobeats
from spotify.client import Account, say
from spotify.errors import SpotifyError
from spotify.matching import bare_isrc

PREFIX = "spotify:"
IMPORTS = "imports"  # kind of user data: what was fetched for a table not yet written
# Of other sources, what Spotify does not say of a track and a choice may ask for.
ADDED = tuple(name for name in OPTIONAL_COLUMNS if name not in ("isrc", "path"))


@dataclass(frozen=True)
class OwnTable:
    """The listener's own tracks.

    Attributes
    ----------
    frame
        One row a track: id, name, artist, ISRC, features where they were found, and
        ``features_from``, the name of the table or ``ReccoBeats``.
    fetched
        What Spotify told, for each kind asked for.
    states
        Files that keep what was fetched, and are not needed once the table is written.
    """

    frame: pd.DataFrame
    fetched: tuple[tuple[str, library.OwnTracks], ...]
    states: tuple[Path, ...]

    @property
    def without(self) -> pd.DataFrame:
        """Tracks without features."""
        return self.frame[self.frame["features_from"].isna()]

    def write(self, out: Path) -> None:
        """Write the table, and forget what was fetched for it.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        write_tracks(self.frame, out)
        for state in self.states:
            library.finished(state)

    def summary(self) -> str:
        """Return what was fetched, where features come from, and which tracks have none."""
        lines = [f"{PREFIX}{kind}: {own.summary()}" for kind, own in self.fetched]
        for name, count in self.frame["features_from"].value_counts().items():
            lines.append(f"features of {count:,} tracks from {name}")
        if len(self.without):
            lines.append(f"{len(self.without):,} tracks have no features:")
            lines += [
                f"  {str(one['artist']).replace(';', ', ')} - {one['name']} ({one['track_id']})"
                for one in self.without.to_dict("records")
            ]
        return "\n".join(lines)


def kinds_of(sources: Sequence[str]) -> list[str]:
    """Return the kinds of own tracks that sources name, such as ``spotify:liked``.

    Raises
    ------
    InputError
        If a source begins with ``spotify:`` and is none of them.
    """
    kinds = [source.removeprefix(PREFIX) for source in sources if source.startswith(PREFIX)]
    for kind in kinds:
        if kind not in library.KINDS:
            raise InputError(
                f"{PREFIX}{kind} is no source; choose from: "
                f"{', '.join(PREFIX + name for name in library.KINDS)}"
            )
    return list(dict.fromkeys(kinds))


def scopes(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the permissions that fetching needs."""
    return tuple(dict.fromkeys(scope for kind in kinds for scope in library.scopes(kind)))


def gather(
    account: Account,
    kinds: Sequence[str],
    tables: Sequence[Path],
    out: Path,
    *,
    ask_reccobeats: bool = True,
    tell: Callable[[str], None] = say,
) -> OwnTable:
    """Fetch the listener's tracks, and find their features.

    Parameters
    ----------
    account
        Logged in with `scopes`.
    kinds
        Of `spotify.library.KINDS`.
    tables
        Tables at hand to take features from, the first one first.
    out
        Table that this is for: what was fetched is kept under its name, so that a repeat goes on.
    ask_reccobeats
        Whether to ask ReccoBeats for features that no table has; it is told the ids.
    tell
        Called with what the listener should know meanwhile.

    Raises
    ------
    InputError
        If a table cannot be read, or Spotify fails; see `spotify.client.Account`.
    """
    known = [(path.name, read_source(path).frame) for path in tables]
    folder = user_data_folder(IMPORTS)
    make_private_folder(folder, DATA_HOME_VARIABLE)
    name = hashlib.sha256(os.fsencode(out.absolute())).hexdigest()[:16]
    states = {kind: folder / f"{name}-{kind}.json" for kind in (*kinds, "reccobeats")}
    try:
        fetched = tuple(
            (kind, library.fetch_tracks(account, kind, state=states[kind], tell=tell))
            for kind in kinds
        )
    except SpotifyError as error:
        error.add_advice("what was fetched is kept, and the same command goes on from there")
        raise
    frame = pd.concat([own.frame for _, own in fetched], ignore_index=True)
    frame = frame.drop_duplicates("track_id", ignore_index=True)
    frame = frame.assign(**dict.fromkeys(FEATURE_NAMES, float("nan")))
    frame["features_from"] = pd.Series(pd.NA, index=frame.index, dtype="str")
    for source, table in known:
        frame = _joined(frame, table, source)
    unknown = frame.loc[frame["features_from"].isna(), "track_id"]
    complete = True
    if ask_reccobeats and len(unknown):
        features, complete = reccobeats.audio_features(
            unknown, state=states["reccobeats"], tell=tell
        )
        frame = _joined(frame, features.reset_index(), "ReccoBeats")
    if not complete:  # a repeat asks for the rest only
        del states["reccobeats"]
    return OwnTable(frame, fetched, tuple(states.values()))


def _joined(frame: pd.DataFrame, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Fill in the features that a table has: by id, else by ISRC, else by artist and title."""
    columns = [c for c in (*FEATURE_NAMES, *ADDED) if c in table]
    table = table.dropna(subset=list(FEATURE_NAMES))
    for theirs, ours in (
        (table["track_id"], frame["track_id"]),
        (_isrcs(table), _isrcs(frame)),
        (_titles(table), _titles(frame)),
    ):
        usable = theirs.notna() & ~theirs.duplicated()
        features = table.loc[usable, columns].set_index(theirs[usable])
        rows = frame.index[frame["features_from"].isna() & ours.isin(features.index)]
        found = features.loc[ours[rows]].set_index(rows)
        for column in columns:
            if column not in frame:
                frame[column] = pd.Series(index=frame.index, dtype=table[column].dtype)
            frame.loc[rows, column] = found[column]
        frame.loc[rows, "features_from"] = name
    return frame


def _isrcs(frame: pd.DataFrame) -> pd.Series:
    if "isrc" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    return frame["isrc"].map(bare_isrc, na_action="ignore").astype("str")


def _titles(frame: pd.DataFrame) -> pd.Series:
    if "artist" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    return title_keys(frame)
