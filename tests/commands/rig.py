"""A small company for the commands' tests: people, policies, requests, and a way to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import cards, deployment, model, policy
from bot.commands import api, loader
from bot.commands.line import parser
from bot.policy import identity

ROOT = Path(__file__).resolve().parents[2]
CATALOG = loader.load(ROOT / "commands")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OPS = model.Place("chat", "corp", "ops")
HR = model.Place("chat", "corp", "hr")


def person(name: str, *roles: str) -> policy.Person:
    return policy.Person(name.lower(), name, (("chat", f"u-{name.lower()}"),), frozenset(roles))


PEOPLE = {
    found.id: found
    for found in (
        person("Alice", "dev"),
        person("Bob", "dev"),
        person("Carol"),
        person("Dave"),
    )
}
BOOK = policy.Book(
    people=PEOPLE,
    roles={"dev": policy.Role("dev", frozenset({"restart", "provision"}))},
    policies={
        "peers": policy.Policy("peers", ("bob", "carol")),
        "both": policy.Policy("both", ("bob", "carol"), mode="all"),
    },
    groups=(
        policy.Group("chat", "ops", "ops"),
        policy.Group("chat", "hr", "hr", commands=frozenset({"provision"})),
    ),
    commands={
        "restart": policy.CommandRule("peers", "medium"),
        "provision": policy.CommandRule("both", "low", targets=("hr-01",)),
        "run": policy.CommandRule("both", "critical"),
    },
    tenants={"chat": frozenset({"corp"})},
    index=identity.index_accounts(PEOPLE),
)
PLAN = model.ScriptPlan(
    "restart",
    "v1",
    (model.Instance("i-1", "web-01"), model.Instance("i-2", "web-02")),
    "cn-hangzhou",
    script="true",
)


def request(number: int, **changes: Any) -> model.Request:
    """A pending request of Alice's in the ops group, asked five minutes ago, with changes."""
    made = model.Request(
        id=number,
        state=model.State.PENDING,
        version=1,
        command="restart",
        args={"targets": ["web-01", "web-02"]},
        person="alice",
        account=model.Account("chat", "corp", "u-alice", "Alice"),
        place=OPS,
        locale="en",
        text="restart web-01 web-02",
        policy="peers",
        risk="medium",
        created_at=NOW - timedelta(minutes=5),
        expires_at=NOW + timedelta(minutes=25),
        plan=PLAN,
        digest=model.digest(PLAN),
    )
    return replace(made, **changes)


def vote(number: int, who: str, approve: bool = True, reason: str = "") -> model.Vote:
    account = model.Account("chat", "corp", f"u-{who}", who)
    return model.Vote(number, who, account, approve, model.digest(PLAN), NOW, reason)


def view(**shown: Any) -> model.View:
    return model.View(next_request=100, audit_seq=1, installation="x", **shown)


def ask(
    line: str,
    who: str = "alice",
    place: model.Place = OPS,
    locale: str = "en",
    **shown: Any,
) -> api.Answer:
    """What the command answers to this line, with these things in the store."""
    parsed = parser.parse(CATALOG, line, locale)
    assert isinstance(parsed, parser.Parsed), parsed
    context = api.Context(
        book=BOOK,
        catalog=CATALOG,
        person=PEOPLE[who],
        account=model.Account("chat", "corp", f"u-{who}", who),
        place=place,
        locale=locale,
        view=view(**shown),
        now=NOW,
        sheets=cards.Sheets(deployment.Deployment(BOOK, CATALOG), lambda plan, text: text),
    )
    return parsed.command.call(context, parsed.values)


def plain(answer: api.Answer) -> str:
    """A reply as lines of text, the way a chat shows it."""
    assert isinstance(answer, api.Reply), answer
    lines = [answer.title]
    for block in answer.blocks:
        assert block.kind in ("para", "facts", "list", "quote", "pre")
        if block.kind == "para":
            lines.append("".join(span.text for span in block.spans))
        lines += [f"{label}: {''.join(span.text for span in spans)}" for label, spans in block.rows]
        if block.kind in ("quote", "pre"):
            lines += block.text.splitlines()
    assert all(line.strip() for line in lines), lines
    return "\n".join(lines)
