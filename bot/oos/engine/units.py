"""A task being done once: the calls it makes, its retries, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from bot import source
from bot.oos.engine import calls, journal, notices
from bot.oos.expr import language, values
from bot.oos.template import model, waits

_READS_AGAIN = 5
_MADE_AGAIN = 5
_SHOWN_CHARS = 400
"""So much of a value that was not as wished is shown: what a script printed last says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is, besides its template: ``facts`` are further pseudo parameters by their names
    ("ACS::OOSUtilVersion"); a ``pause_after`` above 0 is a canary: the first loop items to run
    before people vote again (``canary_votes`` approvals)."""

    id: str
    started: datetime
    region: str = ""
    account: str = ""
    user: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    pause_after: int = 0
    canary_votes: int = 1

    def pseudo(self) -> dict[str, Any]:
        """The pseudo parameters that hold for the whole run."""
        return {
            "ACS::RegionId": self.region,
            "ACS::ExecutionId": self.id,
            "ACS::AccountId": self.account,
            "ACS::ExecuteUser": self.user,
            **self.facts,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed: the task's path, the code of the other side or of OOS, and a sentence."""

    task: str
    code: str
    message: str

    def __str__(self) -> str:
        text = self.message if self.code in self.message else f"{self.code}: {self.message}"
        return f"{self.task}: {text}" if self.task else self.message


@dataclass(frozen=True, slots=True)
class Result:
    """How a task, or an item of its loop, ended."""

    status: Literal["Success", "Failed", "Skipped"]
    outputs: Mapping[str, object] = field(default_factory=dict)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a part of the run waits for people: an approval (``ask``) or a pause."""

    key: str
    task: str
    kind: Literal["approval", "canary", "pause", "batch"]
    ask: calls.Approve | None = None


class Holder(Protocol):
    def released(self, at: datetime) -> None: ...


class Owner(Protocol):
    def unit_ended(self, unit: Unit, result: Result, at: datetime) -> None: ...


class Desk(Protocol):
    """Where units leave what they want: the run's state."""

    @property
    def run(self) -> Run: ...
    @property
    def library(self) -> Mapping[str, model.Template]: ...
    def offer(self, call: calls.Call, unit: Unit) -> None: ...
    def wake(self, due: datetime, unit: Unit) -> None: ...
    def hold(self, hold: Hold, holder: Holder) -> None: ...


class Unit:
    """The task ``key`` for one item. A subclass is an action; this one knows retries."""

    retries: ClassVar[int] = 0

    def __init__(
        self, desk: Desk, owner: Owner, task: model.Task, key: str, scope: language.Scope
    ) -> None:
        self.desk, self.owner, self.task, self.key, self.scope = desk, owner, task, key, scope
        self.attempt = 0
        self.retried = 0
        self.unmade = 0
        self.cleanup = False
        self.index = 0
        self.patience = waits.Patience()
        self.properties = {model.fold(name): value for name, value in task.properties.items()}

    def begin(self, at: datetime) -> None:
        """Do it. A value that does not fit fails the task."""
        task = self.task
        names = ("retries", "delay", "delay_type", "back_off", "max_retry_interval")
        try:
            settings = {name: self.value(getattr(task, name)) for name in names}
            self.patience = waits.patience(settings, self.retries)
            self.prepare()
        except language.ERRORS as error:
            self.fail("InvalidValue", str(error), at)
            return
        self.start(at)

    def prepare(self) -> None:
        """Evaluate the properties. One of ``language.ERRORS``: a value does not fit."""

    def start(self, at: datetime) -> None:
        """Make the first call, or begin to wait."""
        self.woken(at)

    def woken(self, at: datetime) -> None:
        """The delay before a retry is over."""
        raise NotImplementedError

    def finished(self, outcome: journal.Done | journal.Failed, at: datetime) -> None:
        """The call ended."""
        if isinstance(outcome, journal.Done):
            self.accept(outcome.document, at)
        else:
            self.missed(Failure(self.key, outcome.code, outcome.message), at)

    def doubt(self, at: datetime) -> bool:
        """The call's end is unknown. False: it must be looked up."""
        return False

    def not_made(self, outcome: journal.NotMade, at: datetime) -> None:
        """The call provably did not happen: it is made again, but not for ever."""
        self.unmade += outcome.reason != journal.HELD
        if self.unmade > _MADE_AGAIN:
            self.missed(Failure(self.key, "NotMade", outcome.reason or "it was never made"), at)
        else:
            self.again(at)

    def again(self, at: datetime) -> None:
        """Make the call under a new key: a person wants it, or it never was made."""
        self.attempt += 1
        self.woken(at)

    def accept(self, document: object, at: datetime) -> None:
        """Take what the outputs want from the answer, and end."""
        outputs: dict[str, object] = {}
        try:
            for output in self.task.outputs:
                outputs[output.name] = language.selected(
                    output.type, output.value, document, self.scope
                )
        except language.ERRORS as error:
            self.fail("InvalidOutput", str(error), at)
            return
        self.end(Result("Success", outputs), at)

    def missed(self, failure: Failure, at: datetime) -> None:
        """It did not work: try again later, if it may."""
        if self.retried >= self.patience.retries:
            self.end(Result("Failed", failure=failure), at)
            return
        self.retried += 1
        self.attempt += 1
        self.desk.wake(at + self.patience.before(self.retried), self)

    def fail(self, code: str, message: str, at: datetime) -> None:
        """It did not work and never will."""
        self.end(Result("Failed", failure=Failure(self.key, code, message)), at)

    def end(self, result: Result, at: datetime) -> None:
        self.owner.unit_ended(self, result, at)

    # ------------------------------------------------------------------ values

    def value(self, value: Any) -> Any:
        return language.evaluate(value, self.scope)

    def property(self, name: str, default: object = None) -> Any:
        """A property, evaluated."""
        raw = self.properties.get(name.lower())
        value = None if raw is None else self.value(raw)
        return default if value is None else value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.property(name, {})
        if not isinstance(value, Mapping):
            raise source.Invalid(f"{name} is {value!r}; it is an object")
        return value

    def several(self, name: str) -> tuple[Any, ...]:
        value = self.property(name, ())
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    def text(self, name: str) -> str:
        return str(self.property(name, ""))


class CallUnit(Unit):
    """A task that makes a call and makes it again to retry."""

    what: calls.What

    def what_to_call(self) -> calls.What:
        raise NotImplementedError

    def prepare(self) -> None:
        self.what = self.what_to_call()

    def woken(self, at: datetime) -> None:
        key = f"{self.key}#{self.attempt}"
        made = calls.token(self.desk.run.id, key)
        call = calls.Call(key, made, self.key, self.retried, self.what, self.cleanup)
        self.desk.offer(call, self)


class ApiUnit(CallUnit):
    """ACS::ExecuteAPI."""

    doubts = 0

    def what_to_call(self) -> calls.What:
        arguments = self.mapping("Parameters")
        parameters = {name: value for name, value in arguments.items() if value is not None}
        regions = [parameters[name] for name in parameters if name.casefold() == "regionid"]
        region = self.property("RegionId") or next(filter(None, regions), "")
        service, api = self.text("Service"), self.text("API")
        if not service or not api:
            raise source.Invalid("Service and API must both be given")
        return calls.Api(
            service=service,
            api=api,
            parameters=parameters,
            region=str(region or self.desk.run.region),
            version=self.text("Version"),
            method=self.text("Method").upper(),
            uri=self.text("URI"),
            headers=self.mapping("Headers"),
            query=self.mapping("Query"),
            body=self.property("Body"),
            endpoint=self.text("Endpoint"),
            risk=self.text("Risk"),
            paging=self._paging(),
        )

    def _paging(self) -> bool | None:
        raw = self.property("AutoPaging")
        paging = values.boolean(raw)
        if paging is None and raw is not None:
            raise source.Invalid(f"AutoPaging is {raw!r}; it is true or false")
        return paging

    def doubt(self, at: datetime) -> bool:
        """What only reads is simply asked again."""
        if isinstance(self.what, calls.Api) and not self.what.reads:
            return False
        self.doubts += 1
        if self.doubts > _READS_AGAIN:
            self.missed(Failure(self.key, "NoAnswer", "no answer came"), at)
        else:
            self.again(at)
        return True


class WaitUnit(ApiUnit):
    """ACS::WaitFor: asks until the selected values are the desired ones. Where the selector gives
    several values, all must fit; where it gives none, that counts as null, which may be desired. A
    poll that fails, or whose answer the selector does not fit yet, is one that did not fit."""

    retries = 10

    def prepare(self) -> None:
        self.desired = self._wanted("DesiredValues")
        self.undesired = self._wanted("NotDesiredValues")
        self.stopping = self._wanted("StopRetryValues")
        if self.desired is None and self.undesired is None:
            raise source.Invalid("neither DesiredValues nor NotDesiredValues is given")
        super().prepare()

    def accept(self, document: object, at: datetime) -> None:
        try:
            observed_values = self._observed_values(document)
        except language.ERRORS as error:
            self.missed(Failure(self.key, "InvalidOutput", str(error)), at)
            return
        if self._fits(observed_values or [None]):
            super().accept(document, at)
            return
        shown = (
            ", ".join(values.brief(value, _SHOWN_CHARS) for value in observed_values) or "nothing"
        )
        if any(language.among(value, self.stopping or ()) for value in observed_values):
            self.fail("StopRetryValue", f"the value is {shown}", at)
            return
        wanted = self.undesired if self.desired is None else self.desired
        word = "none of" if self.desired is None else "one of"
        expected = ", ".join(map(values.brief, wanted or ()))
        message = f"the value is {shown}, it should be {word}: {expected}"
        self.missed(Failure(self.key, "UndesiredValue", message), at)

    def _observed_values(self, document: object) -> list[Any]:
        selector = self.properties.get("propertyselector")
        return language.results(selector, document, self.scope) if selector else [document]

    def _fits(self, observed_values: list[object]) -> bool:
        if self.desired is not None:
            desired = self.desired
            if not all(language.among(value, desired) for value in observed_values):
                return False
        return not any(language.among(value, self.undesired or ()) for value in observed_values)

    def _wanted(self, name: str) -> tuple[Any, ...] | None:
        """None: the property is not there."""
        return None if self.properties.get(name.lower()) is None else self.several(name)


class CheckUnit(WaitUnit):
    """ACS::CheckFor: the same, once."""

    retries = 0


class SelectUnit(ApiUnit):
    """ACS::SelectTargets."""

    def what_to_call(self) -> calls.What:
        return calls.SelectTargets(
            self.text("ResourceType"),
            self.several("Filters"),
            self.text("RegionId") or self.desk.run.region,
            values.whole(self.property("MaxResults")),
        )


class ProductUnit(CallUnit):
    """A product action of the bot's own."""

    def what_to_call(self) -> calls.Product:
        parameters = self.value(self.task.properties)
        return calls.Product(self.task.action, parameters, self.desk.run.region)


class NotifyUnit(CallUnit):
    """ACS::Notify. Whether an unanswered message was sent changes nothing: the flow goes on."""

    def what_to_call(self) -> calls.Notify:
        return notices.notice(self.properties, self.value, append_link=False)

    def doubt(self, at: datetime) -> bool:
        self.accept({}, at)
        return True


class ApproveUnit(CallUnit):
    """ACS::Approve: asks, and waits for votes. People can see the approval in the chat, too: a
    notification that fails does not end the wait."""

    what: calls.Approve
    over = False

    def what_to_call(self) -> calls.Approve:
        least = self.property("MinRequiredApprovals", 1)
        if isinstance(least, bool) or not str(least).isdecimal() or int(least) < 1:
            raise source.Invalid(f"MinRequiredApprovals is {least!r}; it is a number from 1")
        approvers = tuple(ram_user(str(name)) for name in self.several("Approvers") if name)
        if approvers and int(least) > len(set(approvers)):
            few = ", ".join(dict.fromkeys(approvers))
            raise source.Invalid(f"MinRequiredApprovals is {least}, and only {few} may approve")
        hook = self.properties.get("webhook")
        if hook is None:
            return calls.Approve(approvers, int(least))
        notice = notices.notice(self.properties, self.value, append_link=True)
        return calls.Approve(approvers, int(least), notice)

    def start(self, at: datetime) -> None:
        super().start(at)
        self.desk.hold(Hold(f"{self.key}#0", self.key, "approval", self.what), self)

    def finished(self, outcome: journal.Done | journal.Failed, at: datetime) -> None:
        """The notification went out, or did not."""

    def doubt(self, at: datetime) -> bool:
        return True

    def released(self, at: datetime) -> None:
        self.accept({}, at)


class PauseUnit(Unit):
    """ACS::Pause: waits until a person resumes the run."""

    def start(self, at: datetime) -> None:
        self.desk.hold(Hold(f"{self.key}#0", self.key, "pause"), self)

    def released(self, at: datetime) -> None:
        self.accept({}, at)


class SleepUnit(Unit):
    """ACS::Sleep: a due time."""

    def prepare(self) -> None:
        self.duration = waits.duration(self.property("Duration", ""))

    def start(self, at: datetime) -> None:
        self.desk.wake(at + self.duration, self)

    def woken(self, at: datetime) -> None:
        self.accept({}, at)


class RefusedUnit(Unit):
    """An action that only OOS itself can run; templates with it are refused when they are
    loaded."""

    def start(self, at: datetime) -> None:
        self.fail("UnsupportedAction", f"{self.task.action} runs on OOS itself only", at)


def ram_user(name: str) -> str:
    """The RAM user of a login name (``ann@corp``: ann), as approvals name people."""
    return name.strip().partition("@")[0]
