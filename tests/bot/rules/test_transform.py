"""Transforms: what each form gives, and that no value is more than a value where it lands."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import source
from bot.rules import escapes, transform
from bot.source import paths
from tests import properties

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "dingtalk.approval",
    "detail-type": "ProvisionRequest",
    "detail": {
        "emp_id": "E123",
        "role": "devops",
        "n": 5,
        "x.y": {"z": None},
        "list": [{"id": "a"}, {"id": "b", "deep": [1, 2]}, {}],
        "empty": [],
        "ok": True,
    },
}


def rendered(form: str, value: Any = None, template: str | None = None, into: Any = "json") -> Any:
    return transform.render(transform.compile(form, value, template), EVENT, into)


def test_original_and_constant() -> None:
    assert rendered("ORIGINAL") == EVENT
    assert json.loads(rendered("ORIGINAL", into="text")) == EVENT
    for into in get_args(escapes.Into):
        assert rendered("CONSTANT", "reboot; now *", into=into) == "reboot; now *"
    assert rendered("CONSTANT", {"a": [1]}) == {"a": [1]}
    assert rendered("CONSTANT", {"a": [1]}, into="text") == '{"a":[1]}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.source", "dingtalk.approval"),
        ("$.detail.emp_id", "E123"),
        ("$.data.emp_id", "E123"),
        ("$.type", "ProvisionRequest"),
        ("$.detail-type", "ProvisionRequest"),
        ("$['detail'][\"role\"]", "devops"),
        ("$.data['x.y'].z", None),
        ("$.data.list[0].id", "a"),
        ("$.data.list[-2].id", "b"),
        ("$.data.list[*].id", ["a", "b"]),
        ("$.data.list[*].deep[*]", [[1, 2]]),
        ("$.data.empty[*].id", []),
        ("$.data.list[ 1 ].deep", [1, 2]),
        ("$.data.ok", True),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert rendered("JSONPATH", path) == value


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("data.x", "a path begins with `$`"),
        ("$..x", "`..` searches"),
        ("$.a[?(@.b)]", "a filter searches"),
        ("$.a[0:2]", "no slices"),
        ("$.a[b]", "stands in quotes"),
        ("$.a.*", "written `[*]`"),
        ("$.a b", "means nothing here"),
        ("$.1a", "in brackets and quotes"),
        ("$.a.", "means nothing here"),
        ("$" + ".a" * 65, "more than 64 steps"),
        (5, "a path in quotes"),
    ],
)
def test_paths_that_are_none(path: Any, message: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        transform.compile("JSONPATH", path, file="bot.toml")
    [fault] = caught.value.faults
    assert message in fault.message
    assert str(fault).startswith("bot.toml value: ")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("$.detail.empId", "no .empId in $.detail, did you mean `$.detail.emp_id`?"),
        ("$.data.Role", "no .Role in $.data, did you mean `$.data.role`?"),
        ("$.data.list[3].id", "no [3] in $.data.list"),
        ("$.data.list[2].id", "no .id in $.data.list[2]"),
        ("$.data.role[*]", "no [*] in $.data.role"),
        ("$.data['x-y']", "no .x-y in $.data, did you mean `$.data['x.y']`?"),
        ("$.sourc", "no .sourc in $, did you mean `$.source`?"),
        ("$.data.role.name", "no .name in $.data.role"),
    ],
)
def test_missing(path: str, message: str) -> None:
    with pytest.raises(transform.MissingVariable) as caught:
        rendered("JSONPATH", path)
    assert str(caught.value) == f"the event has nothing for `{path}`: {message}"
    with pytest.raises(transform.MissingVariable) as caught:
        rendered("TEMPLATE", {"who": path, "not_used": "$.nowhere"}, "x ${who}")
    assert str(caught.value) == f"the event has nothing for `who` ({path}): {message}"
    assert caught.value.name == "who"


def test_template_of_json() -> None:
    variables = {"id": "$.detail.emp_id", "o": "$.data['x.y']", "n": "$.data.n", "c": 'a"\n$5'}
    template = '{"t": "你 ${id}: ${n}, $${id} ${c}", "o": ${o}, "l": [${n}, "${o}", ${c}], "k": ""}'
    assert rendered("TEMPLATE", variables, template) == {
        "t": '你 E123: 5, ${id} a"\n$5',
        "o": {"z": None},
        "l": [5, '{"z":null}', 'a"\n$5'],
        "k": "",
    }
    assert rendered("TEMPLATE", json.dumps(variables), template)["t"].startswith("你 E123")
    assert rendered("TEMPLATE", variables, " ${o} ") == {"z": None}
    assert rendered("TEMPLATE", None, '"no variable"') == "no variable"


def test_the_document_s_message() -> None:
    """The platform's own example of a message to a chat's robot."""
    template = '{"msgtype":"text","text":{"content":"Hello: ${key}"}}'
    assert rendered("TEMPLATE", {"key": "$.source"}, template) == {
        "msgtype": "text",
        "text": {"content": "Hello: dingtalk.approval"},
    }


@pytest.mark.parametrize(
    ("form", "value", "template", "place", "message"),
    [
        ("ORIGNAL", None, None, "t form", "did you mean `ORIGINAL`"),
        ("ORIGINAL", "$.x", None, "t value", "takes no value"),
        ("CONSTANT", None, None, "t value", "takes a value"),
        ("CONSTANT", "x" * 10_241, None, "t value", "10240 is the most"),
        ("JSONPATH", "$.x", "y", "t template", "takes no template"),
        ("TEMPLATE", {}, None, "t template", "takes a template"),
        ("TEMPLATE", {}, "x" * 10_241, "t template", "10240 is the most"),
        ("TEMPLATE", [1], "x", "t value", "takes variables"),
        ("TEMPLATE", '{"a": }', "x", "t:1:7", "expected a JSON value"),
        ("TEMPLATE", {"a": "$.x[?]"}, "${a}", "t value.a", "a filter searches"),
        ("TEMPLATE", {"role": "$.x"}, "\n ${rol}", "template:2:2", "did you mean `role`"),
        ("TEMPLATE", {}, "a ${HOME}", "template:1:3", "name its path in the value"),
        ("TEMPLATE", {"a": "$.x"}, "${a b}", "template:1:1", "write `$${`"),
        ("TEMPLATE", {"a": "$.x"}, "x ${a", "template:1:3", "write `$${`"),
        ("TEMPLATE", {"a": "$.x"}, "${${a}}", "template:1:1", "write `$${`"),
    ],
)
def test_faults(form: str, value: Any, template: str | None, place: str, message: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        transform.compile(form, value, template, "t")
    assert str(caught.value).startswith(f"{place}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("into", "template", "place", "message"),
    [
        ("json", '{"a": ${a} ${a}}', "1:12", "expected `,` or `}`"),
        ("json", '{"a": "${a}",\n "b": -${a}}', "2:7", "expected a JSON value"),
        ("json", '{"${a}": 1}', "1:3", "write the key out"),
        ("json", "{${a}: 1}", "1:2", "write the key out"),
        ("json", '{"a": "\\${a}"}', "1:8", "a broken string"),
        ("json", '{"a": "$${x} ${a}}', "1:7", "a broken string"),
        ("json", "text ${a}", "1:1", "expected a JSON value"),
    ],
)
def test_places_where_no_value_is_safe(into: Any, template: str, place: str, message: str) -> None:
    made = transform.compile("TEMPLATE", {"a": "$.source"}, template)
    with pytest.raises(source.Invalid) as caught:
        transform.check(made, into)
    assert str(caught.value).startswith(f"template:{place}: ")
    assert message in str(caught.value)
    with pytest.raises(source.Invalid):
        transform.render(made, EVENT, into)
    transform.check(made, "text")


anything = st.text(max_size=30) | st.text(
    alphabet="\"'\\`$(){};|&\n\r<>*_[]!#@: ~-+=.", max_size=12
)
jsons = st.recursive(
    anything
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=6,
)
told = jsons.filter(lambda value: value is not None)
SOME = settings(max_examples=properties.examples(150), deadline=None)


def template(text: str, into: Any, **values: Any) -> Any:
    made = transform.compile("TEMPLATE", {name: f"$.data.{name}" for name in values}, text)
    return transform.render(made, {"data": values}, into)


@SOME
@given(anything, told)
def test_json_keeps_its_structure(text: str, value: Any) -> None:
    written = template('{"t": "<${x}${x}>", "v": ${y}, "w": [${x}]}', "json", x=text, y=value)
    assert written == {"t": f"<{text}{text}>", "v": value, "w": [text]}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("# 标题\n- x", "＃ 标题 - x"),
        ("**b** [a](https://x.y)", "＊＊b＊＊ ［a］(https：//x.y)"),
        ("@all <at id=all></at>", "＠all ＜at id=all＞＜/at＞"),
        ("snake_case _x_ 1.5", "snake_case ＿x＿ 1.5"),
        ("1. x", "1． x"),
        ("www.x.com &lt;", "www．x.com ＆lt;"),
        ("a\u202eb\u200bc", "abc"),
        (12, "12"),
    ],
)
def test_markdown_looks_the_same(value: Any, shown: str) -> None:
    assert escapes.markdown(value) == shown


def test_values_that_fit_nowhere() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value, message in ((float("nan"), "JSON"), (deep, "too deep")):
        with pytest.raises(escapes.Unwritable, match=message):
            template("${x}", "text", x=value)
        with pytest.raises(escapes.Unwritable, match=message):
            template('{"msgtype": "text", "text": {"content": "a ${x}"}}', "robot", x=value)


@SOME
@given(st.text(alphabet="$.[]*'\"\\ab0-1 ?:@()", max_size=20))
def test_any_text_is_a_path_or_a_clear_no(text: str) -> None:
    problem: source.Invalid | None = None
    try:
        path = paths.parse(f"${text}")
        assert paths.parse(paths.shown(path.steps)).steps == path.steps
    except source.Invalid as error:
        problem = error
    assert problem is None or (problem.message and 0 <= problem.fault.mark.column - 1 <= len(text))


@SOME
@given(
    st.text(alphabet="$${}ab\"'\\ {}[]:,#`<(\n", max_size=40),
    st.sampled_from(get_args(escapes.Into)),
)
def test_any_template_renders_or_says_no(text: str, into: Any) -> None:
    found: tuple[source.Fault, ...] = ()
    try:
        made = transform.compile("TEMPLATE", {"a": "$.source", "b": "$.data"}, text)
        transform.check(made, into)
        transform.render(made, {"source": "x'\"", "data": {"k": ["\n"]}}, into)
    except source.Invalid as error:
        found = error.faults
    assert all(1 <= fault.mark.line <= text.count("\n") + 1 for fault in found)


@pytest.mark.parametrize("into", ["text", "robot"])
def test_null_is_no_text(into: Any) -> None:
    """It must not arrive as the four letters, which look like a value."""
    with pytest.raises(escapes.Unwritable, match=r"`\$\.data\['x\.y'\]\.z` is null"):
        rendered("JSONPATH", "$.data['x.y'].z", into=into)
    text = {"text": "a ${v}", "robot": '{"msgtype": "text", "text": "a ${v}"}'}[into]
    with pytest.raises(escapes.Unwritable, match="`v`: it is null"):
        rendered("TEMPLATE", {"v": "$.data['x.y'].z"}, text, into=into)


def test_null_is_a_value_of_json_and_no_part_of_a_string() -> None:
    value = {"v": "$.data['x.y'].z"}
    assert rendered("JSONPATH", "$.data['x.y'].z") is None
    assert rendered("TEMPLATE", value, '{"a": ${v}}') == {"a": None}
    with pytest.raises(escapes.Unwritable, match="`v`: it is null"):
        rendered("TEMPLATE", value, '{"a": "is ${v}"}')
