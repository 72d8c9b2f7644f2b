"""Plays the demo in a terminal of tmux, and keeps what stands on its screen."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
import time

from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT, PATIENCE = 100, 47, 240.0
NAME = "countersign-picture"
STYLE = """
svg { display: block; width: 960px; height: auto }
@font-face { font-family: signs; src: local("DejaVu Sans Mono"); size-adjust: 83%;
  unicode-range: U+B7, U+2014, U+2192, U+2500-257F, U+2713 }
svg text { font-family: "DejaVu Sans Mono", monospace !important }
svg[lang=zh-CN] text { font: 24.4px signs, "Noto Sans Mono CJK SC" !important }
"""
"""Where Chinese stands between, only a font in which it is twice as wide as a letter is even."""


def tmux(*words: str) -> str:
    command = ["tmux", "-L", NAME, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def screen(locale: str) -> str:
    """The demo's terminal as SVG, after its stories."""
    if shutil.which("tmux") is None:
        raise SystemExit("tmux is not installed: apt-get install tmux")
    demo = [sys.executable, "-m", "sandbox.demo", "--terminal", "--locale", locale]
    size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
    tmux("-f", "/dev/null", "-u", "new-session", "-d", "-s", NAME, *size, shlex.join(demo))
    deadline = time.monotonic() + PATIENCE
    while "alice@dingtalk" not in (seen := tmux("capture-pane", "-e", "-p", "-t", NAME)):
        if time.monotonic() > deadline:
            raise SystemExit(f"the demo did not come to its prompt:\n{seen}")
        time.sleep(0.2)
    tmux("send-keys", "-t", NAME, "C-c")
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(seen.rstrip(), no_wrap=True))
    drawn = console.export_svg(title="make demo").replace("<svg ", f'<svg lang="{locale}" ', 1)
    return (
        re.sub(r' (textLength="[\d.]+"|clip-path="[^"]+line[^"]+")', "", drawn)
        if locale == "zh-CN"
        else drawn
    )
