"""Who the bot takes somebody for, and what that person may do."""

from __future__ import annotations

from bot import Block, Context, Reply, Span, query


@query(
    aliases=("我是谁",),
    summary=("查看我的身份和权限", "Who I am here, and what I may do"),
    example="whoami",
)
def whoami(context: Context) -> Reply:
    person = context.person
    accounts = [f"{account[0]}: {account[-1]}" for account in person.accounts]
    ask = [
        command.name
        for command in context.catalog
        if command.kind == "operation" and context.may_use(command.name)
    ]
    agree = [
        name
        for name, rule in context.book.commands.items()
        if (chosen := context.book.policies.get(rule.policy)) is not None
        and person.id in context.book.oncall.resolved(chosen.people)
    ]
    rows = [
        ("whoami.person", [f"{person.name} ({person.id})"]),
        ("whoami.accounts", accounts),
        ("whoami.roles", sorted(person.roles)),
        ("whoami.ask", ask),
        ("whoami.approve", sorted(agree)),
    ]
    nothing = context.say("whoami.nothing")
    facts = tuple((context.say(key), (Span(", ".join(values) or nothing),)) for key, values in rows)
    return Reply(context.say("whoami.title", name=person.name), (Block("facts", rows=facts),))
