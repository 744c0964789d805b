"""The table of ablations is computed right, shown once it was measured, and drawn."""

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.tables import write_table
from ser import figures
from ser.ablations import table as ablation_table
from ser.ablations.plots import plot_ablations
from ser.ablations.rows import BASE, ROWS

LINES = [
    # row, seed, fold, uar, accuracy
    (BASE, 0, 0, 0.60, 0.61),
    (BASE, 0, 1, 0.64, 0.65),
    (BASE, 1, 0, 0.58, 0.59),
    (BASE, 1, 1, 0.62, 0.63),
    ("no-mixup", 0, 0, 0.57, 0.60),
    ("no-mixup", 0, 1, 0.61, 0.62),
    ("no-mixup", 1, 0, 0.57, 0.58),
    ("no-mixup", 1, 1, 0.61, 0.64),
    ("larger", 1, 1, 0.70, 0.71),  # one job of it is done
    ("svm-rbf", 0, 0, 0.30, 0.31),
    ("svm-rbf", 0, 1, 0.34, 0.35),
]


@pytest.fixture
def table():
    return pd.DataFrame(LINES[::-1], columns=list(ablation_table.COLUMNS))


def test_rows_are_compared_with_the_base_of_their_seed(table):
    rows = ablation_table.summary(table).set_index("row")
    assert list(rows.index) == [BASE, "no-mixup", "larger", "svm-rbf"]  # the order of `ROWS`
    assert rows.loc[BASE, "uar"] == pytest.approx(61)
    assert rows.loc[BASE, "uar_sd"] == pytest.approx(np.sqrt(2))  # 62 and 60
    assert rows.loc[BASE, "difference"] == 0
    mixup = rows.loc["no-mixup"]
    assert mixup["uar"] == pytest.approx(59) and mixup["uar_sd"] == pytest.approx(0)
    assert mixup["difference"] == pytest.approx(-2)  # -3 and -1
    assert mixup["difference_sd"] == pytest.approx(np.sqrt(2))
    assert mixup["accuracy"] == pytest.approx(61)
    assert mixup["kind"] == "augmentation" and mixup["n_seeds"] == 2
    # The same fold and seed of the base, not its mean.
    assert rows.loc["larger", "difference"] == pytest.approx(8)
    assert np.isnan(rows.loc["larger", "difference_sd"])
    assert rows.loc["svm-rbf", "difference"] == pytest.approx(-30)


def test_markdown_groups_rows_by_kind(table):
    lines = ablation_table.as_markdown(ablation_table.summary(table)).splitlines()
    kinds = [line for line in lines if line.startswith("| **")]
    expected = ("base", "augmentation", "network", "baselines")
    assert kinds == [f"| **{kind}** | | | | |" for kind in expected]
    assert "| without mixup | 2 | 59.0 ± 0.0 | -2.0 ± 1.4 | 61.0 |" in lines
    assert any(line.endswith("| 70.0 | +8.0 | 71.0 |") for line in lines)


def test_rows_that_were_not_measured_again_stay(table):
    again = [("svm-rbf", 0, 0, 0.4, 0.41), ("hop-10ms", 0, 0, 0.5, 0.51)]
    measured = pd.DataFrame(again, columns=list(ablation_table.COLUMNS))
    rows = ablation_table.joined(measured, table)
    assert list(rows["row"].unique()) == [BASE, "hop-10ms", "no-mixup", "larger", "svm-rbf"]
    assert rows.loc[rows["row"] == "svm-rbf", "uar"].tolist() == [0.4]  # and no line of the old one
    assert len(rows) == len(table) - 2 + 2
    assert ablation_table.joined(table, table.iloc[:0]).equals(
        ablation_table.joined(table.iloc[:0], table)
    )


def test_without_the_base_there_is_no_difference(table):
    rows = ablation_table.summary(table[table["row"] != BASE])
    assert rows["difference"].isna().all() and rows["uar"].notna().all()
    assert "| - |" in ablation_table.as_markdown(rows)


def test_the_page_and_the_picture_are_there_once_it_was_measured(table, tmp_path):
    metrics = figures.all_metrics()
    assert "ablations" not in figures.markdown_tables(metrics, tmp_path)
    path = tmp_path / ablation_table.FILE
    write_table(table, path)
    assert ablation_table.read_table(path).equals(table)
    markdown = figures.markdown_tables(metrics, tmp_path)["ablations"]
    assert "| -2.0 ± 1.4 |" in markdown
    figures.draw(metrics, tmp_path, path)
    assert (tmp_path / "ablations.png").stat().st_size > 10_000


def test_the_picture_shows_every_difference(table):
    ax = plot_ablations(ablation_table.summary(table))
    titles = {row.name: row.title for row in ROWS}
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [titles[name] for name in ("no-mixup", "larger", "svm-rbf")]
    data = [np.asarray(line.get_xdata(), float) for line in ax.lines]
    points = {round(float(x[0]), 6) for x in data if len(x) == 1}
    assert {-2.0, 8.0, -15.0} <= points  # the SVM lies off the scale
    assert "-30" in {text.get_text() for text in ax.texts}


def test_foreign_tables_are_refused(table, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        ablation_table.read_table(tmp_path / "a.csv")
    write_table(table.assign(row="nonsense"), tmp_path / "b.csv")
    with pytest.raises(InputError, match="no ablation nonsense"):
        ablation_table.read_table(tmp_path / "b.csv")
    with pytest.raises(InputError, match="no ablation nonsense"):
        ablation_table.summary(table.assign(row="nonsense"))
