"""Templates are read, with the place of everything."""

from __future__ import annotations

import json

import pytest
import yaml

from bot import source
from bot.oos.template import model
from tests.bot.oos import written

SLEEP = "  - {Name: nap, Action: ACS::Sleep, Properties: {Duration: PT1S}}\n"


def test_everything_is_read_where_it_stands() -> None:
    template = written.read(written.GUIDE)
    assert [item.name for item in template.parameters] == ["servers", "pace", "hookUrl", "region"]
    servers, pace, hook, region = template.parameters
    assert servers.required
    assert servers.association == "Targets"
    assert servers.association_metadata["Visible"]["Condition"]["Fn::Equals"][0] == "${mode}"
    assert (servers.mark.line, servers.mark.column) == (6, 3)
    assert servers.mark.path == "Parameters.servers"
    assert pace.default == {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 1}
    assert hook.label == {"en": "Where to ask", "zh-cn": "地址"}
    assert (region.type, region.default, region.required) == (
        "String",
        "{{ ACS::RegionId }}",
        False,
    )
    restart = template.tasks[2]
    assert (restart.on_error, restart.on_success, restart.retries) == ("tell", "ACS::NEXT", 2)
    assert restart.loop is not None
    assert restart.loop.rate == "{{ pace }}"
    assert restart.loop.outputs[0].field == "request"
    assert template.tasks[0].outputs[0] == model.Output(
        "ids",
        "List",
        "Instances.Instance[].InstanceId",
        source.Mark("t.yml", 30, 7, "Tasks[0].Outputs.ids"),
    )
    assert template.marks["Tasks[1].Properties.WebHook.URI"].line == 38
    assert template.description["zh-cn"] == "同意之后重启网站服务器"


def test_json_is_the_same_template_with_its_own_places() -> None:
    values = yaml.safe_load(written.GUIDE)
    as_json = written.read(json.dumps(values, indent=2))
    as_yaml = written.read(written.GUIDE)
    assert [task.properties for task in as_json.tasks] == [t.properties for t in as_yaml.tasks]
    text = json.dumps(values, indent=1, ensure_ascii=False).split("\n")
    template = written.read("\n".join(text))
    for path in ("Tasks[2].Loop.Items", "Parameters.region.Default", "Tasks[4].Action"):
        mark = template.marks[path]
        rest = text[mark.line - 1][mark.column - 1 :]
        assert rest.startswith(('"{{ find.ids }}"', '"{{ ACS::RegionId }}"', '"ACS::Sleep"'))


@pytest.mark.parametrize(
    ("written_as", "value"),
    [
        ("2026-11-21", "2026-11-21"),
        ("12:30", "12:30"),
        ("yes", True),
        ("0x10", 16),
        ("1_000", 1000),
        ("~", None),
        ("''", ""),
        ("!!str 12", "12"),
        ("1.5", 1.5),
        ("=", "="),
    ],
)
def test_plain_values(written_as: str, value: object) -> None:
    text = f"  - Name: a\n    Action: ACS::Pause\n    Properties: {{x: {written_as}}}\n"
    assert written.read(written.tasks(text)).tasks[0].properties["x"] == value


@pytest.mark.parametrize(
    "text", ['"a\\u00e9\\ud83d\\ude00\\/"', "-1.5e3", "true", "[]", '{"a":[{}]}']
)
def test_plain_values_of_json(text: str) -> None:
    task = f'{{"Name":"a","Action":"ACS::Pause","Properties":{{"x":{text}}}}}'
    whole = f'{{"FormatVersion":"OOS-2019-06-01","Tasks":[{task}]}}'
    assert written.read(whole).tasks[0].properties["x"] == json.loads(text)


def test_keywords_in_any_case_and_old_loops() -> None:
    template = written.read(
        "formatversion: OOS-2019-06-01\nTASKS:\n- name: a\n  ACTION: ACS::Notify\n"
        "  loop: {items: [1, 2], concurrency: 2, MaxErrors: 50%}\n"
    )
    loop = template.tasks[0].loop
    assert loop is not None
    assert loop.items == [1, 2]
    assert loop.rate == model.RateControl(concurrency=2, max_errors="50%")


def test_rate_control_in_all_its_forms() -> None:
    task = (
        "  - Name: a\n    Action: ACS::Notify\n    Loop:\n      Items: [1]\n      RateControl: {}\n"
    )
    forms = {
        "{Mode: Batch, Batch: [1, 5], ConcurrencyInBatches: [1, 2]}": model.RateControl(
            mode="Batch", batch=[1, 5], concurrency_in_batches=[1, 2]
        ),
        "{Batch: [1]}": model.RateControl(mode="Batch", batch=[1]),
        "{}": model.RateControl(),
        "'{{ p }}'": "{{ p }}",
        "{'Fn::Select': [0, '{{ p }}']}": {"Fn::Select": [0, "{{ p }}"]},
    }
    for form, expected in forms.items():
        loop = written.read(written.tasks(task.format(form))).tasks[0].loop
        assert loop is not None
        assert loop.rate == expected


def test_anchors_and_merges() -> None:
    template = written.read(
        written.tasks(
            "  - &one\n    Name: a\n    Action: ACS::Notify\n    Properties: &p {NotifyType: x}\n"
            "  - <<: *one\n    Name: b\n"
        )
    )
    assert template.tasks[1].name == "b"
    assert template.tasks[1].properties == {"NotifyType": "x"}


def test_blank_things_are_absent() -> None:
    template = written.read(
        "FormatVersion: OOS-2019-06-01\nDescription:\nParameters:\n  a:\n    Default:\n"
        "    Description: {en: A, zh-cn: }\nOutputs: {}\nRamRole:\nTasks:\n" + SLEEP
    )
    assert template.parameters[0].required
    assert template.parameters[0].description == {"en": "A"}
    assert template.description == {}
    assert template.ram_role == ""


def test_descriptions_hold_more_than_text() -> None:
    text = "Description: {en: x, categories: [a, b]}\n" + written.tasks(SLEEP)
    assert written.read(text).description == {"en": "x", "categories": "a, b"}
    text = "Description: Plain words\n" + written.tasks(SLEEP)
    assert written.read(text).description == {"en": "Plain words"}


def test_a_windows_file_with_a_byte_order_mark() -> None:
    text = written.GUIDE.replace("\n", "\r\n").encode("utf-8-sig")
    assert written.read(text).tasks == written.read(written.GUIDE).tasks
