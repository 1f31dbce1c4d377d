"""Settings as text: laid over one another by name, written to TOML, read from it, and what is refused on the way."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from shapespace.errors import BadInput, UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")

_LONGEST_SHOWN = 80
_LARGEST = 1 << 63
MAX_CONFIG_BYTES = 1 << 20


def with_changes(settings: S, changes: dict[str, Any], source: str) -> S:
    """Return the settings with a nested dict laid over them.

    Args:
        settings: What to start from.
        changes: `{"train": {"batch_size": 32}}`; dashes and underscores mean the same.
        source: Named in messages: a file or the command line.

    Raises:
        UsageError: A name that does not exist (with the nearest that does) or a value of the wrong type.
    """
    groups: dict[str, Any] = {}
    for name, values in changes.items():
        group = _known(name, [f.name for f in fields(settings)], source, "")
        if not isinstance(values, dict):
            raise UsageError(f"{source}: [{group}] must be a table of settings")
        groups[group] = _changed_group(getattr(settings, group), values, source, group)
    return replace(settings, **groups)


def to_toml(settings: Any) -> str:
    """Return the settings as TOML text that `read_toml` and `with_changes` read back equal."""
    blocks = []
    for group, values in asdict(settings).items():
        lines = [f"{name} = {_toml_value(value)}" for name, value in values.items()]
        blocks.append("\n".join([f"[{group}]", *lines]))
    return "\n\n".join(blocks) + "\n"


def different_settings(a: Any, b: Any) -> list[str]:
    """Return the names, as `train.batch-size`, of the settings in which two runs differ."""
    before, now = asdict(a), asdict(b)
    return [f"{group}.{dashed(k)}" for group in before for k in before[group] if before[group][k] != now[group][k]]


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the tables of a TOML file of settings.

    Raises:
        BadInput: If the file is missing or is not TOML.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_CONFIG_BYTES + 1)
        if len(text) > MAX_CONFIG_BYTES:
            raise BadInput(path, f"has more than {MAX_CONFIG_BYTES} bytes; settings take two thousand")
        return tomllib.loads(text.decode())
    except FileNotFoundError:
        raise BadInput(path, "no such file", "give a TOML file of settings, for instance a run's config.toml") from None
    except (OSError, ValueError, RecursionError) as error:  # numbers of 5,000 digits, brackets 1,000 deep
        raise BadInput(path, f"not readable as TOML: {_short(str(error))}") from None


def _changed_group(group: Any, values: dict[str, Any], source: str, name: str) -> Any:
    types = get_type_hints(type(group))
    changes = {}
    for key, value in values.items():
        known = _known(key, list(types), source, f"{name}.")
        changes[known] = _typed(value, types[known], f"{source}: {name}.{dashed(known)}")
    return replace(group, **changes)


def _known(name: str, names: list[str], source: str, prefix: str) -> str:
    plain = name.replace("-", "_")
    if plain in names:
        return plain
    near = difflib.get_close_matches(plain[:_LONGEST_SHOWN], names, n=1)
    hint = f"; did you mean {prefix}{dashed(near[0])}?" if near else f"; there are: {', '.join(map(dashed, names))}"
    raise UsageError(f"{source}: no setting {prefix}{_short(name)}{hint}")


def _typed(value: Any, kind: Any, where: str) -> Any:
    choices = get_args(kind)
    if choices:
        if value in choices:
            return value
        raise UsageError(f"{where} is {_short(repr(value))}; choose one of {', '.join(choices)}")
    if kind is float and type(value) is int and abs(value) < _LARGEST:
        return float(value)
    if type(value) is not kind or (kind is int and abs(value) >= _LARGEST):
        raise UsageError(f"{where} is {_short(repr(value))}; it must be {_PLAIN_NAMES[kind]}")
    return value


def _short(text: str) -> str:
    """Return text from a file as one short line."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_SHOWN])
    return line if len(text) <= _LONGEST_SHOWN else line + "..."


_PLAIN_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def dashed(name: str) -> str:
    """Return a setting's name as the command line has it."""
    return name.replace("_", "-")


def at_least(name: str, value: float, least: float) -> None:
    """Refuse a number below `least`.

    Raises:
        UsageError: Naming the setting.
    """
    if not value >= least:
        raise UsageError(f"{name} is {value}; it must be at least {least}")
