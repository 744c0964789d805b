"""Tables larger than memory: Parquet data sets, of which a batch of rows at a time is in memory.

A large table is a folder with Parquet files, or one Parquet file of more than `MOST_IN_MEMORY`
rows. Only the columns that are asked for are read. Rows are numbered through all files in the order
of their names. Nothing is tidied here: who reads rows leaves out broken ones.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clustering.tables import values
from clustering.tables.columns import RANGES
from clustering.tables.layouts import (
    FEATURE_NAMES,
    MOOD_COLUMNS,
    NEEDED_COLUMNS,
    Layout,
    find_layout,
    renamed,
    second_genre,
)
from clustering.tables.reading import damaged_parquet, mended
from clustering.tables.tracks import SPOKEN_WORD_SPEECHINESS
from clustering.tables.units import SPOTIFYS, Units, units_of
from foundation import jobs
from foundation.errors import InputError

MOST_IN_MEMORY = 1_000_000  # rows; from here on tidying takes gigabytes and half a minute
LOWEST, HIGHEST = np.array([RANGES[name] for name in FEATURE_NAMES]).T  # of each feature, (8,)
BATCH = 65_536  # rows in memory at once, for each core
PIECE = 1_000_000  # rows that one job reads, at most, if row groups are no larger
BUFFER = 1 << 20  # bytes of each column read ahead; without it a whole row group is


@dataclass(frozen=True)
class Piece:
    """Row groups of one file that one job reads.

    Attributes
    ----------
    path, row_groups
        What to read.
    group_rows
        How many rows each row group has.
    first_row
        Number of the first row in the whole table.
    """

    path: str
    row_groups: tuple[int, ...]
    group_rows: tuple[int, ...]
    first_row: int

    @property
    def n_rows(self) -> int:
        """How many rows it has."""
        return sum(self.group_rows)

    def single_groups(self) -> Iterator["Piece"]:
        """Yield each row group as a piece."""
        first_row = self.first_row
        for group, n_rows in zip(self.row_groups, self.group_rows, strict=True):
            yield Piece(self.path, (group,), (n_rows,), first_row)
            first_row += n_rows

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Return those of some row numbers that lie in it."""
        return _between(rows, self.first_row, self.n_rows)


@dataclass(frozen=True)
class LargeTable:
    """A table that stays on disk.

    Attributes
    ----------
    source
        What to call it in messages.
    n_files
        How many Parquet files it has.
    layout
        How it names its columns.
    columns
        Our name -> the table's own, for the columns that all files have.
    pieces
        What jobs read, in the order of the rows.
    bytes_by_column
        The table's own name -> bytes on disk.
    units
        In which it counts, as its first rows tell.
    """

    source: str
    n_files: int
    layout: Layout
    columns: Mapping[str, str]
    pieces: tuple[Piece, ...]
    bytes_by_column: Mapping[str, int]
    units: Units = SPOTIFYS

    def __len__(self) -> int:
        """Return the number of rows, broken ones included."""
        return sum(piece.n_rows for piece in self.pieces)

    def has(self, column: str) -> bool:
        """Say whether all files have `column`; a year may also be told from a date."""
        return column in self.columns or (column == "year" and "release_date" in self.columns)

    @property
    def has_heard_moods(self) -> bool:
        """Whether somebody listened to the tracks and wrote down the moods."""
        return all(column in self.columns for column in MOOD_COLUMNS)

    def summary(self) -> str:
        """Return one line: how many rows, and how they are read."""
        files = f"{self.n_files:,} Parquet file" + "s" * (self.n_files != 1)
        line = (
            f"{self.source}: {len(self):,} rows in {files}, read in batches; moods come from a "
            "sample, and broken rows and spoken word are left out as they are met"
        )
        return "; ".join((line, *self.units.notes))

    def n_bytes(self, columns: Sequence[str]) -> int:
        """Return how many bytes on disk columns, by our names, take."""
        return sum(self.bytes_by_column[self.columns[column]] for column in columns)

    def batches(self, piece: Piece, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Yield the number of the first row and a `pyarrow.RecordBatch` of at most `BATCH` rows.

        Raises
        ------
        InputError
            If the file is damaged or gone.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        first_row = piece.first_row
        try:
            with pq.ParquetFile(piece.path, buffer_size=BUFFER, pre_buffer=False) as file:
                # Arrow's threads now and then abort the process at exit (apache/arrow#50482).
                for batch in file.iter_batches(
                    BATCH, row_groups=piece.row_groups, columns=list(columns), use_threads=False
                ):
                    yield first_row, mended(batch)[0]
                    first_row += len(batch)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(piece.path, error) from error

    def numbers(self, batch: Any, columns: Sequence[str]) -> np.ndarray:
        """Return number columns of a batch, by our names, shape (n, columns); NaN if missing."""
        found = np.empty((len(batch), len(columns)), order="F")
        for place, name in enumerate(columns):
            column = batch.column(self.columns[name])
            if _is_text(column.type):
                found[:, place] = values.numbers(column.to_pandas())[0]
            else:
                found[:, place] = column.to_numpy(zero_copy_only=False)
            if name in self.units.factors:
                found[:, place] *= self.units.factors[name]
        return found

    def frame(self, batch: Any, columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of a batch under our names, values as they stand in the file."""
        sources = {name: self.columns[name] for name in columns}
        return renamed(batch.to_pandas(use_threads=False), self.layout, sources)

    def theirs(self, columns: Sequence[str]) -> list[str]:
        """Return what to read for columns by our names."""
        names = [self.columns[column] for column in columns]
        if "genre" in columns:
            second = second_genre(self.bytes_by_column, self.layout)
            names += [second] if second is not None else []
        return names

    def take(self, rows: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
        """Return some rows, by ascending number, of columns by our names."""
        asked = [piece for piece in self.pieces if len(piece.of(rows))]
        parts = dict(jobs.run(_take, asked, rows, self, columns, title="tracks", threads=True))
        return pd.concat([parts[piece.first_row] for piece in asked], ignore_index=True)

    def sample(self, n_rows: int, *, seed: int) -> pd.DataFrame:
        """Return features of about `n_rows` tracks drawn from all, those that can be used.

        Each row is drawn by itself, so that pieces can be read by different machines.

        Raises
        ------
        InputError
            If fewer than two of the rows drawn can be used.
        """
        share = min(1.0, n_rows / max(1, len(self)))
        parts = dict(
            jobs.run(_sample, self.pieces, self, share, seed, title="sample", threads=True)
        )
        drawn = np.concatenate([parts[piece.first_row] for piece in self.pieces])
        if len(drawn) < 2:
            raise InputError(
                f"{self.source}: of {len(self):,} rows nearly none has all audio features in "
                f"Spotify's units ({', '.join(FEATURE_NAMES)}); look at its columns"
            )
        return pd.DataFrame(drawn, columns=list(FEATURE_NAMES))


def is_large(path: Path) -> bool:
    """Say whether a table should stay on disk: a folder of Parquet files, or a very long one."""
    if path.is_dir():
        return any(path.rglob("*.parquet"))
    try:
        if not path.is_file():  # a pipe is not opened: that may wait for ever
            return False
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return False
    except OSError:
        return False
    return _metadata(path).num_rows > MOST_IN_MEMORY


def open_large_table(path: Path) -> LargeTable:
    """Look at a Parquet file, or at all in a folder; of the rows, the first tell the units.

    Raises
    ------
    InputError
        If a file is damaged, lacks needed columns, names them otherwise than the first file, or
        holds text where numbers belong.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no .parquet file; give a table, or a folder of them")
    pieces: list[Piece] = []
    sizes: dict[str, int] = {}
    layout, columns = None, {}
    first_row = 0
    for file in files:
        schema, row_groups = _about(file)
        its_layout, its_columns = find_layout(schema.names, str(file))
        _check_numbers(file, schema, its_columns)
        if layout is None:
            layout, columns = its_layout, its_columns
        needed = {name: columns[name] for name in NEEDED_COLUMNS}
        if any(its_columns[name] != theirs for name, theirs in needed.items()):
            raise InputError(
                f"{file} names its columns otherwise than {files[0]}; put tables of one layout "
                "into a folder, or join them with: emotify tracks import"
            )
        columns = {n: theirs for n, theirs in columns.items() if its_columns.get(n) == theirs}
        groups: list[int] = []
        lengths: list[int] = []
        for number, (n_rows, n_bytes) in enumerate(row_groups):
            for name, size in n_bytes.items():
                sizes[name] = sizes.get(name, 0) + size
            if groups and sum(lengths) + n_rows > PIECE:
                pieces.append(Piece(str(file), tuple(groups), tuple(lengths), first_row))
                first_row += sum(lengths)
                groups, lengths = [], []
            groups.append(number)
            lengths.append(n_rows)
        if sum(lengths):
            pieces.append(Piece(str(file), tuple(groups), tuple(lengths), first_row))
            first_row += sum(lengths)
    if not pieces:
        raise InputError(f"{path} holds no rows; give a table with tracks")
    assert layout is not None
    table = LargeTable(path.name, len(files), layout, columns, tuple(pieces), sizes)
    return replace(table, units=_units(table))


def usable(features: np.ndarray) -> np.ndarray:
    """Return for each row of features, (n, 8), whether it can be used: whole, and no speech."""
    whole = ((features >= LOWEST) & (features <= HIGHEST)).all(axis=1)
    return whole & (features[:, FEATURE_NAMES.index("speechiness")] <= SPOKEN_WORD_SPEECHINESS)


def _between(rows: np.ndarray, first_row: int, n_rows: int) -> np.ndarray:
    return rows[(rows >= first_row) & (rows < first_row + n_rows)]


def _take(
    piece: Piece, rows: np.ndarray, table: LargeTable, columns: Sequence[str]
) -> tuple[int, pd.DataFrame]:
    parts = []
    for group in piece.single_groups():
        wanted = group.of(rows)
        if not len(wanted):  # row groups are not too long where this matters: they are skipped
            continue
        for first_row, batch in table.batches(group, table.theirs(columns)):
            here = _between(wanted, first_row, len(batch)) - first_row
            if len(here):
                parts.append(table.frame(batch.take(_as_indices(here)), columns))
    return piece.first_row, pd.concat(parts, ignore_index=True)


def _as_indices(rows: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.array(rows, pa.int64())


def _sample(piece: Piece, table: LargeTable, share: float, seed: int) -> tuple[int, np.ndarray]:
    rng = np.random.default_rng([seed, piece.first_row])
    drawn = [np.empty((0, len(FEATURE_NAMES)))]
    for _, batch in table.batches(piece, table.theirs(FEATURE_NAMES)):
        chosen = np.flatnonzero(rng.random(len(batch)) < share)
        features = table.numbers(batch.take(_as_indices(chosen)), FEATURE_NAMES)
        drawn.append(features[usable(features)])
    return piece.first_row, np.concatenate(drawn)


def _units(table: LargeTable) -> Units:
    """Tell the units of a table by its first rows."""
    told = [name for name in (*RANGES, "liveness", "duration_ms") if name in table.columns]
    # Of a listener's own files the length was measured.
    told = [name for name in told if name != "duration_ms" or "path" not in table.columns]
    for _, batch in table.batches(table.pieces[0], table.theirs(told)):
        numbers = table.numbers(batch, told)
        return units_of({n: pd.Series(numbers[:, i]) for i, n in enumerate(told)}, table.source)
    return SPOTIFYS


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _metadata(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _about(path: Path) -> tuple[Any, list[tuple[int, dict[str, int]]]]:
    """Return a file's Arrow schema, and of each row group its rows and bytes for each column."""
    import pyarrow as pa

    metadata = _metadata(path)
    groups = []
    try:
        schema = metadata.schema.to_arrow_schema()
        for number in range(metadata.num_row_groups):
            group, n_bytes = metadata.row_group(number), dict.fromkeys(schema.names, 0)
            for chunk in (group.column(place) for place in range(group.num_columns)):
                name = chunk.path_in_schema
                name = name if name in n_bytes else name.partition(".")[0]  # of a list: its parts
                n_bytes[name] = n_bytes.get(name, 0) + chunk.total_compressed_size
            groups.append((group.num_rows, n_bytes))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if len(set(schema.names)) < len(schema.names):
        raise InputError(f"{path} has two columns of one name; export it with each once")
    return schema, groups


def _unreadable(path: str | Path, error: Exception) -> InputError:
    if isinstance(error, OSError) and error.errno:
        return InputError(
            f"{path} cannot be read: {os.strerror(error.errno)}; check its rights, and that all "
            "machines of a cluster see it"
        )
    return damaged_parquet(path, error)


def _check_numbers(path: Path, schema: Any, columns: Mapping[str, str]) -> None:
    import pyarrow as pa

    for name in (*FEATURE_NAMES, *MOOD_COLUMNS):
        if name not in columns:
            continue
        kind = schema.field(columns[name]).type
        number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        wrong = "" if number or pa.types.is_decimal(kind) else str(kind)
        if _is_text(kind):
            wrong = _no_number(path, columns[name])
        if wrong:
            raise InputError(
                f"{path}: column {columns[name]} holds {wrong}, where numbers belong; export the "
                "table again with numbers"
            )


def _no_number(path: Path, column: str) -> str:
    """Return a text among the first of a column that is no number, if there is one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(BATCH, columns=[column], use_threads=False)
            first = [mended(batch)[0].column(0).to_pandas() for batch in islice(batches, 1)]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    wrong = [str(cell) for cells in first for cell in cells[values.numbers(cells)[1]]]
    return repr(wrong[0][:40]) if wrong else ""
