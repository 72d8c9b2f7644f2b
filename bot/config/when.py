"""``[[policy.when]]``: its shape, and what can never come of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from bot import policy, regexes, texts
from bot.config.kinds import Regex
from bot.source.tables import Table
from bot.source.values import Glob, Globs, Text, Texts, Zone, fault

KEY = "policy_when"
"""Where the tables of ``[[policy.when]]`` stand among those of the file."""
NARROWING = ("commands", "groups", "roles")
CONDITIONS = (
    "risk", "tags", "more_targets_than", "values", "regex", "hours",
    "oncall", "oncall_absent",
)  # fmt: skip
Risk = Literal["low", "medium", "high", "critical"]


def _hours(text: str) -> str:
    try:
        policy.Hours.read(text)
    except policy.NoHours as error:
        raise fault("{why}", why=str(error)) from None
    return text


def _tag(text: str) -> str:
    if not text.partition("=")[0] or "=" not in text:
        raise fault('must be "key=value"; the value may be a pattern, such as "env=prod*"')
    return text


class When(Table):
    """A policy that is needed besides the usual one, never in its place, for what this table is
    about. Several tables add up. `commands`, `groups` and `roles` always narrow it: each of them
    that stands here must fit. `match` is about the other keys: all of them must hold, or one."""

    policy: Text = Field(description="The policy that is needed, too.")
    reason: Text = Field(description="Why, as people are told.")
    reason_zh: Text | None = Field(
        default=None, description="The same in Chinese, where the bot speaks it. Default: `reason`."
    )
    match: Literal["all", "any"] = Field(
        default="all",
        description="Whether `all` of the conditions below must hold, or `any` one of them.",
    )
    commands: Annotated[tuple[Glob, ...], Field(strict=False)] = Field(
        default=(), description="Only for commands of which one of these patterns is the name."
    )
    groups: Texts = Field(default=(), description="Only for what is asked for in these groups.")
    roles: Texts = Field(default=(), description="Only where the requester has one of these roles.")
    risk: Annotated[tuple[Risk, ...], Field(strict=False)] = Field(
        default=(), description="Condition: the command is rated so."
    )
    tags: Annotated[tuple[Annotated[Glob, AfterValidator(_tag)], ...], Field(strict=False)] = Field(
        default=(),
        description='Condition: a target has one of these tags, such as `"env=prod"`; the value '
        'may be a pattern (`"env=prod*"`, `"owner=*"`).',
    )
    more_targets_than: int | None = Field(
        default=None, ge=0, le=10000, description="Condition: there are more instances than this."
    )
    values: dict[Text, Globs] = Field(
        default_factory=dict,
        description="Condition: parameter = patterns, one of which its value, or one of its "
        "values, fits. With several parameters, one of them.",
    )
    regex: Regex | None = Field(
        default=None,
        description="Condition: this is found, as with [[[security.pattern]]](#securitypattern).",
    )
    where: Annotated[
        tuple[Literal["text", "value", "script"], ...], Field(strict=False, min_length=1)
    ] = Field(default=("text", "value", "script"), description="Where `regex` is looked for.")
    hours: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=64), AfterValidator(_hours)], ...],
        Field(strict=False),
    ] = Field(
        default=(),
        description='Condition: it is one of these hours, such as `"Mon-Fri 18:00-09:00"` (from '
        'the evening on into the next morning), `"Sat,Sun"` or `"22:00-06:00"` (of every day).',
    )
    oncall: Text | None = Field(
        default=None,
        description="Condition: somebody is on call by this rota of [[[oncall]]](#oncall).",
    )
    oncall_absent: Text | None = Field(
        default=None, description="Condition: nobody is on call by this rota."
    )
    timezone: Zone | None = Field(
        default=None, description="Where the hours are read. Default: `timezone` of `[bot]`."
    )


def when_of(table: When, zone: str) -> policy.When:
    """What a table says. ``zone`` is that of the bot."""
    tags = (tag.partition("=") for tag in table.tags)
    return policy.When(
        policy=table.policy,
        reason=texts.Bilingual(table.reason, table.reason_zh or ""),
        commands=table.commands,
        groups=frozenset(table.groups),
        roles=frozenset(table.roles),
        risk=frozenset(table.risk),
        tags=tuple((key, value) for key, _, value in tags),
        more_targets_than=table.more_targets_than,
        values=dict(table.values),
        regex=regexes.compiled(table.regex) if table.regex is not None else None,
        where=frozenset(table.where),
        hours=tuple(map(policy.Hours.read, table.hours)),
        zone=table.timezone or zone,
        on_call=table.oncall or "",
        off_call=table.oncall_absent or "",
        any_of=table.match == "any",
    )
