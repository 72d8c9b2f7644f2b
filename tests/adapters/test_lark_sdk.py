"""The lean import of the SDK, and what the SDK does when nothing of it is overridden.

Each runs in a process of its own: one must see a fresh interpreter, the other imports the whole
SDK and gets stuck by design.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from adapters.lark import sdk


def run(script: str) -> dict[str, Any]:
    """The JSON object that the script prints as its last line."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result | {"stderr": done.stderr}


@pytest.fixture(scope="module")
def lean() -> dict[str, Any]:
    return run(
        """
        import asyncio, json, logging, sys
        own = asyncio.new_event_loop()
        asyncio.set_event_loop(own)
        from adapters.lark import sdk
        said = {
            "left": [n for n in sys.modules if n.startswith("lark_oapi")],
            "finders": [type(f).__name__ for f in sys.meta_path],
            "handlers": len(logging.getLogger("Lark").handlers),
            "loop": asyncio.get_event_loop() is own,
        }
        import lark_oapi
        import lark_oapi.ws
        said |= {
            "whole": hasattr(lark_oapi, "Client"),
            "models": hasattr(lark_oapi.api.im.v1, "CreateMessageRequest"),
            "dispatcher": hasattr(lark_oapi.EventDispatcherHandler, "builder"),
            "apart": lark_oapi.ws.Client is not sdk.Client,
            "modules": sum(n.startswith("lark_oapi") for n in sys.modules),
            "builds": lark_oapi.Client.builder().app_id("a").app_secret("b").build() is not None,
            "frame": sdk.Frame().SerializePartialToString().hex(),
        }
        print(json.dumps(said))
        """
    )


@pytest.mark.slow
def test_the_lean_import_leaves_no_trace(lean):
    assert lean["left"] == []
    assert "_BareFinder" not in lean["finders"]
    assert lean["handlers"] == 0
    assert lean["loop"] is True
    assert lean["stderr"] == ""


@pytest.mark.slow
def test_an_ordinary_import_afterwards_gets_the_whole_sdk(lean):
    assert lean["whole"] is True
    assert lean["models"] is True
    assert lean["dispatcher"] is True
    assert lean["apart"] is True
    assert lean["builds"] is True
    assert lean["modules"] > 5000


@pytest.mark.slow
def test_another_version_is_imported_in_the_ordinary_way():
    said = run(
        """
        import json, sys
        import importlib.abc, importlib.util, importlib.machinery
        class Newer(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name != "lark_oapi.core.const":
                    return None
                spec = importlib.machinery.PathFinder.find_spec(name, path)
                run = spec.loader.exec_module
                def exec_module(module):
                    run(module)
                    module.VERSION = "9.9.9"
                spec.loader.exec_module = exec_module
                return spec
        sys.meta_path.insert(0, Newer())
        from adapters.lark import sdk
        print(json.dumps({"version": sdk.VERSION, "whole": "lark_oapi.client" in sys.modules}))
        """
    )
    assert (said["version"], said["whole"]) == ("9.9.9", True)
    assert "9.9.9" in said["stderr"]


def test_the_version_is_the_one_that_this_was_written_against():
    assert sdk.VERSION == sdk.TESTED


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """What the unmodified SDK does in the situations that our connection is tested in."""
    return run(
        """
        import asyncio, json, logging, threading, time
        import lark_oapi
        from lark_oapi.ws import client as ws
        from lark_oapi.ws.model import ClientConfig
        from lark_oapi.ws.exception import ClientException
        from lark_oapi.event.dispatcher_handler import EventDispatcherHandler

        logging.getLogger("Lark").setLevel(logging.CRITICAL)
        said, loop = {}, ws.loop
        times = []
        def handler(event):
            times.append(time.monotonic())
            time.sleep(0.2)
        dispatcher = EventDispatcherHandler.builder("", "")
        dispatcher = dispatcher.register_p2_im_message_receive_v1(handler).build()

        class Conn:
            def __init__(self): self.sent = []
            async def send(self, data):
                frame = ws.Frame(); frame.ParseFromString(data); self.sent.append(frame)
            async def recv(self): raise ConnectionError("gone")
            async def close(self): pass
        def client():
            made = ws.Client("cli_plain", "s", event_handler=dispatcher)
            made._conn = Conn()
            logging.getLogger("Lark").setLevel(logging.CRITICAL)
            return made
        def frame(payload, type_="event"):
            made = ws.Frame()
            made.SeqID = made.LogID = 1; made.service = 3; made.method = 1
            for key, value in (("type", type_), ("message_id", "m"), ("trace_id", "t"),
                               ("sum", "1"), ("seq", "0")):
                header = made.headers.add(); header.key, header.value = key, value
            made.payload = payload
            return made.SerializeToString()
        def answer(payload, type_="event"):
            one = client()
            loop.run_until_complete(one._handle_message(frame(payload, type_)))
            return [json.loads(f.payload) for f in one._conn.sent]

        said["unknown"] = answer(b'{"schema":"2.0","header":{"event_type":"im.other_v1"}}')
        said["broken"] = answer(b"{broken")
        said["card"] = answer(b"{}", "card")

        async def start():
            try:
                client().start()
            except RuntimeError as problem:
                return str(problem)
        said["start"] = loop.run_until_complete(start())

        one = client()
        event = b'{"schema":"2.0","header":{"event_type":"im.message.receive_v1"},"event":{}}'
        async def two():
            await asyncio.gather(*(one._handle_message(frame(event)) for _ in range(2)))
        loop.run_until_complete(two())
        said["apart"] = times[1] - times[0]

        one = client()
        one._configure(ClientConfig({"PingInterval": 30}))
        async def reconnect():
            try:
                await one._reconnect()
            except TypeError as problem:
                return str(problem)
        said["partial"] = loop.run_until_complete(reconnect())

        one = client(); one._reconnect_nonce = 0
        calls = []
        def refuse():
            calls.append(1); raise ClientException(1000040350, "limit")
        one._get_conn_url = refuse
        one._conn = Conn()
        async def receive():
            try:
                await one._receive_message_loop()
            except ClientException:
                return len(calls)
        said["gave_up_after"] = loop.run_until_complete(receive())

        one = client()
        async def connect_twice():
            await one._connect()
            return one._lock.locked()
        said["locked"] = loop.run_until_complete(connect_twice())

        import socket
        held = socket.socket(); held.bind(("127.0.0.1", 0)); held.listen()
        one = client(); one._domain = "http://127.0.0.1:%d" % held.getsockname()[1]
        asking = threading.Thread(target=one._get_conn_url, daemon=True)
        asking.start(); asking.join(1.0)
        said["hangs"] = asking.is_alive()

        one = client()
        said["empty_part"] = [
            one._combine("m", 2, 0, b"") is None and one._combine("m", 2, 1, b"x") is None
        ]
        said["stop"] = hasattr(ws.Client, "stop") or hasattr(ws.Client, "close")

        lines = []
        class Lines(logging.Handler):
            def emit(self, record): lines.append(record.getMessage())
        ws.logger.handlers[:] = [Lines()]; ws.logger.setLevel(logging.INFO)
        one = client(); one._conn = None
        ws.logger.setLevel(logging.INFO)
        one._get_conn_url = lambda: "ws://h/ws?device_id=1&service_id=2&access_key=AKEY&ticket=TICK"
        async def fake(*_, **__): return Conn()
        ws.websockets.connect = fake
        one._auto_reconnect = False
        loop.run_until_complete(one._connect())
        said["logged"] = any("AKEY" in line and "TICK" in line for line in lines)
        from adapters.lark import sdk
        said["same"] = sdk.Client is ws.Client and not ws.loop.is_closed()
        print(json.dumps(said), flush=True)
        import os; os._exit(0)
        """
    )


@pytest.mark.slow
def test_the_plain_sdk_answers_500_to_what_it_does_not_know(plain):
    assert plain["unknown"] == [{"code": 500}]
    assert plain["broken"] == [{"code": 500}]


@pytest.mark.slow
def test_the_plain_sdk_does_not_answer_card_frames_at_all(plain):
    assert plain["card"] == []


@pytest.mark.slow
def test_the_plain_sdk_cannot_start_in_a_running_loop_nor_stop(plain):
    assert "already running" in plain["start"]
    assert plain["stop"] is False


@pytest.mark.slow
def test_the_plain_sdk_lets_one_handler_hold_up_the_next(plain):
    assert plain["apart"] >= 0.2


@pytest.mark.slow
def test_the_plain_sdk_never_reconnects_after_partial_settings(plain):
    assert "NoneType" in plain["partial"]


@pytest.mark.slow
def test_the_plain_sdk_gives_up_for_ever_after_one_refusal(plain):
    assert plain["gave_up_after"] == 1


@pytest.mark.slow
def test_the_plain_sdk_keeps_its_lock_when_connected_twice(plain):
    assert plain["locked"] is True


@pytest.mark.slow
def test_the_plain_sdk_waits_for_ever_for_an_address(plain):
    assert plain["hangs"] is True


@pytest.mark.slow
def test_the_plain_sdk_takes_an_empty_part_for_a_missing_one(plain):
    assert plain["empty_part"] == [True]


@pytest.mark.slow
def test_the_plain_sdk_logs_the_ticket(plain):
    assert plain["logged"] is True


@pytest.mark.slow
def test_where_the_whole_sdk_is_there_already_that_one_is_used(plain):
    assert plain["same"] is True
