"""Effects as calls: messages, cards, their updates, and reading approval forms.

Calls: https://open.feishu.cn/document/server-docs/im-v1/message/create, …/reply,
…/im-v1/message-card/patch and …/approval-v4/instance/get. Every send carries a ``uuid`` made from
the effect's key: the platform sends at most one message per uuid within an hour, so a send whose
answer was lost is simply repeated, as long as that hour lasts. After that the chat is read to see
whether it arrived; where that cannot be told, it is unknown.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from adapters.lark import api, files, forms, history, render, sdk
from bot import failpoints, model
from bot.model import ports

log = logging.getLogger(__name__)

PERSON = "ou_"
"""How the id of a person begins, who may be written to in place of a chat."""
SEND_SCOPE = "im:message:send_as_bot"
URGENT_SCOPE = "im:message.urgent"
FORM_SCOPE = "approval:approval:readonly"
UUID_HOLDS = 3600.0 - 120.0
"""Seconds for which a repeated uuid is surely recognised."""


@dataclass(frozen=True, slots=True)
class _Content:
    """A message's body three times over: ``reply`` where it answers a message, ``fresh`` where it
    stands alone, ``quiet`` without mentions, for when somebody mentioned does not exist. ``mark``
    is what it is recognised by when the chat is read. ``fixed``: it goes nowhere else."""

    kind: str
    reply: str
    fresh: str
    quiet: str
    mark: str
    fixed: bool = False


LIST_WINDOW = timedelta(hours=10)


class Sender:
    """Performs effects through ``api.Api``."""

    def __init__(
        self, calls: api.Api, clock: ports.Clock, app_id: str, reply_in_thread: bool
    ) -> None:
        self._api = calls
        self._app_id = app_id
        self._clock = clock
        self._in_thread = reply_in_thread

    async def perform(self, effect: ports.ChatEffect, attempt: model.Attempt) -> model.Outcome:
        """Send one effect; never raises for what the platform does."""
        own = Sender(self._api.of(attempt), self._clock, self._app_id, self._in_thread)
        return await own._perform(effect, attempt)

    async def _perform(self, effect: ports.ChatEffect, attempt: model.Attempt) -> model.Outcome:
        try:
            match effect:
                case model.Say():
                    outcome = await self._tell(
                        effect.place, effect.message, effect.key, attempt, effect.fixed
                    )
                    if effect.urgent and isinstance(outcome, model.Done):
                        outcome = await self._alert(effect.place, outcome)
                case model.ShowCard():
                    outcome = await self._show(effect, attempt)
                case model.UpdateCard():
                    outcome = await self._update(effect, attempt)
                case model.Recall():
                    outcome = await self._recall(effect)
                case model.FetchForm():
                    outcome = await self._fetch(effect)
                case model.ListForms():
                    outcome = await self._list(effect)
        except api.NoAnswer as problem:
            # Nothing here is harmed by a repetition: sends carry a uuid, an update says the same
            # twice, a form is only read.
            outcome = model.NotSent(str(problem), uncertain=problem.sent)
        except ports.BadCredentials as problem:
            outcome = model.NotSent(str(problem), 60.0)
            log.error("%s", problem)
        except render.TooLong as problem:
            outcome = model.Refused(str(problem), "too_long")
        return outcome

    # ------------------------------------------------------------------------- messages

    async def _tell(
        self,
        place: model.Place,
        message: model.Message,
        key: str,
        attempt: model.Attempt,
        fixed: bool = False,
    ) -> model.Outcome:
        """Send a message, then its file. ``Done.ref`` is the first post's."""
        posts = await self._posts(place, message, key, attempt, fixed)
        if message.file is None or not isinstance(posts, model.Done):
            return posts
        sent = await self._file(place, message.file, f"{key}#file", attempt)
        return posts if isinstance(sent, model.Done) else sent

    async def _alert(self, place: model.Place, sent: model.Done) -> model.Outcome:
        """Alert the person whom a direct message went to; the message itself has arrived, whatever
        comes of that. Repeated, it alerts again.
        https://open.feishu.cn/document/server-docs/im-v1/buzz-messages/urgent_app"""
        path = f"im/v1/messages/{quote(sent.ref, safe='')}/urgent_app"
        body = {"user_id_list": [place.chat]}
        try:
            answer = await self._api.call("PATCH", path, body, {"user_id_type": "open_id"})
        except api.NoAnswer as problem:
            return replace(sent, data={**sent.data, "calm": str(problem)})
        if answer.code == 0 and not answer.data.get("invalid_user_id_list"):
            return replace(sent, data={**sent.data, "alerted": True})
        why = answer.outcome(URGENT_SCOPE).reason if answer.code else "Lark knows no such user"
        return replace(sent, data={**sent.data, "calm": why})

    async def _posts(
        self,
        place: model.Place,
        message: model.Message,
        key: str,
        attempt: model.Attempt,
        fixed: bool = False,
    ) -> model.Outcome:
        """Send a message's words, in several posts if it is long; those sent before are not sent
        again."""
        elsewhere = render.posts(message, quoted=True)
        quiet = render.posts(message, silent=True)
        posts = render.posts(message)
        for number, content in enumerate(posts):
            part = f"{key}#{number}"
            if part in attempt.parts_done:
                continue
            post = _Content("post", content, elsewhere[number], quiet[number], content, fixed)
            sent = await self._send(place, post, part, attempt)
            if not isinstance(sent, model.Done):
                return sent
            if len(posts) == 1 and message.file is None:
                return model.Done(sent.ref)
            await attempt.note(part, sent.ref)
        return model.Done(attempt.parts_done[f"{key}#0"])

    async def _file(
        self, place: model.Place, file: model.File, key: str, attempt: model.Attempt
    ) -> model.Outcome:
        """Send a file; its text as posts where the platform does not take it."""
        if key in attempt.parts_done:
            return model.Done(attempt.parts_done[key])
        answer = await files.upload(self._api, file)
        if answer.code != 0 and answer.later:
            return answer.outcome(files.SCOPE)
        outcome: model.Outcome = answer.outcome(files.SCOPE)
        if name := files.key_of(answer):
            content = render.dumped({"file_key": name})
            # Its name on the platform is new each time: one sent twice does no harm.
            sent = _Content("file", content, content, content, name)
            outcome = await self._send(place, sent, key, attempt)
        if isinstance(outcome, model.Refused):
            log.warning("a file is sent as posts: %s", outcome.reason)
            lines = model.Message(file.name, (model.Block("pre", text=file.text),))
            outcome = await self._posts(place, lines, f"{key}#lines", attempt)
        if isinstance(outcome, model.Done):
            await attempt.note(key, outcome.ref)
        return outcome

    async def _show(self, effect: model.ShowCard, attempt: model.Attempt) -> model.Outcome:
        drawn = render.card(effect.drawing)
        if drawn.cut:
            before = await self._tell_whole(effect.place, effect.drawing, attempt)
            if not isinstance(before, model.Done):
                return before
        content = render.dumped(drawn.content)
        quiet = render.dumped(render.card(render.silent(effect.drawing)).content)
        card = _Content("interactive", content, content, quiet, effect.drawing.code)
        return await self._send(effect.place, card, effect.key, attempt)

    async def _tell_whole(
        self, place: model.Place, card: model.Card, attempt: model.Attempt
    ) -> model.Outcome:
        """Say everything that a cut card leaves out; once for the same text of the same request."""
        message = render.whole(card)
        text = model.canonical(render.posts(message))
        key = f"whole:{card.request}:{card.code}:{hashlib.sha256(text.encode()).hexdigest()}"
        if key in attempt.parts_done:
            return model.Done(attempt.parts_done[key])
        outcome = await self._tell(place, message, key, attempt)
        failpoints.reach("lark.full_text")
        if isinstance(outcome, model.Done):
            await attempt.note(key, outcome.ref)
        return outcome

    async def _send(
        self, place: model.Place, content: _Content, key: str, attempt: model.Attempt
    ) -> model.Outcome:
        """Reply where there is a message to reply to, else write to the chat."""
        uuid = safe_uuid(key)
        age = self._clock.age(attempt.uncertain_since)
        if attempt.uncertain and age > UUID_HOLDS:
            earlier = await self._earlier(place, content, attempt)
            if earlier is not None:
                return earlier
        answer = await self._deliver(place, content, uuid)
        if answer.nobody and content.quiet != content.reply:
            log.error("Lark knows nobody by one of the open_ids mentioned: %s", answer.message)
            content = replace(content, reply=content.quiet, fresh=content.quiet)
            answer = await self._deliver(place, content, uuid)
        if answer.code != 0:
            return answer.outcome(SEND_SCOPE)
        ref = answer.data.get("message_id")
        if not isinstance(ref, str) or not ref:
            return model.Unknown("Lark did not name the message that it sent", uuid)
        return model.Done(ref, {"thread": str(answer.data.get("thread_id") or "")})

    async def _earlier(
        self, place: model.Place, content: _Content, attempt: model.Attempt
    ) -> model.Outcome | None:
        """What became of a try that was left unanswered for longer than its uuid is recognised;
        None: it did not happen."""
        since = attempt.uncertain_since
        try:
            ref = await history.sent(
                self._api, self._app_id, place, content.kind, content.mark, since
            )
        except history.Unreadable as problem:
            return problem.outcome
        return model.Done(ref) if ref else None

    async def _deliver(self, place: model.Place, content: _Content, uuid: str) -> api.Answer:
        if place.message:
            answer = await self._reply(place, content, uuid)
            if not answer.gone or content.fixed or not place.chat:
                return answer
            log.info("the message to answer is gone (%d); writing to the chat", answer.code)
        body = (
            sdk.CreateMessageRequestBody.builder()
            .receive_id(place.chat)
            .msg_type(content.kind)
            .content(content.fresh)
            .uuid(uuid)
            .build()
        )
        named = place.direct and place.chat.startswith(PERSON)
        params = {"receive_id_type": "open_id" if named else "chat_id"}
        return await self._api.call("POST", "im/v1/messages", _fields(body), params)

    async def _reply(self, place: model.Place, content: _Content, uuid: str) -> api.Answer:
        """Reply, in a thread if set so; where a chat has no threads, without."""
        path = f"im/v1/messages/{quote(place.message, safe='')}/reply"
        in_thread = self._in_thread and not place.direct
        while True:
            body = (
                sdk.ReplyMessageRequestBody.builder()
                .msg_type(content.kind)
                .content(content.reply)
                .reply_in_thread(in_thread)
                .uuid(uuid)
                .build()
            )
            answer = await self._api.call("POST", path, _fields(body))
            if not in_thread or answer.code not in api.NO_THREAD:
                return answer
            in_thread = False

    async def _update(self, effect: model.UpdateCard, attempt: model.Attempt) -> model.Outcome:
        if not effect.ref:
            return model.Refused("no card was sent that could be changed", "no_card")
        drawn = render.card(effect.drawing)
        if drawn.cut and any(button.action in model.GOES_ON for button in effect.drawing.buttons):
            before = await self._tell_whole(effect.place, effect.drawing, attempt)
            if not isinstance(before, model.Done):
                return before
        answer = await self._patch(effect.ref, drawn)
        if answer.nobody:
            log.error("Lark knows nobody by one of the open_ids mentioned: %s", answer.message)
            answer = await self._patch(effect.ref, render.card(render.silent(effect.drawing)))
        return model.Done(effect.ref) if answer.code == 0 else answer.outcome(SEND_SCOPE)

    async def _recall(self, effect: model.Recall) -> model.Outcome:
        """Take back a message. Of people's, Lark lets the bot only where it owns, administers or
        has made the group.
        https://open.feishu.cn/document/server-docs/im-v1/message/delete"""
        ref = effect.place.message
        if not ref or effect.place.direct:
            return model.Refused("what people write in a direct chat is theirs", "direct")
        path = f"im/v1/messages/{quote(ref, safe='')}"
        answer = await self._api.call("DELETE", path)
        gone = answer.code in api.TARGET_GONE
        return model.Done(ref) if answer.code == 0 or gone else answer.outcome(SEND_SCOPE)

    async def _patch(self, ref: str, drawn: render.Drawn) -> api.Answer:
        content = render.dumped(drawn.content)
        body = sdk.PatchMessageRequestBody.builder().content(content).build()
        return await self._api.call("PATCH", f"im/v1/messages/{quote(ref, safe='')}", _fields(body))

    # ------------------------------------------------------------------------- forms

    async def _fetch(self, effect: model.FetchForm) -> model.Outcome:
        path = f"approval/v4/instances/{quote(effect.instance, safe='')}"
        answer = await self._api.call("GET", path, params={"user_id_type": "open_id"})
        if answer.code == api.NO_INSTANCE:
            return model.Refused(answer.outcome(FORM_SCOPE).reason, "no_form")
        if answer.code != 0:
            return answer.outcome(FORM_SCOPE)
        code = answer.data.get("approval_code")
        if effect.form and code and code != effect.form:
            return model.Refused("the instance belongs to another approval form", "other_form")
        form = forms.form(answer.data)
        if not form["status"]:
            return model.NotSent(
                f"the form's status {answer.data.get('status')!r} is unknown", 60.0
            )
        return model.Done(effect.instance, form)

    async def _list(self, effect: model.ListForms) -> model.Outcome:
        """Every instance filed in the window, which the platform wants in parts of ten hours:
        https://open.feishu.cn/document/server-docs/approval-v4/instance/list"""
        instances: list[str] = []
        start = effect.since
        while start < effect.until:
            end = min(start + LIST_WINDOW, effect.until)
            params = {
                "approval_code": effect.form,
                "start_time": str(int(start.timestamp() * 1000)),
                "end_time": str(int(end.timestamp() * 1000)),
                "page_size": "100",
            }
            while True:
                answer = await self._api.call("GET", "approval/v4/instances", params=params)
                if answer.code != 0:
                    return answer.outcome(FORM_SCOPE)
                instances += [str(code) for code in answer.data.get("instance_code_list") or ()]
                params["page_token"] = str(answer.data.get("page_token") or "")
                if not answer.data.get("has_more") or not params["page_token"]:
                    break
            start = end
        return model.Done(data={"instances": list(dict.fromkeys(instances))})


def safe_uuid(key: str) -> str:
    """``key`` as a uuid that the platform takes: at most 50 characters, the same each time."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _fields(body: object) -> dict[str, object]:
    """A model of the SDK as the JSON object that it stands for."""
    return {name: value for name, value in vars(body).items() if value is not None}
