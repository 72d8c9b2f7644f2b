"""From a command and its values to a request: every check that needs no look outside, then the
question which instances there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot import model, policy, texts
from bot.cards import runs
from bot.commands import api, rendering
from bot.commands.line import parser
from bot.core import calling, plan_definitions, plan_template, proposal
from bot.core import values as values_
from bot.core.decision import DecisionBuilder
from bot.policy import identity, quorum, screening

STORED_VALUE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
"""What a parameter of a command stored in Cloud Assistant may hold: it is pasted in unquoted."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What passed the checks. ``look`` finds the instances (None: there are none to find), and
    ``context`` is what the plan is then made of; ``text`` and ``args`` are kept with the request;
    ``sources`` are the templates by digest; ``fetch`` reads what is kept in the cloud first."""

    look: model.ResolveTargets | None
    context: Mapping[str, Any]
    text: str
    args: Mapping[str, Any]
    findings: Sequence[policy.Finding]
    sources: Mapping[str, str] = field(default_factory=dict)
    fetch: model.FetchDefinition | None = None


def file_request(
    builder: DecisionBuilder,
    found: parser.Parsed,
    context: api.Context,
    *,
    text: str,
    place: model.Place,
    account: model.Account,
    form: model.FormOrigin | None = None,
    stronger: str = "",
    hold: str = "",
    rules: tuple[str, ...] = (),
    written_at: datetime | None = None,
    causes: tuple[model.Party, ...] = (),
    timeout: int = 0,
) -> policy.Refusal | None:
    """Create the request and look its instances up; or say why not, changing nothing."""
    checked = checked_with(builder, found, text, timeout)
    if isinstance(checked, policy.Refusal):
        return checked
    rule = builder.deployment.book.commands[found.command.name]
    book = builder.deployment.book
    causes = tuple(with_accounts(book, cause) for cause in causes)
    asker = with_accounts(book, model.Party(context.person.id, account))
    usual = stronger or rule.policy
    parties = (asker, *causes)
    needs = needed_quorum(builder, context.locale, checked.findings, usual, parties)
    if isinstance(needs, policy.Refusal):
        return needs
    needed, escalated = needs
    refusal = refusal_of_number(builder, context.person, found.command.name)
    if refusal is not None:
        return refusal
    by_form = form is not None and form.decides
    if not quorum.can_pass(needed, by_form):
        return policy.Refusal("refused.nobody", {"policy": needed.name})
    builder.create(
        model.Request(
            id=builder.view.next_request,
            state=model.State.PLANNING,
            version=1,
            command=found.command.name,
            args=checked.args,
            person=context.person.id,
            account=account,
            place=place,
            locale=context.locale,
            text=checked.text,
            policy=usual,
            policies=needed.names,
            risk=rule.risk or found.command.risk,
            created_at=builder.now,
            expires_at=builder.now + needed.expires,
            reason=str(found.values.get("reason") or ""),
            form=form and replace(form, changes=changes_of(form, checked.args)),
            hold=hold,
            escalated=escalated,
            rules=rules,
            written_at=written_at,
            causes=causes,
            accounts=asker.accounts,
            alike=alike(builder, found.command.name, checked.args),
            nonce=builder.view.nonce,
            timeout=timeout,
        )
    )
    enter(builder, needed.name)
    builder.sources.update(checked.sources)
    look_up(builder, rule, checked)
    return None


def checked_with(
    builder: DecisionBuilder, found: parser.Parsed, text: str, timeout: int
) -> Checked | policy.Refusal:
    """What passed the checks, to run within ``timeout`` seconds (0: as the command says)."""
    if found.command.template is not None:
        return check_template(builder, found, text)
    checked = check_script(builder, found, text)
    if timeout and isinstance(checked, Checked):
        return replace(checked, context={**checked.context, "timeout": timeout})
    return checked


def enter(builder: DecisionBuilder, needed: str) -> None:
    """Keep in the audit log who asked for what, where, and by which policies it is voted on."""
    request = builder.it
    builder.enter(
        request.person,
        "request.asked",
        command=request.command,
        text=request.text[:500],
        account=request.account.id,
        chat=request.place.chat,
        policy=needed,
        **({"escalated": request.escalated} if request.escalated else {}),
    )


def with_accounts(book: policy.Book, party: model.Party) -> model.Party:
    """A party with all the accounts that its person holds now."""
    held = dict.fromkeys((*party.accounts, *identity.accounts_held(book, party.person)))
    return replace(party, accounts=tuple(held))


def look_up(builder: DecisionBuilder, rule: policy.CommandRule, checked: Checked) -> None:
    """Read what is kept in the cloud, or ask which instances there are; a plan that needs neither
    is put to the vote at once."""
    if checked.fetch is not None:
        key = f"define:{builder.name}"
        builder.queue(key, f"plan:{builder.it.id}", checked.fetch, context=checked.context)
        builder.remind("definition", proposal.PLAN_WITHIN)
    elif checked.look is None:
        builder.noted = checked.context
        proposal.ask_for_votes(builder, plan_template.freeze(builder, rule, plan_template.NO_DATA))
    else:
        queue_look(builder, checked.look, checked.context)


def queue_look(
    builder: DecisionBuilder, look: model.ResolveTargets, context: Mapping[str, Any]
) -> None:
    """Look the instances up for the plan."""
    key, lane = f"resolve:{builder.name}", f"plan:{builder.it.id}"
    builder.queue(key, lane, look, context=context)
    builder.remind("plan", proposal.PLAN_WITHIN)


def look_of(
    builder: DecisionBuilder, rule: policy.CommandRule, context: Mapping[str, Any]
) -> model.ResolveTargets | None:
    """What finds the instances, from what was noted when it was asked for; None: nothing does."""
    if context.get("template"):
        filters, strays = tuple(context["filters"]), tuple(context.get("strays", ()))
        look = model.ResolveTargets(strays, str(context["region"]), filters)
        return look if filters or strays else None
    return model.ResolveTargets(tuple(context["wanted"]), rule.region or builder.deployment.region)


def refusal_of_number(
    builder: DecisionBuilder, person: policy.Person, name: str
) -> policy.Refusal | None:
    """Are so many requests of this person, or of this command, open that one more is too many?"""
    book, archive = builder.deployment.book, builder.view.archive
    if archive is None:
        return None
    most = book.most_open_per_person
    numbers = archive.open_of_person(person.id, most)
    if len(numbers) >= most:
        facts = {"most": most, "numbers": [f"#{number}" for number in numbers[:5]]}
        return policy.Refusal("refused.open_person", facts)
    most = book.most_open_per_command
    if len(archive.open_of_command(name, most)) >= most:
        return policy.Refusal("refused.open_command", {"most": most, "command": name})
    return None


def alike(builder: DecisionBuilder, name: str, args: Mapping[str, Any]) -> int:
    """The number of an open request for the very same; 0: there is none."""
    archive = builder.view.archive
    return archive.alike(model.likeness(name, args)) if archive is not None else 0


def needed_quorum(
    builder: DecisionBuilder,
    locale: str,
    findings: Sequence[policy.Finding],
    usual: str,
    parties: Sequence[model.Party],
) -> tuple[quorum.Quorum, str] | policy.Refusal:
    """Whose agreement it needs: by the usual policy, and by all that the patterns add; and why they
    do. Or their no."""
    book, found = builder.deployment.book, screening.together(findings)
    if found.refusal is not None:
        return found.refusal
    names = dict.fromkeys((usual, *found.policies))
    reasons = "; ".join(texts.spoken(locale, reason) for reason in found.reasons)
    involved = frozenset[str]().union(*(quorum.holders(book, party) for party in parties))
    policies = tuple(policy.policy_of(book, name) for name in names)
    return quorum.Quorum(book, policies, involved), reasons


def changes_of(form: model.FormOrigin, now: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What is different in the values of a request from those of the one that its form replaces,
    which came with it; of what is hidden nobody can tell, so it is named."""
    if not form.replaces:
        return ()
    before = {name: value for name, value, _ in form.changes}
    pairs = [
        (name, before.get(name, ""), shown(now.get(name)))
        for name in dict.fromkeys((*before, *now))
    ]
    return tuple(pair for pair in pairs if pair[1] != pair[2] or runs.HIDDEN in pair)


def shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)
    return "" if value is None else value if isinstance(value, str) else model.canonical(value)


def check_template(
    builder: DecisionBuilder, found: parser.Parsed, text: str
) -> Checked | policy.Refusal:
    """The values of a template, bound; its targets are found by what was typed for them."""
    bound = plan_template.bound(builder, found, text)
    if isinstance(bound, policy.Refusal):
        return bound
    rule = builder.deployment.book.commands[found.command.name]
    template = plan_template.template_of(found.command)
    context: dict[str, Any] = {
        "template": template.name,
        "templates": dict(found.command.templates),
        "parameters": dict(bound.parameters),
        "targets": list(bound.targets),
        "filters": [dict(each) for each in bound.filters],
        "hidden": list(bound.hidden),
        "strays": list(bound.strays),
        "region": bound.region,
        "version": found.command.version,
    }
    args = {
        name: runs.HIDDEN
        if name in bound.hidden and value is not None
        else (runs.shown(name, value, ()) if isinstance(value, str) else value)
        for name, value in plain(found.values).items()
    }
    findings = plan_template.findings(builder, found.command.name, text, bound)
    fetch = plan_definitions.of_template(rule, template, bound.parameters, bound.region)
    look = look_of(builder, rule, context)
    return Checked(look, context, bound.text, args, findings, bound.sources, fetch)


def check_script(
    builder: DecisionBuilder, found: parser.Parsed, text: str
) -> Checked | policy.Refusal:
    """Values, script and targets; the first thing wrong is the answer."""
    rule = builder.deployment.book.commands[found.command.name]
    script = calling.answer(found)
    if isinstance(script, policy.Refusal):
        return script
    assert isinstance(script, api.Script)
    try:
        rendered = rendering.render(script)
        windows = rendering.render_windows(script) if script.windows else ""
    except rendering.BadScript as bad:
        return policy.Refusal(bad.key, bad.facts)
    refusal = refusal_of_values(rule, found.values, script)
    if refusal is not None:
        return refusal
    seen = findings(builder, found, text, script, (rendered, windows))
    targets = tuple(targets_in(found) or rule.targets)
    if not targets and all(finding.refusal is None for finding in seen):
        return policy.Refusal("refused.no_targets")
    context = {
        "script": rendered,
        "script_type": script.type,
        **({"windows": windows} if windows and not rule.command_id else {}),
        "parameters": dict(script.parameters),
        "version": found.command.version,
        "wanted": list(targets),
    }
    look = look_of(builder, rule, context)
    fetch = plan_definitions.of_command(rule, rule.region or builder.deployment.region)
    return Checked(look, context, text, plain(found.values), seen, fetch=fetch)


def refusal_of_values(
    rule: policy.CommandRule, values: Mapping[str, Any], script: api.Script
) -> policy.Refusal | None:
    """Are the values among those that the configuration, and a stored command, allow?"""
    refusal = values_.refusal_of_allowed(rule.allowed_values, values)
    if refusal is not None:
        return refusal
    if rule.command_id:
        for name, text in script.parameters.items():
            if not STORED_VALUE.fullmatch(text):
                return policy.Refusal("refused.stored_value", {"name": name})
    return None


def findings(
    builder: DecisionBuilder,
    parsed: parser.Parsed,
    text: str,
    script: api.Script,
    rendered: Sequence[str],
) -> list[policy.Finding]:
    """What the patterns say of the words, of every value, and of the script as it would run, on
    either system."""
    book, name = builder.deployment.book, parsed.command.name
    values = dict.fromkeys((*script.parameters.values(), *values_.typed(parsed.values)))
    found = [screening.examine(book, name, "text", text)]
    found += [
        screening.examine(book, name, "value", value) for value in values if value != script.source
    ]
    if not builder.deployment.book.commands[name].command_id:
        found += [
            screening.finding_of_script(book, name, one, rendering.SCRIPT_BYTES)
            for one in rendered
            if one
        ]
    return found


def targets_in(found: parser.Parsed) -> tuple[str, ...]:
    parameter = found.command.parameter("targets")
    return tuple(found.values.get(parameter.name) or ()) if parameter else ()


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
