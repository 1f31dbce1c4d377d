"""Writes the generated pages of the documentation, or checks that they are fresh.

python tools/reference.py           writes docs/reference/*.md
python tools/reference.py --check   leaves with 1 and the names of the pages that are out of date
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cyclopts import App

from shapespace.cli.main import build_app
from shapespace.cli.main import main as shapespace

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "shapespace"
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py; `make reference` writes it anew. -->\n"

ROOMS = {
    "shapes": "Geometry on NumPy: grids, meshes, files, pictures. Knows nothing of torch.",
    "data": "From files to batches. Knows no network.",
    "nets": "The networks: plain torch modules with plain keywords.",
    "train": "Learning: losses, the balance rule, the steps of both systems, the loop, checkpoints.",
    "evaluate": "The tables: what a space is worth, beside rows that keep anyone from fooling themselves.",
    "explore": "The space as an object: moving through it.",
}


def commands_page() -> str:
    """Return the help page of every command, as the terminal shows it."""
    blocks = [
        f"## `{' '.join(['shapespace', *page.split()])}`\n\n```text\n{_help(page)}\n```\n" for page in command_pages()
    ]
    return "# Commands\n\n" + "\n".join(blocks)


def command_pages(app: App | None = None, words: str = "") -> list[str]:
    """Return the words after `shapespace` of every command and group of commands, "" the first."""
    app = build_app() if app is None else app
    below = [name for name in app if not name.startswith("-")]
    return [words, *(page for name in below for page in command_pages(app[name], f"{words} {name}".strip()))]


def _help(page: str) -> str:
    os.environ["COLUMNS"] = "100"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        shapespace([*page.split(), "--help"])
    return "\n".join(line.rstrip() for line in said.getvalue().strip().splitlines())


def settings_page() -> str:
    """Return every setting of a run with its type, its default and its meaning, from the source."""
    tree = ast.parse((SOURCE / "settings" / "__init__.py").read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    intro = (
        "# Settings\n\nA run is a preset, then a TOML file (`--config`), then dotted options"
        " (`--train.batch-size 32`), each over the one before.\n"
    )
    blocks = [intro]
    for group, kind, _, _ in _fields(classes["Settings"]):
        rows = [
            f"| `{group}.{name.replace('_', '-')}` | `{default}` | {says} |"
            for name, _, default, says in _fields(classes[kind])
        ]
        title = f"\n## {group}\n\n{ast.get_docstring(classes[kind])}\n"
        blocks.append("\n".join([title, "| setting | default | meaning |", "|---|---|---|", *rows]) + "\n")
    return "".join(blocks)


def limits_page() -> str:
    """Return every bound that stands before an allocation, from the source."""
    tree = ast.parse((SOURCE / "limits.py").read_text())
    rows = [f"| `{name}` | {_number(value)} | {says} |" for name, value, says in _constants(tree) if says]
    head = f"# Limits\n\n{ast.get_docstring(tree)}\n\n| limit | value | meaning |\n|---|---:|---|\n"
    return head + "\n".join(rows) + "\n"


def room_page(room: str) -> Callable[[], str]:
    """Return a writer of the page that documents every module of a room."""

    def page() -> str:
        modules = sorted(_modules(SOURCE / room))
        return f"# {room.capitalize()}\n\n{ROOMS[room]}\n\n" + "\n".join(f"::: {module}\n" for module in modules)

    return page


def _modules(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        if not parts[-1].startswith("_"):
            yield ".".join(parts)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    for field, says in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            default = ast.unparse(field.value) if field.value else ""
            yield field.target.id, ast.unparse(field.annotation), default, _text(says)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr, str]]:
    for node, says in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=True):
                yield ast.unparse(name), value, _text(says)


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).split()).replace("|", "\\|")
    return ""


def _number(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return f"{value.value:,}"
    return ast.unparse(value).replace(" * MEGABYTE", " MB")


def main() -> int:
    """Write or check all pages; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    writers = {"commands": commands_page, "settings": settings_page, "limits": limits_page}
    writers |= {room: room_page(room) for room in ROOMS}
    stale = []
    for name, writer in writers.items():
        path, text = PAGES / f"{name}.md", NOTE + "\n" + writer()
        if check and (not path.exists() or path.read_text() != text):
            stale.append(str(path.relative_to(ROOT)))
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        print(f"out of date: {', '.join(stale)}; write them anew with: make reference")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
