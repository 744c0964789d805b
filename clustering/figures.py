"""Rebuild the tables about music in README and card from committed scores.

    python -m clustering.figures          (part of `make figures`)

They stand between ``<!-- begin mood-scores -->`` and ``<!-- end mood-scores -->``.
"""

from pathlib import Path

from clustering.mood_evaluation import SCORES_FILE, committed_scores, markdown_table
from ser.figures import fill_in
from ser.safe_write import write_text

PAGES = (Path(__file__).resolve().parents[1] / "README.md", SCORES_FILE.with_name("README.md"))


def main() -> None:
    """Rebuild the tables and print them."""
    table = markdown_table(committed_scores())
    for page in PAGES:
        write_text(page, fill_in(page.read_text("utf-8"), {"mood-scores": table}))
    print(table)


if __name__ == "__main__":
    main()
