"""A gateway with a certificate of a private authority: trusted where ``ca_file`` says so, only."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from adapters import dingtalk, lark
from adapters.dingtalk.chat import DingTalk
from adapters.lark.chat import Lark
from bench import answers, callers, outbound, wire
from bot import model
from bot.model import ports


class Clock(ports.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


async def served(own: Path) -> tuple[web.AppRunner, str]:
    """Something that answers every call well, behind the certificate of ``own``."""

    async def answer(request: web.Request) -> web.Response:
        call = wire.Request(request.path, request.query_string, b"", "", await request.read())
        return web.Response(body=answers.answer(call, ""), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    return runner, f"https://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_private_authority_is_trusted_where_it_is_named(
    platform: str, tmp_path: Path
) -> None:
    own, bundle = outbound.certificate(tmp_path)
    runner, url = await served(own)
    try:
        for ca_file, wanted in ((str(bundle), model.Done), ("", model.NotSent)):
            chat: DingTalk | Lark
            if platform == "dingtalk":
                settings = dingtalk.Settings(
                    "id", "secret", endpoint=url, webhook_hosts=(url,), ca_file=ca_file
                )
                chat = DingTalk(settings, Clock())
            else:
                chat = Lark(lark.Settings("id", "secret", domain=url, ca_file=ca_file), Clock())
            effect = callers.say(platform, 1, f"{url}/robot/sendBySession?session=1")
            outcome = await chat.perform(effect, model.Attempt())
            await chat.close()
            assert isinstance(outcome, wanted), outcome
    finally:
        await runner.cleanup()
