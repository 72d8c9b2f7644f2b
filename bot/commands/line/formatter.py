"""The way back from values to a line that people can paste."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot import model, source
from bot.commands.line import tokenizer
from bot.oos.parameters import targets
from bot.oos.template import model as oos

if TYPE_CHECKING:
    from bot.commands import registry


def spell(
    command: registry.Command, values: Mapping[str, Any], word: str = "", keep: str = ""
) -> str:
    """A line that parses to these values; those equal to their default are left out, but for the
    one called ``keep``. ``word`` stands for the command's name."""
    parts, script = [word or command.name], ""
    for parameter in command.parameters:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        default = (
            parameter.template_parameter is None
            and not parameter.required
            and value == parameter.default
        )
        if default and parameter.name != keep:
            continue
        if parameter.kind == "script":
            script = str(value)
        elif parameter.kind == "targets":
            parts.append(_targets(parameter, value))
        elif parameter.template_parameter is not None:
            parts.append(f"{parameter.name}={_filled(parameter.template_parameter, value)}")
        elif parameter.kind == "request":
            parts.append(f"{value}" if value < 10_000_000 else f"#{value}")
        elif parameter.kind == "code" or (
            parameter.required and parameter.kind not in ("text", "bool")
        ):
            parts.append(_written(value))
        else:
            parts.append(f"{parameter.name}={_written(value)}")
    line = " ".join(parts)
    if not script:
        return line
    one = "\n" not in script and script == script.strip() and not script.startswith("```")
    return f"{line} -- {script}" if one else f"{line} --\n{script}"


def _targets(parameter: registry.Parameter, value: object) -> str:
    """Names as they are typed, one behind the other; JSON where that was given."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return " ".join(value) or f"{parameter.name}="
    return f"{parameter.name}={json.dumps(value, ensure_ascii=False)}"


def _filled(item: oos.Parameter, value: object) -> str:
    """The value of a template's parameter. A list of plain words, and what has a type of its own,
    as people type it; lists and objects else as JSON."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, list) and len(value) > 0 and item.type == "List":
        plain = all(isinstance(each, str) and _WORD.fullmatch(each) for each in value)
        if plain and item.association not in ("Targets", "RateControl"):
            return ",".join(value)
    if item.association == "RateControl" and (pace := _pace(value)):
        return pace
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if item.type == "Json" and not isinstance(value, bool):
        return tokenizer.quote(json.dumps(value, ensure_ascii=False))
    if item.type == "Json":
        return "true" if value else "false"
    if isinstance(value, str) and _SOLID.fullmatch(value):
        return value
    return _written(value)


def _pace(value: object) -> str:
    """A rate as people say it; empty: only JSON says it."""
    text = str(value.get("Concurrency", "")) if isinstance(value, dict) else ""
    try:
        return (
            text if text and model.canonical(targets.rate(text)) == model.canonical(value) else ""
        )
    except source.Invalid:
        return ""


_WORD = re.compile(r"[A-Za-z0-9_%+/-]+")
_SOLID = re.compile(r"[\w%+/][\w%+/.:=?&@#~-]*")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if re.fullmatch(r"[\w#%+./-]*[\w#%+/-]", text) and not re.fullmatch(r"--+", text):
        return text
    return tokenizer.quote(text)
