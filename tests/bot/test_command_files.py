"""What is wrong with a command file is said with the file's own line, all of it at once, and never
as a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import source
from bot.commands import loader

GOOD = """\
from typing import Annotated
from bot import Between, Script, Targets, Word, operation


@operation(
    aliases=("清理",),
    risk="low",
    summary=("清理", "Clean"),
    example="clean web-01 level=2",
)
def clean(
    targets: Targets,
    level: Annotated[int, Between(1, 9)] = 1,
) -> Script:
    \"\"\"Cleans.\"\"\"
    return Script.file("clean.sh", LEVEL=level)
"""
SCRIPT = "#!/bin/bash\nset -e\necho $LEVEL\n"


def faults(place: Path, text: str = GOOD, script: str | bytes | None = SCRIPT) -> tuple[str, ...]:
    (place / "clean.py").write_text(text, "utf-8")
    if script is not None:
        content = script if isinstance(script, bytes) else script.encode()
        (place / "clean.sh").write_bytes(content)
    with pytest.raises(source.Invalid) as raised:
        loader.load(place)
    return tuple(map(str, raised.value.faults))


def test_the_good_one_loads(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(GOOD, "utf-8")
    (tmp_path / "clean.sh").write_text(SCRIPT, "utf-8")
    assert loader.load(tmp_path).names() == ("clean",)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('summary=("清理", "Clean")', 'summary="Show"', 8, "its summary needs a line in Chinese"),
        ('summary=("清理", "Clean")', "summary=7", 8, "its summary needs a line in Chinese and"),
        (
            'summary=("清理", "Clean")',
            'summary=("清理", "Clean"), does="clean"',
            8,
            "its does needs a line in Chinese and one in English",
        ),
        (
            'summary=("清理", "Clean")',
            'summary=("清理", "Clean"), does=("清理 {dir}", "clean {dir}")',
            8,
            "its does names dir, which it does not take",
        ),
        (
            'summary=("清理", "Clean")',
            'summary=("清理", "Clean"), does=("清理 {", "clean")',
            8,
            "its does cannot be read",
        ),
        ('summary=("清理", "Clean")', 'summary=("a", "b", "c")', 8, "its summary needs a line"),
        ('aliases=("清理",)', 'aliases="日志看"', 6, 'a tuple of words: aliases=("日志看",)'),
        ('aliases=("清理",)', "aliases=(7,)", 6, "its aliases must be a tuple of words"),
        ('aliases=("清理",)', 'aliases=("清 理",)', 6, "'清 理' is no word that can be typed"),
        ('risk="low"', 'risk="lowest"', 7, "its risk is 'lowest'; it is low, medium, high or"),
        ('risk="low"', 'risk=["low"]', 7, "its risk is ['low']"),
        ('example="clean web-01 level=2"', "example=None", 9, "its example must be a line of text"),
        ("clean web-01 level=2", "clean web-01 level=20", 9, "does not parse"),
        ("clean web-01 level=2", "help", 9, "does not parse"),
        ("level: Annotated[int, Between(1, 9)]", "level: dict", 13, "clean: level: "),
        ("level: Annotated[int, Between(1, 9)]", "level", 13, "clean: level: needs a type"),
        ("targets: Targets", 'targets: "Tragets"', 5, "name 'Tragets' is not defined"),
        ("targets: Targets", 'targets: "Targets["', 5, "clean: "),
        ("def clean", "async def clean", 5, "is async or yields; a command is a plain function"),
        ("LEVEL=level", "PATH=level", 16, "PATH is a variable of the shell itself"),
        ("LEVEL=level", "level=level", 16, "is no name of a script variable"),
        ('"clean.sh"', '"clena.sh"', 16, "no script called 'clena.sh' belongs to this command"),
        ("return Script", "x = {}['x']\n    return Script", 16, "plans no script: KeyError: 'x'"),
        ("return Script", "assert level > 9\n    return Script", 16, "no script: AssertionError"),
        ("LEVEL=level", "LEVEL=None", 16, "LEVEL is None; a script takes text and numbers"),
        ("LEVEL=level", "LEVEL=[level]", 16, "LEVEL is a list; a script takes text and numbers"),
        ("return Script", "raise SystemExit(3)\n    return Script", 16,
         "it ends the process with 3; return an answer, or raise"),
        ("return Script.file(", "return dict(a=", 5, "must return a Script, not dict"),
        ("from typing", "import not_there\nfrom typing", 1, "does not load: ModuleNotFoundE"),
        ('    """Cleans."""', "   oops", 16, "does not load: IndentationError: "),
        ('risk="low"', 'rsik="low"', 5, "does not load: TypeError: operation() got an unexpected"),
        ("@operation(", "@operation\n@operation(", 5, "does not load: TypeError: "),
    ],
)  # fmt: skip
def test_a_fault_has_the_line_of_the_command_file(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    assert old in GOOD
    (fault,) = faults(tmp_path, GOOD.replace(old, new, 1))
    assert fault.startswith(f"clean.py:{line}: "), fault
    assert told in fault


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('("清理", "Clean")', '"Show"').replace('("清理",)', '"日志看"')
    text = text.replace("level: Annotated[int, Between(1, 9)]", "level")
    found = faults(tmp_path, text, script=b"echo 'a\n")
    assert [one.partition(": ")[0] for one in found] == [
        "clean.sh:1", "clean.py:6", "clean.py:8", "clean.py:13",
    ]  # fmt: skip


def test_a_second_command_in_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("@operation") :].replace("def clean", "def wipe")
    assert faults(tmp_path, f"{GOOD}\n{second}") == (
        "clean.py:18: declares 2 commands; one file is one command; this is wipe",
    )


@pytest.mark.parametrize(
    ("script", "place", "told"),
    [
        ("", "clean.sh:1", "is empty: nothing would run"),
        ("\n \n", "clean.sh:1", "is empty"),
        ("#!/bin/bash\n# later\n", "clean.sh:1", "holds comments alone"),
        ("#!/bin/bash\r\necho $LEVEL\r\n", "clean.sh:1", "line ends of Windows (CRLF)"),
        ("#!/bin/bash\necho $LEVEL\necho a\r\n", "clean.sh:3", "line ends of Windows (CRLF)"),
        (b"\xef\xbb\xbf#!/bin/bash\necho $LEVEL\n", "clean.sh:1", "byte-order mark"),
        ("echo $LEVEL\n".encode("utf-16"), "clean.sh", "is not UTF-8 text (line 1)"),
        ("#!/bin/bash\nif true; then\n  echo a\n", "clean.sh:4", "syntax error"),
        ("#!/bin/bash\necho a\necho )\n", "clean.sh:3", "syntax error near unexpected token"),
        ("cat <<EOF\na\n", "clean.sh:", "here-document"),
    ],
)
def test_a_script_that_no_shell_reads_is_a_fault(
    tmp_path: Path, script: str | bytes, place: str, told: str
) -> None:
    (fault,) = faults(tmp_path, script=script)
    assert fault.startswith(place)
    assert told in fault


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('"echo a\\nif true\\n"', "clean.py:5: its script, line "),
        ('"echo a\\r\\n"', "clean.py:5: its script, line 1: has line ends of Windows"),
        ('""', "clean.py:5: its script, line 1: is empty"),
        ('"echo a\\necho )\\n"', "clean.py:5: its script, line 2: syntax error near"),
        ('"#!/bin/bash\\necho a\\necho )\\n"', "clean.py:5: its script, line 3: syntax error near"),
    ],
)
def test_a_script_within_the_command_is_read_by_the_shell_as_well(
    tmp_path: Path, source: str, told: str
) -> None:
    text = GOOD.replace('Script.file("clean.sh", LEVEL=level)', f'Script({source}, {{"A": "b"}})')
    (fault,) = faults(tmp_path, text, script=None)
    assert fault.startswith(told), fault


def test_a_script_for_sh_may_be_one_that_only_bash_reads(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(GOOD, "utf-8")
    (tmp_path / "clean.sh").write_text("#!/bin/sh\na=($LEVEL 2)\necho ${a[1]}\n", "utf-8")
    assert loader.load(tmp_path).names() == ("clean",)


def test_a_script_of_another_language_is_its_own_business(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(GOOD.replace("LEVEL=level", ""), "utf-8")
    (tmp_path / "clean.sh").write_text("#!/usr/bin/env python3\nprint(')')\n", "utf-8")
    (tmp_path / "clean.ps1").write_bytes("\ufeffWrite-Host a\r\n".encode())
    assert loader.load(tmp_path).names() == ("clean",)


def test_a_script_that_the_platform_never_takes_is_told_before_anybody_asks(tmp_path: Path) -> None:
    script = "#!/bin/bash\n" + "echo abcdefghijklmnopqrstuvwxyz\n" * 600
    (found,) = faults(tmp_path, script=script)
    assert found.startswith("clean.py:5: its script has 192"), found
    assert "18432 is the most that Cloud Assistant takes" in found
