"""A store that was put back: numbers come again, and what is told of them is true all the same."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from bot import model
from sandbox import play
from tests.behaviour.conftest import Scene

pytestmark = pytest.mark.sqlite("copies of the file")

ALL, STORE = "countersign.*", "countersign.db*"
"""What a snapshot of the machine has, and what `cp` of the store has: not the mark beside it."""


def copied(scene: Scene, target: Path, what: str = ALL) -> None:
    """A copy of the running store: the file with its write-ahead log."""
    target.mkdir()
    for path in scene.settings.data.glob(what):
        if not path.name.endswith(".lock"):
            shutil.copy(path, target / path.name)


def put_back(scene: Scene, source: Path) -> None:
    everything = any(path.suffix == ".high-water" for path in source.iterdir())
    for path in scene.settings.data.glob(ALL if everything else STORE):
        if not path.name.endswith(".lock"):
            path.unlink()
    for path in source.iterdir():
        shutil.copy(path, scene.settings.data / path.name)


async def restarted(scene: Scene, copy: Path) -> None:
    await scene.settled()
    await scene.end()
    put_back(scene, copy)
    await scene.start()


async def run_one(scene: Scene) -> tuple[play.Entry, play.Entry]:
    """Ask, approve, run, and be told: the card and the outcome."""
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=leak")
    await scene.click("bob", card, "approve")
    return card, await scene.told(play.AUDIT, known)


async def test_a_number_that_comes_again_gets_its_own_card_and_its_own_run(
    scene: Scene, tmp_path: Path
) -> None:
    """However the file came back. Nobody is told of a success that was an earlier one."""
    await scene.settled()
    copied(scene, tmp_path / "before")
    first, _ = await run_one(scene)
    await restarted(scene, tmp_path / "before")

    second, told = await run_one(scene)
    assert second["id"] != first["id"]
    assert "#1" in told["text"]
    assert len(await scene.runs()) == 2, "the new request ran, once"
    await scene.settled()
    with scene.reader() as reader:
        request = reader.request(1)
        step = reader.steps(1)[0]
        assert request.state is model.State.SUCCEEDED
        assert reader.verify_audit() == []
    assert step.invocation == (await scene.sandbox.call("aliyun", "invocations"))[-1]["id"]


async def test_what_was_approved_when_the_copy_was_made_is_run_once_all_the_same(
    scene: Scene, tmp_path: Path
) -> None:
    """The same approval, in a copy that does not know yet that it was carried out: what it started
    is found, and is its own."""
    await scene.sandbox.call("aliyun", "fault", api="RunCommand", do="throttle", times=8)
    card = await scene.pending("restart web-01 reason=leak")
    known = await scene.ids()
    await scene.click("bob", card, "approve")
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.APPROVED
    copied(scene, tmp_path / "before")
    await ended(scene)
    await scene.told(play.AUDIT, known)
    assert len(await scene.runs()) == 1

    await restarted(scene, tmp_path / "before")
    await ended(scene)
    assert len(await scene.runs()) == 1
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.SUCCEEDED


@pytest.mark.parametrize("what", [STORE, ALL], ids=["a plain copy", "a snapshot of the machine"])
async def test_a_store_that_was_put_back_by_other_means_is_recognised(
    scene: Scene, tmp_path: Path, what: str
) -> None:
    """What waited in the copy was approved and run since: a vote does not make it run again. A
    plain copy is recognised by the mark beside the store, a snapshot by what runs in the cloud."""
    card = await scene.pending("restart web-01 reason=leak")
    await scene.settled()
    copied(scene, tmp_path / "before", what)
    known = await scene.ids()
    await scene.click("bob", card, "approve")
    await scene.told(play.AUDIT, known)
    known = await scene.ids()
    await restarted(scene, tmp_path / "before")

    told = await scene.told(("从备份或快照恢复", "restored from a backup"), known)
    assert "#1" in told["text"]
    known = await scene.ids()
    with scene.reader() as reader:
        code = reader.request(1).code
    await scene.say("bob", f"approve 1 {code}")
    await scene.told(("revote 1",), known)
    await scene.settled()
    assert len(await scene.runs()) == 1
    with scene.reader() as reader:
        assert reader.request(1).hold == "restored"
        [entry] = [row for row in reader.chain() if row.action == "store.restored"]
        assert entry.facts["by"] == ("mark" if what == STORE else "cloud")
        assert reader.verify_audit() == []

    known = await scene.ids()
    fresh = await scene.pending("restart web-02 reason=leak")
    await scene.click("bob", fresh, "approve")
    assert "#1002" in (await scene.told(play.AUDIT, known))["text"]
    assert len(await scene.runs()) == 2


async def ended(scene: Scene) -> None:
    """Let time pass, step by step, until the request has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with scene.reader() as reader:
            if reader.request(1).state.final:
                return
        await scene.advance(2)
        await asyncio.sleep(0.05)
    raise AssertionError("it did not end")


async def test_what_was_open_in_a_restored_backup_is_told_and_nothing_starts(
    scene: Scene, tmp_path: Path
) -> None:
    """Backed up while it waited, approved and run after that: put back, it says what it does not
    know, and neither a vote nor time makes it run again."""
    card = await scene.pending("restart web-01 reason=leak")
    await scene.settled()
    await leave("backup", scene, tmp_path / "copy.db")
    known = await scene.ids()
    await scene.click("bob", card, "approve")
    await scene.told(play.AUDIT, known)
    await scene.settled()
    await scene.end()
    known = await scene.ids()
    said = await leave("restore", scene, tmp_path / "copy.db")
    assert "the next request is #1002" in said
    await scene.start()

    told = await scene.told(("从备份或快照恢复", "restored from a backup"), known)
    assert "#1" in told["text"]
    await scene.say("bob", "approve 1")
    await scene.advance(7200)
    await scene.settled()
    assert len(await scene.runs()) == 1
    with scene.reader() as reader:
        assert reader.request(1).state is not model.State.SUCCEEDED
        assert "store.restored" in [row.action for row in reader.chain()]
        assert reader.verify_audit() == []

    known = await scene.ids()
    fresh = await scene.pending("restart web-02 reason=leak")
    assert fresh["id"] not in known
    await scene.click("bob", fresh, "approve")
    assert "#1002" in (await scene.told(play.AUDIT, known))["text"]
    assert len(await scene.runs()) == 2


async def leave(word: str, scene: Scene, copy: Path) -> str:
    """What a call of the command line says, made beside the bot."""
    arguments = (word, "--config", str(scene.settings.path), str(copy))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
