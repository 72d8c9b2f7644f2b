"""``docs/reference/configuration.md``, printed from the descriptions of the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.config import build, faults, kinds
from bot.config.file import model_of
from bot.model import manifests
from bot.source.secret import Secret
from bot.source.tables import table_of
from bot.source.values import Shown

OWN = (
    ("[[person]]", "person"),
    ("[role.NAME]", "role"),
    ("[policy.NAME]", "policy"),
    ("[[policy.NAME.stages]]", "policy.stages"),
    ("[[policy.NAME.ladder]]", "policy.ladder"),
    ("[policy.NAME.break_glass]", "policy.break_glass"),
    ("[[policy.when]]", "policy_when"),
    ("[[oncall]]", "oncall"),
    ("[[oncall.overrides]]", "oncall.overrides"),
    ("[[group]]", "group"),
    ("[command.NAME]", "command"),
    ("[[form]]", "form"),
    ("[oos]", "oos"),
    ("[webhook]", "webhook"),
    ("[[webhook.robot]]", "webhook.robot"),
    ("[[rule]]", "rule"),
    ("[[rule.target]]", "rule.target"),
    ("[rule.target.run_command]", "rule.target.run_command"),
    ("[[endpoint]]", "endpoint"),
    ("[[bus]]", "bus"),
    ("[http]", "http"),
    ("[[source]]", "source"),
    ("[web]", "web"),
    ("[security]", "security"),
    ("[[security.pattern]]", "security.pattern"),
    ("[locks]", "locks"),
    ("[[freeze]]", "freeze"),
    ("[[window]]", "window"),
    ("[[budget]]", "budget"),
    ("[[quota]]", "quota"),
)
"""The sections behind those of the bot itself, the chat platforms and the cloud."""

INTRODUCTION = """\
# Configuration

[简体中文](configuration.zh-CN.md)

<!-- Printed by `python -m bot docs configuration`; a test compares. Edit bot/config/schema.py,
bot/policy/model.py, or the settings of an adapter. -->

Everything is set in one [TOML](https://toml.io) file, `bot.toml` by default (`--config FILE`). The
one in the checkout works with the sandbox and comments every key. `python -m bot check` reads it
without connecting to anything and names all its faults at once, each with its line:

```text
bot.toml:12  CLOUD.regoin: unknown key, did you mean region?
```

- **Secrets** never stand in the file: `{ env = "NAME" }` names an environment variable,
  `{ file = "path" }` a file that holds the secret alone. `check --no-secrets` does not read them.
- **Paths** count from the folder of the file.
- **Durations** are texts such as `"90s"`, `"30m"`, `"2h"`, `"1h30m"` or `"1d"`.
- **Addresses** are `https://host` or `https://host:port`. Plain `http://` is accepted on loopback,
  elsewhere only with `allow_plain_http`.
- **Unknown keys** are faults, and so are names that nothing holds.
"""


def page(adapters: manifests.Adapters) -> str:
    """The whole page, as Markdown."""
    sections = "".join(_section(*each, adapters) for each in tables(adapters))
    return INTRODUCTION.replace("CLOUD", adapters.cloud.name) + sections


def tables(adapters: manifests.Adapters) -> Iterator[tuple[str, type[BaseModel]]]:
    """The title of each section, and its table."""
    file = model_of(adapters)
    for title, path in _sections(adapters):
        table = faults.table_at(file, _steps(file, path))
        if table is not None:
            yield title, table


def _sections(adapters: manifests.Adapters) -> Iterator[tuple[str, str]]:
    """The title of each section, and the keys that lead to its table."""
    yield "[bot]", "bot"
    for one in (*adapters.chats, adapters.cloud):
        yield f"[{one.name}]", one.name
        for key, info in table_of(one.settings).model_fields.items():
            if _is_table(info):
                yield f"[{one.name}.{key}]", f"{one.name}.{key}"
    yield from OWN


def _steps(file: type[BaseModel], path: str) -> Iterator[str | int]:
    """The steps to a table: into a list, and into a table of tables, leads one more."""
    steps: list[str | int] = []
    for key in path.split("."):
        steps.append(key)
        if faults.table_at(file, steps) is None:
            steps.append(0)
    yield from steps


def _section(title: str, model: type[BaseModel], adapters: manifests.Adapters) -> str:
    about = " ".join((model.__doc__ or "").split())
    rows = [
        f"| `{name}` | {_kind(info)} | {_default(name, info)} | {_cell(info.description or '')} |"
        for name, info in model.model_fields.items()
        if not _is_table(info)
    ]
    table = "\n".join(["| Key | Type | Default | Meaning |", "|---|---|---|---|", *rows])
    extra = f"\n{_budgets(adapters)}" if title == "[[budget]]" else ""
    return f"\n## {title}\n\n{about}\n\n{table}\n{extra}"


def _is_table(info: FieldInfo) -> bool:
    """Has the key a section of its own on the page?"""
    inner = [info.annotation, *get_args(info.annotation)]
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in inner)


def _kind(info: FieldInfo) -> str:
    """What to write, in words, with the limits that there are."""
    words = [part.words for part in info.metadata if isinstance(part, Shown)]
    return _cell((words[0] if words else _words(info.annotation)) + _limits(info))


def _words(kind: Any) -> str:
    for part in getattr(kind, "__metadata__", ()):
        if isinstance(part, Shown):
            return part.words
    kind = _bare(kind)
    parts = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{_toml(value)}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        inner = parts[0]
        return f"list of {_words(inner)}"
    if get_origin(kind) is dict:
        return f"table of {_words(parts[1])}"
    if type(None) in get_args(kind):
        return _words(parts[0])
    names = {
        str: "text", int: "whole number", float: "number", bool: "true or false",
        Path: "path", timedelta: "duration", Secret: "secret",
    }  # fmt: skip
    return names[kind]


def _bare(kind: Any) -> Any:
    """The type without its annotations."""
    while hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    return kind


def _limits(info: FieldInfo) -> str:
    """The bounds of a number: ", 1 to 100"."""
    low = next((part for part in info.metadata if hasattr(part, "ge")), None)
    above = next((part for part in info.metadata if hasattr(part, "gt")), None)
    high = next((part for part in info.metadata if hasattr(part, "le")), None)
    if high is None:
        return ""
    if low is not None:
        return f", {low.ge} to {high.le}"
    return f", more than {above.gt}, at most {high.le}" if above is not None else ""


def _default(name: str, info: FieldInfo) -> str:
    if info.is_required():
        return "**required**"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value in (None, "", (), {}):
        return "–"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit, size = next((u, s) for u, s in (("h", 3600), ("m", 60), ("s", 1)) if seconds % s == 0)
        return f'"{seconds // size}{unit}"'
    if isinstance(value, Path):
        shown = value.relative_to(kinds.CHECKOUT) if value.is_absolute() else value
        return f'"{shown}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _budgets(adapters: manifests.Adapters) -> str:
    """The default budgets, as a table."""
    rows = [
        f"| `{limit.platform}` | {', '.join(f'`{kind}`' for kind in limit.kinds)} | "
        f"`{limit.per}` | {limit.count} in {limit.seconds:g} s |"
        for limit in build.limits(adapters)
    ]
    head = ["Default budgets:", "", "| Platform | Kinds | Per | Most |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"
