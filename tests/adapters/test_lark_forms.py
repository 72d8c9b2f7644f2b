"""An approval instance as it is read: its state, who agreed to it, what it is about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.lark import forms
from bot.model import fields
from tests.adapters.test_lark_events import sample


def instance(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = sample("official_approval_instance_get_response")["data"]
    return {**data, **changes}


@pytest.mark.parametrize(
    ("status", "reverted", "ours"),
    [
        ("PENDING", False, "running"),
        ("APPROVED", False, "approved"),
        ("APPROVED", True, "reverted"),
        ("REJECTED", False, "rejected"),
        ("CANCELED", False, "withdrawn"),
        ("DELETED", False, "withdrawn"),
        ("NEW", False, ""),
    ],
)
def test_the_states_of_a_form(status, reverted, ours):
    assert forms.form(instance(status=status, reverted=reverted))["status"] == ours


def task(who: str, status: str = "APPROVED", end: str = "0", **more: Any) -> dict[str, Any]:
    return {"open_id": who, "status": status, "end_time": end, "type": "AND", **more}


def entry(kind: str, who: str = "", at: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": kind, "open_id": who, "create_time": str(at), **more}


def agreed(tasks: Any, timeline: Any = None) -> tuple[list[str], list[str]]:
    """By hand, and by itself."""
    read = forms.form(instance(open_id="ou_filer", task_list=tasks, timeline=timeline))
    return read["approvers"], read["automatic"]


def test_who_agreed_in_order_and_only_people() -> None:
    tasks = [
        task("ou_c", end="3"),
        task("ou_a", end="1"),
        task("ou_d", "DONE"),
        task("ou_e", "REJECTED"),
        task("", end="2"),
        task("ou_auto", type="AUTO_PASS"),
        task("ou_a", end="4"),
        task("ou_filer", end="5"),
        "odd",
    ]
    assert agreed(tasks) == (["ou_a", "ou_c"], ["ou_auto"])
    passed = [entry("START", "ou_filer"), entry("PASS", "ou_b"), "odd", entry("PASS", "ou_b")]
    assert agreed(None, passed) == (["ou_b"], [])
    assert agreed(None, None) == ([], [])


@pytest.mark.parametrize("kind", ["ROLLBACK", "ROLLBACK_SELECTED"])
def test_what_was_agreed_before_a_rollback_is_void(kind: str) -> None:
    tasks = [
        task("ou_a", id="1"),
        task("ou_filer", id="2", node_name="发起"),
        task("ou_b", id="3"),
    ]
    timeline = [
        entry("PASS", "ou_b", 50, task_id="3"),
        entry("START", "ou_filer", 10),
        entry("PASS", "ou_a", 20, task_id="1"),
        entry(kind, "ou_b", 30),
        entry("PASS", "ou_filer", 40, task_id="2"),
    ]
    assert agreed(tasks, timeline) == (["ou_b"], [])


def test_a_task_that_the_timeline_does_not_tell_of_passed_by_itself() -> None:
    timeline = [
        entry("START", "ou_filer"),
        entry("PASS", "ou_a", task_id="1"),
        entry("PASS", "ou_c", task_id="3"),
        entry("REMOVE_REPEAT", "ou_d", task_id="4"),
    ]
    tasks = [
        task("ou_a", id="1"),
        task("ou_b", id="2"),
        task("ou_c", id="3", type="AUTO_PASS"),
    ]
    assert agreed(tasks, timeline) == (["ou_a"], ["ou_c", "ou_d", "ou_b"])


def test_a_form_that_revokes_or_modifies_another_says_which() -> None:
    revoking, modifying = (each["data"] for each in sample("approvals_get_of_other"))
    original = "81D31358-93AF-92D6-7425-01A5D67C4E71"

    def about(data: Any) -> tuple[str, str, bool]:
        read = forms.form(data)
        return read["action"], read["original"], read["unclear"]

    assert about(revoking) == ("revoke", original, False)
    assert about(modifying) == ("modify", original, False)
    both = {**modifying, "reverted_instance_code": "OTHER"}
    assert about(both) == ("revoke", "OTHER", False)
    own = {**modifying, "modified_instance_code": modifying["instance_code"]}
    assert about(own) == ("", "", True)
    assert about(instance(reverted_instance_code="", modified_instance_code="")) == ("", "", False)


def test_every_widget_is_read() -> None:
    read = forms.form(sample("approval_get_every_widget")["data"])
    assert read["approvers"] == ["ou_c0d96da5950c873fc4a877c5841b9891"]
    found = {name: fields.of(each) for name, each in read["fields"].items()}
    assert found["供应商"].value == "某公司"
    assert found["使用部门"].value == ["复合材料事业部"]
    assert found["number"].value == 1234.56
    assert found["contact"].value == [{"account": "ou_12345", "name": ""}]
    assert found["dateInterval"].value["interval"] == 2
    assert found["radio ext"].value == "lwhggrby-ext-id"
    assert all(found[name].blank for name in ("空", "无值", "空值"))


def test_the_fields_of_a_form_by_custom_id_id_and_name():
    widgets = [
        {"id": "w1", "custom_id": "emp_id", "name": "Employee", "type": "input", "value": "E123"},
        {"id": "w2", "custom_id": "", "name": "Count", "type": "number", "value": 3},
        {"id": "w3", "name": "Tags", "value": ["a", "b"]},
        {"id": "w4", "name": "Rows", "value": [[{"id": "x", "value": "1"}]]},
        {"id": "w5", "name": "emp_id", "value": "spoof"},
        {"id": "w6", "name": "Ok", "value": True},
        "odd",
    ]
    assert forms.form(instance(form=json.dumps(widgets)))["fields"] == {
        "emp_id": "E123",
        "w1": "E123",
        "Employee": "E123",
        "w2": fields.number(3).plain(),
        "Count": fields.number(3).plain(),
        "w3": fields.choices(["a", "b"]).plain(),
        "Tags": fields.choices(["a", "b"]).plain(),
        "w4": '[[{"id":"x","value":"1"}]]',
        "Rows": '[[{"id":"x","value":"1"}]]',
        "w5": "spoof",
        "w6": "true",
        "Ok": "true",
    }
    assert forms.form(instance(form="{broken"))["fields"] == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.sampled_from(["PASS", "AUTO_PASS", "ROLLBACK", "START", "ou_a", "1"])
        for name in ("type", "open_id", "task_id", "id", "status", "create_time", "node_name")
    },
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "task_list": st.lists(ENTRY | JSON, max_size=4) | JSON,
            "timeline": st.lists(ENTRY | JSON, max_size=4) | JSON,
            **dict.fromkeys(("form", "status", "reverted", "end_time", "open_id"), JSON),
            **dict.fromkeys(("reverted_instance_code", "modified_instance_code"), JSON),
        },
    )
)
def test_whatever_the_platform_answers_is_read(data: dict[str, Any]) -> None:
    read = forms.form(data)
    assert all(isinstance(who, str) and who for who in (*read["approvers"], *read["automatic"]))
    assert read["action"] in ("", "revoke", "modify")
