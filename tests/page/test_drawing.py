"""What the page draws of payloads, in a real browser: each kind of element, and hostile texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route

from sandbox.lark import cardspec
from sandbox.page import entrance
from tests.page import drawn

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATIC = Path(entrance.__file__).parent / "static"
KINDS = {".js": "text/javascript", ".css": "text/css"}
HTML = (
    '<!doctype html><html lang="en"><link rel="stylesheet" href="/static/cards.css"><main></main>'
)
DRAW = """async ([message, id]) => {
  const renderer = await import(`/static/${message.platform}.js`);
  const named = (id) => [id, { name: id[0].toUpperCase() + id.slice(1) }];
  const viewer = { id, people: new Map(["alice", "bob", "carol"].map(named)) };
  window.acts ??= [];
  const onAction = (action, more) =>
    new Promise((answer) => window.acts.push({ action, more, answer }));
  const node = renderer.draw(message, viewer, onAction);
  node.dataset.summary = renderer.summary(message, viewer);
  const frame = document.createElement("section");
  frame.append(node);
  document.querySelector("main").append(frame);
}"""
WIDE = """[...document.querySelectorAll("main *")]
  .filter((each) => !each.closest("pre, .d-table, select"))
  .filter((each) => each.getBoundingClientRect().right > 375.5)
  .map((each) => each.className || each.tagName)"""


class Board:
    """A page on which messages are drawn, one below the other."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def draw(self, message: dict[str, Any], viewer: str = "alice") -> Locator:
        await self.page.evaluate(DRAW, [message, viewer])
        return self.page.locator("main > section").last

    async def acts(self) -> list[dict[str, Any]]:
        """The actions so far: {"action", "more"}."""
        acts = await self.page.evaluate("acts.map(({ action, more }) => ({ action, more }))")
        return list(acts)


@pytest_asyncio.fixture(loop_scope="session")
async def board(page: Page) -> Board:
    async def serve(route: Route) -> None:
        file = STATIC / Path(route.request.url).name
        body = file.read_text("utf-8") if file.suffix in KINDS else HTML
        kind = KINDS.get(file.suffix, "text/html")
        await route.fulfill(body=body, content_type=kind, headers=entrance.HEADERS)

    await page.route("**/*", serve)
    await page.set_viewport_size({"width": 375, "height": 700})
    await page.goto("http://127.0.0.1/")
    return Board(page)


async def test_each_element_of_a_lark_card_is_drawn_or_folded(board: Board) -> None:
    assert drawn.ELEMENTS.keys() == cardspec.COMPONENTS.keys()
    for tag, rest in drawn.ELEMENTS.items():
        shown = await board.draw(drawn.lark_card({"tag": tag, **rest}))
        body = shown.locator(".d-body > *")
        assert await body.count() == 1, tag
        folded = await shown.locator("details.d-unsupported").count()
        assert bool(folded) == (tag in ("select_img", "chart")), tag
        if tag not in ("hr", "overflow", "date_picker", "picker_time", "picker_datetime"):
            assert (await body.text_content() or "").strip() or tag == "input", tag


async def test_what_nobody_has_heard_of_is_folded_with_all_it_holds(board: Board) -> None:
    element = {"tag": "hologram", "content": "floating"}
    fold = (await board.draw(drawn.lark_card(element))).locator("details.d-unsupported")
    assert "hologram" in await fold.locator("summary").inner_text()
    assert json.loads(await fold.locator("pre").text_content() or "") == element
    card = drawn.dingtalk_card({"title": "t", "hologram": "floating"})
    shown = await board.draw(card)
    assert "floating" in (await shown.locator("details.d-unsupported").text_content() or "")
    card["payload"]["template"] = "another.schema"
    shown = await board.draw(card)
    assert "another.schema" in await shown.locator("summary").inner_text()
    for platform, payload in (
        ("dingtalk", {"msgtype": "feedCard", "feedCard": {"links": ["a"]}}),
        ("lark", {"msg_type": "share_chat", "content": {"chat_id": "oc_1"}}),
    ):
        shown = await board.draw(drawn.message(platform, payload))
        assert await shown.locator("details.d-unsupported").count() == 1


async def test_the_head_of_a_lark_card(board: Board) -> None:
    shown = await board.draw(drawn.WHOLE_CARD)
    head = shown.locator(".d-head")
    assert await head.get_attribute("data-colour") == "orange"
    assert (await head.inner_text()).split("\n") == ["#42 restart", "waiting", "expires 10:30"]
    assert await shown.locator("[data-summary]").get_attribute("data-summary") == (
        "#42 restart · waiting"
    )


async def test_markdown_of_dingtalk(board: Board) -> None:
    shown = (await board.draw(drawn.DINGTALK_MARKDOWN)).locator(".drawn")
    texts = await shown.evaluate(
        "node => [...node.querySelectorAll('.d-heading, blockquote, strong, em, :not(pre) > code, "
        ".d-mention, li, pre, .d-font')].map(each => each.textContent.trim())"
    )
    assert texts == [
        *("head", "quoted", "bold", "slanted", "code", "@Bob", "one", "two", "code <b>", "red"),
    ]
    whole = await shown.inner_text()
    for literal in ("~~not struck~~", "| no | table |", "<table>", "<i>", "next line joined"):
        assert literal in whole
    assert await shown.locator("img, table, del").count() == 0
    link = shown.locator("a")
    assert await link.get_attribute("href") == "https://x.test/p"
    assert "https://x.test/p" in whole, "the address can be read"


async def test_markdown_of_lark(board: Board) -> None:
    shown = await board.draw(drawn.lark_card({"tag": "markdown", "content": drawn.LARK_MARKDOWN}))
    texts = await shown.evaluate(
        "node => [...node.querySelectorAll('.d-heading, .d-mention, .d-font, .d-text-tag, del, "
        "ol > li, ul > li, th, td, pre, blockquote')].map(each => each.firstChild.textContent)"
    )
    assert texts == [
        *("head", "@Bob", "grown", "late", "struck", "one", "two", "below"),
        *("a", "b", "1", "2", "rm <b>", "quoted"),
    ]
    assert "*star*" in await shown.inner_text()
    hrefs = await shown.locator("a").evaluate_all("all => all.map(each => each.href)")
    assert hrefs == ["https://x.test/p", "https://x.test/q"]


async def test_what_a_person_types_on_lark_is_no_markup(board: Board) -> None:
    typed = drawn.message("lark", {"msg_type": "text", "content": {"text": "<b>x</b> @Bob"}})
    shown = await board.draw(typed)
    assert await shown.inner_text() == "x @Bob", "a bot's text knows tags"
    shown = await board.draw(typed | {"from": "alice"})
    assert await shown.inner_text() == "<b>x</b> @Bob"


async def test_a_lark_form_asks_first_and_sends_its_values(board: Board) -> None:
    reason = {"tag": "input", "name": "reason", "max_length": 5, "label": drawn.plain("Reason")}
    button = {
        "tag": "button",
        "name": "b",
        "type": "primary",
        "text": drawn.plain("Approve"),
        "form_action_type": "submit",
        "behaviors": drawn.callback(act="approve", rid=1),
        "confirm": {"title": drawn.plain("Sure?"), "text": drawn.plain("on web-01")},
    }
    form = {"tag": "form", "name": "f", "elements": [reason | {"required": True}, button]}
    shown = await board.draw(drawn.lark_card(form))
    page, press = board.page, shown.get_by_role("button", name="Approve")
    await press.click()
    assert await shown.locator(".d-missing").inner_text(), "what is required is missing"
    await shown.get_by_label("Reason").fill("good")
    await shown.get_by_label("Reason").press_sequentially("-enough")
    await press.click()
    dialog = page.get_by_role("dialog", name="Sure?")
    assert "on web-01" in await dialog.inner_text()
    assert await page.locator("[aria-busy]").count() == 0, "nothing waits while it is asked"
    await page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    assert await board.acts() == []
    await press.click()
    await dialog.get_by_role("button", name="Confirm").click()
    await page.wait_for_function("acts.length")
    values = {"values": {"reason": "good-"}}
    assert await board.acts() == [{"action": "approve", "more": values}]
    assert await press.get_attribute("aria-busy") == "true"
    await press.click()
    assert len(await board.acts()) == 1, "a button that waits is not pressed again"
    await page.evaluate("acts[0].answer()")
    await page.wait_for_function("!document.querySelector('[aria-busy]')")


async def test_a_folded_panel_opens_by_keyboard(board: Board) -> None:
    panel = {"tag": "collapsible_panel", **drawn.ELEMENTS["collapsible_panel"]}
    shown = await board.draw(drawn.lark_card(panel))
    assert not await shown.get_by_text("inside").is_visible()
    await board.page.keyboard.press("Tab")
    await board.page.keyboard.press("Enter")
    assert await shown.get_by_text("inside").is_visible()
    opened = await board.draw(drawn.lark_card(panel | {"expanded": True}))
    assert await opened.get_by_text("inside").is_visible()


async def test_buttons_and_the_own_view_of_a_dingtalk_card(board: Board) -> None:
    buttons = [
        {"text": "Yes", "color": "blue", "request": True, "id": "a", "params": {"action": "yes"}},
        {"text": "No", "color": "red", "request": True, "id": "no"},
        {"text": "Off", "color": "gray", "request": True, "id": "off", "disabled": True},
        {"text": "Read", "color": "gray", "url": "https://x.test/doc"},
        {"text": "Bad", "color": "gray", "url": "javascript:alert(1)"},
    ]
    data = {
        "title": "t",
        "tips": "for all",
        "sys_full_json_obj": json.dumps({"msgButtons": buttons}),
    }
    own = {"bob": {"cardParamMap": data | {"tips": "for Bob alone"}}}
    shown = await board.draw(drawn.dingtalk_card(data, own))
    assert await shown.locator(".d-tips").inner_text() == "for all"
    await shown.get_by_role("button", name="Yes").click()
    await shown.get_by_role("button", name="No").click()
    assert [act["action"] for act in await board.acts()] == ["yes", "no"]
    assert await shown.get_by_role("button", name="Off").is_disabled()
    assert await shown.get_by_role("link").evaluate_all("all => all.map(each => each.href)") == [
        "https://x.test/doc"
    ]
    assert "javascript:alert(1)" in await shown.inner_text()
    shown = await board.draw(drawn.dingtalk_card(data, own), viewer="bob")
    assert "for Bob alone" in await shown.locator(".d-tips.d-mine").inner_text()


async def test_names_with_hyphens_stay_in_one_piece(board: Board) -> None:
    text = (
        "web-01, web-02 and web-03 " * 3
        + "a-name-that-is-longer-than-a-line-of-a-phone-can-be-long"
    )
    shown = await board.draw(drawn.lark_card({"tag": "markdown", "content": text}))
    names = shown.locator(".d-whole")
    heights = await names.evaluate_all("all => all.map((each) => each.getClientRects().length)")
    assert heights == [1] * 9
    assert await shown.locator(".drawn").inner_text() == text
    assert await board.page.evaluate(WIDE) == []


HOSTILE = [
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><iframe src="//x.test">',
    "[click](javascript:window.hacked=1) <a href='javascript:window.hacked=1'>a</a> "
    "[d](data:text/html,x) <https://x.test> [https://good.test](https://bad.test/)",
    "\u202egnp.exe\u202c \u2066isolated \u200b\0 <at id=all></at> <font color='red;x:y'>f</font>",
    "W" * 10_000,
    "**" * 3000 + "`" * 3000 + "[" * 2000 + "> " * 500 + "- " * 500 + "<font>" * 300,
    "字" * 5000,
]
STRUCTURE = {"tag", "type", "msg_type", "msgtype", "platform", "kind", "template", "schema"}


def filled(value: Any, text: str) -> Any:
    """The value with this text for each text in it that is not structure."""
    if isinstance(value, dict):
        return {k: v if k in STRUCTURE else filled(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(each, text) for each in value]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize("text", HOSTILE, ids=["tags", "links", "hidden", "long", "marks", "cjk"])
async def test_text_stays_text_and_within_its_box(board: Board, text: str) -> None:
    for sample in drawn.SAMPLES:
        await board.draw(filled(sample, text))
    page = board.page
    assert await page.locator("img, script, iframe, object, svg, style, link").count() == 1
    links = await page.locator("a").evaluate_all(
        "all => all.map(each => [each.protocol, each.rel])"
    )
    assert all(link == ["https:", "noopener noreferrer"] for link in links), links
    assert await page.locator("a a").count() == 0
    assert not await page.evaluate("'hacked' in window")
    wide = await page.evaluate(WIDE)
    assert wide == [], "nothing stands out of a phone's page"
