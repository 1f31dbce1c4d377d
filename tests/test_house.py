"""The laws of the house that a reader of the syntax tree can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "shapespace"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text()) for path in FILES}

LONGEST_FILE = 330
LONGEST_FUNCTION = 60

MAY_WRITE = {"files.py", "data/writer.py"}
"""Files that open for writing: the one writer, and the store's, which fills a folder of `atomic_dir`."""

MAY_APPEND = {"train/runlog.py", "data/prepare.py"}
"""Logs grow by whole lines, of which a torn last one is dropped when read; locks are held open and hold no result."""

BOUNDARIES = {"cli/main.py", "data/work.py"}
"""Where everything may be caught: the command line, and a worker that must outlive any one file."""

PICKLES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"torch.load", "torch.save", "np.save", "np.savez", "np.savez_compressed", "np.memmap", "np.fromfile"}
SLOW_TO_IMPORT = {"torch", "numpy", "numba", "matplotlib", "trimesh", "skimage", "scipy", "PIL", "rich"}
LIGHT_ROOMS = ("cli/", "settings/", "presets.py", "errors.py", "files.py", "limits.py", "__init__.py", "__main__.py")
ONLY_INSIDE_FUNCTIONS = {"matplotlib", "trimesh", "skimage", "scipy", "PIL", "tensorboard", "fast_simplification"}


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for an attribute chain of names, else an empty text."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST):
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def imported(nodes) -> set[str]:
    """Return the first word of every module that these nodes import."""
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names}


def on_import(tree: ast.Module):
    """Return the statements that run when the module is imported; TYPE_CHECKING blocks do not."""
    waiting, found = list(tree.body), []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            waiting += node.body + node.orelse
        elif isinstance(node, (ast.Try, ast.With, ast.ClassDef)):
            waiting += node.body
    return found


def opening_mode(call: ast.Call) -> str:
    """Return the mode an `open(...)` or `path.open(...)` asks for; "r" if none is given."""
    position = 1 if isinstance(call.func, ast.Name) else 0
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[position : position + 1]
    return given[0].value if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str) else "r"


def where(name: str, node: ast.AST) -> str:
    return f"{name}:{getattr(node, 'lineno', 0)}"


def test_there_is_something_to_check():
    assert {"files.py", "cli/main.py"} <= set(TREES)


@pytest.mark.parametrize("name", TREES)
def test_a_file_is_one_idea(name):
    assert len((SOURCE / name).read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("name", TREES)
def test_no_function_is_long(name):
    functions = [n for n in ast.walk(TREES[name]) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.body[0].lineno >= LONGEST_FUNCTION]
    assert long == []


@pytest.mark.parametrize("name", TREES)
def test_every_file_says_what_it_is(name):
    tree = TREES[name]
    assert ast.get_docstring(tree), "no docstring"
    public = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]
    assert [n.name for n in public if not ast.get_docstring(n)] == []


FALSE = ast.dump(ast.Constant(value=False))


@pytest.mark.parametrize("name", TREES)
def test_nothing_is_unpickled(name):
    tree = TREES[name]
    assert imported(ast.walk(tree)) & PICKLES == set()
    allowed = [k for c in calls(tree) for k in c.keywords if k.arg == "allow_pickle" and ast.dump(k.value) != FALSE]
    assert [where(name, keyword.value) for keyword in allowed] == []
    assert [where(name, c) for c in calls(tree) if dotted(c.func) in {"eval", "exec", "scipy.io.loadmat"}] == []


@pytest.mark.parametrize("name", sorted(set(TREES) - MAY_WRITE))
def test_files_are_written_by_the_one_writer(name):
    found = []
    for call in calls(TREES[name]):
        last = dotted(call.func).rpartition(".")[2] or getattr(call.func, "attr", "")
        if last == "open" and set(opening_mode(call)) & set("wx" if name in MAY_APPEND else "wax+"):
            found.append(where(name, call))
        if last in {"write_text", "write_bytes"} and isinstance(call.func, ast.Attribute):
            found += [where(name, call)] if dotted(call.func.value) != "files" else []
        if dotted(call.func) in UNSAFE_CALLS and not to_a_stream_or_reading(call):
            found.append(where(name, call))
    assert found == []


def to_a_stream_or_reading(call: ast.Call) -> bool:
    """Return whether a numpy call writes into an open stream, or maps a file for reading only."""
    if dotted(call.func) == "np.memmap":
        return any(k.arg == "mode" and getattr(k.value, "value", "") == "r" for k in call.keywords)
    first = call.args[0] if call.args else None
    return dotted(call.func).startswith("np.save") and isinstance(first, ast.Name) and first.id in {"file", "buffer"}


@pytest.mark.parametrize("name", [name for name in TREES if not name.startswith("cli/")])
def test_only_the_command_line_prints(name):
    assert [where(name, call) for call in calls(TREES[name]) if dotted(call.func) == "print"] == []


@pytest.mark.parametrize("name", TREES)
def test_heavy_modules_are_imported_where_they_are_needed(name):
    forbidden = SLOW_TO_IMPORT if name.startswith(LIGHT_ROOMS) else ONLY_INSIDE_FUNCTIONS
    assert imported(on_import(TREES[name])) & forbidden == set()


@pytest.mark.parametrize("name", TREES)
def test_only_the_boundary_catches_everything(name):
    handlers = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.ExceptHandler)]
    broad = [
        where(name, handler)
        for handler in handlers
        if (handler.type is None or dotted(handler.type) in {"Exception", "BaseException"})
        and not any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    ]
    assert broad == [] or name in BOUNDARIES


@pytest.mark.parametrize("module", ["shapespace", "shapespace.cli.main", "shapespace.settings", "shapespace.presets"])
def test_a_light_import_stays_light(module):
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({sorted(SLOW_TO_IMPORT)!r})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_nothing_is_left_to_do_later():
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3)
    assert [path.name for path in FILES for mark in marks if mark in path.read_text()] == []
