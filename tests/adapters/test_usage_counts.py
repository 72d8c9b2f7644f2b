"""What counts of a platform's monthly quota, as DingTalk's page on billing says it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.common import http
from adapters.dingtalk import api, events
from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import ports


@pytest.mark.parametrize(
    ("kind", "headers", "push"),
    [
        ("EVENT", {"eventType": "bpms_instance_change", "topic": "*"}, "event"),
        ("EVENT", {"eventType": "chat_update_title"}, "event"),
        ("EVENT", {"eventType": "user_leave_org"}, ""),
        ("EVENT", {"eventType": "org_dept_create"}, ""),
        ("EVENT", {"eventType": "label_user_change"}, ""),
        ("CALLBACK", {"topic": events.CHAT_TOPIC}, "message"),
        ("CALLBACK", {"topic": events.CARD_TOPIC}, "click"),
        ("CALLBACK", {"topic": "/v1.0/other"}, ""),
        ("SYSTEM", {"topic": "ping"}, ""),
        ("EVENT", {}, "event"),
    ],
)
def test_pushes(kind: str, headers: dict[str, object], push: str) -> None:
    assert events.push_of({"type": kind, "headers": headers, "data": "{}"}) == push


class Far(http.Http):
    """Answers a token, and then what it is told to."""

    def __init__(self, status: int, text: str, lost: bool | None = None) -> None:
        super().__init__(1.0, 1.0)
        self.answer, self.lost = http.Answer(status, text, {}), lost

    async def call(self, method: str, url: Any, *args: Any, **kwargs: Any) -> http.Answer:
        if str(url).endswith("accessToken"):
            return http.Answer(200, '{"accessToken": "t", "expireIn": 7200}', {})
        if self.lost is not None:
            raise http.NoAnswer(OSError("gone"), self.lost)
        return self.answer


class Now(ports.Clock):
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def counting(far: Far, **settings: Any) -> tuple[api.Api, Counter[model.Meter]]:
    counts: Counter[model.Meter] = Counter()

    def count(meter: model.Meter) -> None:
        counts[meter] += 1

    return api.Api(Settings("id", "secret", **settings), far, Now(), count), counts


@pytest.mark.parametrize(
    ("status", "text", "calls"),
    [
        (200, '{"result": true}', 1),
        (400, '{"code": "param.error", "message": "no"}', 1),
        (500, '{"code": "system.error"}', 1),
        (429, "{}", 0),
        (403, '{"code": "Forbidden.AccessDenied.QpsLimitForApi"}', 0),
        (403, '{"code": "Forbidden.AccessDenied.ApiCountLimitForOrg"}', 0),
        (200, '{"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}', 0),
    ],
)
async def test_calls_count_but_for_tokens_and_what_came_too_fast(
    status: int, text: str, calls: int
) -> None:
    made, counts = counting(Far(status, text))
    await made.call("POST", "/v1.0/anything", {})
    assert counts["calls"] == calls
    await made.close()


@pytest.mark.parametrize("sent", [True, False])
async def test_a_call_whose_answer_is_lost_counts_if_it_left(sent: bool) -> None:
    made, counts = counting(Far(0, "", lost=sent))
    await made.call("POST", "/v1.0/anything", {})
    assert counts["calls"] == int(sent)
    await made.close()


@pytest.mark.parametrize(
    ("text", "counted", "pushes"),
    [
        ('{"errcode": 0}', ("reply",), 1),
        ('{"errcode": "0"}', ("reply",), 1),
        ('{"errcode": 0}', ("message",), 0),
        ('{"errcode": 660026}', ("reply",), 0),
    ],
)
async def test_answers_by_a_session_webhook(
    text: str, counted: tuple[str, ...], pushes: int
) -> None:
    made, counts = counting(Far(200, text), counted=counted)
    await made.webhook("https://oapi.dingtalk.com/robot/sendBySession", {})
    assert counts == Counter({"pushes": pushes} if pushes else {})
    await made.close()
