"""Rebuild the tables about music in README and cards from committed scores.

    python -m clustering.figures          (part of `make figures`)

They stand between ``<!-- begin mood-scores -->`` or ``<!-- begin music-scores -->`` and the
matching end. The page of default playlists is written whole.
"""

import pandas as pd

from clustering import default_playlists
from clustering.evaluation.mood_evaluation import SCORES_FILE, committed_scores, markdown_table
from clustering.evaluation.music_scores import COLUMNS as MUSIC_COLUMNS
from clustering.music.model import DEFAULT_FOLDER
from foundation.errors import run
from foundation.pages import publish
from foundation.safe_write import write_text
from foundation.shipped import CHECKOUT, require_checkout
from foundation.tables import read_table

MUSIC_CARD = DEFAULT_FOLDER / "README.md"
PAGES = (CHECKOUT / "README.md", SCORES_FILE.with_name("README.md"), MUSIC_CARD)


def music_table(scores: pd.DataFrame) -> str:
    """Return how well features and moods are computed from sound, as a Markdown table."""
    names = ("n", "R2", "Spearman", "mean absolute error", "bias", "accuracy")
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in scores.to_dict("records"):
        numbers = [row[name] for name in MUSIC_COLUMNS[2:]]
        # Without a minus where nothing is left of the number.
        told = ("" if pd.isna(number) else f"{round(number, 2) + 0:.2f}" for number in numbers)
        cells = " | ".join(told)
        lines.append(f"| {row['target']} | {row['n']:,} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Rebuild the tables and print them."""
    require_checkout("rebuilding README and cards")
    scores = read_table(DEFAULT_FOLDER / "scores.csv", MUSIC_COLUMNS)
    tables = {
        "mood-scores": markdown_table(committed_scores()),
        "music-scores": music_table(scores),
    }
    publish(tables, PAGES)
    write_text(default_playlists.PAGE, default_playlists.page(*default_playlists.stored()))


if __name__ == "__main__":
    run(main)
