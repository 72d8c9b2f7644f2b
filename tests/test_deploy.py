"""What lies in ``deploy/`` agrees with the bot: each metric, label and value that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.model import ports
from bot.web import families, metrics
from sandbox import process
from tests import promql
from tests.bot.test_health import Chat, staged
from tests.bot.test_metrics import ROOMY

DECLARED = {family.name.removesuffix("_total"): family.labels for family in families.FAMILIES}


@pytest.fixture
async def page(tmp_path: Path) -> promql.Page:
    up = Chat(ports.Connection(True, 1.0, 1))
    async with staged(tmp_path / "store.db", ROOMY, lark=up) as stage:
        served = await metrics.Metrics(stage.parts, stage.health).page()
    return promql.Page.of(served.text, DECLARED)


def test_every_expression_asks_for_what_is_served(page: promql.Page) -> None:
    assert promql.faults(page) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("countersign_redy == 0", "there is no metric countersign_redy"),
        ("rate(countersign_events[5m])", "there is no metric countersign_events"),
        ('countersign_events_total{reply="new"}', "there is no label reply"),
        ('countersign_events_total{answer=~"new|lost"}', "no answer is lost"),
        ("sum by (state) (countersign_ready)", "nothing has the label state"),
        ('countersign_polls_total{engine="ecs"} > 0 or x', "there is no metric x"),
    ],
)
def test_what_is_not_served_is_noticed(
    page: promql.Page, monkeypatch: pytest.MonkeyPatch, text: str, fault: str
) -> None:
    monkeypatch.setattr(promql, "expressions", lambda: [("here", text)])
    (only,) = promql.faults(page)
    assert only.startswith("here: ")
    assert only.endswith(fault)


def test_every_alert_says_what_it_means_and_what_to_do(page: promql.Page) -> None:
    rules = promql.alerts()
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names)
    assert set(names) == promql.documented(process.ROOT / "docs/how-to/operate.md")
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning")
        texts = rule["annotations"]
        assert texts.keys() == {"summary", "description"}
        used = promql.placeholders(" ".join(texts.values()))
        assert used <= promql.left_over(promql.read(rule["expr"]), page), rule["alert"]


def test_panels_say_what_they_show_and_lie_side_by_side() -> None:
    panels = json.loads(promql.DASHBOARD.read_text("utf-8"))["panels"]
    drawn = [panel for panel in panels if panel["type"] != "row"]
    assert all(panel["description"].endswith(".") for panel in drawn)
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    fields = [
        (x, y)
        for one in places
        for x in range(one["x"], one["x"] + one["w"])
        for y in range(one["y"], one["y"] + one["h"])
    ]
    assert len(set(fields)) == len(fields), "two panels lie upon each other"
