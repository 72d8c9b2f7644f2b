"""``python -m bot template validate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import __main__ as cli
from bot.commands import template_check
from tests.bot.oos import written

OURS = Path(__file__).resolve().parents[2] / "payloads" / "oos"
SPOILED = OURS / "spoiled" / "ten-mistakes.yml"
PAUSE = "FormatVersion: OOS-2019-06-01\nTasks:\n  - {Name: a, Action: ACS::Pause}\n"
USER = PAUSE.replace("ACS::Pause", "ACS::ECS::Rest")


def run(*arguments: object) -> tuple[int, str, str]:
    """The status, what is printed, and what is said beside it."""
    result = CliRunner().invoke(cli.main, ["template", "validate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_one_line_for_each(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "guide.yml").write_text(written.GUIDE)
    (tmp_path / "inner" / "ACS::ECS::Rest.yaml").write_text(PAUSE)
    (tmp_path / "notes.txt").write_text("no template")
    (tmp_path / "user.json").write_text('{"FormatVersion": "OOS-2019-06-01", "Tasks": 3}')
    (tmp_path / "user.YML").write_text(USER)
    code, output, beside = run(tmp_path)
    assert code == 1
    assert sorted(output.splitlines()) == [
        f"{tmp_path}/guide.yml: ok",
        f"{tmp_path}/inner/ACS::ECS::Rest.yaml: ok",
        f"{tmp_path}/user.YML: ok",
        f"{tmp_path}/user.json:1:46: Tasks: expected a list (`- Name: …`), found a number",
    ]
    assert beside == "1 fault in 1 of 4 templates\n"


def test_a_file_is_checked_once_and_in_the_order_of_the_paths(tmp_path: Path) -> None:
    first, last = tmp_path / "a.yml", tmp_path / "z.yml"
    first.write_text(PAUSE)
    last.write_text(PAUSE)
    assert run(last, tmp_path, first)[:2] == (0, f"{last}: ok\n{first}: ok\n")


def test_alone_it_misses_the_others(tmp_path: Path) -> None:
    file = tmp_path / "user.yml"
    file.write_text(USER)
    code, output, _ = run(file)
    assert code == 1
    assert output.startswith(f"{file}:3:23: unknown action `ACS::ECS::Rest`")
    code, output, _ = run("--allow-unknown-products", file)
    assert code == 0
    assert output.startswith(f"{file}: ok on OOS itself; not run here:\n  {file}:3:23: unknown")


def test_as_json(tmp_path: Path) -> None:
    file = tmp_path / "bad.yml"
    file.write_bytes(b"a: \xff")
    code, output, _ = run(file, "--json")
    assert code == 1
    fault = {"line": 1, "column": 4, "path": "", "message": "expected UTF-8, found the byte 0xff"}
    why = [f"{file}:1:4: expected UTF-8, found the byte 0xff"]
    assert json.loads(output) == [
        {
            "file": str(file),
            "ok": False,
            "faults": [fault],
            "runs_here": False,
            "why_not": why,
            "warnings": [],
        }
    ]
    file.write_text(PAUSE)
    code, output, beside = run(file, "--json")
    assert (code, beside) == (0, "")
    assert json.loads(output) == [
        {
            "file": str(file),
            "ok": True,
            "faults": [],
            "runs_here": True,
            "why_not": [],
            "warnings": [],
        }
    ]


BASES = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties: {ResourceType: ALIYUN::RDS::DBInstance}
"""


def test_where_a_good_template_runs(tmp_path: Path) -> None:
    """Here, if all that it uses runs here, too; else it says what is missing, and where."""
    (tmp_path / "bases.yml").write_text(BASES)
    (tmp_path / "user.yml").write_text(
        PAUSE.replace("ACS::Pause", "ACS::Template, Properties: {TemplateName: bases}")
    )
    (tmp_path / "quiet.yml").write_text(PAUSE)
    code, output, _ = run(tmp_path)
    assert code == 0
    why = f"{tmp_path}/bases.yml:5:32: `ACS::SelectTargets` finds instances of ECS here"
    lines = output.splitlines()
    assert lines[2] == f"{tmp_path}/quiet.yml: ok"
    assert [line for line in lines if line.startswith(f"  {why}")] == [lines[1], lines[4]]
    found = {Path(one["file"]).stem: one for one in json.loads(run(tmp_path, "--json")[1])}
    assert {name: one["runs_here"] for name, one in found.items()} == {
        "quiet": True, "bases": False, "user": False,
    }  # fmt: skip
    assert found["user"]["why_not"][0].startswith(why)
    assert found["user"]["ok"] is True


def test_apis_are_judged_by_what_the_sdk_knows(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text(
        "FormatVersion: OOS-2019-06-01\nTasks:\n"
        "  - {Name: a, Action: ACS::ExecuteAPI, Properties: {Service: ecs, API: RebotInstance}}\n"
        "  - Name: b\n    Action: ACS::ExecuteAPI\n    Properties:\n      Service: ECS\n"
        "      API: rebootInstance\n      Parameters: {IntanceId: i-1, ForceStop: true}\n"
        "  - {Name: c, Action: ACS::ExecuteAPI, Properties: {Service: oos, API: GetTemplate}}\n"
        "  - {Name: d, Action: ACS::ExecuteAPI, Properties: {Service: vpc, API: Whatever}}\n"
    )
    code, output, _ = run(file)
    assert code == 1
    assert output.replace(f"{file}:", "").splitlines() == [
        "3:72: `ecs` has no API `RebotInstance`, did you mean `RebootInstance`?",
        "9:20: `RebootInstance` has no parameter `IntanceId`, did you mean `InstanceId`?",
        "10:52: `GetTemplate` needs `TemplateName`",
    ]


def test_nothing_to_check_is_not_all_well(tmp_path: Path) -> None:
    assert run(tmp_path) == (1, "", f"there is no template in {tmp_path}\n")
    code, output, _ = run(tmp_path, "--json")
    assert (code, json.loads(output)) == (1, [])
    assert run(tmp_path / "gone")[0] == 2
    assert run()[0] == 2


def test_a_file_that_cannot_be_read_is_a_fault_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yml").write_text(PAUSE)
    (tmp_path / "b.yml").write_text(PAUSE)
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "a.yml":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    bad, good = template_check.check([tmp_path])
    assert bad.lines() == [f"{tmp_path}/a.yml:1:1: cannot be read: Permission denied"]
    assert good.lines() == [f"{tmp_path}/b.yml: ok"]


def test_ours_does_what_the_guides_sample_does_and_is_good() -> None:
    files = [OURS / "reboot-one.yml", OURS / "reboot-with-approval.yml"]
    assert run(*files) == (0, "".join(f"{file}: ok\n" for file in files), "")
    code, output, _ = run(files[1])
    assert code == 1
    assert output == f"{files[1]}:83:21: unknown template `reboot-one`\n"


def test_ten_mistakes_are_ten_located_sentences() -> None:
    code, output, beside = run(SPOILED)
    assert code == 1
    assert output.replace(f"{SPOILED}:", "").splitlines() == [
        "10:14: `mode`: its Default `quick` is not among its AllowedValues; expected "
        "`fast` or `slow`",
        "15:13: unknown action `ACS::SelectTarget`, did you mean `ACS::SelectTargets`?",
        "22:24: `ids`: ValueSelector: the jq script does not compile: syntax error, "
        "unexpected end of file, expecting '|' or ',' or ':' or ']'",
        "25:14: OnError: unknown task `tel`, did you mean `tell`?",
        "29:9: WebHook has no `URL`, did you mean `URI`?",
        "32:39: the task `findInstances` has no output `idz`, did you mean `ids`?",
        "32:64: unknown parameter `webhookURI`, did you mean `webHookUrl`?",
        "35:14: Retries: expected a number from 0 to 300, found `1000`",
        "36:11: unknown function Fn::Equels, did you mean `Fn::Equals`?",
        "41:25: `ACS::TaskLoopItem` means something inside a Loop only",
    ]
    assert beside == "10 faults in 1 of 1 template\n"


def test_single_braces_around_a_name_are_warned_of(tmp_path: Path) -> None:
    """They may be the text of another language: a warning, no fault."""
    file = tmp_path / "x.yml"
    file.write_text(
        "FormatVersion: OOS-2019-06-01\nParameters: {who: {Type: String}}\nTasks:\n"
        "  - Name: a\n    Action: ACS::Notify\n    Properties:\n      WebHook:\n"
        "        URI: robot:ops\n        Content:\n"
        "          text: 'hello {who}, ${who} {{who}} {other} f(){ who; }'\n"
    )
    code, output, _ = run(file)
    assert code == 0
    assert output.splitlines() == [
        f"{file}: ok",
        f"  warning: {file}:10:24: `{{who}}` is text; a reference is `{{{{who}}}}`",
    ]
