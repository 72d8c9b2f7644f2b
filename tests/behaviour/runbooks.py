"""A bot with templates, for the behaviour tests: here or on OOS, with what a test adds."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from bot import model
from sandbox import play, process
from sandbox.client import Sandbox
from tests import settings
from tests.behaviour.conftest import Scene

TABLE = "[command.reboot-with-approval]"
PART = "parts/reboot-one.yml"
QUICK = (process.ROOT / "commands" / PART).read_text("utf-8").replace("Delay: 5", "Delay: 0.3")
ASK = "reboot-with-approval web-01 web-02 rateControl=1"
IDS = {"web-01": "i-sandbox0web01", "web-02": "i-sandbox0web02", "web-03": "i-sandbox0web03"}


def changed(engine: str = "", lines: str = "", **changes: str) -> settings.Setting:
    """The shipped template on an engine, with further ``lines`` in its table, and ``changes`` to
    what stands in the configuration."""
    away = f'engine = "{engine}"\nunjudged_calls = "allow"'
    table = f"{TABLE}\n{away}\n{lines}" if engine else f"{TABLE}\n{lines}"
    return settings.Setting(
        files={PART: QUICK},
        changes={TABLE: table, **changes},
        stored=(PART,) if engine else (),
    )


@contextlib.asynccontextmanager
async def playing(
    platform: str, folder: Path, setting: settings.Setting, started: bool = True
) -> AsyncIterator[Scene]:
    """The scene of a bot in this setting, which runs already or has to be ``started``."""
    async with Sandbox() as sandbox:
        path = settings.furnish(folder, sandbox, setting)
        await settings.prepare(folder, sandbox, setting)
        scene = Scene(sandbox, platform, path)
        if started:
            await scene.start()
        try:
            yield scene
        finally:
            await scene.end()


async def agreed(scene: Scene, text: str = ASK) -> play.Entry:
    """Ask for a template and approve it: its card."""
    card = await scene.pending(text)
    await scene.click("bob", card, "approve")
    return card


async def offering(scene: Scene, card: play.Entry, action: str, words: str = "") -> play.Entry:
    """The card as soon as it offers a button, with these words on it."""

    def found(entries: list[play.Entry]) -> play.Entry | None:
        for entry in entries:
            actions = {button["action"] for button in entry["buttons"]}
            if entry["id"] == card["id"] and action in actions and words in entry["text"]:
                return entry
        return None

    entry: play.Entry = await scene.until(f"the card offering {action} with {words!r}", found)
    return entry


async def rebooted(scene: Scene) -> list[str]:
    """Which machines were rebooted, in order."""
    names = {id: name for name, id in IDS.items()}
    acts = await scene.power()
    assert {act["act"] for act in acts} <= {"reboot"}
    return [names[act["instance"]] for act in acts]


def the_request(scene: Scene, number: int = 1) -> model.Request:
    with scene.reader() as reader:
        found = reader.request(number)
    assert isinstance(found, model.Request)
    return found


def actions(scene: Scene) -> list[str]:
    """What the audit log says happened; it must verify."""
    with scene.reader() as reader:
        assert reader.verify_audit() == []
        return [row.action for row in reader.chain()]
