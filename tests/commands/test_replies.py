"""What the questions answer: short, true, and only what the person who asks may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import model, policy, regexes, texts
from bot.commands import api
from tests.commands import rig
from tests.commands.rig import ask, plain, request, vote

RUNNING = model.State.RUNNING


# ----------------------------------------------------------------------------- help


def test_help_lists_what_i_may_use_here() -> None:
    said = plain(ask("help"))
    assert "restart: Restart a service on instances" in said
    assert "provision: Set up a new colleague" in said
    assert "approve: Approve a request" in said
    assert "run:" not in said
    assert "help restart" in said or "help provision" in said


def test_help_follows_the_group_and_the_role() -> None:
    assert "restart:" not in plain(ask("help", place=rig.HR))
    assert "provision:" in plain(ask("help", place=rig.HR))
    said = plain(ask("help", who="dave"))
    assert "There is no operation that you may ask for here" in said
    assert "status:" in said


def test_help_leaves_out_what_is_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    book = replace(rig.BOOK, commands={"provision": rig.BOOK.commands["provision"]})
    monkeypatch.setattr(rig, "BOOK", book)
    assert "restart:" not in plain(ask("help"))


@pytest.mark.parametrize("line", ["help restart", "help 重启", "help /RESTART", "restart --help"])
def test_help_explains_one_command(line: str) -> None:
    assert plain(ask(line)).splitlines() == [
        "restart · Restart a service on instances",
        "targets: instances",
        "service: the service (default nginx)",
        "reason: why (optional)",
        "Also: 重启",
        "Risk: medium",
        "Approval: any one of Bob, Carol",
        "Example",
        'restart web-01 web-02 reason="memory leak"',
    ]


def test_help_in_chinese() -> None:
    said = plain(ask("帮助 provision", locale="zh-CN"))
    assert "role: 角色：devops、dev 或 ops" in said
    assert "审批: 会签：Bob、Carol 全部" in said
    assert "默认实例: hr-01" in said


def test_help_of_what_is_not_mine() -> None:
    assert "may not use run here" in plain(ask("help run"))
    assert "Did you mean restart?" in plain(ask("help rsetart"))
    assert "Did you mean" not in plain(ask("help runn", who="dave"))


# ----------------------------------------------------------------------------- pending


def test_pending_puts_what_waits_for_me_first() -> None:
    listing = (
        request(7, state=RUNNING),
        request(8, person="bob"),
        request(9),
        request(10, policy="both"),
    )
    said = plain(ask("pending", who="bob", listing=listing, votes=(vote(10, "bob"),)))
    assert said.splitlines() == [
        "Open requests (4)",
        "Waiting for you (1)",
        "#9: restart web-01 web-02 · Alice · 5 min ago · expires in 25 min",
        "Others (3)",
        "#7: restart web-01 web-02 · Alice · 5 min ago · running",
        "#8: restart web-01 web-02 · Bob · 5 min ago · expires in 25 min · waiting for Carol",
        "#10: restart web-01 web-02 · Alice · 5 min ago · expires in 25 min · waiting for Carol",
        "Decide on the card, or send: approve 9",
    ]


def test_pending_shows_nobody_elses_business() -> None:
    other = request(9, place=rig.HR)
    assert "Nothing is open." in plain(ask("pending", who="dave", listing=(other,)))
    assert "#9" in plain(ask("pending", who="dave", place=rig.HR, listing=(other,)))
    assert "#9" in plain(ask("pending", who="carol", listing=(other,)))
    assert "#9" in plain(ask("pending", who="alice", listing=(other,)))


def test_a_long_list_is_cut_and_says_so() -> None:
    listing = tuple(request(number) for number in range(1, 16))
    said = plain(ask("待办", listing=listing, locale="zh-CN"))
    assert "未完成的申请（15）" in said
    assert "另有 5 个" in said
    assert "#11" not in said


def test_a_request_that_is_being_planned_shows_what_was_typed() -> None:
    targets = [f"web-{number}" for number in range(6)]
    planning = request(
        3, state=model.State.PLANNING, plan=None, digest="", args={"targets": targets}
    )
    said = plain(ask("pending", listing=(planning,)))
    assert "restart web-0 web-1 web-2 web-3 +2 · Alice" in said


# ----------------------------------------------------------------------------- locks


def lock(name: str, number: int, state: str = "held") -> model.Lock:
    return model.Lock(f"instance:{name}", name, number, True, rig.NOW, state)  # type: ignore[arg-type]


def test_locks_says_who_has_what_and_who_is_next() -> None:
    view = {
        "listing": (request(7, state=RUNNING), request(8), request(9, place=rig.HR)),
        "locks": (
            lock("web-01", 7),
            lock("hr-01", 9),
            lock("web-01", 9, "waiting"),
            lock("web-01", 8, "waiting"),
        ),
    }
    said = plain(ask("locks", who="dave", **view))
    assert said.splitlines() == [
        "In use: 1",
        "web-01: #7 restart · Alice · 5 min ago · then #9, #8",
        "The end of a run frees what it has. One that does not end, its requester or an approver "
        "ends by stop 7.",
    ]
    assert "hr-01: #9 restart" in plain(ask("占用", who="alice", locale="zh-CN", **view))
    assert "nothing waits" in plain(ask("locks", who="alice"))


# ----------------------------------------------------------------------------- who, why


STAGES = policy.Policy(
    "peers",
    stages=(
        policy.Stage(("bob", "carol"), named=("role:sre",)),
        policy.Stage(("carol", "dave"), named=("role:dba",)),
    ),
    order="sequence",
    rejections=2,
)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    book = replace(rig.BOOK, policies=rig.BOOK.policies | {"peers": STAGES})
    monkeypatch.setattr(rig, "BOOK", book)


@pytest.mark.usefixtures("staged")
def test_who_names_those_who_decide_now_later_and_who_have() -> None:
    assert plain(ask("who 42", request=request(42))).splitlines() == [
        "#42 restart web-01 web-02: who decides",
        "peers · one after the other",
        "sre 0/1: may decide now: Bob, Carol",
        "dba 0/1: later: Dave",
    ]
    said = plain(ask("谁审批 42", request=request(42), votes=(vote(42, "bob"),), locale="zh-CN"))
    assert said.splitlines()[1:] == [
        "peers · 依次进行",
        "sre 1/1: Bob 已同意",
        "dba 0/1: 现在可以决定：Carol、Dave",
        "已同意: Bob",
    ]


@pytest.mark.usefixtures("staged")
def test_why_names_each_need_where_it_came_from_and_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = policy.Pattern(
        regexes.compiled("x"), frozenset({"text"}), "escalate", "it is big", "both"
    )
    monkeypatch.setattr(rig, "BOOK", replace(rig.BOOK, patterns=(big,)))
    one = request(42, policies=("peers", "both"), escalated="it is late; it is big")
    said = plain(ask("why 42", request=one, votes=(vote(42, "bob", False),)))
    assert said.splitlines()[2:4] == [
        "peers: the usual policy of restart · lacks 2 approvals (0 of 2) · waits for Carol · "
        "1 of 2 rejections",
        "both: because: it is big · rejected · 1 of 1 rejection",
    ]


@pytest.mark.usefixtures("staged")
def test_help_names_the_stages_of_a_policy() -> None:
    said = plain(ask("help restart"))
    assert "any one of Bob, Carol; then any one of Carol, Dave" in said


@pytest.mark.parametrize("line", ["who 42", "why 42"])
def test_who_and_why_tell_nobody_who_may_not_see_it(line: str) -> None:
    hidden = ask(line, who="dave", place=rig.HR, request=request(42, policy="both"))
    assert plain(hidden) == plain(ask(line, who="dave", place=rig.HR))
    assert "Nothing is voted on now" in plain(ask("who 42", request=request(42, state=RUNNING)))


# ----------------------------------------------------------------------------- status


def test_status_of_a_pending_request() -> None:
    one = request(42, reason="memory leak", policy="both")
    said = plain(ask("status 42", request=one, votes=(vote(42, "bob", reason="fine"),)))
    assert said.splitlines() == [
        "#42 restart web-01 web-02",
        "State: " + texts.say("en", "state.pending"),
        "Asked by: Alice · 5 min ago",
        "Reason: memory leak",
        "Approved by: Bob: fine",
        "Waiting for: Carol",
        "Expires: in 25 min",
        f"Code: {one.code}",
        "Instances: web-01 (i-1), web-02 (i-2)",
    ]


def test_status_of_a_finished_run_shows_the_end_of_the_output() -> None:
    lines = "\n".join(f"line {number}" for number in range(40))
    one = request(
        42,
        state=model.State.FAILED,
        started_at=rig.NOW - timedelta(seconds=95),
        ended_at=rig.NOW - timedelta(seconds=5),
        note="web-02 failed",
    )
    results = (
        model.InstanceResult("i-1", "Success", 0, "ok\n"),
        model.InstanceResult("i-2", "Failed", 3, lines),
        model.InstanceResult("i-9", "Error", None, "", error="agent is gone"),
    )
    said = plain(ask("status 42", request=one, results=results)).splitlines()
    assert said[4:] == [
        "Took: 1 min 30 s",
        "Note: web-02 failed",
        "❌ web-02: failed · exit 3",
        "✅ web-01: ok · exit 0",
        "web-02 · failed · exit 3",
        "… (30 lines, 230 bytes left out here; to read all, send: output 42 web-02) …",
        *(f"line {number}" for number in range(30, 40)),
        "i-9 · could not run · agent is gone",
        "agent is gone",
        "web-01 · ok · exit 0",
        "ok",
    ]


@pytest.mark.parametrize("line", ["status 42", "audit 42"])
def test_a_request_of_elsewhere_does_not_exist(line: str) -> None:
    hidden = plain(ask(line, who="dave", request=request(42, place=rig.HR)))
    assert hidden == plain(ask(line, who="dave"))
    assert "no request #42 that you may see" in hidden


def test_status_without_a_number_lists_the_newest() -> None:
    listing = (request(9, state=model.State.REJECTED), request(8, place=rig.HR, person="bob"))
    said = plain(ask("status", who="dave", listing=listing))
    assert said.splitlines()[1:] == [
        f"#9: restart web-01 web-02 · {texts.say('en', 'state.rejected')} · Alice · 5 min ago"
    ]
    assert "no request that you may see yet" in plain(ask("status"))


def test_a_quoted_card_stands_for_the_number() -> None:
    assert plain(ask("status", request=request(5))).startswith("#5 ")


# ----------------------------------------------------------------------------- audit, whoami


def entry(number: int, action: str, request_: int = 42) -> model.AuditRow:
    at = rig.NOW - timedelta(minutes=number)
    facts = {"text": "secret words"}
    return model.AuditRow(number, at, "bob", action, request_, facts, "", f"{number:064x}"[::-1])


def test_audit_of_a_request() -> None:
    rows = (entry(3, "request.asked"), entry(4, "vote.cast"))
    said = plain(ask("audit 42", request=request(42), audit=rows))
    assert said.splitlines() == [
        "Audit log of request #42",
        "3: Bob asked for it (request.asked) #42 · 3 min ago · 30000000000000000000000000000000",
        "4: Bob voted (vote.cast) #42 · 4 min ago · 40000000000000000000000000000000",
    ]


def test_the_newest_entries_tell_no_secrets() -> None:
    rows = tuple(entry(number, "request.asked", number) for number in range(1, 21))
    said = plain(ask("审计", who="dave", audit=rows, total=263, locale="zh-CN"))
    assert "更早的 251 条未显示" in said
    assert "secret" not in said
    assert "20: Bob 提出申请 (request.asked) #20 · 20 分钟前" in said
    assert "There is no entry." in plain(ask("audit"))


def test_whoami() -> None:
    assert plain(ask("whoami", who="bob")).splitlines() == [
        "You are Bob",
        "Person: Bob (bob)",
        "Accounts: chat: u-bob",
        "Roles: dev",
        "May ask for: provision, restart",
        "May approve: provision, restart, run",
    ]
    assert "Roles: nothing" in plain(ask("whoami", who="dave"))


# ----------------------------------------------------------------------------- acts


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("approve 42 a1b2c3d4 reason=fine", api.Act("approve", 42, "a1b2c3d4", "fine")),
        ("同意", api.Act("approve")),
        ("拒绝 42 太危险", api.Act("reject", 42, "", "太危险")),
        ("cancel #42 not needed", api.Act("cancel", 42, reason="not needed")),
        ("停止 42", api.Act("stop", 42)),
    ],
)
def test_votes_become_acts(line: str, act: api.Act) -> None:
    assert ask(line, who="dave") == act


def test_instances_are_looked_up() -> None:
    assert ask("instances tag:env=prod web-01") == api.Lookup(("tag:env=prod", "web-01"))
    assert ask("实例") == api.Lookup()


def test_no_question_names_a_platform_or_writes_markup() -> None:
    for line in ("help", "whoami", "pending", "status 42", "audit", "help run"):
        for locale in ("en", "zh-CN"):
            said = plain(ask(line, locale=locale, request=request(42))).lower()
            for word in ("dingtalk", "lark", "feishu", "aliyun", "钉钉", "飞书", "**", "<at", "]("):
                assert word not in said
