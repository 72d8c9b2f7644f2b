"""What is asked for, as far as scripts and templates are alike in it."""

from __future__ import annotations

from dataclasses import dataclass

from bot import policy
from bot.commands import registry
from bot.commands.line import parser
from bot.core.decision import DecisionBuilder


@dataclass(frozen=True)
class Content:
    """``line``: what was typed, or what a form or rule says in its place."""

    builder: DecisionBuilder
    command: registry.Command
    line: parser.Line

    @property
    def needs(self) -> policy.Verdict:
        return policy.Verdict()

    @property
    def parsed(self) -> parser.Parsed:
        assert isinstance(self.line.parsed, parser.Parsed)
        return self.line.parsed

    @property
    def rule(self) -> policy.CommandRule:
        return self.builder.deployment.book.commands[self.command.name]
