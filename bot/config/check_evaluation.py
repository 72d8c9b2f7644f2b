"""A platform for evaluation beside real ones: that it is meant, and that votes there may count."""

from __future__ import annotations

from bot.config import check_policies, people
from bot.config.context import CheckContext


def check_evaluation(context: CheckContext) -> None:
    """Note what can't work where platforms for evaluation and real ones stand together."""
    file = context.file
    real = sorted(file.chats.keys() - file.evaluation)
    for name in sorted(file.evaluation):
        key = file.adapters.chat(name).evaluation
        if not getattr(file.chats[name], key) and not context.faulty(name, key):
            beside = " and ".join(f"[{other}]" for other in real)
            message = (
                f"is for evaluation only: to have it beside {beside}, write {key} = true in it. "
                "Its people then decide nothing that those of the others do"
            )
            context.diagnostics.fault((name,), message)
    if file.evaluation:
        _check_policies(context)


def _check_policies(context: CheckContext) -> None:
    """By a policy either people of real platforms vote, or people of those for evaluation alone."""
    file, platforms = context.file, {}
    for person in file.person:
        held = {platform for platform, _, _ in people.accounts(file, person)}
        platforms[person.id] = held
    for name, policy in file.policy.items():
        approvers = [who for who in check_policies.approvers(file, policy) if platforms[who]]
        astray = [who for who in approvers if platforms[who] <= file.evaluation]
        if astray and len(astray) < len(approvers):
            where = " and ".join(sorted(set().union(*(platforms[who] for who in astray))))
            message = (
                f"names {', '.join(astray)}, of {where} alone: there no vote counts by a policy by "
                "which people of other platforms vote. Name either those or these"
            )
            key = "stages" if policy.stages else "approvers"
            context.diagnostics.fault(("policy", name, key), message)
