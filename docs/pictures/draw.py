"""Draw the pictures: play what they show on the sandbox, and set what the platforms were sent.

    .venv/bin/python -m docs.pictures.draw

Needs chromium, tmux, fonts-dejavu-core, fonts-noto-cjk and fonts-noto-color-emoji; pngquant, where
it is installed, makes the pictures smaller.

Nothing in a picture is written by hand: the cards, their updates and the messages are the bodies of
the bot's own calls, read from the journals of the stand-ins.
"""

from __future__ import annotations

from pathlib import Path

from docs.pictures import dingtalk, lark, look, scenes, terminal

HERE = Path(__file__).resolve().parent
WORDS = {
    "en": {
        "dingtalk": "DingTalk",
        "lark": "Lark",
        "robot": "bot",
        "ended": "After Bob's Approve: the same card, and the reply",
        "midway": "After Carol's Approve: the same card, one instance later",
    },
    "zh-CN": {
        "dingtalk": "钉钉",
        "lark": "飞书",
        "robot": "机器人",
        "ended": "Bob 同意之后：同一张卡片，以及回复",
        "midway": "Carol 同意之后：同一张卡片，第一台已完成",
    },
}


def columns(played: dict[str, scenes.Scenes], words: dict[str, str], *names: str) -> str:
    """Each platform's group in these scenes, one after the other."""
    made = ""
    for platform, scene in played.items():
        made += f'<section class="{platform}"><h1>{words[platform]}</h1>'
        for name in names:
            made += f"<h2>{words[name]}</h2>" if name in words else ""
            made += "".join(look.said(item, words["robot"]) for item in scene[name])
        made += "</section>"
    return f"<main>{made}</main>"


def main() -> None:
    for locale, words in WORDS.items():
        ending = ".png" if locale == "en" else f".{locale}.png"
        played = {platform: scenes.recorded(platform, locale) for platform in scenes.DRAWN}
        style = dingtalk.STYLE + lark.STYLE
        for name, shown in scenes.PICTURES.items():
            look.photograph(columns(played, words, *shown), style, HERE / (name + ending))
        look.photograph(terminal.screen(locale), terminal.STYLE, HERE / ("demo" + ending))


if __name__ == "__main__":
    main()
