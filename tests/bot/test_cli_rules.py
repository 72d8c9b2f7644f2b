"""``python -m bot rule``: what it prints, and with which status it leaves."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import model, store
from bot.store.sql import letters
from tests import test_docs
from tests.bot.configured import SMALL

PAGE = test_docs.ROOT / "docs/how-to/rules.md"
HIRE = {
    "source": "dingtalk.approval",
    "detail-type": "ProvisionRequest",
    "detail": {"emp_id": "E123", "role": "devops"},
}
RULES = """
[[rule]]
name = "hire"
when = '$.source == "dingtalk.approval"'
[[rule.target]]
command = "restart"
group = "ops"
args = { service = "$.detail.role", targets = "web-01" }
[[rule.target]]
group = "ops"
form = "TEMPLATE"
value = { who = "$.detail.emp_id", why = "$.detail.reason" }
template = "${who}: ${why}"
[[rule.target]]
thread = true
form = "JSONPATH"
value = "$.data"
[[rule.target]]
url = "https://oapi.dingtalk.com/robot/send?access_token=t0ken"
form = "CONSTANT"
value = { text = "hi" }
[[rule]]
name = "off"
enabled = false
pattern = '{"type": ["ProvisionRequest"]}'
[[rule.target]]
thread = true
"""


def leave(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(cli.main, ["rule", *arguments], input=given)


def tried(*arguments: str, event: Any = HIRE) -> Result:
    given = event if isinstance(event, str | bytes) else json.dumps(event)
    return leave("test", "--event", "-", *arguments, given=given)


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration; its secrets are nowhere, for they are not needed."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + RULES + '[bot]\ndata = "data"\n', "utf-8")
    return path


@pytest.fixture
def stored(small: Path) -> None:
    """Three events in the store: one that ``hire`` means, and two that it does not."""
    now = datetime.now(UTC)
    with closing(store.Store(small.parent / "data" / "countersign.db")) as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        for number, (source, ago) in enumerate([("dingtalk.approval", 3), ("a", 3), ("b", 0)]):
            at = now - timedelta(hours=ago)
            event = model.CloudEvent(
                f"e{number}", source, "ProvisionRequest", at, data=HIRE["detail"]
            )
            letters.publish(writer.connection, event, int(at.timestamp() * 1000))
        writer.commit()


# ----------------------------------------------------------------------------- test


def test_a_rule_that_matches_says_what_its_targets_would_get() -> None:
    found = tried("--rule", "hire")
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == (
        "hire matches\n"
        "  1. the command restart in ops would get\n"
        "     service = devops\n"
        "     targets = web-01\n"
        "  2. the group ops would get nothing: the event has nothing for `why` "
        "($.detail.reason): no .reason in $.detail\n"
        "  3. the thread of the request would get\n"
        '     {"emp_id":"E123","role":"devops"}\n'
        "  4. the robot oapi.dingtalk.com would get\n"
        "     {\n"
        '       "text": "hi"\n'
        "     }\n"
    )


def test_the_same_as_json() -> None:
    found = tried("--rule", "hire", "--json")
    assert found.exit_code == 0
    told = json.loads(found.stdout)
    assert (told["rule"], told["matched"], told["reasons"]) == ("hire", True, [])
    assert [one["how"] for one in told["targets"]] == ["command", "group", "thread", "webhook"]
    assert told["targets"][0]["body"] == {"service": "devops", "targets": "web-01"}
    assert "reason" in told["targets"][1]["problem"]
    assert told["targets"][3]["body"] == {"text": "hi"}
    assert "t0ken" not in found.output


def test_a_rule_that_does_not_match_says_why() -> None:
    found = tried("--rule", "hire", event={**HIRE, "source": "lark.approval"})
    assert found.exit_code == 1
    assert found.stdout == (
        'hire does not match\n  $.source: wanted "dingtalk.approval", found "lark.approval"\n'
    )
    told = json.loads(tried("--rule", "hire", "--json", event={}).stdout)
    assert (told["matched"], told["targets"]) == (False, [])
    assert told["reasons"][0]["path"] == "$.source"


def test_a_rule_that_is_switched_off_can_be_tried() -> None:
    found = tried("--rule", "off")
    assert found.exit_code == 0
    assert "off is switched off" in found.stderr


def test_a_pattern_needs_no_configuration(small: Path) -> None:
    small.unlink()
    Path("p.json").write_text('{"detail": {"role": ["devops"]}}', "utf-8")
    found = tried("--pattern", "p.json")
    assert (found.exit_code, found.stdout) == (0, "matches\n")
    Path("p.json").write_text('$.detail.role == "dev"', "utf-8")
    found = tried("--pattern", "p.json", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["reasons"][0]["found"] == '"devops"'


def test_the_dialect_decides() -> None:
    Path("p.json").write_text('{"data": {"port": ["80"]}}', "utf-8")
    event = {"source": "a", "data": {"port": 80}}
    statuses = [
        tried("--pattern", "p.json", "--dialect", dialect, event=event).exit_code
        for dialect in ("alibaba", "aws")
    ]
    assert statuses == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "event", "said"),
    [
        (("--pattern", "p.json"), HIRE, "p.json:2:12: "),
        (("--pattern", "bytes"), HIRE, "bytes: not UTF-8 text from byte 2 on"),
        (("--pattern", "none"), HIRE, "No such file"),
        (("--rule", "hire"), "{", "<stdin>:1:2: not JSON"),
        (("--rule", "hire"), b"\xff", "not UTF-8 text from byte 1 on"),
        (("--rule", "hire"), "[]", "an event is a JSON object"),
        (("--rule", "hire"), '{"a": NaN}', "NaN is no number of JSON"),
        (("--rule", "hier"), HIRE, "there is no rule hier, did you mean `hire`?"),
        (("--rule", "hire", "--config", "none"), HIRE, "there is no such file"),
        (("--rule", "hire", "--pattern", "p.json"), HIRE, "say which"),
        ((), HIRE, "say which"),
        (("--rule", "hire", "--dialect", "aws"), HIRE, "a rule says its own"),
    ],
)
def test_what_cannot_be_judged(arguments: tuple[str, ...], event: Any, said: str) -> None:
    Path("p.json").write_text('{\n "source": "a"}', "utf-8")
    Path("bytes").write_bytes(b"{\xff}")
    found = tried(*arguments, event=event)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_configuration_with_faults_leaves_with_2(small: Path) -> None:
    small.write_text(SMALL + RULES.replace("==", "="), "utf-8")
    found = tried("--rule", "hire")
    assert found.exit_code == 2
    assert "bot.toml:" in found.stderr


def test_an_event_may_begin_with_a_mark_and_lack_everything() -> None:
    assert tried("--rule", "off", event='\ufeff{"type": "ProvisionRequest"}').exit_code == 0
    assert tried("--rule", "off", event={"type": 5, "time": "soon", "data": 1}).exit_code == 1


# ----------------------------------------------------------------------------- replay, list


@pytest.mark.usefixtures("stored")
def test_replay_tells_what_rules_would_make_of_stored_events() -> None:
    found = leave("replay")
    assert found.exit_code == 0, found.stderr
    assert found.stdout.count("hire matches") == 1
    assert "ProvisionRequest  dingtalk.approval\nhire matches\n  1. the command" in found.stdout
    assert found.stderr == "3 events tried\n       1  hire\n"
    off = leave("replay", "--rule", "off", "--since", "1h", "--json")
    [line] = off.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["source"], told["rule"]) == (3, "b", "off")
    assert told["targets"][0]["body"]["data"] == HIRE["detail"]
    assert off.stderr == "1 event tried\n       1  off\n"


def test_replay_before_the_first_run_is_a_clear_sentence() -> None:
    found = leave("replay")
    assert found.exit_code == 1
    assert "the bot has never run here" in found.stderr
    assert "there is no rule x" in leave("replay", "--rule", "x").stderr


def test_list_tells_where_rules_lead(small: Path) -> None:
    found = leave("list")
    assert found.stdout == (
        "hire: the command restart in ops, the group ops, the thread of the request, "
        "the robot oapi.dingtalk.com\n"
        "off (off): the thread of the request\n"
    )
    told = json.loads(leave("list", "--json").stdout)
    assert [(one["rule"], one["enabled"], one["dialect"]) for one in told] == [
        ("hire", True, "alibaba"),
        ("off", False, "alibaba"),
    ]
    small.write_text(SMALL, "utf-8")
    assert "there is no [[rule]]" in leave("list").stderr


# ----------------------------------------------------------------------------- the page


def test_the_page_shows_what_is_really_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LARK_SECRET", "secret")
    for text, name in test_docs.files(PAGE):
        Path(name).write_text(text, "utf-8")
    whole = test_docs.shipped()
    for _, text in test_docs.blocks(PAGE, "toml"):
        whole = test_docs.merged(whole, test_docs.tomllib.loads(text))
    (tmp_path / "bot.toml").write_text(test_docs.written(whole), "utf-8")
    count = 0
    for mark, text in test_docs.blocks(PAGE, "console"):
        line, _, shown = text.partition("\n")
        words = shlex.split(line.removeprefix("$ python -m bot "))
        found = CliRunner().invoke(cli.main, words)
        said = re.sub(r"(?m)^warning: .*\n", "", found.output)
        assert (mark, shown) == (f"output: {found.exit_code}", said)
        count += 1
    assert count == 5
