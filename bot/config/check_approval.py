"""Can what is asked for be approved: by people who are reached there, and are not who asks?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.config import check, check_policies, check_when, run_commands
from bot.config import people as accounts
from bot.config.context import CheckContext
from bot.config.when import KEY
from bot.source import paths


@dataclass(frozen=True, slots=True)
class Use:
    """A policy at work: it is named at ``path``, for ``command``, which ``askers`` may ask for.
    ``always``: it is needed whenever that is asked for."""

    path: paths.Path
    policy: str
    command: str
    askers: tuple[str, ...]
    always: bool = True


def check_approval(context: CheckContext) -> None:
    """Note policies that nobody, or not everybody who may ask, can get satisfied."""
    _check_reach(context)
    file = context.file
    for use in _uses(context):
        chosen = file.policy.get(use.policy)
        if chosen is None or chosen.self_approval or chosen.form_counts:
            continue
        people = check_policies.approvers(file, chosen)
        if not people or not use.askers or not check_policies.is_complete(file, chosen):
            continue
        stuck = [who for who in use.askers if check_policies.lack(file, chosen, {who})]
        if not stuck:
            continue
        has = check_policies.counted(people)
        if chosen.stages:
            short = check_policies.lack(file, chosen, {stuck[0]})
            has += f": {check_policies.sentence(short)}" if short is not None else ""
        if len(stuck) == len(use.askers) and use.always:
            _nobody(context, use, has)
        else:
            _some(context, use, has, stuck)


def _nobody(context: CheckContext, use: Use, has: str) -> None:
    context.diagnostics.fault(
        use.path,
        f"nobody could ever get it approved: only {', '.join(use.askers)} may ask for it, the "
        f"policy {use.policy} has {has}, and nobody approves their own request",
    )


def _some(context: CheckContext, use: Use, has: str, stuck: list[str]) -> None:
    more = f" and {len(stuck) - 8} more" if len(stuck) > 8 else ""
    context.diagnostics.warn(
        use.path,
        f"{use.command} that {', '.join(stuck[:8])}{more} asks for can never be approved: the "
        f"policy {use.policy} has {has}, and nobody approves their own request",
    )


def _uses(context: CheckContext) -> Iterator[Use]:
    """Every place that names a policy, with those who ask for what it guards."""
    file = context.file
    for name, command in file.command.items():
        askers = check.askers(file, name)
        yield Use(("command", name, "policy"), command.policy, name, askers)
    for path, form in context.parts.entries("form"):
        if form.policy:
            askers = check.askers(file, form.command)
            yield Use((*path, "policy"), form.policy, form.command, askers)
    for path, pattern in context.parts.entries("security", "pattern"):
        if pattern.action == "escalate" and pattern.policy:
            for name in pattern.commands or file.command:
                askers = check.askers(file, name)
                yield Use((*path, "policy"), pattern.policy, name, askers, always=False)
    for path, table in context.parts.entries(KEY):
        for name in check_when.commands_of(file, table):
            askers = check_when.askers(file, table, name)
            yield Use((*path, "policy"), table.policy, name, askers, always=False)
    for index, rule in enumerate(file.rule):
        for number, target in enumerate(rule.target):
            name = run_commands.command_of(file, target)
            if name in file.command and (target.policy or target.person):
                askers = (target.person,) if target.person else check.askers(file, name)
                key = "policy" if target.policy else "person"
                place = context.parts.origin(("rule", index, "target", number, key))
                yield Use(place, target.policy or file.command[name].policy, name, askers)


# ----------------------------------------------------------------------------- platforms


def _check_reach(context: CheckContext) -> None:
    """Can the approvers be reached where their policy is used?"""
    file, used = context.file, _platforms_of_policies(context)
    for name, policy in file.policy.items():
        for place, stage in check_policies.stages(policy):
            people = check_policies.people(file, stage)
            for person in (person for person in file.person if person.id in people):
                for platform in sorted(used.get(name, ())):
                    if not accounts.has_account(file, person, platform):
                        context.diagnostics.warn(
                            ("policy", name, *place, "approvers"),
                            f"{person.id} has no {platform} account, so cannot approve what is "
                            "asked there",
                        )


def _platforms_of_policies(context: CheckContext) -> dict[str, set[str]]:
    """policy → the platforms on which somebody may ask for what it guards."""
    used: dict[str, set[str]] = {}
    for name, command in context.file.command.items():
        for group in context.file.group:
            if group.platform in context.platforms and {"*", name} & set(group.commands):
                used.setdefault(command.policy, set()).add(group.platform)
    for form in context.file.form:
        rule = context.file.command.get(form.command)
        policy = form.policy or (rule.policy if rule else "")
        if form.platform in context.platforms:
            used.setdefault(policy, set()).add(form.platform)
    return used
