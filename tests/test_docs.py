"""The documents tell the truth: links lead somewhere, commands parse, nothing is left out."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click import testing

from adapters.aliyun import api as aliyun
from adapters.oos import api as oos
from bot import __main__ as cli
from bot import audit, config, model, store, texts
from bot.app import adapters
from bot.commands import api, loader, rendering
from bot.commands.line import parser
from bot.config import reference as configuration

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MADE_FROM_CODE = {ROOT / "docs/reference/commands.md", ROOT / "docs/reference/configuration.md"}
FORMS = get_args(model.FormChanged.__annotations__["status"]) or (
    "approved",
    "rejected",
    "withdrawn",
    "changed",
)


SPOKEN = {
    "f'breakglass.{outcome}'": [
        "breakglass.ratified",
        "breakglass.objected",
        "breakglass.unanswered",
    ],
    "f'form.{event.status}'": [f"form.{status}" for status in FORMS],
    "f'form.{link.action}'": ["form.revoke", "form.modify"],
    "f'run.{run_template.PAST[word]}'": ["run.paused", "run.resumed", "run.retry", "run.skip"],
}
"""Actions that the code puts together, and what they come to."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    """Code blocks of a language as (the mark in a comment before it, text)."""
    fence = re.compile(
        rf"(?:^ *<!-- ([^>]*) -->\n)?^( *)```{language}\n(.*?)^ *```$", re.DOTALL | re.MULTILINE
    )
    for found in fence.finditer(page.read_text("utf-8")):
        indent = found[2]
        lines = (line.removeprefix(indent) for line in found[3].splitlines(keepends=True))
        yield found[1] or "", "".join(lines)


def prose(page: Path) -> str:
    """A page without its code blocks and code spans."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The ids that a page's headings get."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


# ----------------------------------------------------------------------------- links and paths


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}"
        assert file.is_relative_to(ROOT), f"{name(page)} links out of the project: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{name(page)} links to {target}: no such heading"


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for target in re.findall(r"\]\(([^)#\s]+)", prose(page)):
            file = (page.parent / target).resolve()
            if file.suffix == ".md" and file.exists() and file not in seen:
                waiting.append(file)
    assert set(PAGES) <= seen, sorted(name(page) for page in set(PAGES) - seen)


def test_every_decision_says_whether_it_holds() -> None:
    for page in sorted((ROOT / "docs/decisions").glob("0*.md")):
        status = page.read_text("utf-8").split("\n")[2]
        assert re.fullmatch(
            r"\*\*Status\.\*\* (Accepted on \d{4}-\d\d-\d\d"
            r"|Superseded on \d{4}-\d\d-\d\d by \[.+\]\(.+\.md\))\.",
            status,
        ), f"{name(page)}: {status}"


def test_files_named_in_the_docs_exist() -> None:
    named = re.compile(r"`((?:bot|adapters|commands|sandbox|tests|docs|\.ci)/[\w./-]+)`")
    for page in PAGES:
        for path in named.findall(page.read_text("utf-8")):
            if path not in EXAMPLES:
                assert (ROOT / path).exists(), f"{name(page)} names {path}"


EXAMPLES = {
    "commands/disk.py",
    "commands/disk.sh",
    "commands/clean-logs.yml",
    "commands/parts/ACS-RDS-RestartDBInstance.yml",
    "bot/reference/outcomes.py",
    "bot/runtime/log_target.py",
    "tests/bot/test_log_target.py",
    "tests/bot/test_outcomes_page.py",
}
"""Files that a how-to tells people to write."""


def test_the_tests_that_the_threats_name_exist() -> None:
    """Every row of an attack names a test, and every test that it names is there."""
    page = (ROOT / "docs/explanation/threats.md").read_text("utf-8")
    tables = page.split("\n## What is shown is what runs\n")[1].split("\n## What remains\n")[0]
    rows = [row for row in tables.splitlines() if row.startswith("| ") and "Shown by" not in row]
    assert len(rows) > 40
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row.split(" | ")[2])
        assert named, f"what shows it? {row[:80]}"
        for path, name in named:
            text = (ROOT / "tests" / path).read_text("utf-8")
            assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path}::{name}"


def test_the_tests_that_show_what_replicas_keep_exist() -> None:
    """Every guarantee links to a test, and every link leads to a test of that name."""
    page = ROOT / "docs/explanation/replicas.md"
    table = page.read_text("utf-8").partition("| Shown by |\n")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[1:]]
    assert len(rows) > 15
    for what, _, shown in rows:
        links = re.findall(r"\[([^\]]+)\]\(([^)#]+)#(test_\w+)\)", shown)
        assert links, f"what shows it? {what}"
        for words, path, test in links:
            assert test == "test_" + words.replace(" ", "_")
            text = (page.parent / path).read_text("utf-8")
            assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), f"{path}::{test}"


def test_no_paths_of_somebodys_machine() -> None:
    mine = re.compile(r"/(?:home|Users|root|work|tmp)/[\w.-]")
    drawn = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    drawn += sorted((ROOT / "docs" / "pictures").glob("*.py"))
    for page in [*PAGES, *drawn, ROOT / ".ci" / "run"]:
        found = mine.search(page.read_text("utf-8"))
        assert found is None, f"{name(page)}: {found and found[0]}"


def test_pictures_are_small() -> None:
    most = {".png": 200_000, ".svg": 200_000, ".gif": 3_000_000}
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size <= most.get(picture.suffix, 20_000), picture.name


# ----------------------------------------------------------------------------- commands


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    venv = re.search(r"^export VENV := (\S+)", text, re.MULTILINE)
    assert venv is not None
    text = text.replace("$(VENV)", venv[1])
    return set(re.findall(r"^([\w./-]+):(?!=)", text, re.MULTILINE))


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".ci" / "run"], ids=name)
def test_make_targets_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(
        r"(?:^\$|\bstep \d+m) (.*)$", text, re.MULTILINE
    )
    for line in code:
        for target in re.findall(r"(?:^|&& )make (?:[A-Z]+=\S* )*([\w./-]+)", line):
            assert target in targets(), f"{name(page)}: make {target}"


def test_reference_names_every_make_target() -> None:
    text = (ROOT / "docs/reference/README.md").read_text("utf-8")
    shown = set(re.findall(r"^\| `([\w-]+)", text.partition("| `make …`")[2], re.MULTILINE))
    assert shown == targets() - {".PHONY"}


ADDED = ["docs", "outcomes"]
"""What a how-to adds to the code."""


def typed(page: Path) -> Iterator[list[str]]:
    """The arguments of every ``python -m bot …`` that a page shows."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in re.findall(r"python -m bot ([^`\n|>…]+)", text):
        words = shlex.split(line, comments=True)
        if words and re.match(r"^[a-z]+$", words[0]) and words != ADDED:
            yield words


def files(page: Path) -> Iterator[tuple[str, str]]:
    """The files that a page shows, as (text, name)."""
    for mark, text in blocks(page, "json"):
        if mark.startswith("file: "):
            yield text, mark.removeprefix("file: ")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_command_lines_parse(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("audit.jsonl", "commands", "nightly.yml", *(found[1] for found in files(page)))
    for file in given:
        (tmp_path / file).touch()
    for words in typed(page):
        group: click.Command = cli.main
        context = click.Context(group, info_name="bot")
        while isinstance(group, click.Group) and words and words[0] in group.commands:
            group = group.commands[words.pop(0)]
            context = click.Context(group, parent=context, info_name=group.name)
        if isinstance(group, click.Group) and not group.invoke_without_command:
            assert not words, f"{name(page)}: {' '.join(words)} is no command"
            continue
        with context:  # which closes the files that the arguments name
            group.parse_args(context, words)  # UsageError: an option or a page that there isn't


def leaves(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for word, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from leaves(found, *path, word)
        else:
            yield " ".join([*path, word]), found


def has_more(found: click.Command) -> bool:
    return isinstance(found, click.Group)


def test_reference_names_every_command_line_option() -> None:
    text = (ROOT / "docs/reference/README.md").read_text("utf-8").partition("| `make …`")[0]
    groups = "|".join(word for word, found in cli.main.commands.items() if has_more(found))
    rows = dict(re.findall(rf"^\| `((?:(?:{groups}) )?\w+)([^`]*)`", text, re.MULTILINE))
    for path, found in leaves(cli.main):
        assert path in rows, f"python -m bot {path} is not in docs/reference/README.md"
        for option in found.params:
            told = set(re.findall(r"-+\w[\w-]*", rows[path]))
            named = not isinstance(option, click.Option) or set(option.opts) & told
            assert named, f"{path} {option.opts[0]} is not in docs/reference/README.md"


# ----------------------------------------------------------------------------- TOML


def test_marked_toml_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``whole`` blocks are configurations; ``part`` blocks are put over the shipped one."""
    for variable in (
        "LARK_APP_SECRET",
        "LARK_SECRET",
        "DINGTALK_SECRET",
        "APPROVALS_SECRET",
        "ALICE_TOKEN",
        "BOB_TOKEN",
        "SECRET",
    ):
        monkeypatch.setenv(variable, f"{variable}-0123456789")
    address = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
    monkeypatch.setenv("NIGHT_SHIFT_ROBOT", address)
    monkeypatch.setenv("DATABASE_URL", "postgresql://countersign:secret@127.0.0.1/countersign")
    monkeypatch.setenv("COUNTERSIGN_KEY", "k" * 32)
    monkeypatch.setenv("POD_NAME", "countersign-1")
    monkeypatch.setattr("bot.config.kinds.CHECKOUT", ROOT)
    marks = []
    for page in PAGES:
        if ".zh-CN" in page.name:
            continue  # its blocks are those of the English page: tests/test_twins.py
        sofar = shipped()  # the parts of a page build on each other
        for mark, text in blocks(page, "toml"):
            assert mark in ("toml: whole", "toml: part"), f"{name(page)}: mark this block"
            marks.append(mark)
            file = tmp_path / "bot.toml"
            if mark == "toml: whole":
                file.write_text(text, "utf-8")
            else:
                sofar = merged(sofar, tomllib.loads(text))
                file.write_text(written(sofar), "utf-8")
            try:
                adapters.load(file, known_commands=lambda folder, elsewhere: known())
            except config.ConfigError as error:
                raise AssertionError(f"{name(page)}:\n{text}\n{error}") from None
    assert {"toml: whole", "toml: part"} <= set(marks)


def known() -> list[Any]:
    """The commands of the checkout and those that the how-tos write."""
    pages = [ROOT / f"docs/how-to/write-a-{kind}.md" for kind in ("command", "runbook")]
    told = [found for page in pages for found in documented_command(page)]
    return [*loader.load(ROOT / "commands"), *told]


def documented_command(page: Path, folder: Path | None = None) -> list[api.Declared | Any]:
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        for language in ("python", "bash", "yaml"):
            for mark, text in blocks(page, language):
                if mark.startswith("command: "):
                    (place / mark.removeprefix("command: ")).write_text(text, "utf-8")
        return list(loader.load(place))


def shipped() -> dict[str, Any]:
    data = tomllib.loads((ROOT / "bot.toml").read_text("utf-8"))
    for table, key in (("dingtalk", "client_secret"), ("lark", "app_secret")):
        data[table][key] = {"env": "LARK_SECRET"}
    data["aliyun"]["credentials"]["key_secret"] = {"env": "LARK_SECRET"}
    data["bot"]["commands"] = str(ROOT / "commands")
    for robot in data["webhook"]["robot"]:
        for key in ("url", "secret"):
            robot[key]["file"] = str(ROOT / robot[key]["file"])
    return data


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged, lists are joined, everything else is replaced."""
    result = dict(under)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not {"env", "file"} & value.keys():
            result[key] = merged(old, value)
        elif (
            isinstance(old, list)
            and isinstance(value, list)
            and value
            and isinstance(value[0], dict)
        ):
            result[key] = old + value
        else:
            result[key] = value
    return result


def written(value: dict[str, Any]) -> str:
    """The tables of a configuration as TOML, each value inline."""

    def inline(item: Any) -> str:
        if isinstance(item, dict):
            return (
                "{ " + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in item.items()) + " }"
            )
        if isinstance(item, list):
            return "[" + ", ".join(map(inline, item)) + "]"
        if isinstance(item, date):
            return item.isoformat()
        return json.dumps(item, ensure_ascii=False)

    return "".join(f"{key} = {inline(item)}\n" for key, item in value.items())


def test_the_documented_command_works(tmp_path: Path) -> None:
    page = ROOT / "docs/how-to/write-a-command.md"
    [found] = documented_command(page, tmp_path)
    parsed = parser.parse(loader.load(tmp_path), found.example, "en")
    assert isinstance(parsed, parser.Parsed)
    script = parsed.command.call(None, parsed.values)
    assert "DAYS=7\n" in rendering.render(script)


def test_the_documented_faults_are_those_that_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs/how-to/write-a-runbook.md"
    [(mark, text)] = [found for found in blocks(page, "yaml") if found[0].startswith("file: ")]
    [shown] = [text for mark, text in blocks(page, "console") if mark.startswith("output: ")]
    (tmp_path / mark.removeprefix("file: ")).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    typed_line, _, output = shown.partition("\n")
    words = shlex.split(typed_line.partition("-m bot ")[2])
    result = testing.CliRunner().invoke(cli.main, words)
    assert result.exit_code == 1
    assert result.stdout == output


def test_lines_that_the_runbook_how_to_tells_people_to_type_are_understood(tmp_path: Path) -> None:
    page = ROOT / "docs/how-to/write-a-runbook.md"
    documented_command(page, tmp_path)
    commands = loader.load(tmp_path)
    rows = re.findall(r"^\| (`clean-logs .*?) \| ", page.read_text("utf-8"), re.MULTILINE)
    lines = [line for row in rows for line in re.findall(r"`(clean-logs [^`]+)`", row)]
    assert len(lines) >= 7
    for line in lines:
        found = parser.parse(commands, line, "en")
        assert isinstance(found, parser.Parsed), f"{line}: {found}"


# ----------------------------------------------------------------------------- nothing is missing


def audit_actions() -> dict[str, set[str]]:
    """Every action that the code enters into the audit log, with the facts named beside it."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            given = {word.arg: word.value for word in node.keywords}
            if called == "stopped":
                ruled = {"rule", "target", "source", "event"}
                action, facts = node.args[0], ruled | facts_of(node.keywords)
            elif called.endswith(".enter") and len(node.args) == 2:
                action, facts = node.args[1], facts_of(node.keywords)
            elif called in ("model.AuditEntry", "AuditEntry") and "action" in given:
                action, facts = given["action"], facts_of([ast.keyword(None, given["facts"])])
            else:
                continue
            for word in words_of(action, path):
                found.setdefault(word, set()).update(facts)
    return found


def facts_of(keywords: list[ast.keyword]) -> set[str]:
    names = {word.arg for word in keywords if word.arg}
    for word in keywords:
        if word.arg is None:
            dicts = [node for node in ast.walk(word.value) if isinstance(node, ast.Dict)]
            names |= {k.value for d in dicts[:1] for k in d.keys if isinstance(k, ast.Constant)}
    return names


def words_of(action: ast.expr, path: Path) -> list[str]:
    if isinstance(action, ast.Constant):
        return [str(action.value)]
    if isinstance(action, ast.IfExp):
        return words_of(action.body, path) + words_of(action.orelse, path)
    text = ast.unparse(action)
    assert text in SPOKEN, f"{path.name}: this test can't read the action {text}"
    return SPOKEN[text]


def documented_actions() -> dict[str, set[str]]:
    text = (ROOT / "docs/reference/events-and-audit.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+\.\w+`(?:, `\w+\.\w+`)*) \|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
    return {
        action: set(re.findall(r"`(\w+)`", facts))
        for actions, facts in rows
        for action in re.findall(r"`([^`]+)`", actions)
    }


def test_every_audit_action_is_documented_with_its_facts() -> None:
    entered, told = audit_actions(), documented_actions()
    assert len(entered) > 25
    assert entered.keys() - told.keys() == set(), "add these to docs/reference/events-and-audit.md"
    assert told.keys() - entered.keys() == set(), "nothing enters these any more"
    spoken = {key.removeprefix("audit.action.") for key in texts.PHRASES if "audit.action." in key}
    assert entered.keys() == spoken, "their words stand in bot/texts/audit.py"
    for action, facts in entered.items():
        assert facts <= told[action], f"{action}: {facts - told[action]} are not documented"


def test_every_event_effect_and_state_is_documented() -> None:
    text = (ROOT / "docs/reference/events-and-audit.md").read_text("utf-8")
    for event in get_args(model.Event):
        assert f"| `{event.__name__}` |" in text, event
    for effect in get_args(model.Effect):
        assert f"`{effect.__dataclass_fields__['kind'].default}`" in text, effect
    states = (ROOT / "docs/reference/states.md").read_text("utf-8")
    for state in model.State:
        assert f"| `{state}` |" in states, state
        assert f">{state}<" in (ROOT / "docs/pictures/states.svg").read_text("utf-8")


def test_every_checkpoint_is_documented() -> None:
    text = (ROOT / "docs/reference/checkpoints.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    reached = set()
    for room in ("bot", "adapters"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for point in re.findall(r'failpoints\.reach\(f?"([^"]+)"\)', path.read_text("utf-8")):
                for shared in (aliyun.Api, oos.Api):
                    told_as = point.replace("{self.name}", shared.name)
                    reached.add(told_as.replace("{", "<").replace("}", ">"))
    assert reached == told


def test_every_setting_is_in_the_shipped_file_and_the_reference() -> None:
    reference = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    file = (ROOT / "bot.toml").read_text("utf-8")
    for title, table in configuration.tables(adapters.ADAPTERS):
        for key in table.model_fields:
            told = f"| `{key}` |" in reference or f".{key}]" in reference
            assert told, f"{title} {key} is not in docs/reference/configuration.md"
            assert re.search(rf"^(# )*{key} =|\[{key}|\.{key}\]", file, re.MULTILINE), (
                f"{title} {key} is not shown in bot.toml"
            )


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    for found in loader.load(ROOT / "commands"):
        assert f"\n## {found.name}\n" in reference, found.name


# ----------------------------------------------------------------------------- what people copy


def test_lines_that_the_readmes_tell_people_to_type_are_understood() -> None:
    commands = loader.load(ROOT / "commands")
    for page in (ROOT / "README.md", ROOT / "README.zh-CN.md"):
        text = page.read_text("utf-8")
        lines = re.findall(r"`@(?:bot|机器人) ([^`]+)`", text)
        lines += re.findall(r"`((?:reject|cancel|stop|拒绝|取消|停止) 42[^`]*)`", text)
        assert len(lines) >= 5
        for line in lines:
            found = parser.parse(commands, line, "en")
            assert isinstance(found, parser.Parsed), f"{page.name}: {line}: {found}"


def test_the_script_that_verifies_an_export_does() -> None:
    [script] = [
        text
        for mark, text in blocks(ROOT / "docs/how-to/verify-the-audit-log.md", "python")
        if mark == "python: verify an export"
    ]
    lines, prev = [], ""
    for seq, text in enumerate(("plain", "会签 ✅ \u2028", 'quo"te\\'), 1):
        row = model.AuditRow(
            seq, datetime(2026, 1, 31, 8, tzinfo=UTC), "bob", "vote.cast", 7, {"t": text}, prev, ""
        )
        prev = audit.digest_of(row)
        lines.append(audit.line(replace(row, hash=prev)))
    assert audit.verify_file(StringIO("\n".join(lines))) == []
    whole = run(script, "\n".join(lines))
    assert whole.returncode == 0, whole.stderr
    assert prev[:32] in whole.stdout
    changed = run(script, "\n".join([lines[0], lines[1].replace('"bob"', '"eve"'), lines[2]]))
    assert changed.returncode == 1
    assert run(script, "\n".join([lines[0], lines[2]])).returncode == 1


def test_that_script_verifies_texts_beside_an_entry_and_goes_without_them(tmp_path: Path) -> None:
    [script] = [
        text
        for mark, text in blocks(ROOT / "docs/how-to/verify-the-audit-log.md", "python")
        if mark == "python: verify an export"
    ]
    page = StringIO()
    with store.Store(tmp_path / "store.db") as opened, opened.reading() as reader:
        assert opened.writer is not None
        opened.writer.begin()
        facts = {"command": "restart", "text": "重启 web-01", "account": "u-1"}
        opened.writer.append(model.AuditEntry("bob", "request.asked", 7, facts, "5a1t"), 1)
        opened.writer.commit()
        audit.export(reader, page)
    line = page.getvalue()
    assert run(script, line).returncode == 0
    assert run(script, line.replace("web-01", "web-02")).returncode == 1
    entry = json.loads(line)
    del entry["texts"], entry["salt"]
    without = json.dumps(entry, ensure_ascii=False)
    assert run(script, without).returncode == 0
    assert audit.verify_file([line]) == audit.verify_file([without]) == []


def run(script: str, given: str) -> subprocess.CompletedProcess[str]:
    command_line = [sys.executable, "-c", script]
    return subprocess.run(
        command_line, input=given, capture_output=True, text=True, encoding="utf-8"
    )
