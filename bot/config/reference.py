"""``docs/reference/configuration.md``, printed from the descriptions of the schema."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.config import build, rules, runbooks, schema, values
from bot.config.secret import Secret

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[bot]", schema.Bot),
    ("[dingtalk]", schema.DingTalk),
    ("[lark]", schema.Lark),
    ("[aliyun]", schema.Aliyun),
    ("[aliyun.credentials]", schema.Credentials),
    ("[[person]]", schema.Person),
    ("[role.NAME]", schema.Role),
    ("[policy.NAME]", schema.Policy),
    ("[[group]]", schema.Group),
    ("[command.NAME]", schema.Command),
    ("[[form]]", schema.Form),
    ("[oos]", runbooks.Oos),
    ("[webhook]", runbooks.Webhook),
    ("[[webhook.robot]]", runbooks.Robot),
    ("[[rule]]", rules.Rule),
    ("[[rule.target]]", rules.Target),
    ("[rule.target.run_command]", rules.RunCommand),
    ("[[endpoint]]", rules.Endpoint),
    ("[[bus]]", rules.Bus),
    ("[http]", rules.Http),
    ("[[source]]", rules.Source),
    ("[security]", schema.Security),
    ("[[security.pattern]]", schema.Pattern),
    ("[[budget]]", schema.Budget),
)

INTRODUCTION = """\
# Configuration

<!-- Printed by `python -m bot docs configuration`; a test compares. Edit bot/config/schema.py. -->

Everything is set in one [TOML](https://toml.io) file, `bot.toml` by default (`--config FILE`). The
one in the checkout works with the sandbox and comments every key. `python -m bot check` reads it
without connecting to anything and names all its faults at once, each with its line:

```text
bot.toml:12  aliyun.regoin: unknown key, did you mean region?
```

- **Secrets** never stand in the file: `{ env = "NAME" }` names an environment variable,
  `{ file = "path" }` a file that holds the secret alone. `check --no-secrets` does not read them.
- **Paths** count from the folder of the file.
- **Durations** are texts such as `"90s"`, `"30m"`, `"2h"`, `"1h30m"` or `"1d"`.
- **Addresses** are `https://host` or `https://host:port`. Plain `http://` is accepted on loopback,
  elsewhere only with `allow_plain_http`.
- **Unknown keys** are faults, and so are names that nothing holds.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return INTRODUCTION + "".join(_section(title, model) for title, model in SECTIONS)


def _section(title: str, model: type[BaseModel]) -> str:
    about = " ".join((model.__doc__ or "").split())
    rows = [
        f"| `{name}` | {_kind(info)} | {_default(name, info)} | {_cell(info.description or '')} |"
        for name, info in model.model_fields.items()
        if not _is_table(info)
    ]
    table = "\n".join(["| Key | Type | Default | Meaning |", "|---|---|---|---|", *rows])
    extra = f"\n{_budgets()}" if model is schema.Budget else ""
    return f"\n## {title}\n\n{about}\n\n{table}\n{extra}"


def _is_table(info: FieldInfo) -> bool:
    """Has the key a section of its own on the page?"""
    inner = [info.annotation, *get_args(info.annotation)]
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in inner)


def _kind(info: FieldInfo) -> str:
    """What to write, in words, with the limits that there are."""
    told = [part.words for part in info.metadata if isinstance(part, values.Shown)]
    return _cell((told[0] if told else _words(info.annotation)) + _limits(info))


def _words(kind: Any) -> str:
    for part in getattr(kind, "__metadata__", ()):
        if isinstance(part, values.Shown):
            return part.words
    kind = _bare(kind)
    found = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{_toml(value)}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        inner = found[0]
        return f"list of {_words(inner)}"
    if get_origin(kind) is dict:
        return f"table of {_words(found[1])}"
    if type(None) in get_args(kind):
        return _words(found[0])
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


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit, size = next((u, s) for u, s in (("h", 3600), ("m", 60), ("s", 1)) if seconds % s == 0)
        return f'"{seconds // size}{unit}"'
    if isinstance(value, Path):
        shown = value.relative_to(values.CHECKOUT) if value.is_absolute() else value
        return f'"{shown}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _budgets() -> str:
    """The default budgets, as a table."""
    rows = [
        f"| `{platform}` | {', '.join(f'`{kind}`' for kind in kinds)} | `{per}` | {count} in "
        f"{seconds:g} s |"
        for platform, kinds, per, count, seconds in build.DEFAULT_BUDGETS
    ]
    head = ["Default budgets:", "", "| Platform | Kinds | Per | Most |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"
