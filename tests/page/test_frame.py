"""The frame of the page, in a real browser over a board that the test fills: what each person sees,
how messages come, what is typed, where things stand."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from sandbox.page.board import Board
from sandbox.page.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
AT = 1_796_000_000.0
PANEL = "export function mount(element) { element.textContent = 'panel'; }"
PEOPLE = {"alice": ["dev"], "bob": ["sre"], "carol": ["sre"], "mallory": []}


def parameter(name: str, type: str, *names: str, **more: Any) -> dict[str, Any]:
    help = {"zh-CN": "说明", "en": "help"}
    usual = {"required": False, "named": False, "choices": [], "names": [name, *names]}
    return {"name": name, "type": type, "help": help} | usual | more


NUMBER = parameter("number", "request", "编号")
REASON = parameter("reason", "text", "原因")
TARGETS = parameter("targets", "targets", required=True)
ROLE = parameter("role", "choice", "角色", required=True, choices=["devops", "dev", "ops"])
COMMANDS = {
    "restart": (["重启"], [TARGETS, parameter("service", "word", "服务"), REASON]),
    "provision": (["开通"], [parameter("emp_id", "word", required=True), ROLE, TARGETS]),
    "approve": (["同意", "批准"], [NUMBER, parameter("code", "code"), REASON | {"named": True}]),
    "help": (["帮助"], [parameter("command", "word")]),
}
COMPLETIONS = {
    "": [],
    "re": ["restart"],
    "/Re": ["restart"],
    "批": ["批准"],
    "hello": [],
    "restart ": ["web-01", "web-02", "db-01", "service=", "reason="],
    "restart web-01 w": ["web-02"],
    "restart web-01,": ["web-02", "db-01", "service=", "reason="],
    "restart t": ["tag:env=prod"],
    "restart tag:env=p": ["tag:env=prod"],
    "restart targets=d": ["db-01"],
    "restart web-01 reason=slow s": ["service="],
    'restart web-01 reason="no w': [],
    'restart web-01 reason="no" ': ["web-02", "db-01", "service="],
    "重启 web-01 ": ["web-02", "db-01", "服务=", "原因="],
    "重启 web-01 rea": ["reason="],
    "provision E1 d": ["devops", "dev", "db-01"],
    "provision 角色=o": ["ops"],
    "approve ": ["42", "41", "reason="],
    "approve #41": ["41"],
    "approve 42 ": ["reason="],
    "help ap": ["approve"],
    "restart web-01\nw": [],
    "@c": ["@Carol"],
    "restart @": ["@Bob", "@Carol"],
}


def message(id: str, sender: str, text: str, at: float = 0.0, **more: Any) -> dict[str, Any]:
    """A message of the ops group on Lark, ``at`` seconds after the first."""
    fields = {"platform": "lark", "chat": "ops", "id": id, "ref": id, "at": AT + at, "from": sender}
    rest = {"kind": "message", "via": "", "reply_to": "", "thread": "", "mentions": []}
    rest |= {"recalled": False, "only_for": [], "urgent": [], "revision": 0}
    payload = {"payload": {"msg_type": "text", "content": {"text": text}}}
    return fields | rest | payload | more


class Stage:
    """The page over a board; ``said`` are the actions that were asked for: (name, body)."""

    def __init__(self, page: Page, board: Board) -> None:
        self.page, self.board = page, board
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.refusal: dict[str, str] | None = None
        self.lark = page.locator("chat-group.lark")
        self.write = self.lark.locator(".write")
        self.messages = self.lark.locator(".message")

    def put(self, *messages: dict[str, Any]) -> None:
        for each in messages:
            self.board.put("messages", f"{each['platform']}/{each['id']}", each)

    async def answer(self, route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        self.said.append((route.request.url.rpartition("/")[2], body))
        answer: dict[str, Any] = {"error": self.refusal} if self.refusal else {"ok": {}}
        await route.fulfill(json=answer)

    async def become(self, name: str) -> None:
        await self.lark.locator(".identity").click()
        await self.page.locator(".menu-item", has_text=name).click()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> AsyncIterator[Stage]:
    board = Board()
    server = Server(board, "zh-CN")
    await server.start()
    stage = Stage(page, board)
    for id, roles in PEOPLE.items():
        about = {"zh-CN": "某人", "en": "somebody"}
        person = {"id": id, "name": id.capitalize(), "roles": roles, "about": about}
        board.put("people", id, person | {"in_groups": True})
    summary = {"zh-CN": "做一件事", "en": "does something"}
    for name, (aliases, parameters) in COMMANDS.items():
        facts = {"name": name, "aliases": aliases, "summary": summary, "parameters": parameters}
        board.put("commands", name, facts)
    for name in ("web-01", "web-02", "db-01"):
        machine = {"id": f"i-{name}", "name": name, "status": "Running", "tags": {"env": "prod"}}
        board.put("machines", f"i-{name}", machine)
    await page.route(
        "**/static/panels/*.js", lambda r: r.fulfill(body=PANEL, content_type="text/javascript")
    )
    await page.route("**/api/*", stage.answer)
    await page.goto(server.address)
    await expect(stage.lark.locator(".identity")).to_contain_text("Alice")
    yield stage
    await page.close()
    await server.close()


async def test_each_person_sees_their_own(stage: Stage) -> None:
    """Own messages, mentions, what is for one person only, what was taken back."""
    at_alice = {"mentions": ["alice"]}
    stage.put(
        message("m1", "alice", "hello"),
        message("m2", "bob", "hi @Alice", 10, **at_alice),
        message("m3", "bot", "for Bob alone", 20, only_for=["bob"]),
        message("m4", "bob", "never mind", 30, recalled=True),
        message("m5", "bob", "again", 40),
        message("m6", "bob", "and again", 50),
    )
    await expect(stage.messages).to_have_count(5)
    assert await stage.lark.locator(".message.own").count() == 1
    await expect(stage.lark.locator(".mentions-me")).to_contain_text("hi")
    await expect(stage.lark.locator(".recall-note")).to_have_text("Bob 撤回了一条消息")
    await expect(stage.lark.locator(".follows")).to_contain_text("and again")
    stage.put(
        message("m3", "bot", "for Bob alone, again", 20, only_for=["bob"], revision=1),
        message("m7", "bob", "for all", 60),
    )
    await expect(stage.messages.last).to_contain_text("for all")
    await expect(stage.messages).to_have_count(6)
    await stage.become("Bob")
    await expect(stage.messages).to_have_count(7)
    await expect(stage.lark.locator(".flag")).to_have_text("仅你可见")
    await expect(stage.lark.locator(".recall-note")).to_have_text("你撤回了一条消息")
    assert await stage.lark.locator(".message.own").count() == 5


async def test_topics_hang_under_their_root_and_quotes_lead_back(stage: Stage) -> None:
    stage.put(
        message("q1", "alice", "first question", thread="omt_1"),
        message("q2", "bob", "second question", 400),
        message("r2", "bot", "late answer", 500, reply_to="q1", thread="omt_1"),
        message("r1", "bot", "early answer", 450, reply_to="q1", thread="omt_1"),
        message("c1", "carol", "about that", 600, reply_to="q2", thread="omt_2"),
        message("c2", "bot", "an answer to it", 610, reply_to="c1", thread="omt_2"),
    )
    topics = stage.lark.locator(".topic")
    await expect(topics).to_have_count(2)
    first, second = await topics.first.locator(".body").all_inner_texts()
    assert (first, second) == ("early answer", "late answer")
    blocks = stage.lark.locator(".block", has=stage.page.locator(".topic"))
    await expect(blocks.first).to_contain_text("first question")
    await expect(blocks.last).to_contain_text("about that")
    quote = stage.lark.locator(".quote")
    await expect(quote).to_have_text("Bobsecond question")
    await quote.click()
    await expect(stage.lark.locator(".message[data-id=q2]")).to_have_class(re.compile("flash"))


async def test_new_messages_scroll_down_only_for_who_is_at_the_end(stage: Stage) -> None:
    stage.put(*(message(f"m{n:03}", "bob", f"number {n}", n) for n in range(60)))
    await expect(stage.messages.last).to_be_in_viewport()
    stage.put(message("next", "bob", "next", 100))
    await expect(stage.messages.last).to_contain_text("next")
    await expect(stage.messages.last).to_be_in_viewport()
    list = stage.lark.locator(".messages")
    await list.evaluate("(each) => (each.scrollTop = 0)")
    pill = stage.lark.locator(".unseen")
    await expect(pill).to_have_text("回到最新")
    stage.put(message("m-a", "bob", "unseen", 101), message("m-b", "bob", "unseen too", 102))
    await expect(pill).to_have_text("2 条新消息")
    assert await list.evaluate("(each) => each.scrollTop") == 0
    await pill.click()
    await expect(stage.messages.last).to_be_in_viewport()
    await expect(pill).to_be_hidden()


async def test_two_thousand_messages_stay_quick(stage: Stage) -> None:
    """Only the newest stand in the page, older ones come by scrolling, and one more is added within
    a frame (the median, as other processes of the machine take their time too)."""
    stage.put(*(message(f"m{n:04}", "bob", f"number {n}", n * 10) for n in range(2000)))
    await expect(stage.messages.last).to_contain_text("number 1999")
    assert await stage.messages.count() < 200
    before = await stage.messages.count()
    await stage.lark.locator(".messages").evaluate("(each) => (each.scrollTop = 0)")
    await expect(stage.messages).not_to_have_count(before)
    await expect(stage.lark.get_by_text("number 1900", exact=True)).to_be_attached()
    times = await stage.page.evaluate(
        """async (last) => {
          const { Feed } = await import("/static/feed.js");
          const [group, feed] = [document.createElement("chat-group"), new Feed()];
          const old = document.querySelector("chat-group.lark");
          feed.apply([...old.feed.all("messages")].map(([key, value]) => ["messages", key, value]));
          feed.ready = true;
          group.setAttribute("platform", "lark");
          group.feed = feed.scope();
          old.replaceWith(group);
          const times = [];
          for (let n = 1; n <= 60; n += 1) {
            const message = { ...last, id: `x${n}`, at: last.at + n };
            const start = performance.now();
            feed.apply([["messages", `lark/x${n}`, message]]);
            group.offsetHeight;
            times.push(performance.now() - start);
            await new Promise(requestAnimationFrame);
          }
          return times.sort((a, b) => a - b);
        }""",
        message("m1999", "bob", "number 1999", 19990),
    )
    assert times[30] < 16, times
    await expect(stage.messages.last).to_contain_text("number 1999")


async def test_a_card_that_changes_keeps_what_was_typed_into_it(stage: Stage) -> None:
    def card(progress: str, revision: int) -> dict[str, Any]:
        field = {"tag": "input", "name": "reason", "placeholder": {"content": "why"}}
        parts = [{"tag": "markdown", "content": progress}, field]
        content = {"schema": "2.0", "body": {"elements": parts}}
        payload = {"msg_type": "interactive", "content": content}
        return message("c1", "bot", "", kind="card", revision=revision, payload=payload)

    stage.put(card("0 of 2", 0))
    reason = stage.lark.locator(".body [name=reason]")
    await reason.fill("too risky")
    stage.put(card("1 of 2", 1))
    await expect(stage.lark.locator(".body")).to_contain_text("1 of 2")
    await expect(reason).to_have_value("too risky")
    await expect(reason).to_be_focused()


async def test_completion_quote_and_history(stage: Stage) -> None:
    write, keys = stage.write, stage.page.keyboard
    options = stage.lark.locator(".completion [role=option]")
    await write.press_sequentially("res")
    await expect(options).to_have_text(["restart重启 – 做一件事"])
    await keys.press("Tab")
    await expect(write).to_have_value("restart ")
    await write.press_sequentially("we")
    await expect(options).to_have_count(2)
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(write).to_have_value("restart web-02 ")
    await write.press_sequentially("rea")
    await keys.press("Tab")
    await write.press_sequentially("slow leak")
    await expect(write).to_have_value('restart web-02 reason="slow leak"')
    await keys.press("Enter")
    await expect(write).to_have_value("")
    said = {"platform": "lark", "person": "alice", "chat": "ops"}
    assert stage.said == [("say", said | {"text": 'restart web-02 reason="slow leak"'})]
    await keys.press("ArrowUp")
    await expect(write).to_have_value('restart web-02 reason="slow leak"')
    await write.fill("provision E1 o")
    await expect(options).to_have_text(["ops说明"])
    stage.put(message("m1", "bob", "what about me"))
    await stage.messages.first.hover()
    await stage.messages.first.locator(".message-menu").click()
    await stage.page.get_by_role("menuitem", name="引用回复").click()
    await expect(stage.lark.locator(".quote-strip")).to_contain_text("回复 Bobwhat about me")
    await write.fill("@bo")
    await keys.press("Tab")
    await write.press_sequentially("help")
    await keys.press("Enter")
    await expect(stage.lark.locator(".quote-strip")).to_be_hidden()
    assert stage.said[1:] == [
        ("say", said | {"text": "help", "quote": "m1", "mention": ["bob"]}),
    ]


async def test_what_may_stand_at_the_end_of_a_text(stage: Stage) -> None:
    people = [{"id": name.lower(), "name": name} for name in ("Bob", "Carol")]
    machines = [stage.board.value("machines", key) for key in stage.board.keys("machines")]
    commands = [stage.board.value("commands", key) for key in stage.board.keys("commands")]
    context = {"people": people, "machines": machines, "commands": commands}
    labels = await stage.page.evaluate(
        """async ([texts, context]) => {
          const { suggestions } = await import("/static/completion.js");
          const all = { ...context, pick: (texts) => texts["zh-CN"] };
          const labels = (text) => suggestions(text, all).items.map((item) => item.label);
          return texts.map((text) => [text, labels(text)]);
        }""",
        [list(COMPLETIONS), context | {"requests": [["42", "restart"], ["41", "stop"]]}],
    )
    assert dict(labels) == COMPLETIONS


async def test_a_refused_message_comes_back(stage: Stage) -> None:
    stage.refusal = {"zh-CN": "平台不收。", "en": "The platform takes no more."}
    await stage.write.fill("restart web-01")
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.locator(".notice")).to_contain_text("平台不收。")
    await expect(stage.write).to_have_value("restart web-01")


async def test_an_own_message_is_taken_back_from_its_menu(stage: Stage) -> None:
    stage.put(message("m1", "alice", "oops"), message("m2", "bob", "hm", 5))
    for index, count in ((0, 3), (1, 2)):
        await stage.messages.nth(index).locator(".message-menu").focus()
        await stage.page.keyboard.press("Enter")
        items = stage.page.get_by_role("menuitem")
        await expect(items).to_have_count(count)
        await expect(items.first).to_be_focused()
        await stage.page.keyboard.press("Escape")
        await expect(items).to_have_count(0)
    await stage.page.keyboard.press("ArrowUp")
    await expect(stage.messages.first.locator(".message-menu")).to_be_focused()
    await expect(stage.lark.locator(".message-menu[tabindex='0']")).to_have_count(1)
    button = stage.messages.first.locator(".message-menu")
    await button.click()
    await button.click(force=True)
    await expect(stage.page.locator(".menu")).to_have_count(0)
    await button.click()
    await stage.page.get_by_role("menuitem", name="撤回").click()
    await expect(stage.page.locator(".menu")).to_have_count(0)
    assert stage.said == [("recall", {"platform": "lark", "message": "m1"})]


async def test_news_elsewhere_shows_where_it_is(stage: Stage) -> None:
    stage.put(message("m1", "bot", "in the other group", chat="hr"))
    await expect(stage.lark.locator(".chat-tab .news")).to_have_text("1")
    stage.put(message("m2", "bot", "to Bob", chat="direct:bob"))
    await expect(stage.lark.locator(".news-dot")).to_be_visible()
    await stage.become("Bob")
    await stage.lark.get_by_role("button", name="私聊机器人").click()
    await expect(stage.messages).to_contain_text(["to Bob"])
    await expect(stage.lark.locator(".news-dot")).to_have_count(0)
    await stage.lark.get_by_role("button", name="人事群").click()
    await expect(stage.lark.locator(".chat-tab .news")).to_have_count(0)


async def test_toasts_are_of_the_person_and_of_now(stage: Stage) -> None:
    def toast(person: str, text: str) -> dict[str, Any]:
        return {"platform": "lark", "person": person, "text": text, "kind": "success", "at": AT}

    stage.board.put("toasts", "1", toast("bob", "not for Alice"))
    stage.board.put("toasts", "2", toast("alice", "You voted"))
    await expect(stage.lark.locator(".toast")).to_have_text(["You voted"])
    texts = {"zh-CN": "看这里", "en": "look here"}
    step = {"id": "restart", "platform": "lark", "chat": "hr", "look": "wire"}
    tour = {"steps": [step | {"title": texts, "text": texts}], "playing": False, "error": None}
    stage.board.put("tour", "tour", tour | {"at": 0})
    await expect(stage.lark.locator(".chat-tab[aria-pressed=true]")).to_have_text("人事群")
    await expect(stage.page.get_by_role("tab", selected=True)).to_have_text("报文")
    stage.board.put("toasts", "3", toast("bob", "of the tour"))
    await expect(stage.lark.locator(".toast")).to_have_text(["You voted", "Bob：of the tour"])
    stage.board.put("tour", "tour", tour | {"at": None})
    await stage.page.reload()
    await expect(stage.lark.locator(".identity")).to_contain_text("Alice")
    await expect(stage.lark.locator(".toast")).to_have_count(0)


async def test_a_snapshot_after_a_reconnect_tells_what_differs(stage: Stage) -> None:
    told = await stage.page.evaluate(
        """async () => {
          const { Feed } = await import("/static/feed.js");
          const [real, sources, told] = [window.EventSource, [], []];
          window.EventSource = class extends EventTarget {
            constructor() { super(); sources.push(this); }
          };
          const feed = new Feed();
          feed.connect("/feed");
          window.EventSource = real;
          const send = (kind, rows) =>
            sources[0].dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(rows) }));
          send("snapshot", [["a", "1", { n: 1 }], ["a", "2", { n: 2 }]]);
          const part = feed.scope();
          part.subscribe("a", (changes) => told.push(changes));
          send("changes", [["a", "1", { n: 1 }], ["b", "1", {}]]);
          send("snapshot", [["a", "2", { n: 3 }], ["a", "3", { n: 4 }]]);
          part.close();
          send("changes", [["a", "2", null]]);
          return told;
        }"""
    )
    assert told == [
        [["1", {"n": 1}, None], ["2", {"n": 2}, None]],
        [["1", None, {"n": 1}], ["2", {"n": 3}, {"n": 2}], ["3", {"n": 4}, None]],
    ]


async def test_the_language_changes_and_stays(stage: Stage) -> None:
    stage.put(message("m1", "bob", "hello"), message("m2", "bob", "", 9, recalled=True))
    await expect(stage.lark.locator(".recall-note")).to_have_text("Bob 撤回了一条消息")
    await stage.page.get_by_role("button", name="English").click()
    await expect(stage.lark.locator(".recall-note")).to_have_text("Bob recalled a message")
    assert await stage.page.locator("html").get_attribute("lang") == "en"
    await stage.page.reload()
    await expect(stage.lark.locator(".recall-note")).to_have_text("Bob recalled a message")


@pytest.mark.parametrize(
    ("theme", "width", "height"),
    [
        ("light", 375, 812),
        ("dark", 1440, 900),
        pytest.param("dark", 375, 812, marks=pytest.mark.slow),
        pytest.param("light", 1440, 900, marks=pytest.mark.slow),
        pytest.param("light", 1000, 800, marks=pytest.mark.slow),
        pytest.param("dark", 1000, 800, marks=pytest.mark.slow),
    ],
)
async def test_it_fits_and_axe_finds_nothing(
    stage: Stage, theme: Any, width: int, height: int
) -> None:
    await stage.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await stage.page.set_viewport_size({"width": width, "height": height})
    stage.put(
        message("m1", "alice", "a question that is long enough for two lines", thread="t"),
        message("m2", "bot", "an answer", 5, reply_to="m1", thread="t", mentions=["alice"]),
        message("m3", "bob", "what?", 15, reply_to="m1", only_for=["alice"], urgent=["alice"]),
        message("m4", "bob", "", 20, recalled=True),
    )
    if width < 768:
        await stage.page.locator("[data-shows=lark]").click()
    await stage.write.press_sequentially("re")
    await expect(stage.lark.locator(".completion")).to_be_visible()
    wide = await stage.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    results = await Axe().run(stage.page)
    serious = [
        (each["id"], [(node["target"], node["failureSummary"]) for node in each["nodes"]])
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert not serious
