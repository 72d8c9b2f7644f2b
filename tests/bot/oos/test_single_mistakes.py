"""One mistake in a good template is one sentence, at its place, with what was meant."""

from __future__ import annotations

import pytest

from bot.oos.check import validate
from bot.oos.template import parse
from tests.bot.oos import written

GOOD = """\
FormatVersion: OOS-2019-06-01
Description:
  en: Patches some servers and says so
Parameters:
  servers:
    Type: Json
    AssociationProperty: Targets
  pace:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, Concurrency: 2}
  patience:
    Type: Number
    MinValue: 1
    MaxValue: 9
    Default: 3
  level:
    Type: String
    AllowedValues: [low, high]
    Default: low
RamRole: '{{ level }}'
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters:
        - '{{ servers }}'
    Outputs:
      ids:
        Type: List
        ValueSelector: Instances.Instance[].InstanceId
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: patch
      Choices:
        - When:
            Fn::Equals: [[], '{{ find.ids }}']
          NextTask: tell
  - Name: patch
    Action: ACS::ExecuteAPI
    OnError: tell
    Retries: 2
    DelayType: Linear
    Delay: 5
    BackOff: 3
    Properties:
      Service: ECS
      API: InvokeCommand
      Parameters:
        InstanceId.1: '{{ ACS::TaskLoopItem }}'
        Note:
          Fn::Join:
            - ' '
            - ['{{ level }}', '{{ ACS::RegionId }}']
    Outputs:
      job:
        Type: String
        ValueSelector: .InvokeId
    Loop:
      Items: '{{ find.ids }}'
      RateControl:
        Mode: Batch
        Batch: [1, 50%]
        ConcurrencyInBatches: [1, 5]
        MaxErrors: 10%
        BatchPauseOption: FirstBatchPause
      Outputs:
        jobs:
          AggregateType: Fn::ListJoin
          AggregateField: job
  - Name: watch
    Action: ACS::WaitFor
    When:
      Fn::Not:
        Fn::Equals: ['{{ level }}', low]
    Properties:
      Service: ECS
      API: DescribeInvocations
      PropertySelector: Invocations.Invocation[].Status
      DesiredValues: [Finished]
      StopRetryValues: [Failed]
  - Name: rest
    Action: ACS::Sleep
    Properties:
      Duration: PT30S
  - Name: tell
    Action: ACS::Notify
    Properties:
      NotifyType: WebHook
      WebHook:
        URI: https://example.com/hook
        Headers:
          Content-Type: application/json
        Content:
          text: >-
            Done at {{ ACS::CurrentUTCTime }}:
            {{ patch.jobs }}
Outputs:
  jobs:
    Type: List
    Value:
      Fn::Jq: [First, '[.[] | select(.)]', '{{ patch.jobs }}']
"""


def found(text: str) -> list[str]:
    template, faults = parse.recovered(text, "t", "t.yml")
    checked = validate.validate(template) if template is not None else []
    return [str(fault) for fault in parse.together(faults, checked)]


def test_the_good_template_is_good() -> None:
    assert found(GOOD) == []
    assert written.read(GOOD).tasks[2].loop is not None


MISTAKES = [
    ('FormatVersion:', 'FormatVersoin:',
     '1:1: unknown key `FormatVersoin` of a template, did you mean `FormatVersion`?'),
    ('OOS-2019-06-01', 'OOS-2019-06-1',
     '1:16: expected the FormatVersion `OOS-2019-06-01`, found `OOS-2019-06-1`'),
    ('Description:\n', 'Descripton:\n',
     '2:1: unknown key `Descripton` of a template, did you mean `Description`?'),
    ('Parameters:\n  servers', 'Paramters:\n  servers',
     '4:1: unknown key `Paramters` of a template, did you mean `Parameters`?'),
    ('    Type: Number\n', '    Typ: Number\n',
     '13:5: unknown key `Typ` of a parameter, did you mean `Type`?'),
    ('    Type: Number\n', '    Type: Numer\n',
     '13:11: unknown type `Numer`, did you mean `Number`?'),
    ('    Type: Number\n', '    Type: Integer\n',
     '13:11: unknown type `Integer`; expected `String`, `Number`, `Boolean`, `List` or `Json`'),
    ('    MinValue: 1\n', '    MinValue: one\n',
     '14:15: MinValue: expected a number, found `one`'),
    ('    MinValue: 1\n', '    MinValue: 10\n',
     '14:15: `patience`: MinValue is greater than MaxValue'),
    ('    MinValue: 1\n', '    MinimumValue: 1\n',
     '14:5: unknown key `MinimumValue` of a parameter, did you mean `MinValue`?'),
    ('    Default: 3\n', '    Default: 12\n',
     '16:14: `patience`: its Default `12` is more than its MaxValue'),
    ('    Default: 3\n', '    Default: many\n',
     '16:14: `patience`: its Default `"many"` is no number'),
    ('    Default: 3\n', "    Default: '{{ ACS::Region }}'\n",
     '16:18: unknown `ACS::Region`, did you mean `ACS::RegionId`?'),
    ('    Default: low\n', '    Default: lo\n',
     '20:14: `level`: its Default `lo` is not among its AllowedValues; expected `low` or `high`'),
    ('[low, high]', 'low, high',
     '19:20: AllowedValues: expected a list, found text'),
    ('AssociationProperty: Targets', 'AssociationProperty: Target',
     '7:26: unknown `Target`, did you mean `Targets`?'),
    ('AssociationProperty: Targets', 'AssociatonProperty: Targets',
     '7:5: unknown key `AssociatonProperty` of a parameter, did you mean `AssociationProperty`?'),
    ('{Mode: Concurrency, Concurrency: 2}', '{Mode: Concurency, Concurrency: 2}',
     '11:14: `pace`: its Default: Mode: expected `Concurrency` or `Batch`, found '
     '`Concurency`, did you mean `Concurrency`?'),
    ('{Mode: Concurrency, Concurrency: 2}', '{Mode: Concurrency, Concurency: 2}',
     '11:14: `pace`: its Default: RateControl has no `Concurency`, did you mean `Concurrency`?'),
    ('{Mode: Concurrency, Concurrency: 2}', '{Mode: Concurrency, Concurrency: two}',
     '11:14: `pace`: its Default: Concurrency: expected a number or a percentage such as '
     '`50%`, found `two`'),
    ('  level:\n    Type: String\n', '  level: String\n  lvl:\n    Type: String\n',
     '17:10: `level`: expected a mapping with the Type of the parameter, found text'),
    ("RamRole: '{{ level }}'", "RamRole: '{{ levl }}'",
     '21:14: unknown parameter `levl`, did you mean `level`?'),
    ('Tasks:\n', 'Task:\n',
     '22:1: unknown key `Task` of a template, did you mean `Tasks`?'),
    ('  - Name: find\n', '  - Nmae: find\n',
     '23:5: unknown key `Nmae` of a task, did you mean `Name`?'),
    ('  - Name: find\n    Action', '  - Action',
     '23:5: a task has no Name'),
    ('    Action: ACS::SelectTargets\n', '',
     '23:5: the task `find` has no Action'),
    ('    Action: ACS::SelectTargets\n', '    Action: ACS::SelectTarget\n',
     '24:13: unknown action `ACS::SelectTarget`, did you mean `ACS::SelectTargets`?'),
    ('    Action: ACS::SelectTargets\n', '    Acton: ACS::SelectTargets\n',
     '24:5: unknown key `Acton` of a task, did you mean `Action`?'),
    ('    Action: ACS::SelectTargets\n', '    Action:\n',
     '24:12: the task `find` has no Action'),
    ('      ResourceType: ALIYUN::ECS::Instance\n', '',
     '26:7: `ACS::SelectTargets` needs the property ResourceType'),
    ('      ResourceType: ALIYUN::ECS::Instance\n', '      ResourceTyp: ALIYUN::ECS::Instance\n',
     '26:7: `ACS::SelectTargets` has no property `ResourceTyp`, did you mean `ResourceType`?'),
    ("      Filters:\n        - '{{ servers }}'", "      Filters:\n        - '{{ server }}'",
     '28:15: unknown parameter `server`, did you mean `servers`?'),
    ("      Filters:\n        - '{{ servers }}'", '      Filters:\n        - {{ servers }}',
     "28:12: expected a name before `:`; quote text such as '{{ name }}'"),
    ("        - '{{ servers }}'", "        - '{{ servers }'",
     '28:11: "{{ servers }" is not closed with }}: expected {{ parameter }}, {{ task.output '
     '}} or {{ ACS::Name }}'),
    ("        - '{{ servers }}'", "        - '{{ servers'",
     '28:11: "{{ servers" is not closed with }}: expected {{ parameter }}, {{ task.output '
     '}} or {{ ACS::Name }}'),
    ("        - '{{ servers }}'", "        - '{{ servers}} and {{ }}'",
     '28:11: "{{ }}" is no reference: expected {{ parameter }}, {{ task.output }} or {{ '
     'ACS::Name }}'),
    ('    Outputs:\n      ids:', '    Output:\n      ids:',
     '29:5: unknown key `Output` of a task, did you mean `Outputs`?'),
    ('      ids:\n        Type: List\n', '      ids:\n        Type: Lst\n',
     '31:15: unknown type `Lst`, did you mean `List`?'),
    ('ValueSelector: Instances', 'ValueSelecter: Instances',
     "32:9: unknown key `ValueSelecter` of a task's output, did you mean `ValueSelector`?"),
    ('        ValueSelector: Instances.Instance[].InstanceId\n', '',
     '30:7: the output `ids` has no ValueSelector'),
    ('Instances.Instance[].InstanceId', 'Instances.Instance[.InstanceId',
     '32:24: `ids`: ValueSelector: the jq script does not compile: syntax error, unexpected '
     "end of file, expecting '|' or ',' or ':' or ']'"),
    ('Instances.Instance[].InstanceId', '.Instances | mapp(.Id)',
     '32:24: `ids`: ValueSelector: the jq script does not compile: mapp/1 is not defined'),
    ('      DefaultTask: patch', '      DefaultTask: pach',
     '36:20: DefaultTask: unknown task `pach`, did you mean `patch`?'),
    ('      DefaultTask: patch', '      DefaultTask: find',
     '36:20: DefaultTask: `find` is an earlier task; jumps go forward only'),
    ('      DefaultTask: patch', '      DefaultTask: choose',
     '36:20: DefaultTask: `choose` is itself; jumps go forward only'),
    ('      DefaultTask: patch', '      Default: patch',
     '36:7: `ACS::Choice` has no property `Default`, did you mean `DefaultTask`?'),
    ('          NextTask: tell', '          NextTask: tel',
     '40:21: NextTask: unknown task `tel`, did you mean `tell`?'),
    ('          NextTask: tell', '          Next: tell',
     '40:11: unknown key `Next` of a choice, did you mean `NextTask`?'),
    ('          NextTask: tell\n', '',
     '38:11: a choice needs NextTask'),
    ("        - When:\n            Fn::Equals: [[], '{{ find.ids }}']\n          NextTask: tell",
     "        When:\n            Fn::Equals: [[], '{{ find.ids }}']\n        NextTask: tell",
     '38:9: Choices: expected a list, found a mapping'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equal: [[], '{{ find.ids }}']",
     '39:13: unknown function Fn::Equal, did you mean `Fn::Equals`?'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ find.ids }}', 3]",
     '39:25: Fn::Equals: expected a List of 2 items, got 3'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: '{{ find.ids }} is'",
     '39:25: Fn::Equals: expected a List of 2 items, got a String'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn:Equals: [[], '{{ find.ids }}']",
     '39:13: unknown function Fn:Equals, did you mean `Fn::Equals`?'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ find.id }}']",
     '39:34: the task `find` has no output `id`, did you mean `ids`?'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ fnd.ids }}']",
     '39:34: unknown task `fnd` in `fnd.ids`, did you mean `find.ids`?'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ find }}']",
     '39:34: `find` is a task; name an output of it: `find.ids`'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ patch.job }}']",
     '39:34: `patch.job`: the task `patch` runs later, its output is not known yet'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ find.ids.x }}']",
     '39:30: "{{ find.ids.x }}" is no reference: expected {{ parameter }}, {{ task.output '
     '}} or {{ ACS::Name }}'),
    ("Fn::Equals: [[], '{{ find.ids }}']", "Fn::Equals: [[], '{{ find.ids }}'",
     "40:11: not valid YAML: did not find expected ',' or ']'"),
    ('    OnError: tell', '    OnError: tall',
     '43:14: OnError: unknown task `tall`, did you mean `tell`?'),
    ('    OnError: tell', '    OnError: ACS::EXIT',
     '43:14: OnError: unknown task `ACS::EXIT`, did you mean `ACS::NEXT`?'),
    ('    OnError: tell', '    OnError: find',
     '43:14: OnError: `find` is an earlier task; jumps go forward only'),
    ('    OnError: tell', '    OnEror: tell',
     '43:5: unknown key `OnEror` of a task, did you mean `OnError`?'),
    ('    OnError: tell', '    OnError: [tell]',
     '43:14: OnError: expected text, found a list'),
    ('    Retries: 2', '    Retries: 301',
     '44:14: Retries: expected a number from 0 to 300, found `301`'),
    ('    Retries: 2', '    Retries: -1',
     '44:14: Retries: expected a number from 0 to 300, found `-1`'),
    ('    Retries: 2', '    Retries: twice',
     '44:14: Retries: expected a number from 0 to 300, found `twice`'),
    ('    Retries: 2', '    Retrys: 2',
     '44:5: unknown key `Retrys` of a task, did you mean `Retries`?'),
    ('    DelayType: Linear', '    DelayType: Linar',
     '45:16: DelayType: expected `Exponential`, `Constant` or `Linear`, found `Linar`, did '
     'you mean `Linear`?'),
    ('    Delay: 5', '    Delay: 5s',
     '46:12: Delay: expected a number from 0 to 3600, found `5s`'),
    ('    BackOff: 3', '    Backof: 3',
     '47:5: unknown key `Backof` of a task, did you mean `BackOff`?'),
    ('      Service: ECS\n      API: InvokeCommand', '      API: InvokeCommand',
     '49:7: `ACS::ExecuteAPI` needs the property Service'),
    ('      API: InvokeCommand', '      Api_: InvokeCommand',
     '50:7: `ACS::ExecuteAPI` has no property `Api_`, did you mean `API`?'),
    ('      API: InvokeCommand', '      ApiName: InvokeCommand',
     '50:7: `ACS::ExecuteAPI` has no property `ApiName`, did you mean `API`?'),
    ('      Parameters:\n        Inst', '      Parmeters:\n        Inst',
     '51:7: `ACS::ExecuteAPI` has no property `Parmeters`, did you mean `Parameters`?'),
    ('    Properties:\n      Service: ECS\n      API: Inv',
     '    Propertis:\n      Service: ECS\n      API: Inv',
     '48:5: unknown key `Propertis` of a task, did you mean `Properties`?'),
    ('{{ ACS::TaskLoopItem }}', '{{ ACS::TaskLoopItm }}',
     '52:27: unknown `ACS::TaskLoopItm`, did you mean `ACS::TaskLoopItem`?'),
    ('{{ ACS::TaskLoopItem }}', '{{ ACS::LoopItem }}',
     '52:27: unknown `ACS::LoopItem`, did you mean `ACS::TaskLoopItem`?'),
    ('Fn::Join:', 'Fn::Jion:',
     '54:11: unknown function Fn::Jion, did you mean `Fn::Join`?'),
    ("            - ' '\n            - ['{{ level }}'", "            - ['{{ level }}'",
     '55:13: Fn::Join: expected a List of 2 items, got 1'),
    ("'{{ ACS::RegionId }}']", "'{{ ACS:RegionId }}']",
     '56:31: "{{ ACS:RegionId }}" is no reference: expected {{ parameter }}, {{ task.output '
     '}} or {{ ACS::Name }}'),
    ("'{{ ACS::RegionId }}']", "'{{ ACS::RegoinId }}']",
     '56:35: unknown `ACS::RegoinId`, did you mean `ACS::RegionId`?'),
    ("    Loop:\n      Items: '{{ find.ids }}'\n", '    Loop:\n',
     '61:5: a loop needs Items: a list, or an expression that gives one'),
    ("    Loop:\n      Items: '{{ find.ids }}'\n", "    Loop:\n      Item: '{{ find.ids }}'\n",
     '62:7: unknown key `Item` of a loop, did you mean `Items`?'),
    ("    Loop:\n      Items: '{{ find.ids }}'\n", '    Loop:\n      Items: find.ids\n',
     '62:14: Items: expected a list, or an expression `{{ … }}` that gives one'),
    ("    Loop:\n      Items: '{{ find.ids }}'\n", '    Loop:\n      Items: 3\n',
     '62:14: Items: expected a list, found a number'),
    ('      RateControl:\n', '      RateControls:\n',
     '63:7: unknown key `RateControls` of a loop, did you mean `RateControl`?'),
    ('        Mode: Batch\n', '        Mode: Batches\n',
     '64:15: Mode: expected `Concurrency` or `Batch`, found `Batches`, did you mean `Batch`?'),
    ('        Batch: [1, 50%]', '        Batch: [1, 150%]',
     '65:20: Batch: expected at most `100%`, found `150%`'),
    ('        Batch: [1, 50%]', '        Batch: [0, 50%]',
     '65:17: Batch: expected more than nothing, found `0`'),
    ('        Batch: [1, 50%]', '        Batchs: [1, 50%]',
     '65:9: unknown key `Batchs` of RateControl, did you mean `Batch`?'),
    ('        Batch: [1, 50%]\n', '',
     '64:15: Mode: Batch needs Batch: how many in each batch, such as `[1, 5, 10]`'),
    ('        MaxErrors: 10%', '        MaxErrors: some',
     '67:20: MaxErrors: expected a number or a percentage such as `50%`, found `some`'),
    ('        MaxErrors: 10%', '        MaxError: 10%',
     '67:9: unknown key `MaxError` of RateControl, did you mean `MaxErrors`?'),
    ('BatchPauseOption: FirstBatchPause', 'BatchPauseOption: FirstPause',
     '68:27: BatchPauseOption: expected `Automatic`, `FirstBatchPause` or '
     '`EveryBatchPause`, found `FirstPause`, did you mean `FirstBatchPause`?'),
    ('          AggregateType: Fn::ListJoin', '          AggregateType: Fn::Join_',
     '71:26: unknown AggregateType `Fn::Join_`, did you mean `Fn::Join`?'),
    ('          AggregateType: Fn::ListJoin', '          AggregateTyp: Fn::ListJoin',
     "71:11: unknown key `AggregateTyp` of a loop's output, did you mean `AggregateType`?"),
    ('          AggregateField: job\n', '          AggregateField: jbo\n',
     '72:27: the task `patch` has no output `jbo`, did you mean `job`?'),
    ('          AggregateField: job\n', '',
     "70:9: the loop's output `jobs` has no AggregateField"),
    ('  - Name: watch\n', '  - Name: find\n',
     '73:5: there is a task `find` already, on line 23'),
    ('  - Name: watch\n', '  - Name: my watch\n',
     "73:11: `my watch`: a task's name is letters, digits, - and _"),
    ('    When:\n      Fn::Not', '    Wen:\n      Fn::Not',
     '75:5: unknown key `Wen` of a task, did you mean `When`?'),
    ('    When:\n      Fn::Not', '    When:\n      Fn::Nott',
     '76:7: unknown function Fn::Nott, did you mean `Fn::Not`?'),
    ('Invocations.Invocation[].Status', 'Invocations.Invocation[]..Status)',
     '81:25: PropertySelector: the jq script does not compile: syntax error, unexpected .., '
     'expecting end of file'),
    ('      PropertySelector: Invocations.Invocation[].Status\n', '',
     '79:7: `ACS::WaitFor` needs the property PropertySelector'),
    ('      PropertySelector:', '      PropertySelctor:',
     '81:7: `ACS::WaitFor` has no property `PropertySelctor`, did you mean `PropertySelector`?'),
    ('      DesiredValues: [Finished]\n      StopRetryValues: [Failed]\n', '',
     '79:7: `ACS::WaitFor` needs `DesiredValues` or `NotDesiredValues`'),
    ('      DesiredValues: [Finished]\n      StopRetryValues: [Failed]\n',
     '      DesiredValue: [Finished]\n',
     '82:7: `ACS::WaitFor` has no property `DesiredValue`, did you mean `DesiredValues`?'),
    ('Duration: PT30S', 'Duration: 30 secs',
     "87:17: Duration: '30 secs' is no duration of at most a year; write PT30S, PT5M, 30s or 5m"),
    ('Duration: PT30S', 'Durations: PT30S',
     '87:7: `ACS::Sleep` has no property `Durations`, did you mean `Duration`?'),
    ('    Action: ACS::Sleep\n', '    Action: ACS::Slep\n',
     '85:13: unknown action `ACS::Slep`, did you mean `ACS::Sleep`?'),
    ('    Action: ACS::Sleep\n', '    Action: ACS::Sleep\n    Loop: {Items: [1]}\n',
     '86:5: `ACS::Sleep` cannot have a Loop'),
    ('        URI: https', '        URL: https',
     '93:9: WebHook has no `URL`, did you mean `URI`?'),
    ('        URI: https://example.com/hook\n', '',
     '93:9: WebHook needs URI'),
    ('        Headers:', '        Header:',
     '94:9: WebHook has no `Header`, did you mean `Headers`?'),
    ('            Done at {{ ACS::CurrentUTCTime }}:',
     '            Done at {{ ACS::CurrentTime }}:',
     '98:24: unknown `ACS::CurrentTime`, did you mean `ACS::CurrentUTCTime`?'),
    ('            {{ patch.jobs }}', '            {{ patch.job_s }}',
     '99:16: the task `patch` has no output `job_s`, did you mean `jobs`?'),
    ('Outputs:\n  jobs', 'Output:\n  jobs',
     '100:1: unknown key `Output` of a template, did you mean `Outputs`?'),
    ('    Value:\n', '    Val:\n',
     '103:5: unknown key `Val` of an output, did you mean `Value`?'),
    ('Fn::Jq: [First,', 'Fn::Jq: [Frist,',
     '104:16: Fn::Jq: expected First or All, got "Frist", did you mean `First`?'),
    ("[First, '[.[] | select(.)]', '{{ patch.jobs }}']", "[First, '[.[] | select(.)]']",
     '104:15: Fn::Jq: expected [First or All, script, document]'),
    ("'[.[] | select(.)]'", "'[.[] | selct(.)]'",
     '104:23: Fn::Jq: the jq script does not compile: selct/1 is not defined'),
    ("'[.[] | select(.)]'", "'[.[] | select(.)'",
     '104:23: Fn::Jq: the jq script does not compile: syntax error, unexpected end of file, '
     "expecting '|' or ',' or ']'"),
    ('      Fn::Jq: [First', '      Fn::Jq: [First]\n      More: [First',
     '104:7: expected Fn::Jq alone in its object, got More beside it'),
    ('      Duration: PT30S', '\tDuration: PT30S',
     '87:1: not valid YAML: lines are indented with spaces, not with tabs'),
    ('      Duration: PT30S', '     Duration: PT30S\n      Other: 1',
     '88:12: not valid YAML: mapping values are not allowed in this context; text with `: ` '
     'in it needs quotes'),
    ('        Note:\n          Fn', '        Note\n          Fn',
     "54:19: not valid YAML: could not find expected ':'"),
    ('      Filters:\n', '     Filters:\n',
     '27:6: not valid YAML: did not find expected key; look at the indentation of this '
     'line, or at an open quote before it'),
    ('    OnError: tell', '    OnError: tell\n    OnError: rest',
     '44:5: the key `OnError` stands twice here (first on line 43)'),
    ('Default: {Mode: Concurrency, Concurrency: 2}', 'Default: {Mode: Batch}',
     '11:14: `pace`: its Default: Mode: Batch needs Batch: how many in each batch, such as '
     '`[1, 5, 10]`'),
    ('    Type: Number\n    MinValue', '    Type: Boolean\n    MinValue',
     '16:14: `patience`: its Default `3` is neither true nor false'),
    ('  - Name: find\n', '  - Name: find\n  - Pause\n',
     '25:11: not valid YAML: mapping values are not allowed in this context; text with `: ` '
     'in it needs quotes'),
    ('    Type: String\n    AllowedValues',
     "    Type: String\n    AllowedPattern: '[a-z'\n    AllowedValues",
     '19:21: AllowedPattern: `[a-z` is no regular expression: unterminated character set at '
     'position 0'),
    ("RamRole: '{{ level }}'", 'RamRole: [a]',
     '21:10: expected the name of a RAM role, found a list'),
    ('    Action: ACS::Notify\n', '    Action: ACS::Notify\n    Loop: [1, 2]\n',
     '90:11: Loop: expected a mapping with Items, found a list'),
    ('Tasks:\n', 'Conditions: {a: true}\nTasks:\n',
     '22:17: the condition `a` is none of `Fn::And`, `Fn::Or`, `Fn::Not` or `Fn::Equals`'),
    ('          NextTask: tell', "          NextTask: '{{ level }}'",
     '40:21: NextTask: unknown task `{{ level }}`; expected `patch`, `watch`, `rest`, '
     '`tell`, `ACS::END` or `ACS::NEXT`'),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "fault"), MISTAKES, ids=lambda text: text[:40].strip())
def test_a_mistake_is_one_sentence(right: str, wrong: str, fault: str) -> None:
    assert right in GOOD
    assert found(GOOD.replace(right, wrong, 1)) == [f"t.yml:{fault}"]


@pytest.mark.parametrize("step", [5, 7, 11])
def test_many_mistakes_are_as_many_sentences(step: int) -> None:
    """Mistakes on different lines, all in one file: none hides another."""
    text, expected, touched = GOOD, 0, set[int]()
    for right, wrong, fault in MISTAKES[::step]:
        first = GOOD.partition(right)[0].count("\n")
        lines = set(range(first - 1, first + right.count("\n") + 2))
        whole = "not valid YAML" in fault or "expected a name" in fault
        if whole or lines & touched or right.count("\n") != wrong.count("\n"):
            continue
        if text.count(right) < 1 or text.partition(right)[0].count("\n") != first:
            continue
        text = text.replace(right, wrong, 1)
        touched |= lines
        expected += 1
    assert expected >= 5
    assert len(found(text)) == expected, "\n".join(found(text))
