"""The way back from values to a line that people can paste."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot import reader

if TYPE_CHECKING:
    from bot import catalog


def spell(
    command: catalog.Command, values: Mapping[str, Any], word: str = "", keep: str = ""
) -> str:
    """A line that parses to these values; those equal to their default are left out, but for the
    one called ``keep``. ``word`` stands for the command's name."""
    parts, script = [word or command.name], ""
    for parameter in command.parameters:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        if not parameter.required and value == parameter.default and parameter.name != keep:
            continue
        if parameter.kind == "script":
            script = str(value)
        elif parameter.kind == "targets":
            parts.append(" ".join(value) or "targets=")
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


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if re.fullmatch(r"[\w#%+./-]*[\w#%+/-]", text) and not re.fullmatch(r"--+", text):
        return text
    return reader.quote(text)
