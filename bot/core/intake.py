"""From what somebody asks for to a request, whether they wrote it, filled in a form or a rule asks:
through the gate, then the question which instances there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot import model, policy, texts
from bot.cards import runs
from bot.commands import registry
from bot.commands.line import parser
from bot.core import (
    content_internal,
    content_script,
    content_template,
    endings,
    facts,
    plan_definitions,
    plan_template,
    proposal,
    subjects,
)
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import asking, identity
from bot.source import masks


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody asks for, wherever it was said: who (``person``, by ``account``), in which
    ``place`` and language, which operation, and in which words. ``policy`` stands in for that of
    the command; ``hold`` is why it is held at once; ``rules`` and ``causes`` are what made a rule
    ask; ``timeout`` is that of its calls in seconds (0: as the command says). ``starts_at``: not
    before; None: at once."""

    person: policy.Person
    account: model.Account
    place: model.Place
    locale: str
    operation: registry.Command
    line: parser.Line
    form: model.FormOrigin | None = None
    policy: str = ""
    hold: str = ""
    rules: tuple[str, ...] = ()
    written_at: datetime | None = None
    causes: tuple[model.Party, ...] = ()
    timeout: int = 0
    starts_at: datetime | None = None

    @property
    def command(self) -> str:
        return self.operation.name

    @property
    def parsed(self) -> parser.Parsed:
        assert isinstance(self.line.parsed, parser.Parsed)
        return self.line.parsed


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a plan is made of. ``look`` finds the instances (None: there are none to find), and
    ``context`` is what the plan is then made of; ``text`` and ``args`` are kept with the request;
    ``sources`` are the templates by digest; ``fetch`` reads what is kept in the cloud first;
    ``plan`` is the plan itself, where nothing has to be found."""

    look: model.ResolveTargets | None
    context: Mapping[str, Any]
    text: str
    args: Mapping[str, object]
    sources: Mapping[str, str] = field(default_factory=dict)
    fetch: model.FetchDefinition | None = None
    plan: model.InternalPlan | None = None


def operation(deployment: Deployment, name: str) -> registry.Command | policy.Refusal:
    """The operation that a form, a rule or an earlier request names."""
    command = deployment.catalog.find(name)
    if command is not None and command.kind == "operation":
        return command
    return policy.Refusal("refused.not_enabled", {"command": name})


def file(builder: DecisionBuilder, submission: Submission) -> policy.Refusal | None:
    """Create the request and look its instances up; or say why not, changing nothing."""
    book, command, form = builder.deployment.book, submission.command, submission.form
    causes = tuple(with_accounts(book, cause) for cause in submission.causes)
    asker = with_accounts(book, model.Party(submission.person.id, submission.account))
    content = content_of(builder, submission)
    question = facts_of(builder, submission, content, (asker, *causes))
    verdict = policy.evaluate(policy.ASK, question)
    if verdict.refusal is not None:
        return verdict.refusal
    rule, needed = book.commands[command], question.quorum(verdict.policies)
    blueprint = blueprint_of(builder, submission, content)
    reasons = (texts.spoken(submission.locale, reason) for reason in verdict.reasons)
    builder.create(
        model.Request(
            id=builder.view.next_request,
            state=model.State.PLANNING,
            version=1,
            command=command,
            args=blueprint.args,
            person=submission.person.id,
            account=submission.account,
            place=submission.place,
            locale=submission.locale,
            text=blueprint.text,
            policy=question.policy,
            policies=needed.names,
            risk=question.risk,
            created_at=builder.now,
            expires_at=builder.now + needed.expires,
            reason=str(submission.parsed.values.get("reason") or ""),
            form=form and replace(form, changes=changes_of(form, blueprint.args)),
            hold=submission.hold,
            escalated="; ".join(reasons),
            rules=submission.rules,
            written_at=submission.written_at,
            causes=causes,
            accounts=asker.accounts,
            alike=alike(builder, command, blueprint.args),
            nonce=builder.view.nonce,
            timeout=submission.timeout,
            starts_at=submission.starts_at,
        )
    )
    enter(builder, needed.name)
    builder.sources.update(blueprint.sources)
    look_up(builder, rule, blueprint)
    return None


def facts_of(
    builder: DecisionBuilder,
    submission: Submission,
    content: asking.Content,
    parties: tuple[model.Party, ...],
) -> asking.Facts:
    """What the gate judges when something is asked for."""
    return asking.Facts(
        builder.deployment.book,
        builder.now,
        submission.command,
        submission.place,
        submission.person,
        submission.locale,
        content,
        parties,
        usual=submission.policy,
        by_form=submission.form is not None and submission.form.decides,
        risk=subjects.risk_of(builder.deployment, submission.command),
        archive=builder.view.archive,
    )


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


def look_up(builder: DecisionBuilder, rule: policy.CommandRule, blueprint: Blueprint) -> None:
    """Read what is kept in the cloud, or ask which instances there are; a plan that needs neither
    is put to the vote at once."""
    if blueprint.fetch is not None:
        key = f"define:{builder.name}"
        builder.queue(key, f"plan:{builder.it.id}", blueprint.fetch, context=blueprint.context)
        builder.remind("definition", proposal.PLAN_WITHIN)
    elif blueprint.look is None:
        builder.noted = blueprint.context

        def draft() -> model.Plan:
            return blueprint.plan or plan_template.freeze(builder, rule, plan_template.NO_DATA)

        planning = replace(facts.planning_of(builder, draft), untargeted=True)
        refusal = proposal.refusal_of_plan(builder, planning)
        if refusal is not None:
            return endings.refuse(builder, refusal)
        proposal.ask_for_votes(builder, draft())
    else:
        queue_look(builder, blueprint.look, blueprint.context)


def queue_look(
    builder: DecisionBuilder, look: model.ResolveTargets, context: Mapping[str, object]
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


def alike(builder: DecisionBuilder, name: str, args: Mapping[str, object]) -> int:
    """The number of an open request for the very same; 0: there is none."""
    archive = builder.view.archive
    return archive.alike(model.likeness(name, args)) if archive is not None else 0


def changes_of(
    form: model.FormOrigin, now: Mapping[str, object]
) -> tuple[tuple[str, str, str], ...]:
    """What is different in the values of a request from those of the one that its form replaces,
    which came with it; of what is hidden nobody can tell, so it is named."""
    if not form.replaces:
        return ()
    before = {name: value for name, value, _ in form.changes}
    pairs = [
        (name, before.get(name, ""), shown(now.get(name)))
        for name in dict.fromkeys((*before, *now))
    ]
    return tuple(pair for pair in pairs if pair[1] != pair[2] or masks.MASK in pair)


def shown(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)
    return "" if value is None else value if isinstance(value, str) else model.canonical(value)


Content = (
    content_script.ScriptContent
    | content_template.TemplateContent
    | content_internal.InternalContent
)


def content_of(builder: DecisionBuilder, submission: Submission) -> Content:
    """What is asked for, as the gate judges it."""
    command, line = submission.operation, submission.line
    if command.template is not None:
        return content_template.TemplateContent(builder, command, line)
    if command.internal:
        written_at = submission.written_at or builder.now
        return content_internal.InternalContent(
            builder, command, line, submission.person, submission.place, submission.locale,
            written_at,
        )  # fmt: skip
    return content_script.ScriptContent(builder, command, line)


def blueprint_of(builder: DecisionBuilder, submission: Submission, content: Content) -> Blueprint:
    """What the plan is made of, once the gate let it pass."""
    if isinstance(content, content_internal.InternalContent):
        text, args = content.line.shown, plain(content.parsed.values)
        return Blueprint(None, {}, text, args, plan=content.plan)
    if isinstance(content, content_template.TemplateContent):
        return of_template(builder, content)
    return of_script(builder, content, submission.timeout)


def of_template(builder: DecisionBuilder, content: content_template.TemplateContent) -> Blueprint:
    """The values of a template, bound; its targets are found by what was typed for them."""
    command, rule = content.command, content.rule
    selectors = content.selectors
    context: dict[str, Any] = {
        "template": content.template.name,
        "templates": dict(command.templates),
        "parameters": dict(content.values),
        "targets": list(selectors),
        "filters": [dict(selector) for selector in selectors.values()],
        "hidden": list(content.hidden),
        "strays": list(content.strays),
        "region": content.region,
        "version": command.version,
    }
    args = {
        name: masks.MASK
        if name in content.hidden and value is not None
        else (runs.shown(name, value, ()) if isinstance(value, str) else value)
        for name, value in plain(content.parsed.values).items()
    }
    library = content.library
    return Blueprint(
        look_of(builder, rule, context),
        context,
        masks.without_tokens(content.line.shown),
        args,
        {digest: library[name].source for name, digest in command.templates.items()},
        plan_definitions.of_template(rule, content.template, content.values, content.region),
    )


def of_script(
    builder: DecisionBuilder, content: content_script.ScriptContent, timeout: int
) -> Blueprint:
    """A script that the command renders, with its targets."""
    rule, rendered = content.rule, content.rendered
    context: dict[str, Any] = {
        "script": rendered.text,
        "script_type": rendered.script.type,
        **({"windows": rendered.windows} if rendered.windows and not rule.command_id else {}),
        "parameters": dict(rendered.script.parameters),
        "version": content.command.version,
        "wanted": list(content.targets),
        **({"timeout": timeout} if timeout else {}),
    }
    return Blueprint(
        look_of(builder, rule, context),
        context,
        content.line.shown,
        plain(content.parsed.values),
        fetch=plan_definitions.of_command(rule, rule.region or builder.deployment.region),
    )


def plain(values: Mapping[str, object]) -> dict[str, Any]:
    """Values as JSON keeps them."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
