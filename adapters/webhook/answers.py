"""What a robot's answer means: one of the four outcomes, with a sentence for people.

The platforms answer HTTP 200 to almost everything, so the body decides:
https://open.dingtalk.com/document/development/custom-bot-to-send-group-chat-messages,
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.common import http
from adapters.webhook.address import Target
from bot import model

MINUTE = 60.0
MUTE = 600.0
"""So long a DingTalk robot is silent once it sent more than 20 messages in a minute."""
BAN = 300.0
HOUR = 3600.0
SHOWN = 200

_DINGTALK_WAIT: Mapping[str, float] = {
    "-1": 1.0,
    "130101": MUTE,
    "410100": MINUTE,
    "660026": MINUTE,
    "90018": 1.0,
    "90002": 5.0,
    "90020": HOUR,
}
_DINGTALK: Mapping[str, tuple[str, str]] = {
    "300001": ("no_robot", "there is no such robot: its access_token is wrong, or it was removed"),
    "300005": ("no_robot", "there is no such robot: its access_token is wrong, or it was removed"),
    "400101": ("no_robot", "there is no such robot: its access_token is wrong, or it was removed"),
    "40014": ("no_robot", "there is no such robot: its access_token is wrong, or it was removed"),
    "400013": ("no_robot", "the robot's group was dissolved"),
    "400102": ("no_robot", "the robot is switched off; switch it on in the group's settings"),
    "400106": ("no_robot", "the robot is not in the group; add it again"),
    "400105": ("content", "DingTalk does not know this msgtype"),
    "40035": ("content", "DingTalk misses a part of the message"),
    "43004": ("content", "DingTalk wants JSON"),
    "460101": ("too_long", "the message is too long for DingTalk; shorten it"),
    "430101": ("unsafe", "DingTalk reply an unsafe link in the message"),
    "430102": ("unsafe", "DingTalk reply something improper in the text"),
    "430103": ("unsafe", "DingTalk reply something improper in a picture"),
    "430104": ("unsafe", "DingTalk reply something improper in the message"),
}
_LARK_WAIT: Mapping[str, float] = {
    "11232": 5.0,
    "11233": 5.0,
    "11247": 5.0,
    "11220": 5.0,
    "230020": 1.0,
    "99991400": 5.0,
}
_LARK: Mapping[str, tuple[str, str]] = {
    "19001": ("no_robot", "there is no such robot: its address is wrong, or it was removed"),
    "19002": ("content", "Lark does not understand the message"),
    "9499": ("content", "Lark does not understand the message, or the robot is switched off"),
}
_BUSY = re.compile("too many|too fast|frequency|rate limit", re.I)
"""With code 9499 Lark says both "Bad Request" and that there were too many."""
_NO_KEYWORD = re.compile("key ?words?|关键词", re.I)
_NO_IP = re.compile(r"\bip\b|白名单|whitelist", re.I)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``body`` is the JSON object, {} where it was none; ``text`` its text."""

    status: int
    body: Mapping[str, Any]
    text: str = ""
    retry_after: float = 0.0


def answer(response: http.Answer, now: datetime) -> Answer:
    """Reads a response."""
    wait = response.retry_after(now, "x-ogw-ratelimit-reset")
    return Answer(response.status, response.object(), response.text, wait)


def outcome(target: Target, reply: Answer, repeatable: bool) -> model.Outcome:
    """What became of a message. ``repeatable``: sending it again does no harm, so that an answer
    which says nothing counts as not sent."""
    if 300 <= reply.status < 400:
        return model.Refused(
            f"{target.shown}: the address answers with a redirect, which is not followed; give "
            "the final address",
            "redirect",
        )
    if reply.status == 429:
        return model.NotSent(f"{target.shown}: too many messages", reply.retry_after or MINUTE)
    if target.kind == "dingtalk":
        judged = _dingtalk(target, reply)
    elif target.kind == "lark":
        judged = _lark(target, reply)
    else:
        judged = _plain(reply)
    if judged is not None:
        return judged
    if 400 <= reply.status < 500 and reply.status != 408:
        return model.Refused(f"{target.shown}: HTTP status {reply.status}", str(reply.status))
    reason = f"{target.shown}: HTTP status {reply.status} without a clear answer"
    return http.lost(reason, repeatable)


def _dingtalk(target: Target, reply: Answer) -> model.Outcome | None:
    """None: it was not the platform that answered."""
    body = reply.body
    if body.get("punish") == "deny" or body.get("status") == 1111:
        return model.NotSent(f"{target.shown}: too many calls from this address", BAN)
    code, said = str(body.get("errcode", "")), _said(target, body.get("errmsg"))
    if code == "88":
        code, said = str(body.get("sub_code") or code), _said(target, body.get("sub_msg") or said)
    if code == "0" and reply.status == 200:
        return model.Done(data={"document": dict(body)})
    if code in _DINGTALK_WAIT:
        return model.NotSent(f"{target.shown}: {code}: {said}", _DINGTALK_WAIT[code])
    if not code or reply.status >= 500:
        return None
    name, sentence = _DINGTALK.get(code, (code, ""))
    if code == "310000":
        name, sentence = _insecure(target, said)
    return _refused(target, name, sentence, f"{code}: {said}")


def _lark(target: Target, reply: Answer) -> model.Outcome | None:
    """None: it was not the platform that answered. The old answer has no ``code``."""
    body = reply.body
    code = str(body.get("code", body.get("StatusCode", "")))
    said = _said(target, body.get("msg") or body.get("StatusMessage"))
    if code == "0" and reply.status == 200:
        return model.Done(data={"document": dict(body)})
    if code in _LARK_WAIT or (code == "9499" and _BUSY.search(said)):
        wait = reply.retry_after or _LARK_WAIT.get(code, 5.0)
        return model.NotSent(f"{target.shown}: {code}: {said}", wait)
    if not code or reply.status >= 500:
        return None
    name, sentence = _LARK.get(code, (code, ""))
    if code == "19021":
        name, sentence = _unsigned(target)
    elif code == "19022":
        name, sentence = "ip", _ADDRESS
    elif code == "19024":
        name, sentence = "keywords", _keywords(target)
    return _refused(target, name, sentence, f"{code}: {said}")


def _plain(reply: Answer) -> model.Outcome | None:
    if not 200 <= reply.status < 300:
        return None
    return model.Done(data={"document": dict(reply.body) or reply.text[:SHOWN]})


def _refused(target: Target, name: str, sentence: str, said: str) -> model.Refused:
    reason = f"{sentence} ({said})" if sentence else said
    return model.Refused(f"{target.shown}: {reason}", name)


def _insecure(target: Target, said: str) -> tuple[str, str]:
    """Which of the security settings did not pass, as far as the text of code 310000 tells."""
    if _NO_KEYWORD.search(said):
        return "keywords", _keywords(target)
    if "sign" in said or "签名" in said or "timestamp" in said:
        return _unsigned(target)
    if _NO_IP.search(said):
        return "ip", _ADDRESS
    return "security", "the robot's security settings refuse the message"


_ADDRESS = (
    "the robot takes messages from certain addresses only: add this machine's public address to "
    "its IP list"
)


def _unsigned(target: Target) -> tuple[str, str]:
    if not target.secret:
        return "sign", (
            "the robot wants a signature: give its webhook and secret under robots in [webhook]"
        )
    return "sign", (
        "the robot refuses the signature: check its secret under robots in [webhook], and this "
        "machine's clock"
    )


def _keywords(target: Target) -> str:
    known = ", ".join(target.keywords)
    return "the message holds none of the robot's keywords" + (f": {known}" if known else "")


def _said(target: Target, text: object) -> str:
    """The platform's own words, without what is secret in them."""
    said = " ".join(str(text or "no reason given").split())
    for secret in (target.secret, target.token):
        said = said.replace(secret, "***") if secret else said
    return said[:SHOWN]
