"""Write a store with requests in every state, as the code of this checkout writes it.

``python -m tests.upgrade.make_store tests/payloads/stores/RELEASE.sql`` plays the requests on the
stage of the tests and dumps the file as SQL. A dump that was made with a release is kept as it is:
it stands for the stores that people have, so later code must read it and go on with it.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

from bot import model, store
from tests.bot import run_stage, stage

State = model.State
PARTS = "fleet targets=web-01,web-02 rateControl=1"


class Lookups(stage.Everything):
    """A quota that lets nothing go but what only looks."""

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        return store.Allowance(1000 if rate_key.kind == "lookup" else 0)


def play(scene: run_stage.RunStage) -> dict[int, str]:
    """Ask for one request per state and way to get there; returns what each number stands for."""
    made: dict[int, str] = {}

    def ask(what: str, who: str, text: str) -> model.Request:
        request = scene.planned(who, text)
        made[request.id] = what
        return request

    def approve(request: model.Request, *people: str) -> None:
        for person in people:
            now = scene.request(request.id)
            scene.click(person, now.id, "approve", now.code, now.card)

    finished(scene, ask, approve)
    unfinished(scene, ask, approve)
    scene.ask("alice", "restart web-01 reason=looking")
    made[19] = "planning"
    scene.ask("bob", "restart web-02 reason=unsent")
    claims = scene.loop.run_until_complete(scene.engine.claim(Lookups()))
    scene.settle(claims.effects[-1], scene.answer(claims.effects[-1]))
    made[20] = "pending, its card is not sent"
    return made


def finished(scene: run_stage.RunStage, ask, approve) -> None:  # type: ignore[no-untyped-def]
    """Requests that have ended, in each of the ways."""
    approve(done := ask("succeeded", "alice", "restart web-01 reason=leak"), "bob")
    scene.work()
    scene.observe(done.id)
    scene.work()
    approve(failed := ask("failed", "alice", "restart web-02 reason=leak"), "bob")
    scene.work()
    scene.observe(failed.id, "Failed", 1)
    scene.work()
    rejected = ask("rejected", "alice", "restart web-01 reason=no")
    scene.click("bob", rejected.id, "reject", rejected.code, rejected.card, "not today")
    ask("cancelled", "alice", "restart web-01 reason=oops")
    scene.ask("alice", "cancel 4")
    ask("expired", "alice", "restart web-01 reason=late")
    scene.tick(1801)
    scene.work()
    approve(lost := ask("unknown", "alice", "restart web-03 reason=lost"), "carol")
    scene.work()
    step = scene.read(lambda reader: reader.steps(lost.id))[0]
    gone = model.InvocationPolled("gone", scene.clock.now(), lost.id, step.invocation, (), True)
    scene.submit(gone)
    scene.work()
    scene.ask("alice", "restart nowhere reason=typo")  # refused: no such instance
    scene.work()
    approve(ask_within(scene, "alice", ask), "bob")
    scene.work()


def ask_within(scene: run_stage.RunStage, who: str, ask) -> model.Request:  # type: ignore[no-untyped-def]
    refused = scene.request(7)
    assert refused.state is State.REFUSED
    request: model.Request = ask("template succeeded", who, PARTS)
    return request


def unfinished(scene: run_stage.RunStage, ask, approve) -> None:  # type: ignore[no-untyped-def]
    """Requests that are open, in each of the states. Time passes only for the first of them."""
    approve(nap := ask("waiting for a pause", "alice", "nap"), "bob")
    scene.work()
    scene.tick(3601)
    scene.work()
    assert scene.request(nap.id).state is State.WAITING
    gate = ask("waiting for two votes, one in", "alice", "gate note=hello password=s3cret-word")
    approve(gate, "bob")
    scene.work()
    assert scene.request(gate.id).state is State.WAITING
    approve(gate, "carol")
    approve(ask("template running, a call is out", "alice", PARTS), "bob")
    hold_a_call(scene)
    approve(running := ask("running", "alice", "restart web-01 web-02 reason=run"), "bob")
    scene.work()
    assert scene.request(running.id).state is State.RUNNING
    ask("pending", "alice", "restart web-01 reason=wait")
    approve(ask("pending, one vote of two", "bob", "run web-01 -- echo hi"), "carol")
    ask("template pending", "alice", PARTS)
    approve(ask("approved, in flight", "alice", "restart web-03 reason=flying"), "bob")
    assert any(isinstance(claimed.effect.body, model.StartRun) for claimed in scene.claim())
    soon = [ask("approved, unsent", "alice", "restart web-02 reason=soon")]
    soon.append(ask("template approved, unsent", "alice", PARTS))
    for request in soon:
        approve(request, "bob")


def hold_a_call(scene: run_stage.RunStage) -> None:
    """Go on until a call that changes something is under way, and leave it there."""
    while held := scene.held():
        for claimed in held:
            body = claimed.effect.body
            assert isinstance(body, model.RunCall)
            if isinstance(body.what, model.calls.Api):
                return
            scene.settle(claimed, scene.answer(claimed))
    raise AssertionError("no call was made")


def dump(scene: run_stage.RunStage) -> str:
    with sqlite3.connect(scene.store.path) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = run_stage.RunStage(Path(folder))
        made = play(scene)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dump(scene), encoding="utf-8")
        for number, what in sorted(made.items()):
            print(f"{number}: {what}: {scene.request(number).state.value}")
        scene.close()


if __name__ == "__main__":
    assert stage.START
    main(Path(sys.argv[1]))
