"""Calendars of those on call: what is read of one, what is kept of it, and who votes by that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.calendars import events
from adapters.calendars.reader import Calendars
from bot import model, policy
from bot.doctor import calendars
from bot.model import checks, ports
from bot.policy.oncall import CalendarRota, Roster
from bot.store.sql import forgetting
from tests.bot import configured
from tests.bot.configured import SMALL, Loader
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, Clock, actions, said
from tests.bot.test_humans import approve, edit

State = model.State
HOUR = timedelta(hours=1)
NAMES = {"bob": "bob", "carol": "carol", "carol@corp": "carol", "erin": "erin"}
ROTA = CalendarRota("sre", "UTC", ("bob", "carol"), NAMES)
TEXT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Berlin:20261019T090000
DTEND;TZID=Europe/Berlin:20261026T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
EXDATE;TZID=Europe/Berlin:20261116T090000
SUMMARY:On call:
  Bob
ATTENDEE;CN=Room 7;PARTSTAT=DECLINED:mailto:room@corp
ATTENDEE;CN=Carol C.:mailto:carol@corp
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20261026
DTEND;VALUE=DATE:20261102
SUMMARY:Carol
END:VEVENT
BEGIN:VEVENT
UID:3
STATUS:CANCELLED
DTSTART:20261027T000000Z
DTEND:20261028T000000Z
SUMMARY:Erin
END:VEVENT
END:VCALENDAR
"""


# ----------------------------------------------------------------------------- reading


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_events_that_repeat_are_written_out_by_the_clock_of_their_zone() -> None:
    read = events.between(TEXT, "Asia/Shanghai", at("2026-10-20"), at("2026-11-20"))
    assert [(one.begin.astimezone(UTC), one.end.astimezone(UTC), one.summary) for one in read] == [
        (at("2026-10-19T07:00"), at("2026-10-26T08:00"), "On call: Bob"),
        (at("2026-10-25T16:00"), at("2026-11-01T16:00"), "Carol"),
        (at("2026-11-02T08:00"), at("2026-11-09T08:00"), "On call: Bob"),
    ]
    assert read[0].attendees == ("carol@corp", "Carol C.")


def event(begin: datetime, end: datetime, summary: str, *attendees: str) -> model.CalendarEvent:
    return model.CalendarEvent(begin, end, summary, attendees)


@pytest.mark.parametrize(
    ("summary", "attendees", "people"),
    [
        ("Bob", (), ("bob",)),
        ("On call: BOB / carol", (), ("bob", "carol")),
        ("On Call - Bob - primary", ("carol@corp",), ("bob",)),
        ("primary", ("carol@corp", "x@corp"), ("carol",)),
        ("Bobby", ("x@corp",), ()),
        ("", (), ()),
    ],
)
def test_whom_an_event_means(
    summary: str, attendees: tuple[str, ...], people: tuple[str, ...]
) -> None:
    assert ROTA.meant(event(START, START, summary, *attendees)) == people


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html>login</html>", "no calendar that can be read"),
        (TEXT.replace("FREQ=WEEKLY", "FREQ=SECONDLY"), "more than once a day"),
        (TEXT.replace("INTERVAL=2", "BYMINUTE=1,2,3"), "more than once a day"),
    ],
)
def test_what_cannot_be_read_or_would_take_long_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ports.PollFailed, match=reason):
        events.between(text, "UTC", at("2026-10-20"), at("2026-11-20"))


async def test_a_file_is_read_and_no_more_of_it_than_a_megabyte(tmp_path: Path) -> None:
    calendars, place = Calendars(), tmp_path / "oncall.ics"
    with pytest.raises(ports.PollFailed, match="No such file"):
        await calendars.events(str(place), "UTC", START, START)
    place.write_text(TEXT, "utf-8")
    assert len(await calendars.events(str(place), "UTC", at("2026-10-20"), at("2026-10-21"))) == 1
    place.write_text(TEXT + " " * (1 << 20), "utf-8")
    with pytest.raises(ports.PollFailed, match="too large"):
        await calendars.events(str(place), "UTC", START, START)
    await calendars.close()


# ----------------------------------------------------------------------------- what is kept


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    edit(
        made,
        oncall=Roster({"sre": ROTA}),
        policies=made.deployment.book.policies
        | {"any": policy.Policy("any", ("oncall:sre",), expires=timedelta(days=3))},
    )
    yield made
    made.close()


def reads(stage: RunStage, *read: model.CalendarEvent, fault: str = "") -> None:
    now = stage.clock.now()
    stage.submit(model.CalendarRead(f"calendar:sre:{now}", now, "sre", read, fault))
    stage.tick(0)


def kept(stage: RunStage) -> model.Calendar:
    [calendar] = stage.read(lambda reader: reader.calendars())
    return calendar  # type: ignore[no-any-return]


def test_who_is_on_call_by_the_calendar_approves_once_it_was_read(stage: RunStage) -> None:
    stage.ask("alice", "restart web-01 reason=why")
    assert any("nobody is on call now (sre)" in text for text in said(stage.work()))
    reads(stage, event(START - HOUR, START + HOUR, "Bob"), event(START, START + HOUR, "Zoe"))
    stage.planned("alice", "restart web-01 reason=why")
    assert "Approvers: Bob." in approve(stage, "carol")
    approve(stage, "bob")
    stage.work()
    assert stage.request(1).state is State.RUNNING
    assert kept(stage).unknown == ("Zoe",)
    stage.ask("alice", "oncall")
    assert any("name nobody: Zoe" in text for text in said(stage.work()))


def test_a_calendar_that_changes_tells_who_is_on_call_now(stage: RunStage) -> None:
    reads(stage, event(START, START + HOUR, "Bob"))
    stage.planned("alice", "restart web-01 reason=why")
    stage.clock.advance(60)
    reads(stage, event(START, START + HOUR, "Carol"))
    assert any("You are on call now" in text for text in said(stage.work()))
    assert "Approvers: Carol." in approve(stage, "bob")
    stage.clock.advance(60)
    reads(stage, event(START, START + HOUR, "Carol"))
    assert actions(stage).count("oncall.read") == 2, "what is the same is not noted again"


def test_the_past_stays_as_it_was_known(stage: RunStage) -> None:
    """Whoever writes the calendar cannot put themselves on call for a time that is over."""
    edit(stage, policies={"any": policy.Policy("any", ("oncall:sre", "erin"), "count", 2)})
    reads(stage, event(START - HOUR, START + HOUR, "Bob"))
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    stage.clock.advance(60)
    reads(stage, event(START - HOUR, START + 2 * HOUR, "Carol"))
    shifts = [(one.person, one.begin, one.end) for one in kept(stage).shifts]
    now = stage.clock.now()
    assert shifts == [("bob", START, now), ("carol", now, START + 2 * HOUR)]
    approve(stage, "erin")
    stage.work()
    assert stage.request(1).state is State.RUNNING, "Bob was on call as he voted"


def test_a_calendar_that_cannot_be_read_counts_for_a_day(stage: RunStage) -> None:
    reads(stage, event(START, START + 100 * HOUR, "Bob"))
    stage.planned("alice", "restart web-01 reason=why")
    stage.clock.advance(23 * 3600)
    reads(stage, fault="its server answers with HTTP status 500")
    assert "Approvers: Bob." in approve(stage, "carol")
    stage.tick(3600)
    assert any("not enough people can approve it now" in text for text in said(stage.work()))
    assert "Nobody is on call now" in approve(stage, "bob")
    reads(stage, event(START, START + 100 * HOUR, "Bob"))
    approve(stage, "bob")
    stage.work()
    assert stage.request(1).state is State.RUNNING
    assert [one for one in actions(stage) if one.startswith("oncall.")] == [
        "oncall.read", "oncall.unread", "oncall.read",
    ]  # fmt: skip


def test_only_people_of_the_rota_count(stage: RunStage) -> None:
    reads(stage, event(START, START + HOUR, "Erin, Bob"))
    known = dataclasses.replace(ROTA, calendar=kept(stage))
    assert known.on_call(START) == ("bob",)


def test_who_is_forgotten_stands_in_no_shift_any_more(stage: RunStage) -> None:
    reads(stage, event(START, START + HOUR, "Bob"), event(START, START + HOUR, "Carol"))
    traces = forgetting.forget(stage.store, "bob", "cli", stage.clock.now())
    assert traces.shifts == 1
    assert [one.person for one in kept(stage).shifts] == [traces.pseudonym, "carol"]


async def test_the_doctor_reads_calendars_and_says_whom_they_name(tmp_path: Path) -> None:
    load, place = Loader(tmp_path), tmp_path / "sre.ics"
    settings, now = load(small('calendar = "sre.ics"')), Clock().now()

    async def line(*titles: str) -> checks.Finding:
        body = "".join(
            f"BEGIN:VEVENT\nUID:{title}\nDTSTART:{now:%Y%m%dT%H%M%SZ}\nDURATION:PT1H\n"
            f"SUMMARY:{title}\nEND:VEVENT\n"
            for title in titles
        )
        place.write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n", "utf-8")
        [check] = calendars.of(settings, Clock())
        [finding] = await check.run()
        return finding

    assert (await line("ben")).state == "ok"
    assert (await line("ben", "Zoe")).state == "unsure"
    assert (await line()).state == "unsure"
    place.unlink()
    [check] = calendars.of(settings, Clock())
    assert [finding.state for finding in await check.run()] == ["problem"]


# ----------------------------------------------------------------------------- configuration


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return configured.Loader(tmp_path)


def small(*lines: str) -> str:
    text = SMALL.replace('approvers = ["ben"]', 'approvers = ["oncall:sre"]')
    return text + "\n".join(("[[oncall]]", 'name = "sre"', *lines, ""))


def test_a_calendar_of_the_file(load: Loader, tmp_path: Path) -> None:
    settings = load(small('calendar = "sre.ics"', 'names = { "Benny@corp" = "ben" }'))
    rota = settings.book.oncall.rotas["sre"]
    assert isinstance(rota, CalendarRota)
    assert rota.people == ("ann", "ben")
    assert rota.names == {"ann": "ann", "ben": "ben", "benny@corp": "ben"}
    [source] = settings.calendars
    assert (source.rota, source.zone) == ("sre", "Asia/Shanghai")
    assert source.address == str(tmp_path / "sre.ics")
    secret = load(small('calendar = { env = "URL" }'), environ=configured.ENVIRON | {
        "URL": "https://calendar.example/secret.ics"
    })  # fmt: skip
    assert secret.calendars[0].address == "https://calendar.example/secret.ics"
    assert "secret.ics" not in repr(secret.file)


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (('calendar = "http://calendar.example/x"',), "oncall.calendar", "use https://"),
        (('calendar = "x.ics"', 'every = "1w"'), "oncall.every", "beside calendar"),
        (('calendar = "x.ics"', 'names = { x = "benn" }'), "oncall.names.x", "did you mean ben"),
        (('people = ["ben"]',), "oncall", "since is missing"),
        ((), "oncall", "people is missing"),
    ],
)
def test_what_can_never_work_is_a_fault(
    load: Loader, lines: tuple[str, ...], place: str, message: str
) -> None:
    faults = {fault.mark.path: fault.message for fault in load.faults(small(*lines))}
    assert message in faults.get(place, ""), faults
