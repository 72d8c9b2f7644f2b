"""The version of each template that a task runs, written into the text of the template: then OOS
runs this one, whatever is stored there later.

Only what the text says for certain is changed: the result is read again, and must be the same
template but for the versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot import source
from bot.core import plan_definitions
from bot.core.decision import parsed
from bot.oos.parameters import known_values
from bot.oos.template import model as oos
from bot.oos.template import places

_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REST = ("parameters", "outputs", "ram_role", "conditions", "description", "format_version")


def pinned(
    template: oos.Template, scope: known_values.Scope, versions: Mapping[str, str]
) -> oos.Template:
    """The template with the version of every template that a task of it runs without saying which.
    ``versions``: by folded name. Where the text cannot be changed for certain it stays as it is."""
    for child in tuple(plan_definitions.children(template, scope)):
        version = versions.get(oos.fold(child.name), "")
        if child.name and not child.version and _VERSION.fullmatch(version):
            template = _with_version(template, child.task.name, version) or template
    return template


def _with_version(template: oos.Template, task: str, version: str) -> oos.Template | None:
    """The template with one task's TemplateVersion; None: its text cannot be changed like that."""
    marks = template.marks
    if not isinstance(marks, places.Places):
        return None
    number = next(n for n, one in enumerate(template.tasks) if one.name == task)
    names = template.tasks[number].properties
    name = next(key for key in names if oos.fold(key) == "templatename")
    mark = marks.key(f"Tasks[{number}].Properties.{name}")
    lines, at = template.source.split("\n"), mark.column - 1
    line = lines[mark.line - 1]
    ways: tuple[str, ...]
    quoted = f'TemplateVersion: "{version}"'
    ways = (f"{quoted}\n{' ' * at}", f"{quoted}, ")
    if template.source.lstrip().startswith("{"):
        ways = (f'"TemplateVersion": "{version}", ',)
    for put in ways:
        lines[mark.line - 1] = line[:at] + put + line[at:]
        result = _as_meant(template, "\n".join(lines), number, version)
        if result is not None:
            return result
    return None


def _as_meant(template: oos.Template, text: str, number: int, version: str) -> oos.Template | None:
    """The template of this text, if it is the same but for the one task's version."""
    try:
        result = parsed(text, template.name)
    except source.Invalid:
        return None
    wanted = [_bare(asdict(task)) for task in template.tasks]
    properties = {key: v for key, v in wanted[number]["properties"].items() if not _is_version(key)}
    wanted[number]["properties"] = {**properties, "TemplateVersion": version}
    same = [_bare(asdict(task)) for task in result.tasks] == wanted
    alike = all(_plain(result, part) == _plain(template, part) for part in _REST)
    return result if same and alike else None


def _is_version(key: str) -> bool:
    return oos.fold(key) == "templateversion"


def _plain(template: oos.Template, part: str) -> object:
    value = getattr(template, part)
    return [_bare(asdict(one)) for one in value] if isinstance(value, tuple) else value


def _bare(value: object) -> Any:
    """Without where it stands in the file."""
    if isinstance(value, Mapping):
        return {key: _bare(part) for key, part in value.items() if key != "mark"}
    return [_bare(part) for part in value] if isinstance(value, list | tuple) else value
