"""Draw the pictures of both READMEs: play what they show in the page of ``make demo``.

    make pictures

Needs Chromium and a Chinese font: apt-get install chromium fonts-noto-cjk. Nothing in a picture is
written by hand: a script types, clicks and waits in the real page, and photographs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from docs.pictures import scenes
from docs.pictures.camera import Camera
from sandbox.page import playground

HERE = Path(__file__).resolve().parent
PLAYED = {
    "recording": scenes.recording,
    "card": scenes.card,
    "runbook": scenes.runbook,
    "rejection": scenes.rejection,
}
SIZES = {"recording": (1100, 820, 1.0)}
STILL = (1100, 900, 1.4)


@contextlib.asynccontextmanager
async def stage(browser: Browser, locale: str, name: str) -> AsyncIterator[scenes.Stage]:
    """The page in a company of its own, where nothing has happened yet."""
    width, height, scale = SIZES.get(name, STILL)
    async with contextlib.AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        server = await opened.enter_async_context(playground.open_page(folder, locale))
        page = await browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            reduced_motion="reduce",
            locale=locale,
            timezone_id="Asia/Shanghai",  # the bot's, so that both tell the same time
        )
        opened.push_async_callback(page.close)
        await page.goto(server.address)
        yield scenes.Stage(page, Camera(page), locale, server.world.company)


async def draw(names: list[str]) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        for name in names or PLAYED:
            for locale, ending in (("en", ""), ("zh-CN", ".zh-CN")):
                async with stage(browser, locale, name) as played:
                    await played.connected()
                    await PLAYED[name](played)
                    print(await played.camera.develop(HERE / f"{name}{ending}"))
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw(sys.argv[1:]))
