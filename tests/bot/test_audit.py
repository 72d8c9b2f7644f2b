"""The chain shows what was changed, taken out, added or cut off; an export stands on its own."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import audit, model
from tests import stores
from tests.bot import rig

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=8,
)


def chain(*facts: dict[str, object]) -> list[model.AuditRow]:
    rows: list[model.AuditRow] = []
    for seq, fact in enumerate(facts, 1):
        at, prev = rig.START + timedelta(milliseconds=seq), rows[-1].hash if rows else ""
        text = audit.canonical_facts(fact)
        hash_ = audit.digest(prev, seq, audit.iso(at), "alice", "asked", 7, text)
        rows.append(model.AuditRow(seq, at, "alice", "asked", 7, fact, prev, hash_))
    return rows


ROWS = chain({"a": 1}, {"文": "字"}, {}, {"d": [1, 2]}, {"e": None})


def kinds(faults: list[audit.Fault]) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in faults]


def head(rows: list[model.AuditRow], expected: str | Sequence[str] = "") -> audit.Head:
    return audit.Head(rows[-1].seq, rows[-1].seq, rows[-1].hash, expected)


def test_the_hash_is_what_the_documentation_says() -> None:
    row = ROWS[1]
    fields = {
        "seq": 2,
        "at": "2026-03-01T08:00:00.002+00:00",
        "actor": "alice",
        "action": "asked",
        "request": 7,
        "facts": {"文": "字"},
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.hash == hashlib.sha256((ROWS[0].hash + text).encode()).hexdigest()


def test_a_whole_chain_has_no_faults() -> None:
    assert audit.verify(ROWS) == []
    assert audit.verify(ROWS, head(ROWS, audit.stamp(ROWS[3]))) == []
    assert audit.verify(ROWS, head(ROWS, f"5:{ROWS[4].hash}")) == []
    assert audit.verify([]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "bob"},
        {"action": "approved"},
        {"request": 8},
        {"facts": {"文": "改"}},
        {"at": rig.START},
        {"prev": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_any_change_of_an_entry_shows(change: dict[str, object]) -> None:
    rows = list(ROWS)
    rows[1] = replace(rows[1], **change)  # type: ignore[arg-type]
    assert (2, "hash") in kinds(audit.verify(rows))


def test_an_entry_rehashed_after_a_change_no_longer_carries_the_next() -> None:
    forged = replace(ROWS[1], actor="bob")
    forged = replace(forged, hash=audit.digest_of(forged))
    assert kinds(audit.verify([ROWS[0], forged, *ROWS[2:]])) == [(3, "prev")]


def test_missing_and_reordered_entries_show() -> None:
    assert kinds(audit.verify([*ROWS[:1], *ROWS[2:]])) == [(3, "gap")]
    assert kinds(audit.verify([ROWS[0], ROWS[2], ROWS[1]]))[:2] == [(3, "gap"), (2, "order")]
    first = replace(ROWS[0], prev="0" * 64)
    assert (1, "prev") in kinds(audit.verify([replace(first, hash=audit.digest_of(first))]))


def test_cut_off_entries_show_in_every_way_that_is_known() -> None:
    cut, end = ROWS[:3], ROWS[-1]
    assert audit.verify(cut) == []
    assert kinds(audit.verify(cut, audit.Head(sequence=5))) == [(5, "cut")]
    assert kinds(audit.verify(cut, audit.Head(seq=5, hash=end.hash))) == [(5, "cut")]
    assert kinds(audit.verify(cut, audit.Head(expected=audit.stamp(end)))) == [(5, "cut")]
    assert kinds(audit.verify([], audit.Head(expected=audit.stamp(end)))) == [(5, "cut")]


def test_a_wholly_rewritten_chain_shows_against_a_printed_stamp() -> None:
    other = chain({"a": 2}, {}, {}, {}, {})
    assert audit.verify(other, head(other)) == []
    printed = audit.stamp(ROWS[2])
    assert kinds(audit.verify(other, head(other, printed))) == [(3, "head")]
    assert kinds(audit.verify(other, head(ROWS))) == [(5, "head")]
    assert kinds(audit.verify(other, audit.Head(3, 3, other[2].hash))) == [(5, "head")]


@pytest.mark.parametrize("expected", ["", "5", "x:abcd", "5:", ":abcd", "5:ab", "five:abcdef12"])
def test_a_stamp_that_is_none_is_a_fault_and_not_a_pass(expected: str) -> None:
    assert "syntax" in [fault.kind for fault in audit.verify(ROWS, head(ROWS, (expected,)))]


def test_a_stamp_has_128_bits_and_a_shorter_one_proves_nothing() -> None:
    row = ROWS[2]
    assert audit.stamp(row) == f"3:{row.hash[:32]}"
    assert audit.verify(ROWS, head(ROWS, audit.stamp(row))) == []
    for digits in (4, 8, 31):
        [fault] = audit.verify(ROWS, head(ROWS, f"3:{row.hash[:digits]}"))
        assert fault.kind == "short"
        assert "hint: entry 3 begins with" in fault.detail
    [fault] = audit.verify(ROWS, head(ROWS, "3:00000000"))
    assert "does not begin" in fault.detail


def test_of_several_stamps_each_must_fit() -> None:
    first, last = audit.stamp(ROWS[0]), audit.stamp(ROWS[-1])
    assert audit.verify(ROWS, audit.Head(expected=(first, last))) == []
    assert kinds(audit.verify(ROWS[:3], audit.Head(expected=(first, last)))) == [(5, "cut")]


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5))
def test_an_export_reads_back_and_verifies_whatever_the_facts(
    facts: list[dict[str, object]],
) -> None:
    rows = chain(*facts)
    lines = [audit.line(row) for row in rows]
    assert [audit.parse(line) for line in lines] == rows
    assert audit.verify_file(lines) == []


def test_a_spoiled_file_names_its_lines() -> None:
    lines = [audit.line(row) for row in ROWS]
    lines[1] = lines[1].replace("字", "改")
    lines[3] = lines[3][:-20]
    lines.insert(0, "[1, 2]")
    faults = audit.verify_file(lines)
    assert [fault.detail[:7] for fault in faults if fault.kind == "syntax"] == [
        "line 1:",
        "line 5:",
    ]
    assert kinds(faults)[2:] == [(2, "hash"), (5, "gap")]
    assert kinds(audit.verify_file(lines[1:3], audit.stamp(ROWS[4])))[-1] == (5, "cut")


@pytest.mark.parametrize(
    "text",
    ["", "null", "{}", '{"seq": "1"}', "[" * 100_000, audit.line(ROWS[0]).replace("1", "1.5")],
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        audit.parse(text)


def test_facts_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(TypeError):
        audit.canonical_facts({"when": rig.START})
    assert audit.canonical_facts({1: ("a", 2)}) == '{"1":["a",2]}'  # type: ignore[dict-item]
    assert audit.canonical_facts({10: 1, 2: 1}) == '{"10":1,"2":1}'  # type: ignore[dict-item]
    assert audit.canonical_facts({"f": [float("inf"), 0.5]}) == '{"f":["inf",0.5]}'
    assert audit.canonical_facts({"s": model.State.PENDING}) == '{"s":"pending"}'


async def test_the_store_keeps_a_chain_that_its_rows_alone_cannot_fake(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with rig.running(path) as r:
        for number in range(1, 6):
            await r.engine.submit(rig.asked(number, f"重启 {number}"))
    with stores.opened(path, readonly=True) as opened, opened.reading() as reader:
        file = io.StringIO()
        assert audit.export(reader, file) == 5
        stamp = audit.stamp(list(reader.chain(page=2))[-1])
        assert audit.verify_file(file.getvalue().splitlines(), stamp) == []
        assert reader.verify_audit(stamp) == []
    for sql, found in [
        ("DELETE FROM audit WHERE seq > 3", [(5, "cut")]),
        ("DELETE FROM audit WHERE seq = 3", [(4, "gap")]),
        ("UPDATE audit SET actor = 'mallory' WHERE seq = 2", [(2, "hash")]),
        ("UPDATE audit SET facts = '{}' WHERE seq = 5", [(5, "hash")]),
    ]:
        with stores.altering(path) as raw:
            raw.execute("CREATE TABLE kept AS SELECT * FROM audit")
            raw.execute(sql)
            with stores.opened(path, readonly=True) as opened, opened.reading() as reader:
                assert kinds(reader.verify_audit()) == found
            raw.execute("DELETE FROM audit")
            raw.execute("INSERT INTO audit SELECT * FROM kept")
            raw.execute("DROP TABLE kept")


@pytest.mark.parametrize("noted", [None, "", "x", "3", "three:abc", ":"])
async def test_a_spoiled_note_of_the_newest_entry_is_a_fault(
    tmp_path: Path, noted: str | None
) -> None:
    path = tmp_path / "store.db"
    async with rig.running(path) as r:
        for number in range(1, 4):
            await r.engine.submit(rig.asked(number))
    with stores.altering(path) as raw:
        if noted is None:
            raw.execute("DELETE FROM meta WHERE name = 'audit.head'")
        else:
            raw.execute("UPDATE meta SET value = ? WHERE name = 'audit.head'", (noted,))
        with stores.opened(path, readonly=True) as opened, opened.reading() as reader:
            assert kinds(reader.verify_audit()) == [(3, "head")]
        raw.execute("DELETE FROM audit WHERE seq = 3")
        with stores.opened(path, readonly=True) as opened, opened.reading() as reader:
            assert kinds(reader.verify_audit()) == [(3, "cut")]


async def test_entries_cut_off_while_the_bot_was_down_leave_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with rig.running(path) as r:
        for number in range(1, 4):
            await r.engine.submit(rig.asked(number))
    with stores.altering(path) as raw:
        raw.execute("DELETE FROM audit WHERE seq = 3")
    with stores.opened(path) as opened:
        door = rig.engine.Engine(opened, rig.reading(), rig.Clock())
        door.start()
        await door.submit(rig.asked(9))
        with opened.reading() as reader:
            assert kinds(reader.verify_audit()) == [(4, "gap")]
        await door.close()


LINE = audit.line(ROWS[1])


@pytest.mark.parametrize(
    "forged",
    [
        LINE.replace("{", '{"actor":"eve",', 1),
        LINE.replace('"facts":{', '"facts":{"文":"改",'),
        LINE.replace("{", '{"comment":"bob did not mean it",', 1),
        LINE.replace(".002+", ".002999+"),
        LINE.replace("alice", "\\ud800"),
    ],
    ids=["a field twice", "a fact twice", "another field", "another moment", "no text"],
)
def test_a_line_that_can_be_read_in_another_way_is_a_fault(forged: str) -> None:
    assert forged != LINE
    assert audit.verify_file([audit.line(ROWS[0]), LINE]) == []
    assert audit.verify_file([audit.line(ROWS[0]), forged])
