"""Values as people type them in a chat become what the template declares."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.oos.parameters import arguments
from bot.oos.template import model
from tests.bot.oos import written

PSEUDO = {"ACS::RegionId": "cn-hangzhou", "ACS::AccountId": "1234", "ACS::TaskLoopItem": 7}
PAUSE = "Tasks: [{Name: a, Action: ACS::Pause}]\n"


def template(declared: str) -> model.Template:
    return written.read(f"FormatVersion: OOS-2019-06-01\nParameters:\n  p: {declared}\n{PAUSE}")


def bound(declared: str, **typed: Any) -> Any:
    """The value of ``p``, or the sentences about what does not fit."""
    found = arguments.bind(template(declared), typed, PSEUDO)
    return found["p"] if isinstance(found, dict) else [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("declared", "typed", "value"),
    [
        ("{}", " as it is ", " as it is "),
        ("{Type: String}", "{{ oos-secret:db }}", "{{ oos-secret:db }}"),
        ("{Type: String}", "{{ ACS::RegionId }}", "{{ ACS::RegionId }}"),
        ("{Type: String}", 12, "12"),
        ("{Type: String}", True, "true"),
        ("{Type: Number}", "12", 12),
        ("{Type: Number}", "-1.50", -1.5),
        ("{Type: Number}", "1e3", 1000.0),
        ("{Type: Number}", 3, 3),
        ("{Type: Boolean}", "是", True),
        ("{Type: Boolean}", "否", False),
        ("{Type: Boolean}", "TRUE", True),
        ("{Type: Boolean}", "no", False),
        ("{Type: Boolean}", False, False),
        ("{Type: List}", "a, b，c；d", ["a", "b", "c", "d"]),
        ("{Type: List}", '["a", 1]', ["a", 1]),
        ("{Type: List}", "", []),
        ("{Type: List}", '{"a": 1}', [{"a": 1}]),
        ("{Type: List}", ("a",), ["a"]),
        ("{Type: Json}", '{"a": [1]}', {"a": [1]}),
        ("{Type: Json}", "{“a”: “b”}", {"a": "b"}),
        ("{Type: Json}", '{"a": "“quoted”"}', {"a": "“quoted”"}),
        ("{Type: Json}", "3", 3),
        ("{Type: Json}", {"a": 1}, {"a": 1}),
        ("{AllowedValues: [a, b]}", "b", "b"),
        ("{Type: Number, AllowedValues: ['1', 2]}", "1", 1),
        ("{Type: List, AllowedValues: [a, b]}", "b,a", ["b", "a"]),
        ("{AllowedPattern: '[a-z]+'}", "abc", "abc"),
        ("{MinLength: 2, MaxLength: 3}", "实例", "实例"),
        ("{Type: Number, MinValue: 1, MaxValue: 2}", "2", 2),
    ],
)
def test_values(declared: str, typed: Any, value: Any) -> None:
    found = bound(declared, p=typed)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("declared", "typed", "problem"),
    [
        ("{Type: Number}", "many", "p: expected a number, found `many`"),
        ("{Type: Number}", "1,2", "p: expected a number, found `1,2`"),
        ("{Type: Number}", True, "p: expected a number, found `true`"),
        ("{Type: Number}", "NaN", "p: expected a number, found `NaN`"),
        ("{Type: Boolean}", "perhaps", "p: expected yes or no (是/否), found `perhaps`"),
        ("{Type: List}", "[a", 'p: expected a list such as `a,b` or `["a", "b"]`, found `[a`'),
        ("{Type: Json}", "{a}", 'p: expected JSON such as `{"key": "value"}`, found `{a}`'),
        ("{Type: Json}", "NaN", 'p: expected JSON such as `{"key": "value"}`, found `NaN`'),
        ("{AllowedValues: [a, b, c]}", "A", "p: expected `a`, `b` or `c`, found `A`"),
        ("{Type: List, AllowedValues: [a]}", "a,b", "p: expected `a`, found `b`"),
        ("{AllowedPattern: '[a-z]+'}", "abc;",
         "p: expected text that matches `[a-z]+`, found `abc;`"),
        ("{AllowedPattern: '^[a-z]+$'}", "abc\n",
         "p: expected text that matches `^[a-z]+$`, found `abc\n`"),
        ("{AllowedPattern: x, ConstraintDescription: an x}", "y", "p: expected an x, found `y`"),
        ("{MinLength: 2, MaxLength: 3}", "a", "p: expected 2 to 3 characters, found 1"),
        ("{MaxLength: 1}", "ab", "p: expected at most 1 characters, found 2"),
        ("{Type: Number, MinValue: 1}", "0", "p: expected at least 1, found `0`"),
        ("{NoEcho: true, AllowedPattern: '[0-9]+'}", "hunter2",
         "p: expected text that matches `[0-9]+`"),
        ("{NoEcho: true, Type: Json}", "{hunter2", 'p: expected JSON such as `{"key": "value"}`'),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(declared: str, typed: Any, problem: str) -> None:
    assert bound(declared, p=typed) == [problem]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("{Default: '{{ ACS::RegionId }}'}", "cn-hangzhou"),
        ("{Default: 'x-{{acs::accountid}}'}", "x-1234"),
        ("{Type: Json, Default: {a: ['{{ ACS::RegionId }}']}}", {"a": ["cn-hangzhou"]}),
        ("{Type: Number, Default: '30'}", 30),
        ("{Type: Boolean, Default: 'false'}", False),
        ("{Type: List, Default: []}", []),
        ("{Type: Number, Default: ''}", ""),
        ("{AllowedValues: [a], Default: ''}", ""),
        ("{Type: Json, AssociationProperty: Targets, Default: {}}", {}),
        ("{Type: Json, AssociationProperty: RateControl, Default: {Concurrency: 100%}}",
         {"Mode": "Concurrency", "Concurrency": "100%"}),
    ],
)  # fmt: skip
def test_defaults(declared: str, value: Any) -> None:
    assert bound(declared) == value


def test_defaults_that_do_not_fit() -> None:
    broken = "{Type: Json, AssociationProperty: RateControl, Default: "
    broken += "{Mode: 'Concurrency,', MaxErrors: '0,', Concurrency: 5}}"
    assert bound(broken) == [
        "p: its default does not fit: Mode: expected `Concurrency` or `Batch`, "
        "found `Concurrency,`, did you mean `Concurrency`?; "
        "MaxErrors: expected a number or a percentage such as `50%`, found `0,`"
    ]
    assert bound(broken, p="2") == {"Mode": "Concurrency", "Concurrency": 2, "MaxErrors": 0}
    assert bound("{Default: '{{ ACS::ExecutionId }}'}") == [
        "p: its default needs `ACS::ExecutionId`, which has no value here"
    ]


TARGETS = "{Type: Json, AssociationProperty: Targets}"
REGION = {"RegionId": "cn-hangzhou"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("i-1,i-2", {"Type": "ResourceIds", "ResourceIds": ["i-1", "i-2"], **REGION}),
        ("i-1 i-1；web-01", {"Type": "ResourceIds", "ResourceIds": ["i-1", "web-01"], **REGION}),
        (["i-1"], {"Type": "ResourceIds", "ResourceIds": ["i-1"], **REGION}),
        ("tag:env=prod", {"Type": "Tags", "Tags": [{"Key": "env", "Value": "prod"}], **REGION}),
        ('{"Type": "All", "RegionId": "x"}', {"Type": "All", "RegionId": "x"}),
        ('{"type": "ResourceIds", "resourceIds": ["a"]}',
         {"type": "ResourceIds", "resourceIds": ["a"]}),
    ],
)  # fmt: skip
def test_targets(typed: Any, value: Any) -> None:
    assert bound(TARGETS, p=typed) == value


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "p: expected `i-1,i-2`, `web-01`, `tag:env=prod`, or the JSON of OOS, found nothing"),
        ("tag:env", "p: expected `i-1,i-2`, `web-01`, `tag:env=prod`, or the JSON of OOS, "
         "found `tag:env`"),
        ("i-1; rm", None),
        ("$(rm)", "p: expected `i-1,i-2`, `web-01`, `tag:env=prod`, or the JSON of OOS, "
         "found `$(rm)`"),
        ("i-1,tag:a=b", "p: expected either instances or tags, found both"),
        ("{}", "p: expected targets with a Type (`ResourceIds`, `Tags` or `All`)"),
        ('{"Type": "Tags"}', "p: expected targets of Type Tags with a list of Tags"),
        ('{"Type": "ResourceIds"}',
         "p: expected targets of Type ResourceIds with a list of ResourceIds"),
        ("{i-1}", "p: expected `i-1,i-2`, `web-01`, `tag:env=prod`, or the JSON of OOS, "
         "found `{i-1}`"),
    ],
)  # fmt: skip
def test_targets_that_are_none(typed: str, problem: str | None) -> None:
    found = bound(TARGETS, p=typed)
    if problem is None:
        assert found["ResourceIds"] == ["i-1", "rm"]
    else:
        assert found == [problem]


RATE = "{Type: Json, AssociationProperty: RateControl}"


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5", {"Mode": "Concurrency", "Concurrency": 5, "MaxErrors": 0}),
        (3, {"Mode": "Concurrency", "Concurrency": 3, "MaxErrors": 0}),
        ("50%", {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 0}),
        ("50％", {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 0}),
        ("batch:1,5,10", {"Mode": "Batch", "Batch": [1, 5, 10]}),
        ("分批：1，50%", {"Mode": "Batch", "Batch": [1, "50%"]}),
        ('{"mode": "Batch", "Batch": [1], "BatchPauseOption": "FirstBatchPause"}',
         {"Mode": "Batch", "Batch": [1], "BatchPauseOption": "FirstBatchPause"}),
    ],
)  # fmt: skip
def test_rate_control(typed: Any, value: Any) -> None:
    assert bound(RATE, p=typed) == value


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("fast", "p: expected `5`, `50%`, `batch:1,5,10`, or the JSON of OOS, found `fast`"),
        ("0", "p: expected `5`, `50%`, `batch:1,5,10`, or the JSON of OOS, found `0`"),
        ("120%", "p: expected `5`, `50%`, `batch:1,5,10`, or the JSON of OOS, found `120%`"),
        ("batch:1,x", "p: Batch: expected a number or a percentage such as `50%`, found `x`"),
        ('{"Concurency": 1}', "p: RateControl has no `Concurency`, did you mean `Concurrency`?"),
        (
            '{"Mode": "Batch"}',
            "p: Mode: Batch needs Batch: how many in each batch, such as `[1, 5, 10]`",
        ),
    ],
)
def test_rate_control_that_is_none(typed: str, problem: str) -> None:
    assert bound(RATE, p=typed) == [problem]


def test_targets_of_other_types() -> None:
    assert bound("{Type: List, AssociationProperty: Targets}", p="i-1")[0]["ResourceIds"] == ["i-1"]
    text = bound("{Type: String, AssociationProperty: Targets}", p="i-1")
    assert text == '{"Type": "ResourceIds", "ResourceIds": ["i-1"], "RegionId": "cn-hangzhou"}'


def test_everything_that_is_wrong_at_once() -> None:
    guide = written.read(written.GUIDE)
    typed = {"SERVERS": "i-1,tag:a=b", "pace": "fast", "hookUr": "x", "region": "y", "REGION": "z"}
    found = arguments.bind(guide, typed, PSEUDO)
    assert isinstance(found, list)
    assert [(problem.parameter, problem.kind) for problem in found] == [
        ("hookUr", "unknown"),
        ("region", "twice"),
        ("servers", "targets"),
        ("pace", "rate"),
        ("hookUrl", "missing"),
    ]
    assert found[0].message == "unknown parameter `hookUr`, did you mean `hookUrl`?"
    assert found[4].message == "it is needed: text"


def test_names_in_any_case() -> None:
    guide = written.read(written.GUIDE)
    found = arguments.bind(guide, {"Servers": "i-1", "HOOKURL": "https://x"}, PSEUDO)
    assert isinstance(found, dict)
    assert list(found) == ["servers", "pace", "hookUrl", "region"]
    assert found["region"] == "cn-hangzhou"


@given(st.text())
def test_text_is_data(text: str) -> None:
    assert bound("{Type: String}", p=text) == text


@given(
    st.sampled_from(["String", "Number", "Boolean", "List", "Json"]),
    st.sampled_from(["", "Targets", "RateControl"]),
    st.text(alphabet='ai-1,;[]{}":%是0.tagbch= \n“', max_size=20),
)
def test_whatever_is_typed_fits_or_is_told(type: str, association: str, text: str) -> None:
    found = bound(f"{{Type: {type}, AssociationProperty: '{association}'}}", p=text)
    problem = isinstance(found, list) and found and str(found[0]).startswith("p: ")
    if not problem and not association:
        kinds: dict[str, Any] = {
            "String": str, "Number": (int, float), "Boolean": bool, "List": list, "Json": object,
        }  # fmt: skip
        assert isinstance(found, kinds[type])


def test_value_of() -> None:
    (item,) = template("{Type: Number}").parameters
    assert arguments.value_of(item, "5") == 5
    with pytest.raises(ValueError, match="expected a number, found `five`"):
        arguments.value_of(item, "five")
