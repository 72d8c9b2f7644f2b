"""The reference says what the commands say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import loading, reference
from tests.commands import rig


def test_the_page_is_up_to_date() -> None:
    text = reference.PAGE.read_text("utf-8")
    assert reference.page(text, rig.CATALOG) == text, "run python -m bot.reference"


def test_every_command_and_parameter_is_in_it() -> None:
    text = reference.markdown(rig.CATALOG)
    for found in rig.CATALOG:
        assert f"## {found.name}\n" in text
        for parameter in found.parameters:
            assert f"| `{parameter.name}`" in text


def test_the_example_of_a_command_file_loads(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", reference.PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "clean.py").write_text(code[1], "utf-8")
    (tmp_path / "clean.sh").write_text('find /tmp -name "*.log" -mtime "+$DAYS"\n', "utf-8")
    assert loading.load(tmp_path).names() == ("clean",)


def test_a_page_without_the_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="no line"):
        reference.page("# Commands\n", rig.CATALOG)
