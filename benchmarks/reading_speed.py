"""Measure how fast the reader is: one sentence, many at once, and a process that starts cold.

    python benchmarks/reading_speed.py

on one core. The alternative is VADER, a lexicon of words in pure Python, where vaderSentiment is
installed; it tells good from bad and no emotions.
"""

import importlib.util
import os
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from reading.corpora.written import written_texts
from reading.text import load_reader

N_ALONE, N_MANY, N_STARTS = 300, 10_000, 5


def main() -> None:
    """Measure and print."""
    written = written_texts()["text"].tolist()
    texts = (written * (N_MANY // len(written) + 1))[:N_MANY]
    reader = load_reader()
    reader.predict("Once, to load what is loaded late.")
    alone = seconds(lambda: [reader.predict(text) for text in texts[:N_ALONE]]) / N_ALONE
    many = seconds(lambda: list(reader.predict_many(texts))) / N_MANY
    print(f"one sentence, warm: {1000 * alone:.1f} ms")
    print(f"{N_MANY} sentences together: {1 / many:.0f} a second, {alone / many:.1f} times as fast")
    starts = sorted(seconds(cold) for _ in range(N_STARTS))
    print(
        f"`emotify read` in a new process: {starts[0]:.2f} s (median {starts[N_STARTS // 2]:.2f})"
    )
    if importlib.util.find_spec("vaderSentiment") is None:
        print("VADER is not installed: pip install vaderSentiment")
        return
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    lexicon = seconds(lambda: [analyser.polarity_scores(text) for text in texts]) / N_MANY
    print(f"VADER: {1 / lexicon:.0f} a second, {many / lexicon:.1f} times as fast as the reader")


def cold() -> None:
    """Read a sentence in a new process."""
    command = [sys.executable, "-m", "app.command.main", "read", "I am so happy that you are here."]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def seconds(work) -> float:
    """Return how long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
