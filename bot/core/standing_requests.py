"""How a standing approval is asked for, comes into force, and is revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot import model, policy, source, texts
from bot.commands import parameters, registry
from bot.commands.line import binder, tokenizer
from bot.core import standing_uses, subjects
from bot.core.bounds import INSTANCE
from bot.core.decision import DecisionBuilder, approvers_of
from bot.core.internal import Draft, Question
from bot.policy import access, calendar, conditions, humans, limits, needs, quorum, standing

LONGEST = timedelta(days=90)
"""How long a standing approval may be in force at most."""
FREE = "reason"
"""The parameter that says why, in any words."""
_KEY = re.compile(r"(\w[\w-]*)=")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}))?")
_TAG = "tag:"


class _Refused(Exception):
    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.refusal = policy.Refusal(key, facts)


# ----------------------------------------------------------------------------- what was typed


@dataclass
class Wish:
    """The command that is meant, with its targets as typed and patterns for its values."""

    command: registry.Command
    targets: list[str]
    values: dict[str, tuple[str, ...]]


def read(question: Question) -> Wish:
    """The words ``restart i-0a1b2c3d service=ng*``. Raises _Refused, tokenizer.Unclosed."""
    catalog, line = question.builder.deployment.catalog, tokenizer.Reader(question.values["what"])
    line.skip()
    word = line.bare()
    command = catalog.find(word)
    if command is None or command.kind != "operation" or command.internal:
        names = [one.name for one in catalog if one.kind == "operation" and not one.internal]
        known = [name for name in names if name in question.builder.deployment.book.commands]
        raise _Refused("standing.no_operation", name=word, names=known)
    wish = Wish(command, [], dict(usual(command)))
    names_ = {name.casefold(): one for one in command.parameters for name in one.names}
    while not (line.skip() and line.done) and not line.done:
        key = _KEY.match(line.plain, line.at)
        parameter = names_.get(key[1].casefold()) if key is not None else None
        if key is not None and parameter is not None:
            line.at = key.end()
            text = line.quoted() if line.at_quote() else line.solid()
            if parameter.kind == "targets":
                wish.targets += targets_of(text)
            elif parameter.name != FREE:
                wish.values[parameter.name] = patterns_of(parameter, text, question.locale)
        elif key is not None and not line.plain.startswith(_TAG, line.at):
            raise _Refused("standing.no_parameter", command=command.name, name=key[1])
        else:
            wish.targets += targets_of(line.bare().rstrip(binder.CLOSING))
    return wish


def targets_of(text: str) -> tuple[str, ...]:
    try:
        return parameters.targets_of(text)
    except source.Invalid:
        raise _Refused("standing.target", target=text) from None


def usual(command: registry.Command) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a value is that nobody gives."""
    for one in command.parameters:
        bound = one.kind != "targets" and one.name != FREE
        if bound and one.template_parameter is None and not one.required:
            yield one.name, tuple(needs.parts_of(one.default))


def patterns_of(parameter: parameters.Parameter, text: str, locale: str) -> tuple[str, ...]:
    """A value as patterns: itself, or what ``*`` and ``?`` in it stand for."""
    if parameter.secret:
        raise _Refused("standing.secret", name=parameter.name)
    if not standing.is_wild(text):
        try:
            return tuple(needs.parts_of(parameters.value_of(parameter, text)))
        except source.Invalid:
            expected = parameter.expected(locale)
            shown = {"name": parameter.name, "value": text, "expected": expected}
            raise _Refused("standing.value", **shown) from None
    if parameter.kind == "script":
        raise _Refused("standing.script", name=parameter.name)
    return (text,)


# ----------------------------------------------------------------------------- what is voted on


def draft(question: Question) -> Draft | policy.Refusal:
    """A standing approval, as people vote on it."""
    try:
        return _draft(question)
    except _Refused as refused:
        return refused.refusal
    except tokenizer.Unclosed:
        return policy.Refusal("standing.quote")


def _draft(question: Question) -> Draft:
    until = end_of(question)
    wish = read(question)
    check(question, wish)
    bounds = bounds_of(question, wish)
    verdict = needs_of(question.builder, bounds, question.person)
    if verdict.refusal is not None:
        raise _Refused(verdict.refusal.key, **verdict.refusal.facts)
    values = {
        "bounds": plain(bounds),
        "until": until.isoformat(),
        "uses": question.values["uses"],
    }
    text = "\n".join(lines(question, wish, bounds, until))
    return Draft(values, text, verdict)


def end_of(question: Question) -> datetime:
    """When it ends: at a time, or with a day."""
    if not question.values["reason"]:
        raise _Refused("standing.reason")
    zone, text = question.builder.deployment.book.timezone, str(question.values["until"])
    match = _DATE.fullmatch(text)
    try:
        day = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}") if match else None
    except ValueError:
        day = None
    if match is None or day is None:
        raise _Refused("standing.until", time=text or "–")
    day += timedelta(days=0 if match[2] else 1)
    at = calendar.moments(day, ZoneInfo(zone))[0]
    now, shown = question.builder.now, {"time": calendar.shown(at, zone)}
    if at <= now:
        raise _Refused("start.past", **shown)
    if at > now + LONGEST + timedelta(days=1):
        raise _Refused("standing.far", **shown, most=LONGEST)
    return at


def check(question: Question, wish: Wish) -> None:
    """May it be asked for at all, and can it be bounded? Raises _Refused."""
    builder, command, place = question.builder, wish.command, question.place
    book, name = builder.deployment.book, command.name
    rule = book.commands.get(name)
    if rule is None:
        raise _Refused("refused.not_enabled", command=name)
    role = role_of(question)
    if role:
        allowed = book.roles[role].commands if role in book.roles else frozenset[str]()
        if not {"*", name} & allowed:
            raise _Refused("standing.role", role=role, command=name)
    refusal = access.refusal_of_role(book, question.person, name, place, question.locale)
    if refusal is not None:
        raise _Refused(refusal.key, **refusal.facts)
    if rule.command_id or rule.oos_template:
        raise _Refused("standing.stored", command=name)
    lacking = [one.name for one in command.parameters if one.required and one.kind != "targets"]
    lacking = [one for one in lacking if one not in wish.values and one != FREE]
    if lacking:
        raise _Refused("standing.lacking", command=name, names=lacking)
    if command.parameter("targets") is not None and not wish.targets:
        raise _Refused("standing.targets", command=name)
    value = limits.forbidden_value(rule.allowed_values, exact(wish))
    refusal = conditions.refusal_of_value(value)
    if refusal is not None:
        raise _Refused(refusal.key, **refusal.facts)
    for target in wish.targets:
        if not target.startswith(_TAG) and not INSTANCE.fullmatch(target):
            raise _Refused("standing.name", target=target)


def exact(wish: Wish) -> dict[str, tuple[str, ...]]:
    """The values that are no patterns."""
    wild = {name for name, parts in wish.values.items() if any(map(standing.is_wild, parts))}
    return {name: parts for name, parts in wish.values.items() if name not in wild}


def role_of(question: Question) -> str:
    return str(question.values["holders"]).removeprefix("role:")


def bounds_of(question: Question, wish: Wish) -> model.StandingBounds:
    command, home = wish.command, question.builder.deployment
    tags = (one.removeprefix(_TAG).partition("=") for one in wish.targets if one.startswith(_TAG))
    kinds = [one.name for one in command.parameters if one.kind == "targets" or one.name == FREE]
    return model.StandingBounds(
        command.name,
        tuple(target for target in wish.targets if not target.startswith(_TAG)),
        tuple((key, value) for key, _, value in tags),
        wish.values,
        tuple(kinds),
        role_of(question),
        question.place.platform,
        question.place.chat,
        standing_uses.content_of(home, command.name, command.version, command.templates),
    )


def needs_of(
    builder: DecisionBuilder, bounds: model.StandingBounds, person: policy.Person
) -> policy.Verdict:
    """Whose agreement it takes, by the configuration of now."""
    home = builder.deployment
    rule = home.book.commands[bounds.command]
    group = access.group_of(home.book, bounds.platform, bounds.chat)
    sure = frozenset((bounds.role,)) if bounds.role else person.roles
    widest = standing.Widest(
        bounds,
        rule.policy,
        group.name if group is not None else "",
        sure,
        bool(bounds.role),
        subjects.risk_of(home, bounds.command),
        rule.most_targets if bounds.tags else len(bounds.instances),
    )
    verdict = standing.needs_of(home.book, widest)
    tagged = [name for name in verdict.policies if policy.policy_of(home.book, name).by_tag]
    if tagged:
        return policy.Verdict(policy.Refusal("standing.by_tag", {"policy": tagged[0]}))
    return verdict


def lines(
    question: Question, wish: Wish, bounds: model.StandingBounds, until: datetime
) -> Iterator[str]:
    """What is agreed to, line by line."""
    builder, locale = question.builder, question.locale
    home = builder.deployment
    say = texts.say
    role = bounds.role
    who = say(locale, "standing.who.role", role=role) if role else question.person.name
    group = access.group_of(home.book, bounds.platform, bounds.chat)
    time = calendar.shown(until, home.book.timezone)
    yield say(
        locale,
        "standing.plan",
        who=who,
        command=bounds.command,
        group=group.name if group is not None else bounds.chat,
        time=time,
        count=question.values["uses"],
    )
    targets = [*bounds.instances, *(f"{_TAG}{key}={value}" for key, value in bounds.tags)]
    if targets:
        yield say(locale, "standing.plan.targets", targets=", ".join(targets))
    for name, parts in bounds.values.items():
        wild = any(map(standing.is_wild, parts))
        key = "standing.plan.pattern" if wild else "standing.plan.value"
        yield say(locale, key, name=name, value=", ".join(parts) or "-")
    yield say(locale, "standing.plan.reason", reason=question.values["reason"])
    yield say(locale, "standing.plan.content", version=wish.command.version)
    for name, text in contents(builder, wish):
        yield f"--- {name}"
        yield text.rstrip()


def contents(builder: DecisionBuilder, wish: Wish) -> Iterator[tuple[str, str]]:
    """The texts of what runs, by name: the templates, or the scripts beside the command."""
    for name, digest in wish.command.templates.items():
        yield name, builder.template(name, digest).source
    yield from wish.command.files.items()


# ----------------------------------------------------------------------------- in force


def plain(bounds: model.StandingBounds) -> dict[str, object]:
    """Bounds as a plan keeps them."""
    return {
        **asdict(bounds),
        "instances": list(bounds.instances),
        "tags": [list(tag) for tag in bounds.tags],
        "values": {name: list(parts) for name, parts in bounds.values.items()},
        "free": list(bounds.free),
    }


def bounds_from(kept: Mapping[str, Any]) -> model.StandingBounds:
    """The bounds that ``plain`` wrote."""
    return model.StandingBounds(
        **{
            **kept,
            "instances": tuple(kept["instances"]),
            "tags": tuple((key, value) for key, value in kept["tags"]),
            "values": {name: tuple(parts) for name, parts in kept["values"].items()},
            "free": tuple(kept["free"]),
        }
    )


def apply(builder: DecisionBuilder, plan: model.InternalPlan) -> str | policy.Refusal:
    """It comes into force; unless it is over already, what it is for has changed since, or it takes
    more people now."""
    bounds, home, request = bounds_from(plan.parameters["bounds"]), builder.deployment, builder.it
    until = datetime.fromisoformat(plan.parameters["until"])
    time = calendar.shown(until, home.book.timezone)
    if until <= builder.now:
        return policy.Refusal("start.past", {"time": time})
    command = home.catalog.find(bounds.command)
    if command is None or bounds.command not in home.book.commands:
        return policy.Refusal("refused.not_enabled", {"command": bounds.command})
    content = standing_uses.content_of(home, command.name, command.version, command.templates)
    if content != bounds.content:
        return policy.Refusal("standing.changed_since", {"command": command.name})
    person = home.book.people[request.person]
    verdict = needs_of(builder, bounds, person)
    if verdict.refusal is not None:
        return verdict.refusal
    more = [name for name in verdict.policies if name not in request.policy_names]
    if more:
        return policy.Refusal("standing.more", {"policies": more})
    most = int(plan.parameters["uses"])
    builder.standing = model.StandingApproval(bounds, until, most, request)
    builder.enter(
        request.person,
        "standing.begun",
        command=bounds.command,
        until=until.isoformat(),
        uses=most,
        by=approvers_of(builder.ballot()[1]),
        digest=request.digest,
    )
    return texts.say(request.locale, "standing.begun", number=request.id, time=time, count=most)


def revoke(
    builder: DecisionBuilder, person: policy.Person
) -> tuple[str, Literal["info", "warning"]]:
    """End a standing approval at once, on behalf of whoever asked for it or may approve it."""
    request, archive, locale = builder.it, builder.view.archive, builder.locale
    approval = archive.standing(request.id) if archive is not None else None
    book = builder.deployment.book
    owners = humans.holders(book, humans.requester(request))
    key = ""
    if approval is None:
        key = "revoke.none"
    elif approval.revoked_by:
        key = "standing.revoked"
    elif person.id not in {*owners, *quorum.of(book, request).approvers}:
        key = "revoke.not_yours"
    if key or approval is None:
        builder.enter(person.id, "revoke.refused", reason=key)
        return texts.say(locale, key, number=request.id), "warning"
    builder.standing = replace(approval, revoked_by=person.id)
    builder.enter(person.id, "standing.revoked", uses=approval.uses)
    builder.tell_sentence("revoked", "say.standing.revoked", builder.asker(), name=person.name)
    return texts.say(locale, "revoke.done", number=request.id), "info"
