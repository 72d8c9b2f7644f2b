"""Calls the function of a command: what goes wrong in it is said to the person who asked."""

from __future__ import annotations

import logging

from bot import policy, regexes
from bot.commands import api
from bot.commands.line import parser

log = logging.getLogger(__name__)


def answer(
    parsed: parser.Parsed, context: api.Context | None = None
) -> api.Answer | policy.Refusal:
    """What a command answers. Its file is not ours: an exception in it is a refusal, for nobody
    would hear of an event that can't be decided."""
    try:
        return parsed.command.call(context, parsed.values)
    except regexes.Unjudged:
        raise
    except Exception as error:
        log.exception("the command %s went wrong", parsed.command.name)
        facts = {"command": parsed.command.name, "error": type(error).__name__}
        return policy.Refusal("refused.command_broken", facts)
