"""The shape of ``bot.toml``: one model per table, one field per key, each described here.

``docs/reference/configuration.md`` is printed from these descriptions (``bot.config.reference``).
Types are strict: "5" is not 5. What several keys say together is judged in ``bot.config.check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol

from pydantic import Field, StringConstraints

from bot.config import rules
from bot.config.kinds import CHECKOUT, Regex
from bot.config.oncall import Rota
from bot.config.policy_tables import Policy as Policy
from bot.config.policy_tables import Stage as Stage
from bot.config.runbooks import Oos
from bot.config.when import When
from bot.model import manifests
from bot.source import values
from bot.source.secret import Secret
from bot.source.tables import Table
from bot.source.values import ADDRESS, Address, Caller, Folder, Kind, Listen, Text, Texts


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
    store: values.OpenOrNone = Field(
        default=None,
        description="The database that replicas of the bot share: "
        "`postgresql://user@host:port/database?sslmode=verify-full`, with PostgreSQL 14 or later "
        "and the extra `countersign[postgres]`. With a password in it the whole address is a "
        'secret: `{ env = "NAME" }`; or the password comes from `PGPASSWORD` or `~/.pgpass`, as '
        "with all of PostgreSQL's programs. Default: the SQLite file in `data`, of one bot alone.",
    )
    lease: int = Field(
        default=10,
        ge=3,
        le=120,
        description="With `store`: after so many seconds without a sign of life the other replicas "
        "take over what one had in hand.",
    )
    other_configuration: Literal["wait", "refuse"] = Field(
        default="wait",
        description="With `store`: what a replica does whose configuration differs from the one in "
        "use: `wait` until it is in use, or `refuse` to start.",
    )
    replica: values.OpenOrNone = Field(
        default=None,
        description="With `store`: what this replica is called in `status` and in logs, such as "
        '`{ env = "POD_NAME" }`. Default: the name of the machine and the number of the process.',
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
    keep: values.Days | None = Field(
        default=None,
        description="How long what people typed, the values that requests ran with and what came "
        'out is kept after a request has ended, in whole days, 30 or more: `"400d"`. Default: '
        "for ever. Who asked, who voted, what ran where and how it ended stays in any case, and so "
        "does every hash of the audit log.",
    )
    commands: Folder = Field(
        default=CHECKOUT / "commands",
        description="Folder of the command files: what people can ask for.",
    )
    capture: Folder | None = Field(
        default=None,
        description="Folder into which everything is captured that goes over the wire, without "
        "secrets and people, to see what a platform really sends and to "
        "[replay it](../how-to/capture.md). Made when missing, for its owner alone. Default: "
        "nothing is captured.",
    )
    capture_size: values.Size = Field(
        default=64 << 20,
        ge=256 << 10,
        le=64 << 30,
        description='So much is kept in it, in bytes, such as `"64MB"`; the oldest goes first.',
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


class Web(Table):
    """What those who operate the bot are served, and sent."""

    operate: Listen | None = Field(
        default=None,
        description="Address and port of `/healthz`, `/readyz` and `/metrics`, such as "
        "`127.0.0.1:9464`. Whoever reaches it may read it: it holds numbers, and no secrets, names "
        "of people or texts. Default: nothing is listened on.",
    )
    traces: Annotated[Address, ADDRESS] | None = Field(
        default=None,
        description="Where a trace of each request is sent: the address of a collector of "
        "OpenTelemetry (OTLP over HTTP), such as `http://127.0.0.1:4318/v1/traces`. Needs the "
        "extra `countersign[otel]`. Default: nowhere.",
    )


class Person(Table):
    """One human, whatever accounts they hold. Votes are counted per person, so no account may
    stand at two people."""

    id: Text = Field(description="Short name by which this file and the audit log speak of them.")
    name: Text | None = Field(default=None, description="Name shown on cards. Default: the id.")
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


class Form(Table):
    """An OA approval form that asks for a command."""

    platform: values.FormPlatform = Field(description="Where the form is.")
    form: Text = Field(description="%(form)s.")
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

    regex: Regex = Field(
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


class Period(Table):
    """Times that matter to operations. `from` is added by ``bot.config.file``, as it is a word of
    Python."""

    name: Text = Field(description="Name by which people are told of it.")
    until: values.Moment | None = Field(
        default=None,
        description="The end: a date (which belongs to it) or a local time. Default: none.",
    )
    hours: Annotated[tuple[values.Hours, ...], Field(strict=False)] = Field(
        default=(),
        description='Only at these times of each week: days (`"Sat-Sun"`), hours (`"22:00-06:00"`, '
        'which end on the next day), or hours of days (`"Fri 18:00-24:00"`). Default: always.',
    )
    holidays: Text | None = Field(
        default=None,
        description="Also on the public holidays of this country, whole days: a code such as `CN`, "
        "or `DE-BY` for a part of one. Needs the extra `countersign[holidays]`.",
    )
    timezone: values.Zone | None = Field(
        default=None, description="By the clock of this time zone. Default: that of `[bot]`."
    )
    commands: values.Globs = Field(
        default=("*",), description="For operations whose name matches one of these patterns."
    )
    groups: Texts = Field(
        default=(),
        description="For what is asked in these groups, by name. Default: in all of them.",
    )
    risk: Annotated[
        tuple[Literal["low", "medium", "high", "critical"], ...], Field(strict=False)
    ] = Field(default=(), description="For operations of these risks. Default: of any.")
    reason: Text = Field(description="Why, as people are told.")
    reason_zh: Text | None = Field(
        default=None, description="The same in Chinese, where the bot speaks it. Default: `reason`."
    )

    @property
    def begin(self) -> date | None:
        """What stands at `from`."""
        begin: date | None = getattr(self, "from")
        return begin


class Freeze(Period):
    """Times at which the operations that it names do not start. What is approved meanwhile waits,
    and starts by itself afterwards."""


class Window(Period):
    """Times at which the operations that it names may start. What one or more windows name starts
    in one of them only; what is approved before waits for it."""


class Security(Table):
    """Checks that hold for every command."""

    allow_plain_http: bool = Field(
        default=False,
        description="Accept `http://` addresses of other machines. On loopback they are always "
        "accepted; elsewhere they would send secrets and commands readable by anyone in between.",
    )
    pattern: Annotated[tuple[Pattern, ...], Field(strict=False)] = Field(
        default=(), description="See [[[security.pattern]]](#securitypattern)."
    )


class RateLimit(Table):
    """How often the bot calls a platform. A platform without an entry has the default ones; what
    exceeds a budget waits its turn and is never dropped."""

    platform: Caller = Field(
        description="Which platform. `webhook` is all custom robots and other addresses that "
        "messages go to, `%(robot)s` those of one kind."
    )
    kinds: Annotated[tuple[Kind, ...], Field(strict=False, min_length=1)] = Field(
        description="`say` (messages), `card` (cards and their updates), `lookup` (forms and "
        "instances read), `run` (runs started and stopped, and what templates call; `%(cloud)s` "
        "only). `webhook` has `say` alone. Kinds named together share the budget."
    )
    per: Literal["chat", "app", "region"] = Field(
        description="Each chat has its own (`chat`; for `%(cloud)s` each `region`, for `webhook` "
        "each robot), or the whole `app` has one."
    )
    count: int = Field(ge=1, le=100000, description="So many calls …")
    per_seconds: float = Field(
        gt=0, le=86400, allow_inf_nan=False, description="… within so many seconds."
    )


# What a configuration needs of the tables whose keys adapters and policies declare.


class Group(Protocol):
    platform: str
    chat: str
    name: str
    commands: tuple[str, ...]


class Quota(Protocol):
    platform: str
    calls: int
    pushes: int
    timezone: str
    group: str


class Command(Protocol):
    policy: str
    risk: str | None
    targets: tuple[str, ...]
    allowed_targets: tuple[str, ...]
    most_targets: int
    region: str
    timeout: int | None
    command_id: str
    invoke: bool
    allowed_values: Mapping[str, tuple[str, ...]]
    engine: str
    oos_template: str
    oos_version: str
    unjudged_calls: str
    lock: str
    resources: tuple[str, ...]
    model_fields_set: set[str]


class Robot(Protocol):
    name: str
    platform: str
    url: Secret
    secret: Secret | None


class Robots(Protocol):
    hosts: tuple[str, ...]
    robot: tuple[Robot, ...]


class Bus(Protocol):
    name: str
    bus: str
    account: str
    region: str
    endpoint: str


class Endpoint(Protocol):
    name: str
    url: Secret
    secret: Secret | None
    headers: Mapping[str, Secret]


class Http(Protocol):
    listen: str
    remember: timedelta


class Source(Protocol):
    name: str
    path: str
    kind: str
    secret: Secret | None
    token: Secret | None
    unsigned: bool
    encrypt_key: Secret | None
    card_secret: Secret | None
    only: tuple[str, ...]
    person: str | None
    mapping: Mapping[str, str]
    model_fields_set: set[str]


class Cloud(Protocol):
    region: str
    endpoints: Mapping[str, str]


class File(Table):
    """The whole file. ``bot.config.file`` adds the tables that policies and adapters declare."""

    adapters: ClassVar[manifests.Adapters]
    if TYPE_CHECKING:
        group: tuple[Group, ...]
        quota: tuple[Quota, ...]
        policy: dict[str, Policy]
        command: dict[str, Command]
        oncall: tuple[Rota, ...]
        locks: Table

    bot: Bot = Field(default_factory=Bot)
    person: Annotated[tuple[Person, ...], Field(strict=False)] = ()
    role: dict[Text, Role] = Field(default_factory=dict)
    form: Annotated[tuple[Form, ...], Field(strict=False)] = ()
    oos: Oos = Field(default_factory=Oos)
    rule: Annotated[tuple[rules.Rule, ...], Field(strict=False)] = ()
    policy_when: Annotated[tuple[When, ...], Field(strict=False)] = ()
    web: Web = Field(default_factory=Web)
    security: Security = Field(default_factory=Security)
    freeze: Annotated[tuple[Freeze, ...], Field(strict=False)] = ()
    window: Annotated[tuple[Window, ...], Field(strict=False)] = ()
    budget: Annotated[tuple[RateLimit, ...], Field(strict=False)] = ()

    def table(self, name: str) -> Table | None:
        """The table of an adapter; None where the file has none."""
        table: Table | None = getattr(self, name)
        return table

    @property
    def chats(self) -> dict[str, Table]:
        """The tables of chat platforms that the file has."""
        tables = {name: self.table(name) for name in self.adapters.platforms}
        return {name: table for name, table in tables.items() if table is not None}

    @property
    def cloud(self) -> Cloud | None:
        """The table of the cloud."""
        table: Cloud | None = getattr(self, self.adapters.cloud.name)
        return table

    @property
    def robots(self) -> Robots:
        """The table of robots, be it empty."""
        table: Robots = getattr(self, self.adapters.robots.name)
        return table

    @property
    def http_server(self) -> Http | None:
        """The table of the server for events; None where the file has none."""
        table: Http | None = getattr(self, self.adapters.inlet.name)
        return table

    @property
    def sources(self) -> tuple[Source, ...]:
        """The tables of those who send events."""
        tables: tuple[Source, ...] = getattr(self, self.adapters.inlet.sources)
        return tables

    def tenants(self, platform: str) -> tuple[str, ...]:
        """The organisations that the bot listens to on a platform."""
        if platform not in self.chats:
            return ()
        key = self.adapters.chat(platform).tenants
        names: tuple[str, ...] = getattr(self.chats[platform], key) if key else (platform,)
        return names

    @property
    def evaluation(self) -> frozenset[str]:
        """The platforms for evaluation, where a real one stands beside them."""
        names = frozenset(name for name in self.chats if self.adapters.chat(name).evaluation)
        return names if names < self.chats.keys() else frozenset()
