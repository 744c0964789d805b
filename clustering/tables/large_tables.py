"""Tables larger than memory: Parquet data sets, of which a batch of rows at a time is in memory.

A large table is a folder with Parquet files, or one Parquet file of more than `MOST_IN_MEMORY`
rows. Only the columns that are asked for are read. Rows are numbered through all files in the order
of their names. Nothing is tidied here: who reads rows leaves out broken ones.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clustering.tables.layouts import (
    FEATURE_NAMES,
    MOOD_COLUMNS,
    Layout,
    damaged_parquet,
    find_layout,
    renamed,
    second_genre,
)
from clustering.tables.tracks import RANGES, SPOKEN_WORD_SPEECHINESS
from foundation import jobs
from foundation.errors import InputError
from foundation.text import printable

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
    """

    source: str
    n_files: int
    layout: Layout
    columns: Mapping[str, str]
    pieces: tuple[Piece, ...]
    bytes_by_column: Mapping[str, int]

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
        return (
            f"{self.source}: {len(self):,} rows in {files}, read in batches; moods come from a "
            "sample, and broken rows and spoken word are left out as they are met"
        )

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
                    yield first_row, batch
                    first_row += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(piece.path, error) from error

    def numbers(self, batch: Any, columns: Sequence[str]) -> np.ndarray:
        """Return number columns of a batch, by our names, shape (n, columns); NaN if missing."""
        found = np.empty((len(batch), len(columns)), order="F")
        for place, name in enumerate(columns):
            column = batch.column(self.columns[name])
            found[:, place] = column.to_numpy(zero_copy_only=False)
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
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return False
    except OSError:
        return False
    return _metadata(path).num_rows > MOST_IN_MEMORY


def open_large_table(path: Path) -> LargeTable:
    """Look at a Parquet file, or at all in a folder, and read no rows.

    Raises
    ------
    InputError
        If a file is damaged, lacks needed columns, names them otherwise than the first file, or
        holds text where numbers belong.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise InputError(
            f"{printable(path)} holds no .parquet file; give a table, or a folder of them"
        )
    pieces: list[Piece] = []
    sizes: dict[str, int] = {}
    layout, columns = None, {}
    first_row = 0
    for file in files:
        metadata = _metadata(file)
        schema = metadata.schema.to_arrow_schema()
        its_layout, its_columns = find_layout(schema.names, str(file))
        _check_numbers(file, schema, its_columns)
        if layout is None:
            layout, columns = its_layout, its_columns
        needed = {name: columns[name] for name in (*FEATURE_NAMES, "track_id", "name", "artist")}
        if any(its_columns[name] != theirs for name, theirs in needed.items()):
            raise InputError(
                f"{printable(file)} names its columns otherwise than {printable(files[0])}; "
                "put tables of one layout into a folder, or join them with: emotify tracks import"
            )
        columns = {n: theirs for n, theirs in columns.items() if its_columns.get(n) == theirs}
        groups: list[int] = []
        lengths: list[int] = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for place in range(group.num_columns):
                chunk = group.column(place)
                name = chunk.path_in_schema
                sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
            if groups and sum(lengths) + group.num_rows > PIECE:
                pieces.append(Piece(str(file), tuple(groups), tuple(lengths), first_row))
                first_row += sum(lengths)
                groups, lengths = [], []
            groups.append(number)
            lengths.append(group.num_rows)
        if sum(lengths):
            pieces.append(Piece(str(file), tuple(groups), tuple(lengths), first_row))
            first_row += sum(lengths)
    if not pieces:
        raise InputError(f"{printable(path)} holds no rows; give a table with tracks")
    assert layout is not None
    return LargeTable(printable(path.name), len(files), layout, columns, tuple(pieces), sizes)


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


def _metadata(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: Exception) -> InputError:
    if isinstance(error, OSError) and error.errno:
        return InputError(
            f"{printable(path)} cannot be read: {os.strerror(error.errno)}; check its rights, and "
            "that all machines of a cluster see it"
        )
    return damaged_parquet(path, error)


def _check_numbers(path: Path, schema: Any, columns: Mapping[str, str]) -> None:
    import pyarrow as pa

    for name in (*FEATURE_NAMES, *MOOD_COLUMNS):
        kind = schema.field(columns[name]).type if name in columns else pa.float64()
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise InputError(
                f"{printable(path)}: column {columns[name]} holds {kind}, where numbers belong; "
                "export the table again with numbers"
            )
