"""What the pictures of both platforms share: a page, who speaks, and the photograph of it."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

COLOURS = {"alice": "#7b67ee", "bob": "#00a870", "carol": "#e37318"}
STYLE = """
* { box-sizing: border-box } body { margin: 0; padding: 20px; width: 1000px; color: #1f2329;
  background: #fff; font: 13px/1.55 "Liberation Sans", "Noto Sans CJK SC", sans-serif }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 16px }
section { background: #f2f3f5; border-radius: 10px; padding: 14px 16px 18px; min-width: 0 }
section.dingtalk { background: #eceef2 }
h1 { font-size: 14px; margin: 0 0 12px } h2 { font-size: 12px; font-weight: 400; color: #646a73;
  border-top: 1px solid #d5d8dc; margin: 16px 0 12px; padding-top: 10px }
.said { display: flex; gap: 9px; margin-top: 12px }
.face { flex: none; width: 32px; height: 32px; border-radius: 50%; color: #fff; text-align: center;
  line-height: 32px; font-size: 13px } .dingtalk .face { border-radius: 7px }
.who { color: #646a73; font-size: 12px; margin-bottom: 3px } .rest { min-width: 0; flex: 1 }
.robot { font-size: 10px; background: #d6e4ff; color: #245bdb; border-radius: 3px; padding: 1px 4px;
  margin-left: 5px }
.bubble { background: #fff; border-radius: 8px; padding: 8px 12px; display: inline-block;
  max-width: 100%; overflow-wrap: anywhere }
.card { background: #fff; border-radius: 8px; overflow: hidden; border: 1px solid #dee0e3;
  overflow-wrap: anywhere }
pre, code { font-family: "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace }
pre { background: #f5f6f7; border-radius: 4px; padding: 7px; white-space: pre-wrap;
  overflow-wrap: anywhere; margin: 6px 0 0; font-size: 8.6px; line-height: 1.5 }
.at { color: #3370ff } .note { color: #8f959e; font-size: 11px }
"""


@dataclass
class Item:
    """Something in a group: when it came, who wrote it ("bot"), and what it looks like by now."""

    at: float
    who: str
    shown: str


def said(item: Item, robot: str) -> str:
    """An item beside the face of whom it is from. ``robot``: the word for one."""
    who, colour = item.who.capitalize(), COLOURS.get(item.who, "#3370ff")
    tag = ""
    if item.who == "bot":
        who, tag = "Countersign", f'<span class="robot">{robot}</span>'
    return (
        f'<div class="said"><div class="face" style="background:{colour}">{who[0]}</div>'
        f'<div class="rest"><div class="who">{who}{tag}</div>{item.shown}</div></div>'
    )


def bubble(text: str) -> str:
    """What a person wrote, as HTML."""
    shown = re.sub(r"(@\w+)", r'<span class="at">\1</span>', html.escape(text))
    return f'<div class="bubble">{shown}</div>'


def photograph(body: str, style: str, picture: Path) -> None:
    """Set a page with chromium, as high as the page really is."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    page = f'<!doctype html><meta charset="utf-8"><style>{STYLE}{style}</style>{body}'
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "page.html"
        measure = "<script>document.title = document.body.offsetHeight</script>"
        source.write_text(page + measure, "utf-8")
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        flags += [f"--user-data-dir={scratch}/profile", "--force-device-scale-factor=1.4"]

        def run(*more: str) -> str:
            command = [chromium, *flags, *more, source.as_uri()]
            return subprocess.run(
                command, check=True, capture_output=True, timeout=120, text=True
            ).stdout

        height = re.search(r"<title>(\d+)", run("--window-size=1000,2000", "--dump-dom"))
        assert height is not None
        run(f"--window-size=1000,{height[1]}", f"--screenshot={picture}")
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--output", picture, "64", picture], check=True)
    print(picture)
