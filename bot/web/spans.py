"""A request as a trace: intake, approval, run, and each effect, below the whole of it.

The names of a trace and of its spans are made of the store's name and the request, so a span that
ends after a restart belongs to the same trace. Spans hold no texts and no people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot import model
from bot.runtime import meter, moves
from bot.store import codec

OF_RUN = ("start_run", "run_call", "stop_run", "tell_run")
"""Effects that belong to the run."""
BAD_ENDS = (model.State.FAILED, model.State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a request that has ended. ``parent`` None: it is the whole. ``fault``: why it went
    wrong, as a word; "": it did not."""

    name: str
    trace: int
    id: int
    parent: int | None
    start: datetime
    end: datetime
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    fault: str = ""


def of_move(installation: str, move: moves.Move) -> Iterator[Span]:
    """The spans that end by a move of a request."""
    if isinstance(move, moves.Ended):
        yield _of_effect(_Trace(installation, move.request), move)
        return
    before, after, at = move.before, move.after, move.at
    trace, then = _Trace(installation, after), before.state if before is not None else None
    if then in (None, model.State.PLANNING) and after.state is not model.State.PLANNING:
        yield trace.part("intake", "intake", after.created_at, at, {})
    if before is not None and then is model.State.PENDING is not after.state:
        attributes: dict[str, str | int] = {
            "countersign.decision": after.state.value,
            "countersign.policy": "+".join(before.policy_names),
        }
        began = before.card_at or before.created_at
        yield trace.part(f"approval:{before.version}", "approval", began, at, attributes)
    if after.state.final and (then is None or not then.final):
        if after.started_at is not None:
            engine = after.plan.engine if after.plan is not None else ""
            run = {"countersign.engine": engine, "countersign.state": after.state.value}
            yield trace.part("run", "run", after.started_at, at, run, _fault(after))
        yield trace.whole(at, _fault(after))


def _fault(request: model.Request) -> str:
    return request.state.value if request.state in BAD_ENDS else ""


def _of_effect(trace: _Trace, move: moves.Ended) -> Span:
    row, kind = move.row, move.row.effect.body.kind
    attributes: dict[str, str | int] = {
        "countersign.kind": kind,
        "countersign.party": row.rate_key.platform or meter.CLOUD,
        "countersign.outcome": move.outcome.kind,
        "countersign.attempts": row.effect.attempts,
    }
    bad = move.outcome.kind if isinstance(move.outcome, model.Refused | model.Unknown) else ""
    parent = trace.id_of("run") if kind in OF_RUN else trace.root
    name = f"effect:{row.effect.id}"
    return trace.part(name, f"effect {kind}", row.created_at, move.at, attributes, bad, parent)


class _Trace:
    """The trace of a request."""

    def __init__(self, installation: str, request: model.Request) -> None:
        self._request = request
        self._name = f"{installation}:{request.id}:{codec.ms(request.created_at)}"
        self.id = _number(self._name, 16)
        self.root = self.id_of("request")

    def id_of(self, part: str) -> int:
        """The id of the span of a part."""
        return _number(f"{self._name}:{part}", 8)

    def part(
        self,
        part: str,
        name: str,
        start: datetime,
        end: datetime,
        attributes: Mapping[str, str | int],
        fault: str = "",
        parent: int | None = None,
    ) -> Span:
        """A span below the whole, or below ``parent``. One that a clock which was set would end
        before it begins has no length."""
        parent = self.root if parent is None else parent
        about = {"countersign.request": self._request.id, **attributes}
        ids = (self.id, self.id_of(part), parent)
        return Span(name, *ids, min(start, end), end, about, fault)

    def whole(self, end: datetime, fault: str) -> Span:
        """The span of the request as a whole."""
        request = self._request
        about: dict[str, str | int] = {
            "countersign.request": request.id,
            "countersign.command": request.command,
            "countersign.risk": request.risk,
            "countersign.platform": request.place.platform,
            "countersign.state": request.state.value,
        }
        start = min(request.created_at, end)
        name = f"request {request.command}"
        return Span(name, self.id, self.root, None, start, end, about, fault)


def _number(text: str, size: int) -> int:
    """A number of so many bytes that is not 0."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1
