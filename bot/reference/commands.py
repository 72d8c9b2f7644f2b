"""The reference of the commands, written from the commands themselves.

``python -m bot.reference.commands`` writes docs/reference/commands.md; a test holds it there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot.commands import loader, parameters, registry

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "commands.md"
BEGIN = "<!-- written by python -m bot.reference.commands from here on -->\n"
_TYPES: dict[parameters.Kind, str] = {
    "targets": "instance ids, names or `tag:key=value`",
    "word": "a word",
    "text": "text",
    "choice": "a choice",
    "int": "a whole number",
    "bool": "yes or no",
    "request": "a request's number: `42` or `#42`",
    "code": "the eight-digit code of the plan",
    "script": "everything behind the options",
    "value": "a value",
}


def markdown(commands: registry.Catalog) -> str:
    """One section for each command, operations first."""
    ranks = {"operation": 0, "lookup": 1, "query": 1, "vote": 2}
    ordered = sorted(commands, key=lambda command: (ranks[command.kind], command.name))
    return "\n".join(_section(command) for command in ordered)


def page(text: str, commands: registry.Catalog) -> str:
    """The page with its generated part written anew. ValueError: it has no such part."""
    head, marker, _ = text.partition(BEGIN)
    if not marker:
        raise ValueError(f"the page has no line {BEGIN.strip()!r}")
    return f"{head}{BEGIN}\n{markdown(commands)}"


def _section(command: registry.Command) -> str:
    risk = f", {command.risk} risk" if command.kind == "operation" else ""
    also = f"; also {', '.join(command.aliases)}" if command.aliases else ""
    lines = [
        f"## {command.name}",
        "",
        f"{command.summary['en']} · {command.summary['zh-CN']} ({command.kind}{risk}{also})",
        "",
        "```",
        command.example,
        "```",
        "",
    ]
    if command.parameters:
        lines += ["| parameter | what | type | default |", "|---|---|---|---|"]
        lines += [_row(parameter) for parameter in command.parameters]
        lines.append("")
    return "\n".join(lines)


def _row(parameter: parameters.Parameter) -> str:
    kind = _TYPES[parameter.kind]
    if parameter.kind in ("choice", "int") or parameter.template_parameter is not None:
        kind = parameter.expected("en")
    if parameter.kind == "word" and parameter.pattern is not None:
        kind = f"{parameter.pattern.en} (`{parameter.pattern.regex}`)"
    default = f"`{parameter.usual}`" if parameter.usual else "–"
    if parameter.required:
        default = "required"
    names = ", ".join(f"`{name}`" for name in parameter.names)
    cells = [names, f"{parameter.about[1]} · {parameter.about[0]}", kind, default]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """What may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    commands = loader.load(ROOT / "commands")
    PAGE.write_text(page(PAGE.read_text("utf-8"), commands), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
