"""The facts that the gate of ``policy`` judges, as the core knows them. Nothing is worked out
before a condition asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from bot import model, policy
from bot.core import machines, plan_preview, plan_template, systems, values
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import asking, limits, planning, quorum, screening

FOUND = "found"
"""The batch of a step that somebody else started: it carries no tag of ours, and is looked at by
itself."""


class Content(asking.Content, Protocol):
    """What is asked for, and ``passages``: its words, its values, and what would run."""

    @property
    def passages(self) -> tuple[screening.Passage, ...]: ...


class Submission(Protocol):
    """Who asks for what, where. ``policy``: in place of that of the command."""

    @property
    def person(self) -> policy.Person: ...

    @property
    def place(self) -> model.Place: ...

    @property
    def locale(self) -> str: ...

    @property
    def command(self) -> str: ...

    @property
    def policy(self) -> str: ...

    @property
    def form(self) -> model.FormOrigin | None: ...


@dataclass(frozen=True)
class Asking:
    """Somebody asks for something. ``parties``: who asks for it, and who caused it."""

    builder: DecisionBuilder
    submission: Submission
    content: Content
    parties: tuple[model.Party, ...]

    @property
    def book(self) -> policy.Book:
        return self.builder.deployment.book

    @property
    def now(self) -> datetime:
        return self.builder.now

    @property
    def command(self) -> str:
        return self.submission.command

    @property
    def place(self) -> model.Place:
        return self.submission.place

    @property
    def person(self) -> policy.Person:
        return self.submission.person

    @property
    def locale(self) -> str:
        return self.submission.locale

    @property
    def archive(self) -> model.Archive | None:
        return self.builder.view.archive

    @property
    def screened(self) -> policy.Verdict:
        return screening.screened(self.book, self.command, self.content.passages)

    @property
    def by_form(self) -> bool:
        form = self.submission.form
        return form is not None and form.decides

    @property
    def usual(self) -> str:
        """The policy that it needs, whatever is found of it."""
        return self.submission.policy or self.book.commands[self.command].policy

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        names = dict.fromkeys((self.usual, *policies))
        people = (quorum.holders(self.book, party) for party in self.parties)
        involved = frozenset[str]().union(*people)
        return quorum.Quorum(
            self.book, tuple(policy.policy_of(self.book, name) for name in names), involved
        )


@dataclass(frozen=True)
class Planning:
    """A request that is being planned. ``data``: what was found of its targets (None: they were not
    looked up), ``failure``: why they could not be; ``noted``: what was noted of it when it was
    asked for, where the systems of its targets are still to be judged; ``passages``: what of it the
    cloud keeps, ``unshown``: why that cannot be put before people."""

    builder: DecisionBuilder
    data: Mapping[str, Any] | None = None
    failure: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)
    passages: tuple[screening.Passage, ...] = ()
    unshown: policy.Refusal | None = None
    scripted: bool = False

    @property
    def book(self) -> policy.Book:
        return self.builder.deployment.book

    @property
    def now(self) -> datetime:
        return self.builder.now

    @property
    def command(self) -> str:
        return self.builder.it.command

    @property
    def place(self) -> model.Place:
        return self.builder.it.place

    @property
    def policies(self) -> tuple[str, ...]:
        return self.builder.it.policies or (self.builder.it.policy,)

    @property
    def screened(self) -> policy.Verdict:
        return screening.screened(self.book, self.command, self.passages)

    @property
    def by_form(self) -> bool:
        form = self.builder.it.form
        return form is not None and not form.late

    @cached_property
    def targets(self) -> planning.Targets | None:
        return machines.targets_of(self.data, self.scripted) if self.data is not None else None

    @property
    def unfit(self) -> policy.Refusal | None:
        if self.data is None or not self.noted:
            return None
        name = self.noted.get("template")
        if not name:
            rule = self.book.commands[self.command]
            return systems.refusal_of_script(self.command, rule, self.noted, self.data)
        template = self.builder.template(str(name), self.noted["templates"][name])
        targets = tuple(self.noted["targets"])
        return systems.refusal_of_template(self.command, template, targets, self.data)

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        names = tuple(dict.fromkeys((*self.policies, *policies)))
        return quorum.of(self.book, replace(self.builder.it, policies=names))


@dataclass(frozen=True)
class Starting:
    """A request that is to be approved or started, as the store and this decision have it.
    ``since``: when it first could have started; None: nobody noted it."""

    deployment: Deployment
    request: model.Request
    view: model.View
    now: datetime
    since: datetime | None = None

    @cached_property
    def _builder(self) -> DecisionBuilder:
        return DecisionBuilder(self.deployment, replace(self.view, request=self.request), self.now)

    @property
    def book(self) -> policy.Book:
        return self.deployment.book

    @property
    def command(self) -> str:
        return self.request.command

    @property
    def place(self) -> model.Place:
        return self.request.place

    @property
    def rule(self) -> policy.CommandRule:
        return self.book.commands[self.command]

    @property
    def votes(self) -> tuple[model.Vote, ...]:
        return self.view.votes

    @property
    def foreign(self) -> bool:
        return any(step.batch == FOUND for step in self.view.steps)

    @property
    def exists(self) -> bool:
        loaded = self.deployment.catalog.find(self.command) is not None
        return loaded and self.command in self.book.commands

    @property
    def intact(self) -> bool:
        plan = self.request.plan
        return plan is None or model.intact(plan, self.deployment.key)

    @property
    def mentioned(self) -> tuple[tuple[model.Instance, str], ...]:
        plan = self.request.plan
        return plan_template.mentioned(self.rule, plan) if plan is not None else ()

    @property
    def decided_unseen(self) -> bool:
        plan = self.request.plan
        if plan is None or plan.format > 1 or not plan.template or not plan.hidden:
            return False
        return bool(plan_preview.faults_of(plan_template.subject_of(self._builder, plan)))

    @property
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        return values.forbidden_now(self._builder, self.rule)

    @cached_property
    def screened(self) -> policy.Verdict:
        return values.screened_now(self._builder)
