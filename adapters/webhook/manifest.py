"""What the adapter of custom robots declares of itself."""

from __future__ import annotations

from adapters.webhook.settings import KINDS, Settings
from bot.model import checks, manifests, ports


def build(settings: Settings, deps: manifests.Deps) -> ports.Robots:
    from adapters.webhook.hook import Webhook

    return Webhook(settings, deps.clock, deps.tap, deps.count_robot)


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.webhook.checks import checkup

    return checkup(settings, deps)


def interpreter(settings: Settings) -> ports.Interpreter:
    from adapters.webhook import replay

    return replay.Interpreter()


MANIFEST = manifests.RobotsManifest(
    name="webhook",
    title="robots",
    settings=Settings,
    build=build,
    interpreter=interpreter,
    examine=examine,
    kinds=KINDS,
    # DingTalk: 20 a minute per robot ("custom-bot-to-send-group-chat-messages" on
    # open.dingtalk.com). Lark: 5 a second and 100 a minute ("client-docs/bot-v3/add-custom-bot" on
    # open.feishu.cn).
    limits=(
        manifests.RateLimit("webhook.dingtalk", ("say",), "chat", 20, 60.0),
        manifests.RateLimit("webhook.lark", ("say",), "chat", 5, 1.0),
        manifests.RateLimit("webhook.lark", ("say",), "chat", 100, 60.0),
    ),
)
