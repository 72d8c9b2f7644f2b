"""``python -m bot events``: the bus and dead letters from the console."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import model, store
from bot.cli import events
from bot.store import codec
from tests.bot.configured import SMALL
from tests.bot.test_cli import leave

NOW = datetime.now(UTC)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\n')
    return path


def database(small: Path) -> Path:
    return small.parent / "data" / "countersign.db"


@pytest.fixture
def kept(small: Path) -> Path:
    """Three events, of an hour each; of the second a letter that was refused, one that may have
    arrived and one that is still queued."""
    with closing(store.Store(database(small))) as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        view = writer.view(model.Needs(), NOW)
        for number in range(3):
            when = NOW - timedelta(hours=2 - number)
            event = model.CloudEvent(
                f"e{number}", "hr", f"type-{number}", when, data={"text": "重启"}
            )
            bodies = [
                model.Deliver("notify", target, model.ToWebhook("robot:ops"), {"n": 1}, named)
                for target in range(3)
                if (named := {"source": "hr", "id": event.id, "type": event.type})
            ]
            effects = tuple(model.NewEffect(body.key, body.key, body) for body in bodies)
            decision = model.Decision(published=(event,), effects=effects if number == 1 else ())
            writer.apply(view, decision, when)
        writer.settle(1, model.Refused("HTTP 404"), codec.ms(NOW))
        writer.settle(2, model.Unknown("it broke"), codec.ms(NOW) + 1)
        writer.commit()
    return small


def call(path: Path, *words: str):  # type: ignore[no-untyped-def]
    return leave("events", *words, "--config", str(path))


def test_events_are_listed_oldest_first(kept: Path) -> None:
    listed = call(kept, "list")
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "type-2  hr" in lines[2]
    assert [line.split()[0] for line in call(kept, "list", "--limit", "2").stdout.splitlines()] == [
        "2",
        "3",
    ]
    assert call(kept, "list", "--since", "90m", "--type", "type-1").stdout.split()[0] == "2"
    assert call(kept, "list", "--type", "other").stdout == ""


def test_events_as_json_are_cloudevents(kept: Path) -> None:
    events = [json.loads(line) for line in call(kept, "list", "--json").stdout.splitlines()]
    assert [(event["specversion"], event["id"]) for event in events] == [
        ("1.0", "e0"),
        ("1.0", "e1"),
        ("1.0", "e2"),
    ]
    assert events[0]["data"] == {"text": "重启"}


def test_a_length_of_time_that_is_none_is_a_clear_sentence(kept: Path) -> None:
    said = call(kept, "list", "--since", "soon")
    assert said.exit_code == 2
    assert "'soon' is no length of time; write 90s, 30m, 2h or 7d" in said.output


def test_an_event_is_shown_with_what_rules_made_of_it(kept: Path) -> None:
    shown = call(kept, "show", "2")
    assert json.loads(shown.stdout)["id"] == "e1"
    states = [line.rpartition("robot ops  ")[2] for line in shown.stderr.splitlines()]
    assert states == ["not delivered: HTTP 404", "may have arrived: it broke", "queued"]
    missing = call(kept, "show", "9")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "there is no event 9" in missing.stderr


def test_dead_letters_are_listed_and_one_is_shown_whole(kept: Path) -> None:
    lines = call(kept, "dead").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert len(call(kept, "dead", "--limit", "1").stdout.splitlines()) == 1
    whole = call(kept, "dead", "1").stdout
    assert "event: type-1 hr e1" in whole
    assert '"n": 1' in whole
    assert "there is no letter 9" in call(kept, "dead", "9").stderr


def test_values_that_are_never_shown_are_not_shown_at_the_console(kept: Path) -> None:
    folder = kept.parent / "mine"
    folder.mkdir()
    (folder / "login.yml").write_text(SECRET)
    kept.write_text(kept.read_text() + 'commands = "mine"\n')
    to = model.ToCommand("login", "ops", "lark")
    named = {"source": "hr", "id": "x", "type": "t"}
    body = model.Deliver("r", 0, to, {"password": "s3cr3t", "regionId": "here"}, named)
    with closing(store.Store(database(kept))) as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        made = model.NewEffect(body.key, body.key, body)
        writer.apply(writer.view(model.Needs(), NOW), model.Decision(effects=(made,)), NOW)
        writer.commit()
    shown = call(kept, "dead", "4")
    assert '"password": "***"' in shown.stdout
    assert '"regionId": "here"' in shown.stdout
    (folder / "login.yml").write_text("Tasks: 7")
    broken = call(kept, "dead", "4")
    assert broken.exit_code == 1
    assert "s3cr3t" not in broken.output
    assert "login.yml" in broken.stderr


SECRET = """
FormatVersion: OOS-2019-06-01
Description: Sign in
Parameters:
  regionId: {Type: String, Default: here}
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: look
    Action: ACS::ExecuteApi
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters: {RegionId: "{{ regionId }}"}
"""


def test_redriving_queues_what_is_dead_and_says_what_is_not(kept: Path) -> None:
    said = call(kept, "redrive", "1", "2", "3", "1", "99")
    assert said.exit_code == 1
    assert said.stdout.splitlines() == [
        "1 is sent once more when the bot starts",
        "2 is sent once more when the bot starts",
    ]
    assert "3: is queued" in said.stderr
    assert "99: there is no such letter" in said.stderr
    assert call(kept, "dead").stdout == ""
    with closing(store.Store(database(kept), readonly=True)) as opened, opened.reading() as reader:
        entries = list(reader.chain())
        assert [(row.action, row.facts["letter"]) for row in entries] == [
            ("letter.redriven", 1),
            ("letter.redriven", 2),
        ]
        assert {row.actor.partition(":")[0] for row in entries} == {"console"}
        assert reader.verify_audit() == []
        assert [letter.deliver.again for letter in reader.letters("queued")] == [0, 0, 1]


def test_beside_a_running_bot_the_chat_is_named(kept: Path) -> None:
    with closing(store.Store(database(kept))):
        said = call(kept, "redrive", "1")
        assert said.exit_code == 1
        assert "send `redrive N` in a chat, or stop it" in said.stderr
        assert len(call(kept, "dead").stdout.splitlines()) == 2


@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("dead",), ("redrive", "1")])
def test_where_the_bot_never_ran_no_store_is_made(small: Path, words: tuple[str, ...]) -> None:
    said = call(small, *words)
    assert said.exit_code == 1
    assert "the bot has never run here" in said.stderr
    assert not database(small).exists()


def test_whoever_sends_an_event_does_not_command_the_terminal() -> None:
    event = model.CloudEvent("1", "urn:\x1b]0;owned\x07", "a.b\u202e", NOW, "\x9b2J")
    assert events.event_line(1, event).isprintable()
