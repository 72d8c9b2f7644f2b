"""One sentence per refusal, and each is said only where it is so."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, store, texts
from tests.bot import refusals, refusals_asked, refusals_limits, refusals_shared, refusals_voted
from tests.bot.stage import Stage, said
from tests.bot.test_authority import change

assert refusals_asked
assert refusals_limits
assert refusals_shared
assert refusals_voted

ROOT = Path(texts.__file__).parents[1]
KINDS = ("vote", "steer", "cancel", "stop", "refused", "authority", "hold", "revote", "bounds")
ANSWERS = frozenset(
    {
        "cancel.done",
        "refused.title",
        "revote.done",
        "steer.approved",
        "steer.pause",
        "steer.rejected",
        "steer.resume",
        "steer.retry",
        "steer.retry.counted",
        "steer.skip",
        "steer.skip.counted",
        "stop.done",
        "vote.approved",
        "vote.approved.batch",
        "vote.counted",
        "vote.rejected",
        "vote.rejected.batch",
        "vote.rejection_counted",
    }
)
"""What is said where nothing is refused, and the title of all that is."""
ONE_REASON = {
    "refused.not_enabled": "asked by a person, a form or a rule, or removed since",
    "refused.lookup": "it could not be done, or took too long",
    "refused.unknown_account": "of a message, or of a click",
    "bounds.unknown": "when the call is to be made, or when it is let out",
    "refused.target": "an instance as a target, or named by another parameter",
    "refused.definition_parameters": "of a stored command, or of a template on OOS",
    "refused.plan_template": "a template of the bot's folder, or one on OOS",
    "authority.requester": "to be started, or to be put to the vote again",
    "vote.again": "under the same name, or under another one of the same human",
    "vote.no_request": "by a button, or in words",
    "steer.nothing": "no run, no template, or it waits for something else",
    "steer.again": "under the same name, or under another one of the same human",
    "stop.not_running": "to be stopped, or to be paused",
    "stop.already": "to be stopped, or to be paused",
    "stop.before_start": "a script, a call of a template, or a whole template",
}
"""Sentences that stand in several places of the code, and the one reason that these have."""


def sources() -> Iterator[Path]:
    yield from sorted((ROOT / "core").glob("*.py"))
    yield from sorted((ROOT / "policy").glob("*.py"))


@functools.cache
def uses() -> dict[str, list[str]]:
    """Where each sentence is taken from in the code; audit entries name some of them, too."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        tree = ast.parse(path.read_text())
        entered = {
            id(part.value)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "enter"
            for part in call.keywords
        }
        compared = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare)
            for part in ast.walk(node)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in entered | compared:
                continue
            if node.value in texts.PHRASES and str(node.value).split(".")[0] in KINDS:
                found[str(node.value)].append(f"{path.name}:{node.lineno}")
    return found


def refused() -> set[str]:
    """All sentences of a refusal that the bot may say."""
    made = {key for key in texts.PHRASES if key.split(".")[0] in ("steer", "hold")}
    return (set(uses()) | made) - ANSWERS


def test_every_refusal_has_a_scenario_in_which_it_is_said() -> None:
    missing = refused() - set(refusals.SCENARIOS)
    assert not missing, f"say in tests/bot/refusals_*.py when: {sorted(missing)}"
    stale = {key for key in refusals.SCENARIOS if key.split(".")[0] in KINDS} - refused()
    assert not stale, f"nothing says: {sorted(stale)}"


def test_a_refusal_that_stands_in_several_places_has_one_reason() -> None:
    several = {key: at for key, at in uses().items() if len(at) > 1 and key not in ANSWERS}
    unclear = {key: at for key, at in several.items() if key not in ONE_REASON}
    assert not unclear, f"one key per refusal; split these, or say why they are one: {unclear}"
    assert not set(ONE_REASON) - set(several), "these stand in one place only"


@pytest.mark.parametrize("key", sorted(refusals.SCENARIOS))
def test_a_refusal_is_said_where_it_is_so(key: str, tmp_path: Path) -> None:
    play = refusals.Play(tmp_path)
    told = refusals.SCENARIOS[key](play)
    play.close()
    assert refusals.is_said(key, told), f"{texts.PHRASES[key][1]!r} is not in {told!r}"


@pytest.mark.parametrize("since", ["running", "cancelled", "held", ""])
@pytest.mark.parametrize("outcome", [model.Refused("gone", "1"), model.Done(data={"doubtful": 1})])
def test_a_card_that_fails_late_asks_for_a_decision_only_while_there_is_one_to_make(
    since: str, outcome: model.Outcome, tmp_path: Path
) -> None:
    stage = Stage(tmp_path)
    stage.ask("alice", "restart web-01")
    cards: list[store.Claimed] = []
    while taken := [one for one in stage.claim() if one not in cards]:
        for one in taken:
            if isinstance(one.effect.body, model.ShowCard):
                cards.append(one)
            else:
                stage.settle(one, stage.answer(one))
    if since == "running":
        stage.click("bob", 1, "approve", stage.request(1).code)
        stage.work()
        assert stage.request(1).state is model.State.RUNNING
    elif since == "cancelled":
        stage.ask("alice", "cancel 1")
    elif since == "held":
        change(stage, 1, hold="restored")
    stage.work()
    stage.settle(cards[0], outcome)
    told = "\n".join(said(stage.work()))
    assert ("ecide by text" in told) is (since == "")
    stage.close()


def test_stop_works_on_the_requests_own_card_however_old_that_is(tmp_path: Path) -> None:
    play = refusals.Play(tmp_path)
    before = play.stage.planned("alice", "gate")
    play.clicks("bob")
    play.stage.work()
    assert play.stage.request(1).code != before.code
    assert "outdated" in play.clicks("alice", "stop", code=before.code, card="forwarded")
    assert "outdated" in play.clicks("bob", "approve", code=before.code)
    assert "Stopping #1" in play.clicks("alice", "stop", code=before.code)
    assert play.stage.request(1).state is model.State.CANCELLED
    play.close()
