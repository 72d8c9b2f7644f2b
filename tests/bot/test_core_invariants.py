"""Random histories against what must always hold, on the real store and engine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot import model, store
from bot.policy import quorum
from tests import properties, stores
from tests.bot.stage import PLATFORM, TENANT, Stage

PEOPLE = ("alice", "bob", "carol", "erin", "dave", "mallory")
ASKS = (
    "restart web-01 web-02 reason=why",
    "restart web-01 for everyone",
    'restart web-03 reason="in turn"',
    "restart nowhere-9",
    "run web-01 -- uptime",
    "run web-01 -- rm -rf / --no-preserve-root",
    "provision emp_id=E7 role=dev",
    "reboot web-01",
    "help",
    "pending",
)
STATUSES = ("Pending", "Running", "Success", "Failed", "Timeout", "Terminated", "Cancelled")


class History(RuleBasedStateMachine):
    """People, platforms and time do what they like, in any order, also twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.stage = Stage(self.folder)
        self.flying: list[store.Claimed] = []
        self.past: list[model.Event] = []
        self.ended: dict[int, model.State] = {}
        self.begun: dict[str, int] = {}
        inner = self.stage.submit
        self.stage.submit = lambda event: (self.past.append(event), inner(event))[1]  # type: ignore[method-assign]
        self.inner = inner

    def teardown(self) -> None:
        findings = stores.findings(self.stage.path)
        self.stage.close()
        stores.clear()
        assert not findings
        shutil.rmtree(self.folder)

    @property
    def last(self) -> int:
        recent = self.stage.read(lambda reader: reader.recent_requests(1))
        return recent[0].id if recent else 0

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(ASKS))
    def ask(self, who: str, text: str) -> None:
        self.stage.ask(who, text)

    @rule(status=st.sampled_from(("approved", "rejected", "withdrawn")), n=st.integers(1, 2))
    def form(self, status: str, n: int) -> None:
        event = model.FormChanged(
            f"form:{self.stage.number()}",
            self.stage.clock.now(),
            PLATFORM,
            TENANT,
            "hire",
            f"instance-{n}",
            status,  # type: ignore[arg-type]
        )
        self.stage.submit(event)

    @rule()
    def claim(self) -> None:
        self.flying += self.stage.claim()

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), fate=st.sampled_from(("done", "done", "done", "no", "later", "lost")))
    def settle(self, data: st.DataObject, fate: str) -> None:
        claimed = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        body = claimed.effect.body
        if isinstance(body, model.StartRun):
            self.judge_start(body, claimed)
            if fate in ("done", "lost"):
                self.begun.setdefault(body.step.token, 0)
                if not claimed.attempt.uncertain:
                    self.begun[body.step.token] += 1
        outcome: model.Outcome = {
            "done": self.stage.answer(claimed),
            "no": model.Refused("no"),
            "later": model.NotSent("later", 5),
            "lost": model.Unknown("lost"),
        }[fate]
        self.stage.settle(claimed, outcome)

    def judge_start(self, body: model.StartRun, claimed: store.Claimed) -> None:
        """Whatever is about to run was approved, as it stands, by those whose votes it needs."""
        request = self.stage.request(body.request)
        votes = self.stage.read(lambda reader: reader.votes(body.request))
        needed = quorum.of(self.stage.deployment.book, request)
        assert quorum.tally(needed, votes).verdict == "approved"
        assert all(vote.digest == body.digest for vote in votes)
        assert model.digest(body.plan) == body.digest == request.digest
        assert request.state in (model.State.APPROVED, model.State.RUNNING)
        assert not any(vote.person == request.person and vote.approve for vote in votes)

    @precondition(lambda self: self.last)
    @rule(
        who=st.sampled_from(PEOPLE),
        action=st.sampled_from(("approve", "approve", "reject", "stop", "cancel", "??")),
        back=st.integers(0, 3),
        right=st.booleans(),
        card=st.sampled_from(("", "ref", "other")),
    )
    def click(self, who: str, action: str, back: int, right: bool, card: str) -> None:
        request = self.stage.request(max(1, self.last - back))
        shown = {"": "", "ref": request.card, "other": "another-card"}[card]
        code = request.code if right else "00000000"
        self.stage.click(who, request.id, action, code, shown)

    @precondition(lambda self: self.last)
    @rule(
        who=st.sampled_from(PEOPLE),
        word=st.sampled_from(("approve", "reject", "cancel", "stop", "同意", "拒绝")),
        back=st.integers(0, 3),
        coded=st.booleans(),
    )
    def word(self, who: str, word: str, back: int, coded: bool) -> None:
        request = self.stage.request(max(1, self.last - back))
        code = f" {request.code}" if coded and word in ("approve", "同意") else ""
        self.stage.ask(who, f"{word} {request.id}{code}")

    @precondition(lambda self: self.last)
    @rule(back=st.integers(0, 3), status=st.sampled_from(STATUSES), code=st.integers(0, 2))
    def observe(self, back: int, status: str, code: int) -> None:
        self.stage.observe(max(1, self.last - back), status, code)

    @precondition(lambda self: self.last)
    @rule(back=st.integers(0, 3))
    def recall(self, back: int) -> None:
        request = self.stage.request(max(1, self.last - back))
        event = model.MessageRecalled(
            f"recall:{self.stage.number()}",
            self.stage.clock.now(),
            PLATFORM,
            TENANT,
            request.place.message,
        )
        self.stage.submit(event)

    @rule(seconds=st.sampled_from((1, 30, 700, 2000)))
    def time_passes(self, seconds: int) -> None:
        self.stage.tick(seconds)

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def delivered_again(self, data: st.DataObject) -> None:
        event = self.past[data.draw(st.integers(0, len(self.past) - 1))]
        before = self.stage.read(lambda reader: reader.audit_head().seq)
        receipt = self.inner(event)
        assert receipt.duplicate or isinstance(event, model.TimerDue), "a timer's row is its guard"
        assert self.stage.read(lambda reader: reader.audit_head().seq) == before

    @invariant()
    def ends_stay(self) -> None:
        for request in self.stage.read(lambda reader: reader.recent_requests(100)):
            if request.id in self.ended:
                assert request.state is self.ended[request.id]
            elif request.state.final:
                self.ended[request.id] = request.state

    @invariant()
    def nothing_runs_twice(self) -> None:
        assert all(count <= 1 for count in self.begun.values()), self.begun

    @invariant()
    def the_chain_verifies(self) -> None:
        assert self.stage.read(lambda reader: reader.verify_audit()) == []
        failed = [
            row
            for row in self.stage.read(lambda reader: list(reader.chain()))
            if row.action == "event.failed"
        ]
        assert not failed, failed

    @invariant()
    def one_vote_each(self) -> None:
        for number in range(1, self.last + 1):
            votes = self.stage.read(lambda reader, n=number: reader.votes(n))
            assert len({vote.person for vote in votes}) == len(votes)


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=properties.examples(40),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
