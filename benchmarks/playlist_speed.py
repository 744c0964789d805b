"""How long a playlist takes: read a table, fit its moods, choose 20 tracks.

    python benchmarks/playlist_speed.py --tracks TABLE

Choosing is compared, in the same run, with two plain ways to do it: sorting the whole table by
distance in pandas, and fitting the moods anew for every playlist. Figures are medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from clustering.choice.catalogue import Catalogue
from clustering.choice.wish import Wish
from clustering.moods.clusters import fit_moods
from clustering.moods.mapping import aim_for
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import read_tracks
from emotions.estimate import EmotionEstimate


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median time of `work` in seconds; one run before is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def sorted_whole(catalogue: Catalogue, estimate: EmotionEstimate, n_tracks: int) -> Any:
    """Choose by sorting every track by its distance, two per artist, as a notebook would."""
    aim = aim_for(estimate)
    frame = catalogue.table.frame
    places = frame[list(FEATURE_NAMES)].rank(pct=True).to_numpy()
    ordered = frame.assign(distance=aim.distances(places)).sort_values("distance")
    return ordered[ordered.groupby("artist").cumcount() < 2].head(n_tracks)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", help="a table of tracks; left out: the default table")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    table = read_tracks(arguments.tracks)
    print(table.summary())
    catalogue = Catalogue.of(table)
    sad = EmotionEstimate.of("sad")
    seeds = count()

    def chosen(mode: str) -> Callable[[], Any]:
        return lambda: make_playlist(sad, catalogue, Wish(mode=mode, seed=next(seeds)))

    read = seconds(lambda: read_tracks(arguments.tracks), arguments.repeats)
    fit = seconds(lambda: fit_moods(table), arguments.repeats)
    match, journey = (seconds(chosen(mode), 4 * arguments.repeats) for mode in ("match", "journey"))
    whole = seconds(lambda: sorted_whole(catalogue, sad, 20), arguments.repeats)
    refit = seconds(lambda: make_playlist(sad, table), arguments.repeats)
    lines = {
        "read the table": read,
        "fit the moods": fit,
        "choose 20, match": match,
        "choose 20, journey": journey,
        "instead: rank and sort the whole table": whole,
        "instead: fit anew for each playlist": refit,
    }
    for what, duration in lines.items():
        print(f"{what:40s} {duration:8.4f} s")
    print(
        f"choosing is {whole / match:.1f} x as fast as sorting, {refit / match:.0f} x as refitting"
    )


if __name__ == "__main__":
    main()
