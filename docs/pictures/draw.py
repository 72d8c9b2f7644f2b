"""Draw the picture of a card: play a restart on the sandbox and set what the platform was sent.

    .venv/bin/python -m docs.pictures.draw

Needs chromium, fonts-noto-cjk and fonts-noto-color-emoji.

Nothing in the picture is written by hand: the card, its last update and the reply in the thread are
the bodies of the bot's own calls, read from the journal of Lark's stand-in.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sandbox import demo, play
from sandbox.client import Sandbox

HERE = Path(__file__).resolve().parent
LINE = 'restart web-01 web-02 reason="memory leak"'
NAMES = {"ou_alice": "Alice", "ou_bob": "Bob", "ou_carol": "Carol"}
CAPTIONS = {
    "en": ("Asked: the whole plan, before the vote", "Approved, run, told"),
    "zh-CN": ("提出申请：先看完整计划，再投票", "同意、执行、回帖"),
}
TONES = {"orange": "#ff8800", "green": "#2ea121", "blue": "#3370ff", "red": "#d83931"}
STYLE = """
* { box-sizing: border-box } body { margin: 0; padding: 22px; width: 1000px; color: #1f2329;
  background: #f2f3f5; font: 13px/1.5 "Liberation Sans", "Noto Sans CJK SC", sans-serif }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 24px; align-items: start }
h2 { font-size: 12px; font-weight: 400; color: #646a73; margin: 0 0 10px 42px }
.said { display: flex; gap: 10px; margin-bottom: 14px }
.face { flex: none; width: 32px; height: 32px; border-radius: 50%; color: #fff; text-align: center;
  line-height: 32px; font-size: 13px }
.who { color: #646a73; font-size: 12px; margin-bottom: 3px } .rest { min-width: 0; flex: 1 }
.bubble { background: #fff; border-radius: 8px; padding: 8px 12px; display: inline-block }
.card { background: #fff; border-radius: 8px; overflow: hidden; border: 1px solid #dee0e3 }
.head { padding: 9px 14px; font-weight: 600; font-size: 14px; display: flex; gap: 8px }
.tag { font-size: 11px; font-weight: 400; padding: 1px 7px; border-radius: 4px; color: #fff }
.body { padding: 10px 14px 12px } .body > * { margin-bottom: 9px } .body > :last-child { margin: 0 }
pre { background: #f5f6f7; border-radius: 4px; padding: 8px 10px; overflow: hidden;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0 0;
  font: 9.5px/1.45 "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace }
.at { color: #3370ff } .field { border: 1px solid #d0d3d6; border-radius: 6px; height: 34px;
  padding: 6px 10px; color: #8f959e; margin: 4px 0 10px }
button { font: inherit; border-radius: 6px; padding: 4px 16px; margin-right: 8px;
  background: #fff; border: 1px solid #d0d3d6 }
button.primary { color: #3370ff; border-color: #3370ff }
button.danger { color: #d83931; border-color: #d83931 }
.note { color: #8f959e; font-size: 11px }
"""


async def record(locale: str) -> list[dict[str, Any]]:
    """The calls that Lark's stand-in got while a restart was asked for, approved and run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        async with Sandbox() as sandbox:
            config = demo.configuration(folder, sandbox.ports)
            text = config.read_text("utf-8").replace('locale = "zh-CN"', f'locale = "{locale}"')
            config.write_text(text, "utf-8")
            bot = await demo.start_bot(config, folder / "bot.log")
            try:
                await demo.connected(sandbox, bot, 30)
                stage = play.Play(sandbox, "lark")
                known = await stage.ids()
                await stage.say("alice", LINE)
                await stage.click("bob", await stage.new_card("restart", known), "approve")
                await stage.told(play.AUDIT, known, to="alice")
                calls: list[dict[str, Any]] = await sandbox.call("lark", "calls")
            finally:
                await demo.stop_bot(bot)
    return calls


def sent(calls: list[dict[str, Any]], api: str) -> list[Any]:
    """The contents of the messages sent by one call, in order."""
    found = [call["request"]["body"] for call in calls if call["api"] == f"im/v1/messages/{api}"]
    return [json.loads(body["content"]) for body in found]


def markdown(text: str) -> str:
    """Lark's card Markdown as HTML, as far as the bot writes it."""
    if code := re.fullmatch(r"```\n(.*)\n```", text, re.DOTALL):
        return f"<pre>{html.escape(code[1])}</pre>"
    text = re.sub(r"<at id=(\w+)></at>", lambda at: mention(at[1]), text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return "<div>" + text.replace("\n", "<br>") + "</div>"


def mention(who: str) -> str:
    return f'<span class="at">@{NAMES[who]}</span>'


def element(item: dict[str, Any]) -> str:
    """One element of a card as HTML. KeyError: a kind that the bot had not used before."""
    tag = item["tag"]
    if tag == "markdown":
        return markdown(item["content"])
    if tag == "div":
        return f'<div class="note">{html.escape(item["text"]["content"])}</div>'
    if tag == "input":
        label = html.escape(item["label"]["content"])
        return f'<div>{label}<div class="field">…</div></div>'
    if tag == "button":
        return f'<button class="{item["type"]}">{html.escape(item["text"]["content"])}</button>'
    inner = item["columns"] if tag == "column_set" else item["elements"]
    space = "inline" if tag == "column" else "block"
    return f'<div style="display:{space}">' + "".join(map(element, inner)) + "</div>"


def card(content: dict[str, Any]) -> str:
    head = content["header"]
    tone = TONES[head["template"]]
    tags = "".join(
        f'<span class="tag" style="background:{tone}">{html.escape(tag["text"]["content"])}</span>'
        for tag in head["text_tag_list"]
    )
    title = html.escape(head["title"]["content"])
    body = "".join(map(element, content["body"]["elements"]))
    return (
        f'<div class="card"><div class="head" style="background:{tone}22">{title}{tags}</div>'
        f'<div class="body">{body}</div></div>'
    )


def post(content: dict[str, Any]) -> str:
    """A rich-text message as HTML."""
    lines = []
    for line in content["zh_cn"]["content"]:
        parts = ""
        for part in line:
            text = html.escape(part.get("text", ""))
            if part["tag"] == "at":
                parts += mention(part["user_id"])
            elif part["tag"] == "code_block":
                parts += f"<pre>{text}</pre>"
            else:
                parts += f"<b>{text}</b>" if "bold" in part.get("style", ()) else text
        lines.append(f"<div>{parts}</div>")
    return f'<div class="bubble">{"".join(lines)}</div>'


def said(who: str, colour: str, what: str) -> str:
    return (
        f'<div class="said"><div class="face" style="background:{colour}">{who[0].upper()}</div>'
        f'<div class="rest"><div class="who">{who}</div>{what}</div></div>'
    )


def page(locale: str, calls: list[dict[str, Any]]) -> str:
    first, last = CAPTIONS[locale]
    shown, told = sent(calls, "reply")[0], sent(calls, "reply")[-1]
    line = f'<div class="bubble"><span class="at">@countersign</span> {html.escape(LINE)}</div>'
    left = said("Alice", "#7b67ee", line) + said("countersign", "#3370ff", card(shown))
    right = said("countersign", "#3370ff", card(sent(calls, "patch")[-1]))
    right += said("countersign", "#3370ff", post(told))
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><main>'
        f"<section><h2>{first}</h2>{left}</section><section><h2>{last}</h2>{right}</section></main>"
    )


def photograph(text: str, picture: Path) -> None:
    """Set a page with chromium, as high as the page really is."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "page.html"
        measure = "<script>document.title = document.body.offsetHeight</script>"
        source.write_text(text + measure, "utf-8")
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        flags += [f"--user-data-dir={scratch}/profile", "--force-device-scale-factor=1.25"]

        def run(*more: str) -> str:
            command = [chromium, *flags, *more, source.as_uri()]
            return subprocess.run(
                command, check=True, capture_output=True, timeout=120, text=True
            ).stdout

        height = re.search(r"<title>(\d+)", run("--window-size=1000,2000", "--dump-dom"))
        assert height is not None
        run(f"--window-size=1000,{height[1]}", f"--screenshot={picture}")


def main() -> None:
    for locale, name in (("en", "card.png"), ("zh-CN", "card.zh-CN.png")):
        photograph(page(locale, asyncio.run(record(locale))), HERE / name)
        print(HERE / name)


if __name__ == "__main__":
    main()
