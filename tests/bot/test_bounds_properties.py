"""Templates made by chance select instances while they run: no call leaves the limits."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import properties
from tests.bot.bounds_stage import FLEET, FleetStage

IDS = sorted(FLEET)
ID = st.sampled_from(IDS)
APIS = (
    "DeleteInstance",
    "StopInstances",
    "RunCommand",
    "RebootInstance",
    "ModifyInstanceAttribute",
)


def value(ids: list[str]) -> st.SearchStrategy[Any]:
    """The same instances, in one of the ways in which templates write them."""
    return st.sampled_from(
        [ids, json.dumps(ids), ",".join(ids), ids[0], [f"acs:ecs:*:*:instance/{ids[0]}"]]
    )


NAMED = st.lists(ID, min_size=1, max_size=4).flatmap(value)
FOUND = st.sampled_from(["{{ find.ids }}", "{{ ACS::TaskLoopItem }}", "{{ find.first }}"])
FIELD = st.sampled_from(["InstanceId", "InstanceIds", "instanceid", "InstanceId.1", "DBInstanceId"])
OTHER = st.sampled_from(["Description", "CommandContent", "Note"])


@st.composite
def tasks(draw: st.DrawFn) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        given_ = draw(st.dictionaries(FIELD, st.one_of(NAMED, FOUND), max_size=2))
        given_ |= draw(st.dictionaries(OTHER, NAMED.map(str), max_size=1))
        if draw(st.booleans()):
            given_["Deep"] = [{"Which": draw(ID)}]
        task: dict[str, Any] = {
            "Name": f"t{number}",
            "Action": "ACS::ExecuteAPI",
            "OnError": "ACS::NEXT",
            "Properties": {"Service": "ECS", "API": draw(st.sampled_from(APIS)),
                           "Parameters": given_},
        }  # fmt: skip
        if "TaskLoopItem" in json.dumps(given_):
            rate = {"Mode": "Concurrency", "Concurrency": draw(st.integers(1, 5)), "MaxErrors": 99}
            task["Loop"] = {"Items": "{{ find.ids }}", "RateControl": rate}
        made.append(task)
    return made


def template(made: list[dict[str, Any]], selected: list[str]) -> str:
    find = {
        "Name": "find",
        "Action": "ACS::SelectTargets",
        "Properties": {
            "ResourceType": "ALIYUN::ECS::Instance",
            "Filters": [{"Type": "ResourceIds", "ResourceIds": selected}],
        },
        "Outputs": {
            "ids": {"Type": "List", "ValueSelector": "Instances.Instance[].InstanceId"},
            "first": {"Type": "String", "ValueSelector": "Instances.Instance[0].InstanceId"},
        },
    }
    return json.dumps({"FormatVersion": "OOS-2019-06-01", "Tasks": [find, *made]})


@settings(
    max_examples=properties.examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=properties.examples(60) <= 60,
)
@given(
    tasks(),
    st.lists(ID, min_size=1, max_size=12, unique=True),
    st.sampled_from([("web-*",), ("web-01", "i-00000030"), ("db-2?",), ("*",), ("nothing",)]),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from(["", "allow"]),
)
def test_no_call_of_any_template_leaves_the_limits(
    made: list[dict[str, Any]],
    selected: list[str],
    allowed: tuple[str, ...],
    most: int,
    told: bool,
    unjudged: str,
) -> None:
    limits: Any = {"allowed_targets": allowed, "most_targets": most, "unjudged_calls": unjudged}
    with tempfile.TemporaryDirectory() as folder:
        stage = FleetStage(Path(folder), template(made, selected), **limits)
        stage.told = told
        try:
            request = stage.planned_or_said("alice", "all")
            if not isinstance(request, str):
                stage.approve(number=request.id)
                stage.work()
                for _ in range(3):
                    stage.tick(60)
                    stage.work()
                assert stage.request(request.id).state.final
            acted = {one for call in stage.changed() for one in re.findall(r"i-\d{8}", call)}
            bare = [call for call in stage.changed() if not re.search(r"i-\d{8}", call)]
        finally:
            stage.close()
    assert len(acted) <= most
    assert {FLEET[one] for one in acted if not fits(one, allowed)} == set()
    assert not bare or unjudged == "allow" or "*" in allowed


def fits(id: str, allowed: tuple[str, ...]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, glob) for glob in allowed for name in (id, FLEET[id]))
