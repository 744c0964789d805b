"""Draw the house from its code: imports and docstrings flow in, diagrams and lists flow out.

    python scripts/draw_rooms.py          (part of `make figures`)

The diagrams stand in CONTRIBUTING.md, what is in a room in the README of that room.

Each box is a package, or a module that stands in front of packages; an arrow points from what
imports to what is imported, wherever the import stands (a lazy one counts, too). An arrow is left
out where a longer way of arrows says the same (transitive reduction; Aho, Garey and Ullman 1972),
since everything above may use everything below it.
"""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp

from foundation.pages import fill_in
from foundation.safe_write import write_text
from foundation.shipped import CHECKOUT

ROOMS = ("app", "listener", "spotify", "clustering", "reading", "ser", "emotions", "foundation")
WITH_FLOORS = ("ser", "reading", "clustering")
PAGE = CHECKOUT / "CONTRIBUTING.md"

Arrows = Mapping[str, set[str]]


def arrows_between(graph: grimp.ImportGraph, boxes: Iterable[str]) -> dict[str, set[str]]:
    """Return which boxes each box imports from; a box is a package or a single module."""
    boxes = sorted(boxes, key=len, reverse=True)

    def box_of(module: str) -> str | None:
        return next((b for b in boxes if module == b or module.startswith(f"{b}.")), None)

    arrows: dict[str, set[str]] = {box: set() for box in boxes}
    for importer in graph.modules:
        above = box_of(importer)
        for imported in graph.find_modules_directly_imported_by(importer):
            below = box_of(imported)
            if above and below and above != below:
                arrows[above].add(below)
    return arrows


def reduced(arrows: Arrows) -> dict[str, set[str]]:
    """Return the fewest arrows that reach the same boxes; there must be no circle.

    Raises
    ------
    ValueError
        If there is one: then it is not clear which arrow to leave out.
    """
    reach: dict[str, set[str]] = {}

    def below(box: str, on_the_way: tuple[str, ...] = ()) -> set[str]:
        if box in on_the_way:
            raise ValueError(f"a circle: {' -> '.join((*on_the_way, box))}")
        if box not in reach:
            further = (below(next_box, (*on_the_way, box)) for next_box in arrows[box])
            reach[box] = arrows[box].union(*further)
        return reach[box]

    return {
        box: {b for b in direct if not any(b in below(other) for other in direct - {b})}
        for box, direct in arrows.items()
        if below(box) is not None
    }


def _flow_chart(graph: grimp.ImportGraph, boxes: Iterable[str]) -> str:
    boxes = list(boxes)
    arrows = reduced(arrows_between(graph, boxes))
    lines = [f"    {_id(box)}[{_label(graph, box)}]" for box in boxes]
    lines += [
        f"    {_id(above)} --> {_id(below)}" for above in boxes for below in sorted(arrows[above])
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _id(box: str) -> str:
    return box.replace(".", "_")


def _label(graph: grimp.ImportGraph, box: str) -> str:
    count = len([m for m in graph.find_descendants(box) if not graph.find_children(m)])
    name = box.rpartition(".")[2]
    return f'"{name}/ ({count})"' if count else f'"{name}.py"'


def diagram() -> str:
    """Return the house as Mermaid flow charts: the rooms, and the floors of the two large ones."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    charts = [ROOMS, *(sorted(graph.find_children(room)) for room in WITH_FLOORS)]
    return "\n\n".join(_flow_chart(graph, boxes) for boxes in charts)


def contents(room: str) -> str:
    """Return what is in a room as a Markdown table, by the first lines of the docstrings."""
    folder = CHECKOUT / room
    lines = ["| | |", "|---|---|"]
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").is_file():
            names = ", ".join(f"`{module.stem}`" for module in _modules(path))
            lines.append(f"| `{path.name}/` | {_first_line(path / '__init__.py')} {names} |")
    lines += [f"| `{path.name}` | {_first_line(path)} |" for path in _modules(folder)]
    return "\n".join(lines)


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")


def _first_line(path: Path) -> str:
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return told.partition("\n")[0].replace("|", "\\|")


def pages() -> dict[Path, str]:
    """Return every page that is drawn, with what shall stand in it."""
    drawn = {PAGE: fill_in(PAGE.read_text("utf-8"), {"rooms": diagram()})}
    for room in ROOMS:
        page = CHECKOUT / room / "README.md"
        drawn[page] = fill_in(page.read_text("utf-8"), {"contents": contents(room)})
    return drawn


def main() -> None:
    """Draw it into the pages."""
    for page, text in pages().items():
        write_text(page, text)


if __name__ == "__main__":
    main()
