"""From a command and its values to a request: every check that needs no look outside, then the
question which instances there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import command, model, parse, policy
from bot.core import planning
from bot.core.draft import Draft

STORED_VALUE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
"""What a parameter of a command stored in Cloud Assistant may hold: it is pasted in unquoted."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What passed the checks: the script as it would run, the policy it needs, and why a stronger
    one was chosen."""

    script: command.Script
    rendered: str
    policy: policy.Policy
    escalated: str
    targets: tuple[str, ...]


def file_request(
    draft: Draft,
    found: parse.Parsed,
    context: command.Context,
    *,
    text: str,
    place: model.Place,
    account: model.Account,
    form: model.FormOrigin | None = None,
    stronger: str = "",
) -> policy.Refusal | None:
    """Create the request and look its instances up; or say why not, changing nothing."""
    checked = check(draft, found, context, text, form is not None and not form.late, stronger)
    if isinstance(checked, policy.Refusal):
        return checked
    rule = draft.house.book.commands[found.command.name]
    draft.create(
        model.Request(
            id=draft.view.next_request,
            state=model.State.PLANNING,
            version=1,
            command=found.command.name,
            args=plain(found.values),
            person=context.person.id,
            account=account,
            place=place,
            locale=context.locale,
            text=text,
            policy=checked.policy.name,
            risk=rule.risk or found.command.risk,
            created_at=draft.now,
            expires_at=draft.now + checked.policy.expires,
            reason=str(found.values.get("reason") or ""),
            form=form,
            escalated=checked.escalated,
        )
    )
    draft.enter(
        context.person.id,
        "request.asked",
        command=found.command.name,
        text=text[:500],
        account=account.id,
        chat=place.chat,
        policy=checked.policy.name,
        **({"escalated": checked.escalated} if checked.escalated else {}),
    )
    draft.queue(
        f"resolve:{draft.view.installation}:{draft.it.id}",
        f"plan:{draft.it.id}",
        model.Resolve(checked.targets, rule.region or draft.house.region),
        context={
            "script": checked.rendered,
            "script_type": checked.script.type,
            "parameters": dict(checked.script.parameters),
            "version": found.command.version,
        },
    )
    draft.remind("plan", planning.PLAN_WITHIN)
    return None


def check(
    draft: Draft,
    found: parse.Parsed,
    context: command.Context,
    text: str,
    by_form: bool,
    stronger: str,
) -> Checked | policy.Refusal:
    """Values, script, patterns, policy and targets; the first thing wrong is the answer."""
    book, name = draft.house.book, found.command.name
    rule = book.commands[name]
    script = found.command.call(context, found.values)
    assert isinstance(script, command.Script)
    try:
        rendered = command.render(script)
    except command.BadScript as bad:
        return policy.Refusal(bad.key, bad.facts)
    refusal = refusal_of_values(rule, found.values, script)
    if refusal is not None:
        return refusal
    chosen, escalation = stronger or rule.policy, policy.Finding()
    for finding in findings(draft, found, text, script, rendered):
        if finding.refusal is not None:
            return finding.refusal
        escalation = policy.stricter(book, escalation, finding)
    chosen, escalated = escalation.policy or chosen, escalation.reason
    needed = book.policies[chosen]
    if not (by_form and needed.form_counts) and not policy.can_pass(needed, context.person.id):
        return policy.Refusal("refused.nobody", {"policy": chosen})
    targets = targets_in(found) or rule.targets
    if not targets:
        return policy.Refusal("refused.no_targets")
    return Checked(script, rendered, needed, escalated, tuple(targets))


def refusal_of_values(
    rule: policy.CommandRule, values: Mapping[str, Any], script: command.Script
) -> policy.Refusal | None:
    """Are the values among those that the configuration, and a stored command, allow?"""
    for name, allowed in rule.allowed_values.items():
        value = values.get(name)
        for each in value if isinstance(value, tuple | list) else (value,):
            if each is not None and str(each) not in allowed:
                facts = {"name": name, "value": str(each)[:80], "values": list(allowed)}
                return policy.Refusal("refused.value", facts)
    if rule.command_id:
        for name, text in script.parameters.items():
            if not STORED_VALUE.fullmatch(text):
                return policy.Refusal("refused.stored_value", {"name": name})
    return None


def findings(
    draft: Draft, parsed: parse.Parsed, text: str, script: command.Script, rendered: str
) -> list[policy.Finding]:
    """What the patterns say of the words, of every value, and of the script as it would run."""
    book, name = draft.house.book, parsed.command.name
    values = dict.fromkeys((*script.parameters.values(), *typed(parsed.values)))
    found = [policy.examine(book, name, "text", text)]
    found += [
        planning.examined(draft.house, name, "value", value)
        for value in values
        if value != script.source
    ]
    found.append(planning.finding_of_script(draft, name, rendered))
    return found


def typed(values: Mapping[str, Any]) -> list[str]:
    """Every value that is text, and every part of one that is a list."""
    parts = [value if isinstance(value, tuple | list) else (value,) for value in values.values()]
    return [part for each in parts for part in each if isinstance(part, str) and part]


def targets_in(found: parse.Parsed) -> tuple[str, ...]:
    parameter = found.command.parameter("targets")
    return tuple(found.values.get(parameter.name) or ()) if parameter else ()


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
