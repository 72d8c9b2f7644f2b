"""docs/reference/templates.md says what the code understands."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bot import __main__ as cli
from bot.oos import reference
from bot.oos.engine import actions
from bot.oos.expr import functions

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "templates.md"


def test_the_page_is_printed_from_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == reference.page(), "python -m bot docs templates > docs/reference/templates.md"
    assert CliRunner().invoke(cli.main, ["docs", "templates"]).stdout == page


def test_nothing_is_left_out() -> None:
    page = reference.page()
    for function in functions.REGISTRY.values():
        assert f"\n### Fn::{function.name}\n" in page
        assert function.en in page
    for spec in actions.BUILT_IN.values():
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{spec.name}`")]
        told = (spec.refusal,) if spec.refusal else (spec.about, *spec.properties)
        assert [word for word in told if word not in row] == []
    able, _, refused = page.partition("Refused, with the reason")
    assert "`ACS::Loop`" in refused
    assert "| `ACS::Loop`" not in able
