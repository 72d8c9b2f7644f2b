"""Each kind of field, as either platform writes it: read alike, mapped alike, blank alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dingtalk import components
from adapters.lark import widgets
from bot import policy, source
from bot.commands import parameters
from bot.core import form_mapping
from bot.model import fields
from bot.oos.template import model as oos
from bot.policy import identity
from tests.bot import stage

SAMPLES = Path(__file__).parent.parent / "payloads"
PLATFORMS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "dingtalk": components.plain,
    "lark": widgets.plain,
}
BOOK = dataclasses.replace(
    stage.book(),
    index={},
    tenants={name: frozenset({"org"}) for name in PLATFORMS},
    people={"bob": policy.Person("bob", "Bob", tuple((name, "org", "B") for name in PLATFORMS))},
)
BOOK = dataclasses.replace(BOOK, index=identity.index_accounts(BOOK.people))


def people(platform: str, strict: bool = True) -> form_mapping.People:
    return form_mapping.People(BOOK, platform, "org", strict)


def read(platform: str, component: Mapping[str, Any]) -> fields.Field:
    """The field of a component called "f", through JSON as the core gets it."""
    kept = json.loads(json.dumps(PLATFORMS[platform]([component])))
    return fields.of(kept["f"])


def ding(kind: str, value: Any = None, beside: Any = None, name: str = "f") -> dict[str, Any]:
    def text(each: Any) -> Any:
        plain = each is None or isinstance(each, str)
        return each if plain else json.dumps(each, ensure_ascii=False)

    found = {"componentType": kind, "id": "f", "name": name, "value": text(value)}
    return {**found, "extValue": text(beside)}


def lark(kind: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "f", "name": "f", "type": kind, "value": value, **more}


DAYS = {"start": "2026-07-27", "end": "2026-07-28"}
CELLS = [("items", "disk", "3"), ("items", "cpu", "4")]
MATRIX: dict[str, tuple[str, dict[str, Any], dict[str, Any], Any, str]] = {
    # kind: as the core has it, on DingTalk, on Lark, as JSON in events, as people read it
    "text": ("text", ding("TextField", "web-01"), lark("input", "web-01"), "web-01", "web-01"),
    "lines": ("text", ding("TextareaField", "a\nb"), lark("textarea", "a\nb"), "a\nb", "a\nb"),
    "number": ("number", ding("NumberField", "3"), lark("number", 3), 3, "3"),
    "decimal": ("number", ding("NumberField", "0.5"), lark("number", "0.5"), 0.5, "0.5"),
    "amount": (
        "number",
        ding("MoneyField", "1,500.5", {"upper": "壹仟伍佰元伍角整"}),
        lark("amount", 1500.5, ext={"currency": "CNY"}),
        1500.5,
        "1500.5",
    ),
    "formula": ("number", ding("CalculateField", "12"), lark("formula", "12"), 12, "12"),
    "choice": (
        "choice",
        ding("DDSelectField", "dev", {"label": "dev", "key": "o1"}),
        lark("radioV2", "dev", option={"key": "o1", "text": "dev"}),
        "dev",
        "dev",
    ),
    "choices": (
        "choices",
        ding("DDMultiSelectField", ["a", "b"], [{"label": "a", "key": "o1"}]),
        lark("checkboxV2", ["a", "o2"], option=[{"key": "o2", "text": "b"}]),
        ["a", "b"],
        "a, b",
    ),
    "person": (
        "people",
        ding("InnerContactField", "李四", [{"emplId": "B", "name": "李四"}]),
        lark("contact", ["u1"], open_ids=["B"]),
        ["bob"],
        "bob",
    ),
    "department": (
        "choices",
        ding("DepartmentField", None, {"name": "ops", "itemId": "108"}),
        lark("department", [{"open_id": "108", "name": "ops"}]),
        ["ops"],
        "ops",
    ),
    "date": (
        "date",
        ding("DDDateField", "2026-07-27"),
        lark("date", "2026-07-27"),
        "2026-07-27",
        "2026-07-27",
    ),
    "range": (
        "range",
        ding("DDDateRangeField", ["2026-07-27", "2026-07-28"]),
        lark("dateInterval", DAYS),
        DAYS,
        "2026-07-27 – 2026-07-28",
    ),
    "leave": (
        "range",
        ding("DDHolidayField", ["2026-07-27", "2026-07-28", 2, "DAY", "annual", "type"]),
        lark("leaveGroupV2", {**DAYS, "interval": 2.0, "unit": "DAY", "name": "annual"}),
        {**DAYS, "interval": 2, "unit": "DAY", "name": "annual"},
        "annual: 2026-07-27 – 2026-07-28",
    ),
    "file": (
        "files",
        ding("DDAttachment", [{"fileName": "a.xlsx", "fileId": "643"}]),
        lark("document", {"title": "a.xlsx", "token": "643"}),
        [{"name": "a.xlsx", "id": "643"}],
        "a.xlsx",
    ),
    "picture": (
        "files",
        ding("DDPhotoField", ["https://x.example/p/a.png?k=1"]),
        lark("imageV2", ["https://x.example/p/a.png?k=1"], ext="a.png"),
        [{"name": "a.png", "url": "https://x.example/p/a.png?k=1"}],
        "a.png",
    ),
    "other form": (
        "choices",
        ding("RelateField", [{"businessId": "1", "procInstId": "P"}]),
        lark("connect", ["P"]),
        ["P"],
        "P",
    ),
    "address": (
        "text",
        ding("AddressField", ["CN", "HZ"]),
        lark("address", "CN/HZ"),
        "CN/HZ",
        "CN/HZ",
    ),
    "telephone": (
        "text",
        ding("PhoneField", "+8613800000000"),
        lark("telephone", {"country_code": "+86", "national_number": "13800000000"}),
        "+8613800000000",
        "+8613800000000",
    ),
    "table": (
        "rows",
        ding(
            "TableField",
            [
                {
                    "rowValue": [
                        {"componentType": "TextField", "label": "what", "value": what, "key": "T"},
                        {"componentType": "NumberField", "label": "n", "value": n, "key": "N"},
                    ]
                }
                for _, what, n in CELLS
            ],
        ),
        lark(
            "fieldList",
            [
                [
                    {"id": "T", "name": "what", "type": "input", "value": what},
                    {"id": "N", "name": "n", "type": "number", "value": int(n)},
                ]
                for _, what, n in CELLS
            ],
        ),
        [{"what": "disk", "n": 3}, {"what": "cpu", "n": 4}],
        "what: disk, n: 3; what: cpu, n: 4",
    ),
}  # fmt: skip
CASES = [
    pytest.param(platform, kind, id=f"{kind}-{platform}")
    for kind in MATRIX
    for platform in PLATFORMS
]


@pytest.mark.parametrize(("platform", "kind"), CASES)
def test_each_kind_of_field_is_read_alike_on_both_platforms(platform: str, kind: str) -> None:
    as_kind, on_dingtalk, on_lark, value, told = MATRIX[kind]
    found = read(platform, on_dingtalk if platform == "dingtalk" else on_lark)
    assert found.kind == as_kind
    assert not found.blank
    assert form_mapping.plain(found, people(platform)) == value
    assert form_mapping.read(found, people(platform)) == told


@pytest.mark.parametrize(("platform", "kind"), CASES)
def test_each_kind_of_field_can_be_left_blank(platform: str, kind: str) -> None:
    """In whatever way the platform writes that; and blank is not missing."""
    _, on_dingtalk, on_lark, _, _ = MATRIX[kind]
    component = dict(on_dingtalk if platform == "dingtalk" else on_lark)
    for name in ("extValue", "option", "open_ids", "ext", "value"):
        component.pop(name, None)
    ways: list[Any] = [{}, *({"value": empty} for empty in (None, "", " "))]
    if platform == "lark":  # where "null" was typed by somebody
        ways.append({"value": []})
    else:
        ways.append({"value": "null"})
        if kind not in TYPED:
            ways.append({"value": "[]"})
    for empty in ways:
        found = read(platform, component | empty)
        assert found.blank, (empty, found)
        assert form_mapping.find({"f": found}, "f.start") == form_mapping.BLANK, empty


TYPED = ("text", "lines", "choice", "date", "telephone")
"""Kinds whose text may be that of a list."""


# ----------------------------------------------------------------------------- as parameters


def parameter(kind: str) -> parameters.Parameter:
    """A parameter of a kind that commands have, or ``List`` and so on of those templates have."""
    template_parameter = None
    if kind[0].isupper():
        mark: Any = None
        association = "Targets" if kind == "Targets" else ""
        type_: Any = "Json" if kind == "Targets" else kind
        template_parameter = oos.Parameter("p", type_, mark, True, association=association)
    taken: Any = {"Targets": "targets"}.get(kind, "value") if template_parameter else kind
    pattern = parameters._WORD if kind == "word" else None
    return parameters.Parameter(
        "p",
        taken,
        True,
        None,
        ("p", "p"),
        "",
        ("p",),
        pattern,
        template_parameter=template_parameter,
    )


MAPPED: list[tuple[str, str, Any]] = [
    ("text", "word", "web-01"),
    ("text", "targets", ("web-01",)),
    ("text", "List", ["web-01"]),
    ("text", "String", "web-01"),
    ("number", "int", 3),
    ("number", "Number", 3),
    ("number", "String", "3"),
    ("amount", "Number", 1500.5),
    ("amount", "text", "1500.5"),
    ("choice", "word", "dev"),
    ("choice", "List", ["dev"]),
    ("choices", "targets", ("a", "b")),
    ("choices", "Targets", ("a", "b")),
    ("choices", "List", ["a", "b"]),
    ("choices", "text", "a, b"),
    ("person", "word", "bob"),
    ("person", "List", ["bob"]),
    ("department", "word", "ops"),
    ("date", "word", "2026-07-27"),
    ("range", "List", ["2026-07-27", "2026-07-28"]),
    ("range", "Json", DAYS),
    ("range", "text", "2026-07-27 – 2026-07-28"),
    ("leave", "Json", {**DAYS, "interval": 2, "unit": "DAY", "name": "annual"}),
    ("file", "text", "a.xlsx"),
    ("picture", "Json", [{"name": "a.png", "url": "https://x.example/p/a.png?k=1"}]),
    ("table", "List", [{"what": "disk", "n": 3}, {"what": "cpu", "n": 4}]),
    ("table", "Json", [{"what": "disk", "n": 3}, {"what": "cpu", "n": 4}]),
    ("table", "text", "what: disk, n: 3; what: cpu, n: 4"),
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("kind", "wanted", "value"), MAPPED)
def test_which_kinds_of_field_fill_which_kinds_of_parameter(
    platform: str, kind: str, wanted: str, value: Any
) -> None:
    _, on_dingtalk, on_lark, _, _ = MATRIX[kind]
    found = read(platform, on_dingtalk if platform == "dingtalk" else on_lark)
    text = form_mapping.written(found, parameter(wanted), people(platform))
    assert parameters.value_of(parameter(wanted), text) == value


@pytest.mark.parametrize("kind", ["targets", "Targets"])
def test_a_choice_with_a_comma_in_it_does_not_become_two_targets(kind: str) -> None:
    found = fields.choices(["web-01,db-01", "web-02"])
    text = form_mapping.written(found, parameter(kind), people("lark"))
    with pytest.raises(source.Invalid):
        parameters.value_of(parameter(kind), text)


# ----------------------------------------------------------------------------- parts


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("kind", "source", "told"),
    [
        ("range", "f.start", "2026-07-27"),
        ("range", "f.end", "2026-07-28"),
        ("leave", "f.interval", "2"),
        ("leave", "f.unit", "DAY"),
        ("leave", "f.name", "annual"),
        ("person", "f.account", "B"),
        ("department", "f.id", "108"),
        ("choice", "f.key", "o1"),
        ("choices", "f[1]", "b"),
        ("choices", "f[7]", ""),
        ("file", "f.name", "a.xlsx"),
        ("file", "f[0].id", "643"),
        ("picture", "f.url", "https://x.example/p/a.png?k=1"),
        ("table", "f.what", "disk, cpu"),
        ("table", "f[*].what", "disk, cpu"),
        ("table", "f.T", "disk, cpu"),
        ("table", "f[1].n", "4"),
        ("table", "f[0]", "what: disk, n: 3"),
        ("table", "f[9].what", ""),
        ("table", "f.other", None),
        ("table", "f[0].other", None),
        ("range", "f.other", None),
        ("text", "f.other", None),
        ("text", "g", None),
        ("text", "f[0]", None),
        ("table", "f[x].what", None),
    ],
)
def test_parts_of_fields_are_mapped_by_path(
    platform: str, kind: str, source: str, told: str | None
) -> None:
    _, on_dingtalk, on_lark, _, _ = MATRIX[kind]
    field = read(platform, on_dingtalk if platform == "dingtalk" else on_lark)
    found = form_mapping.find({"f": field}, source)
    assert (None if found is None else form_mapping.read(found, people(platform))) == told


def test_a_column_of_a_table_is_a_list() -> None:
    field = read("lark", MATRIX["table"][2])
    numbers = form_mapping.find({"f": field}, "f.n")
    assert numbers is not None
    text = form_mapping.written(numbers, parameter("List"), people("lark"))
    assert parameters.value_of(parameter("List"), text) == [3, 4]


def test_a_name_that_looks_like_a_path_is_a_name() -> None:
    known = {"a": fields.text("1"), "a.b": fields.text("2"), "cost (k.EUR)": fields.text("3")}
    rows = fields.rows([{"no. 1 [x]": fields.text("4")}])
    found = [form_mapping.find({**known, "t": rows}, name) for name in (*known, "t.no. 1 [x]")]
    assert [each and form_mapping.read(each, None) for each in found] == ["1", "2", "3", "4"]


def test_an_empty_cell_beside_others_is_told_and_an_empty_row_is_none() -> None:
    """Otherwise what belongs to one row would come with what belongs to the next."""
    rows = [{"a": fields.text("1"), "b": fields.text("2")}, {"a": fields.text("3")}]
    table = fields.rows([*rows, {"a": fields.text(" "), "b": fields.number(None)}])
    a = form_mapping.find({"t": table}, "t.a")
    assert a is not None
    assert a.value == ["1", "3"]
    with pytest.raises(form_mapping.BlankCell) as gap:
        form_mapping.find({"t": table}, "t.b")
    assert gap.value.row == 2


@pytest.mark.parametrize("kind", ["DDDateRangeField", "DDHolidayField"])
def test_a_range_that_has_two_names_is_mapped_by_either(kind: str) -> None:
    names = json.dumps(["开始时间", "结束时间"], ensure_ascii=False)
    times = ["2026-07-27 09:00", "2026-07-27 18:00"]
    found = components.read([ding(kind, times, name=names)])
    assert [form_mapping.read(found[name], None) for name in ("开始时间", "结束时间")] == times
    assert found["f"].kind == "range"
    blank = components.read([ding(kind, "null", name=names)])
    assert blank["开始时间"].blank
    assert form_mapping.written(found["开始时间"], parameter("word"), people("dingtalk")) == (
        "2026-07-27T09:00"
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_person_whom_nobody_knows_is_nobodys_id(platform: str) -> None:
    """Not even where their account or name is called as somebody's id."""
    stranger = fields.people([("bob", "bob")])
    with pytest.raises(form_mapping.UnknownPerson):
        form_mapping.written(stranger, parameter("word"), people(platform))
    assert form_mapping.plain(stranger, people(platform, strict=False)) == [f"{platform}:bob"]


@pytest.mark.parametrize(
    "number", ["1e5", "12.", "0x1", "1,50", "123456789012345678901", "½", "NaN"]
)
def test_what_is_no_number_stays_as_it_was_written(number: str) -> None:
    assert fields.number(number) == fields.text(number)


def test_a_number_keeps_what_was_written_in_front_of_it() -> None:
    assert (fields.number("007").value, fields.number("007").text) == (7, "007")


def test_every_component_of_the_samples_is_of_a_kind_of_its_own() -> None:
    path = SAMPLES / "dingtalk" / "process_instance_every_component.json"
    found = components.read(json.loads(path.read_text("utf-8"))["result"]["formComponentValues"])
    kinds = {name: one.kind for name, one in found.items() if not name.isascii()}
    assert kinds["负责人"] == "people"
    assert kinds["明细"] == "rows"
    assert kinds["评分"] == "number"
    assert form_mapping.plain(found["附件"], people("dingtalk"))[0]["name"] == "a.xlsx"
    assert form_mapping.find(found, "明细.物品名称") is not None
    path = SAMPLES / "lark" / "approval_get_every_widget.json"
    form = json.loads(json.loads(path.read_text("utf-8"))["data"]["form"])
    read_ = widgets.read(form)
    assert {read_[n].kind for n in ("dateInterval", "leave", "leave2")} == {"range"}
    assert read_["ref"].kind == "rows"
    assert form_mapping.find(read_, "trip.schedule.departure") is not None
    assert form_mapping.find(read_, "acc.bank") == fields.text("x")


# ----------------------------------------------------------------------------- whatever comes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["null", "[]", "a", "[1]", '["a","b"]', '[{"rowValue":[{}]}]', "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["start", "name", "kind", "value", "a"]), inner)
    ),
    max_leaves=8,
)
KEYS = ("value", "extValue", "option", "ext", "open_ids", "name", "label", "custom_id", "key")


@given(
    st.sampled_from([*components.READERS, *widgets.READERS, "Other"]),
    st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)),
)
def test_whatever_a_component_holds_is_read_and_kept(kind: str, held: dict[str, Any]) -> None:
    """It can be stored as it is, shown, and mapped; and nothing of it is taken for the core's."""
    component = {"id": "f", "type": kind, "componentType": kind, **held}
    for platform, plain in PLATFORMS.items():
        made = plain([component])
        text = json.dumps(made, allow_nan=False)
        text.encode("utf-8", "strict")
        kept = {name: fields.of(each) for name, each in json.loads(text).items()}
        assert kept == {name: fields.of(each) for name, each in made.items()}
        for one in kept.values():
            form_mapping.plain(one, people(platform, strict=False))
            for wanted in ("text", "List", "Json", "targets", "int"):
                form_mapping.written(one, parameter(wanted), people(platform, strict=False))
        form_mapping.shown(None, None, made, people(platform, strict=False))


def test_what_is_nested_without_end_is_no_trouble() -> None:
    deep: Any = "x"
    for _ in range(600):
        deep = {"a": [deep]}
    for component in (lark("tripGroup", deep), lark("other", [deep]), lark("fieldList", [[deep]])):
        json.dumps(widgets.plain([component]))


@pytest.mark.parametrize("order", ["", "web-01"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_two_fields_of_one_name_the_one_that_was_filled_in_counts(
    platform: str, order: str
) -> None:
    """A form that shows one of two fields, as another answer has it, may call both alike."""
    values = [order, "" if order else "web-01"]
    made = [
        {**ding("TextField", value, name="machines"), "id": f"t{at}"}
        if platform == "dingtalk"
        else {**lark("input", value), "id": f"w{at}", "name": "machines"}
        for at, value in enumerate(values)
    ]
    found = PLATFORMS[platform](made)
    assert fields.of(found["machines"]).value == "web-01"
    both = [{**each, "value": f"web-0{at}"} for at, each in enumerate(made, 1)]
    assert fields.of(PLATFORMS[platform](both)["machines"]).value == "web-01", "the first"
