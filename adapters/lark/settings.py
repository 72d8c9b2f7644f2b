"""What ``[lark]`` in the configuration sets."""

from __future__ import annotations

from pydantic import Field

from adapters.common import fields
from bot.source.tables import settings
from bot.source.values import Organisations, Origin, PemFile, Seconds, SecretText, Text, Texts


@settings
class Settings:
    """The Lark/Feishu application (a self-built app with a bot, events by long connection). Leave
    the table out where Lark is not used."""

    app_id: Text = Field(description="The app's App ID (`cli_…`).")
    app_secret: SecretText = Field(repr=False, description="The app's App Secret.")
    tenants: Organisations = Field(
        default=(),
        description="The tenant_keys of the organisations that the bot listens to; all others are "
        "refused.",
    )
    domain: Origin = Field(
        default="https://open.feishu.cn",
        description="Address of the open platform: `https://open.larksuite.com` outside China.",
    )
    idle_seconds: Seconds = Field(
        default=240.0,
        description="Open a new connection when nothing arrived for so long, not even a pong.",
    )
    reconnect_after: Seconds = fields.RECONNECT_AFTER
    call_timeout: Seconds = fields.CALL_TIMEOUT
    ca_file: PemFile = fields.CA_FILE
    approvals: Texts = Field(
        default=(),
        description="Approval codes whose events the bot subscribes to beside those of `[[form]]`, "
        "so that rules hear of them.",
    )
    reply_in_thread: bool = Field(
        default=True,
        description="Start a topic under the question with the first answer, so that all that "
        "follows stands there. Questions asked in a topic are answered there in any case.",
    )

    forms: tuple[str, ...] = ()
    """The approval codes of ``[[form]]``; the bot subscribes to them when it starts."""
    connect_timeout: float = 10.0
    backoff_first: float = 1.0
    backoff_most: float = 120.0
    """The shortest and the longest wait between tries to connect, in seconds."""
    max_in_flight: int = 1024
    """Most events that are handed over and not yet answered."""
    stream: bool = True
    """Without it no connection is opened: what Lark sends comes over HTTP, and ``Lark.decode``
    reads it."""
