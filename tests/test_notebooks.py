"""What nbval itself does not look at: outputs are stored, portable, and a change is noticed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# An absolute path of three parts or more; the slashes of an address or a tag do not begin one.
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/<])/(?:[\w.-]+/){2,}[\w.-]+|\b[A-Z]:\\\\")


def test_all_four_are_there():
    assert [path.name for path in NOTEBOOKS] == [
        "1_explore_ravdess.ipynb",
        "2_train_emotion_model.ipynb",
        "3_cluster_tracks.ipynb",
        "playlist_generation.ipynb",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stored_without_errors_and_without_paths_of_a_machine(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert len(outputs) >= 8 and any("image/png" in o.get("data", {}) for o in outputs)
    for output in outputs:
        assert output.output_type != "error"
        texts = [output.get("text", ""), *(
            content for kind, content in output.get("data", {}).items() if kind.startswith("text/")
        )]  # fmt: skip
        assert not any(ABSOLUTE_PATH.search(text) for text in texts if "base64" not in text)
    assert max(len(c.source.splitlines()) for c in notebook.cells if c.cell_type == "code") <= 20


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_files_are_named_relative_to_the_notebooks_and_found_from_anywhere(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    for cell in cells:
        for line in cell.source.splitlines():
            told = "parameters" in cell.metadata.get("tags", ())
            assert told or "../" not in line or "beside_notebooks(" in line


@pytest.mark.parametrize("folder", ["the top", "elsewhere"])
def test_the_main_notebook_begins_wherever_its_kernel_runs(tmp_path, folder):
    cells = nbformat.read(FOLDER / "playlist_generation.ipynb", as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"][:2]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*code, "print(page.resolve(), memory.resolve())"])],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
        cwd=FOLDER.parent if folder == "the top" else tmp_path,
    )
    build = FOLDER.parent / "build"
    assert "reading_short.wav: " in done.stdout
    assert f"{build / 'playlist.html'} {build / 'memory.sqlite'}" in done.stdout


def test_nbval_fails_when_a_stored_number_is_changed_by_hand(tmp_path):
    notebook = nbformat.read(FOLDER / "playlist_generation.ipynb", as_version=4)
    number = re.compile(r"(valence [+-]0\.\d)(\d)")
    shown = max(n for n, cell in enumerate(notebook.cells) if number.search(str(cell)))
    notebook.cells = notebook.cells[: shown + 1]  # what follows has nothing to do with it
    changed = number.sub(lambda m: m[1] + str(9 - int(m[2])), nbformat.writes(notebook))
    # Its parameters name files relative to the notebook.
    (tmp_path / "data").symlink_to(FOLDER.parent / "data")
    path = tmp_path / "notebooks" / "changed.ipynb"
    path.parent.mkdir()
    path.write_text(changed, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout[-2000:]
    assert "1 failed" in done.stdout
