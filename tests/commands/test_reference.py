"""The reference says what the commands say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.commands import loader
from bot.reference import commands
from tests.commands import rig


def test_the_page_is_up_to_date() -> None:
    text = commands.PAGE.read_text("utf-8")
    assert commands.page(text, rig.CATALOG) == text, "run python -m bot.reference.commands"


def test_every_command_and_parameter_is_in_it() -> None:
    text = commands.markdown(rig.CATALOG)
    for found in rig.CATALOG:
        assert f"## {found.name}\n" in text
        for parameter in found.parameters:
            assert f"| `{parameter.name}`" in text


def test_the_example_of_a_command_file_loads(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", commands.PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "clean.py").write_text(code[1], "utf-8")
    (tmp_path / "clean.sh").write_text('find /tmp -name "*.log" -mtime "+$DAYS"\n', "utf-8")
    assert loader.load(tmp_path).names() == ("clean",)


def test_a_page_without_the_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="no line"):
        commands.page("# Commands\n", rig.CATALOG)
