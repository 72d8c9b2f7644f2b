"""What the console declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters.console.settings import Settings
from bot.model import manifests, ports


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    from adapters.console.chat import Console

    socket = str(deps.folder / settings.socket) if settings.socket else ""
    file = deps.data / "console.jsonl"
    return Console(replace(settings, socket=socket, file=file, chats=deps.groups), deps.clock)


MANIFEST = manifests.ChatManifest(
    name="console",
    title="the console",
    settings=Settings,
    build=build,
    shown=("socket", "listen"),
    evaluation="evaluation",
    account="Their name in `[console.tokens]`.",
    example="console:console:bob",
    chat="a name of your own choice for the console",
    named_chats=True,
)
