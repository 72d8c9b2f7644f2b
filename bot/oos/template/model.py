"""The parts of an OOS template, as read: every part knows where it stands in the file.

Names are case-insensitive on OOS; they are kept as written, and looked up through ``fold``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.source import Fault, Mark

ParameterType = Literal["String", "Number", "Boolean", "List", "Json"]


def fold(name: str) -> str:
    """The form in which names are compared."""
    return name.casefold()


class Local(str):
    """A sentence about something that this side cannot do, or does not know; OOS itself may."""

    __slots__ = ()


def like(part: str, whole: str) -> str:
    """A sentence about what its part is about."""
    return Local(whole) if isinstance(part, Local) else whole


def local(fault: Fault) -> bool:
    """Is it this side that cannot do it, or does not know it?"""
    return isinstance(fault.message, Local)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of ``Parameters``. ``default`` is None where there is none (``required``);
    ``association`` is AssociationProperty (Targets, RateControl, …)."""

    name: str
    type: ParameterType
    mark: Mark
    required: bool
    default: object = None
    description: Mapping[str, str] = field(default_factory=dict)
    allowed_values: tuple[object, ...] = ()
    allowed_pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    no_echo: bool = False
    association: str = ""
    constraint: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    association_metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a task (``value`` is its ValueSelector) or of the template (``value`` is an
    expression). ``type`` as of parameters."""

    name: str
    type: ParameterType
    value: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class RateControl:
    """How a loop goes. Numbers may be counts or percentages ("50%"); all may be expressions until
    the loop begins."""

    mode: object = "Concurrency"
    concurrency: object = 1
    batch: object = None
    concurrency_in_batches: object = None
    batch_pause: object = "Automatic"
    max_errors: object = 0

    @classmethod
    def of(cls, parts: Mapping[str, Any]) -> RateControl:
        """Of parts by the folded names that they have on OOS; what is absent, or nothing, is as
        usual. Batch alone means the mode of that name."""
        settings = {name: part for name, part in parts.items() if part is not None}
        usual = cls()
        batched = "batch" in settings and "concurrency" not in settings
        return cls(
            mode=settings.get("mode", "Batch" if batched else usual.mode),
            concurrency=settings.get("concurrency", usual.concurrency),
            batch=settings.get("batch"),
            concurrency_in_batches=settings.get("concurrencyinbatches"),
            batch_pause=settings.get("batchpauseoption", usual.batch_pause),
            max_errors=settings.get("maxerrors", usual.max_errors),
        )


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An output of a loop: the function (``Fn::ListJoin`` …) over one output of its items."""

    name: str
    function: str
    field: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Loop:
    """``items``: a list or an expression giving one (at most 1,000). ``rate``: a RateControl, or an
    expression (text, or one ``Fn::`` mapping) giving its JSON."""

    items: Any
    mark: Mark
    rate: RateControl | str | Mapping[str, object] = RateControl()
    outputs: tuple[Aggregate, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``on_error`` / ``on_success``: ACS::END, ACS::NEXT or a task's name. ``retries``,
    ``delay`` … are expressions until it runs; None is the action's default."""

    name: str
    action: str
    mark: Mark
    properties: Mapping[str, object]
    description: Mapping[str, str] = field(default_factory=dict)
    when: object = None
    on_error: str = "ACS::END"
    on_success: str = "ACS::NEXT"
    outputs: tuple[Output, ...] = ()
    loop: Loop | None = None
    retries: object = None
    delay: object = None
    delay_type: object = None
    back_off: object = None
    max_retry_interval: object = None


@dataclass(frozen=True, slots=True)
class State:
    """How something on a machine should be: a ResourceType ("ACS:File") with its properties."""

    type: str
    properties: Mapping[str, object]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Template:
    """A whole template. ``source`` is its text, ``marks`` where each path stands. ``conditions``:
    name → what a When that names it stands for. ``states``: of a template of
    state configuration (``format_version`` ends in "-State"), which has no tasks; the agent on the
    machines brings them about, nothing runs them."""

    name: str
    source: str
    description: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    tasks: tuple[Task, ...]
    outputs: tuple[Output, ...]
    ram_role: object = ""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    format_version: str = "OOS-2019-06-01"
    conditions: Mapping[str, object] = field(default_factory=dict)
    states: tuple[State, ...] = ()
