"""The second founding document's loop, literally: an event's JSON comes in, a rule asks for the
command, people approve, it runs, and a second rule posts the outcome to a robot."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from bot import __main__ as cli
from bot import model
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene

TOKEN = "sandbox-events-token"
EVENT = {
    "source": "dingtalk.approval",
    "detail-type": "ProvisionRequest",
    "detail": {"emp_id": "E123", "role": "devops"},
}
RULES = """
[http]
listen = "127.0.0.1:0"

[[source]]
name = "oa"
path = "/events/oa"
kind = "eventbridge"
token = {{ file = "{folder}/events-token" }}
person = "alice"
only = ["dingtalk.approval"]

[[rule]]
name = "provision"
when = '$.source == "dingtalk.approval"'

[[rule.target]]
command = "provision"
args = {{ emp_id = "$.detail.emp_id", role = "$.detail.role" }}
group = "hr"
platform = "{platform}"

[[rule]]
name = "done"
when = '$.detail.InvocationStatus == "Success"'

[[rule.target]]
robot = "{robot}"
form = "TEMPLATE"
value = {{ who = "$.detail.request.args.emp_id", number = "$.detail.request.id" }}
template = '{{"msgtype": "text", "text": {{"content": "会签 #${{number}}: ${{who}} is ready"}}}}'

[[rule]]
name = "failed"
when = '$.detail.InvocationStatus == "Failed"'

[[rule.target]]
group = "ops"
platform = "{platform}"
mention = ["bob"]
form = "TEMPLATE"
value = {{ number = "$.detail.request.id", note = "$.detail.note" }}
template = "#${{number}} failed: ${{note}}"
"""


class Ruled(Scene):
    """A scene whose bot listens on whatever port is free, which its log says."""

    caplog: pytest.LogCaptureFixture
    port = 0

    async def start(self) -> None:
        with self.caplog.at_level(logging.INFO, "adapters.inlet"):
            await super().start()
        self.port = int(re.findall(r"listening on 127\.0\.0\.1:(\d+)", self.caplog.text)[-1])

    async def post(self, event: Any, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/events/oa"
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.post(url, json=event, headers=headers) as answer,
        ):
            return answer.status, json.loads(await answer.text())


@pytest.fixture
async def scene(
    platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Ruled]:
    async with Sandbox() as sandbox:
        (tmp_path / "events-token").write_text(TOKEN)
        robot = "ops" if platform == "dingtalk" else "lark-ops"
        extra = RULES.format(folder=tmp_path, platform=platform, robot=robot)
        found = Ruled(sandbox, platform, process.configuration(tmp_path, sandbox.ports, extra))
        found.caplog = caplog
        await found.start()
        try:
            yield found
        finally:
            await found.end()


async def recorded(scene: Ruled, action: str) -> list[model.AuditRow]:
    """Wait until something stands in the audit log."""
    deadline = time.monotonic() + scene.patience
    while time.monotonic() < deadline:
        with scene.reader() as reader:
            if found := [row for row in reader.chain() if row.action == action]:
                return found
        await asyncio.sleep(0.03)
    raise AssertionError(f"there is no {action} in the audit log")


async def test_the_loop_of_the_document(scene: Ruled) -> None:
    known, there = await scene.ids("hr"), await scene.ids("ops")
    status, _ = await scene.post(EVENT)
    assert status == 202
    card = await scene.new_card("provision", known, "hr")
    assert "Alice" in card["text"]
    assert await scene.runs() == [], "an event approves nothing"
    await scene.click("bob", card, "approve")
    told = await scene.told(play.AUDIT, known, "hr")
    assert "E123" in told["text"]
    posted = await scene.told("E123 is ready", there)
    assert "会签 #1" in posted["text"]
    assert len(await scene.runs()) == 1
    again, _ = await scene.post(EVENT)
    assert again == 200, "the same event is taken once"
    await scene.settled()
    assert len(await scene.runs()) == 1


async def test_forged_events_are_refused_and_on_record(scene: Ruled) -> None:
    status, _ = await scene.post(EVENT, token="guessed")
    assert status == 401
    refused = await recorded(scene, "event.refused")
    assert refused[0].facts["via"] == "oa"
    with scene.reader() as reader:
        assert "request.asked" not in [row.action for row in reader.chain()]


async def test_an_event_that_lacks_a_value_is_told_and_runs_nothing(scene: Ruled) -> None:
    status, _ = await scene.post({**EVENT, "detail": {"emp_id": "E9"}})
    assert status == 202
    failed = await recorded(scene, "rule.failed")
    assert "role" in failed[0].facts["error"]
    assert await scene.runs() == []


async def test_a_failed_run_is_told_in_the_group_with_a_mention(scene: Ruled) -> None:
    there = await scene.ids("ops")
    card = await scene.pending("run web-01 -- exit 3", user="bob")
    await scene.click("carol", card, "approve")
    told = await scene.told("failed:", [*there, card["id"]], to="bob")
    assert "#1" in told["text"]


async def test_what_was_told_is_told_again_where_somebody_hands_its_event_to_the_rule(
    scene: Ruled,
) -> None:
    there = await scene.ids("ops")
    card = await scene.pending("run web-01 -- exit 3", user="bob")
    await scene.click("carol", card, "approve")
    first = await scene.told("failed:", [*there, card["id"]], to="bob")
    await scene.settled()
    await scene.end()
    words = ["rule", "redo", "failed", "--since", "1h", "--config", str(scene.settings.path)]
    done = await asyncio.to_thread(CliRunner().invoke, cli.main, words, "y\n")
    assert done.exit_code == 0, done.output
    assert "1 delivery queued" in done.stdout
    await scene.start()
    again = await scene.told("failed:", [*there, card["id"], first["id"]], to="bob")
    assert again["text"] == first["text"]
    assert len(await recorded(scene, "rule.redone")) == 1
    assert len(await scene.runs()) == 1, "what is told again runs nothing"


# ----------------------------------------------------------------------------- the document's words

DOCUMENT = """
[http]
listen = "127.0.0.1:0"

[[source]]
name = "oa"
path = "/events/oa"
kind = "eventbridge"
token = {{ file = "{folder}/events-token" }}
person = "alice"
only = ["dingtalk.approval", "acs.ecs"]

[[rule]]
name = "provision"
when = '$.source == "dingtalk.approval"'

[[rule.target]]
run_command = '''
{{"CommandId": "{command}", "InstanceIds": ["{instance}"], "Timeout": 300,
 "Parameters": {{"emp_id": "{{{{.detail.emp_id}}}}", "role": "{{{{.detail.role}}}}"}}}}'''
group = "hr"
platform = "{platform}"

[[rule]]
name = "done"
when = '$.source == "acs.ecs" && $.detail.InvocationStatus == "Success"'

[[rule.target]]
group = "hr"
platform = "{platform}"
form = "TEMPLATE"
value = {{ how = "$.detail.InvocationStatus", which = "$.detail.commandId" }}
template = "${{which}} ended: ${{how}}"
"""
COMPLETED = {
    "id": "45ef4dewdwe1-7c35-447a-bd93-fab0001",
    "source": "acs.ecs",
    "specversion": "1.0",
    "type": "ecs:CloudAssistant:TaskCompleted",
    "data": {"commandId": "c-hz045", "exitCode": "0", "invocationStatus": "Success"},
}
HR = "i-sandbox00hr01"


async def test_the_target_of_the_document_in_its_own_words(
    platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Sandbox() as sandbox:
        content = "echo {{emp_id}} as {{role}} > hired"
        id = await sandbox.call(
            "aliyun", "add_command", name="hire", content=content, EnableParameter=True
        )
        (tmp_path / "events-token").write_text(TOKEN)
        more = DOCUMENT.format(folder=tmp_path, platform=platform, command=id, instance=HR)
        path = process.configuration(tmp_path, sandbox.ports, more)
        text = path.read_text("utf-8").replace(
            "[command.provision]", f'[command.provision]\ncommand_id = "{id}"'
        )
        path.write_text(text, "utf-8")
        scene = Ruled(sandbox, platform, path)
        scene.caplog = caplog
        await scene.start()
        try:
            known = await scene.ids("hr")
            assert (await scene.post(EVENT))[0] == 202
            card = await scene.new_card("provision", known, "hr")
            for words in ("echo E123 as devops > hired", id, "hr-01", "300"):
                assert words in card["text"]
            assert await scene.runs() == [], "an event approves nothing"
            await scene.click("bob", card, "approve")
            await scene.told(play.AUDIT, known, "hr")
            files = await scene.sandbox.call("aliyun", "files", instance=HR)
            assert [made for name, made in files.items() if name.endswith("hired")] == [
                "E123 as devops\n"
            ]
            assert (await scene.post(COMPLETED))[0] == 202
            await scene.told("c-hz045 ended: Success", known, "hr")
        finally:
            await scene.end()
