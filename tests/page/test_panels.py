"""Backstage, in a real browser: over a board that the test fills, and once over the playground."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, Route, expect

from sandbox.page import faults, form_kinds, people, playground
from sandbox.page.board import Board
from sandbox.page.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
expect.set_options(timeout=20_000)  # the machine may be busy
AT = 1_796_000_000.0
MARKUP = "<img src=x onerror=alert(1)>"
PANELS = ("machines", "wire", "events", "audit", "forms", "control")
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"],
    "resultTypes": ["violations"],
}


class Backstage:
    """Backstage over a board; ``said`` are the actions that were asked for: (name, body)."""

    def __init__(self, page: Page, board: Board) -> None:
        self.page, self.board = page, board
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"ok": {}}
        self.panel = page.locator(".panel")
        self.rows = self.panel.locator(".space .row")
        self.details = self.panel.locator(".details")

    async def act(self, route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        self.said.append((route.request.url.rpartition("/")[2], body))
        await route.fulfill(json=self.answer)

    async def show(self, name: str) -> Locator:
        await self.page.locator(f"#tab-{name}").click()
        await expect(self.page.locator(f".panel-{name} > *").first).to_be_attached()
        return self.panel

    async def press(self, name: str) -> None:
        await self.panel.get_by_role("button", name=name, exact=True).click()

    async def answered(self, sentence: str) -> None:
        await expect(self.panel.locator(".answer")).to_contain_text(sentence)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(page: Page) -> AsyncIterator[Backstage]:
    board = Board()
    server = Server(board, "zh-CN")
    await server.start()
    people.show(board)
    faults.show(board)
    form_kinds.show(board)
    stage = Backstage(page, board)
    await page.route("**/api/*", stage.act)
    await page.goto(server.address)
    yield stage
    await page.close()
    await server.close()


def call(board: Board, number: int, **more: Any) -> None:
    row = {"platform": "lark", "at": AT + number, "direction": "out", "name": f"call.{number}"}
    rest = {"ms": 12.0, "outcome": "ok", "code": "", "request": {"n": number}, "answer": "{}"}
    board.put("wire", str(number), row | rest | more)


def machine(board: Board, **more: Any) -> None:
    value = {"id": "i-1", "name": "web-01", "region": "cn-hangzhou", "status": "Running"}
    rest = {"agent": True, "slow": 0.0, "tags": {"env": "prod"}, "files": [], "runs": []}
    board.put("machines", "i-1", value | rest | more)


def run(board: Board, id: str, **more: Any) -> None:
    value = {"id": id, "machine": "i-1", "name": "restart", "request": "7", "state": "Running"}
    rest = {"exit": None, "at": AT, "seconds": None, "output": "", "script": "sleep 1"}
    board.put("runs", f"{id}/i-1", value | rest | more)


def entry(board: Board, number: int, request: int, **more: Any) -> None:
    value = {"id": number, "at": AT + number, "action": "vote.cast", "actor": "bob"}
    chain = {"hash": f"{number:064x}", "previous": f"{number - 1:064x}" if number > 1 else ""}
    words = {"words": {"zh-CN": "投票", "en": "voted"}, "facts": {"via": "card"}}
    board.put("audit", str(number), value | {"request": request, "text": ""} | chain | words | more)


def event(board: Board, number: int, type: str, **more: Any) -> None:
    value = {"kind": "event", "id": number, "at": AT + number, "source": "hr.system", "type": type}
    rest = {"event": f"e{number}", "subject": "", "body": {"id": f"e{number}"}}
    board.put("events", f"event/{number}", value | rest | more)


def letter(board: Board, number: int, of: str, **more: Any) -> None:
    value = {"kind": "letter", "id": number, "at": AT, "source": "hr.system", "event": of}
    rest = {"type": "Raise", "state": "done", "dead": False, "attempts": 1, "rule": "payroll"}
    about = {"target": "http", "to": "payroll", "request": 0, "problem": "", "body": "{}"}
    board.put("events", f"letter/{number}", value | rest | about | more)


def bot(board: Board, **more: Any) -> None:
    value = {"state": "connected", "pid": 4711, "since": AT, "starts": 1, "locale": "zh-CN"}
    rest = {"connections": {"dingtalk": 1, "lark": 1}, "log": ["ready after 0.60 s"]}
    board.put("bot", "bot", value | rest | more)


def several(board: Board) -> None:
    """Four bots on one database, of which two work."""
    for number, state in enumerate(("connected", "connected", "frozen", "killed"), 1):
        name = f"bot-{number}"
        value = {"name": name, "state": state, "pid": 40 + number if number < 4 else None}
        rest = {"since": AT, "starts": 1, "locale": "zh-CN", "log": [f"{name} is ready"]}
        row = {"number": number, "release": "0.5.0", "state": "dead" if number > 2 else "living"}
        board.put("replicas", name, row | {"seen": AT, "leads": number == 2})
        board.put("bot", name, value | rest | {"connections": {"dingtalk": 1, "lark": 1}})


async def test_thousands_of_calls_stay_quick_and_are_found(stage: Backstage) -> None:
    """Only what is visible is in the document; filters, keyboard, details, pause."""
    for number in range(4000):
        call(stage.board, number)
    call(stage.board, 4000, outcome="refused", code="Throttling", request={"text": MARKUP})
    panel = await stage.show("wire")
    await expect(stage.rows.last).to_contain_text("call.4000")
    assert await stage.rows.count() < 80
    assert await stage.rows.last.get_attribute("aria-setsize") == "4001"
    listed = panel.get_by_role("listbox")
    await listed.focus()
    await listed.press("Home")
    await expect(stage.rows.first).to_contain_text("call.0")
    call(stage.board, 4001)
    await expect(panel.locator(".more")).to_contain_text("1 条新的")
    await listed.press("ArrowDown")
    await listed.press("Enter")
    await expect(stage.details).to_contain_text('"n": 1')
    await listed.press("Escape")
    await expect(stage.details).to_be_hidden()
    await panel.get_by_label("按文字筛选").fill("onerror")
    await expect(stage.rows).to_have_count(1)
    await stage.rows.click()
    await expect(stage.details.locator("pre").first).to_contain_text(MARKUP)
    await panel.get_by_label("按文字筛选").fill("")
    await panel.get_by_label("结果").select_option("refused")
    await expect(panel.locator(".count")).to_have_text("1 / 4002 条")
    await stage.press("暂停")
    call(stage.board, 4002, outcome="refused")
    await expect(panel.locator(".count")).to_have_text("已暂停，又有 1 条")
    await expect(stage.rows).to_have_count(1)
    await stage.press("继续")
    await expect(stage.rows).to_have_count(2)


async def test_a_script_is_watched_while_it_runs(stage: Backstage) -> None:
    """The output grows and is followed; what scripts and files hold stays text."""
    machine(stage.board, files=[{"name": MARKUP, "text": MARKUP}])
    run(stage.board, "t-0", state="Failed", exit=9, seconds=0.25, output=MARKUP)
    run(stage.board, "t-1", output="line 0\n")
    panel = await stage.show("machines")
    live = panel.locator(".running pre")
    await expect(live).to_contain_text("line 0")
    run(stage.board, "t-1", output="".join(f"line {n}\n" for n in range(200)))
    await expect(live).to_contain_text("line 199")
    below = "pre => pre.scrollHeight - pre.scrollTop - pre.clientHeight"
    assert await live.evaluate(below) < 8
    past = panel.locator("details", has_text="以前的执行")
    await past.locator("summary").first.click()
    await expect(past).to_contain_text("退出码 9")
    await expect(past).to_contain_text("0.3 秒")
    await past.locator("summary").nth(1).click()
    await expect(past.locator("pre").first).to_have_text(MARKUP)
    await panel.locator("summary", has_text="文件").click()
    await expect(panel.locator("summary", has_text=MARKUP)).to_be_visible()
    await panel.locator("summary", has_text=MARKUP).click()
    machine(stage.board, files=[{"name": MARKUP, "text": "changed"}])
    await expect(panel.locator("pre", has_text="changed")).to_be_visible()
    assert await stage.page.locator("img").count() == 0
    run(stage.board, "t-1", state="Success", exit=0, seconds=12.0)
    await expect(panel.locator(".running")).to_have_count(0)
    await expect(past).to_contain_text("以前的执行 · 2")


async def test_a_machine_is_acted_on(stage: Backstage) -> None:
    """Taking one away wants a second press; what was refused is said in a sentence."""
    machine(stage.board)
    panel = await stage.show("machines")
    await stage.press("停掉云助手")
    await stage.answered("web-01 的云助手停了")
    machine(stage.board, agent=False)
    await expect(panel).to_contain_text("云助手离线")
    await panel.get_by_label("脚本下发到 web-01 的延迟").select_option("5")
    await stage.answered("5 秒")
    await stage.press("释放机器")
    assert len(stage.said) == 2
    stage.answer = {"error": {"zh-CN": "平台不允许。", "en": "Not allowed."}}
    await stage.press("再点一次确认")
    await stage.answered("平台不允许。")
    assert stage.said == [
        ("machine.agent", {"id": "i-1", "running": False}),
        ("machine.slow", {"id": "i-1", "seconds": 5}),
        ("machine.remove", {"id": "i-1"}),
    ]


async def test_a_request_number_leads_to_its_chain(stage: Backstage) -> None:
    machine(stage.board)
    run(stage.board, "t-1")
    for number, request in enumerate((6, 7, 6, 7, 7), 1):
        entry(stage.board, number, request)
    await stage.show("machines")
    await stage.press("#7")
    await expect(stage.rows).to_have_count(3)
    await expect(stage.page.locator("#tab-audit")).to_be_focused()
    assert await stage.panel.locator(".row.apart").count() == 1  # 4 does not stand below 3
    before, after = stage.rows.nth(1), stage.rows.nth(2)
    own = await before.locator(".hash").last.inner_text()
    assert await after.locator(".hash").first.inner_text() == own
    await after.click()
    await expect(stage.details).to_contain_text(f"{5:064x}")
    await expect(stage.details).to_contain_text('"via": "card"')
    await stage.panel.get_by_label("按申请筛选").select_option("")
    await expect(stage.rows).to_have_count(5)
    await stage.press("校验")
    found = {"ok": False, "rows": 5, "text": "entry 4: the hash is not that", "at": AT}
    stage.board.put("verified", "audit", found)
    await expect(stage.panel.locator(".verified.bad")).to_contain_text("entry 4")
    assert stage.said == [("audit.verify", {})]


async def test_dead_letters_are_sent_once_more(stage: Backstage) -> None:
    """Letters stand at their event; a letter of no event stands alone; the bot's own are aside."""
    event(stage.board, 1, "Hire")
    event(stage.board, 2, "Raise")
    event(stage.board, 3, "countersign.vote.cast", source="countersign/x")
    letter(stage.board, 8, "e1")
    letter(stage.board, 9, "e2", state="refused", dead=True, attempts=4, problem="HTTP 503")
    letter(stage.board, 10, "gone", state="unknown", dead=True, target="thread", to="", request=7)
    panel = await stage.show("events")
    await expect(stage.rows).to_have_count(3)
    await panel.get_by_label("显示哪些事件").select_option("dead")
    await expect(stage.rows).to_have_count(2)
    await panel.locator(".row", has_text="Raise").click()
    await expect(stage.details).to_contain_text("HTTP 503")
    await stage.press("重新投递")
    await stage.answered("redrive 9")
    letter(stage.board, 9, "e2", attempts=5)
    await expect(stage.rows).to_have_count(1)
    await panel.locator("summary", has_text="HR 系统").click()
    await panel.get_by_label("工号").fill("E42")
    stage.answer = {"ok": {"status": 202, "text": ""}}
    await stage.press("发送")
    await stage.answered("HTTP 202")
    event_ = {"kind": "Hire", "platform": "dingtalk", "emp_id": "E42", "role": "devops"}
    assert stage.said == [("letters.redrive", {"id": 9}), ("events.post", event_)]


async def test_a_form_is_filed_and_decided(stage: Backstage) -> None:
    panel = await stage.show("forms")
    kind = panel.get_by_role("combobox", name="审批单", exact=True)
    await kind.select_option("lark/new-hire")
    await panel.get_by_role("combobox", name="发起人").select_option("dave")
    await panel.get_by_role("checkbox", name="Carol").check()
    await stage.press("提交")
    await stage.answered("已提交")
    filed = {"platform": "lark", "id": "F1", "form": "new-hire", "by": "dave", "at": AT}
    fields = {"fields": {"emp_id": "E123", "role": "devops"}, "revokes": "", "state": "open"}
    tasks = [{"by": who, "state": "PENDING", "result": ""} for who in ("bob", "carol")]
    stage.board.put("forms", "lark/F1", filed | fields | {"tasks": tasks})
    await panel.get_by_label("工号").fill("E999")
    await stage.press("以 Bob 同意")
    await stage.answered("Bob 同意了")
    tasks[0]["state"] = "APPROVED"
    stage.board.put("forms", "lark/F1", filed | fields | {"tasks": tasks})
    await expect(panel.get_by_role("button", name="以 Bob 同意")).to_have_count(0)
    await expect(panel.get_by_label("工号")).to_have_value("E999")  # left alone
    stage.board.put("forms", "lark/F1", filed | fields | {"tasks": tasks, "state": "agreed"})
    await stage.press("以 Dave 撤销")
    await stage.press("再点一次确认")
    asked = {"approvers": ["bob", "carol"], "fields": fields["fields"], "form": "new-hire"}
    assert stage.said == [
        ("form.file", asked | {"platform": "lark", "person": "dave"}),
        ("form.decide", {"platform": "lark", "id": "F1", "person": "bob", "decision": "agree"}),
        ("form.revoke", {"platform": "lark", "id": "F1"}),
    ]


async def test_every_fault_says_what_it_means_and_can_be_ordered(stage: Backstage) -> None:
    panel = await stage.show("control")
    await panel.get_by_label("注入几次").select_option("3")
    await stage.press("消息推两次")
    await stage.answered("“消息推两次”会在下一次发生")
    waiting = {"platform": "dingtalk", "name": "duplicate", "api": "push.chat", "do": "duplicate"}
    stage.board.put("faults", "dingtalk/0", waiting | {"times": 3, "args": {}})
    await expect(panel.locator(".waiting")).to_contain_text("消息推两次")
    await stage.press("全部清除")
    ordered = {"platform": "dingtalk", "kind": "duplicate", "times": 3}
    cleared = ("fault.clear", {"platform": "dingtalk"})
    assert stage.said == [("fault.add", ordered), cleared]
    sentences = await panel.locator(".faults .muted").all_text_contents()
    assert all(sentence.endswith("。") for sentence in sentences)


async def test_each_of_several_bots_is_killed_frozen_woken_and_started(stage: Backstage) -> None:
    """Which bot it was stands at its messages and on the wire; the page is for everybody."""
    several(stage.board)
    call(stage.board, 1, bot="bot-2")
    panel = await stage.show("control")
    await expect(panel.locator(".summary")).to_have_text("4 个机器人里有 2 个在工作。")
    await expect(stage.page.locator(".chip")).to_contain_text("2/4")
    leader = panel.locator(".bot-tile", has=stage.page.get_by_text("领头"))
    await expect(leader.and_(panel.locator("[aria-label=bot-2]"))).to_have_count(1)
    gone = panel.get_by_role("group", name="bot-4", exact=True)
    await expect(gone).to_contain_text("其余的接管了它手上的事")
    for name, button in (
        ("bot-1", "kill -9"),
        ("bot-1", "冻结"),
        ("bot-2", "正常停止"),
        ("bot-3", "唤醒"),
        ("bot-4", "启动"),
    ):
        tile = panel.get_by_role("group", name=name, exact=True)
        await tile.get_by_role("button", name=button, exact=True).press("Enter")
        await stage.answered(name)
    await expect(panel.locator(".bot-tile").get_by_role("button")).to_have_count(9)
    await panel.get_by_role("group", name="谁的日志").get_by_role("button", name="bot-2").click()
    await expect(panel.locator(".log")).to_contain_text("bot-2 is ready")
    names = ("bot.kill", "bot.freeze", "bot.stop", "bot.wake", "bot.start")
    chosen = ("bot-1", "bot-1", "bot-2", "bot-3", "bot-4")
    assert stage.said == [(name, {"bot": bot}) for name, bot in zip(names, chosen, strict=True)]
    await stage.page.set_viewport_size({"width": 375, "height": 800})
    await stage.page.locator("[data-shows=backstage]").click()
    for name in ("control", "wire"):
        await stage.show(name)
        found = await Axe().run(stage.page, ".panel", options=AXE)
        assert found.violations_count == 0, found.generate_report()
        assert await stage.page.evaluate("document.documentElement.scrollWidth") == 375
    await expect(stage.rows).to_contain_text("bot-2")


@pytest.mark.parametrize(
    ("locale", "theme", "width"),
    [("en", "dark", 375), pytest.param("zh-CN", "light", 1440, marks=pytest.mark.slow)],
)
async def test_every_panel_is_for_everybody(
    stage: Backstage, locale: str, theme: str, width: int
) -> None:
    """No finding of axe, nothing wider than its panel; in both languages, light and dark."""
    board, page = stage.board, stage.page
    machine(board, files=[{"name": "passwd", "text": "root\n" * 30}])
    run(board, "t-0", state="Success", exit=0, seconds=3.0, output="done")
    run(board, "t-1", output="working\n" * 40)
    for number in range(1, 60):
        call(board, number, outcome=("ok", "refused", "lost", "late", "open")[number % 5])
        entry(board, number, number // 9)
    event(board, 1, "Raise")
    letter(board, 9, "e1", state="refused", dead=True, problem="HTTP 503")
    bot(board)
    filed = {"platform": "lark", "id": "F1", "form": "new-hire", "by": "dave", "at": AT}
    tasks = {"tasks": [{"by": "bob", "state": "PENDING", "result": ""}]}
    rest = {"fields": {"emp_id": "E123", "role": "devops"}, "revokes": "", "state": "open"}
    board.put("forms", "lark/F1", filed | rest | tasks)
    waiting = {"platform": "dingtalk", "name": "duplicate", "api": "push.chat", "do": "duplicate"}
    board.put("faults", "dingtalk/0", waiting | {"times": 3, "args": {}})
    board.put("verified", "audit", {"ok": True, "rows": 59, "text": "ok", "at": AT})
    await page.set_viewport_size({"width": width, "height": 800})
    await page.evaluate(
        "([locale, theme]) => { localStorage.setItem('locale', JSON.stringify(locale));"
        " localStorage.setItem('theme', JSON.stringify(theme)); }",
        [locale, theme],
    )
    await page.reload()
    if width < 768:
        await page.locator("[data-shows=backstage]").click()
    for name in PANELS:
        panel = await stage.show(name)
        if name in ("wire", "events", "audit"):
            await stage.rows.last.click()
        found = await Axe().run(page, ".panel", options=AXE)
        assert found.violations_count == 0, found.generate_report()
        wide = "each => each.scrollWidth - each.clientWidth"
        assert await panel.evaluate(wide) <= 0, name
        assert await page.evaluate(f"({wide})(document.documentElement)") <= 0, name


@pytest.mark.slow
async def test_the_bot_is_killed_and_comes_back(page: Page, tmp_path: Path) -> None:
    """On the playground itself: a clock, kill -9, a start, and an audit log that is whole."""
    async with playground.open_page(tmp_path, "zh-CN") as server:
        stage = Backstage(page, Board())
        await page.goto(server.address)
        panel = await stage.show("control")
        state = panel.locator(".state")
        await expect(state).to_contain_text("已连接", timeout=30_000)
        await stage.press("+10 分钟")
        await expect(panel).to_contain_text("快 10 分 0 秒")
        await stage.press("kill -9")
        await expect(state).to_contain_text("已被杀掉")
        await stage.press("启动")
        await expect(state).to_contain_text("已连接", timeout=30_000)
        await expect(panel.locator(".pairs")).to_contain_text("启动次数2")
        await stage.show("audit")
        await stage.press("校验")
        await expect(panel.locator(".verified.good")).to_contain_text("链条完整")
        await page.close()
