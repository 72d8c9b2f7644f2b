"""The browser that the tests of the page use."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_draws_and_runs_scripts(page: Page) -> None:
    await page.set_content("<!doctype html><title>t</title><p>会签</p>")
    assert await page.evaluate("document.querySelector('p').textContent") == "会签"
