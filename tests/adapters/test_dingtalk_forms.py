"""An OA form as it is read: who agreed to it as it is now, what it is about, what stands in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dingtalk import forms
from adapters.dingtalk.api import Api
from bot import model
from bot.model import fields

SAMPLES = Path(__file__).parent.parent / "payloads" / "dingtalk"


def sample(name: str) -> dict[str, Any]:
    whole = json.loads((SAMPLES / f"process_instance_{name}.json").read_text("utf-8"))
    result: dict[str, Any] = whole["result"]
    return result


def agreed(result: dict[str, Any]) -> tuple[list[str], list[str], bool]:
    """By hand, by itself, and whether something of it is unclear."""
    read = forms.read(result, "i")
    return read["approvers"], read["automatic"], read["unclear"]


def form(*records: tuple[str, str], tasks: Any = (), **more: Any) -> dict[str, Any]:
    told = [{"type": kind, "userId": user, "result": "AGREE"} for kind, user in records]
    done = [{"userId": user, "result": "AGREE", "status": "COMPLETED"} for user in tasks]
    return {"originatorUserId": "filer", "operationRecords": told, "tasks": done, **more}


def test_a_form_that_passed_by_itself_was_agreed_to_by_nobody() -> None:
    assert agreed(sample("auto_agree_2026")) == ([], ["0902"], False)


def test_what_was_agreed_before_a_form_was_sent_back_is_void_and_its_filer_never_agrees() -> None:
    assert agreed(sample("sent_back")) == (["0903"], [], False)
    back = form(
        ("EXECUTE_TASK_NORMAL", "a"),
        ("REDIRECT_PROCESS", "b"),
        ("EXECUTE_TASK_NORMAL", "filer"),
        ("EXECUTE_TASK_NORMAL", "b"),
        tasks=["a", "b", "c"],
    )
    assert agreed(back) == (["b"], ["c"], False)


def test_of_all_records_only_a_decision_by_hand_is_one() -> None:
    people, automatic, unclear = agreed(sample("records_every_type"))
    assert (people, automatic, unclear) == (["0903", "0905"], ["0908"], False)


def test_a_task_without_a_record_passed_by_itself() -> None:
    assert agreed(form(tasks=["a"])) == ([], ["a"], False)
    assert agreed(form(("EXECUTE_TASK_NORMAL", "a"), tasks=["a"])) == (["a"], [], False)
    both = form(("EXECUTE_TASK_AUTO", "a"), ("EXECUTE_TASK_NORMAL", "a"), tasks=["a"])
    assert agreed(both) == (["a"], [], False)


def test_an_agreement_by_a_record_that_nobody_knows_is_doubtful() -> None:
    assert agreed(form(("EXECUTE_TASK_MAGIC", "a"))) == ([], [], True)
    assert agreed(form(("EXECUTE_TASK_MAGIC", "a"), ("REDIRECT_PROCESS", "b"))) == ([], [], False)


@pytest.mark.parametrize(
    ("action", "main", "about"),
    [
        ("NONE", "", ("", "", False)),
        (None, None, ("", "", False)),
        ("REVOKE", "MAIN", ("revoke", "MAIN", False)),
        ("revoke", "", ("revoke", "", False)),
        ("MODIFY", "MAIN", ("modify", "MAIN", False)),
        ("NONE", "MAIN", ("modify", "MAIN", True)),
        ("OTHER", "", ("", "", True)),
        ("MODIFY", "i", ("", "", True)),
    ],
)
def test_a_form_that_revokes_or_modifies_another_says_which(
    action: Any, main: Any, about: tuple[str, str, bool]
) -> None:
    read = forms.read(form(bizAction=action, mainProcessInstanceId=main), "i")
    assert (read["action"], read["original"], read["unclear"]) == about


def test_the_published_revocation_runs_nothing() -> None:
    read = forms.read(sample("revoked"), "i")
    assert (read["status"], read["action"], read["original"]) == (
        "approved",
        "revoke",
        "MAIN-INSTANCE-1",
    )


def test_every_component_is_read_and_an_empty_one_is_empty() -> None:
    kept = forms.read(sample("every_component"), "i")["fields"]
    found = {name: fields.of(each) for name, each in kept.items()}
    assert found["服务器"].value == "web-01"
    assert found["机器"].value == ["web-01", "web-02"]
    assert found["业务主体"].value == ["运维部"]
    times = ("2026-07-27 09:00", "2026-07-27 18:00")
    assert (found["开始时间"].value, found["结束时间"].value) == times
    assert found["角色"].value == "dev"
    assert all(found[name].blank for name in ("空单选", "图片", "空附件", "备注(选填)"))
    assert [row["物品名称"].value for row in found["明细"].value] == ["电脑"]


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("processInstanceInvalidParameter", True),
        ("processInstanceNotExist", True),
        ("AccessTokenPermissionDenied", False),
        ("invalidParameter", False),
        ("", False),
    ],
)
def test_which_refusals_say_that_there_is_no_such_form(code: str, missing: bool) -> None:
    assert forms.is_missing(code) is missing


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("null"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
LIKELY = st.sampled_from(["EXECUTE_TASK_NORMAL", "REDIRECT_PROCESS", "AGREE", "a", "[1]", "{}"])
ENTRY = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("type", "userId", "result", "name", "value", "extValue", "componentType"), JSON | LIKELY
    ),
)
ENTRIES = st.lists(ENTRY | JSON, max_size=4) | JSON


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("operationRecords", "tasks", "formComponentValues"), ENTRIES),
            **dict.fromkeys(("status", "result", "finishTime", "bizAction"), JSON),
            **dict.fromkeys(("mainProcessInstanceId", "attachedProcessInstanceIds"), JSON),
        },
    )
)
def test_whatever_the_platform_answers_is_read(result: dict[str, Any]) -> None:
    read = forms.read(result, "i")
    assert all(isinstance(who, str) and who for who in (*read["approvers"], *read["automatic"]))
    assert all(isinstance(fields.of(each), fields.Field) for each in read["fields"].values())
    assert read["action"] in ("", "revoke", "modify")


class Pages:
    """Answers each call with the next page."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = list(pages)

    async def call(self, *_: object) -> model.Outcome:
        return model.Done(data={"result": self.pages.pop(0)})


@pytest.mark.parametrize("after", ["\u00b2", "9" * 5000, "-1", "x", None, [], 1])
@pytest.mark.parametrize("listed", [["b"], [], None, 5, [None, "b"]])
async def test_whatever_a_page_of_forms_holds_the_list_ends(after: object, listed: object) -> None:
    pages = Pages({"list": ["a"], "nextToken": 1}, {"list": listed, "nextToken": after})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    outcome = await forms.filed(cast(Api, pages), model.ListForms("dingtalk", "c", "f", at, at))
    assert isinstance(outcome, model.Done)
    assert outcome.data["instances"] in (["a", "b"], ["a"])
    assert not pages.pages
