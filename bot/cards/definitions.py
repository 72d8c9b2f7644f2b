"""What a card says of what is kept in the cloud: which version, and whether it can still change."""

from __future__ import annotations

from bot import model, texts
from bot.cards.parts import Row, bold, code, span


def rows(locale: str, plan: model.Operation) -> list[Row]:
    """Every definition with its version, the start of its digest, and whether it is pinned."""
    lines: list[Row] = []
    for one in plan.definitions:
        if isinstance(plan, model.StoredCommandPlan):
            key = "invoke" if plan.invoke else "exact"
        else:
            key = "pinned" if one.pinned else "open"
        facts = {"name": one.name, "version": one.version, "digest": one.digest[:12]}
        text = texts.say(locale, f"card.stored.{key}", **facts)
        value = bold(text) if key == "open" else span(text)
        lines.append((texts.say(locale, "card.stored"), (value,)))
    if plan.loose:
        why = texts.say(locale, "card.loose.why", tasks=list(plan.loose))
        lines.append((texts.say(locale, "card.loose"), (bold(why),)))
    return lines


def script_rows(locale: str, plan: model.Plan) -> list[Row]:
    """What else decides how a script runs, where it is not as usual."""
    say, lines = texts.say, rows(locale, plan)
    if not isinstance(plan, model.StoredCommandPlan):
        return lines
    values = ((name, (code(value),)) for name, value in sorted(plan.parameters.items()))
    lines = [(say(locale, "card.command_id"), (code(plan.command_id),)), *lines, *values]
    if plan.launcher:
        lines.append((say(locale, "card.launcher"), (code(plan.launcher),)))
    if plan.braces:
        lines.append((say(locale, "card.braces"), (span(say(locale, "card.braces.why")),)))
    return lines


def incident_rows(request: model.Request) -> list[Row]:
    """What ran, or may have run, is not what was shown."""
    if not request.incident:
        return []
    return [(texts.say(request.locale, "card.incident"), (bold(request.incident),))]


def limit_rows(locale: str, plan: model.TemplateOperation) -> list[Row]:
    """To which instances a template's run is held, and what that leaves open."""
    terms = plan.terms
    if "unjudged_calls" not in terms:
        return []
    allowed, most = list(terms["allowed_targets"]), int(terms["most_targets"])
    say, heading = texts.say, texts.say(locale, "card.limits")
    if plan.away:
        return [(heading, (bold(say(locale, "card.limits.oos")),))]
    held = say(locale, "card.limits.held", allowed=allowed, most=most)
    lines: list[Row] = [(heading, (span(held),))]
    if terms["unjudged_calls"] == "allow" and "*" not in allowed:
        lines.append((heading, (bold(say(locale, "card.limits.allow")),)))
    elif terms["unjudged_calls"] != "allow":
        lines.append((heading, (span(say(locale, "card.limits.refuse")),)))
    return lines
