"""``rule redo``: stored events, handed to a rule again by whoever sits at the console."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import model, store
from bot.core import bus, rule_redo
from bot.store import codec
from bot.store.sql import letters
from tests import postgres as servers
from tests.bot.bus_stage import HIRE, PLATFORM, Stage, command, rules
from tests.bot.configured import SMALL

RULES = """
[bot]
data = "data"
[[rule]]
name = "notify"
when = '$.source == "hr"'
[[rule.target]]
group = "ops"
form = "TEMPLATE"
value = { who = "$.data.emp_id" }
template = "welcome ${who}"
[[rule.target]]
url = "https://oapi.dingtalk.com/robot/send?access_token=t0ken"
[[rule]]
name = "off"
enabled = false
when = '$.source == "hr"'
[[rule.target]]
group = "ops"
"""
NOW = datetime.now(UTC)


def leave(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(cli.main, ["rule", "redo", *arguments], input=given)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four events: one is old, one is another's, of one a letter is dead and one on its way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot.toml").write_text(SMALL + RULES, "utf-8")
    path = tmp_path / "data" / "countersign.db"
    with closing(store.Store(path)) as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        for id, source, hours in (
            ("old", "hr", 9),
            ("a", "hr", 2),
            ("b", "hr", 1),
            ("c", "shop", 1),
        ):
            at = NOW - timedelta(hours=hours)
            event = model.CloudEvent(id, source, "hired", at, data={"emp_id": f"E-{id}"})
            letters.publish(writer.connection, event, codec.ms(at))
        named = {"source": "hr", "id": "a", "type": "hired"}
        to = model.ToGroup("dingtalk", "corp", "c")
        bodies = [
            model.Deliver("notify", 0, to, "welcom E-a", named),
            model.Deliver("notify", 1, model.ToWebhook("robot:ops"), {}, named),
        ]
        effects = tuple(model.NewEffect(body.key, body.key, body) for body in bodies)
        writer.apply(writer.view(model.Needs(), NOW), model.Decision(effects=effects), NOW)
        writer.settle(1, model.Refused("HTTP 404"), codec.ms(NOW))
        writer.commit()
    return path


def queued(path: Path) -> list[model.Deliver]:
    with closing(store.Store(path, readonly=True)) as opened, opened.reading() as reader:
        return [letter.deliver for letter in reader.letters("queued")]


def test_it_tells_what_would_be_delivered_asks_and_queues_it_on_record(database: Path) -> None:
    before = queued(database)
    declined = leave("notify", "--since", "3h", given="n\n")
    assert declined.exit_code == 1
    assert "nothing was queued" in declined.stderr
    assert queued(database) == before, "a no changes nothing"
    done = leave("notify", "--since", "3h", given="y\n")
    assert done.exit_code == 0, done.output
    told = done.stdout
    assert "Queue 3 deliveries?" in done.stderr
    assert "welcome E-a" in told, "what the rule makes of it now, not what it made of it then"
    assert "(dead letter 1 is the same" in told
    assert "2. the robot oapi.dingtalk.com would get nothing: it is on its way already" in told
    assert "welcome E-b" in told
    assert "E-old" not in told
    assert "E-c" not in told
    assert "t0ken" not in done.output
    fresh = [one for one in queued(database) if one.redo]
    assert sorted((one.event["id"], one.target) for one in fresh) == [("a", 0), ("b", 0), ("b", 1)]
    with closing(store.Store(database, readonly=True)) as opened, opened.reading() as reader:
        [row] = [row for row in reader.chain() if row.action == "rule.redone"]
        assert row.actor.startswith("console:")
        assert {**row.facts, "since": ""} == {
            "rule": "notify", "since": "", "events": [2, 3], "deliveries": 3,
        }  # fmt: skip
        assert reader.verify_audit() == []


def test_it_may_be_of_some_events_alone_and_without_a_question(database: Path) -> None:
    done = leave("notify", "--since", "3h", "--event", "3", "--yes")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        "2 deliveries queued; the bot sends them when it starts",
    )
    again = leave("notify", "--since", "3h", "--event", "3", "--yes")
    assert again.exit_code == 1, "what is queued is not queued twice"
    assert "nothing would be delivered" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("notify",), 2, "Missing option '--since'"),
        (("notif", "--since", "3h"), 2, "did you mean `notify`?"),
        (("off", "--since", "3h"), 2, "off is switched off: write enabled = true first"),
        (("notify", "--since", "1m"), 1, "nothing would be delivered"),
        (("notify", "--since", "3h"), 1, "nothing was queued"),
    ],
)
def test_what_it_does_not_do(
    database: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    before = queued(database)
    found = leave(*arguments)
    assert found.exit_code == status
    assert said in found.stderr or "Aborted" in found.stderr
    assert "Traceback" not in found.output
    assert queued(database) == before


def test_beside_a_running_bot_nothing_is_written(database: Path) -> None:
    with closing(store.Store(database)):
        found = leave("notify", "--since", "3h", "--yes")
    assert found.exit_code == 1
    assert "the bot is running" in found.stderr


def test_so_many_at_once_are_a_mistake(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.redo.MOST", 2)
    found = leave("notify", "--since", "3h", "--yes")
    assert found.exit_code == 1
    assert "these are 3 deliveries; 2 is the most at once" in found.stderr


# ----------------------------------------------------------------------------- commands


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def hand(stage: Stage, senders: tuple[str, ...] = ()) -> list[rule_redo.Again]:
    """All that is stored, to the rule ``hire`` once more."""
    assert stage.deployment.rules is not None
    rule = stage.deployment.rules.rules["hire"]
    stored = stage.read(lambda reader: list(reader.bus_events()))
    made = []
    for number, event in stored:
        if not rule.pattern.matches(event.plain()):
            continue
        about = rule_redo.about(event)
        request = stage.read(lambda reader, n=about: reader.request(n)) if about else None
        origin = rule_redo.origin(stage.deployment.book, event, request, senders)
        known = stage.read(lambda reader, e=event: reader.letters_of(e))
        made += rule_redo.again(rule, number, event, origin, request, known, "again1")
    decision = rule_redo.decision("hire", made, "console:root", stage.clock.now())
    writer = stage.store.writer
    assert writer is not None
    writer.begin()
    writer.apply(writer.view(model.Needs(), stage.clock.now()), decision, stage.clock.now())
    writer.commit()
    return made


def test_a_command_is_asked_for_anew_on_behalf_of_whom_the_event_was_from(stage: Stage) -> None:
    stage.deployment = dataclasses.replace(
        stage.deployment,
        rules=rules(hire=('$.source == "hr.approval"', command("provision", HIRE))),
    )
    stage.arrive(person="alice")
    [claimed] = stage.claim()
    assert stage.carry(claimed) == model.Done("1")
    [one] = hand(stage)
    assert one.effect is not None
    [claimed] = [each for each in stage.claim() if isinstance(each.effect.body, model.Deliver)]
    assert stage.carry(claimed) == model.Done("2"), "a request of its own, to be voted on"
    first, second = (stage.read(lambda reader, n=n: reader.request(n)) for n in (1, 2))
    assert first is not None
    assert second is not None
    assert (second.person, second.causes, second.args) == (first.person, first.causes, first.args)
    assert second.state is model.State.PLANNING


def test_whoever_brought_a_stored_event_about_approves_nothing_that_comes_of_it(
    stage: Stage,
) -> None:
    book = stage.deployment.book
    nowhere = model.Account("", "", "")
    late = model.CloudEvent("1", "hr", "t", NOW, person="bob")
    nobody = dataclasses.replace(late, person="")
    older = dataclasses.replace(late, person=None)
    assert rule_redo.origin(book, late, None, ["carol"]) == bus.Origin(
        "bob", (model.Party("bob", nowhere),)
    )
    assert rule_redo.origin(book, nobody, None, ["carol"]) == bus.Origin("")
    assert rule_redo.origin(book, older, None, ["carol", "carol"]) == bus.Origin(
        "", (model.Party("carol", nowhere),)
    ), "an earlier release did not keep whom it was from: it may have been any sender"
    form = model.CloudEvent(
        "1", f"{PLATFORM}.approval", "approval.approved", NOW,
        data={"person": "alice", "originator": "u-alice"},
    )  # fmt: skip
    found = rule_redo.origin(book, form, None, ())
    assert found.person == "alice"
    assert {cause.account.id for cause in found.causes} == {"u-alice"}


def test_what_came_of_the_rule_itself_is_no_new_cause_for_it(stage: Stage) -> None:
    stage.deployment = dataclasses.replace(
        stage.deployment,
        rules=rules(
            hire=(
                '$.data.emp_id || $.type prefix "countersign.request."',
                command("provision", HIRE),
            ),
        ),
    )
    stage.arrive()
    [claimed] = stage.claim()
    stage.carry(claimed)
    made = hand(stage)
    own = [one for one in made if one.effect is None]
    assert own
    assert {one.why for one in own} == {"it came of this very rule"}


def test_with_a_database_it_is_delivered_at_once_beside_bots(
    database: Path, tmp_path: Path, postgres: servers.Server
) -> None:
    with postgres.database() as url:
        store.transfer(store.Place(database), store.Place(url), NOW, 10)
        config = tmp_path / "bot.toml"
        text = config.read_text("utf-8")
        config.write_text(text.replace("[bot]\n", f'[bot]\nstore = "{url}"\n'), "utf-8")
        with store.opened(url) as bot:
            done = leave("notify", "--since", "3h", "--event", "3", "--yes")
            assert (done.exit_code, done.stdout.splitlines()[-1]) == (
                0,
                "2 deliveries queued; the bot sends them now",
            )
            with bot.reading() as reader:
                assert [row.action for row in reader.chain()][-1] == "rule.redone"
                assert reader.verify_audit() == []
