"""What runs on which operating system is judged before anybody votes, also of templates."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core import systems
from bot.oos.template import parse

TEMPLATE = """
FormatVersion: OOS-2019-06-01
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  other: {Type: String, Default: i-bastion1}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: ['{{ targets }}']}
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: run
    Action: ACS::ECS::RunCommand
    Properties:
      instanceId: '{{ ACS::TaskLoopItem }}'
      commandType: RunShellScript
      commandContent: hostname
    Loop: {Items: '{{ find.ids }}'}
"""
DATA: dict[str, Any] = {
    "instances": [
        {"id": "i-win00001", "name": "win-01", "system": "windows"},
        {"id": "i-lin00001", "name": "web-01", "system": "linux"},
    ]
}


def refused(text: str = TEMPLATE, data: Any = None) -> str:
    template = parse.parse(text, "t", "t")
    found = systems.refusal_of_template("t", template, ("targets",), data or DATA)
    return found.key if found else ""


def test_a_template_that_runs_a_shell_script_on_each_target_is_refused_where_one_is_windows() -> (
    None
):
    assert refused() == "refused.windows_template"
    assert refused(data={"instances": DATA["instances"][1:]}) == ""
    assert refused(data={"instances": [{"id": "i-old00001"}]}) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RunShellScript", "RunPowerShellScript"),
        ("RunShellScript", "'{{ other }}'"),
        ("'{{ ACS::TaskLoopItem }}'", "'{{ other }}'"),
        (
            "    Loop: {Items: '{{ find.ids }}'}",
            "    When: true\n    Loop: {Items: '{{ find.ids }}'}",
        ),
        ("hostname", "echo OSType"),
        ("[].InstanceId", "[?Memory].InstanceId"),
        ("['{{ targets }}']", "[{Type: ResourceIds, ResourceIds: [i-bastion1]}]"),
    ],
)
def test_what_may_tell_the_systems_apart_is_not_refused(before: str, after: str) -> None:
    assert before in TEMPLATE
    assert refused(TEMPLATE.replace(before, after)) == ""
