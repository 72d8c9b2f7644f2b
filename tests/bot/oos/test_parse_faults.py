"""What cannot be a template is refused with its place and with what was expected."""

from __future__ import annotations

import re

import pytest

from bot import source
from bot.oos.template import parse
from bot.source import nodes
from tests.bot.oos import written

HEAD = "FormatVersion: OOS-2019-06-01\n"
SLEEP = "  - {Name: nap, Action: ACS::Sleep, Properties: {Duration: PT1S}}\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: expected a template, found an empty file"),
        (" \n# only words\n", "1:1: expected a template (FormatVersion, Tasks, …), found nothing"),
        ("- a\n", "1:1: expected a template (FormatVersion, Tasks, …), found a list"),
        (b"a: \xff\n", "1:4: expected UTF-8, found the byte 0xff"),
        (b"a: 1\nb: \xe4\xb8\xad\xc3(\n", "2:5: expected UTF-8, found the byte 0xc3"),
        ("a:\n\t- b\n", "2:1: not valid YAML: lines are indented with spaces, not with tabs"),
        ("a: b: c\n", "1:5: not valid YAML: mapping values are not allowed in this context; "
         "text with `: ` in it needs quotes"),
        ("a: @x\n", "1:4: not valid YAML: found character that cannot start any token; "
         "text that begins with `@` needs quotes"),
        ("a: {{ x }}\n", "1:5: expected a name before `:`; quote text such as '{{ name }}'"),
        ("a: !Ref x\n", "1:4: the YAML tag `!Ref` means nothing here"),
        ("a: !Map {}\n", "1:4: the YAML tag `!Map` means nothing here"),
        ("a: 1\n---\nb: 2\n", "2:1: expected one document, found another `---`"),
        ("a: &x [*x]\n", "1:8: the alias `*x` refers to what it is itself part of"),
        ("a: .inf\n", "1:4: `.inf` is no number that JSON has"),
        ('a: 1\nb: !!int ""\n', "2:4: `` is no number"),
        ('a: !!int "+"\n', "1:4: `+` is no number"),
        ('a: !!float ""\n', "1:4: `` is no number"),
        ("a: !!bool x\n", "1:4: `x` is no number"),
        ("a: " + "9" * 401 + "\n", "1:4: a number of more than 400 digits"),
        ("Type: 0x" + "f" * 6000 + "\n", "1:7: a number of more than 400 digits"),
        ("a: x\x07\n", "1:5: the character U+0007 may not stand in YAML"),
        ("<<: 3\n", "1:5: `<<` merges mappings only"),
        ('{"a": tru ]}', "1:7: expected a JSON value, found `t`"),
        ('{"a": 1, ]}', "1:10: expected a key in double quotes, found `]`"),
        ('{"a": [1 [2]]}', "1:10: expected `,` or `]`, found `[`"),
        ('{"a"\n 1}', "2:2: expected `:` after the key, found `1`"),
        ('{"a": 1}\n}', "2:1: nothing may follow the JSON value, but here is `}`"),
        ('{"a": 1', "1:8: expected `,` or `}`, found the end of the text"),
        ('{"a": "x\\q"}', "1:9: a broken string: Invalid \\escape"),
        ('{"a": 1e999}}', "1:7: the number 1e999 is too large"),
        (HEAD.replace("06-01", "06-02") + "Tasks: [{Name: a, Action: b}]",
         "1:16: expected the FormatVersion `OOS-2019-06-01`, found `OOS-2019-06-02`"),
    ],
)  # fmt: skip
def test_unreadable(text: str | bytes, fault: str) -> None:
    assert written.refused(text)[0] == f"t.yml:{fault}"


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 30_000,
        "{" * 30_000,
        '{"a":' * 8_000,
        "[" * 60_000,
        "\n".join(" " * depth + "a:" for depth in range(300)),
        "- " * 30_000,
        "a: " + "9" * 60_000,
        '{"a": ' + "9" * 60_000 + "}",
    ],
    ids=lambda text: text[:5],
)
def test_no_depth_or_length_crashes_the_reader(text: str) -> None:
    assert written.refused(text)


def test_too_big() -> None:
    text = written.tasks(SLEEP) + "# " + "x" * 65_536
    assert re.fullmatch(
        r"t\.yml:1:1: too big: 65,\d+ bytes; a template has at most 65,536",
        written.refused(text)[0],
    )


def test_aliases_that_multiply() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 10):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    (fault,) = written.refused("\n".join(lines))
    assert f"more than {nodes.MOST_NODES:,} values once its aliases are written out" in fault


def test_the_language_of_states_is_another() -> None:
    assert written.refused("FormatVersion: OOS-2019-06-01-State\nTasks: 1\nStates: []\n") == [
        "t.yml:2:1: unknown key `Tasks` of a template; expected `FormatVersion`, `Description`, "
        "`Parameters`, `States` or `Metadata`",
        "t.yml:3:9: expected at least one state under `States` (`- ResourceType: …`)",
    ]


def test_an_empty_key_has_a_place_of_its_own() -> None:
    (fault,) = written.refused(HEAD + "Tasks:\n" + SLEEP + '"": 1\n')
    assert fault.startswith("t.yml:4:1: unknown key `` of a template")


def test_keys_given_twice() -> None:
    text = HEAD + "Tasks:\n  - Name: a\n    Action: ACS::Pause\n    Name: b\n    action: x\n"
    assert written.refused(text) == [
        "t.yml:5:5: the key `Name` stands twice here (first on line 3)",
        "t.yml:6:5: `Action` is given twice here, once as `action`",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Typ: String", "unknown key `Typ` of a parameter, did you mean `Type`?"),
        ("Type: Strin", "unknown type `Strin`, did you mean `String`?"),
        ("Type: 3", "no type: 3; expected `String`, `Number`, `Boolean`, `List` or `Json`"),
        ("AllowedValues: a", "AllowedValues: expected a list, found text"),
        ("AllowedPattern: '['", "AllowedPattern: `[` is no regular expression"),
        ("MinLength: -1", "MinLength: expected a whole number from 0, found -1"),
        ("MaxValue: big", "MaxValue: expected a number, found `big`"),
        ("NoEcho: perhaps", "NoEcho: expected true or false, found `perhaps`"),
        ("AssociationProperty: [a]", "AssociationProperty: expected text, found a list"),
    ],
)
def test_parameters(line: str, fault: str) -> None:
    (found,) = written.refused(f"{HEAD}Parameters:\n  p:\n    {line}\nTasks:\n{SLEEP}")
    assert fault in found
    assert found.startswith("t.yml:4:")


def test_parameters_that_are_none() -> None:
    text = f"{HEAD}Parameters:\n  a b: {{}}\n  c: String\n  d: {{MinValue: 3, MaxValue: 2}}\n"
    text += f"  D: {{}}\nOutputs: [x]\nRamRole: [y]\nTasks:\n{SLEEP}"
    assert written.refused(text) == [
        "t.yml:3:3: `a b`: a parameter's name is letters, digits, - and _",
        "t.yml:4:6: `c`: expected a mapping with the Type of the parameter, found text",
        "t.yml:5:17: `d`: MinValue is greater than MaxValue",
        "t.yml:6:3: there is a parameter `D` already, on line 5",
        "t.yml:7:10: Outputs: expected names with what they are, found a list",
        "t.yml:8:10: expected the name of a RAM role, found a list",
    ]


def test_tasks_that_are_none() -> None:
    text = f"""{HEAD}Tasks:
  - nap
  - Action: ACS::Pause
  - Name: b c
    Action: ACS::Pause
    Propertys: {{}}
  - Name: d
    Properties: text
    Outputs:
      x: '.a'
      y: {{Type: String}}
      z: {{ValueSelector: a, Tipe: List}}
    Loop:
      RateControl: {{Modus: Batch}}
      Outputs: {{o: {{AggregateType: Fn::ListJoin}}, p: 3}}
  - Name: D
    Action: ACS::Pause
    Loop: 3
Outputs:
  o: {{Type: String}}
"""
    assert written.refused(text) == [
        "t.yml:3:5: expected a task with Name and Action, found text",
        "t.yml:4:5: a task has no Name",
        "t.yml:5:11: `b c`: a task's name is letters, digits, - and _",
        "t.yml:7:5: unknown key `Propertys` of a task, did you mean `Properties`?",
        "t.yml:8:5: the task `d` has no Action",
        "t.yml:9:17: Properties: expected a mapping, found `text`",
        "t.yml:11:10: `x`: expected Type and ValueSelector, found text",
        "t.yml:12:7: the output `y` has no ValueSelector",
        "t.yml:13:29: unknown key `Tipe` of a task's output, did you mean `Type`?",
        "t.yml:14:5: a loop needs Items: a list, or an expression that gives one",
        "t.yml:15:21: unknown key `Modus` of RateControl, did you mean `Mode`?",
        "t.yml:16:17: the loop's output `o` has no AggregateField",
        "t.yml:16:54: `p`: expected AggregateType and AggregateField, found a number",
        "t.yml:17:5: there is a task `D` already, on line 8",
        "t.yml:19:11: Loop: expected a mapping with Items, found a number",
        "t.yml:21:3: the output `o` has no Value",
    ]


def test_no_tasks() -> None:
    assert written.refused(HEAD) == ["t.yml:1:1: expected at least one task under `Tasks`"]
    (fault,) = written.refused(HEAD + "Tasks: {a: b}\n")
    assert fault == "t.yml:2:8: Tasks: expected a list (`- Name: …`), found a mapping"


def test_the_error_says_everything() -> None:
    with pytest.raises(source.Invalid) as raised:
        parse.parse("Tasks: x\nTask: y\n", "n", "some/file.yml")
    assert [fault.mark.line for fault in raised.value.faults] == [1, 1, 2]
    assert "some/file.yml:2:1: unknown key `Task`" in str(raised.value)
