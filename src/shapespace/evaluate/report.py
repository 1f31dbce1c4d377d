"""Reports: JSON for machines, one page of HTML for people, tables for a terminal. The same for every evaluation."""

from __future__ import annotations

import base64
import html
import json
import math
import platform
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shapespace.errors import BadInput
from shapespace.evaluate.columns import COLUMNS, GROUPS, Column
from shapespace.evaluate.intervals import Interval
from shapespace.files import atomic_dir, write_bytes

NAME = "report.json"

_NOW = {"photographs": "pictures", "shuffled photographs": "shuffled pictures"}
"""What rows and counts of earlier reports are called now: drawn pictures were called photographs, too."""

_STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#777;--line:#e4e0da;--back:#faf8f5;--own:#f0e8dc}
@media(prefers-color-scheme:dark){:root{--ink:#e8e4de;--soft:#999;--line:#3a3733;--back:#1c1b19;--own:#2c2822}}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:1240px;margin:3rem auto;
padding:0 1.2rem}
h1{font-weight:600;font-size:1.7rem;margin:0}h2{font-weight:600;font-size:1.1rem;margin:2.4rem 0 .5rem}
p{margin:.4rem 0;max-width:46rem}.soft,figcaption,small{color:var(--soft)}small{font-size:.78rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.86rem}
th,td{text-align:right;padding:.35rem .45rem;border-bottom:1px solid var(--line);vertical-align:baseline}
th:first-child,td:first-child{text-align:left;white-space:nowrap}th{font-weight:600}td small{white-space:nowrap}
tr.own{background:var(--own)}img{max-width:100%;border-radius:6px}figure{margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.88rem;color:var(--soft)}dd{margin:0}
pre{font-size:.85rem;overflow-x:auto;color:var(--soft)}
"""

Rows = Mapping[str, Mapping[str, Interval]]


def rows_as_json(rows: Rows) -> dict[str, dict[str, dict[str, float]]]:
    """Return rows of intervals as plain numbers; `rows_of` undoes it."""
    return {name: {key: asdict(number) for key, number in row.items()} for name, row in rows.items()}


def rows_of(report: Mapping[str, Any]) -> dict[str, dict[str, Interval]]:
    """Return the rows of a report that was read."""
    return {name: {key: interval(number) for key, number in row.items()} for name, row in report["rows"].items()}


def write_json(folder: Path, report: Mapping[str, Any]) -> None:
    """Write `report.json` into a folder; a number that is not finite becomes null."""
    write_bytes(folder / NAME, as_json(report))


def as_json(report: Mapping[str, Any]) -> bytes:
    """Return a report as strict JSON; a number that is not finite becomes null."""
    return (json.dumps(_finite(report), indent=1, allow_nan=False) + "\n").encode()


def as_line(report: Mapping[str, Any]) -> str:
    """Return a report as one line of strict JSON."""
    return json.dumps(_finite(report), allow_nan=False)


def write_folder(folder: Path, report: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write a report and its files: a new folder appears whole, and in one that exists `report.json` comes last.

    Raises:
        OutputError: If the disk is full or the folder cannot be written.
    """
    written = {**files, NAME: as_json(report)}
    with nullcontext(folder) if folder.is_dir() else atomic_dir(folder) as place:
        for name, content in written.items():
            write_bytes(place / name, content)


def read_json(path: Path, kind: str) -> dict[str, Any]:
    """Return a report of that kind, of a file or of the folder it lies in; an earlier one's names are today's.

    Raises:
        BadInput: If there is none, or it is of another kind.
    """
    file = path / NAME if path.is_dir() else path
    try:
        found = json.loads(file.read_bytes(), object_hook=_renamed)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadInput(file, f"is no report: {why}", f"make one with shapespace evaluate {kind}") from None
    if not isinstance(found, dict) or found.get("kind") != kind or not isinstance(found.get("rows"), dict):
        raise BadInput(file, f"is no report of shapespace evaluate {kind}")
    return found


def kind_of(path: Path) -> str | None:
    """Return the kind of a report file, or of the folder it lies in; None where it says none."""
    try:
        found = json.loads((path / NAME if path.is_dir() else path).read_bytes())
    except (OSError, ValueError):
        return None
    return found.get("kind") if isinstance(found, dict) else None


def facts() -> dict[str, Any]:
    """Return what every report says of the program and the machine that made it."""
    import torch

    from shapespace import __version__

    return {
        "versions": {"shapespace": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "machine": platform.machine(),
    }


def shown(number: Interval, column: Column) -> tuple[str, str]:
    """Return (value, interval) of a number as text, in the column's unit; the interval is empty where there is none."""
    value, low, high = (column.factor * part for part in (number.value, number.low, number.high))
    text = f"{value:.{column.digits}f}"
    if not (math.isfinite(low) and math.isfinite(high)):
        return text, ""
    return text, f"{low:.{column.digits}f} to {high:.{column.digits}f}"


def tables(rows: Rows, own: Sequence[str] = ()) -> str:
    """Return the rows as HTML, a table a group of columns; `own` rows stand out."""
    return "".join(_group(title, names, rows, own) for title, names in GROUPS.items())


def markdown(rows: Rows, names: Sequence[str]) -> str:
    """Return some columns of the rows as a table in Markdown."""
    lines = ["| | " + " | ".join(COLUMNS[name].title for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for title, row in rows.items():
        cells = [_markdown_cell(row.get(name), COLUMNS[name]) for name in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(title: str, subtitle: str, sections: Sequence[str]) -> bytes:
    """Return one page of HTML that needs nothing else.

    Args:
        title: Plain text.
        subtitle: Plain text under it.
        sections: HTML, one after the other.
    """
    head = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(title)}</title>"
    view = "<meta name='viewport' content='width=device-width,initial-scale=1'>"
    start = f"<body><h1>{html.escape(title)}</h1><p class='soft'>{html.escape(subtitle)}</p>"
    return f"{head}{view}<style>{_STYLE}</style>{start}{''.join(sections)}</body></html>\n".encode()


def section(title: str, *paragraphs: str) -> str:
    """Return a headed section of HTML; paragraphs are plain text."""
    return f"<h2>{html.escape(title)}</h2>" + "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)


def figure(png: bytes, caption: str) -> str:
    """Return a picture inside the page."""
    data = base64.b64encode(png).decode()
    text = html.escape(caption)
    return f"<figure><img alt='{text}' src='data:image/png;base64,{data}'><figcaption>{text}</figcaption></figure>"


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts as HTML."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='wide'><table><tr>{top}</tr>{body}</table></div>"


def interval(number: Mapping[str, float | None]) -> Interval:
    """Return a number of a report that was read; what is null there is NaN."""
    return Interval(*(math.nan if (part := number.get(name)) is None else part for name in ("value", "low", "high")))


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    return {_NOW.get(key, key): value for key, value in record.items()}


def _group(title: str, names: Sequence[str], rows: Rows, own: Sequence[str]) -> str:
    present = [name for name in names if any(name in row for row in rows.values())]
    if not present:
        return ""
    top = "".join(f"<th>{html.escape(COLUMNS[name].title)}</th>" for name in present)
    body = "".join(
        f"<tr{' class=own' if name in own else ''}><td>{html.escape(name)}</td>"
        + "".join(_cell(row.get(key), COLUMNS[key]) for key in present)
        + "</tr>"
        for name, row in rows.items()
    )
    legend = "".join(
        f"<dt>{html.escape(COLUMNS[name].title)}</dt><dd>{html.escape(COLUMNS[name].meaning)}</dd>" for name in present
    )
    table = f"<div class='wide'><table><tr><th></th>{top}</tr>{body}</table></div>"
    return f"<h2>{html.escape(title)}</h2>{table}<dl>{legend}</dl>"


def _cell(number: Interval | None, column: Column) -> str:
    if number is None:
        return "<td></td>"
    value, interval = shown(number, column)
    return f"<td>{value}<br><small>{interval}</small></td>"


def _markdown_cell(number: Interval | None, column: Column) -> str:
    if number is None:
        return ""
    value, interval = shown(number, column)
    return f"{value} ({interval})" if interval else value


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
