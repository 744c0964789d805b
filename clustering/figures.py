"""Rebuild the tables about music in README and cards from committed scores.

    python -m clustering.figures          (part of `make figures`)

They stand between ``<!-- begin mood-scores -->`` or ``<!-- begin music-scores -->`` and the
matching end. The page of default playlists is written whole.
"""

import pandas as pd

from clustering import default_playlists
from clustering.evaluation.mood_evaluation import SCORES_FILE, committed_scores, markdown_table
from clustering.music.model import DEFAULT_FILE
from foundation.pages import fill_in
from foundation.safe_write import write_text
from foundation.shipped import CHECKOUT
from foundation.tables import read_table

MUSIC_CARD = DEFAULT_FILE.with_name("README.md")
PAGES = (CHECKOUT / "README.md", SCORES_FILE.with_name("README.md"), MUSIC_CARD)
MUSIC_COLUMNS = ("target", "n", "r2", "spearman", "mean_absolute_error", "accuracy")


def music_table(scores: pd.DataFrame) -> str:
    """Return how well features and moods are computed from sound, as a Markdown table."""
    names = ("n", "R2", "Spearman", "mean absolute error", "accuracy")
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in scores.to_dict("records"):
        numbers = [row[name] for name in MUSIC_COLUMNS[2:]]
        cells = " | ".join("" if pd.isna(number) else f"{number:.2f}" for number in numbers)
        lines.append(f"| {row['target']} | {row['n']:,} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Rebuild the tables and print them."""
    scores = read_table(DEFAULT_FILE.with_name("scores.csv"), MUSIC_COLUMNS)
    tables = {
        "mood-scores": markdown_table(committed_scores()),
        "music-scores": music_table(scores),
    }
    for page in PAGES:
        write_text(page, fill_in(page.read_text("utf-8"), tables))
    write_text(default_playlists.PAGE, default_playlists.page(*default_playlists.stored()))
    for name, table in tables.items():
        print(f"{name}\n{table}\n")


if __name__ == "__main__":
    main()
