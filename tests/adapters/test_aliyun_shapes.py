"""How templates write parameters, and what goes over the wire: a table of cases."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from adapters.aliyun import products, shapes
from bot.core import bounds
from bot.model import calls

IDS = ["i-1", "i-2"]
TAGS = [{"Key": "env", "Value": "prod"}, {"Key": "tier"}]

ECS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    # a list for InstanceId.N, under either name and in any case
    ("RunCommand", {"InstanceIds": IDS}, {"InstanceId.1": "i-1", "InstanceId.2": "i-2"}),
    ("RunCommand", {"InstanceId": IDS}, {"InstanceId.1": "i-1", "InstanceId.2": "i-2"}),
    ("RunCommand", {"instanceids": "i-1"}, {"InstanceId.1": "i-1"}),
    ("RunCommand", {"InstanceIds": '["i-1"]'}, {"InstanceId.1": "i-1"}),
    ("RunCommand", {"InstanceIds": ["i-1", None]}, {"InstanceId.1": "i-1"}),
    ("RunCommand", {"InstanceIds": []}, {}),
    ("TagResources", {"ResourceIds": ["i-1"]}, {"ResourceId.1": "i-1"}),
    ("RebootInstances", {"InstanceIds": IDS}, {"InstanceId.1": "i-1", "InstanceId.2": "i-2"}),
    ("CreateNetworkInterface", {"Ipv6Addresses": ["::1"]}, {"Ipv6Address.1": "::1"}),
    # a field that is a list by its own name
    ("RunInstances", {"SecurityGroupIds": ["sg-1"]}, {"SecurityGroupIds.1": "sg-1"}),
    ("RunInstances", {"securityGroupId": "sg-1"}, {"SecurityGroupId": "sg-1"}),
    # JSON text where the field is a string
    ("DescribeInstances", {"InstanceIds": IDS}, {"InstanceIds": '["i-1","i-2"]'}),
    ("DescribeInstances", {"InstanceIds": '["i-1"]'}, {"InstanceIds": '["i-1"]'}),
    ("describedisks", {"diskids": ["d-1"]}, {"DiskIds": '["d-1"]'}),
    ("RunCommand", {"Parameters": {"who": "你"}}, {"Parameters": '{"who":"你"}'}),
    ("RunCommand", {"Parameters": '{"who": 1}'}, {"Parameters": '{"who": 1}'}),
    ("DescribeInstances", {"ImageId": 7}, {"ImageId": "7"}),
    # nested names without their dots, or with them
    ("RunInstances", {"SystemDiskCategory": "cloud_essd"}, {"SystemDisk.Category": "cloud_essd"}),
    ("RunInstances", {"SystemDiskDiskName": "root"}, {"SystemDisk.DiskName": "root"}),
    ("RunInstances", {"systemdisksize": 40}, {"SystemDisk.Size": "40"}),
    ("RunInstances", {"SystemDisk.Size": 40}, {"SystemDisk.Size": "40"}),
    ("RunInstances", {"systemDisk.size": 40.0}, {"SystemDisk.Size": "40"}),
    ("RunInstances", {"SystemDisk": {"category": "cloud"}}, {"SystemDisk.Category": "cloud"}),
    ("RunInstances", {"SystemDisk": '{"Size": 40}'}, {"SystemDisk.Size": "40"}),
    ("RunInstances", {"CpuOptionsCore": 2}, {"CpuOptions.Core": "2"}),
    # lists of objects
    ("RunInstances", {"Tags": TAGS},
     {"Tag.1.Key": "env", "Tag.1.Value": "prod", "Tag.2.Key": "tier"}),
    ("DescribeInstances", {"Tags": {"Key": "env", "Value": 1}},
     {"Tag.1.Key": "env", "Tag.1.Value": "1"}),
    ("DescribeInstances", {"Tag.1.Key": "env"}, {"Tag.1.Key": "env"}),
    ("RunInstances", {"DataDisks": [{"size": 20, "Category": "cloud", "Device": None}]},
     {"DataDisk.1.Size": "20", "DataDisk.1.Category": "cloud"}),
    ("RunInstances", {"NetworkInterfaces": [{"SecurityGroupIds": ["sg-1", "sg-2"]}]},
     {"NetworkInterface.1.SecurityGroupIds.1": "sg-1",
      "NetworkInterface.1.SecurityGroupIds.2": "sg-2"}),
    ("AuthorizeSecurityGroup", {"Permissions": [{"ipProtocol": "TCP", "Odd": [1]}]},
     {"Permissions.1.IpProtocol": "TCP", "Permissions.1.Odd.1": "1"}),
    # numbers, booleans, nothing
    ("StopInstance", {"ForceStop": True}, {"ForceStop": "true"}),
    ("StopInstance", {"forceStop": "False"}, {"ForceStop": "false"}),
    ("RunCommand", {"Timeout": 60.0}, {"Timeout": "60"}),
    ("RunCommand", {"Timeout": "60"}, {"Timeout": "60"}),
    ("RunInstances", {"SpotPriceLimit": 0.25}, {"SpotPriceLimit": "0.25"}),
    ("RunInstances", {"Period": "", "Tags": None, "DataDisks": "", "AutoRenew": ""}, {}),
    ("ModifyInstanceAttribute", {"Description": ""}, {"Description": ""}),
    ("ModifyInstanceAttribute", {"Description": "[not JSON"}, {"Description": "[not JSON"}),
    # what the API does not know goes as it is
    ("DescribeInstances", {"Novel": [1, {"a": True}]}, {"Novel.1": "1", "Novel.2.a": "true"}),
    ("StartInstance", {"RegionId": "cn-beijing"}, {"RegionId": "cn-beijing"}),
    ("StartInstance", {"InstanceIds": IDS}, {"InstanceIds.1": "i-1", "InstanceIds.2": "i-2"}),
    ("NovelApi", {"A": [1], "b": {"C": 2}}, {"A.1": "1", "b.C": "2"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "given", "sent"), ECS, ids=[f"{a}-{n}" for n, (a, _, _) in enumerate(ECS)]
)
def test_parameters_of_ecs(action: str, given: dict[str, Any], sent: dict[str, str]) -> None:
    assert shapes.ecs(action, given, reads=False) == sent


def test_an_empty_filter_is_none_where_only_is_read() -> None:
    assert shapes.ecs("DescribeInstances", {"Status": ""}, reads=True) == {}


OTHER: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("rds", {"DBInstanceId": "rm-1", "n": 3, "ok": False, "none": None},
     {"DBInstanceId": "rm-1", "n": "3", "ok": "false"}),
    ("ros", {"Parameters": [{"ParameterKey": "a", "ParameterValue": 1}]},
     {"Parameters.1.ParameterKey": "a", "Parameters.1.ParameterValue": "1"}),
    ("ros", {"Tags": TAGS}, {"Tags.1.Key": "env", "Tags.1.Value": "prod", "Tags.2.Key": "tier"}),
    ("vpc", {"Tags": TAGS}, {"Tag.1.Key": "env", "Tag.1.Value": "prod", "Tag.2.Key": "tier"}),
    ("cms", {"Dimensions": [{"instanceId": "i-1"}]}, {"Dimensions": '[{"instanceId":"i-1"}]'}),
    ("cms", {"Dimensions": '[{"a":1}]'}, {"Dimensions": '[{"a":1}]'}),
    ("slb", {"BackendServers": [{"ServerId": "i-1"}]}, {"BackendServers": '[{"ServerId":"i-1"}]'}),
    ("oos", {"Parameters": {"a": [1]}, "Tags": {"k": "v"}},
     {"Parameters": '{"a":[1]}', "Tags": '{"k":"v"}'}),
    ("none such", {"A": {"B": [1, None, {"c": "d"}]}}, {"A.B.1": "1", "A.B.2.c": "d"}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "given", "sent"), OTHER)
def test_parameters_of_other_products(
    service: str, given: dict[str, Any], sent: dict[str, str]
) -> None:
    assert shapes.plain(products.find(service), given) == sent


def test_every_model_of_the_sdk_is_understood() -> None:
    assert len(shapes.actions()) > 300
    for action in shapes.actions().values():
        for name, field in shapes.schema(action).items():
            assert shapes.fold(field.wire) == name
            assert field.members or field.kind != "object"


@pytest.mark.parametrize("name", ["ECS", "ecs", " Rds ", "R-KVStore", "CS", "slb", "Redis", "CEN"])
def test_known_services(name: str) -> None:
    assert products.known(name)


@pytest.mark.parametrize("name", ["", "oss", "evil.com/", "ecs.", "sls"])
def test_unknown_services(name: str) -> None:
    assert not products.known(name)


@pytest.mark.parametrize(
    ("service", "region", "host"),
    [
        ("rds", "cn-hangzhou", "rds.aliyuncs.com"),
        ("rds", "cn-chengdu", "rds.cn-chengdu.aliyuncs.com"),
        ("RAM", "cn-hangzhou", "ram.aliyuncs.com"),
        ("oos", "cn-beijing", "oos.cn-beijing.aliyuncs.com"),
        ("dds", "cn-beijing", "mongodb.aliyuncs.com"),
        ("cms", "eu-west-1", "metrics.eu-west-1.aliyuncs.com"),
    ],
)
def test_where_a_product_is(service: str, region: str, host: str) -> None:
    product = products.find(service)
    assert product is not None
    assert product.at(region) == host


def test_the_table_needs_no_sdk() -> None:
    code = (
        "import sys; import adapters.aliyun.products as p; assert p.known('Ecs'); "
        "sys.exit(any(m.startswith(('alibabacloud', 'Tea', 'darabonba', 'requests')) "
        "for m in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_parameter_that_names_an_instance_is_known_to_the_limits() -> None:
    """Of every API of ECS that changes something, read from the SDK's own request models."""
    exempt = {"ReservedInstanceId"}  # a discount, no machine
    seen: set[str] = set()

    def walk(fields: shapes.Schema, before: str) -> None:
        for field in fields.values():
            name = f"{before}{field.wire}"
            sounds = "instanceid" in field.wire.lower() and field.kind != "boolean"
            if sounds and field.wire not in exempt and not field.wire.startswith("Enable"):
                seen.add(field.wire)
                parameters = {name: ["i-aaaaaaaa"] if field.many else "i-aaaaaaaa"}
                what = calls.Api("ECS", "Anything", parameters, "")
                assert bounds.aim_of(what) == bounds.Aim(("i-aaaaaaaa",), (), True), name
            walk(field.members, f"{name}.")

    for action in shapes.actions().values():
        walk(shapes.schema(action), "")
    assert {"InstanceId", "InstanceIds", "TrunkNetworkInstanceId"} <= seen
