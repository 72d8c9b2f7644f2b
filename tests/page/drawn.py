"""Payloads for the tests of what the page draws: one of each kind that the platforms know."""

from __future__ import annotations

from typing import Any

from sandbox import world

Payload = dict[str, Any]


def plain(content: str) -> Payload:
    return {"tag": "plain_text", "content": content}


def callback(**value: object) -> list[Payload]:
    return [{"type": "callback", "value": value}]


def message(platform: str, payload: Payload, kind: str = "message") -> Payload:
    return {"platform": platform, "id": "m1", "kind": kind, "payload": payload}


def dingtalk_card(data: dict[str, str], views: Payload | None = None) -> Payload:
    template = world.DINGTALK_CARD_TEMPLATE
    payload = {"template": template, "data": {"cardParamMap": data}, "views": views or {}}
    return message("dingtalk", payload, "card")


def lark_card(*elements: Payload, **more: Any) -> Payload:
    card = {"schema": "2.0", "config": {}, "body": {"elements": list(elements)}, **more}
    return message("lark", {"msg_type": "interactive", "content": card}, "card")


OPTIONS = [{"text": plain("one"), "value": "1"}, {"text": plain("two"), "value": "2"}]
COLUMN = {"tag": "column", "width": "weighted", "weight": 2, "elements": [plain("in a column")]}
INSIDE: list[Payload] = [{"tag": "markdown", "content": "**inside**"}]
ELEMENTS: dict[str, Payload] = {
    "markdown": {"content": "**bold** text"},
    "div": {"text": plain("plain text") | {"text_size": "notation", "text_color": "grey"}},
    "hr": {},
    "img": {"img_key": "img_1", "alt": plain("a picture")},
    "img_combination": {"img_list": [{"img_key": "img_2"}]},
    "person": {"user_id": "ou_bob"},
    "person_list": {"persons": [{"id": "ou_bob"}, {"id": "ou_carol"}]},
    "chart": {"chart_spec": {"type": "bar"}},
    "table": {
        "columns": [{"name": "a", "display_name": "head", "data_type": "text"}],
        "rows": [{"a": "cell"}],
    },
    "column_set": {"flex_mode": "flow", "background_style": "grey", "columns": [COLUMN]},
    "form": {"name": "f", "elements": INSIDE},
    "interactive_container": {"elements": INSIDE, "behaviors": callback(act="open")},
    "collapsible_panel": {
        "header": {"title": plain("panel head"), "background_color": "grey"},
        "border": {"color": "grey", "corner_radius": "6px"},
        "elements": INSIDE,
    },
    "button": {"text": plain("a button"), "behaviors": callback(act="press")},
    "input": {"name": "i", "label": plain("a label"), "placeholder": plain("say why")},
    "overflow": {"options": [{"text": plain("choice"), "value": "c"}]},
    "select_static": {"name": "s", "placeholder": plain("pick one"), "options": OPTIONS},
    "multi_select_static": {"name": "ms", "placeholder": plain("pick some"), "options": OPTIONS},
    "select_person": {"name": "sp", "options": OPTIONS},
    "multi_select_person": {"name": "msp", "options": OPTIONS},
    "date_picker": {"name": "d", "initial_date": "2026-11-30"},
    "picker_time": {"name": "t", "initial_time": "10:30"},
    "picker_datetime": {"name": "dt", "initial_datetime": "2026-11-30 10:30"},
    "select_img": {"name": "si", "options": [{"img_key": "img_3", "value": "v"}]},
    "checker": {"name": "c", "text": plain("check me"), "checked": True},
}
"""An element of each tag of card JSON 2.0, without its tag."""

HEADER = {
    "title": plain("#42 restart"),
    "subtitle": plain("expires 10:30"),
    "template": "orange",
    "text_tag_list": [{"tag": "text_tag", "text": plain("waiting"), "color": "orange"}],
}
WHOLE_CARD = lark_card(*({"tag": tag, **rest} for tag, rest in ELEMENTS.items()), header=HEADER)

POST = message(
    "lark",
    {
        "msg_type": "post",
        "content": {
            "zh_cn": {
                "title": "a title",
                "content": [
                    [{"tag": "at", "user_id": "ou_bob"}, {"tag": "text", "text": " see "}],
                    [{"tag": "text", "text": "bold", "style": ["bold", "lineThrough"]}],
                    [{"tag": "a", "text": "here", "href": "https://x.test/a"}],
                    [{"tag": "img", "image_key": "img_1"}, {"tag": "emotion", "emoji_type": "OK"}],
                    [{"tag": "media", "file_key": "file_1"}, {"tag": "hr"}],
                    [{"tag": "code_block", "language": "BASH", "text": "exit 1"}],
                    [{"tag": "md", "text": "*slanted*"}],
                    [{"tag": "hologram", "text": "unheard of"}],
                ],
            }
        },
    },
)
ACTION_CARD = message(
    "dingtalk",
    {
        "msgtype": "actionCard",
        "actionCard": {
            "title": "choose",
            "text": "**which**",
            "btns": [{"title": "first", "actionURL": "https://x.test/1"}],
        },
    },
)
DINGTALK_MARKDOWN = message(
    "dingtalk",
    {
        "msgtype": "markdown",
        "markdown": {
            "title": "title",
            "text": "# head\n\n> quoted\n\n**bold** *slanted* `code` ~~not struck~~ @u-bob  \n"
            "next line\njoined [words](https://x.test/p) ![alt](https://x.test/i.png)\n\n"
            "- one\n- two\n\n| no | table |\n|---|---|\n\n```\ncode <b>\n```\n"
            "<font color=#ff0000>red</font> <table> &lt;i&gt;",
        },
    },
)
LARK_MARKDOWN = (
    "## head\n<at id=ou_bob></at> <font color='green'>grown</font> "
    "<text_tag color='red'>late</text_tag> ~~struck~~ &#42;star&#42;\nnext line\n"
    "1. one\n2. two\n    - below\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n"
    "[words](https://x.test/p) <https://x.test/q>\n```bash\nrm <b>\n```\n---\n> quoted"
)
SAMPLES = [
    message("dingtalk", {"msgtype": "text", "text": {"content": "@Countersign help @Bob"}}),
    DINGTALK_MARKDOWN,
    ACTION_CARD,
    dingtalk_card(
        {
            "title": "#42 restart",
            "markdown": "**who** Alice",
            "tips": "press one",
            "sys_full_json_obj": '{"msgButtons":[{"text":"Approve","color":"blue","request":true,'
            '"id":"approve","params":{"action":"approve"}}]}',
        }
    ),
    message("lark", {"msg_type": "text", "content": {"text": "@Countersign <b>help</b>"}}),
    message("lark", {"msg_type": "file", "content": {"file_key": "k", "file_name": "plan.txt"}}),
    POST,
    WHOLE_CARD,
    lark_card({"tag": "markdown", "content": LARK_MARKDOWN}),
]
