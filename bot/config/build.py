"""From the valid file to what the bot works with: its book of rules and its budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot import policy, regexes, texts
from bot.config import check, people, schema
from bot.policy import identity


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``count`` calls of ``kinds`` together within ``seconds``, per "chat" or per "app".

    ``kinds``: say, card, lookup, run. The executor's calls have no ``platform`` (""), and for them
    a region stands for the chat. "webhook" is all custom robots, "webhook.lark" those of one
    platform; each robot stands for a chat.
    """

    platform: str
    kinds: frozenset[str]
    per: Literal["chat", "app"]
    count: int
    seconds: float


# DingTalk: 20 a minute per robot and group, 20 a second per API of an app ("call-frequency-limit",
# "custom-bot-to-send-group-chat-messages" on open.dingtalk.com). Lark: 5 a second per group, shared
# by all its bots, and 50 a second per API ("im-v1/message/create" on open.feishu.cn). Lark's custom
# robots: 5 a second and 100 a minute ("client-docs/bot-v3/add-custom-bot").
DEFAULT_BUDGETS: tuple[tuple[str, tuple[str, ...], Literal["chat", "app"], int, float], ...] = (
    ("dingtalk", ("say",), "chat", 20, 60.0),
    ("dingtalk", ("card", "lookup"), "app", 20, 1.0),
    ("lark", ("say", "card"), "chat", 5, 1.0),
    ("lark", ("say", "card"), "app", 50, 1.0),
    ("webhook.dingtalk", ("say",), "chat", 20, 60.0),
    ("webhook.lark", ("say",), "chat", 5, 1.0),
    ("webhook.lark", ("say",), "chat", 100, 60.0),
)


def budgets(file: schema.File) -> tuple[Budget, ...]:
    """Those of the file; a platform of which it says nothing has the default ones."""
    own = {budget.platform for budget in file.budget}
    given = [
        Budget(
            "" if budget.platform == check.EXECUTOR else budget.platform,
            frozenset(budget.kinds),
            "app" if budget.per == "app" else "chat",
            budget.count,
            float(budget.per_seconds),
        )
        for budget in file.budget
    ]
    usual = [
        Budget(platform, frozenset(kinds), per, count, seconds)
        for platform, kinds, per, count, seconds in DEFAULT_BUDGETS
        if not own & {platform, platform.partition(".")[0]}
    ]
    return tuple(given + usual)


def book(file: schema.File) -> policy.Book:
    """Everything that the file says about people and permission."""
    humans = {person.id: _person(file, person) for person in file.person}
    tenants: dict[str, frozenset[str]] = {}
    if file.dingtalk:
        tenants["dingtalk"] = frozenset(file.dingtalk.corps)
    if file.lark:
        tenants["lark"] = frozenset(file.lark.tenants)
    return policy.Book(
        people=humans,
        roles={
            name: policy.Role(name, frozenset(role.commands)) for name, role in file.role.items()
        },
        policies={name: _policy(file, name, table) for name, table in file.policy.items()},
        groups=tuple(_group(group) for group in file.group),
        commands={name: _rule(command) for name, command in file.command.items()},
        forms=tuple(_form(form) for form in file.form),
        patterns=tuple(_pattern(pattern) for pattern in file.security.pattern),
        tenants=tenants,
        direct_chats=file.security.direct_chats,
        asks_per_minute=file.security.asks_per_minute,
        oldest_message=file.security.oldest_message,
        most_open_per_person=file.security.most_open_per_person,
        most_open_per_command=file.security.most_open_per_command,
        locale=file.bot.locale,
        bot_name=file.bot.name,
        watch=_watch(file),
        index=identity.index_accounts(humans),
    )


def _watch(file: schema.File) -> policy.Watch | None:
    """The group and the policy for executions that were started elsewhere, if they are wanted."""
    oos = file.oos
    if not oos.watch or oos.policy is None or oos.group is None:
        return None
    places = [group.platform for group in file.group if group.name == oos.group]
    return policy.Watch(oos.policy, oos.platform or places[0], oos.group)


def _person(file: schema.File, person: schema.Person) -> policy.Person:
    accounts = people.accounts(file, person)
    return policy.Person(
        person.id,
        person.name or person.id,
        accounts,
        frozenset(person.roles),
        person.ram or "",
        person.ram_sessions,
    )


def _policy(file: schema.File, name: str, table: schema.Policy) -> policy.Policy:
    return policy.Policy(
        name=name,
        approvers=check.approvers(file, table),
        mode=table.mode,
        count=table.count or 1,
        self_approval=table.self_approval,
        form_counts=table.form_counts,
        code_required=table.code_required,
        expires=table.expires,
        remind=table.remind or table.expires / 3,
        canary=table.canary,
        run_within=table.run_within,
    )


def _group(group: schema.Group) -> policy.Group:
    return policy.Group(
        platform=group.platform,
        chat=group.chat,
        name=group.name,
        locale=group.locale or "",
        commands=frozenset(group.commands),
    )


def _rule(command: schema.Command) -> policy.CommandRule:
    return policy.CommandRule(
        policy=command.policy,
        risk=command.risk or "",
        targets=command.targets,
        allowed_targets=command.allowed_targets,
        most_targets=command.most_targets,
        region=command.region,
        user=command.user,
        workdir=command.workdir,
        timeout=command.timeout or (0 if command.command_id else 60),
        command_id=command.command_id,
        invoke=command.invoke,
        allowed_values=dict(command.allowed_values),
        engine=command.engine,
        oos_template=command.oos_template,
        oos_version=command.oos_version,
        drift=command.drift,
        unjudged_calls=command.unjudged_calls,
    )


def _form(form: schema.Form) -> policy.FormRule:
    return policy.FormRule(
        platform=form.platform,
        form=form.form,
        command=form.command,
        args=dict(form.args),
        group=form.group,
        policy=form.policy or "",
    )


def _pattern(pattern: schema.Pattern) -> policy.Pattern:
    return policy.Pattern(
        regex=regexes.compiled(pattern.regex),
        where=frozenset(pattern.where),
        action=pattern.action,
        reason=texts.Bilingual(pattern.reason, pattern.reason_zh or ""),
        policy=pattern.policy or "",
        commands=frozenset(pattern.commands),
    )
