"""`emotify ablate` says what is missing, and writes and prints its table."""

import sys

import pandas as pd
import pytest

pytest.importorskip("keras", reason="training needs the extra: pip install 'emotify[train]'")

from app.command.main import main
from ser.ablations import runs as ablation
from ser.ablations import table as ablation_table
from ser.corpora.ravdess import expected_clip_ids


@pytest.fixture
def ablate(monkeypatch, capsys, tmp_path):
    """Run the command on a corpus of names: `ablate(*arguments) -> (code, out, err)`."""
    monkeypatch.delenv("EMOTIFY_RAVDESS_SONG", raising=False)
    monkeypatch.delenv("EMOTIFY_CREMA_D", raising=False)
    corpus = tmp_path / "ravdess"
    corpus.mkdir()
    for name in expected_clip_ids():
        (corpus / f"{name}.wav").touch()

    def run(*arguments):
        fixed = ["emotify", "ablate", "--ravdess", corpus, "--out", tmp_path / "jobs"]
        monkeypatch.setattr(sys, "argv", [str(word) for word in (*fixed, *arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--row", "nonsense"], "no ablation nonsense"),
        (["--row", "song"], "give --song DIR"),
        ([], "give --crema-d DIR and --song DIR"),
        (["--row", "crema-d", "--crema-d", "nowhere"], "manifest.csv"),
    ],
)
def test_mistakes_get_an_answer_and_exit_code_2(ablate, tmp_path, arguments, said):
    code, _, err = ablate(*arguments, "--table", tmp_path / "t.csv")
    assert code == 2 and said in err
    assert not (tmp_path / "t.csv").exists()


def test_the_table_is_written_and_printed(ablate, tmp_path, monkeypatch):
    asked = {}
    lines = [("base", 0, 0, 0.5, 0.5), ("no-ema", 0, 0, 0.4, 0.5)]

    def measured(speech, out, **options):
        asked.update(options, n_clips=len(speech), out=out)
        return pd.DataFrame(lines, columns=list(ablation_table.COLUMNS))

    monkeypatch.setattr(ablation, "run_ablations", measured)
    table = tmp_path / "new" / "t.csv"
    code, out, _ = ablate("--row", "base", "--row", "no-ema", "--seeds", 2, "--table", table)
    assert code == 0 and "| -10.0 |" in out
    assert len(ablation_table.read_table(table)) == 2
    assert asked["chosen"] == ["base", "no-ema"] and asked["n_seeds"] == 2
    assert asked["n_clips"] == 1440 and asked["out"] == tmp_path / "jobs"


def test_rows_of_the_table_stay_and_a_foreign_table_is_refused_before_hours_of_training(
    ablate, tmp_path, monkeypatch
):
    lines = {"base": ("base", 0, 0, 0.5, 0.5), "no-ema": ("no-ema", 0, 0, 0.4, 0.5)}
    runs = []

    def measured(speech, out, **options):
        runs.append(options["chosen"])
        rows = [lines[name] for name in options["chosen"]]
        return pd.DataFrame(rows, columns=list(ablation_table.COLUMNS))

    monkeypatch.setattr(ablation, "run_ablations", measured)
    table = tmp_path / "t.csv"
    _, _, err = ablate("--row", "base", "--table", table)
    assert "as they were" not in err
    code, out, err = ablate("--row", "no-ema", "--table", table)
    assert code == 0 and "| -10.0 |" in out and "1 of its rows" in err
    assert ablation_table.read_table(table)["row"].tolist() == ["base", "no-ema"]
    table.write_text("a,b\n1,2\n")
    code, _, err = ablate("--row", "base", "--table", table)
    assert code == 2 and "columns" in err and len(runs) == 2
    assert table.read_text() == "a,b\n1,2\n"
