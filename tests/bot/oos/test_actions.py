"""One table says of an action what it takes and what does it: nothing validates and then is not
there to be run."""

from __future__ import annotations

import inspect

import pytest

from bot.oos.engine import actions, flow, units
from tests.bot.oos import outside

WRITTEN = {
    "ACS::Choice": "Properties: {DefaultTask: 'ACS::END'}",
    "ACS::Sleep": "Properties: {Duration: 1s}",
    "ACS::Template": "Properties: {TemplateName: other}",
    "ACS::Notify": "Properties: {WebHook: {URI: 'https://example.com'}}",
    "ACS::Approve": "Properties: {Approvers: [li]}",
    "ACS::Pause": "Properties: {}",
    "ACS::SelectTargets": "Properties: {ResourceType: 'ALIYUN::ECS::Instance'}",
}
READS = (
    "Properties: {Service: ECS, API: DescribeZones, PropertySelector: .x, DesiredValues: [null]}"
)
HERE = [spec.name for spec in actions.BUILT_IN.values() if not spec.refusal and not spec.elsewhere]


@pytest.mark.parametrize("name", HERE)
def test_what_the_table_takes_is_done(name: str) -> None:
    """In any case of its name. No action falls through to the product actions."""
    text = f"Tasks:\n  - Name: a\n    Action: {name.lower()}\n    {WRITTEN.get(name, READS)}\n"
    other = outside.template("Tasks: [{Name: b, Action: ACS::Sleep, Properties: {Duration: 1s}}]")
    run = outside.Outside(text, library={"other": other})
    progress = run.play()
    made = [call.kind for call in run.made]
    assert "product" not in made
    assert made or name in ("ACS::Choice", "ACS::Sleep", "ACS::Template", "ACS::Pause"), progress


def test_every_unit_is_of_an_action() -> None:
    """Those that nobody lists are the ones that others are made of, and the product actions."""
    made = {
        found
        for module in (units, flow)
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, units.Unit)
    }
    assert made - {spec.does for spec in actions.BUILT_IN.values()} == {
        units.Unit, units.CallUnit, units.ProductUnit, flow.TemplateUnit,
    }  # fmt: skip
    flows = {spec.name: spec.does for spec in actions.BUILT_IN.values() if actions.find(spec.name)}
    assert [name for name, does in flows.items() if isinstance(does, str)] == [
        "ACS::Choice", "ACS::Template",
    ]  # fmt: skip


def test_what_only_oos_does_fails_where_it_stands() -> None:
    """It is refused when it is loaded; were it run all the same, nothing else would happen."""
    for spec in actions.BUILT_IN.values():
        if spec.refusal or spec.elsewhere:
            run = outside.Outside(f"Tasks: [{{Name: a, Action: '{spec.name}'}}]")
            assert run.end().status == "Failed"
            assert run.made == []
