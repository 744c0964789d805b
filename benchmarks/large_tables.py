"""Tables larger than memory: time, peak memory and bytes read, for the fit and for a choice.

    python benchmarks/large_tables.py --tracks TABLE --folder SCRATCH --rows 1e6 1e7 1e8

Tables of each length are made of TABLE: rows drawn with replacement, noise added to their features,
ids, names and artists made different. Each figure comes from a new process; choosing is repeated,
and the median counts. A table in memory stands beside the shortest. 1e8 rows take 15 GB of disk.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters
from clustering.choice.opening import open_catalogue
from clustering.choice.shortlist import LargeCatalogue
from clustering.choice.wish import Wish
from clustering.moods.folder import load_moods, save_moods
from clustering.moods.mapping import aims_along
from clustering.playlist import make_playlist
from clustering.tables.columns import RANGES
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import ROWS_OF_A_GROUP, read_tracks
from emotions.estimate import EmotionEstimate
from foundation.progress import progress_bar

FILE_ROWS = 1_000_000
NOISE = 0.02  # of each feature's range
REPEATS = 5


def make_table(folder: Path, source: pd.DataFrame, n_rows: int) -> None:
    """Write a synthetic table as files of a million rows; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(progress_bar(range(0, n_rows, FILE_ROWS), f"{n_rows:,} rows")):
        path = folder / f"part-{number:05d}.parquet"
        if path.exists():
            continue
        rng = np.random.default_rng([n_rows, number])
        size = min(FILE_ROWS, n_rows - first)
        rows = source.iloc[rng.integers(0, len(source), size)].reset_index(drop=True)
        for name in FEATURE_NAMES:
            low, high = RANGES[name]
            values = rows[name].to_numpy()
            moved = np.clip(values + NOISE * (high - low) * rng.normal(size=size), low, high)
            rows[name] = np.where(values == 0, 0.0, moved)  # a true 0 is common and means something
        numbers = pd.Series(np.arange(first, first + size)).astype("str")
        rows["track_id"] = numbers.str.zfill(22)
        rows["artist"] += " " + (numbers.str[-4:])
        rows["name"] += " " + numbers
        partial = path.with_suffix(".partial")
        rows.to_parquet(partial, index=False, row_group_size=ROWS_OF_A_GROUP)
        partial.rename(path)


def peak_mb() -> float:
    """Return the largest memory that this process has had, in MB."""
    status = Path("/proc/self/status")  # what Linux says elsewhere includes the parent's
    if status.exists():
        lines = status.read_text("utf-8").splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(step: str, table: Path, moods: Path) -> dict[str, float]:
    """Do one step and return its figures."""
    start = time.perf_counter()
    if step == "fit":
        fitted = open_catalogue(table)
        save_moods(fitted.model, moods)
        assert isinstance(fitted, LargeCatalogue)
        n_bytes = fitted.table.n_bytes(FEATURE_NAMES)
        return {"seconds": time.perf_counter() - start, "bytes": n_bytes, "MB": peak_mb()}
    if step == "memory":  # instead: all of it
        frames = [pd.read_parquet(path) for path in sorted(table.glob("*.parquet"))]
        whole = table.with_suffix(".whole.parquet")
        pd.concat(frames).to_parquet(whole)
        start = time.perf_counter()
        catalogue: Catalogue | LargeCatalogue = Catalogue.of(read_tracks(whole), load_moods(moods))
        whole.unlink()
        opened = time.perf_counter() - start
    else:
        catalogue = open_catalogue(table, moods=moods)
        opened = time.perf_counter() - start
    times = []
    mode = "journey" if step == "journey" else "match"
    emotions = ("sad", "happy", "calm", "angry", "fearful")
    for emotion in emotions[:REPEATS]:
        start = time.perf_counter()
        make_playlist(EmotionEstimate.of(emotion), catalogue, Wish(mode=mode))
        times.append(time.perf_counter() - start)
    figures = {"opened": opened, "seconds": statistics.median(times), "MB": peak_mb()}
    if isinstance(catalogue, LargeCatalogue):
        aims = aims_along(EmotionEstimate.of("sad"), mode, 20)
        figures["bytes"] = catalogue.shortlist(aims, Filters()).n_bytes
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", help="a real table; left out: the default table")
    parser.add_argument("--folder", type=Path, required=True, help="where tables are made")
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7])
    parser.add_argument("--step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        table = arguments.folder
        figures = measured(arguments.step, table, table.with_suffix(".moods"))
        print(json.dumps(figures))
        return
    source = read_tracks(arguments.tracks).frame
    print(f"{'rows':>11} {'step':8} {'seconds':>8} {'us a row':>8} {'MB peak':>8} {'MB read':>8}")
    for number, n_rows in enumerate(int(rows) for rows in arguments.rows):
        table = arguments.folder / f"rows-{n_rows}"
        make_table(table, source, n_rows)
        for step in ("fit", "choose", "journey") + ("memory",) * (number == 0):
            command = [sys.executable, __file__, "--folder", str(table), "--step", step]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            figures = json.loads(answer.stdout)
            seconds = figures["seconds"]
            print(
                f"{n_rows:11,} {step:8} {seconds:8.3f} {1e6 * seconds / n_rows:8.3f} "
                f"{figures['MB']:8.0f} {figures.get('bytes', np.nan) / 1e6:8.0f}"
                + (f"   (and {figures['opened']:.1f} s to open)" if step == "memory" else ""),
                flush=True,
            )


if __name__ == "__main__":
    main()
