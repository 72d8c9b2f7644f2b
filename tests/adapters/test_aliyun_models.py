"""What templates are judged by is what the SDKs' own classes say."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.aliyun import models, shapes

KNOWN = models.Models()


def tree(schema: shapes.Schema) -> Any:
    return {
        name: (field.wire, field.many, {} if field.kind == "json" else tree(field.members))
        for name, field in schema.items()
    }


def test_the_texts_say_what_the_classes_do() -> None:
    """Every request of ECS, with the objects inside."""
    names = KNOWN.names("ECS", "")
    assert len(names) > 300
    assert set(names) == set(shapes.actions().values())
    for name in names:
        read, made = tree(models.schema("ecs", name)), tree(shapes.schema(name))
        for key, (wire, many, _) in made.items():
            assert read[key][:2] == (wire, many), f"{name}.{key}"
        assert read.keys() == made.keys(), name


@pytest.mark.parametrize(
    ("api", "name", "wire"),
    [
        ("RunCommand", "InstanceIds", "InstanceId"),
        ("RunCommand", "instanceid.1", "InstanceId.1"),
        ("RunCommand", "Tags", "Tag"),
        ("RunInstances", "SystemDiskCategory", "SystemDisk.Category"),
        ("RunInstances", "systemdisk.category", "SystemDisk.Category"),
        ("DescribeSnapshots", "Filter2Key", "Filter.2.Key"),
        ("DescribeSnapshots", "Filter.2.Value", "Filter.2.Value"),
        ("DescribeInstances", "InstanceId", "InstanceIds"),
        ("DescribeInstances", "InstanceIdd", ""),
        ("DescribeInstances", "Zone9", ""),
    ],
)
def test_names_mean_what_they_mean_in_a_call(api: str, name: str, wire: str) -> None:
    assert KNOWN.wire("ecs", api, name) == wire


def test_what_is_required() -> None:
    assert set(KNOWN.required("ecs", "RunCommand")) >= {"RegionId", "Type", "CommandContent"}
    assert KNOWN.required("ecs", "StartInstance") == ["InstanceId"]
    assert KNOWN.required("OOS", "GetTemplate") == ["TemplateName"]


@pytest.mark.parametrize(
    ("service", "version"), [("nosuch", ""), ("vpc", ""), ("ecs", "2016-03-14"), ("", "")]
)
def test_what_no_sdk_knows_is_not_judged(service: str, version: str) -> None:
    assert KNOWN.names(service, version) == ()


def test_a_number_in_a_name_and_one_of_several_go_over_the_wire() -> None:
    filters = {"Filter1Key": "CreationStartTime", "Filter1Value": "2026-01-01"}
    assert shapes.ecs("DescribeSnapshots", filters, True) == {
        "Filter.1.Key": "CreationStartTime", "Filter.1.Value": "2026-01-01",
    }  # fmt: skip
    asked = {"InstanceId": "i-1"}
    assert shapes.ecs("DescribeInstances", asked, True) == {"InstanceIds": '["i-1"]'}
    assert shapes.ecs("RebootInstance", asked, False) == {"InstanceId": "i-1"}
