"""What the DingTalk adapter declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import checks, manifests, ports
from bot.model.consoles import Console, Uses


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    """The adapter. Its SDK is imported here, and so only where it is configured."""
    from adapters.dingtalk.chat import DingTalk

    return DingTalk(replace(settings, stream=not deps.callbacks), deps.clock, deps.count, deps.tap)


def frames() -> ports.Frames:
    from adapters.dingtalk import replay

    return replay.Frames()


def interpreter(settings: Settings) -> ports.Interpreter:
    from adapters.dingtalk import replay

    return replay.Interpreter(settings)


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.dingtalk.checks import checkup

    return checkup(settings, deps)


def console(settings: Settings, uses: Uses) -> Console:
    from adapters.dingtalk import scopes

    return scopes.console(settings, uses)


def holds(settings: Settings, card: model.Card) -> bool:
    from adapters.dingtalk import render

    return render.fits(card, settings.card_value_bytes)


MANIFEST = manifests.ChatManifest(
    name="dingtalk",
    title="DingTalk",
    settings=Settings,
    build=build,
    examine=examine,
    frames=frames,
    interpreter=interpreter,
    console=console,
    holds=holds,
    shown=("endpoint",),
    loggers=("dingtalk_stream",),
    # 20 a minute per robot and group, 20 a second per API of an app ("call-frequency-limit" on
    # open.dingtalk.com).
    limits=(
        manifests.RateLimit("dingtalk", ("say",), "chat", 20, 60.0),
        manifests.RateLimit("dingtalk", ("card", "lookup"), "app", 20, 1.0),
    ),
    tenants="corps",
    account="Their DingTalk userid; where `corps` names several, `corp:userid`.",
    example="dingtalk:ding123:u-bob",
    chat="DingTalk openConversationId (`cid…`)",
    chat_start="cid",
    form="DingTalk process code (`PROC-…`)",
    callbacks=manifests.Callbacks(
        uses=("encrypt_key", "card_secret"),
        together=("token", "encrypt_key"),
        formats={
            "encrypt_key": (
                "[A-Za-z0-9]{43}",
                "must hold the 43 letters and digits that DingTalk shows as aes_key",
            )
        },
        owner="client_id",
    ),
)
