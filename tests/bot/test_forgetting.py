"""A person is forgotten: nothing in the store tells who they are but the ids that prove what was
done, and the audit chain verifies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import __main__ as cli
from bot import audit, model, store
from tests import stores
from tests.bot import run_stage
from tests.bot.configured import SMALL
from tests.bot.test_retention import DAY, deaths, ended

OURS = "restart web-01 reason=peculiar"
THEIRS = "restart web-02 reason=others"


@pytest.fixture
def scene(tmp_path: Path) -> run_stage.RunStage:
    """Alice asked and ran something, and pressed a button that is not hers; bob approved, carol
    asked for something of her own."""
    (tmp_path / "data").mkdir()
    made = run_stage.RunStage(tmp_path / "data")
    ended(made, OURS)
    request = made.planned("carol", THEIRS)
    made.click("alice", request.id, "approve", request.code, request.card)
    made.click("bob", request.id, "approve", request.code, request.card, "fine with me")
    made.work()
    made.observe(request.id)
    made.work()
    return made


def settled(scene: run_stage.RunStage, days: int = 31) -> Path:
    """What was sent is forgotten, and the bot is stopped."""
    scene.clock.advance(days * DAY)
    scene.ask("bob", "help")  # the newest effect stays, for its number
    scene.work()
    scene.remove_texts(4000)
    scene.close()
    return scene.path


def forget(path: Path, person: str) -> store.Traces:
    with stores.opened(path) as opened:
        return store.forget(opened, person, "console:ops", datetime.now(UTC))


def looked_at(path: Path, person: str) -> store.Traces:
    with stores.opened(path, readonly=True) as opened:
        return store.traces(opened, person)


def test_a_requester_is_forgotten(scene: run_stage.RunStage) -> None:
    stamps = [audit.stamp(row) for row in scene.read(lambda reader: list(reader.chain()))]
    path = settled(scene)
    looked = looked_at(path, "alice")
    done = forget(path, "alice")
    assert (done.own, done.others, done.votes) == ([1], [2], 0)
    assert (looked.own, looked.others, looked.texts) == (done.own, done.others, done.texts)
    tables = stores.dump(path)
    for table, content in tables.items():
        if table != "audit":
            assert "u-alice" not in content, table
            assert "'alice'" not in content, table
            assert '"alice"' not in content, table
            assert "Alice" not in content, table
            assert "peculiar" not in content, table
    assert "others" in tables["requests"], "what another person typed stays"
    assert "fine with me" in tables["votes"]
    assert stores.POSTGRES or b"peculiar" not in path.read_bytes()
    with stores.opened(path) as opened, opened.reading() as reader:
        assert reader.verify_audit(stamps) == []
        request = reader.request(1)
        assert request is not None
        assert (request.person, request.removed) == (done.pseudonym, "person")
        assert request.account == model.Account("chat", "corp", done.pseudonym)
        last = list(reader.chain())[-1]
        assert (last.action, last.actor) == ("person.forgotten", "console:ops")
        assert last.facts["pseudonym"] == done.pseudonym
    assert not stores.findings(path)


def test_a_voter_is_forgotten_and_the_approval_stays_proved(scene: run_stage.RunStage) -> None:
    path = settled(scene)
    done = forget(path, "bob")
    assert (done.own, done.votes) == ([], 2)
    assert "fine with me" not in stores.dump(path)["votes"]
    assert done.plans == 2, "the digests cover who could approve"
    assert OURS in stores.dump(path)["requests"]
    assert not stores.findings(path)
    with stores.opened(path) as opened, opened.reading() as reader:
        (vote,) = reader.votes(1)
        assert (vote.person, vote.account.id, vote.approve) == (
            done.pseudonym,
            done.pseudonym,
            True,
        )
    with stores.altering(path) as connection:
        connection.execute("UPDATE votes SET person = 'former-00000000'")
    assert "vote" in {finding.kind for finding in stores.findings(path)}


def test_it_is_done_once_and_the_pseudonym_stays(scene: run_stage.RunStage) -> None:
    path = settled(scene)
    first = forget(path, "alice")
    again = forget(path, "alice")
    assert not again.anything
    assert again.pseudonym == first.pseudonym
    with stores.opened(path) as opened, opened.reading() as reader:
        rows = [row for row in reader.chain() if row.action == "person.forgotten"]
    assert len(rows) == 1
    nobody = forget(path, "zoe")
    assert (nobody.anything, nobody.entries) == (False, 0)


def test_nobody_is_forgotten_while_something_of_theirs_is_open(scene: run_stage.RunStage) -> None:
    scene.planned("alice", "restart web-03 reason=open")
    before = scene.request(1)
    scene.close()
    path = scene.path
    with pytest.raises(store.Refused, match="has a part in #3, which is open"):
        forget(path, "alice")
    with stores.opened(path) as opened, opened.reading() as reader:
        assert reader.request(1) == before
    assert forget(path, "bob").votes == 2


@pytest.mark.parametrize("nobody", ["", " ", "countersign"])
def test_the_bot_and_nobody_are_not_forgotten(nobody: str, scene: run_stage.RunStage) -> None:
    """A request that nobody ended has an empty name there, and the bot is an actor of the log."""
    path = settled(scene)
    before = stores.dump(path)
    with pytest.raises(store.Refused, match="is no person"):
        forget(path, nobody)
    with pytest.raises(store.Refused, match="is no person"):
        looked_at(path, nobody)
    assert stores.dump(path) == before


@pytest.mark.sqlite("kills a process at the statements of SQLite's driver, on copies of the file")
def test_a_kill_at_any_statement_leaves_all_or_nothing(scene: run_stage.RunStage) -> None:
    assert deaths("forget", settled(scene), 11) > 2


# ----------------------------------------------------------------------------- the command line


@pytest.mark.sqlite("the command line names a file")
def test_the_command_line(
    scene: run_stage.RunStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\n')
    database = tmp_path / "data" / "countersign.db"
    settled(scene).rename(database)

    def run(*words: str) -> tuple[int, str]:
        said = CliRunner().invoke(cli.main, ["store", "forget", *words, "--config", str(path)])
        return said.exit_code, said.output

    before = database.read_bytes()
    status, said = run("alice", "--dry-run")
    assert status == 0
    assert "would be removed: texts, values and outputs of 1 request of alice" in said
    assert "stays: the id alice in" in said
    assert "not reached: backups, exports" in said
    assert database.read_bytes() == before
    status, said = run("ann")
    assert status == 1
    assert "ann stands in" in said
    with store.Store(database):
        assert run("alice") == (
            1,
            "the bot is running: stop it first, or look with --dry-run\n",
        )
    status, said = run("alice")
    assert (status, said.splitlines()[0][:11]) == (0, "ok: removed")
    assert "there is nothing of alice that can be removed" in run("alice")[1]
