"""The tables of the bus: rules, where they lead, and what comes in from outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from bot.config import kinds
from bot.source import values
from bot.source.secret import Secret
from bot.source.tables import Table
from bot.source.values import CaFile, Seconds, Text, Texts

HERE = "bot.toml"
"""The source of a value that stands in the file itself."""


def _openly(given: Any) -> Any:
    """Text that need not be a secret, kept as one all the same, so that nothing prints it."""
    return Secret(HERE, "", given) if isinstance(given, str) and given else given


Open = Annotated[Secret, BeforeValidator(_openly), values.Shown("text or secret")]
Long = Annotated[str, StringConstraints(max_length=10240)]


class RunCommand(Table):
    """A command stored in Cloud Assistant, in the words of its API. It is asked for as a `command`
    is, by the `[command.NAME]` that has this `command_id`: its parameters, rights, policy and votes
    hold. A table, or its JSON in quotes. In texts `{{.detail.emp_id}}` is a value of the event."""

    CommandId: Text = Field(description="The `command_id` of a `[command.NAME]`.")
    InstanceIds: Texts = Field(
        default=(), description="Its instances. Default: `targets` of `[command.NAME]`."
    )
    Timeout: Annotated[int, Field(ge=10, le=86400)] | None = Field(
        default=None,
        description="Seconds after which Cloud Assistant stops it. Default: as `[command.NAME]` "
        "has it.",
    )
    Parameters: Annotated[
        dict[Text, kinds.Argument],
        BeforeValidator(kinds.json_table),
        values.Shown("table of text or number"),
    ] = Field(
        default_factory=dict,
        description="Parameter = constant, text with placeholders, or path (`$.detail.role`).",
    )


class Target(Table):
    """Where a rule leads, and what is sent there. Exactly one of `command`, `run_command`, `group`
    (alone), `thread`, `robot`, `url`, `endpoint` and `bus` says where. Without a `form` the whole
    event is sent."""

    command: Text | None = Field(
        default=None,
        description="Ask for this command in `group`, through the checks and policies that hold "
        "for people. Who asks is `person`, or whoever the event is from.",
    )
    args: dict[Text, kinds.Argument] = Field(
        default_factory=dict,
        description="Parameter = path into the event (`$.data.role`), constant, or text with "
        "placeholders (`{{.data.role}}`) (`command`).",
    )
    run_command: Annotated[RunCommand | None, BeforeValidator(kinds.json_table)] = Field(
        default=None, description="See [[rule.target.run_command]](#ruletargetrun_command)."
    )
    person: Text | None = Field(
        default=None,
        description="On whose behalf. Default: of whoever the event is from, who is a requester in "
        "any case and does not approve.",
    )
    policy: Text | None = Field(
        default=None, description="A policy that must be satisfied in place of the command's own."
    )
    group: Text | None = Field(
        default=None, description="Tell it in the group of this name; of `command`: ask there."
    )
    platform: kinds.Platform | None = Field(
        default=None, description="Where that group is, if both platforms have one of the name."
    )
    mention: Texts = Field(
        default=(), description="People, by id, who are called there (`group`, `thread`)."
    )
    thread: Literal[True] | None = Field(
        default=None,
        description="`true`: tell it in the thread of the request that the event is about.",
    )
    robot: Text | None = Field(
        default=None, description="Send to the [[[webhook.robot]]](#webhookrobot) of this name."
    )
    url: values.Address | None = Field(
        default=None,
        description="POST to this address, of a host that `[webhook]` names. One that holds a "
        "token belongs into a robot or an endpoint.",
    )
    endpoint: Text | None = Field(
        default=None, description="POST, signed, to the [[[endpoint]]](#endpoint) of this name."
    )
    bus: Text | None = Field(
        default=None,
        description="Put the event on the [[[bus]]](#bus) of this name, a real EventBridge.",
    )
    form: Literal["ORIGINAL", "JSONPATH", "CONSTANT", "TEMPLATE"] = Field(
        default="ORIGINAL",
        description="What is sent, in EventBridge's words: the whole event, what stands at one "
        "path, a constant, or a template with variables.",
    )
    value: kinds.Json | None = Field(
        default=None,
        description="The path (`JSONPATH`), the constant (`CONSTANT`), or the variables "
        '(`TEMPLATE`): `{ role = "$.data.role", from = "a constant" }`, or that as JSON text.',
    )
    template: Long | None = Field(
        default=None,
        description="The text with `${variables}` (`TEMPLATE`): for robots, addresses and "
        "endpoints JSON, for chats plain text. Values are escaped for where they land.",
    )
    retry: Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"] = Field(
        default="BACKOFF_RETRY",
        description="When a try provably failed: three more, 10 to 20 seconds apart, or 176 more, "
        "1, 2, 4 … 512 seconds apart, which is a day. Then it is a dead letter.",
    )


class Rule(Table):
    """Which events mean something, and what is done then. A rule needs a `pattern` or a `when`."""

    name: Text = Field(description="Its name, as the audit log and dead letters tell it.")
    pattern: Annotated[
        dict[str, Any] | str | None,
        BeforeValidator(kinds.pattern),
        values.Shown("table or JSON text"),
    ] = Field(
        default=None,
        description="The events that are meant, in EventBridge's grammar: a table, or JSON in "
        "quotes as it is pasted from the console.",
    )
    when: str | None = Field(
        default=None,
        description='The same in short: `$.source == "%(approval)s" && $.data.role != null`.',
    )
    dialect: Literal["alibaba", "aws"] = Field(
        default="alibaba", description="Whose semantics hold where the two vendors differ."
    )
    enabled: bool = Field(default=True, description="Whether it is asked at all.")
    target: Annotated[tuple[Target, ...], Field(strict=False, min_length=1)] = Field(
        description="See [[[rule.target]]](#ruletarget)."
    )


class Endpoint(Table):
    """A server of your own that is told of events: a signed POST."""

    name: Text = Field(description="Name by which rules refer to it.")
    url: Open = Field(description="Its address, whole; a secret if it holds a token.")
    secret: Secret | None = Field(
        default=None,
        description="The key by which requests are signed (`X-Countersign-Signature`: HMAC-SHA256 "
        "of `TIMESTAMP.NONCE.` and the body). Default: they are not.",
    )
    headers: dict[Text, Open] = Field(
        default_factory=dict,
        description='Further headers: `{ Authorization = { env = "AUDIT_TOKEN" } }`.',
    )
    shape: Literal["plain", "structured"] = Field(
        default="plain",
        description="What the body is: what the rule's form makes, or a CloudEvent in structured "
        "mode that has it as its data.",
    )
    idempotent: bool = Field(
        default=False,
        description="It recognises an `Idempotency-Key`, so a request of which the answer was lost "
        "is sent again; otherwise that is a dead letter.",
    )
    timeout: Seconds = Field(default=10.0, description="Longest wait for an answer, in seconds.")
    ca_file: CaFile = Field(
        default=None, description="PEM file of the certificates to trust instead of the usual ones."
    )


class Http(Table):
    """The server that takes events from outside. Without this table there is none."""

    listen: values.Listen = Field(
        default="127.0.0.1:17380",
        description="Address and port. Put a server that ends TLS before it.",
    )
    max_bytes: int = Field(
        default=262144, ge=1024, le=4194304, description="Most bytes of a request's body."
    )
    max_connections: int = Field(
        default=1000,
        ge=8,
        le=100000,
        description="Most connections at once, and no more than half of the files that the process "
        "may open; whoever comes then waits.",
    )
    remember: values.Duration = Field(
        default=timedelta(days=30),
        description="How long an event is known again by its sender, source and id, so that it is "
        "taken once. One that comes again after that is taken as another.",
    )


class Source(Table):
    """Somebody who sends events to `[http]`, and how to recognise them."""

    name: Text = Field(description="Name by which the audit log speaks of it.")
    path: values.UrlPath = Field(description="Where it sends to: `/events/monitoring`.")
    kind: kinds.Sender = Field(
        description="What it sends: CloudEvents; what EventBridge's HTTP target sends, or the "
        "shape with `detail-type` and `detail`; any JSON, read by `mapping`; or the callbacks of "
        "a chat platform, in place of its long connection."
    )
    secret: Secret | None = Field(
        default=None,
        description="The key by which it signs each request (HMAC-SHA256): 16 random characters or "
        "more.",
    )
    token: Secret | None = Field(
        default=None,
        description="What it sends along, if it can't sign; of %(callbacks)s the token of "
        "their event settings.",
    )
    unsigned: bool = Field(
        default=False,
        description="Whoever is on this machine may send in its name. Needed where a source has no "
        "secret; what a proxy passed on is refused.",
    )
    encrypt_key: Secret | None = Field(
        default=None, description="The key of encrypted callbacks (%(encrypt_key)s)."
    )
    card_secret: Secret | None = Field(
        default=None, description="The key of card callbacks (%(card_secret)s)."
    )
    addresses: Annotated[tuple[values.Network, ...], Field(strict=False)] = Field(
        default=(), description="IP addresses and networks it may send from. Default: any."
    )
    only: Texts = Field(
        default=(),
        description="The event sources that it may name; `x.*` is all that begin with `x.`. "
        "Default: any but the bot's own and those of the chat platforms (%(sources)s), "
        "which must be named.",
    )
    person: Text | None = Field(
        default=None,
        description="Whom its events are from: the person on whose behalf rules ask for commands.",
    )
    mapping: dict[Text, Text] = Field(
        default_factory=dict,
        description="Where things stand, as a path or a constant: of `webhook` any of `source`, "
        "`type`, `subject`, `id`, `time`, `data` and `person` in `$.body`, `$.headers` and "
        "`$.query`; else only `person`, in the event.",
    )
    window: Annotated[int, Field(ge=10, le=3600)] = Field(
        default=300, description="Seconds that a signed request is good for."
    )
    on_conflict: Literal["keep", "refuse"] = Field(
        default="keep",
        description="What becomes of an event whose `source` and `id` are known while its type, "
        "subject or data differ: it is kept as an event of its own, or refused (409).",
    )
    per_minute: int = Field(
        default=6000, ge=1, le=1000000, description="Events that it may send, on average."
    )
