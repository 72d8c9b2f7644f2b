"""A request as a trace: which span ends by which move, and how they hang together."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import model
from bot.runtime import moves
from bot.store import port
from bot.web import otlp, spans
from tests.bot import rig
from tests.bot.configured import SMALL, Loader

State = model.State
COLLECTOR = "http://127.0.0.1:4318/v1/traces"
ASKED = replace(
    rig.new_request(model.View(7, 0, ""), rig.asked(1, "restart hush"), rig.START),
    state=State.PLANNING,
)


def at(seconds: float) -> datetime:
    return rig.START + timedelta(seconds=seconds)


def life() -> Iterator[moves.Moved]:
    """A request that is asked for, planned, approved, run and done."""
    yield moves.Moved(None, ASKED, at(0))
    pending = replace(ASKED, state=State.PENDING, version=2)
    yield moves.Moved(ASKED, pending, at(1))
    shown = replace(pending, card="c-1", card_at=at(2))
    approved = replace(shown, state=State.APPROVED, version=3, approved_at=at(60))
    yield moves.Moved(shown, approved, at(60))
    running = replace(approved, state=State.RUNNING, version=4, started_at=at(61))
    yield moves.Moved(approved, running, at(61))
    done = replace(running, state=State.SUCCEEDED, version=5, ended_at=at(90))
    yield moves.Moved(running, done, at(90))
    yield moves.Moved(done, replace(done, version=6), at(95))


def test_a_request_is_one_trace_of_its_parts() -> None:
    ended = [span for move in life() for span in spans.of_move("store", move)]
    told = [(span.name, (span.start - rig.START).seconds, (span.end - rig.START).seconds)
            for span in ended]  # fmt: skip
    assert told == [
        ("intake", 0, 1),
        ("approval", 2, 60),
        ("run", 61, 90),
        ("request restart", 0, 90),
    ]
    *parts, whole = ended
    assert whole.parent is None
    assert {span.parent for span in parts} == {whole.id}
    assert {span.trace for span in ended} == {whole.trace}
    assert len({span.id for span in ended}) == len(ended)
    assert [span.attributes.get("countersign.decision") for span in parts] == [
        None,
        "approved",
        None,
    ]
    assert not any(span.fault for span in ended)
    assert "hush" not in str(ended)
    assert "alice" not in str(ended)


def test_the_same_request_of_the_same_store_has_the_same_trace_always() -> None:
    first, second = (next(spans.of_move("store", moves.Moved(None, done, at(5)))) for done in (
        replace(ASKED, state=State.REFUSED), replace(ASKED, state=State.CANCELLED, version=9)
    ))  # fmt: skip
    assert first.trace == second.trace
    others = (
        ("another", ASKED),
        ("store", replace(ASKED, id=8)),
        ("store", replace(ASKED, created_at=at(1))),
    )
    for installation, request in others:
        refused = moves.Moved(None, replace(request, state=State.REFUSED), at(5))
        assert next(spans.of_move(installation, refused)).trace != first.trace


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (model.Done("r"), ""),
        (model.Refused("because of alice"), "refused"),
        (model.Unknown("?"), "unknown"),
    ],
)
def test_effects_hang_below_what_they_belong_to(outcome: model.Outcome, fault: str) -> None:
    whole = list(spans.of_move("store", list(life())[4]))
    say = rig.say("k", request=7).body
    stop = model.StopRun(7, "cn-hangzhou", "inv-1", ("i-1",))
    for body, parent, party in ((say, whole[1].id, "chat"), (stop, whole[0].id, "cloud")):
        effect = model.StoredEffect(3, "k", "k", 7, 2, body, {})
        platform = "chat" if party == "chat" else ""
        row = port.Row(effect, "done", port.RateKey(platform, "", "say"), at(10), 1)
        (span,) = spans.of_move("store", moves.Ended(ASKED, row, outcome, at(12)))
        assert (span.name, span.parent, span.fault) == (f"effect {body.kind}", parent, fault)
        assert (span.start, span.end, span.trace) == (at(10), at(12), whole[0].trace)
        assert span.attributes["countersign.party"] == party
        assert span.attributes["countersign.attempts"] == 2
        assert "alice" not in str(span)


def test_a_clock_that_was_set_back_ends_nothing_before_it_began() -> None:
    refused = moves.Moved(ASKED, replace(ASKED, state=State.REFUSED, version=2), at(-50))
    for span in spans.of_move("store", refused):
        assert span.start == span.end == at(-50)


async def test_a_collector_that_is_away_keeps_nobody_from_stopping(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(otlp, "LAST", 0.05)
    traces = otlp.Traces(f"http://127.0.0.1:{unused_tcp_port}/v1/traces", "store")
    for _ in range(200):
        traces.follow(list(life()))
    began = time.monotonic()
    await asyncio.wait_for(traces.close(), 10)
    assert time.monotonic() - began < otlp.TIMEOUT


async def test_moves_are_told_once_committed_and_only_to_followers(tmp_path: Path) -> None:
    async with rig.running(tmp_path / "store.db") as r:
        await r.engine.submit(rig.asked(1))
        assert r.engine._intake.moves == []
        heard: list[moves.Move] = []
        r.engine.follow(heard.extend)
        await r.engine.submit(rig.asked(2))
        await r.engine.submit(rig.asked(2))
        await r.engine.submit(rig.asked(3, "boom"))
        await r.engine.submit(rig.clicked(1, 2))
        await rig.until(lambda: len(heard) == 2)
        assert [(one.before and one.before.state, one.after.state) for one in heard  # type: ignore[union-attr]
                ] == [(None, "pending"), ("pending", "approved")]  # fmt: skip


def traced(address: str) -> str:
    return f'{SMALL}\n[web]\ntraces = "{address}"\n'


def test_the_check_says_how_to_get_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Loader(tmp_path)
    assert load(traced(COLLECTOR)).web.traces == COLLECTOR
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (fault,) = load.faults(traced(COLLECTOR))
    assert 'pip install "countersign[otel]"' in fault.message
    assert fault.mark.line == traced(COLLECTOR).count("\n")
    assert load(SMALL).web.traces is None


def test_the_collector_is_reached_encrypted_or_on_this_machine(tmp_path: Path) -> None:
    load = Loader(tmp_path)
    (fault,) = load.faults(traced("http://collector.example:4318/v1/traces"))
    assert "allow_plain_http" in fault.message
    assert load(traced("https://collector.example/v1/traces")).web.traces is not None
