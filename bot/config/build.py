"""From the valid file to what the bot works with: its book of rules and its budgets."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot import policy, regexes, texts
from bot.config import check_policies, people, schema
from bot.config.ladders import LadderStep
from bot.config.oncall import rota_of
from bot.config.when import when_of
from bot.model import manifests
from bot.model.manifests import RateLimit
from bot.policy import calendar, identity, oncall
from bot.source.tables import settings_from


def limits(adapters: manifests.Adapters) -> tuple[RateLimit, ...]:
    """Those that hold where the file says nothing."""
    parties = (*adapters.chats, adapters.cloud, adapters.robots)
    return tuple(limit for one in parties for limit in one.limits)


def budgets(file: schema.File) -> tuple[RateLimit, ...]:
    """Those of the file; a platform of which it says nothing has the default ones."""
    own = {budget.platform for budget in file.budget}
    own_limits = [
        RateLimit(
            "" if budget.platform == file.adapters.cloud.name else budget.platform,
            tuple(budget.kinds),
            "app" if budget.per == "app" else "chat",
            budget.count,
            float(budget.per_seconds),
        )
        for budget in file.budget
    ]
    usual = [
        limit
        for limit in limits(file.adapters)
        if not own & {limit.platform, limit.platform.partition(".")[0]}
    ]
    return tuple(own_limits + usual)


def book(file: schema.File) -> policy.Book:
    """Everything that the file says about people and permission."""
    humans = {person.id: _person(file, person) for person in file.person}
    return settings_from(
        policy.Book,
        file.security,
        people=humans,
        roles={
            name: policy.Role(name, frozenset(role.commands)) for name, role in file.role.items()
        },
        policies={name: _policy(file, name, table) for name, table in file.policy.items()},
        groups=tuple(settings_from(policy.Group, group) for group in file.group),
        commands={name: _rule(command) for name, command in file.command.items()},
        forms=tuple(_form(form) for form in file.form),
        patterns=tuple(_pattern(pattern) for pattern in file.security.pattern),
        freezes=tuple(period(file, table) for table in file.freeze),
        windows=tuple(period(file, table) for table in file.window),
        locks=settings_from(policy.Locks, file.locks),
        timezone=file.bot.timezone,
        when=tuple(when_of(table, file.bot.timezone) for table in file.policy_when),
        oncall=oncall.Roster(
            {
                table.name: rota_of(
                    table, file.bot.timezone, {one.id: one.name for one in humans.values()}
                )
                for table in file.oncall
            }
        ),
        tenants={name: frozenset(file.tenants(name)) for name in file.chats},
        locale=file.bot.locale,
        bot_name=file.bot.name,
        watch=_watch(file),
        quotas={one.platform: settings_from(policy.Quota, one) for one in file.quota},
        evaluation=file.evaluation,
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
    return settings_from(
        policy.Policy,
        table,
        name=name,
        approvers=check_policies.people(file, table, words=True),
        stages=tuple(_stage(file, stage) for stage in table.stages),
        remind=table.remind or table.expires / 3,
        delegates=check_policies.named_people(file, table.delegates or (), words=True),
        ladder=tuple(_step(file, step) for step in table.ladder),
        quiet_timezone=(table.quiet_timezone or file.bot.timezone) if table.quiet else "UTC",
        break_glass=_break_glass(file, table.break_glass),
        batch=table.batch or timedelta(),
    )


def _step(file: schema.File, table: LadderStep) -> policy.LadderStep:
    people = check_policies.named_people(file, table.who, words=True)
    return settings_from(policy.LadderStep, table, who=people)


def _break_glass(file: schema.File, table: policy.BreakGlass | None) -> policy.BreakGlass | None:
    if table is None:
        return None
    people = check_policies.named_people(file, table.people, words=True)
    return settings_from(policy.BreakGlass, table, people=people)


def _stage(file: schema.File, table: schema.Stage) -> policy.Stage:
    people, named = check_policies.people(file, table, words=True), table.approvers
    return settings_from(policy.Stage, table, approvers=people, named=named)


def _rule(command: schema.Command) -> policy.CommandRule:
    stored = command.command_id and command.timeout is None
    return settings_from(policy.CommandRule, command, **({"timeout": 0} if stored else {}))


def _form(form: schema.Form) -> policy.FormRule:
    return policy.FormRule(
        platform=form.platform,
        form=form.form,
        command=form.command,
        args=dict(form.args),
        group=form.group,
        policy=form.policy or "",
    )


def period(file: schema.File, table: schema.Period) -> calendar.Period:
    """A freeze or a window, by the clock of its zone."""
    zone = table.timezone or file.bot.timezone
    begin = None if table.begin is None else _midnight(table.begin)
    end = None if table.until is None else _midnight(table.until)
    if end is not None and not isinstance(table.until, datetime):
        end += timedelta(days=1)
    return calendar.Period(
        table.name,
        calendar.Times(zone, begin, end, table.hours, table.holidays or ""),
        texts.Bilingual(table.reason, table.reason_zh or ""),
        table.commands,
        frozenset(table.groups),
        frozenset(table.risk),
    )


def _midnight(day: date) -> datetime:
    """A time as it is; of a date its beginning."""
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


def _pattern(pattern: schema.Pattern) -> policy.Pattern:
    return policy.Pattern(
        regex=regexes.compiled(pattern.regex),
        where=frozenset(pattern.where),
        action=pattern.action,
        reason=texts.Bilingual(pattern.reason, pattern.reason_zh or ""),
        policy=pattern.policy or "",
        commands=frozenset(pattern.commands),
    )
