"""How tables lie on disks: a file of any kind in, its rows out, or a sentence that says why not.

What a file is, its first bytes say, not its name. CSV may be separated by comma, semicolon, tab or
bar, be UTF-8, UTF-16 or of Windows, and packed by gzip; Parquet is read as it is. What is neither
is named for what it is, and none of its content is shown.
"""

import codecs
import csv
import io
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.tables.layouts import TEXT_NAMES, RawTable, folded_name, in_our_columns
from foundation.errors import InputError
from foundation.text import printable

HEADER_BYTES = 1 << 16
DECODED_BYTES = 1 << 24
MOST_BYTES = 1 << 31  # of what is unpacked: more is no table for memory
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".pq")
# What `zipfile` raises of damaged, encrypted and otherwise packed files.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError
)  # fmt: skip
SEPARATORS = ",;\t|"
PARQUET, ZIP, GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"
# What other files begin with, and what they are.
KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV there"),
    (b"SQLite format 3", "a database; export its table as CSV"),
    (b"%PDF", "a PDF; export the table as CSV"),
    (b"BZh", "packed by bzip2; unpack it"),
    (b"\xfd7zXZ", "packed by xz; unpack it"),
    (b"(\xb5/\xfd", "packed by zstd; unpack it"),
    (b"7z\xbc\xaf", "packed by 7-Zip; unpack it"),
    (b"Rar!", "packed by RAR; unpack it"),
    (b"#EXTM3U", "a playlist of files; give the folder that the music is in"),
)
MARKUP = re.compile(rb"\s*<(?:!doctype|!--|html|head|body|\?xml|[a-z]+[ >])", re.IGNORECASE)
NUMBER = re.compile(r"-?\d*,?\d+(?:[eE][-+]?\d+)?")


def read_table(path: str | Path) -> RawTable:
    """Read a file of tracks, in any of `clustering.tables.layouts.LAYOUTS`.

    Raises
    ------
    InputError
        If it cannot be read as a table (`read_frame`), or lacks needed columns.
    """
    frame, notes = read_frame(path)
    raw = in_our_columns(frame, str(path))
    return RawTable(raw.frame, raw.layout, notes)


def read_frame(path: str | Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a CSV or Parquet file as it is, with notes on how it was read.

    Raises
    ------
    InputError
        If there is no such file, it is a folder or a pipe, empty, neither CSV nor Parquet, or
        damaged.
    """
    path = Path(path)
    check_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{printable(path)} cannot be read: {error.strerror}") from error
    return as_frame(content, printable(path))


def check_file(path: Path) -> None:
    """Refuse what is no file: to open a pipe may wait for ever, a device may never end.

    Raises
    ------
    InputError
        If it is none, or cannot be looked at.
    """
    name = printable(path)
    try:
        if path.is_file():
            return
        if path.is_dir():
            raise InputError(
                f"{name} is a folder; give one CSV or Parquet file of tracks inside it"
            )
        there = path.exists()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}; check its rights") from error
    if there:
        raise InputError(f"{name} is a pipe or a device, no file; write the table to a file first")
    raise InputError(f"there is no file {name}; give a CSV or Parquet file of tracks")


def as_frame(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read the content of a file; see `read_frame`."""
    if content.startswith(GZIP):
        content = _unpacked(content, name)
    if not content.strip():
        raise InputError(f"{name} is empty; give a CSV or Parquet file with a header and tracks")
    if content.startswith(PARQUET):
        return _parquet(content, name)
    if content.startswith(ZIP):
        raise InputError(f"{name} is {_kind_of_zip(content)}")
    for begin, kind in KINDS:
        if content.startswith(begin):
            raise InputError(f"{name} is no CSV, but {kind}")
    if name.lower().endswith((".parquet", ".pq")):
        raise InputError(
            f"{name} is named as Parquet but is not a Parquet file; give it its true ending, or "
            "export the table again"
        )
    return _comma_separated(content, name)


def table_files(archive: Path) -> list[str]:
    """Return the names of the tables in a zip archive; none if it is no archive, or a workbook.

    Raises
    ------
    InputError
        If there is no file, or a damaged archive.
    """
    check_file(archive)
    try:
        with archive.open("rb") as file:
            if file.read(len(ZIP)) != ZIP:
                return []
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
    except (OSError, *DAMAGED) as error:
        raise damaged_archive(archive, error) from error
    if _is_workbook(names):
        return []
    return sorted(name for name in names if is_table_name(name))


def read_member(archive: Path, member: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a table in a zip archive; see `read_frame`."""
    name = f"{printable(archive)}/{member}"
    try:
        with zipfile.ZipFile(archive) as packed:
            fits = packed.getinfo(member).file_size <= MOST_BYTES
            content = packed.read(member) if fits else b""
    except (OSError, *DAMAGED) as error:
        raise damaged_archive(archive, error) from error
    if not fits:
        raise InputError(f"{name} is too large; unpack it and give the folder")
    return as_frame(content, name)


def is_table_name(name: str) -> bool:
    """Say whether a file is a table by its name, and no hidden one."""
    parts = Path(name).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not hidden and name.lower().endswith(TABLE_ENDINGS)


def damaged_archive(path: Path, error: Exception) -> InputError:
    """Return what to say of a zip archive that cannot be read."""
    if isinstance(error, OSError) and error.strerror:
        return InputError(f"{printable(path)} cannot be read: {error.strerror}; check its rights")
    return InputError(
        f"{printable(path)} cannot be read as a zip archive ({error}); fetch it again, or "
        "unpack it and give the folder"
    )


def _kind_of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = packed.namelist()
    except (OSError, *DAMAGED):
        return "a damaged zip archive; fetch it again"
    if _is_workbook(names):
        return "a workbook (Excel, LibreOffice); save the sheet with the tracks as CSV"
    return "a zip archive; unpack it, and give the table that is in it"


def _is_workbook(names: list[str]) -> bool:
    return "[Content_Types].xml" in names or "content.xml" in names


def _unpacked(content: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, MOST_BYTES)
    except zlib.error as error:
        raise InputError(f"{name} is packed by gzip and damaged ({error}); get it again") from error
    if unpacker.unconsumed_tail:
        raise InputError(f"{name} is too large to be unpacked in memory; unpack it")
    if not unpacker.eof:
        raise InputError(f"{name} is packed by gzip and was cut short; get it again")
    return plain


def _parquet(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Arrow's threads now and then abort the process at exit, or hang it (apache/arrow#50482).
        rows = pq.read_table(pa.BufferReader(content), use_threads=False)
        rows, n_mended = mended(rows)
        frame = rows.to_pandas(use_threads=False)
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        raise damaged_parquet(name, error) from error
    note = f"{n_mended:,} texts are not UTF-8: look at names with accents"
    return frame, (note,) if n_mended else ()


def mended(rows: Any) -> tuple[Any, int]:
    """Return an Arrow table or batch with valid UTF-8 in all texts, and how many were not.

    What pandas noted beside the data is dropped: it may be damaged, and makes a column an index.
    """
    import pyarrow as pa

    rows, n_mended = rows.replace_schema_metadata(None), 0
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type) and pa.types.is_string(field.type.value_type):
            rows = rows.set_column(place, field.name, rows.column(place).cast(pa.string()))
        elif not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = rows.column(place)
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            cells = column.cast(pa.large_binary()).to_pylist()
            texts = [None if cell is None else cell.decode("utf-8", "replace") for cell in cells]
            n_mended += sum(text is not None and "\ufffd" in text for text in texts)
            rows = rows.set_column(place, field.name, pa.array(texts, pa.large_string()))
    return rows, n_mended


def damaged_parquet(name: str | Path, error: Exception) -> InputError:
    """Return what to say of a Parquet file that cannot be decoded."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return InputError(f"{name} is a damaged Parquet file ({reason[:200]}); copy or export it again")


def _comma_separated(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    encoding, notes = _encoding(content, name)
    begin = content[:HEADER_BYTES].decode(encoding, "ignore").lstrip("\ufeff \t\r\n")
    if begin.startswith(("{", "[")):
        raise InputError(f"{name} is JSON, no CSV; export the table as CSV, or as Parquet")
    if MARKUP.match(begin.encode()):
        raise InputError(
            f"{name} is a web page or XML, no CSV: perhaps the page around a download was saved; "
            "export the table as CSV"
        )
    told = re.match(r"sep=([,;\t|])\r?\n", begin)  # a line for Excel alone
    unquoted = re.sub(r'"[^"]*"', "", begin)
    header = re.split(r"[\r\n]", unquoted, maxsplit=1)[0]
    separator = told[1] if told else max(SEPARATORS, key=header.count)

    def read(**options: Any) -> pd.DataFrame:
        # An empty cell is missing, but "NA" or "None" may well be the name of a track.
        return pd.read_csv(
            io.BytesIO(content),
            encoding=encoding,
            encoding_errors="replace",
            sep=separator,
            skiprows=1 if told else 0,
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            skipinitialspace=True,
            **options,
        )

    try:
        names = read(nrows=0).columns
        table = read(dtype={column: "str" for column in names if folded_name(column) in TEXT_NAMES})
        if not isinstance(table.index, pd.RangeIndex):  # rows have more cells than the header
            table = _without_extra_cells(table, read)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, ValueError) as error:
        raise InputError(
            f"{name} is not a table that can be read as CSV ({str(error).strip()[:200]}); give a "
            "CSV with one header line, or Parquet"
        ) from error
    if separator != ",":
        for column in table.columns[[str(kind) in {"object", "str"} for kind in table.dtypes]]:
            cells = table[column].dropna().astype("str").str.strip()
            if cells.str.fullmatch(NUMBER).all():
                table[column] = table[column].str.replace(",", ".", regex=False)
    return table, notes


def _without_extra_cells(table: pd.DataFrame, read: Any) -> pd.DataFrame:
    """Return rows that each end in a separator too many, or begin with a number of their own."""
    if table.iloc[:, -1].isna().all():
        return read(index_col=False)
    return table.reset_index(drop=True)


def _encoding(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ()
    head = content[:4096]
    if b"\0" in head:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if zeros.count(0) > 0.9 * len(zeros):
                return encoding, ()
        raise InputError(
            f"{name} is neither CSV nor Parquet (it holds binary data); export the table as CSV"
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # In parts: as one text, a table of two million tracks would take four times its bytes.
        for start in range(0, len(content), DECODED_BYTES):
            decoder.decode(content[start : start + DECODED_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _of_damaged_or_older(content)
    return "utf-8-sig", ()


def _of_damaged_or_older(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Tell text of one byte a letter from UTF-8 with a few wrong bytes."""
    text = content.decode("utf-8", "replace")
    n_wrong = text.count("\ufffd")
    if n_wrong < sum(letter > "\x7f" for letter in text) - n_wrong:
        return "utf-8-sig", (f"{n_wrong:,} bytes are not UTF-8: look at names with accents",)
    note = "the file is not UTF-8 and was read as Latin-1: check names with accents"
    try:
        content.decode("cp1252")  # Latin-1 with Windows' quotation marks
    except UnicodeDecodeError:
        return "latin-1", (note,)
    return "cp1252", (note,)
