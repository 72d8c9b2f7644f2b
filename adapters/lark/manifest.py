"""What the Lark adapter declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters.lark.settings import Settings
from bot import model
from bot.model import checks, manifests, ports
from bot.model.consoles import Console, Uses


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    """The adapter, which is imported here, and so only where it is configured."""
    from adapters.lark.chat import Lark

    forms = tuple(dict.fromkeys((*deps.forms, *settings.approvals)))
    settings = replace(settings, forms=forms, stream=not deps.callbacks)
    return Lark(settings, deps.clock, deps.count, deps.tap)


def frames() -> ports.Frames:
    from adapters.lark import replay

    return replay.Frames()


def interpreter(settings: Settings) -> ports.Interpreter:
    from adapters.lark import replay

    return replay.Interpreter()


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.lark.checks import checkup

    return checkup(settings, deps)


def console(settings: Settings, uses: Uses) -> Console:
    from adapters.lark import scopes

    return scopes.console(settings, uses)


def holds(settings: Settings, card: model.Card) -> bool:
    from adapters.lark import render

    return not render.card(card).cut


MANIFEST = manifests.ChatManifest(
    name="lark",
    title="Lark",
    settings=Settings,
    build=build,
    examine=examine,
    frames=frames,
    interpreter=interpreter,
    console=console,
    holds=holds,
    shown=("domain",),
    loggers=("Lark",),
    # 5 a second per group, shared by all its bots, and 50 a second per API ("im-v1/message/create"
    # on open.feishu.cn).
    limits=(
        manifests.RateLimit("lark", ("say", "card"), "chat", 5, 1.0),
        manifests.RateLimit("lark", ("say", "card"), "app", 50, 1.0),
    ),
    tenants="tenants",
    account="Their Lark open_id (of this very app); where `tenants` names several, "
    "`tenant:open_id`.",
    account_start="ou_",
    chat="Lark chat_id (`oc_…`)",
    chat_start="oc_",
    form="Lark approval code",
    subscription=manifests.Subscription("approvals", "[0-9A-Fa-f]{8}(?:-[0-9A-Za-z]+){4}"),
    callbacks=manifests.Callbacks(uses=("encrypt_key",)),
)
