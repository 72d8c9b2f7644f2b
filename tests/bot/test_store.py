"""The file: what is written reads back, one bot per store, and size costs nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import sqlite3
import stat
import types
import typing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlite_utils
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model, release, store
from bot.store import codec
from bot.store.sql import limits, locks, lookups, queries, reports
from bot.store.sqlite import schema
from tests import properties
from tests.bot import rig

# ----------------------------------------------------------------------------- the codec

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=6,
)
WHEN = st.datetimes(
    min_value=datetime(1970, 1, 1),
    max_value=datetime(9000, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)


PLANS: dict[Any, Any] = {
    model.StoredCommandPlan: lambda plan: plan.command_id,
    model.TemplatePlan: lambda plan: plan.template,
    model.RemoteTemplatePlan: lambda plan: plan.template and plan.engine != "local",
}
"""What tells the kinds of plans from each other where they are stored."""


def values(hint: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type hint of ``bot.model``, built by looking at it."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object):
        return JSON
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(values(arg, depth) for arg in args))
    if origin is tuple:
        if len(args) == 2 and args[1] is ...:
            return st.lists(values(args[0], depth + 1), max_size=2).map(tuple)
        return st.tuples(*(values(arg, depth + 1) for arg in args))
    if origin is not None:
        return st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        stored = [f.name for f in dataclasses.fields(hint) if f.name != "shape"]
        built = st.builds(hint, **{name: values(hints[name], depth + 1) for name in stored})
        return built.filter(PLANS[hint]) if hint in PLANS else built
    if hint is datetime:
        return WHEN
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is int:
        return st.integers(-(2**53), 2**53)
    if hint is type(None):
        return st.none()
    return st.from_type(hint)


ADAPTERS = [
    (model.Request, codec.request),
    (model.Receipt, codec.receipt),
    (model.Vote, codec.vote),
    (model.Step, codec.step),
    (model.InstanceResult, codec.result),
    (model.Effect, codec.effect),
    (model.Outcome, codec.outcome),
    (model.CloudEvent, codec.event),
    (model.Deliver, codec.deliver),
]


@pytest.mark.parametrize(
    ("hint", "adapter"), ADAPTERS, ids=lambda part: getattr(part, "__name__", "")
)
@settings(max_examples=properties.examples(40), deadline=None)
@given(data=st.data())
def test_every_type_reads_back_unchanged(hint: Any, adapter: Any, data: st.DataObject) -> None:
    value = data.draw(values(hint))
    again = codec.decode(adapter, codec.encode(value))
    assert again == value
    assert type(again) is type(value)


@given(WHEN)
def test_times_read_back_to_the_millisecond(when: datetime) -> None:
    again = codec.at(codec.ms(when))
    assert timedelta(0) <= when - again < timedelta(milliseconds=1)
    assert again.tzinfo is UTC


@given(
    values(model.MessageReceived) | values(model.InvocationPolled) | values(model.EffectCompleted)
)
def test_scrubbing_leaves_good_text_alone(event: Any) -> None:
    assert codec.scrub(event) is event


def test_scrubbing_reaches_everywhere() -> None:
    bad = "a\ud800b"
    done = model.Done(bad, {bad: [{"x": (bad,)}]})
    assert codec.scrub(model.EffectCompleted(bad, rig.START, 1, 1, done)) == model.EffectCompleted(
        "a\ufffdb", rig.START, 1, 1, model.Done("a\ufffdb", {"a\ufffdb": [{"x": ("a\ufffdb",)}]})
    )


# ----------------------------------------------------------------------------- the file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "store.db"


@pytest.mark.sqlite("the file")
def test_a_store_is_made_once_and_keeps_its_identity(path: Path) -> None:
    with store.Store(path) as opened:
        assert opened.writer is not None
        first = opened.writer.installation
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with store.Store(path) as opened:
        assert opened.writer is not None
        assert opened.writer.installation == first
        assert len(bytes.fromhex(first)) == 6
        db = sqlite_utils.Database(opened.writer.connection)
        assert schema.migrations.pending(db) == []
        assert [done.name for done in schema.migrations.applied(db)] == [
            "m001_first",
            "m002_runs",
            "m003_bus",
            "m004_not_started",
            "m005_attempts",
            "m006_asking",
            "m007_untold",
            "m008_form_links",
            "m009_marks",
            "m010_asks",
            "m011_undrawn",
            "m012_usage",
            "m013_texts",
            "m014_search",
            "m015_replicas",
            "m016_configuration",
            "m017_calls",
            "m018_unreached",
            "m019_freezes",
            "m020_reported",
            "m021_locks",
            "m022_glass",
            "m023_calendars",
            "m024_standing",
            "m025_absences",
        ]


@pytest.mark.sqlite("the file")
def test_a_store_from_before_the_bus_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir()
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrations.apply(sqlite_utils.Database(old), stop_before="m003_bus")
    body = codec.encode(rig.say("hello").body)
    old.execute(
        "INSERT INTO outbox (key, lane, request, kind, bucket, state, due_at, created_at, context,"
        " body, attempts) VALUES ('k', 'k', 0, 'say', 'chat\x1fops\x1fsay', 'in_flight', 1, 1,"
        " '{}', ?, 3)",
        (body,),
    )
    old.close()
    with store.Store(path) as opened, opened.reading() as reader:
        assert opened.writer is not None
        row = opened.writer.effect(1)
        assert row is not None
        assert (row.effect.attempts, row.failures) == (3, 3)
        assert reader.status().events == 0
        assert reader.letters() == ()
        assert reader.letter(1) is None


def test_the_configuration_is_kept_apart_from_what_every_transaction_looks_for(path: Path) -> None:
    """SQLite reads a long row of such a table as a whole to compare its name with another."""
    path.parent.mkdir()
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrations.apply(sqlite_utils.Database(old), stop_before="m016_configuration")
    note = "INSERT INTO meta VALUES ('configuration', ?)"
    old.execute(note, ("of the release before" * 500,))
    old.close()
    with store.Store(path) as opened, opened.reading() as reader:
        writer, long = opened.writer, "SELECT name FROM meta WHERE length(value) > 100"
        assert writer is not None
        assert reader.configuration() == "of the release before" * 500
        assert writer.connection.execute(long).fetchall() == []
        for text in ("of this one" * 500, "of this one again" * 500):
            writer.connection.execute(note, ("of the release before, which came back" * 500,))
            assert reader.configuration().startswith("of the release before, which")
            writer.begin()
            writer.note_configuration(text, "digest")
            writer.commit()
            assert reader.configuration() == text
            assert writer.connection.execute(long).fetchall() == []


NEWER = "INSERT INTO _sqlite_migrations VALUES (99, 'countersign', 'm999_later', '2030-01-01')"


def later(path: Path, *statements: str) -> None:
    """What a newer release leaves behind in a store."""
    with store.Store(path) as opened:
        assert opened.writer is not None
        for statement in (NEWER, *statements):
            opened.writer.connection.execute(statement)


@pytest.mark.sqlite("the file")
def test_older_code_on_a_newer_store_is_refused_with_the_release_to_use(path: Path) -> None:
    later(
        path,
        "UPDATE meta SET value = 'm999_later' WHERE name = 'schema.oldest'",
        "UPDATE meta SET value = '7.2.0' WHERE name = 'release.oldest'",
    )
    before = path.read_bytes()
    with pytest.raises(
        store.Unusable, match=r"newer release: use Countersign 7\.2\.0 or later.*m999_later"
    ):
        store.Store(path)
    assert path.read_bytes() == before
    with store.Store(path, readonly=True) as tool, tool.reading() as reader:
        assert reader.status().installation, "it may still be looked at"


@pytest.mark.sqlite("the file")
def test_older_code_may_write_where_the_newer_release_says_so(path: Path) -> None:
    later(path)
    with store.Store(path) as opened:
        assert opened.writer is not None
        found = opened.writer.connection.execute(
            "SELECT value FROM meta WHERE name LIKE '%.oldest'"
        )
        assert {row[0] for row in found} == {schema.OLDEST, release.version()}


@pytest.mark.sqlite("the file")
def test_a_newer_store_that_does_not_say_who_may_write_is_refused(path: Path) -> None:
    later(path, "DELETE FROM meta WHERE name = 'schema.oldest'")
    with pytest.raises(store.Unusable, match="newer release"):
        store.Store(path)


@pytest.mark.sqlite("the file")
def test_a_store_from_before_says_from_now_on_who_may_write_it(path: Path) -> None:
    later(path, "UPDATE meta SET value = 'm001_first' WHERE name = 'schema.oldest'")
    with store.Store(path) as opened:
        assert opened.writer is not None
        found = opened.writer.connection.execute(
            "SELECT value FROM meta WHERE name = 'schema.oldest'"
        )
        assert found.fetchone()[0] == schema.OLDEST


@pytest.mark.sqlite("the file")
def test_one_bot_per_store_and_tools_beside_it(path: Path) -> None:
    with store.Store(path) as first:
        with pytest.raises(store.Locked, match=r"store\.db"):
            store.Store(path)
        with store.Store(path, readonly=True) as tool, tool.reading() as reader:
            assert reader.status().installation
            assert tool.writer is None
            with pytest.raises(Exception, match="readonly"):
                reader.connection.execute("DELETE FROM meta")
        assert first.writer is not None
    with store.Store(path):
        pass


@pytest.mark.sqlite("the file")
@pytest.mark.parametrize("spoil", ["a file for a folder", "no database", "a folder for a file"])
def test_a_store_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "data" / "store.db"
    if spoil == "a file for a folder":
        path.parent.write_text("")
    else:
        path.parent.mkdir()
    if spoil == "no database":
        path.write_bytes(b"something else" * 1000)
    elif spoil == "a folder for a file":
        path.mkdir()
    with pytest.raises(store.Unusable, match=r"store\.db cannot be used: .*\[bot\] data"):
        store.Store(path)


@pytest.mark.sqlite("the file")
def test_a_tool_says_that_there_is_no_store(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no store at .*store\.db"):
        store.Store(path, readonly=True)
    assert not path.exists()


@pytest.mark.sqlite("the file")
def test_the_disk_is_synced_at_every_commit(path: Path) -> None:
    with store.Store(path) as opened:
        assert opened.writer is not None
        pragma = opened.writer.connection.execute
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
        assert pragma("PRAGMA synchronous").fetchone() == (2,)
        assert pragma("PRAGMA foreign_keys").fetchone() == (1,)
        assert pragma("PRAGMA wal_autocheckpoint").fetchone() == (0,)


@pytest.mark.sqlite("the file")
async def test_the_log_is_copied_back_while_idle(path: Path) -> None:
    def size() -> int:
        return path.stat().st_size

    async with rig.running(path) as r:
        await asyncio.gather(*(r.engine.submit(rig.asked(n)) for n in range(50)))
        written = size()
        await rig.until(lambda: size() > written)
        assert len(r.rows("SELECT id FROM requests")) == 50


async def test_a_reader_sees_one_moment_and_blocks_nobody(path: Path) -> None:
    async with rig.running(path) as r:
        await r.engine.submit(rig.asked(1))
        with r.store.reading() as reader:
            reader.connection.execute(reader.snapshot)
            assert len(reader.open_requests()) == 1
            await r.engine.submit(rig.asked(2))
            assert len(reader.open_requests()) == 1
            reader.connection.execute("COMMIT")
            assert len(reader.open_requests()) == 2
        assert await r.engine.read(lambda reader: len(reader.recent_requests(1))) == 1
        status = await r.engine.read(lambda reader: reader.status())
        assert status.requests == {"pending": 2}
        assert status.effects == {"queued": 2}
        assert status.audit.seq == 2
        assert status.next_timer == rig.START + timedelta(minutes=30)


async def test_a_card_of_another_platform_or_no_card_finds_nothing(path: Path) -> None:
    async with rig.running(path) as r:
        await r.engine.submit(rig.asked(1))
        for needs in (
            model.Needs(platform="chat", card=""),
            model.Needs(platform="other", card="x"),
            model.Needs(platform="chat", form="f"),
            model.Needs(effect=99),
            model.Needs(request=99),
        ):
            view = await r.engine.write(lambda w, n=needs: w.view(n, rig.START))  # type: ignore[misc]
            assert view.request is None
            assert view.effect is None


async def test_a_form_makes_one_request(path: Path) -> None:
    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        assert isinstance(event, model.MessageReceived)
        request = rig.new_request(view, event, now)
        form = model.FormOrigin("chat", "corp", "PROC", "instance-1")
        return model.Decision(request=dataclasses.replace(request, form=form))

    async with rig.running(path, decide) as r:
        assert (await r.engine.submit(rig.asked(1))).tone == "info"
        assert (await r.engine.submit(rig.asked(2))).tone == "error"
        needs = model.Needs(platform="chat", form="instance-1")
        view = await r.engine.write(lambda w: w.view(needs, rig.START))
        assert view.request is not None
        assert view.request.id == 1


SEARCHED = {
    "since": 1, "until": 2, "before": 3, "person": "a", "command": "b", "states": "[]",
    "instance": "c", "glob": "e*", "prefix": "e", "approver": "d",
    "viewer": "f", "places": "[]",
}  # fmt: skip
INDEXED = {
    "EVENT_ANSWER": ("a",),
    "ASKS_COUNT": ("a", 1),
    "ASKS_FORGET": (1,),
    "STEP_OPEN": ("a",),
    "REQUEST_BY_CARD": ("a", "b"),
    "REQUEST_BY_ALIAS": ("a", "b"),
    "REQUEST_BY_MESSAGE": ("a", "b"),
    "REQUEST_BY_FORM": ("a", "b"),
    "STANDING": (1,),
    "STANDING_OF_COMMAND": ("a", 1),
    "VOTES": (1,),
    "PENDING": ("a", "b", 5),
    "HAS_VOTES": (1,),
    "VOTES_OF": ("[1]",),
    "TIMERS_OF": (1,),
    "SEARCH": SEARCHED | {"limit": 5},
    "SEARCH_COUNT": SEARCHED,
    "STEPS": (1,),
    "RESULTS": (1,),
    "STEPS_OPEN": (1, 1, 5),
    "TIMERS_DUE": (1, 1, 1, "", 5),
    "TIMER_NEXT": (),
    "BUCKETS": (),
    "EFFECTS_DUE": ("a", 1, 5),
    "EFFECT_QUEUES": (),
    "STEP_COUNTS_OPEN": (),
    "EFFECT_NEXT_DUE": ("a", 1),
    "EFFECTS_RECOVER": (),
    "EFFECTS_REPLACE": (1, "a", 5),
    "EFFECTS_RECENT": (1,),
    "CALLS_RECENT": (1,),
    "CALL_OF_EARLIER": (1, 1),
    "CALLS_FORGET": (1,),
    "AUDIT_OF_REQUEST": (1, 5),
    "FREEZES": (1,),
    "LOCKS_OF": (1,),
    "LOCKS_ON": ("[1]", 1, 5),
    "LOCKS_DROP": (1, "[1]"),
    "LOCKS_FREED": (1, "[1]"),
    "LOCKS_DUE": (1, "[1]"),
    "AUDIT_NEWEST": (5,),
    "REQUESTS_OPEN": (5,),
    "REQUESTS_BROKEN": (1, 5),
    "REQUESTS_RECENT": (5,),
    "EVENTS_PRUNE": {"before": 1, "outside": 1, "bite": 5},
    "OUTBOX_PRUNE": (1, 5, 1, 1),
    "BUS_INSERT": ("s", "i", "m", "t", "", 1, "{}"),
    "MARK_IS_TAKEN": ("s", "i", "m", "a", "b"),
    "BUS_FIRST_SINCE": (1,),
    "BUS_PAGE": {"after": 1, "since": 1, "types": "[]", "page": 5},
    "BUS_NEWEST": {"after": 1, "since": 1, "types": "[]", "limit": 5},
    "BUS_PRUNE": (1, 5),
    "LETTERS_DEAD": (5,),
    "LETTERS_OF": ("a", "b", 5),
    "LETTER_COUNTS": (),
    "REPORT_REQUESTS": (1, 2),
    "REPORT_APPROVED": (1, 2),
    "REPORT_REJECTED": (1, 2),
    "REPORT_EXPIRED": (1, 2),
    "REPORT_VOTERS": ("[1]",),
    "REPORT_REMINDERS": (1, 2),
    "REPORT_VOTES": (1, 2),
    "REPORT_BREAK_GLASS": (1, 2),
    "REPORT_PENDING": (),
}


@pytest.mark.sqlite(
    "reads plans of SQLite's; those of PostgreSQL's are read in test_postgres_plans"
)
@pytest.mark.parametrize("name", INDEXED)
def test_no_query_of_the_daily_work_reads_a_whole_table(path: Path, name: str) -> None:
    with store.Store(path) as opened:
        assert opened.writer is not None
        (module,) = [
            one for one in (queries, lookups, limits, reports, locks) if hasattr(one, name)
        ]
        query = "EXPLAIN QUERY PLAN " + getattr(module, name)
        plan = [row[3] for row in opened.writer.connection.execute(query, INDEXED[name])]
        limited = {"REQUESTS_RECENT", "AUDIT_NEWEST"}
        for line in plan:
            if line.startswith("SCAN ") and name not in limited:
                assert "USING" in line or re.match(
                    r"SCAN (each$|CONSTANT ROW$|json_each )", line
                ), plan
            few = ("VOTES_OF", "TIMERS_OF", "SEARCH")  # what they sort is limited
            few = (*few, "LOCKS_ON", "LOCKS_DUE", "FREEZES")
            grouped = ("VOTES", "LETTER_COUNTS", "EFFECT_QUEUES", "STEP_COUNTS_OPEN", *few)
            grouped += ("REPORT_REQUESTS", "REPORT_VOTES")
            assert "TEMP B-TREE" not in line or name in grouped, plan
            assert not line.endswith("(rowid<?)"), plan  # every row that came before
