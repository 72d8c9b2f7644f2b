"""Cards: is this one allowed, what do people see of it, which buttons does it have?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.lark import cardspec, markup, state
from sandbox.lark.gate import Refusal

MAX_ELEMENTS = 200
MAX_NESTING = 5
_ELEMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")


class BadCard(Exception):
    """The card was refused. ``code`` is the sub-code, the text what stands after ``ext=``."""

    def __init__(self, code: int, why: str, where: str = "", value: str = "") -> None:
        at = f"ErrPath: {where}; " if where else ""
        shown = f"; ErrorValue: {value}" if value else ""
        super().__init__(f"ErrCode: {code}; {at}ErrMsg: {why}{shown}; ")
        self.code = code


def refusal(bad: BadCard) -> Refusal:
    return Refusal(230099, f"Failed to create card content, ext={bad}")


def parse(content: str) -> dict[str, Any]:
    """The card in a message's ``content``; raises ``BadCard`` 200621 for what is no JSON object."""
    try:
        card = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadCard(200621, _NOT_JSON, value=str(error)) from error
    if not isinstance(card, dict):
        raise BadCard(200621, _NOT_JSON, value=type(card).__name__)
    return card


_NOT_JSON = "parse card json err, please check whether the card json is correct"


def is_v2(card: dict[str, Any]) -> bool:
    return card.get("schema") == "2.0"


def shared(card: dict[str, Any]) -> bool:
    """Whether an update shows for everybody: the default in 2.0, a choice in 1.0."""
    config = card.get("config")
    chosen = config.get("update_multi") if isinstance(config, dict) else None
    return bool(is_v2(card) if chosen is None else chosen)


def check(card: dict[str, Any], chat: state.Chat) -> state.Shown:
    """Raise ``BadCard`` or tell what people in the chat see. Mentions are those in the chat."""
    if "schema" in card and card["schema"] not in ("1.0", "2.0"):
        raise BadCard(200621, _NOT_JSON, "ROOT -> schema", str(card["schema"]))
    if is_v2(card):
        _Checker().card(card)
    else:
        _check_v1(card)
    if sum(1 for _ in _tagged(card)) > MAX_ELEMENTS:
        raise BadCard(11310, "element exceeds the limit")
    shown, reads = _look(card)
    unknown = [one for read in reads for one in read.unknown]
    unknown += [one for one in _people(card) if not state.resolve(one)]
    if unknown:
        why = "There is an invalid user resource(at/person) in your card"
        raise BadCard(100290, why, value=", ".join(unknown))
    images = [key for read in reads for key in read.images if not key.startswith("img_")]
    if images:
        raise BadCard(200570, "card contains invalid image keys", value=f"image key {images[0]}")
    if markup.ALL in shown.mentions and not chat.at_all:
        raise BadCard(11310, "at all is not permitted in this chat")
    shown.mentions = heard(shown.mentions, chat)
    return shown


def _check_v1(card: dict[str, Any]) -> None:
    """Only the shape: in 1.0 attributes that the platform does not know are ignored."""
    for key, expected in (("header", dict), ("config", dict), ("elements", list)):
        if key in card and not isinstance(card[key], expected):
            raise BadCard(200621, _NOT_JSON, f"ROOT -> {key}", "wrong type")
    for index, node in enumerate(card.get("elements") or []):
        if not isinstance(node, dict) or not isinstance(node.get("tag"), str):
            raise BadCard(200621, _NOT_JSON, f"ROOT -> elements -> [{index}]", "no tag")


def heard(mentions: list[str], chat: state.Chat) -> list[str]:
    """Who is really notified: members of the chat, each once; everybody for "all"."""
    named = chat.members if markup.ALL in mentions else mentions
    return [one for one in dict.fromkeys(named) if one in chat.members]


def _tagged(node: Any) -> Iterator[dict[str, Any]]:
    """Every object with a ``tag``, in reading order; callback values are not looked into."""
    if isinstance(node, dict):
        if isinstance(node.get("tag"), str):
            yield node
        for key, inner in node.items():
            if key not in ("behaviors", "value", "chart_spec"):
                yield from _tagged(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _tagged(inner)


def _people(card: dict[str, Any]) -> Iterator[str]:
    for node in _tagged(card):
        if node["tag"] == "person":
            yield str(node.get("user_id", ""))
        elif node["tag"] == "person_list" and not node.get("drop_invalid_user_id"):
            yield from (str(one.get("id", "")) for one in node.get("persons", []))


def _look(card: dict[str, Any]) -> tuple[state.Shown, list[markup.Read]]:
    reads: list[markup.Read] = []
    for node in _tagged(card):
        content = node.get("content")
        if isinstance(content, str):
            rich = node["tag"] in ("markdown", "lark_md")
            reads.append(markup.markdown(content) if rich else markup.plain(content))
    shown = state.Shown(
        text="\n".join(_lines(card)),
        mentions=[one for read in reads for one in read.mentions],
        links=[url for read in reads for url in read.links] + _urls(card),
        buttons=[describe(button) for button, _ in buttons(card)],
    )
    return shown, reads


def _urls(card: dict[str, Any]) -> list[str]:
    link = card.get("card_link")
    found = [str(link["url"])] if isinstance(link, dict) and link.get("url") else []
    for node in _tagged(card):
        for behavior in node.get("behaviors") or []:
            if behavior.get("type") == "open_url":
                found.append(str(behavior.get("default_url", "")))
    return found


def _words(node: Any) -> str:
    """The text of a text object, as shown."""
    if not isinstance(node, dict):
        return ""
    content = str(node.get("content", ""))
    return markup.markdown(content).text if node.get("tag") in ("markdown", "lark_md") else content


def _lines(card: dict[str, Any]) -> Iterator[str]:
    header = card.get("header") or {}
    tags = [f"[{_words(tag.get('text'))}]" for tag in header.get("text_tag_list") or []]
    title = " ".join(filter(None, [_words(header.get("title")), *tags]))
    yield from filter(None, [title, _words(header.get("subtitle"))])
    body = card.get("body") or {}
    yield from _element_lines(body.get("elements") or card.get("elements") or [])


def _element_lines(elements: list[dict[str, Any]]) -> Iterator[str]:
    for node in elements:
        tag = node.get("tag")
        if tag in ("markdown", "plain_text", "lark_md"):
            yield _words(node)
        elif tag == "div":
            yield from filter(None, [_words(node.get("text"))])
            yield from (_words(field.get("text")) for field in node.get("fields") or [])
        elif tag == "hr":
            yield "———"
        elif tag == "input":
            yield from filter(None, [_words(node.get("label")) or _words(node.get("placeholder"))])
        elif tag == "person":
            yield markup.name_of(state.resolve(str(node.get("user_id", ""))))
        elif tag == "table":
            yield from _table_lines(node)
        elif tag == "collapsible_panel":
            yield _words((node.get("header") or {}).get("title"))
            yield from _element_lines(node.get("elements") or [])
        else:
            for inner in ("columns", "elements"):
                yield from _element_lines(node.get(inner) or [])


def _table_lines(table: dict[str, Any]) -> Iterator[str]:
    columns = list(table.get("columns") or [])
    yield " | ".join(str(c.get("display_name") or c.get("name", "")) for c in columns)
    for row in table.get("rows") or []:
        yield " | ".join(str(row.get(c.get("name"), "")) for c in columns)


# ----------------------------------------------------------------------------- buttons


def buttons(card: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Every button with the form it stands in (None: in none)."""
    found: list[tuple[dict[str, Any], dict[str, Any] | None]] = []

    def walk(node: Any, form: dict[str, Any] | None) -> None:
        if isinstance(node, list):
            for inner in node:
                walk(inner, form)
        elif isinstance(node, dict):
            if node.get("tag") == "button":
                found.append((node, form))
                return
            inside = node if node.get("tag") == "form" else form
            for inner in node.values():
                walk(inner, inside)

    walk((card.get("body") or {}).get("elements") or card.get("elements"), None)
    return found


def value_of(button: dict[str, Any]) -> Any:
    """What a press of the button sends back as ``action.value``; None if it sends nothing."""
    for behavior in button.get("behaviors") or []:
        if behavior.get("type") == "callback":
            return behavior.get("value", {})
    return button.get("value")


def describe(button: dict[str, Any]) -> dict[str, Any]:
    """{"action", "label", "disabled", "style", "value"}; ``action`` is the word that the button's
    value carries under "action" or "act", else its only word, else its name, else its label."""
    value, label = value_of(button), _words(button.get("text"))
    words = (
        {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}
    )
    only = next(iter(words.values())) if len(words) == 1 else ""
    action = words.get("action") or words.get("act") or only or button.get("name") or label
    return {
        "action": action,
        "label": label,
        "disabled": bool(button.get("disabled")),
        "style": button.get("type", "default"),
        "value": value,
    }


def fields(form: dict[str, Any]) -> list[dict[str, Any]]:
    """The input components of a form."""
    return [node for node in _tagged(form) if node["tag"] in cardspec.FIELDS]


# ----------------------------------------------------------------------------- checking 2.0


class _Checker:
    """Compares a card with the tables; unknown attributes are errors in 2.0."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.ids: set[str] = set()

    def card(self, card: dict[str, Any]) -> None:
        self.object(card, cardspec.CARD, "ROOT")
        config = card.get("config") or {}
        if config.get("update_multi") is False:
            raise BadCard(200621, "update_multi can only be true in schema V2", "ROOT -> config")
        for node in (card.get("body") or {}).get("elements") or []:
            if node.get("tag") == "form":
                self.form(node)

    def object(
        self, node: Any, attributes: dict[str, Any], path: str, depth: int = 0, inside: str = ""
    ) -> None:
        if not isinstance(node, dict):
            raise BadCard(200621, _NOT_JSON, path, f"should be an object, is {node!r:.60}")
        for key, value in node.items():
            if key not in attributes:
                raise BadCard(200621, _NOT_JSON, path, f"unknown property: {key}")
            self.value(value, attributes[key], f"{path} -> {key}", depth, inside)

    def value(self, value: Any, rule: Any, path: str, depth: int, inside: str) -> None:
        if isinstance(rule, list):
            if not isinstance(value, list):
                raise BadCard(200621, _NOT_JSON, path, "should be an array")
            for index, one in enumerate(value):
                self.value(one, rule[0], f"{path} -> [{index}]", depth, inside)
        elif rule == cardspec.ELEMENTS:
            self.component(value, path, depth, inside)
        elif isinstance(rule, str):
            self.required(rule, value, path)
            self.object(value, cardspec.SHAPES[rule], path, depth, inside)
        elif isinstance(rule, frozenset):
            if value not in rule:
                raise BadCard(
                    200621, _NOT_JSON, path, f"{value!r:.60} is not one of {sorted(rule)}"
                )
        elif not isinstance(value, rule) or (rule is int and isinstance(value, bool)):
            raise BadCard(200621, _NOT_JSON, path, f"wrong type: {value!r:.60}")

    def required(self, shape: str, node: Any, path: str) -> None:
        for key in cardspec.REQUIRED.get(shape, ()):
            if isinstance(node, dict) and node.get(key) is None:
                raise BadCard(200621, _NOT_JSON, path, f"{key} is required")

    def component(self, node: Any, path: str, depth: int, inside: str) -> None:
        tag = node.get("tag") if isinstance(node, dict) else None
        path = f"{path}(tag: {tag})"
        if tag in cardspec.GONE_IN_V2:
            why = "cards of schema V2 no longer support this capability"
            raise BadCard(200861, why, path, f"unsupported tag {tag}")
        if not isinstance(tag, str) or tag not in cardspec.COMPONENTS:
            raise BadCard(200621, _NOT_JSON, path, f"unsupported tag {tag}")
        if tag == "form" and depth:
            raise BadCard(200621, "a form can only stand at the root of the body", path)
        if inside == "form" and tag in cardspec.NOT_IN_FORM:
            raise BadCard(200621, f"a form cannot contain {tag}", path)
        depth += tag in cardspec.CONTAINERS
        if depth > MAX_NESTING:
            raise BadCard(200621, "containers are nested too deeply", path)
        self.unique(node, path)
        if (
            inside == "form"
            and (tag in cardspec.FIELDS or tag == "button")
            and not node.get("name")
        ):
            raise BadCard(200530, "name is required for interactive components in a form", path)
        self.required(tag, node, path)
        inner = "form" if tag == "form" else inside
        self.object(node, cardspec.COMPONENTS[tag], path, max(depth, 1), inner)

    def unique(self, node: dict[str, Any], path: str) -> None:
        """``name`` and ``element_id`` must each be unique in the card."""
        name, element = node.get("name"), node.get("element_id")
        if isinstance(name, str):
            if name in self.names:
                raise BadCard(11310, f"duplicate name {name}", path)
            self.names.add(name)
        if isinstance(element, str):
            if element in self.ids or not _ELEMENT_ID.fullmatch(element):
                raise BadCard(11310, "element_id is invalid or not unique", path, element)
            self.ids.add(element)

    def form(self, form: dict[str, Any]) -> None:
        submits = [
            button
            for button, _ in buttons({"body": {"elements": [form]}})
            if button.get("form_action_type") == "submit"
        ]
        if not submits:
            raise BadCard(200621, "a form needs at least one submit button", "ROOT -> body", "form")
