"""Who there is and what is allowed, as the configuration says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot import model, regexes
from bot.policy import absence, oncall
from bot.policy.calendar import Period
from bot.policy.ladder import LadderStep
from bot.policy.locks import Locks
from bot.policy.locks import Mode as LockMode
from bot.policy.oncall import Calendars
from bot.policy.quota import Quota
from bot.policy.verdicts import Refusal as Refusal
from bot.policy.verdicts import Verdict as Verdict
from bot.policy.verdicts import together as together
from bot.policy.when import When
from bot.source.tables import settings
from bot.source.values import (
    Absolute,
    Duration,
    Globs,
    Hours,
    InFile,
    Locale,
    Platform,
    Region,
    SomeTexts,
    Text,
    Texts,
    Zone,
)


@dataclass(frozen=True, slots=True)
class Person:
    """One human, whatever accounts they hold: (platform, tenant, account id), or (platform, account
    id) where the platform has one tenant. ``ram`` is their RAM user, by which an approval within a
    template names them; ``ram_sessions`` are the names of sessions that only they can start (with
    single sign-on, say)."""

    id: str
    name: str
    accounts: tuple[tuple[str, ...], ...]
    roles: frozenset[str] = frozenset()
    ram: str = ""
    ram_sessions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """``commands`` that its holders may ask for; "*" is all."""

    name: str
    commands: frozenset[str]


TAG = "tag:"
"""Before the tag by which targets name an approver."""
Mode = Literal["any", "all", "sequence", "count"]
Risk = Literal["low", "medium", "high", "critical"]


@settings
class Stage:
    """A stage of a policy: whose approvals it takes, and how many."""

    approvers: SomeTexts = Field(
        description='People by id, `"role:NAME"` for everyone with a role, `"oncall:NAME"` for '
        'whoever is on call by that rota, or `"tag:KEY"` for those whom that tag names at each '
        "target, by id or RAM user. The order counts for `sequence`."
    )
    mode: Mode = Field(default="any", description="As of a policy without stages.")
    count: Annotated[int, InFile(int)] = Field(
        default=1, ge=1, le=1000, description="How many approvals `count` needs."
    )
    named: tuple[str, ...] = ()
    """The approvers as the file names them: what people call the stage."""


@settings
class BreakGlass:
    """Who may have a request run at once, without the votes of the policy that has this table, and
    what comes after. Where several policies add up, each must have one, and all of them hold."""

    people: SomeTexts = Field(
        description='Who may: people by id, `"role:NAME"` for everyone with a role, or '
        '`"oncall:NAME"` for whoever is on call by that rota.'
    )
    groups: Texts = Field(
        default=(),
        description="Groups, by name, that are told besides the thread and every approver.",
    )
    ratify: Duration = Field(
        default=timedelta(hours=4),
        description="So long the approvers have to ratify it or to object, at most 7d.",
    )
    most: int = Field(
        default=3, ge=1, le=100, description="So often one person may within seven days."
    )
    freezes: bool = Field(
        default=False, description="Whether it also goes past freezes and change windows."
    )


@settings
class Policy:
    """Who must agree before an operation runs: its `approvers`, or those of several `stages`. A key
    `run_within` of `[policy]` itself holds for all policies that have none of their own."""

    name: str
    approvers: Annotated[tuple[str, ...], InFile(SomeTexts)] = Field(
        default=(),
        description='People by id, `"role:NAME"` for everyone with a role, `"oncall:NAME"` for '
        'whoever is on call by that rota, or `"tag:KEY"` for those whom that tag names at each '
        "target, by id or RAM user. The order counts for `sequence`. "
        "Nobody approves their own request (see `self_approval`).",
    )
    mode: Mode = Field(
        default="any",
        description="`any` (或签): one of them. `all` (会签): every one. `sequence` (依次): every "
        "one, in order. `count`: `count` of them.",
    )
    count: Annotated[int, InFile(int)] = Field(
        default=1, ge=1, le=1000, description="How many approvals `count` needs."
    )
    stages: Annotated[tuple[Stage, ...], Field(strict=False)] = Field(
        default=(),
        description="In place of `approvers`: several groups of people who must all agree, each "
        "with its own `approvers`, `mode` and `count`. One person counts in one stage.",
    )
    order: Literal["any", "sequence"] = Field(
        default="any",
        description="`any`: all stages are open at once. `sequence`: each once the one before is "
        "complete.",
    )
    delegates: Annotated[tuple[str, ...], InFile(Texts)] = Field(
        default=(),
        description="Who may stand in for its approvers while they are away, where they name one "
        "(`away until Monday delegate bob`): as `approvers` has it, but no tags. Default: nobody.",
    )
    rejections: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="So many approvers must reject for it to be rejected; all of them, where there "
        "are fewer. Whoever rejects has not approved.",
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
    read_first: bool = Field(
        default=True,
        description="Where the card does not hold the whole plan, a person's first approval sends "
        "it to them and does not count; one does that they give after it has arrived.",
    )
    standing: bool = Field(
        default=False,
        description="Whether its approvers may agree beforehand to what is asked for within "
        "bounds, until a date: see [standing approvals](../how-to/standing.md).",
    )
    expires: Duration = Field(
        default=timedelta(minutes=30), description="A request not decided by then expires."
    )
    remind: Annotated[timedelta, InFile(Duration)] = Field(
        default=timedelta(minutes=10),
        description="The approvers are reminded when a request was open for so long; shorter than "
        "`expires`. Default: a third of it.",
    )
    ladder: Annotated[tuple[LadderStep, ...], Field(strict=False, max_length=20)] = Field(
        default=(),
        description="In place of `remind`: whom to tell of a request that waits, when and how.",
    )
    quiet: Annotated[tuple[Hours, ...], Field(strict=False)] = Field(
        default=(),
        description='Hours in which nobody is reminded, such as `"22:00-08:00"` or `"Sat-Sun"`: '
        "that waits until they are over.",
    )
    quiet_timezone: Annotated[str, InFile(Zone)] = Field(
        default="UTC", description="Where `quiet` is read. Default: `timezone` of `[bot]`."
    )
    quiet_except: Annotated[tuple[Risk, ...], Field(strict=False)] = Field(
        default=(), description="Requests of this risk are reminded of in quiet hours, too."
    )
    batch: Annotated[timedelta, InFile(Duration)] = Field(
        default=timedelta(),
        description="Requests of one person for one command, in one group, are voted on together, "
        "on one card, where each is asked for within so long of one before it and nobody has "
        "voted yet; shorter than `expires`. Scripts asked for in a chat only. Default: each by "
        "itself.",
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
    break_glass: BreakGlass | None = Field(
        default=None,
        description="Who may have it run without these votes: see "
        "[[policy.NAME.break_glass]](#policynamebreak_glass). Default: nobody.",
    )

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """Its stages; one that has none is a single stage."""
        return self.stages or (Stage(self.approvers, self.mode, self.count),)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody whom a stage names, each once, in order."""
        return tuple(dict.fromkeys(who for one in self.all_stages for who in one.approvers))

    @property
    def by_tag(self) -> bool:
        """Do targets name some of its approvers, so that these are not known without them?"""
        return any(who.startswith(TAG) for who in self.people)

    @property
    def by_oncall(self) -> bool:
        """Are some of its approvers those who are on call at the time?"""
        return any(who.startswith(oncall.WORD) for who in self.people)

    @property
    def in_turn(self) -> bool:
        """Must somebody wait for somebody else's vote?"""
        in_order = self.order == "sequence" and len(self.all_stages) > 1
        return in_order or any(one.mode == "sequence" for one in self.all_stages)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern looked for in what was typed ("text"), in parameter values ("value") or in the
    rendered script ("script"). ``action``: refuse, escalate (to ``policy``), or require (refuse
    when it is absent). ``commands`` limits it; empty is all. ``reason`` may have its Chinese with
    it (``texts.Bilingual``)."""

    regex: regexes.Regex
    where: frozenset[str]
    action: Literal["refuse", "escalate", "require"]
    reason: str
    policy: str = ""
    commands: frozenset[str] = frozenset()


@settings
class CommandRule:
    """How an operation runs. An operation without such a table cannot be asked for; commands that
    only tell something need none."""

    policy: Text = Field(description="The policy that must be satisfied.")
    risk: Annotated[str, InFile(Risk)] = Field(
        default="", description="Shown on the card. Default: what the command's file says."
    )
    targets: Texts = Field(
        default=(), description="Instances used when none are named: ids, names or `tag:key=value`."
    )
    allowed_targets: Globs = Field(
        default=("*",),
        description="Patterns (`web-*`), one of which each instance's name or id must match; of a "
        "template, at each of its calls.",
    )
    most_targets: int = Field(
        default=100,
        ge=1,
        le=10000,
        description="Most instances of one request; of a template, over its whole run.",
    )
    region: Region = Field(
        default="", description="Region of its instances. Default: that of `[%(cloud)s]`."
    )
    user: Annotated[str, StringConstraints(max_length=255)] = Field(
        default="",
        description="User on the instance that runs it. Default: Cloud Assistant's own (root).",
    )
    workdir: Absolute = Field(
        default="",
        description="Folder on the instance where it runs. Default: Cloud Assistant's own.",
    )
    timeout: Annotated[int, InFile(Annotated[int, Field(ge=10, le=86400)])] = Field(
        default=60,
        description="Seconds after which Cloud Assistant stops it. Default: 60, or what the stored "
        "command says.",
    )
    """0: what the stored command says."""
    command_id: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="",
        description="Run this command, stored in Cloud Assistant, in place of the file's script: "
        "its text is read (`ecs:DescribeCommands`), shown and run as it was shown.",
    )
    invoke: bool = Field(
        default=False,
        description="Run `command_id` by its id (`ecs:InvokeCommand`), where RAM does not allow "
        "`ecs:RunCommand`. What was run is compared with what was shown, and a difference told.",
    )
    allowed_values: dict[Text, Texts] = Field(
        default_factory=dict, description="The only values that a parameter may take."
    )
    engine: Literal["", "oos"] = Field(
        default="",
        description="Templates only. `oos` runs it on OOS itself; otherwise the bot does.",
    )
    oos_template: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="",
        description="Start this template of OOS, in place of the file's text (`oos`): it is read "
        "(`oos:GetTemplate`) and shown.",
    )
    oos_version: Annotated[str, StringConstraints(max_length=20)] = Field(
        default="",
        description="Version of `oos_template`, such as `v3`. Default: the newest when it is "
        "planned, which is shown and pinned.",
    )
    drift: Literal["ask", "intersect"] = Field(
        default="ask",
        description="Templates only. When the targets found at the start are no longer those that "
        "were voted on: `ask` again, or `intersect` and run on those that are still there "
        '(with `engine = "oos"`, which runs what was approved as it is, they are asked for again).',
    )
    unjudged_calls: Literal["", "allow", "refuse"] = Field(
        default="",
        description="Templates only. What becomes of a call that changes something and names no "
        'instance, or is made by OOS, so that `allowed_targets` cannot be held to it: "allow" or '
        '"refuse". Default: "allow" with `allowed_targets = ["*"]`, else "refuse".',
    )
    lock: Literal["", LockMode] = Field(
        default="",
        description="What happens where another operation is at work on one of its instances or "
        "resources: `queue`, `refuse`, `warn` or `off`. Default: what `[locks]` says.",
    )
    resources: Texts = Field(
        default=(),
        description='What it needs besides its instances, by names of your own: `"payments-db"`, '
        '`"{env}-db"` with the value of its parameter `env`. See `[locks]`.',
    )


@settings
class Group:
    """A chat where the bot works. It answers in no other."""

    platform: Platform = Field(description="Where the chat is.")
    chat: Text = Field(description="%(chat)s.")
    name: Text = Field(description="Name by which forms refer to it.")
    locale: Annotated[str, InFile(Locale)] = Field(
        default="", description="Its language. Default: that of `[bot]`."
    )
    commands: Texts = Field(
        default=("*",),
        description='Operations that may be asked for here; `"*"` is all that a role allows.',
    )


@dataclass(frozen=True, slots=True)
class FormRule:
    """An OA form that asks for a command. ``args``: parameter → form field (its name or id); a
    value that starts with "=" is a constant. ``group`` (name) gets the card and the audit reply."""

    platform: str
    form: str
    command: str
    args: Mapping[str, str]
    group: str
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What becomes of executions that were started elsewhere and wait: a card in ``group`` (of
    ``platform``), voted on by ``policy``."""

    policy: str
    platform: str
    group: str


Key = tuple[str, str, str]
"""An account: platform, tenant ("" is the only one that the platform has), account id."""


@settings
class Limits:
    """Checks that hold for every command."""

    _: KW_ONLY
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
    most_per_batch: int = Field(
        default=20, ge=2, le=100, description="How many requests are voted on together at most."
    )
    most_open_per_command: int = Field(
        default=200, ge=1, le=100000, description="How many open requests one command may have."
    )


@dataclass(frozen=True, slots=True)
class Book(Limits):
    """Everything that the configuration says about people and permission."""

    people: Mapping[str, Person]
    roles: Mapping[str, Role]
    policies: Mapping[str, Policy]
    groups: tuple[Group, ...]
    commands: Mapping[str, CommandRule]
    forms: tuple[FormRule, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    freezes: tuple[Period, ...] = ()
    windows: tuple[Period, ...] = ()
    timezone: str = "UTC"
    when: tuple[When, ...] = ()
    oncall: oncall.Roster = field(default_factory=oncall.Roster)
    locks: Locks = field(default_factory=Locks)
    absences: absence.Absences = field(default_factory=absence.Absences, compare=False)
    tenants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    locale: str = "zh-CN"
    bot_name: str = "countersign"
    watch: Watch | None = None
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """What a platform allows in a month, by its name; none: no limit."""
    evaluation: frozenset[str] = frozenset()
    """Platforms beside the real ones for trying things out: see ``quorum.for_evaluation``."""
    index: Mapping[Key, str | None] = field(default_factory=dict)
    """(platform, tenant, account id) → person id, None where two claim it: see
    ``index_accounts``."""

    def as_of(
        self,
        now: datetime,
        calendars: Calendars | None = None,
        away: model.Absences | None = None,
    ) -> Book:
        """The same, where "now" is a moment: it matters to who is on call, and to who is away.
        ``calendars``: what is kept of them, asked for only where some rota has one (None: what is
        known already); ``away`` keeps who is away (None: nobody is)."""
        roster = self.oncall.as_of(now, calendars) if self.oncall.rotas else self.oncall
        known = self.absences
        if (known.source, known.at) != (away, now):
            known = absence.Absences(away, now)
        elif roster is self.oncall:
            return self
        return replace(self, oncall=roster, absences=known)


def policy_of(book: Book, name: str) -> Policy:
    """The policy of a request. One that is no longer configured has no approvers: nobody can
    approve by it, and the request expires."""
    return book.policies.get(name) or Policy(name, ())
