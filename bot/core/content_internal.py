"""An internal operation, as it is asked for: what the gate judges of it, and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot import model, policy
from bot.commands import api
from bot.core import calling, internal, values
from bot.core.content import Content
from bot.core.internal_operations import OPERATIONS
from bot.policy import limits, screening


@dataclass(frozen=True)
class InternalContent(Content):
    """``written_at``, ``person`` and ``place``: when, by whom and where it was asked for."""

    person: policy.Person
    place: model.Place
    locale: str
    written_at: datetime

    @cached_property
    def result(self) -> internal.Draft | policy.Refusal:
        """What is put to the vote; or why nothing can be."""
        if isinstance(self.line.parsed, policy.Refusal):
            return self.line.parsed
        change = calling.answer(self.line.parsed)
        if isinstance(change, policy.Refusal):
            return change
        assert isinstance(change, api.Change)
        question = internal.Question(
            self.builder, self.person, self.place, self.locale, self.written_at, change.values
        )
        return OPERATIONS[self.name].draft(question)

    @property
    def name(self) -> model.InternalName:
        assert self.command.internal
        return self.command.internal

    @property
    def plan(self) -> model.InternalPlan:
        draft = self.result
        assert isinstance(draft, internal.Draft)
        return model.InternalPlan(
            self.command.name,
            self.command.version,
            (),
            "",
            internal=self.name,
            parameters=draft.values,
            preview=draft.text,
        )

    # ------------------------------------------------------------- what is judged

    @property
    def unreadable(self) -> policy.Refusal | None:
        return self.result if isinstance(self.result, policy.Refusal) else None

    @property
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        return limits.forbidden_value(self.rule.allowed_values, self.parsed.values)

    @property
    def needs(self) -> policy.Verdict:
        draft = self.result
        return draft.needs if isinstance(draft, internal.Draft) else policy.Verdict()

    unquotable = ""
    hidden_target = ""
    unjudged_calls = ()
    unshown = None
    lacks_targets = False

    @property
    def arguments(self) -> Mapping[str, object]:
        return self.parsed.values

    @property
    def passages(self) -> tuple[screening.Passage, ...]:
        """The words, and every value."""
        typed = dict.fromkeys(values.typed(self.parsed.values))
        return (
            screening.Passage("text", self.line.text),
            *(screening.Passage("value", value) for value in typed),
        )
