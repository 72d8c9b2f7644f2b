"""On whose behalf rules ask for commands, where that is whoever an event is from: may they?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot import event_schemas
from bot.config import check, check_policies, check_rules, rules, run_commands, schema
from bot.config.context import CheckContext
from bot.rules import ruleset, tree
from bot.source import paths

ANY = "*"


def check_senders(context: CheckContext, made: Mapping[str, ruleset.Rule]) -> None:
    """Note sources whose events rules turn into requests that would all be refused."""
    known = {person.id for person in context.file.person}
    for path, source in context.parts.entries("source"):
        if source.kind in context.file.adapters.platforms or context.faulty(*path):
            continue
        if "person" in source.mapping or source.person not in (None, *known):
            continue
        for rule, target, plain in _asking(context, made, source):
            _check(context, path, source, rule, target, plain)


def _check(
    context: CheckContext,
    path: paths.Path,
    source: schema.Source,
    rule: ruleset.Rule,
    target: rules.Target,
    plain: bool,
) -> None:
    """One rule that may meet events of this source. ``plain``: it names the source."""
    file, name = context.file, run_commands.command_of(context.file, target)
    note = context.diagnostics.fault if plain else context.diagnostics.warn
    if target.person is None and source.person is None:
        message = (
            f"person is missing: the rule {rule.name} asks for {name} on behalf of whoever an "
            "event is from, and nobody says who that is here; name one, or one at the target"
        )
        note(path, message)
        return
    if target.person is None and source.person not in check.askers(file, name):
        message = (
            f"{source.person} has no role that may ask for {name}, which the rule {rule.name} asks "
            "for on their behalf"
        )
        note((*path, "person"), message)
        return
    chosen = file.policy.get(target.policy or file.command[name].policy)
    if chosen is None or chosen.self_approval or source.person is None:
        return
    asking = {source.person, target.person or source.person}
    people = check_policies.approvers(file, chosen)
    if people and check_policies.lack(file, chosen, asking) is not None:
        message = (
            f"what the rule {rule.name} asks for because of these events can never be approved: "
            f"the policy {target.policy or file.command[name].policy} has "
            f"{check_policies.counted(people)}, and neither who asks nor whom an event is from "
            "approves"
        )
        context.diagnostics.warn((*path, "person"), message)


def _asking(
    context: CheckContext, made: Mapping[str, ruleset.Rule], source: schema.Source
) -> Iterator[tuple[ruleset.Rule, rules.Target, bool]]:
    """The rules that ask for a command because of what this source may send."""
    for rule in context.file.rule:
        rule_pattern = made.get(rule.name)
        if rule_pattern is None:
            continue
        meets = [
            branch for branch in rule_pattern.pattern.branches if _may_meet(context, branch, source)
        ]
        named = any(field.path == ("source",) for branch in meets for field in branch)
        for target in rule.target if meets else ():
            if run_commands.command_of(context.file, target) in context.file.command:
                yield rule_pattern, target, named and bool(_names(source))


def _may_meet(context: CheckContext, branch: tuple[tree.Field, ...], source: schema.Source) -> bool:
    """Could an event of this source be meant, as far as its source and type tell?"""
    for field in branch:
        place = check_rules.AS.get(field.path[0], field.path[0])
        if len(field.path) > 1 or place not in ("source", "type"):
            continue
        possible = [one for one in check_rules.named(field) if not _reserved(context, one, source)]
        names = _names(source) if place == "source" else ()
        if names:
            possible = [one for one in possible if any(_is(one, name) for name in names)]
        others = tuple(name.replace(ANY, "x") for name in names) or check_rules.FOREIGN
        if not check_rules.any_holds(field, (*possible, *others)):
            return False
    return True


def _reserved(context: CheckContext, name: str, source: schema.Source) -> bool:
    """May this sender not say that of an event?"""
    first, platforms = name.partition(".")[0].partition("/")[0], context.file.adapters.with_forms
    if first == ruleset.AUDIT_SOURCE:
        return True
    if name == event_schemas.APPROVED:
        return not any(one.partition(".")[0] in platforms for one in source.only)
    return first in platforms and not any(one.startswith(f"{first}.") for one in source.only)


def _is(text: str, name: str) -> bool:
    return text.startswith(name[:-1]) if name.endswith(ANY) else text == name


def _names(source: schema.Source) -> tuple[str, ...]:
    """The sources that it may name; empty: many."""
    constant = source.mapping.get("source", "$") if source.kind == "webhook" else "$"
    return source.only or (() if constant.startswith("$") else (constant,))
