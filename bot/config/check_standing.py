"""Standing approvals that can never be asked for, or never count."""

from __future__ import annotations

from bot.config import check_policies
from bot.config.context import CheckContext


def check_standing(context: CheckContext) -> None:
    """Is there a command by which they are asked for, and a policy that allows them?"""
    file, diagnostics = context.file, context.diagnostics
    allowing = [name for name, policy in file.policy.items() if policy.standing]
    for name in allowing:
        tagged = any(
            check_policies.by_tag(one) for _, one in check_policies.stages(file.policy[name])
        )
        if tagged:
            message = "has no use: who approves depends on the tags of the targets of each request"
            diagnostics.fault(("policy", name, "standing"), message)
    if context.commands is None:
        return
    asking = [one.name for one in context.commands.values() if one.internal == "standing"]
    asking = [name for name in asking if name in file.command]
    for name in allowing if not asking else ():
        message = "has no use: no [command.…] lets people ask for a standing approval"
        diagnostics.warn(("policy", name, "standing"), message)
    usual = {command.policy for name, command in file.command.items() if name not in asking}
    for name in asking:
        if not usual & set(allowing):
            message = "can never be approved: no policy of a command has standing = true"
            diagnostics.warn(("command", name), message)
