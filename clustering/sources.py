"""Many sources of tracks in, one checked table out, and on the disk: `emotify tracks import`.

Each source is read and tidied by itself, then they are laid upon each other in the order given.
Where two have the same track (by id, else by artist and title) **the first one given wins**, all
its features together, and the others only add what it lacks (genre, popularity, ISRC ...).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from clustering.music.files import read_music
from clustering.tables import values
from clustering.tables.columns import are_tracks, in_our_types
from clustering.tables.curation import WORDS, reasons_against
from clustering.tables.fma import is_fma, read_fma
from clustering.tables.layouts import (
    FEATURE_NAMES,
    NEEDED_COLUMNS,
    OPTIONAL_COLUMNS,
    NoFeaturesError,
    in_our_columns,
    nearest_layout,
    renamed,
)
from clustering.tables.reading import (
    check_file,
    is_table_name,
    read_frame,
    read_member,
    table_files,
)
from clustering.tables.tracks import (
    NO_TRACKS,
    UNKNOWN_ARTIST,
    TooFewTracksError,
    TrackTable,
    tidied,
    title_keys,
)
from clustering.tables.units import units_of
from foundation.errors import InputError
from foundation.text import printable

# Takes tracks without features (id, name, artist, ISRC) and returns those for which somebody knows
# some, with these, and what to say of it.
LookUp = Callable[[pd.DataFrame], tuple[pd.DataFrame, tuple[str, ...]]]

LISTED = ("track_id", "name", "artist", "isrc")  # what a list without features tells of a track
CONFLICT = 0.01  # a step in a feature from 0 to 1 that is more than rounding
# Loudness in dB from energy, where a source has none (the Echo Nest features of FMA): least
# squares on 69,391 tracks of an open catalogue, R2 .66, root mean square error 2.9 dB. Only
# its quantile is used later, and it repeats energy there with less weight.
LOUDNESS_FROM_ENERGY = (-24.39, 39.92, -21.11)


@dataclass(frozen=True)
class Import:
    """What came of an import.

    Attributes
    ----------
    frame
        All tracks, columns as in `TrackTable.frame` and ``source``, the name of the source that
        the features come from.
    tables
        Each source by itself.
    merged_ids, merged_titles
        Tracks that an earlier source had already: by id, by artist and title.
    conflicts
        Of these, tracks whose features differ by more than rounding.
    skipped
        Tables of a folder or an archive, and empty ones, that have no part in it, with the reason.
    left_out
        How many tracks each rule of `clustering.tables.curation` left out, if it was asked for.
    """

    frame: pd.DataFrame
    tables: tuple[TrackTable, ...]
    merged_ids: int
    merged_titles: int
    conflicts: int
    skipped: tuple[tuple[str, str], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """Return a line for each source, and one for the whole."""
        lines = [table.summary() for table in self.tables]
        lines += [f"left out {name}: {reason}" for name, reason in self.skipped]
        if len(self.tables) > 1:
            lines.append(
                f"together: {len(self.frame):,} tracks ({self.merged_ids:,} merged by id, "
                f"{self.merged_titles:,} by artist and title; in {self.conflicts:,} of them the "
                "features differed, and those of the source given first were kept)"
            )
        if self.left_out:
            reasons = ", ".join(f"{n:,} {WORDS[rule]}" for rule, n in self.left_out.items())
            lines.append(f"left out as asked: {reasons}")
        return "\n".join(lines)


def import_tracks(
    sources: Sequence[str | Path], *, curated: bool = False, look_up: LookUp | None = None
) -> Import:
    """Read sources and lay them upon each other.

    Parameters
    ----------
    sources
        CSV or Parquet files in any layout of `clustering.tables.layouts.LAYOUTS`; folders and zip
        archives of such files, as Exportify writes them; FMA's metadata, as a folder or
        ``fma_metadata.zip``; folders of music, which are analysed first
        (`clustering.music.files`). A source may lack artists (the tracks are then by
        `UNKNOWN_ARTIST`) or loudness (it is estimated from energy); both are said. A table of a
        folder or an archive that cannot be read, and any that holds no usable track, is left out
        and named, as long as another remains.
    curated
        Whether to leave out what `clustering.tables.curation` speaks against.
    look_up
        Finds features for lists of tracks that have none; without it such a list is refused.

    Raises
    ------
    NoFeaturesError
        If nothing remains because of a list without features, and `look_up` is None.
    InputError
        If there is no source, one cannot be read as tracks, or nothing remains.
    """
    parts = [part for source in sources for part in _parts(Path(source))]
    if not parts:
        raise InputError("give at least one table of tracks to import")
    tables, skipped = _read(parts, look_up)
    frames = [table.frame.assign(source=table.source) for table in tables]
    stacked = pd.concat(frames, ignore_index=True)
    by_id, same_ids, different = _first_wins(stacked, stacked["track_id"])
    merged, same_titles, also_different = _first_wins(by_id, title_keys(by_id))
    left_out = {}
    if curated:
        reasons = reasons_against(merged)
        found = reasons.value_counts()
        left_out = {rule: int(found[rule]) for rule in WORDS if rule in found}
        merged = merged[reasons == ""].reset_index(drop=True)
        if merged.empty:
            raise InputError("--curated leaves no track of these sources; import them without it")
    known = [*NEEDED_COLUMNS, *OPTIONAL_COLUMNS, "source"]
    return Import(
        frame=merged[[name for name in known if name in merged]],
        tables=tables,
        merged_ids=same_ids,
        merged_titles=same_titles,
        conflicts=different + also_different,
        skipped=skipped,
        left_out=left_out,
    )


@dataclass(frozen=True)
class _Part:
    """One table to read: a file, or a member of an archive.

    `alone` is one that was named itself: that it cannot be read ends the import.
    """

    path: Path
    member: str | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        return printable(Path(self.path.name if self.member is None else self.member))

    def read(self, look_up: LookUp | None) -> TrackTable:
        if self.member is None:
            return read_source(self.path, look_up)
        return _tidied(*read_member(self.path, self.member), self.name, look_up)

    def why_not(self, error: InputError) -> str:
        """Return why it cannot be read, without its name."""
        reason = error.reason if isinstance(error, TooFewTracksError) else str(error)
        for name in (f"{printable(self.path)}/{self.member}", printable(self.path), self.name):
            reason = reason.removeprefix(f"{name} ").removeprefix(f"{name}: ")
        return reason


def _read(
    parts: Sequence[_Part], look_up: LookUp | None
) -> tuple[tuple[TrackTable, ...], tuple[tuple[str, str], ...]]:
    """Return the tables that can be read, and the others with the reason."""
    tables: list[TrackTable] = []
    skipped: list[tuple[str, str]] = []
    failed: list[InputError] = []
    for part in parts:
        try:
            tables.append(part.read(look_up))
        except InputError as error:
            if part.alone and not isinstance(error, TooFewTracksError):
                raise
            skipped.append((part.name, part.why_not(error)))
            failed.append(error)
    if tables:
        return tuple(tables), tuple(skipped)
    first = next((error for error in failed if isinstance(error, NoFeaturesError)), failed[0])
    if len(failed) == 1 or isinstance(first, NoFeaturesError):
        raise first
    lines = "".join(f"\n  {name}: {reason}" for name, reason in skipped[:20])
    raise InputError(f"none of the {len(failed)} tables holds a usable track:{lines}")


def open_tables(source: str | Path) -> TrackTable:
    """Read a folder or a zip archive of tables as one table, for a choice.

    Raises
    ------
    InputError
        As `import_tracks`, or if fewer than two tracks remain.
    """
    source = Path(source)
    try:
        imported = import_tracks([source])
    except NoFeaturesError as error:
        raise NoFeaturesError(str(source)) from error
    tables, several = imported.tables, len(imported.tables) > 1
    frame = imported.frame.drop(columns="source")
    if len(frame) < 2:
        why = f"holds {len(frame)} usable tracks"
        raise TooFewTracksError(str(source), why, "two at least are needed")
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    notes |= dict.fromkeys(f"left out {name}: {reason}" for name, reason in imported.skipped)
    return TrackTable(
        frame=frame,
        source=f"{source.name} ({len(tables)} tables)" if several else source.name,
        layout=", ".join(dict.fromkeys(table.layout for table in tables)),
        rows_read=sum(table.rows_read for table in tables),
        broken=sum(table.broken for table in tables),
        spoken_word=sum(table.spoken_word for table in tables),
        merged_ids=sum(table.merged_ids for table in tables) + imported.merged_ids,
        merged_titles=sum(table.merged_titles for table in tables) + imported.merged_titles,
        notes=tuple(notes),
        complaint=next((table.complaint for table in tables if table.complaint), ""),
        no_tracks=sum(table.no_tracks for table in tables),
    )


def has_tables(path: Path) -> bool:
    """Say whether a folder, or a zip archive, holds tables."""
    return bool(_tables_in(path)) if path.is_dir() else bool(table_files(path))


def _tables_in(folder: Path) -> list[Path]:
    """Return the tables of a folder; those of folders in it where it has none itself."""
    for found in (folder.glob("*"), folder.glob("*/*")):
        tables = sorted(p for p in found if is_table_name(str(p.relative_to(folder))))
        if tables := [path for path in tables if path.is_file()]:
            return tables
    return []


def _parts(source: Path) -> list[_Part]:
    if not source.is_dir():
        check_file(source)
    if is_fma(source):
        return [_Part(source, alone=True)]
    if source.is_dir():
        tables = _tables_in(source)
        return [_Part(path) for path in tables] or [_Part(source, alone=True)]
    members = table_files(source)
    return [_Part(source, member) for member in members] or [_Part(source, alone=True)]


def read_source(path: Path, look_up: LookUp | None = None) -> TrackTable:
    """Read one table of tracks, which may lack artists or loudness, or a folder of music.

    See `import_tracks`.

    Raises
    ------
    NoFeaturesError
        If it is a list of tracks without features, and `look_up` is None.
    InputError
        If it cannot be read as tracks.
    """
    if not path.is_dir():
        check_file(path)
    if is_fma(path):
        return _tidied(read_fma(path), (), str(path), look_up)
    if path.is_dir():
        return read_music(path, fewest=1)
    return _tidied(*read_frame(path), str(path), look_up)


def _tidied(
    table: pd.DataFrame, how_read: tuple[str, ...], source: str, look_up: LookUp | None
) -> TrackTable:
    name = Path(source).name
    try:
        frame, notes = _completed(table, source)
        raw = in_our_columns(frame, source)
        return tidied(raw.frame, name, raw.layout, (*how_read, *notes), fewest=1)
    except NoFeaturesError:
        if look_up is None:
            raise NoFeaturesError(source) from None
    listed, told = _list_of_tracks(table, source)
    found, looked_up = look_up(listed)
    notes = (*how_read, *told, *looked_up)
    if found.empty:
        raise TooFewTracksError(name, f"gives no track: {'; '.join(notes)}")
    return tidied(found, name, "list of tracks", notes, fewest=1)


def _list_of_tracks(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return what a list without features tells of its tracks, under our names, and notes."""
    layout, sources = nearest_layout(table.columns)
    told = {ours: theirs for ours, theirs in sources.items() if ours not in FEATURE_NAMES}
    frame = renamed(table, layout, told)
    for column in LISTED:
        if column not in frame:
            frame[column] = pd.Series(pd.NA, frame.index, dtype="str")
    n_read, frame = len(frame), frame[are_tracks(frame["track_id"])].reset_index(drop=True)
    n_others = n_read - len(frame)
    frame, notes = in_our_types(frame, source)
    known = frame["track_id"].notna() | frame["isrc"].notna()
    known |= frame["name"].notna() & frame["artist"].notna()
    others = f"{n_others:,} of {n_read:,} rows are {NO_TRACKS}"
    if not known.any():
        why = others if n_others else "no row has an id, an ISRC, or a name and an artist"
        raise TooFewTracksError(Path(source).name, f"tells no track: {why}")
    if n_others:
        notes = (others, *notes)
    return frame[known].reset_index(drop=True), notes


def _completed(frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add what Echo Nest tables lack, and say so."""
    _, sources = nearest_layout(frame.columns)
    frame, notes = frame.copy(), []
    if "loudness" not in sources and "energy" in sources:
        energy = values.numbers(frame[sources["energy"]])[0]
        energy *= units_of({"energy": energy}, source).factors.get("energy", 1.0)
        frame["loudness"] = np.polynomial.polynomial.polyval(energy, LOUDNESS_FROM_ENERGY)
        notes.append("loudness is estimated from energy")
    if "artist" not in sources and "energy" in sources:
        frame["artist"] = UNKNOWN_ARTIST
        notes.append("the artists are unknown")
    return frame, tuple(notes)


def _first_wins(frame: pd.DataFrame, key: pd.Series) -> tuple[pd.DataFrame, int, int]:
    """Keep the first row of each key, its gaps filled from the later ones."""
    repeated = key.duplicated()
    if not repeated.any():
        return frame, 0, 0
    features = frame.loc[:, [name for name in FEATURE_NAMES if name not in ("loudness", "tempo")]]
    alike = key.duplicated(keep=False)
    spread = features[alike].groupby(key[alike]).agg(np.ptp)
    conflicts = int((spread.max(axis=1) > CONFLICT).sum())
    optional = [name for name in OPTIONAL_COLUMNS if name in frame]
    filled = frame.loc[alike, optional].groupby(key[alike], sort=False).first()
    kept = frame[~repeated].copy()
    rows = kept.index.intersection(frame.index[alike])
    for name in optional:
        kept.loc[rows, name] = key.loc[rows].map(filled[name])
    return kept.reset_index(drop=True), int(repeated.sum()), conflicts
