"""Templates written for the tests."""

from __future__ import annotations

from bot import source
from bot.oos.check import validate
from bot.oos.template import model, parse

GUIDE = """\
FormatVersion: OOS-2019-06-01
Description:
  en: Restarts the web servers, once somebody agrees.
  zh-cn: 同意之后重启网站服务器
Parameters:
  servers:
    Type: Json
    AssociationProperty: Targets
    AssociationPropertyMetadata:
      ResourceType: ALIYUN::ECS::Instance
      Visible: {Condition: {'Fn::Equals': ['${mode}', all]}}
  pace:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, Concurrency: 50%, MaxErrors: 1}
  hookUrl:
    Type: String
    Label: {en: Where to ask, zh-cn: 地址}
  region:
    Default: '{{ ACS::RegionId }}'
RamRole: ''
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      RegionId: '{{ region }}'
      Filters: ['{{ servers }}']
    Outputs:
      ids:
        Type: List
        ValueSelector: Instances.Instance[].InstanceId
  - Name: ask
    Action: ACS::Approve
    Properties:
      NotifyType: WebHook
      WebHook:
        URI: '{{hookURL}}'
        Content:
          msgtype: text
          text:
            content: |
              Please agree to restart
              {{ FIND.IDS }}
  - Name: restart
    Action: ACS::ExecuteApi
    Retries: 2
    OnError: tell
    Properties:
      Service: ECS
      API: RebootInstance
      Parameters:
        InstanceId: '{{ ACS::TaskLoopItem }}'
    Loop:
      Items: '{{ find.ids }}'
      RateControl: '{{ pace }}'
      Outputs:
        requests:
          AggregateType: Fn::ListJoin
          AggregateField: request
    Outputs:
      request:
        ValueSelector: RequestId
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: ACS::END
      Choices:
        - When: {'Fn::Equals': [[], '{{ find.ids }}']}
          NextTask: tell
  - Name: tell
    Action: ACS::Sleep
    Properties: {Duration: PT1S}
Outputs:
  requests:
    Type: List
    Value: '{{ restart.requests }}'
Metadata:
  ALIYUN::OOS::Interface: {anything: [goes, '{{here}}']}
"""


def read(text: str | bytes, name: str = "t") -> model.Template:
    return parse.parse(text, name, "t.yml")


def refused(text: str | bytes) -> list[str]:
    """The faults of reading; fails where there are none."""
    try:
        read(text)
    except source.Invalid as error:
        return [str(fault) for fault in error.faults]
    raise AssertionError("it was read without a fault")


def checked(text: str, **facts: object) -> list[str]:
    """The faults of validation."""
    facts.setdefault("allow_unknown_products", False)
    return [str(fault) for fault in validate.validate(read(text), **facts)]  # type: ignore[arg-type]


def tasks(text: str, parameters: str = "") -> str:
    """A template around tasks, which begin on line 3 (later with parameters, one line each)."""
    head = "FormatVersion: OOS-2019-06-01\n"
    given = f"Parameters:\n{parameters}" if parameters else ""
    return f"{head}{given}Tasks:\n{text}"
