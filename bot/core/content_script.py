"""A script that a command renders, as it is asked for: what the gate judges of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bot import policy
from bot.commands import api, rendering
from bot.core import calling, values
from bot.core.content import Content
from bot.policy import limits, screening

STORED_VALUE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
"""What a parameter of a command stored in Cloud Assistant may hold: it is pasted in unquoted."""


def unquotable(parameters: Mapping[str, str]) -> str:
    """The first parameter whose value could not be pasted into the text of a stored command."""
    values = parameters.items()
    return next((name for name, text in values if not STORED_VALUE.fullmatch(text)), "")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A script as it would run, on Windows also as ``windows`` ("": as everywhere)."""

    script: api.Script
    text: str
    windows: str


@dataclass(frozen=True)
class ScriptContent(Content):
    @cached_property
    def result(self) -> Rendered | policy.Refusal:
        """What the command's function answers, rendered; or why that cannot be."""
        if isinstance(self.line.parsed, policy.Refusal):
            return self.line.parsed
        script = calling.answer(self.line.parsed)
        if isinstance(script, policy.Refusal):
            return script
        assert isinstance(script, api.Script)
        try:
            text = rendering.render(script)
            windows = rendering.render_windows(script) if script.windows else ""
        except rendering.BadScript as bad:
            return policy.Refusal(bad.key, bad.facts)
        return Rendered(script, text, windows)

    @property
    def rendered(self) -> Rendered:
        assert isinstance(self.result, Rendered)
        return self.result

    @property
    def targets(self) -> tuple[str, ...]:
        parameter = self.command.parameter("targets")
        typed = self.parsed.values.get(parameter.name) if parameter else ()
        return tuple(typed or self.rule.targets)

    # ------------------------------------------------------------- what is judged

    @property
    def unreadable(self) -> policy.Refusal | None:
        return self.result if isinstance(self.result, policy.Refusal) else None

    @property
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        return limits.forbidden_value(self.rule.allowed_values, self.parsed.values)

    @property
    def unquotable(self) -> str:
        return unquotable(self.rendered.script.parameters) if self.rule.command_id else ""

    hidden_target = ""
    unjudged_calls = ()
    unshown = None

    @property
    def arguments(self) -> Mapping[str, object]:
        return self.parsed.values

    @property
    def lacks_targets(self) -> bool:
        return not self.targets

    @property
    def passages(self) -> tuple[screening.Passage, ...]:
        """The words, every value, and the script as it would run, on either system."""
        script, typed = self.rendered.script, values.typed(self.parsed.values)
        passages = [screening.Passage("text", self.line.text)]
        passages += [
            screening.Passage("value", value)
            for value in dict.fromkeys((*script.parameters.values(), *typed))
            if value != script.source
        ]
        if not self.rule.command_id:
            passages += [
                screening.Passage("script", text, rendering.SCRIPT_BYTES)
                for text in (self.rendered.text, self.rendered.windows)
                if text
            ]
        return tuple(passages)
