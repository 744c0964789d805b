"""Features of music: CPU time a track, and how far our models and VibeNet agree.

    python benchmarks/music_features.py FOLDER

No truth is known of the files, so this tells of agreement; of errors, models/music/README.md tells
what is known. Without VibeNet (pip install 'emotify[vibenet]') only ours is timed.
"""

import argparse
import importlib.util
import statistics
import time
from pathlib import Path

import pandas as pd

from clustering.music.descriptors import compile_first, hear
from clustering.music.files import find_music
from clustering.music.model import load_model
from foundation.errors import InputError
from foundation.progress import progress_bar


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    files = find_music(parser.parse_args().folder)[0]
    if not files:
        parser.error("the folder holds no music")
    compile_first()
    has_vibenet = importlib.util.find_spec("vibenet") is not None
    ours, theirs = [], []
    seconds: dict[str, list[float]] = {"ours": [], "VibeNet": []}
    for path in progress_bar(files, "music"):
        start = time.process_time()
        try:
            ours.append(load_model().describe(hear(path)))
        except InputError:  # too short, as the sounds of games are
            continue
        seconds["ours"].append(time.process_time() - start)
        if has_vibenet:
            from clustering.music import vibenet as vibenet_features

            start = time.process_time()
            theirs.append(vibenet_features.describe(path))
            seconds["VibeNet"].append(time.process_time() - start)
    for name, times in seconds.items():
        if times:
            print(f"{name:8} {statistics.median(times):.2f} s of CPU a track ({len(times)} tracks)")
    if has_vibenet:
        from clustering.music.vibenet import FEATURES

        own, other = pd.DataFrame(ours), pd.DataFrame(theirs)
        print("\nfeature           Spearman  mean, ours  mean, VibeNet")
        for name in [name for name in FEATURES if name in own]:
            rank = own[name].corr(other[name], method="spearman")
            print(f"{name:17} {rank:8.2f} {own[name].mean():11.2f} {other[name].mean():14.2f}")


if __name__ == "__main__":
    main()
