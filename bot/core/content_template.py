"""A template, as it is asked for: what the gate judges of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot import policy
from bot.core import bounds, plan_preview, plan_template
from bot.core.content import Content
from bot.oos.parameters import arguments
from bot.oos.template import model as oos
from bot.policy import limits, screening
from bot.source import masks


@dataclass(frozen=True)
class TemplateContent(Content):
    @property
    def template(self) -> oos.Template:
        return plan_template.template_of(self.command)

    @property
    def region(self) -> str:
        return self.rule.region or self.builder.deployment.region

    @cached_property
    def result(self) -> Mapping[str, Any] | policy.Refusal:
        """A value for each parameter, as the template has them; or why that cannot be."""
        if isinstance(self.line.parsed, policy.Refusal):
            return self.line.parsed
        typed = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.command.inputs(self.parsed.values).items()
            if value is not None and value != ()
        }
        for item in self.template.parameters:
            usual = self.rule.targets and item.association == "Targets"
            if usual and item.name not in typed:
                typed[item.name] = list(self.rule.targets)
        facts = {"ACS::RegionId": self.region, "ACS::AccountId": ""}
        values = arguments.bind(self.template, typed, facts)
        if isinstance(values, list):
            problems = "; ".join(map(str, values))
            return policy.Refusal("refused.template_values", {"problems": problems})
        return values

    @property
    def values(self) -> Mapping[str, Any]:
        assert not isinstance(self.result, policy.Refusal)
        return self.result

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.template.parameters if item.no_echo)

    @cached_property
    def selectors(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters that hold targets, each with the Targets that they are found by."""
        selectors = (
            (item.name, plan_template.selector_of(item, self.values[item.name], self.region))
            for item in self.template.parameters
        )
        return {name: selector for name, selector in selectors if selector is not None}

    @cached_property
    def strays(self) -> Mapping[str, str]:
        """The instances that other parameters name, and that can be judged only by what they are
        called."""
        return plan_template.strays_of(self.rule, self.values, tuple(self.selectors))

    @cached_property
    def library(self) -> Mapping[str, oos.Template]:
        return self.builder.library(self.command.templates)

    @cached_property
    def real(self) -> str | policy.Refusal:
        """The plan with nothing hidden, for the patterns alone; or why it cannot be shown."""
        subject = plan_preview.Subject(
            self.template,
            self.values,
            self.hidden,
            self.library,
            self.region,
            self.rule.engine == "oos",
        )
        return plan_template.checked(subject, self.builder.deployment.book.locale)

    # ------------------------------------------------------------- what is judged

    unquotable = ""
    lacks_targets = False

    @property
    def arguments(self) -> Mapping[str, object]:
        return self.values

    @property
    def unreadable(self) -> policy.Refusal | None:
        return self.result if isinstance(self.result, policy.Refusal) else None

    @property
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        return plan_template.forbidden_value(self.rule, self.template, self.values)

    @property
    def hidden_target(self) -> str:
        name = next((name for name in self.strays.values() if name in self.hidden), "")
        return plan_template.veiled(name) if name else ""

    @property
    def unjudged_calls(self) -> tuple[str, ...]:
        if limits.unjudged(self.rule) == "allow":
            return ()
        if self.rule.engine == "oos":
            return ("OOS",)
        return tuple(dict.fromkeys(bounds.unjudgeable(self.library.values())))

    @property
    def unshown(self) -> policy.Refusal | None:
        return self.real if isinstance(self.real, policy.Refusal) else None

    @property
    def passages(self) -> tuple[screening.Passage, ...]:
        """The words, every value, and what will be done: all as it is, for a refusal never repeats
        what was found."""
        assert isinstance(self.real, str)
        values = filter(None, dict.fromkeys(masks.strings(self.values)))
        return (
            screening.Passage("text", self.line.text),
            *(screening.Passage("value", value) for value in values),
            screening.Passage("script", self.real),
        )
