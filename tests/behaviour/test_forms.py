"""OA forms that are revoked, modified, sent back or passed by themselves, on both platforms."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import play, process, world
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing

HIRE = {"emp_id": "E77", "role": "dev"}
BY_CARD = """
[[security.pattern]]
regex = "E7"
where = ["text"]
action = "escalate"
policy = "by-card"
reason = "the tests' forms are decided on their cards"

[policy.by-card]
approvers = ["role:sre"]
expires = "30m"
"""


@pytest.fixture
async def carded(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """The bot where a form only asks, and people vote on its card."""
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, BY_CARD)
        async with playing(sandbox, platform, path) as found:
            yield found


async def file(scene: Scene, fields: Any = None, **how: Any) -> str:
    """Alice files a form that Bob agrees to; returns its instance."""
    how = {"user": "alice", "approvers": ["bob"], "decision": "agree", **how}
    answer = await scene.call("form", fields=fields or HIRE, **how)
    return str(answer["instance"])


async def revoke(scene: Scene, form: str, decision: str = "agree") -> str:
    answer = await scene.call("revoke_form", instance=form, decision=decision)
    return str(answer["instance"])


async def decide(scene: Scene, form: str, decision: str, **how: Any) -> None:
    await scene.call("decide_form", instance=form, decision=decision, **how)


async def asked(scene: Scene, known: list[str]) -> play.Entry:
    return await scene.new_card("provision", known, "hr")


async def offers(scene: Scene, card: play.Entry, approve: bool) -> play.Entry:
    """Wait until this very card offers Approve, or no longer does."""

    def shown(entries: list[play.Entry]) -> play.Entry | None:
        for entry in entries:
            offered = {button["action"] for button in entry["buttons"]}
            if entry["id"] == card["id"] and ("approve" in offered) == approve:
                return entry
        return None

    entry: play.Entry = await scene.until(f"the card with Approve: {approve}", shown, "hr")
    return entry


async def ran(scene: Scene, known: list[str], words: str = "E77") -> None:
    told = await scene.told(play.AUDIT, known, "hr")
    assert words in told["text"]


# ----------------------------------------------------------------------------- revoked


async def test_agreeing_to_revoke_a_form_runs_nothing_and_tells_what_ran(scene: Scene) -> None:
    known = await scene.ids("hr")
    form = await file(scene)
    await ran(scene, known)
    await revoke(scene, form)
    told = await scene.told(("撤销", "revoked"), known, "hr")
    assert play.has(told["text"], ("已经开始执行", "after it had started"))
    await scene.settled()
    assert len(await scene.runs()) == 1
    with scene.reader() as reader:
        assert len(reader.recent_requests()) == 1


async def test_revoking_a_form_cancels_its_request_that_waits(carded: Scene) -> None:
    known = await carded.ids("hr")
    form = await file(carded)
    card = await asked(carded, known)
    await revoke(carded, form)
    await carded.card_says(card, play.CANCELLED, "hr")
    late = await carded.click("carol", card, "approve", revision=0)
    assert play.has(late["said"], play.CANCELLED)
    await carded.settled()
    assert await carded.runs() == []


async def test_while_a_revocation_is_decided_nobody_can_approve(carded: Scene) -> None:
    known = await carded.ids("hr")
    form = await file(carded)
    card = await asked(carded, known)
    other = await revoke(carded, form, "")
    held = await offers(carded, card, False)
    assert play.has(held["text"], ("撤销", "revoked"))
    click = await carded.click("carol", card, "approve", revision=0)
    assert play.has(click["said"], ("正在撤销", "being revoked"))
    with carded.reader() as reader:
        assert {vote.via for vote in reader.votes(1)} <= {"form"}
    await decide(carded, other, "refuse")
    again = await offers(carded, card, True)
    await carded.click("carol", again, "approve")
    await ran(carded, known)
    assert len(await carded.runs()) == 1


async def test_a_revocation_that_is_withdrawn_lets_the_request_go_on(carded: Scene) -> None:
    known = await carded.ids("hr")
    card_form = await file(carded)
    card = await asked(carded, known)
    other = await revoke(carded, card_form, "")
    await offers(carded, card, False)
    await decide(carded, other, "withdraw")
    await carded.click("carol", await offers(carded, card, True), "approve")
    await ran(carded, known)


async def test_a_revocation_whose_events_never_came_is_seen_after_an_absence(
    carded: Scene,
) -> None:
    known = await carded.ids("hr")
    form = await file(carded)
    card = await asked(carded, known)
    await carded.settled()
    await carded.end()
    await carded.call("fault", api="push.event", do="no_push", times=100)
    await revoke(carded, form)
    await carded.advance(600)
    await carded.start()
    await carded.card_says(card, play.CANCELLED, "hr")
    await carded.settled()
    assert await carded.runs() == []


async def test_a_form_revoked_unheard_of_never_runs_though_people_approve_it(
    carded: Scene,
) -> None:
    """The bot was away for so short a time that it does not read the form again by itself."""
    known = await carded.ids("hr")
    form = await file(carded)
    card = await asked(carded, known)
    await carded.settled()
    await carded.end()
    await carded.call("fault", api="push.event", do="no_push", times=100)
    await revoke(carded, form)
    await carded.start()
    await carded.click("carol", card, "approve")
    told = await carded.told(("撤销", "revoked"), known, "hr")
    assert play.has(told["text"], ("没有执行", "not run"))
    await carded.settled()
    assert await carded.runs() == []


async def test_form_and_revocation_found_after_an_absence_run_nothing(scene: Scene) -> None:
    await scene.say("alice", "whoami")
    await scene.until("an answer", lambda seen: [e for e in seen if e["from"] == "bot"])
    await scene.settled()
    await scene.end()
    await scene.call("fault", api="push.event", do="no_push", times=100)
    await revoke(scene, await file(scene))
    await scene.advance(3600)
    await scene.start()
    await scene.settled()
    assert await scene.runs() == []
    with scene.reader() as reader:
        assert [one for one in reader.recent_requests() if not one.state.final] == []


# ----------------------------------------------------------------------------- modified


async def test_a_modified_form_replaces_one_that_waits(carded: Scene) -> None:
    known = await carded.ids("hr")
    form = await file(carded)
    card = await asked(carded, known)
    changed = {"emp_id": "E77", "role": "ops"}
    await carded.call("modify_form", instance=form, fields=changed)
    await carded.card_says(card, play.CANCELLED, "hr")
    new = await asked(carded, [*known, card["id"]])
    assert "#1" in new["text"]
    assert "dev" in new["text"]
    assert "ops" in new["text"]
    late = await carded.click("carol", card, "approve", revision=0)
    assert play.has(late["said"], play.CANCELLED)
    known = await carded.ids("hr")
    await carded.click("carol", new, "approve")
    await ran(carded, known)
    assert len(await carded.runs()) == 1


async def test_a_form_modified_after_it_ran_asks_what_to_do(scene: Scene) -> None:
    """Also where the form's decision would count as the approval."""
    known = await scene.ids("hr")
    form = await file(scene)
    await ran(scene, known)
    changed = {"emp_id": "E78", "role": "dev"}
    await scene.call("modify_form", instance=form, fields=changed)
    card = await asked(scene, known)
    assert play.has(card["text"], ("已经执行过", "has run already"))
    assert "E77" in card["text"]
    assert "E78" in card["text"]
    assert len(await scene.runs()) == 1
    known = await scene.ids("hr")
    await scene.click("carol", card, "approve")
    await ran(scene, known, "E78")
    assert len(await scene.runs()) == 2


# ----------------------------------------------------------------------------- who agreed


async def test_what_was_agreed_before_a_form_was_sent_back_is_no_vote(scene: Scene) -> None:
    known = await scene.ids("hr")
    form = await file(scene, approvers=["bob", "carol"], decision="")
    await decide(scene, form, "agree", by="bob")
    await scene.call(
        "send_back_form", instance=form, by="carol", fields={"emp_id": "E78", "role": "dev"}
    )
    await decide(scene, form, "auto", by="bob")
    await decide(scene, form, "agree", by="carol")
    await ran(scene, known, "E78")
    with scene.reader() as reader:
        assert [vote.person for vote in reader.votes(1)] == ["carol"]


async def test_the_filers_own_agreement_is_no_vote(scene: Scene) -> None:
    known = await scene.ids("hr")
    await file(scene, approvers=["alice"])
    card = await asked(scene, known)
    assert play.has(card["text"], ("没有申请人以外的人", "nobody but its filer"))
    assert await scene.runs() == []
    await scene.click("carol", card, "approve")
    await ran(scene, known)


@pytest.mark.parametrize("decision", ["auto", "silent"])
async def test_a_form_that_passed_by_itself_is_asked_about(scene: Scene, decision: str) -> None:
    known = await scene.ids("hr")
    await file(scene, decision=decision)
    card = await asked(scene, known)
    assert play.has(card["text"], ("请在这里决定", "decide here"))
    assert await scene.runs() == []
    with scene.reader() as reader:
        assert reader.votes(1) == ()
    await scene.click("carol", card, "approve")
    await ran(scene, known)


async def test_who_decided_in_the_place_of_another_is_the_one_who_voted(scene: Scene) -> None:
    known = await scene.ids("hr")
    form = await file(scene, decision="")
    await decide(scene, form, "agree", actor="carol")
    await ran(scene, known)
    with scene.reader() as reader:
        assert [vote.person for vote in reader.votes(1)] == ["carol"]


# ----------------------------------------------------------------------------- what stands in it

SAMPLES = Path(__file__).parent.parent / "payloads"
MAPPED = 'command = "provision"\nargs = { emp_id = "emp_id", role = "role" }\ngroup = "hr"'
EVERYTHING = 'command = "restart"\nargs = { targets = "机器", reason = "原因" }\ngroup = "ops"'
CHOICES = [
    {"id": "m", "name": "机器", "type": "checkboxV2", "value": ["web-01", "web-02"]},
    {"id": "r", "name": "原因", "type": "textarea", "value": "第一行\n第二行"},
]


def every_component(platform: str) -> list[dict[str, Any]]:
    """All that a form can hold, as the platform writes it; two machines are chosen."""
    if platform == "dingtalk":
        path = SAMPLES / "dingtalk" / "process_instance_every_component.json"
        found = json.loads(path.read_text("utf-8"))["result"]["formComponentValues"]
        return [*found]
    path = SAMPLES / "lark" / "approval_get_every_widget.json"
    return [*json.loads(json.loads(path.read_text("utf-8"))["data"]["form"]), *CHOICES]


async def test_a_form_with_everything_a_form_can_hold_asks_for_its_command(
    platform: str, tmp_path: Path
) -> None:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        text = path.read_text("utf-8")
        assert text.count(MAPPED) == 2
        path.write_text(text.replace(MAPPED, EVERYTHING), "utf-8")
        async with playing(sandbox, platform, path) as scene:
            known = await scene.ids()
            await file(scene, {"x": "y"}, components=every_component(platform))
            card = await scene.new_card("restart", known)
            for word in ("web-01", "web-02", "第二行"):
                assert word in card["text"]


TYPED = """command = "restart"
args = { targets = "清单.机器", service = "清单[0].服务", reason = "负责人" }
group = "ops\""""


def typed(platform: str, who: str) -> list[dict[str, Any]]:
    """A table of two machines, and a person."""
    machines = ["web-01", "web-02"]
    if platform == "dingtalk":
        rows = [
            {
                "rowValue": [
                    {"componentType": "TextField", "label": "机器", "key": "a", "value": one},
                    {
                        "componentType": "DDSelectField",
                        "label": "服务",
                        "key": "b",
                        "value": "redis",
                    },
                ]
            }
            for one in machines
        ]
        person = json.dumps([{"emplId": who, "name": "Bob"}])
        return [
            {"id": "t", "name": "清单", "componentType": "TableField", "value": json.dumps(rows)},
            {
                **{"id": "p", "name": "负责人", "componentType": "InnerContactField"},
                **{"value": "Bob", "extValue": person},
            },
        ]
    table = [
        [
            {"id": "a", "name": "机器", "type": "input", "value": one},
            {"id": "b", "name": "服务", "type": "radioV2", "value": "redis"},
        ]
        for one in machines
    ]
    return [
        {"id": "t", "name": "清单", "type": "fieldList", "value": table},
        {"id": "p", "name": "负责人", "type": "contact", "value": ["u"], "open_ids": [who]},
    ]


async def test_rows_of_a_table_and_people_fill_parameters(platform: str, tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        path.write_text(path.read_text("utf-8").replace(MAPPED, TYPED), "utf-8")
        async with playing(sandbox, platform, path) as scene:
            known = await scene.ids()
            bob = next(getattr(one, platform) for one in world.PEOPLE if one.id == "bob")
            await file(scene, {"x": "y"}, components=typed(platform, bob))
            await scene.new_card("restart", known)
            shown = await scene.shown()
            for word in ("web-01", "web-02", "redis", "reason=bob"):
                assert word in shown
            await file(scene, {"x": "y"}, components=typed(platform, "u-nobody"))
            told = await scene.told("负责人", known)
            assert play.has(told["text"], ("不是机器人认识的人", "whom I do not know"))


RULE = """
[[rule]]
name = "expenses"
when = '$.data.form == "EXPENSES"'

[[rule.target]]
group = "ops"
platform = "{platform}"
form = "TEMPLATE"
value = {{ title = "$.data.title", amount = "$.data.amount", who = "$.data.person" }}
template = "${{who}} spends ${{amount}}"
"""


async def test_a_form_that_asks_for_no_command_is_an_event_for_rules(
    platform: str, tmp_path: Path
) -> None:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, RULE.format(platform=platform))
        text = path.read_text("utf-8").replace("[lark]", '[lark]\napprovals = ["EXPENSES"]', 1)
        path.write_text(text, "utf-8")
        await sandbox.call(platform, "form", user="dave", fields={"a": "b"}, form="EXPENSES")
        async with playing(sandbox, platform, path) as scene:
            known = await scene.ids()
            amount = {"id": "amount", "name": "amount", "value": "12.50"}
            kind = {"componentType": "MoneyField", "type": "amount"}
            how = {"form": "EXPENSES", "components": [{**amount, **kind}], "user": "alice"}
            await file(scene, {"x": "y"}, **how)
            await scene.told("alice spends 12.5", known)
            with scene.reader() as reader:
                assert reader.recent_requests() == ()


# ----------------------------------------------------------------------------- read again


@pytest.mark.parametrize("missing", [False, True])
async def test_a_form_that_reads_undecided_at_first_is_read_again(
    scene: Scene, missing: bool
) -> None:
    known = await scene.ids("hr")
    form = await file(scene, decision="")
    await scene.settled()
    await decide_behind(scene, form, missing)
    await ran(scene, known)
    assert len(await scene.runs()) == 1
    seen = [e["text"] for e in await scene.transcript("hr") if e["id"] not in known]
    assert not [text for text in seen if play.has(text, ("没有执行", "nothing was run"))]


async def decide_behind(scene: Scene, form: str, missing: bool) -> None:
    """Bob agrees, and the platform's own answers lag behind its event."""
    await scene.call("lag_form", instance=form, reads=1, missing=missing)
    await decide(scene, form, "agree")


AS_RESTART = {
    'command = "provision"\nargs = { emp_id = "emp_id", role = "role" }': 'command = "restart"\n'
    'args = { targets = "machines", service = "what", reason = "why" }',
    'name = "hr"\ncommands = ["provision"]': 'name = "hr"',
}


@pytest.mark.parametrize("blank", ["", "  "])
async def test_a_field_that_may_stay_empty_was_left_empty(
    platform: str, tmp_path: Path, blank: str
) -> None:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        text = path.read_text("utf-8")
        for old, new in AS_RESTART.items():
            assert text.count(old) == 2
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        async with playing(sandbox, platform, path) as scene:
            known = await scene.ids("hr")
            await file(scene, {"machines": "web-01", "what": blank, "why": blank})
            card = await scene.new_card("restart", known, "hr")
            assert "web-01" in card["text"]
            assert "reason" not in card["text"]
            await file(scene, {"machines": blank, "what": "redis", "why": "one"})
            told = await scene.told("machines", known, "hr")
            assert play.has(told["text"], ("没有填写", "empty")), told["text"]
            # a field that the form does not have is a mistake of bot.toml, whoever needs it
            await file(scene, {"machines": "web-02", "why": "two"})
            told = await scene.told("what", known, "hr")
            assert "bot.toml" in told["text"]
