"""What the patterns of the configuration say of a script or a value, remembered."""

from __future__ import annotations

import functools

from bot import policy
from bot.commands.rendering import SCRIPT_BYTES
from bot.deployment import Deployment


def finding_of_script(deployment: Deployment, command: str, script: str) -> policy.Finding:
    """What the patterns and the platform's limit say of a rendered script."""
    size = len(script.encode())
    if size > SCRIPT_BYTES:
        facts = {"size": size, "most": SCRIPT_BYTES}
        return policy.Finding(policy.Refusal("refused.script_too_long", facts))
    return examined(deployment, command, "script", script)


@functools.lru_cache(maxsize=256)
def examined(deployment: Deployment, command: str, where: str, text: str) -> policy.Finding:
    """``policy.examine``, remembered: the same script and values are asked for again and again."""
    return policy.examine(deployment.book, command, where, text)
