"""Templates as companies write them, made up: no two alike, none of them published anywhere.

Each finds instances, checks them, acts on them under rate control, waits for what it did and tells
it; its scripts, selectors, texts in two languages and its length are what templates usually have.
``written(n)`` is always the same text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_ACTS = ("Reboot", "Start", "Stop", "Resize", "Renew", "Clone", "Patch", "Drain", "Scan", "Label")
_THINGS = ("Instances", "Disks", "Images", "Snapshots", "Machines", "Volumes", "Keys", "Groups")
_WAYS = (
    "ByTag",
    "InBatches",
    "WithNotice",
    "AfterHours",
    "OnAlarm",
    "PerZone",
    "AndTell",
    "Safely",
)
_ZH = (
    "查询实例",
    "检查状态",
    "批量执行命令",
    "等待完成",
    "发送通知",
    "记录结果",
    "选择下一步",
    "创建快照",
)
_SCRIPT = """#!/bin/bash
set -eu
service=%s
if ! systemctl is-active "$service" >/dev/null 2>&1; then
  echo "$service does not run on $(hostname)" >&2
  exit 3
fi
systemctl restart "$service"
for second in 1 2 3 4 5; do
  systemctl is-active "$service" && exit 0
  sleep "$second"
done
exit 1
"""


def name(number: int) -> str:
    """The name of template ``number``, and of its file."""
    chance = random.Random(number)
    return "".join(map(chance.choice, (_ACTS, _THINGS, _WAYS))) + f"-{number:04}"


def written(number: int) -> str:
    """The text of template ``number``: YAML, every eighth JSON."""
    template = _template(random.Random(number))
    if number % 8 == 7:
        return json.dumps(template, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def fill(folder: Path, count: int) -> Path:
    """Write the first ``count`` templates into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        suffix = "json" if number % 8 == 7 else "yml"
        (folder / f"{name(number)}.{suffix}").write_text(written(number), "utf-8")
    return folder


class _Dumper(yaml.SafeDumper):
    """Scripts as blocks of lines, and nothing by alias: as people write them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _template(chance: random.Random) -> dict[str, Any]:
    more = chance.randint(1, 5)
    return {
        "FormatVersion": "OOS-2019-06-01",
        "Description": {
            "en": f"Acts on {chance.choice(_THINGS)} a few at a time and tells what came of it.",
            "zh-cn": f"{chance.choice(_ZH)}，{chance.choice(_ZH)}，并在群里说明结果。",
            "name-en": f"Act {chance.randint(1, 10**6)}",
            "categories": ["instance_manage", "bench"],
        },
        "Parameters": _parameters(chance, more),
        "RamRole": "{{ OOSAssumeRole }}",
        "Tasks": [_find(), _check(), *_acts(chance, more), _wait(), _tell()],
        "Outputs": {
            "instanceIds": {"Type": "List", "Value": "{{ getInstance.instanceIds }}"},
            "summary": {
                "Type": "String",
                "Value": {"Fn::Join": [", ", "{{ getInstance.names }}"]},
            },
        },
    }


def _parameters(chance: random.Random, more: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "regionId": {
            "Type": "String",
            "Label": {"en": "RegionId", "zh-cn": "地域ID"},
            "AssociationProperty": "RegionId",
            "Default": "{{ ACS::RegionId }}",
        },
        "targets": {
            "Type": "Json",
            "Label": {"en": "TargetInstance", "zh-cn": "目标实例"},
            "AssociationProperty": "Targets",
            "AssociationPropertyMetadata": {
                "ResourceType": "ALIYUN::ECS::Instance",
                "RegionId": "regionId",
            },
        },
        "rateControl": {
            "Label": {"en": "RateControl", "zh-cn": "任务执行的并发比率"},
            "Type": "Json",
            "AssociationProperty": "RateControl",
            "Default": {"Mode": "Concurrency", "MaxErrors": 0, "Concurrency": 10},
        },
        "OOSAssumeRole": {
            "Label": {"en": "OOSAssumeRole", "zh-cn": "OOS扮演的RAM角色"},
            "Type": "String",
            "Default": "OOSServiceRole",
        },
    }
    for number in range(more):
        found[f"option{number}"] = {
            "Type": "String",
            "Label": {"en": f"Option {number}", "zh-cn": f"选项{number}"},
            "Description": {
                "en": "What is done to each instance, one of the words below.",
                "zh-cn": "对每台实例执行的操作，取值如下。",
            },
            "AllowedValues": ["never", "once", "always"],
            "Default": chance.choice(["never", "once", "always"]),
        }
    return found


def _find() -> dict[str, Any]:
    return {
        "Name": "getInstance",
        "Description": {"en": "Views the ECS instances.", "zh-cn": "获取ECS实例。"},
        "Action": "ACS::SelectTargets",
        "Properties": {
            "ResourceType": "ALIYUN::ECS::Instance",
            "RegionId": "{{ regionId }}",
            "Filters": ["{{ targets }}"],
        },
        "Outputs": {
            "instanceIds": {"Type": "List", "ValueSelector": "Instances.Instance[].InstanceId"},
            "names": {
                "Type": "List",
                "ValueSelector": "Instances.Instance[] | .InstanceName // .InstanceId",
            },
        },
    }


def _check() -> dict[str, Any]:
    return {
        "Name": "checkForInstances",
        "Description": {"en": "Check instances availability.", "zh-cn": "检查实例可用性。"},
        "Action": "ACS::CheckFor",
        "Properties": {
            "Service": "ECS",
            "API": "DescribeInstances",
            "Parameters": {
                "RegionId": "{{ regionId }}",
                "InstanceIds": {"Fn::Join": [",", "{{ getInstance.instanceIds }}"]},
            },
            "DesiredValues": ["Running", "Stopped"],
            "PropertySelector": "Instances.Instance[].Status",
        },
        "Outputs": {"status": {"Type": "String", "ValueSelector": "Instances.Instance[0].Status"}},
    }


def _acts(chance: random.Random, more: int) -> Iterator[dict[str, Any]]:
    for number in range(more):
        least = chance.randint(1, 64)
        yield {
            "Name": f"actOnInstances{number}",
            "Description": {"en": "Acts on each instance.", "zh-cn": chance.choice(_ZH)},
            "Action": "ACS::ExecuteAPI",
            "When": {"Fn::Not": {"Fn::Equals": ["never", f"{{{{ option{number} }}}}"]}},
            "OnError": "ACS::END" if number % 2 else "describeAfterwards",
            "Properties": {
                "Service": "ECS",
                "API": "RunCommand",
                "Parameters": {
                    "RegionId": "{{ regionId }}",
                    "InstanceId": ["{{ ACS::TaskLoopItem }}"],
                    "Type": "RunShellScript",
                    "CommandContent": _SCRIPT % f"app-{chance.randint(1, 99)}",
                    "Timeout": 60 + least,
                },
            },
            "Loop": {
                "Items": "{{ getInstance.instanceIds }}",
                "RateControl": "{{ rateControl }}",
                "Outputs": {
                    "commandIds": {
                        "AggregateType": "Fn::ListJoin",
                        "AggregateField": "commandId",
                    }
                },
            },
            "Outputs": {
                "commandId": {"Type": "String", "ValueSelector": ".CommandId"},
                "large": {
                    "Type": "List",
                    "ValueSelector": f".Results[]? | select(.Size > {least}) | .Id",
                },
            },
        }


def _wait() -> dict[str, Any]:
    return {
        "Name": "describeAfterwards",
        "Description": {"en": "Waits until all is done.", "zh-cn": "等待执行完成。"},
        "Action": "ACS::WaitFor",
        "Retries": 30,
        "DelayType": "Exponential",
        "Delay": 2,
        "BackOff": 2,
        "MaxRetryInterval": 60,
        "Properties": {
            "Service": "ECS",
            "API": "DescribeInvocations",
            "Parameters": {"RegionId": "{{ regionId }}"},
            "DesiredValues": ["Finished"],
            "PropertySelector": "Invocations.Invocation[].InvokeStatus",
        },
    }


def _tell() -> dict[str, Any]:
    return {
        "Name": "tell",
        "Description": {"en": "Tells what was done.", "zh-cn": "发送通知。"},
        "Action": "ACS::Notify",
        "OnSuccess": "ACS::END",
        "Properties": {
            "NotifyType": "WebHook",
            "WebHook": {
                "URI": "robot:ops",
                "Headers": {"Content-Type": "application/json"},
                "Content": {
                    "msgtype": "text",
                    "text": {"content": "Notify: {{ getInstance.names }} in {{ regionId }} 已完成"},
                },
            },
        },
    }
