"""What is kept in the cloud, on both platforms: people vote on the text that runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot import model
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene

TABLE = "[command.provision]"
CONTENT = "echo welcome {{emp_id}} as {{role}} > hired"
ASK = "provision E77 dev"
HR = "i-sandbox00hr01"


@asynccontextmanager
async def playing(platform: str, folder: Path, lines: str = "") -> AsyncIterator[tuple[Scene, str]]:
    """A bot whose ``provision`` is a stored command, and its id."""
    async with Sandbox() as sandbox:
        id = await sandbox.call(
            "aliyun", "add_command", name="hire", content=CONTENT, EnableParameter=True
        )
        path = process.configuration(folder, sandbox.ports)
        text = path.read_text("utf-8")
        assert TABLE in text
        changed = text.replace(TABLE, f'{TABLE}\ncommand_id = "{id}"\n{lines}')
        path.write_text(changed, "utf-8")
        scene = Scene(sandbox, platform, path)
        await scene.start()
        try:
            yield scene, id
        finally:
            await scene.end()


async def change(scene: Scene, id: str, late: bool = False) -> None:
    content = "echo mallory > hired # {{emp_id}} {{role}}"
    await scene.sandbox.call("aliyun", "change_command", command=id, content=content, late=late)


def holding(words: str) -> Callable[[list[play.Entry]], bool]:
    return lambda entries: any(words in entry["text"] for entry in entries)


async def hired(scene: Scene) -> str:
    files = await scene.sandbox.call("aliyun", "files", instance=HR)
    return "".join(text for name, text in files.items() if name.endswith("hired"))


async def test_people_see_a_stored_command_and_that_is_what_runs(
    platform: str, tmp_path: Path
) -> None:
    async with playing(platform, tmp_path) as (scene, id):
        card = await scene.pending(ASK)
        assert "echo welcome E77 as dev > hired" in card["text"]
        assert id in card["text"]
        await change(scene, id)
        await scene.click("bob", card, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        assert await hired(scene) == "welcome E77 as dev\n"


async def test_a_stored_command_that_changed_after_the_vote_is_not_invoked(
    platform: str, tmp_path: Path
) -> None:
    async with playing(platform, tmp_path, "invoke = true") as (scene, id):
        known = await scene.ids()
        card = await scene.pending(ASK)
        await change(scene, id)
        await scene.click("bob", card, "approve")
        told = await scene.told("没有启动", known)
        assert "改动" in told["text"]
        assert await hired(scene) == ""


async def test_a_part_on_oos_runs_in_the_version_that_people_saw(
    platform: str, tmp_path: Path
) -> None:
    async with runbooks.playing(platform, tmp_path, runbooks.changed("oos")) as scene:
        card = await scene.pending(runbooks.ASK)
        assert "reboot-one v1" in await scene.shown()
        await scene.until("what the part does", holding("RebootInstance"))
        worse = runbooks.QUICK.replace("RebootInstance", "DeleteInstance")
        await scene.sandbox.call("aliyun", "change_template", name="reboot-one", content=worse)
        await scene.click("bob", card, "approve")
        shown = await runbooks.offering(scene, card, "approve", "需要审批")
        await scene.click("bob", shown, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        assert sorted(await runbooks.rebooted(scene)) == ["web-01", "web-02"]


async def test_what_an_invocation_ran_instead_is_an_incident(platform: str, tmp_path: Path) -> None:
    async with playing(platform, tmp_path, "invoke = true") as (scene, id):
        known = await scene.ids()
        card = await scene.pending(ASK)
        assert "echo welcome E77 as dev > hired" in card["text"]
        await change(scene, id, late=True)
        await scene.click("bob", card, "approve")
        told = await scene.told("echo mallory", known)
        assert "与审批时展示的不同" in told["text"]
        await scene.card_says(card, "事故")
        assert "run.incident" in runbooks.actions(scene)
        assert runbooks.the_request(scene).incident
        assert runbooks.the_request(scene).state in model.State
