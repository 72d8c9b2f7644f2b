"""The commands that can be typed, for completion. This is the one module of the page that reads the
bot's registry of commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.commands import loader, registry
from sandbox.page.board import Board

LANGUAGES = ("zh-CN", "en")


async def show(board: Board, folder: Path) -> None:
    """Every command of a folder; they are read beside the event loop."""
    for command in await asyncio.to_thread(loader.load, folder):
        board.put("commands", command.name, _command(command))


def _command(command: registry.Command) -> dict[str, object]:
    chinese = next((word for word in command.aliases if not word.isascii()), command.name)
    return {
        "name": command.name,
        "names": {"zh-CN": chinese, "en": command.name},
        "aliases": list(command.aliases),
        "kind": command.kind,
        "risk": command.risk,
        "summary": dict(command.summary),
        "parameters": [_parameter(each) for each in command.parameters],
        "example": command.example,
    }


def _parameter(parameter: registry.Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "type": parameter.kind,
        "required": parameter.required,
        "named": parameter.named,
        "choices": [str(choice) for choice in parameter.choices],
        "names": list(parameter.names),
        "help": dict(zip(LANGUAGES, parameter.about, strict=True)),
        "example": str(parameter.example),
    }
