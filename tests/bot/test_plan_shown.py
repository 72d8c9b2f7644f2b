"""Whatever decides what runs stands in what people are sent before a card can be approved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dingtalk import render as ding
from adapters.lark import render as lark
from bot import cards, deployment, model
from bot.model import verbatim
from sandbox import base
from sandbox.dingtalk import markup as ding_client
from sandbox.lark import content, state
from tests import properties
from tests.commands import rig

LIMIT = 1024
HOUSE = deployment.Deployment(rig.BOOK, rig.CATALOG)


def on_dingtalk(card: model.Card) -> list[str]:
    """What people see, the card last."""
    shown = ding_client.markdown(ding.params(card, LIMIT)["markdown"]).text
    if ding.fits(card, LIMIT):
        return [shown]
    pieces = ding.messages(ding.full_text(card))
    return [*(ding_client.markdown(piece.text).text for piece in pieces), shown]


def on_lark(card: model.Card) -> list[str]:
    chat = state.State(base.Clock()).chats["oc_ops"]
    drawn = lark.card(card)
    shown = content.card(json.dumps(drawn.content), chat)[0].text
    if not drawn.cut:
        return [shown]
    return [*(content.read("post", p, chat)[0].text for p in lark.posts(lark.whole(card))), shown]


PLATFORMS = pytest.mark.parametrize("seen_on", [on_dingtalk, on_lark])


TEMPLATE = model.TemplatePlan(
    "restart", "v1", rig.PLAN.instances, "cn-hangzhou", template="clean-logs"
)


def asked(plan: model.Plan, **changes: object) -> model.Request:
    given = {"plan": plan, "digest": model.digest(plan), "locale": "en", **changes}
    return rig.request(42, **given)


@PLATFORMS
@pytest.mark.parametrize("count", [9, 20, 150, 1500])
def test_however_many_machines_each_is_named_before_the_vote(seen_on, count) -> None:
    found = tuple(model.Instance(f"i-{n:05}", f"app-{n}") for n in range(count))
    seen = seen_on(cards.request_card(HOUSE, asked(replace(rig.PLAN, instances=found))))
    whole = "\n".join(seen)
    assert not [one for one in found if f"{one.name} ({one.id})" not in whole.splitlines()]
    assert f"{count}: app-0 (i-00000), " in whole
    assert f"on {count} instances such as app-0, app-1, app-2 (" in seen[-1]
    if len(seen) > 1:
        assert "characters are left out here" in seen[-1]
        assert "the whole text is in the messages above" in seen[-1]
        assert "send: plan 42" in seen[-1]


SCRIPT = st.text(st.sampled_from("echo $(id)\n\r\t @:/<&;'\"\\`⟨⟩：а\u202e重") | st.characters(
    exclude_categories=["Cs"]), min_size=1, max_size=300)  # fmt: skip
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@PLATFORMS
@given(SCRIPT, WORD, WORD, st.integers(1, 10**5), st.lists(WORD, min_size=1, max_size=20))
@settings(max_examples=properties.examples(60), deadline=None)
def test_all_of_a_plan_can_be_told_from_what_was_sent(
    seen_on, script, user, folder, timeout, names
) -> None:
    found = tuple(model.Instance(f"i-{n}", name) for n, name in enumerate(names))
    plan = replace(
        rig.PLAN, script=script, user=user, workdir=folder, timeout=timeout, instances=found
    )
    seen = seen_on(cards.request_card(HOUSE, asked(plan)))
    whole = verbatim.original("\n".join(seen))
    assert script.removesuffix("\n") in whole
    assert f"{len(script.encode())} byte" in whole
    for text in (
        user,
        folder,
        f"{timeout} s",
        plan.region,
        *(cards.instance_name(i) for i in found),
    ):
        assert text in whole, text


@PLATFORMS
def test_what_is_asked_in_the_middle_of_a_run_says_what_is_left_out(seen_on) -> None:
    shown = "\n".join(f"item {n}: Success" for n in range(300))
    ballot = model.ApprovalStep("k", "canary", "clean", "d" * 64, shown=shown)
    plan = TEMPLATE
    one = asked(plan, state=model.State.WAITING, ballot=ballot)
    seen = "\n".join(seen_on(cards.request_card(HOUSE, one)))
    assert "276 lines" in seen
    assert "send: plan 42" in seen
    sheets = cards.Sheets(HOUSE, lambda plan, text: text)
    told = model.Message("t", sheets.plan(one, "en"))
    pieces = "\n".join(ding_client.markdown(piece.text).text for piece in ding.messages(told))
    assert shown in pieces


# ----------------------------------------------------------------------------- what it printed


class Archive:
    """The journal of a run that read the results of scripts, one of them twice."""

    def entries(self, request: int, after: int) -> list[model.JournalRow]:
        return [
            self.row(1, "i-1", "Running", "so far"),
            self.row(2, "i-1", "Success", "all of it\n", 0),
            self.row(3, "i-2", "Failed", "it broke", 3, 512),
        ]

    def row(self, seq: int, who: str, status: str, output: str, *more: int) -> model.JournalRow:
        item = {"InvokeId": f"t-{who}", "InstanceId": who, "InvocationStatus": status}
        item |= {"Output": output, **dict(zip(("ExitCode", "Dropped"), more, strict=False))}
        box = {"InvocationResults": {"InvocationResult": [item]}}
        entry = {"kind": "finished", "document": {"Invocation": box}}
        return model.JournalRow(42, seq, entry)

    def source(self, digest: str) -> str | None:
        return None


def test_what_scripts_of_a_template_printed_is_one_command_away() -> None:
    plan = TEMPLATE
    stage = model.TaskStatus("clean", "ACS::ECS::RunCommand", "Failed", "because " * 100)
    progress = model.RunStatus((stage,), outputs={"freed": "12 GB"})
    one = asked(plan, state=model.State.FAILED, progress=progress)
    said = rig.plain(rig.ask("output 42", request=one, archive=Archive()))
    assert "web-02 · failed · exit 3 · 8 bytes" in said
    assert "it broke" in said
    assert "512 bytes in its middle were not kept anywhere" in said
    assert "all of it" in said
    assert "so far" not in said
    assert "12 GB" in said
    assert stage.detail in said
    named = rig.plain(rig.ask("output 42 web-02", request=one, archive=Archive()))
    assert "it broke" in named
    assert "all of it" not in named
    none = rig.plain(rig.ask("output 42 web-09", request=one, archive=Archive()))
    assert "has no output of web-09" in none
    assert "web-02: failed" in none


def test_a_long_output_comes_as_a_file_and_what_is_too_much_is_asked_for_one_by_one() -> None:
    one = asked(rig.PLAN, state=model.State.SUCCEEDED)
    results = tuple(
        model.InstanceResult(f"i-{n}", "Success", 0, f"{n}" * 20_000, 7) for n in (1, 2)
    )
    reply = rig.ask("output 42 web-02", request=one, results=results)
    assert reply.file == model.File("output-42-web-02.txt", "2" * 20_000)
    assert "7 bytes in its middle" in rig.plain(reply)
    both = rig.ask("output 42", request=one, results=results)
    assert both.file is None
    assert "as in: output 42 web-01" in rig.plain(both)
