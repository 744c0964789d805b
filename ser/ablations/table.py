"""The table of ablations: what `ser.ablations.runs` measured flows in, comparisons flow out.

One line for each row, seed and fold: ``uar`` and ``accuracy`` on the test actors of the fold, 0..1.
"""

import math
from pathlib import Path

import pandas as pd

from foundation import tables
from ser.ablations.rows import BASE, ROWS, rows_named

FILE = "ablations.csv"
COLUMNS = ("row", "seed", "fold", "uar", "accuracy")


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Compare every row with the base, paired by seed.

    The figure of a seed is the mean over its folds; folds that only one of both has are left out
    of the difference. Columns: ``row``, ``title``, ``kind``, ``n_seeds``, ``uar``, ``uar_sd``
    (over seeds), ``accuracy``, ``difference``, ``difference_sd`` (both points, over seeds). Shares
    in percent; a deviation of a single seed is NaN, and so is a difference where no seed is shared.

    Raises
    ------
    InputError
        If a row is unknown.
    """
    known = {row.name: row for row in ROWS}
    rows_named(table["row"].unique().tolist())  # says which are unknown
    uars = table.set_index(["row", "seed", "fold"])["uar"].mul(100)
    base = uars.xs(BASE) if BASE in uars.index.unique("row") else None
    summarised = []
    for name in [row.name for row in ROWS if row.name in uars.index.unique("row")]:
        own = uars.xs(name)
        seeds = own.groupby("seed").mean()
        apart = pd.Series(dtype=float)
        if base is not None:
            apart = (own - base).dropna().groupby("seed").mean()
        of_row = table[table["row"] == name]
        summarised.append(
            (
                name,
                known[name].title,
                known[name].kind,
                len(seeds),
                seeds.mean(),
                seeds.std(),
                100 * of_row.groupby("seed")["accuracy"].mean().mean(),
                apart.mean(),
                apart.std(),
            )
        )
    names = "row title kind n_seeds uar uar_sd accuracy difference difference_sd"
    return pd.DataFrame(summarised, columns=names.split())


def joined(measured: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Return what was measured and those rows of an earlier table that were not, as `ROWS` go.

    So rows can be measured one by one, and stay when the predictions behind them are gone.
    """
    kept = written[~written["row"].isin(measured["row"])]
    parts = [part for part in (measured, kept) if len(part)]
    if not parts:
        return measured
    place = {row.name: number for number, row in enumerate(ROWS)}
    return pd.concat(parts).sort_values(
        "row", key=lambda names: names.map(place), kind="stable", ignore_index=True
    )


def read_table(path: Path) -> pd.DataFrame:
    """Read the table that was written.

    Raises
    ------
    InputError
        If it is another table, or a row is unknown.
    """
    table = tables.read_table(path, COLUMNS)
    rows_named(table["row"].unique().tolist())  # before hours of training, not in `summary` alone
    return table


def as_markdown(rows: pd.DataFrame) -> str:
    """Return a Markdown table of `summary`, grouped by kind of lever."""
    lines = [
        "| | seeds | UAR | difference to base | accuracy |",
        "|---|---|---|---|---|",
    ]
    for kind, group in rows.groupby("kind", sort=False):
        lines.append(f"| **{kind}** | | | | |")
        for row in group.to_dict("records"):
            lines.append(
                f"| {row['title']} | {row['n_seeds']} | {_with_sd(row['uar'], row['uar_sd'])} | "
                f"{_with_sd(row['difference'], row['difference_sd'], '+')} | "
                f"{row['accuracy']:.1f} |"
            )
    return "\n".join(lines)


def _with_sd(value: float, deviation: float, sign: str = "") -> str:
    if math.isnan(value):
        return "-"
    text = f"{value:{sign}.1f}"
    return text if math.isnan(deviation) else f"{text} ± {deviation:.1f}"
