"""The shape of ``bot.toml``: one model per table, one field per key, each described here.

``docs/reference/configuration.md`` is printed from these descriptions (``bot.config.reference``).
Types are strict: "5" is not 5. What several keys say together is judged in ``bot.config.check``.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.config import rules, values
from bot.config.operations import Command as Command
from bot.config.runbooks import Oos, Webhook
from bot.config.secret import Secret
from bot.config.table import Table
from bot.config.values import CaFile, Duration, Folder, Origin, Seconds, SomeTexts, Text, Texts


class Bot(Table):
    """The bot itself."""

    name: Text = Field(default="countersign", description="What the bot calls itself in messages.")
    locale: values.Locale = Field(
        default="zh-CN", description="The language that it speaks; a group may differ."
    )
    data: Folder = Field(
        default=Path("var"),
        description="Folder of the database and all other runtime data, created when missing. "
        "Relative to the configuration file, as is every path in it.",
    )
    key: Secret | None = Field(
        default=None,
        description="The installation's key, 32 characters or more: in the codes of plans, in "
        "events and in the audit log a hidden value is sealed with it. Default: the file `key` in "
        "`data`, made at the first start. If it changes, open requests with hidden values must be "
        "asked anew.",
    )
    mark: values.PlaceOfFile = Field(
        default=None,
        description="File in which the newest audit entry is noted, by which the bot recognises at "
        "its start that an older copy of the database was put back. Default: "
        "`countersign.high-water` in `data`. On a disk that snapshots of this one leave alone, it "
        "tells of those, too. One installation, one file.",
    )
    commands: Folder = Field(
        default=values.CHECKOUT / "commands",
        description="Folder of the command files: what people can ask for.",
    )
    timezone: values.Zone = Field(
        default="Asia/Shanghai", description="The time zone in which times are shown to people."
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How a line of the log looks: `text` for people, `json` for collectors, with "
        "the fields `time`, `level`, `logger`, `message`, and for each step of a request `step`, "
        "`request`, `command`, `code`, `person`, `outcome` and `seconds`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged. No level logs secrets, tokens or tickets."
    )


class DingTalk(Table):
    """The DingTalk application (an internal app with a robot in Stream mode). Leave the table out
    where DingTalk is not used."""

    client_id: Text = Field(description="The app's Client ID (formerly AppKey).")
    client_secret: Secret = Field(description="The app's Client Secret (formerly AppSecret).")
    robot_code: Annotated[str, StringConstraints(max_length=256)] = Field(
        default="", description="The robot's code. Default: the `client_id`, as for internal apps."
    )
    robot_name: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="",
        description="The robot's name as groups show it. Some clients leave it in the text, as in "
        "`@Ops Bot restart …`; without this, words behind an `@` that look like the rest of a name "
        "are passed over, up to a command.",
    )
    corps: SomeTexts = Field(
        description="The corpIds of the organisations that the bot listens to; all others are "
        "refused."
    )
    endpoint: Origin = Field(
        default="https://api.dingtalk.com", description="Address of the open platform's API."
    )
    webhook_hosts: values.WebHosts = Field(
        default=("oapi.dingtalk.com",),
        description="Hosts (`host` or `host:port`) that a message's session webhook may point to; "
        "answers are sent nowhere else. Only https, unless `http://` stands before the host.",
    )
    card_template: Text = Field(
        default="1366a1eb-bc54-4859-ac88-517c56a9acb1.schema",
        description="Card template with buttons. The default is the public one of DingTalk's SDK; "
        "for production import a template of your own in the card platform.",
    )
    plain_template: Text = Field(
        default="589420e2-c1e2-46ef-a5ed-b8728e654da9.schema",
        description="Card template without buttons, by which a late reply can mention people.",
    )
    card_value_bytes: int = Field(
        default=1024,
        ge=256,
        le=65536,
        description="Most bytes (UTF-8) of one value of a card. DingTalk documents 1 KB; longer "
        "plans go into a message before the card.",
    )
    late_reply: Literal["card", "group_message"] = Field(
        default="card",
        description="How to answer once the session webhook of the question has expired (90 "
        "minutes): `card` (a card without buttons, which can mention people) or `group_message` (a "
        "plain one, which cannot).",
    )
    idle_seconds: Seconds = Field(
        default=180.0,
        description="Open a new connection when nothing arrived for so long, not even a ping.",
    )
    reconnect_after: Seconds = Field(
        default=1200.0,
        description="Replace a connection that is so old, in seconds, by a new one: one may answer "
        "pings and bring no events. The new one stands before the old one goes.",
    )
    call_timeout: Seconds = Field(
        default=10.0, description="Longest wait for one API call, in seconds."
    )
    ca_file: CaFile = Field(
        default=None,
        description="PEM file of the certificates to trust instead of the usual ones, where a "
        "gateway with a private authority stands in between.",
    )


class Lark(Table):
    """The Lark/Feishu application (a self-built app with a bot, events by long connection). Leave
    the table out where Lark is not used."""

    app_id: Text = Field(description="The app's App ID (`cli_…`).")
    app_secret: Secret = Field(description="The app's App Secret.")
    tenants: SomeTexts = Field(
        description="The tenant_keys of the organisations that the bot listens to; all others are "
        "refused."
    )
    domain: Origin = Field(
        default="https://open.feishu.cn",
        description="Address of the open platform: `https://open.larksuite.com` outside China.",
    )
    idle_seconds: Seconds = Field(
        default=240.0,
        description="Open a new connection when nothing arrived for so long, not even a pong.",
    )
    reconnect_after: Seconds = Field(
        default=1200.0,
        description="Replace a connection that is so old, in seconds, by a new one: one may answer "
        "pings and bring no events. The new one stands before the old one goes.",
    )
    call_timeout: Seconds = Field(
        default=10.0, description="Longest wait for one API call, in seconds."
    )
    ca_file: CaFile = Field(
        default=None,
        description="PEM file of the certificates to trust instead of the usual ones, where a "
        "gateway with a private authority stands in between.",
    )
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


class Credentials(Table):
    """How the bot signs in to Alibaba Cloud."""

    type: Literal["default", "key", "role"] = Field(
        default="default",
        description="`default`: the SDK's chain (environment, configuration file, the instance's "
        "RAM role). `key`: the AccessKey below. `role`: assume `role_arn`, with the AccessKey "
        "below or, without one, with the chain; the session's name carries the request's number, "
        "so that ActionTrail shows it.",
    )
    key_id: Annotated[str, StringConstraints(max_length=256)] = Field(
        default="", description="AccessKey ID (`key`, `role`)."
    )
    key_secret: Secret | None = Field(default=None, description="AccessKey secret (`key`, `role`).")
    security_token: Secret | None = Field(
        default=None, description="STS token that belongs to a temporary AccessKey (`key`)."
    )
    role_arn: Annotated[str, StringConstraints(max_length=1024)] = Field(
        default="", description="The RAM role to assume (`role`): `acs:ram::<account>:role/<name>`."
    )
    external_id: Annotated[str, StringConstraints(max_length=1224)] = Field(
        default="", description="External id that the role's trust policy asks for (`role`)."
    )
    sts_endpoint: values.Host | None = Field(
        default=None, description="Host of the STS service (`role`). Default: `sts.aliyuncs.com`."
    )


class Aliyun(Table):
    """Alibaba Cloud, where approved operations run (ECS Cloud Assistant)."""

    region: Text = Field(description="Region of instances unless a command names another one.")
    endpoint: values.OriginOrNone = Field(
        default="", description="Address of the ECS API. Default: the region's own."
    )
    endpoints: dict[Text, Origin] = Field(
        default_factory=dict,
        description="Addresses of other products that templates call, by product (`vpc`, `oos` …); "
        '`"*"` is all of them. Default: each product\'s own. `endpoint` stays that of ECS.',
    )
    max_instances_per_call: int = Field(
        default=100,
        ge=1,
        le=100,
        description="Instances per call of Cloud Assistant; a larger request takes several steps.",
    )
    page_size: int = Field(
        default=50, ge=1, le=50, description="Results read per call when polling."
    )
    call_timeout: Seconds = Field(
        default=10.0, description="Longest wait for one API call, in seconds."
    )
    ca_file: CaFile = Field(
        default=None,
        description="PEM file of the certificates to trust instead of the usual ones, where a "
        "gateway with a private authority stands in between.",
    )
    credentials: Credentials = Field(
        default_factory=Credentials, description="See [aliyun.credentials](#aliyuncredentials)."
    )


class Person(Table):
    """One human, whatever accounts they hold. Votes are counted per person, so no account may
    stand at two people."""

    id: Text = Field(description="Short name by which this file and the audit log speak of them.")
    name: Text | None = Field(default=None, description="Name shown on cards. Default: the id.")
    dingtalk: Text | None = Field(
        default=None,
        description="Their DingTalk userid; where `corps` names several, `corp:userid`.",
    )
    lark: Text | None = Field(
        default=None,
        description="Their Lark open_id (of this very app); where `tenants` names several, "
        "`tenant:open_id`.",
    )
    accounts: Texts = Field(
        default=(),
        description="Further accounts, where they have several on a platform: "
        "`platform:organisation:id`.",
    )
    ram: Text | None = Field(
        default=None,
        description="Their RAM user (without `@`), by which an approval in a template names them.",
    )
    ram_sessions: Texts = Field(
        default=(),
        description="Names of RAM role sessions that only they can start. Of an execution on OOS "
        "that another session started nobody knows whose it is.",
    )
    roles: Texts = Field(
        default=(), description="Roles they hold; without any they may ask for nothing."
    )


class Role(Table):
    """Which operations its holders may ask for. Questions (`help`, `status` …) are open to all the
    people of this file, and votes are judged by policies."""

    commands: Texts = Field(description='Names of commands; `"*"` is all of them.')


class Policy(Table):
    """Who must agree before an operation runs. One rejection rejects. A key `run_within` of
    `[policy]` itself holds for all policies that have none of their own."""

    approvers: SomeTexts = Field(
        description='People by id, or `"role:NAME"` for everyone with a role. The order counts for '
        "`sequence`. Nobody approves their own request (see `self_approval`)."
    )
    mode: Literal["any", "all", "sequence", "count"] = Field(
        default="any",
        description="`any` (或签): one of them. `all` (会签): every one. `sequence` (依次): every "
        "one, in order. `count`: `count` of them.",
    )
    count: int | None = Field(
        default=None, ge=1, le=1000, description="How many approvals `count` needs."
    )
    self_approval: bool = Field(
        default=False, description="Whether a requester's own approval counts."
    )
    form_counts: bool = Field(
        default=False,
        description="Whether the decision taken in an OA form counts as the approval. If not, a "
        "card is shown all the same.",
    )
    code_required: bool = Field(
        default=False,
        description="Whether approving by text must repeat the plan's code, so that nobody "
        "approves what they did not read.",
    )
    expires: Duration = Field(
        default=timedelta(minutes=30), description="A request not decided by then expires."
    )
    remind: Duration | None = Field(
        default=None,
        description="The approvers are reminded when a request was open for so long; shorter than "
        "`expires`. Default: a third of it.",
    )
    canary: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="After so many items of a template's loop people vote again, with what these "
        "did before them. 0: they do not.",
    )

    run_within: Duration = Field(
        default=timedelta(hours=1),
        description="Approved, it may still start so long after it first could have; later it is "
        "put to the vote again. Default: what `run_within` in `[policy]` itself says, else 1h.",
    )


class Group(Table):
    """A chat where the bot works. It answers in no other."""

    platform: values.Platform = Field(description="Where the chat is.")
    chat: Text = Field(description="DingTalk openConversationId (`cid…`) or Lark chat_id (`oc_…`).")
    name: Text = Field(description="Name by which forms refer to it.")
    locale: values.Locale | None = Field(
        default=None, description="Its language. Default: that of `[bot]`."
    )
    commands: Texts = Field(
        default=("*",),
        description='Operations that may be asked for here; `"*"` is all that a role allows.',
    )


class Form(Table):
    """An OA approval form that asks for a command."""

    platform: values.Platform = Field(description="Where the form is.")
    form: Text = Field(description="DingTalk process code (`PROC-…`) or Lark approval code.")
    command: Text = Field(description="The command that it asks for.")
    args: dict[Text, Annotated[str, StringConstraints(min_length=1, max_length=1024)]] = Field(
        default_factory=dict,
        description="Parameter = form field, by the field's name or id, or a part of one: "
        "`period.start`, `machines.host` (a column), `machines[0].host`. A value that begins with "
        "`=` is a constant.",
    )
    group: Text = Field(description="Name of the group that gets the card and the audit reply.")
    policy: Text | None = Field(
        default=None,
        description="The policy in place of the command's own, usually with `form_counts`.",
    )


class Pattern(Table):
    """Something that must not, or must, be found before a command runs."""

    regex: values.Regex = Field(
        description="Python regular expression, searched for anywhere in the text. In the syntax "
        "of RE2 it takes next to no time on any text; with what only Python has (look-around, "
        "references back) it is judged apart, for a second at most: what takes longer is refused."
    )
    where: Annotated[
        tuple[Literal["text", "value", "script"], ...], Field(strict=False, min_length=1)
    ] = Field(
        default=("text", "value", "script"),
        description="What is looked at: the message as typed, each parameter's value, the script "
        "as it will run.",
    )
    action: Literal["refuse", "escalate", "require"] = Field(
        default="refuse",
        description="`refuse` when found; `escalate`: when found, `policy` must be satisfied, too; "
        "`require`: refuse when absent.",
    )
    policy: Text | None = Field(
        default=None, description="The policy that `escalate` adds to the usual one."
    )
    commands: Texts = Field(default=(), description="Only for these commands. Default: for all.")
    reason: Text = Field(description="Why, as people are told.")
    reason_zh: Text | None = Field(
        default=None, description="The same in Chinese, where the bot speaks it. Default: `reason`."
    )


class Security(Table):
    """Checks that hold for every command."""

    direct_chats: bool = Field(
        default=True, description="Whether the bot answers in one-to-one chats."
    )
    asks_per_minute: int = Field(
        default=20, ge=1, le=10000, description="How often one person may ask within a minute."
    )
    oldest_message: Duration = Field(
        default=timedelta(hours=1),
        description="A message that arrives later than this after it was written starts nothing "
        "and counts as no vote; who wrote it is told. Stop, reject, cancel and pause always count.",
    )
    most_open_per_person: int = Field(
        default=20, ge=1, le=10000, description="How many open requests one person may have."
    )
    most_open_per_command: int = Field(
        default=200, ge=1, le=100000, description="How many open requests one command may have."
    )
    allow_plain_http: bool = Field(
        default=False,
        description="Accept `http://` addresses of other machines. On loopback they are always "
        "accepted; elsewhere they would send secrets and commands readable by anyone in between.",
    )
    pattern: Annotated[tuple[Pattern, ...], Field(strict=False)] = Field(
        default=(), description="See [[[security.pattern]]](#securitypattern)."
    )


class Budget(Table):
    """How often the bot calls a platform. A platform without an entry has the default ones; what
    exceeds a budget waits its turn and is never dropped."""

    platform: values.Caller = Field(
        description="Which platform. `webhook` is all custom robots and other addresses that "
        "messages go to, `webhook.lark` those of one kind."
    )
    kinds: Annotated[tuple[values.Kind, ...], Field(strict=False, min_length=1)] = Field(
        description="`say` (messages), `card` (cards and their updates), `lookup` (forms and "
        "instances read), `run` (runs started and stopped, and what templates call; `aliyun` "
        "only). `webhook` has `say` alone. Kinds named together share the budget."
    )
    per: Literal["chat", "app", "region"] = Field(
        description="Each chat has its own (`chat`; for `aliyun` each `region`, for `webhook` each "
        "robot), or the whole `app` has one."
    )
    count: int = Field(ge=1, le=100000, description="So many calls …")
    per_seconds: float = Field(
        gt=0, le=86400, allow_inf_nan=False, description="… within so many seconds."
    )


class File(Table):
    """The whole file."""

    bot: Bot = Field(default_factory=Bot)
    dingtalk: DingTalk | None = None
    lark: Lark | None = None
    aliyun: Aliyun | None = None
    person: Annotated[tuple[Person, ...], Field(strict=False)] = ()
    role: dict[Text, Role] = Field(default_factory=dict)
    policy: dict[Text, Policy] = Field(default_factory=dict)
    group: Annotated[tuple[Group, ...], Field(strict=False)] = ()
    command: dict[Text, Command] = Field(default_factory=dict)
    form: Annotated[tuple[Form, ...], Field(strict=False)] = ()
    oos: Oos = Field(default_factory=Oos)
    webhook: Webhook = Field(default_factory=Webhook)
    rule: Annotated[tuple[rules.Rule, ...], Field(strict=False)] = ()
    endpoint: Annotated[tuple[rules.Endpoint, ...], Field(strict=False)] = ()
    bus: Annotated[tuple[rules.Bus, ...], Field(strict=False)] = ()
    http: rules.Http | None = None
    source: Annotated[tuple[rules.Source, ...], Field(strict=False)] = ()
    security: Security = Field(default_factory=Security)
    budget: Annotated[tuple[Budget, ...], Field(strict=False)] = ()
