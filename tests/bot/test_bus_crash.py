"""Killed anywhere between accepting an event and its delivery: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot import store

EVENTS = 4
CHILD = textwrap.dedent(
    """
    import asyncio, contextlib, os, signal, sys
    from pathlib import Path
    from bot import core, deployment, failpoints, model, store
    from bot.commands import loader
    from bot.runtime import command_target, engine, outbox
    from tests.bot import bus_stage, rig, stage

    folder, point, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    HIRED = '$.source == "hr"'
    COMMANDS = loader.load(stage.COMMANDS)
    HOUSE = deployment.Deployment(stage.book(), COMMANDS, "here", rules=bus_stage.rules(
        hire=(HIRED, bus_stage.command("provision", bus_stage.HIRE)),
        tell=(HIRED, bus_stage.webhook()),
    ))

    def hook(name):
        global count
        if name == point:
            count -= 1
            if count == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    class Robot:
        # like a real one: a message that may have been sent is not sent again
        async def perform(self, effect, attempt):
            if attempt.uncertain:
                return model.Unknown("an earlier try may have arrived")
            with open(folder / "sent", "a") as file:
                file.write(effect.key + chr(10))
            return model.Done()

    class Cloud:
        async def perform(self, effect, attempt):
            found = [stage.INSTANCES["web-01"]]
            data = {"instances": found, "unknown": [], "ambiguous": {}}
            return model.Done("ref", data if effect.kind == "resolve" else {})

    async def main():
        with contextlib.closing(store.Store(folder / "store.db")) as opened:
            door = engine.Engine(
                opened,
                lambda event: core.read(HOUSE, event),
                rig.Clock(),
            )
            door.start()
            parties = {model.ToCommand: command_target.CommandTarget(door.submit, rig.Clock())}
            parties[model.ToWebhook] = Robot()
            route = lambda effect: parties.get(type(getattr(effect, "to", None)), Cloud())
            box = outbox.Outbox(door, route, (), rig.Clock())
            await box.recover()
            failpoints.install(hook)
            task = asyncio.create_task(box.run())
            for number in range(int(sys.argv[4])):
                data = {"emp_id": f"E{number}", "role": "dev"}
                event = model.CloudEvent(f"e{number}", "hr", "hired", rig.START, data=data)
                arrived = model.EventReceived(f"ce:{number}", rig.START, event, "hr", "alice")
                await door.submit(arrived)
                print(number, flush=True)
            def done():
                with opened.reading() as reader:
                    return not reader.status().effects
            await rig.until(done, 30)
            await box.drain()
            await task
            await door.close()

    asyncio.run(main())
    """
)


async def play(folder: Path, point: str, count: int) -> tuple[int, set[int]]:
    """One life of the process: how it ended, and which events it had answered."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(folder), point, str(count), str(EVENTS),
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, {int(line) for line in output.split()}


@contextmanager
def reading(folder: Path) -> Iterator[store.Reader]:
    with (
        closing(store.Store(folder / "store.db", readonly=True)) as opened,
        opened.reading() as reader,
    ):
        yield reader


@pytest.mark.parametrize(
    ("point", "count"),
    [
        pytest.param("engine.committed", 5, marks=pytest.mark.slow),
        pytest.param("outbox.claimed", 2, marks=pytest.mark.slow),
        pytest.param("outbox.before.deliver", 3, marks=pytest.mark.slow),
        pytest.param("outbox.after.deliver", 2, marks=pytest.mark.slow),
        ("outbox.after.deliver", 5),
    ],
)
async def test_nothing_is_lost_or_doubled(tmp_path: Path, point: str, count: int) -> None:
    status, answered = await play(tmp_path, point, count)
    assert status == -signal.SIGKILL
    with reading(tmp_path) as reader:
        stored = {int(e.id[1:]) for _, e in reader.bus_events(types=("hired",))}
    assert answered <= stored
    assert await play(tmp_path, "", 0) == (0, set(range(EVENTS)))

    with reading(tmp_path) as reader:
        events = [event.id for _, event in reader.bus_events(types=("hired",))]
        requests = Counter(one.args["emp_id"] for one in reader.recent_requests(100))
        doubtful = {letter.deliver.key for letter in reader.letters("unknown")}
        dead = {letter.deliver.key for letter in reader.letters()}
        done = {letter.deliver.key for letter in reader.letters("done")}
        assert reader.verify_audit() == []
    assert sorted(events) == [f"e{number}" for number in range(EVENTS)]
    assert requests == Counter({f"E{number}": 1 for number in range(EVENTS)})
    assert dead == doubtful
    sent = Counter((tmp_path / "sent").read_text().split())
    assert set(sent.values()) == {1}
    told = {f"deliver:hr:e{number}:tell:0" for number in range(EVENTS)}
    hired = {f"deliver:hr:e{number}:hire:0" for number in range(EVENTS)}
    assert done | doubtful == told | hired
    assert hired <= done  # the clerk recognises what it asked for, so it is never in doubt
    assert done - hired <= sent.keys() <= told
