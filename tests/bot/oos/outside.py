"""A scripted outside for runs of templates: a virtual clock, and answers by call."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.oos.engine import calls, interpreter, journal
from bot.oos.template import model, parse

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
HEAD = "FormatVersion: OOS-2019-06-01\n"
Answer = Callable[[calls.Call], journal.Outcome | Any]


def template(text: str, name: str = "Main") -> model.Template:
    return parse.parse(HEAD + textwrap.dedent(text), name, f"{name}.yml")


def done(call: calls.Call) -> dict[str, Any]:
    return {}


def api(call: calls.Call | calls.Lookup) -> calls.Api:
    assert isinstance(call, calls.Call)
    assert isinstance(call.what, calls.Api)
    return call.what


class Outside:
    """Plays a run. ``answer`` gives an outcome, or the document of a call that was done;
    ``journal`` and ``made`` hold what happened."""

    def __init__(
        self,
        main: model.Template | str,
        answer: Answer = done,
        parameters: Mapping[str, Any] | None = None,
        library: Mapping[str, model.Template] | None = None,
        **run: Any,
    ) -> None:
        self.template = template(main) if isinstance(main, str) else main
        self.answer, self.parameters = answer, parameters or {}
        self.library = library or {}
        self.run = interpreter.Run("run-1", BEGAN, "cn-hangzhou", **run)
        self.state = self.fresh()
        self.journal: list[journal.Entry] = []
        self.made: list[calls.Call] = []
        self.times: list[float] = []
        self.now = BEGAN

    def fresh(self, entries: list[journal.Entry] | None = None) -> interpreter.State:
        return interpreter.State(
            self.template, self.parameters, self.library, self.run, entries or []
        )

    def write(self, entry: journal.Entry) -> None:
        self.journal.append(entry)
        self.state.apply(entry)

    def next(self) -> interpreter.Progress:
        return self.state.next(self.now)

    def ready(self) -> tuple[calls.Call | calls.Lookup, ...]:
        progress = self.next()
        assert isinstance(progress, interpreter.Calls), progress
        return progress.calls

    def start(self, call: calls.Call | calls.Lookup) -> None:
        if isinstance(call, calls.Call):
            self.made.append(call)
            self.times.append((self.now - BEGAN).total_seconds())
            self.write(journal.Started(call.key, self.now))

    def finish(self, call: calls.Call | calls.Lookup, outcome: Any = None) -> None:
        real = call if isinstance(call, calls.Call) else call.call
        outcome = self.answer(real) if outcome is None else outcome
        if not isinstance(outcome, journal.Outcome):
            outcome = journal.Done(outcome)
        self.write(journal.Finished(call.key, self.now, outcome))

    def play(self) -> interpreter.Progress:
        """Until people are waited for, or the end."""
        for _ in range(100_000):
            progress = self.next()
            match progress:
                case interpreter.Calls():
                    for call in progress.calls:
                        self.start(call)
                    for call in progress.calls:
                        self.finish(call)
                case interpreter.Wait(until=until) if until is not None:
                    self.now = until
                case _:
                    return progress
        raise AssertionError("the run does not end")

    def end(self) -> interpreter.Done:
        progress = self.play()
        assert isinstance(progress, interpreter.Done), progress
        return progress

    def waits(self) -> interpreter.Await:
        progress = self.play()
        assert isinstance(progress, interpreter.Await), progress
        return progress

    def vote(self, approve: bool, person: str = "li", key: str = "") -> None:
        if not key:
            progress = self.next()
            assert isinstance(progress, interpreter.Await), progress
            (approval,) = progress.approvals
            key = approval.key
        self.write(journal.Voted(key, self.now, approve, person))

    def tell(self, word: journal.Word, key: str = "", person: str = "li") -> None:
        self.write(journal.Signalled(word, self.now, person, key))

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def made_keys(self) -> list[str]:
        return [call.key for call in self.made]


def in_doubt(run: Outside) -> calls.Lookup:
    """The only call of a run is begun, and nobody knows what became of it: how it is looked up."""
    (call,) = run.ready()
    run.start(call)
    run.finish(call, journal.Unknown("the bot stopped"))
    (lookup,) = run.ready()
    assert isinstance(lookup, calls.Lookup)
    assert lookup.token == calls.token("run-1", call.key)
    return lookup
