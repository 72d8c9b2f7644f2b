"""Commands are files: dropped in they are found, and all that is wrong is said at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, source
from bot.commands import api, loader
from bot.commands.line import parser

ROOT = Path(__file__).resolve().parents[2]

GOOD = """
from __future__ import annotations
from typing import Annotated, Literal
from bot import Between, Script, Targets, operation

@operation(aliases=("清理",), risk="low", summary=("清理", "Clean"), example="clean web-01 level=2")
def clean(
    targets: Targets,
    level: Annotated[int, Between(1, 9)] = 1,
    mode: Literal["soft", "hard"] = "soft",
    dry: bool = False,
) -> Script:
    return Script.file("clean.sh", LEVEL=level, MODE=mode, DRY=int(dry))
"""


def folder(place: Path, **files: str) -> Path:
    for name, text in files.items():
        (place / name.replace("__", ".")).write_text(text, "utf-8")
    return place


def faults(place: Path) -> str:
    with pytest.raises(source.Invalid) as raised:
        loader.load(place)
    return str(raised.value)


def test_the_shipped_commands_load() -> None:
    commands = loader.load(ROOT / "commands")
    assert {
        "help", "restart", "provision", "run", "instances", "status", "pending", "history",
        "approve", "reject", "cancel", "stop", "pause", "resume", "retry", "skip", "audit",
        "dead", "redrive", "revote", "batch", "output", "plan",
        "break-glass", "ratify", "object",
        "whoami", "who", "why", "oncall", "freeze", "unfreeze", "freezes", "report", "locks",
        "away", "back",
        "reboot-with-approval",
        "standing", "standings", "revoke",
    } == set(commands.names())  # fmt: skip
    assert {found.risk for found in commands if found.name == "run"} == {"critical"}
    for found in commands:
        assert any(not alias.isascii() for alias in found.aliases), f"{found.name}: 中文"
        assert set(found.summary) == {"zh-CN", "en"}


def test_a_dropped_file_is_a_command(tmp_path: Path) -> None:
    commands = loader.load(folder(tmp_path, clean__py=GOOD, clean__sh="echo $LEVEL\n"))
    found = commands.find("ＣＬＥＡＮ")
    assert found is not None
    assert commands.find("清理") is found
    assert (found.kind, found.risk) == ("operation", "low")
    parsed = parser.parse(commands, "清理 web-01 level=３ mode＝HARD dry=是", "en")
    assert isinstance(parsed, parser.Parsed)
    assert parsed.values == {"targets": ("web-01",), "level": 3, "mode": "hard", "dry": True}
    script = found.call(None, parsed.values)
    assert isinstance(script, api.Script)
    assert script.parameters == {"LEVEL": "3", "MODE": "hard", "DRY": "1"}
    refusal = parser.parse(commands, "clean web-01 level=10", "en")
    assert isinstance(refusal, policy.Refusal)
    assert refusal.facts["expected"] == "a whole number from 1 to 9"


def test_the_version_is_of_the_file_and_its_scripts(tmp_path: Path) -> None:
    place = folder(tmp_path, clean__py=GOOD, clean__sh="echo $LEVEL\n")
    first = loader.load(place).find("clean")
    again = loader.load(place).find("clean")
    folder(tmp_path, clean__sh="echo $LEVEL;\n")
    changed = loader.load(place).find("clean")
    assert first is not None
    assert again is not None
    assert changed is not None
    assert first.version == again.version != changed.version
    script = first.call(None, {"targets": ("a",)})
    assert isinstance(script, api.Script)
    assert script.source == "echo $LEVEL\n"
    folder(tmp_path, clean__py=GOOD + "\n# x\n")
    last = loader.load(place).find("clean")
    assert last is not None
    assert last.version != changed.version


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    words = 'summary=("甲", "a"), example='
    said = faults(
        folder(
            tmp_path,
            clean__py=GOOD,
            clean__sh="echo",
            twin__py=GOOD.replace("def clean", "def twin"),
            twin__sh="echo",
            broken__py="def (",
            crash__py="1/0",
            leaves__py="raise SystemExit(0)",
            none__py="x = 1",
            orphan__sh="echo",
            stars__py=f"from bot import *\n@lookup({words}'stars')\ndef stars(*a) -> Lookup: ...",
            bare__py=f"from bot import *\n@lookup({words}'bare')\ndef bare(a) -> Lookup: ...",
            kind__py=f"from bot import *\n@lookup({words}'kind')\ndef kind(a: dict) -> Lookup: ...",
            wrong__py=f"from bot import *\n@lookup({words}'wrong 1 2')\ndef wrong() -> Lookup: ...",
            told__py="from bot import *\n@operation(summary=('', 'x'), example='told')\n"
            "def told(context: Context) -> Script: ...",
        )
    )
    for line in (
        "twin.py:6: '清理' is already a command of clean.py",
        "broken.py:1: does not load: SyntaxError",
        "crash.py:1: does not load: ZeroDivisionError: division by zero",
        "leaves.py:1: does not load: SystemExit",
        "none.py:1: declares 0 commands",
        "orphan.sh: belongs to no command; there is no orphan.py",
        "stars.py:3: stars: a: only plain named parameters",
        "bare.py:3: bare: a: needs a type",
        "kind.py:3: kind: a: ",
        "wrong.py:2: its example 'wrong 1 2' does not parse",
        "told.py:2: its summary needs a line in Chinese and one in English",
        "told.py:2: an operation gets no Context",
    ):
        assert line in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clean web-01 level=2", "clean web-01 level=20", "does not parse"),
        ("clean web-01 level=2", "清理", "still needs targets"),
        ('"clean.sh"', '"other.sh"', "no script called 'other.sh' belongs to this command"),
        ("LEVEL=level", "level=level", "is no name of a script variable"),
        ("dry: bool = False", "dry: bool = 0", "its default must be of type bool"),
        ("= 1,", "= None,", "its default must be of type int"),
        ("= 1,", "= 10,", "'10' does not fit its own type"),
        ('= "soft"', '= "sotf"', "'sotf' does not fit its own type"),
        ('risk="low"', 'risk="lowest"', "its risk is 'lowest'"),
        ("targets: Targets", "hosts: Targets", "is called targets"),
        ('"清理"', '"清 理"', "is no word"),
        ("return Script.file(", "return str(", "must return a Script, not"),
    ],
)
def test_a_command_that_would_fail_people_does_not_load(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    if "str(" in new:
        text = text.replace('"clean.sh", LEVEL=level, MODE=mode, DRY=int(dry)', "level")
    assert said in faults(folder(tmp_path, clean__py=text, clean__sh="echo $LEVEL\n"))


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    assert "no such folder" in faults(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rsetart", "restart"),
        ("restrat", "restart"),
        ("restar", "restart"),
        ("repsatrt", "restart"),
        ("provison", "provision"),
        ("Approv", "approve"),
        ("instnaces", "instances"),
        ("stat", "status"),
        ("hlep", "help"),
    ],
)
def test_near_misses(typed: str, meant: str) -> None:
    assert loader.load(ROOT / "commands").nearest(typed)[0] == meant


def test_nothing_is_near_to_nonsense() -> None:
    assert loader.load(ROOT / "commands").nearest("qqqqqqq") == ()


@pytest.mark.parametrize(
    ("name", "values", "quoted", "expected"),
    [
        ("status", {"number": 42}, "", {"request": 42, "listing": "recent"}),
        ("status", {"number": 0}, "", {"listing": "recent"}),
        ("audit", {"number": 7}, "om_1", {"request": 7, "listing": "audit"}),
        ("approve", {"number": 42}, "om_1", {"request": 42}),
        ("approve", {"number": 0}, "om_1", {"platform": "p", "card": "om_1", "message": "om_1"}),
        ("pending", {}, "om_1", {"listing": "open", "limit": 200}),
        ("locks", {}, "", {"listing": "locks", "limit": 200}),
        ("whoami", {}, "", {}),
    ],
)
def test_what_the_store_must_show(
    name: str, values: dict[str, Any], quoted: str, expected: dict[str, Any]
) -> None:
    found = loader.load(ROOT / "commands").find(name)
    assert found is not None
    assert found.needs(values, model.Place("p", "t", "c"), quoted) == model.Needs(**expected)


def test_a_clock_is_not_needed_to_plan() -> None:
    """The same values give the same script, whenever and by whomever it is asked."""
    found = loader.load(ROOT / "commands").find("restart")
    assert found is not None
    values = {"targets": ("web-01",), "service": "nginx", "reason": str(datetime.now(UTC))}
    assert found.call(None, values) == found.call(None, {**values, "reason": ""})
