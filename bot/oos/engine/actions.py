"""The one table of the actions that are built in: what each takes, where it may stand, and what
does it when it runs.

Every other ``ACS::<Product>::<Name>`` is a template of that name. The properties are those of
https://www.alibabacloud.com/help/en/oos/user-guide/actions and of the published templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.oos.engine import units
from bot.oos.template import model

Does = type[units.Unit] | Literal["choice", "template"]
"""What does an action: a unit, or the flow of the template itself (``bot.oos.engine.flow``)."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. ``does``: what does it here. ``one_of``: at least one of these properties is
    needed. ``nested``: the keys that a property's mapping may have, those that it needs first.
    ``loops``: it may have a Loop. ``reads``: it is meant to change nothing.
    ``trigger``: it starts an execution, so only the first task may be one. ``elsewhere``: why only
    OOS itself can run it; empty: it runs here, too. ``refusal``: why it is refused altogether;
    empty: it is not. ``aliases``: other spellings of its name."""

    name: str
    does: Does
    about: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    nested: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    loops: bool = True
    reads: bool = False
    trigger: bool = False
    elsewhere: str = ""
    refusal: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property that it may have."""
        return (*self.required, *self.optional)


_API = ("Service", "API")
_CALL = (
    "Parameters", "Method", "URI", "Headers", "Body", "Risk", "Version", "RegionId", "Endpoint",
    "Query", "Protocol", "Style", "AutoPaging",
)  # fmt: skip
_VALUES = ("DesiredValues", "NotDesiredValues", "StopRetryValues")
_WISHES = ("DesiredValues", "NotDesiredValues")
_WEBHOOK = {"WebHook": (("URI",), ("Headers", "Content", "Method"))}
_NOTE = ("WebHook", "Mail", "AppendExecutionLink", "Content", "Title", "Receivers")


def _specs() -> Iterable[ActionSpec]:
    yield from _calls()
    yield from _flow()
    yield from _people()
    yield from _triggers()
    yield from _internal()
    yield from _refused()


def _calls() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::ExecuteAPI",
        units.ApiUnit,
        "Calls one API of a product.",
        _API,
        _CALL,
        aliases=("ACS::ExecuteApi",),
    )
    yield ActionSpec(
        "ACS::WaitFor",
        units.WaitUnit,
        "Calls an API that reads until what PropertySelector finds is as wished.",
        (*_API, "PropertySelector"),
        (*_CALL, *_VALUES),
        one_of=_WISHES,
        reads=True,
    )
    yield ActionSpec(
        "ACS::CheckFor",
        units.CheckUnit,
        "Calls an API that reads once; fails unless what PropertySelector finds is as wished.",
        (*_API, "PropertySelector"),
        (*_CALL, *_VALUES),
        one_of=_WISHES,
        reads=True,
    )
    yield ActionSpec(
        "ACS::SelectTargets",
        units.SelectUnit,
        "Finds the resources that filters mean.",
        ("ResourceType",),
        ("RegionId", "Filters", "MaxResults"),
        reads=True,
    )


def _flow() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::Choice",
        "choice",
        "Goes on with the task of the first choice whose When is true, else with DefaultTask.",
        optional=("DefaultTask", "Choices"),
        one_of=("DefaultTask", "Choices"),
        loops=False,
    )
    yield ActionSpec("ACS::Sleep", units.SleepUnit, "Waits.", ("Duration",), loops=False)
    yield ActionSpec(
        "ACS::Template",
        "template",
        "Runs another template as a part of this one.",
        ("TemplateName",),
        ("Parameters", "TemplateVersion"),
    )


def _people() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::Notify",
        units.NotifyUnit,
        "Sends a message to a webhook.",
        optional=("NotifyType", *_NOTE),
        one_of=("NotifyType", "WebHook"),
        nested=_WEBHOOK,
        reads=True,
    )
    yield ActionSpec(
        "ACS::Approve",
        units.ApproveUnit,
        "Asks for approval and waits for it; one rejection cancels the run.",
        (),
        ("Approvers", "MinRequiredApprovals", "NotifyType", *_NOTE),
        nested=_WEBHOOK,
        loops=False,
    )
    yield ActionSpec(
        "ACS::Pause",
        units.PauseUnit,
        "Waits until someone goes on.",
        (),
        ("Reason",),
        loops=False,
    )


_BY_ITSELF = "it starts by itself, not when someone asks in a chat"


def _triggers() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::TimerTrigger",
        units.RefusedUnit,
        "Starts an execution at set times.",
        ("Type", "Expression"),
        ("EndDate", "TimeZone", "StartDate", "Tags", "ResourceGroup"),
        loops=False,
        trigger=True,
        elsewhere=_BY_ITSELF,
    )
    yield ActionSpec(
        "ACS::EventTrigger",
        units.RefusedUnit,
        "Starts an execution when a product reports an event.",
        ("Product",),
        (
            "Name",
            "Level",
            "Content",
            "RegionId",
            "Tags",
            "InstanceIds",
            "Resources",
            "OutputTransformer",
            "ResourceGroup",
        ),
        loops=False,
        trigger=True,
        elsewhere=_BY_ITSELF,
    )
    yield ActionSpec(
        "ACS::AlarmTrigger",
        units.RefusedUnit,
        "Starts an execution when a metric raises an alarm.",
        (),
        (
            "RegionId", "Namespace", "MetricName", "Statistics", "Comparator", "Threshold",
            "Resources", "Times", "Period", "Interval", "EffectiveInterval", "NoEffectiveInterval",
            "SilenceTime", "ContactGroups", "AlarmRuleName", "RuleName", "Escalations", "Product",
            "Name", "Level", "Content", "Tags", "Dimensions", "Type", "Expression",
            "ComparisonOperator", "OutputTransformer", "ResourceGroup",
        ),
        loops=False,
        trigger=True,
        elsewhere=_BY_ITSELF,
    )  # fmt: skip


def _internal() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::GitCodeRepo",
        units.RefusedUnit,
        "Gives the address of a repository of code, with the access that OOS was granted to it.",
        ("Platform", "Owner", "Repository"),
        ("Organization", "Branch", "RegionId"),
        elsewhere="it uses an access to the repository that is kept on OOS",
    )


def _refused() -> Iterable[ActionSpec]:
    yield ActionSpec(
        "ACS::Loop",
        units.RefusedUnit,
        "Runs several tasks for each item.",
        ("LoopItems", "LoopTasks"),
        ("LoopRateControl",),
        loops=False,
        refusal="a loop over several tasks is not run here; put the tasks into a template of their "
        "own and loop over `ACS::Template`",
    )
    yield ActionSpec(
        "ACS::ExecuteHttpRequest",
        units.RefusedUnit,
        "Sends an HTTP request.",
        ("URL",),
        ("URI", "Method", "Headers", "Body", "Query"),
        refusal="a free HTTP request is not made here; notify a webhook with `ACS::Notify`",
    )


BUILT_IN: Mapping[str, ActionSpec] = {spec.name: spec for spec in _specs()}
"""By name. ``find`` takes any case and the other spellings."""
_FOLDED = {
    model.fold(name): spec for spec in BUILT_IN.values() for name in (spec.name, *spec.aliases)
}


def find(name: str) -> ActionSpec | None:
    """The action of a name in any case; None: it is not built in."""
    return _FOLDED.get(model.fold(name))


def unit(name: str) -> type[units.Unit] | None:
    """What does an action; None: the flow of the template, or a template of that name."""
    spec = find(name)
    return spec.does if spec is not None and not isinstance(spec.does, str) else None


def calls_api(name: str) -> bool:
    """Does the action call an API of a product, with Service, API and Parameters?"""
    spec = find(name)
    return spec is not None and set(_API) <= set(spec.required)


def keeps_to_itself(name: str) -> bool:
    """Is the action built in, and runs no other template?"""
    spec = find(name)
    return spec is not None and spec.does != "template"
