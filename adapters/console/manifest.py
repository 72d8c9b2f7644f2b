"""What the console declares of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapters.console.settings import Settings
from bot.model import checks, manifests, ports


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    from adapters.console.chat import Console

    socket = str(deps.folder / settings.socket) if settings.socket else ""
    file = deps.data / "console.jsonl"
    return Console(replace(settings, socket=socket, file=file, chats=deps.groups), deps.clock)


def check(settings: Settings) -> Iterator[manifests.Flaw]:
    """There is somebody, and no two are told apart by upper and lower case alone."""
    if not settings.tokens:
        yield manifests.Flaw(("tokens",), "names nobody: who is to use the console?")
    known: dict[str, str] = {}
    for name in settings.tokens:
        other = known.setdefault(name.casefold(), name)
        if other != name:
            message = f"is {other} but for upper and lower case: @{name} would call both"
            yield manifests.Flaw(("tokens", name), message)


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """Whether its address is free, or the running bot's own."""
    return checks.Checkup(listens=() if settings.socket else (settings.listen,))


MANIFEST = manifests.ChatManifest(
    name="console",
    title="the console",
    settings=Settings,
    build=build,
    examine=examine,
    shown=("socket", "listen"),
    evaluation="evaluation",
    account="Their name in `[console.tokens]`.",
    example="console:console:bob",
    chat="a name of your own choice for the console",
    named_chats=True,
    direct_start="@",
    check=check,
)
