"""The house keeps its shape: arrows between rooms go one way, and a folder can be overlooked."""

import subprocess
import sys
from pathlib import Path

import pytest

from foundation.shipped import CHECKOUT

ROOMS = ("foundation", "emotions", "ser", "reading", "clustering", "spotify", "listener", "app")
MOST_MODULES = 16
FOLDERS = sorted(
    {path.parent for room in ROOMS for path in (CHECKOUT / room).rglob("*.py")}, key=str
)


def lint_imports(folder):
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_arrows_go_one_way_and_there_are_no_circles():
    linted = lint_imports(CHECKOUT)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(CHECKOUT)))
def test_a_folder_can_be_overlooked(folder):
    modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES, modules


def test_an_arrow_against_the_table_is_found(tmp_path):
    """A contract that is spelled wrong holds always; this one is broken on purpose."""
    for name, text in {"low": "import high.above\n", "high": "", "high/above": ""}.items():
        path = tmp_path / ("low/__init__.py" if name == "low" else f"{name}.py")
        path = tmp_path / "high/__init__.py" if name == "high" else path
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    settings = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    begin = settings.index('[[tool.importlinter.contracts]]\nname = "The rooms"')
    contract = settings[begin : settings.index("layers = [", begin)]
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["low", "high"]\n\n'
        f'{contract}layers = ["high", "low"]\n'
    )
    linted = lint_imports(tmp_path)
    assert linted.returncode != 0 and "low is not allowed to import high" in linted.stdout


def test_diagrams_and_lists_are_those_of_the_code(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT / "scripts")
    import draw_rooms

    for page, text in draw_rooms.pages().items():
        assert page.read_text("utf-8") == text, "draw them again: python scripts/draw_rooms.py"
        assert "<!-- begin " in text, f"{page} has no place for them"
    arrows = {"top": {"middle", "low"}, "middle": {"low"}, "low": set()}
    assert draw_rooms.reduced(arrows) == {"top": {"middle"}, "middle": {"low"}, "low": set()}
    with pytest.raises(ValueError, match="low -> top"):
        draw_rooms.reduced(arrows | {"low": {"top"}})
