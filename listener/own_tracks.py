"""Tracks without features flow in, the listener's own or of a list; with features they flow out.

Spotify tells id, name, artists and ISRC, and no features any more; lists from elsewhere tell as
much or less. Features come first from tables at hand, by id, else by ISRC, else by artist and
title, and then from ReccoBeats. Of the listener's own tracks those for which nobody has features
stay in the table, without: whoever reads it says how many those are. Of a list they are named.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.sources import import_tracks
from clustering.tables.layouts import FEATURE_NAMES, OPTIONAL_COLUMNS
from clustering.tables.tracks import title_keys, write_tracks
from clustering.tracklist import credits_of
from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE, make_private_folder, user_data_folder
from spotify import library, reccobeats
from spotify.client import Account, say
from spotify.errors import SpotifyError
from spotify.matching import bare_isrc

PREFIX = "spotify:"
NAMED = 10  # tracks of a list without features that are named
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
        lines += _origins(self.frame)
        if len(self.without):
            lines.append(f"{len(self.without):,} tracks have no features:")
            lines += [f"  {_called(one)}" for one in self.without.to_dict("records")]
        return "\n".join(lines)


def _origins(frame: pd.DataFrame) -> list[str]:
    found = frame["features_from"].value_counts().items()
    return [f"features of {count:,} tracks from {name}" for name, count in found]


def _called(track: dict[Any, Any]) -> str:
    artist, name, track_id = (track[key] for key in ("artist", "name", "track_id"))
    title = "?" if pd.isna(name) else str(name)
    by = "" if pd.isna(artist) else f"{credits_of(str(artist))} - "
    return by + title + ("" if pd.isna(track_id) else f" ({track_id})")


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
    finder = Finder(tables, out, ask_reccobeats=ask_reccobeats, tell=tell)
    states = {kind: _state(out, kind) for kind in kinds}
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
    frame = finder.with_features(frame)
    return OwnTable(frame, fetched, (*states.values(), *finder.states))


class Finder:
    """Finds features of tracks in tables at hand, and then at ReccoBeats.

    Parameters
    ----------
    tables, out, ask_reccobeats, tell
        As for `gather`.

    Attributes
    ----------
    states
        Files that keep what was found, and are not needed once the table is written.
    n_asked
        How many tracks it was asked for.

    Raises
    ------
    InputError
        If a table cannot be read.
    """

    def __init__(
        self,
        tables: Sequence[Path],
        out: Path,
        *,
        ask_reccobeats: bool = True,
        tell: Callable[[str], None] = say,
    ) -> None:
        # A zip archive or a folder of tables is one table here.
        self._known = [(path.name, import_tracks([path]).frame) for path in tables]
        self._out, self._ask_reccobeats, self._tell = out, ask_reccobeats, tell
        self.states: tuple[Path, ...] = ()
        self.n_asked = 0
        self._complete = True

    def finished(self) -> None:
        """Forget what was found, because it is stored elsewhere now."""
        for state in self.states:
            library.finished(state)

    def with_features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return tracks with features and ``features_from``, both missing where none are known."""
        self.n_asked += len(frame)
        frame = frame.assign(**dict.fromkeys(FEATURE_NAMES, float("nan")))
        frame["features_from"] = pd.Series(pd.NA, index=frame.index, dtype="str")
        for source, table in self._known:
            frame = _joined(frame, table, source)
        unknown = frame.loc[frame["features_from"].isna(), "track_id"].dropna()
        if self._ask_reccobeats and len(unknown):
            state = _state(self._out, "reccobeats")
            features, complete = reccobeats.audio_features(unknown, state=state, tell=self._tell)
            frame = _joined(frame, features.reset_index(), "ReccoBeats")
            self._complete &= complete
            # Where something is wanting a repeat asks for the rest only.
            self.states = (state,) if self._complete else ()
        return frame

    def look_up(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Return the tracks of a list whose features are known, and what to say of it."""
        frame = self.with_features(frame)
        found = frame["features_from"].notna()
        notes = _origins(frame)
        if not found.all():
            missing = [_called(one) for one in frame[~found].head(NAMED).to_dict("records")]
            more = (~found).sum() - len(missing)
            named = ", ".join(missing) + (f" and {more:,} more" if more else "")
            notes.append(f"{(~found).sum():,} tracks have no features: {named}")
        if not found.any():
            asked = (
                "neither a table of --features nor ReccoBeats knows"
                if (self._ask_reccobeats)
                else "no table of --features knows"
            )
            notes.append(f"{asked} any of them; give --features TABLE with these tracks in it")
        return frame[found].drop(columns="features_from").reset_index(drop=True), tuple(notes)


def _state(out: Path, kind: str) -> Path:
    folder = user_data_folder(IMPORTS)
    make_private_folder(folder, DATA_HOME_VARIABLE)
    name = hashlib.sha256(os.fsencode(out.absolute())).hexdigest()[:16]
    return folder / f"{name}-{kind}.json"


def _joined(frame: pd.DataFrame, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Fill in the features that a table has: by id, else by ISRC, else by artist and title."""
    columns = [c for c in (*FEATURE_NAMES, *ADDED) if c in table]
    named = [c for c in ("track_id", "name", "artist") if c in table]
    table = table.dropna(subset=list(FEATURE_NAMES))
    for theirs, ours in (
        (table["track_id"], frame["track_id"]),
        (_isrcs(table), _isrcs(frame)),
        (_titles(table), _titles(frame)),
    ):
        usable = theirs.notna() & ~theirs.duplicated()
        features = table.loc[usable].set_index(theirs[usable], drop=False)
        rows = frame.index[frame["features_from"].isna() & ours.isin(features.index)]
        found = features.loc[ours[rows]].set_index(rows)
        for column in columns:
            if column not in frame:
                frame[column] = pd.Series(index=frame.index, dtype=table[column].dtype)
            frame.loc[rows, column] = found[column]
        for column in named:  # what a list does not tell
            frame[column] = frame[column].where(frame[column].notna(), found[column])
        frame.loc[rows, "features_from"] = name
    return frame


def _isrcs(frame: pd.DataFrame) -> pd.Series:
    if "isrc" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    return frame["isrc"].map(bare_isrc, na_action="ignore").astype("str")


def _titles(frame: pd.DataFrame) -> pd.Series:
    if "artist" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    told = frame["name"].notna() & frame["artist"].notna()
    return title_keys(frame[told]).reindex(frame.index)
